//! What happened in all worlds together: the closing line, and proof that the generator reaches
//! what it is there for.

use std::collections::BTreeMap;
use std::fmt;

/// Counters by name, and how many rounds of pings the worlds needed.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    counts: BTreeMap<&'static str, u64>,
    rounds: BTreeMap<u64, u64>,
}

impl Statistics {
    /// Counts something.
    pub fn count(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            *self.counts.entry(what).or_default() += times;
        }
    }

    /// Notes how many rounds a world needed.
    pub fn rounds(&mut self, rounds: u64) {
        *self.rounds.entry(rounds).or_default() += 1;
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Statistics) {
        for (&what, &times) in &other.counts {
            self.count(what, times);
        }
        for (&rounds, &worlds) in &other.rounds {
            *self.rounds.entry(rounds).or_default() += worlds;
        }
    }

    /// How often something was counted.
    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// The most rounds that a world needed.
    pub fn most_rounds(&self) -> u64 {
        self.rounds.keys().next_back().copied().unwrap_or(0)
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.counts {
            write!(f, "{what}={times} ")?;
        }
        let rounds: Vec<_> = self.rounds.iter().map(|(rounds, worlds)| format!("{rounds}:{worlds}")).collect();
        write!(f, "rounds={}", rounds.join(","))
    }
}
