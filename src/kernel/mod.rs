//! The kernel: the only place that knows the parts together.
//!
//! A deterministic state machine. Commands, the time and received bytes go in; replies, effects
//! and frames come out. Same seed, same commands, same times: same replies, effects and bytes.
//! It never reads a clock and never calls what a user wrote.
//!
//! Order rules, each tested by name in `tests/transcripts`:
//! - a command finishes before any watcher hears of it;
//! - changes reach a watch in commit order, each once, and all changes of one commit follow one
//!   another in the order in which their keys were first written;
//! - initial values come in key order, before any later change, and no change is both;
//! - what a watcher does joins the end of the queue.
//!
//! A batch is one commit: `begin`, commands, then `commit` or `roll_back`. Inside it reads see its
//! writes; outside, nothing has happened until it is committed. A key that ends a batch as it
//! began it has not changed.

pub mod authority;
mod behind;
pub mod body;
mod carrying;
pub mod command;
mod declaring;
pub mod effect;
pub mod limits;
mod owning;
pub mod processes;
mod reading;
mod renaming;
mod snapshot;
mod sync;
mod watching;
mod writing;

pub use behind::{Behind, Grant};
pub use carrying::CARRIED_DEPTH;
pub use command::{Command, Hot, Measured, Reply, Time, at_position};
pub use effect::Effect;
pub use limits::Limits;
pub use reading::{Changed, Usage};
pub use watching::WatchOptions;

use crate::codec::hash;
use crate::error::{Code, Error};
use crate::replica::clock::Session;
use crate::replica::frame::AGENT_BYTES_MAX;
use crate::replica::session::{Config, Replica};
use crate::state::declarations::Declarations;
use crate::state::entry::{Entries, Entry};
use crate::state::history::History;
use crate::state::listing::Listing;
use crate::state::namespace::Namespaces;
use crate::state::owners::Owners;
use crate::state::watch::Watches;
use crate::table::{Index, Slot, Table};
use crate::timer::Timers;
use crate::value::Stored;
use std::collections::VecDeque;
#[allow(deprecated, reason = "see `derived`")]
use std::hash::{Hasher, SipHasher};
use std::rc::Rc;

/// For how long deletes are remembered unless told otherwise: ten minutes.
pub const TOMBSTONE_MS: u64 = 600_000;

/// What a kernel is made from.
#[derive(Clone, Debug)]
pub struct Options {
    /// The hall's name, 1 to 256 bytes.
    pub name: Rc<str>,
    /// The agent that opens it, 1 to 256 bytes.
    pub agent: Rc<str>,
    /// All the randomness there is. Two sessions of one hall must not be given the same.
    pub seed: u64,
    /// The limits.
    pub limits: Limits,
    /// Whether watchers hear anything.
    pub notify: bool,
    /// Whether every change is an effect, even if nobody watches: for a face that keeps a mirror.
    /// A face that calls [`Kernel::put_slot`] or [`Kernel::catch_up`] mirrors that change itself.
    pub mirror: bool,
    /// For how long deletes are remembered, in milliseconds.
    pub tombstone_ms: u64,
    /// The revision to count from, for a session that continues another's count.
    pub revision: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "default".into(),
            agent: "anonymous".into(),
            seed: 0,
            limits: Limits::default(),
            notify: true,
            mirror: false,
            tombstone_ms: TOMBSTONE_MS,
            revision: 0,
        }
    }
}

/// The state behind one session of one hall. See the module.
pub struct Kernel<V: Stored> {
    options: Options,
    /// Where values that arrive are made.
    pub pool: V::Pool,
    keys: Table,
    namespaces: Namespaces,
    listing: Listing,
    entries: Entries<V>,
    declarations: Declarations,
    history: History,
    watches: Watches<V>,
    owners: Owners,
    replica: Replica,
    /// Expiries, in Unix milliseconds, by index.
    expiries: Timers<u32>,
    effects: VecDeque<Effect<V>>,
    freed: Vec<Slot>,
    batch: Option<Batch<V>>,
    revision: u64,
    monotonic_ms: u64,
}

/// What a batch has changed so far: of each key, what was there before.
struct Batch<V> {
    before: Vec<Before<V>>,
    places: Index,
}

struct Before<V> {
    index: u32,
    entry: Option<Entry<V>>,
    origin: Rc<str>,
    touched: bool,
    /// The place of the owner for which it was put.
    owner: Option<u32>,
}

