//! Seeded cases that say which of them failed.

use crate::support::rng::Rng;
use std::env;

/// Says which case was running when a test fails.
struct Running(&'static str, u64);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: seed {}; STATEHALL_SEED={} runs only this one", self.0, self.1, self.1);
        }
    }
}

/// Runs a test once for each seed, or only for the one that the environment names.
/// `STATEHALL_SEEDS` says how many instead of `count`.
pub fn each(name: &'static str, count: u64, mut test: impl FnMut(&mut Rng)) {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("STATEHALL_SEED");
    let count = number("STATEHALL_SEEDS").unwrap_or(count);
    for seed in first.map_or(0..count, |first| first..first + 1) {
        let _running = Running(name, seed);
        test(&mut Rng::new(seed));
    }
}