impl<V: Stored> Kernel<V> {
    /// An empty hall.
    ///
    /// Errors: `invalid-argument` for a name or agent that is empty or too long.
    pub fn new(options: Options, pool: V::Pool) -> Result<Self, Error> {
        check_name("the hall's name", &options.name)?;
        check_name("an agent's name", &options.agent)?;
        let tables = derived(options.seed, b't');
        let limits = &options.limits;
        let replica = Replica::new(Config {
            hall: hash(options.name.as_bytes()),
            session: Session(derived(options.seed, b's').max(1)),
            agent: options.agent.clone(),
            frame_bytes: limits.frame_bytes as usize,
            message_bytes: limits.message_bytes as usize,
            sessions: limits.sessions as usize,
            tombstones: limits.tombstones as usize,
            tombstone_ms: options.tombstone_ms,
        });
        let mut history = History::default();
        history.start(options.revision);
        Ok(Self {
            pool,
            keys: Table::new(tables),
            namespaces: Namespaces::new(tables),
            listing: Listing::default(),
            entries: Entries::default(),
            declarations: Declarations::default(),
            history,
            watches: Watches::new(tables),
            owners: Owners::new(tables),
            replica,
            expiries: Timers::default(),
            effects: VecDeque::new(),
            freed: Vec::new(),
            batch: None,
            revision: options.revision,
            monotonic_ms: 0,
            options,
        })
    }

    /// The next thing for the face to do.
    pub fn next_effect(&mut self) -> Option<Effect<V>> {
        self.effects.pop_front()
    }

    /// Whether there is anything for the face to do.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Slots that were given back since this was last asked; whoever kept one forgets it now.
    pub fn take_freed(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.freed)
    }

    /// The place of a key, made if there is none.
    fn intern(&mut self, key: &Rc<str>) -> u32 {
        if let Some(index) = self.keys.find(key) {
            return index;
        }
        let index = self.keys.intern(key);
        self.namespaces.add(index, key);
        self.listing.add(index, &self.keys);
        index
    }

    /// Gives the place of a key back if nothing is left of it.
    fn free_if_empty(&mut self, index: u32) {
        let (entry, cell) = (self.entries.get(index), self.replica.cells.get(index));
        if entry.is_none() && cell.is_none() && self.declarations.get(index).is_none() {
            self.freed.push(self.keys.slot(index));
            self.history.forget(index);
            self.watches.forget(index);
            self.namespaces.remove(index);
            self.listing.remove(index, &self.keys);
            self.keys.remove(index);
        }
    }
}

/// One of the numbers that are made from a seed. None of them tells the seed or another of them: the session's id is
/// sent to everybody, and who knew the hashes of the tables could fill one bucket with keys.
#[allow(deprecated, reason = "std has another hasher for its own tables; this one is SipHash-2-4 wherever it runs")]
fn derived(seed: u64, purpose: u8) -> u64 {
    let mut hasher = SipHasher::new_with_keys(seed, 0);
    hasher.write_u8(purpose);
    hasher.finish()
}

/// Checks the length of a hall's or an agent's name.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > AGENT_BYTES_MAX {
        let detail = format!("{what} has 1 to {AGENT_BYTES_MAX} bytes, not {}", name.len());
        return Err(Error::new(Code::InvalidArgument, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::derived;
    use crate::codec::mix;

    /// The number that `mix` has made this of.
    fn unmixed(mixed: u64) -> u64 {
        let unshifted = |number: u64, by| (0..64 / by).fold(number, |found, _| number ^ found >> by);
        let number = unshifted(mixed, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
        unshifted(unshifted(number, 27).wrapping_mul(0x96de_1b17_3f11_9089), 30)
    }

    #[test]
    fn the_session_id_does_not_tell_the_hashes_of_the_tables() {
        for seed in 0..1_000 {
            assert_eq!(unmixed(mix(seed)), seed);
            let (session, tables) = (derived(seed, b's'), derived(seed, b't'));
            let (mut forth, mut back) = (session, session);
            for _ in 0..8 {
                assert!(![forth, back].contains(&tables), "seed {seed}: the hashes are told");
                assert!(![forth, back].contains(&seed), "seed {seed}: the seed is told");
                (forth, back) = (mix(forth), unmixed(back));
            }
        }
    }

    #[test]
    fn the_numbers_of_a_seed_are_siphash_2_4_of_their_purposes() {
        assert_eq!([derived(0, b's'), derived(u64::MAX, b't')], [0xac28_1c00_a2d3_39f0, 0xb7d7_a2d0_8a67_ba93]);
    }
}
