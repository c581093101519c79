//! One session: what it has written, what it has seen, and how the two are merged.
//!
//! What it says to the others, and when, is in [`super::protocol`].

use super::assembly::Assembly;
use super::causal::Causal;
use super::cells::{Cells, Kind, Written};
use super::clock::{Clock, Hlc, Session, Stamp};
use super::peers::Peers;
use super::protocol::{Answer, Ask};
use crate::order::Ordered;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many writes seen out of order are remembered.
const STRAYS_MAX: usize = 4_096;
/// So many sessions are never too many: they take little.
const SESSIONS_MIN: usize = 1_024;

/// What a session is made from.
pub struct Config {
    /// The hall's id: frames of other halls are refused.
    pub hall: u64,
    /// This session.
    pub session: Session,
    /// The agent that opened it.
    pub agent: Rc<str>,
    /// The largest frame.
    pub frame_bytes: usize,
    /// The most bytes kept of messages that are not complete.
    pub message_bytes: usize,
    /// The most sessions remembered.
    pub sessions: usize,
    /// The most deletes remembered.
    pub tombstones: usize,
    /// For how long deletes are remembered.
    pub tombstone_ms: u64,
}

/// Frames and bytes that have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames received that were whole and of this hall; their messages may still be refused.
    pub frames_in: u64,
    /// Frames made.
    pub frames_out: u64,
    /// The bytes of those frames.
    pub bytes_in: u64,
    /// Bytes made.
    pub bytes_out: u64,
    /// Frames refused.
    pub dropped: u64,
    /// Stamps heard that were more than five minutes ahead of this clock.
    pub clock_ahead: u64,
}

/// The replica of one session. See the module.
pub struct Replica {
    pub(super) config: Config,
    pub(super) clock: Clock,
    /// The cells, for whoever merges.
    pub cells: Cells,
    pub(super) context: Causal,
    pub(super) purged: Ordered<Session, Hlc>,
    /// Local writes without a body, in the order in which they first became so.
    pub(super) unsealed: Vec<u32>,
    /// Sealed local writes that nobody has been told of.
    pub(super) untold: Vec<u32>,
    pub(super) told: Hlc,
    pub(super) graves: VecDeque<(u64, u32, Stamp)>,
    /// How many graves were left when they were last swept.
    swept: usize,
    /// The other sessions.
    pub peers: Peers,
    /// What has passed.
    pub traffic: Traffic,
    pub(super) assembly: Assembly,
    pub(super) joined: bool,
    pub(super) joined_ms: u64,
    pub(super) quiet_ms: Option<u64>,
    pub(super) ask: Option<Ask>,
    pub(super) asked_ms: Option<u64>,
    /// Questions in a row whose answers have taught nothing.
    pub(super) vain: u32,
    pub(super) answers: Ordered<Session, Answer>,
    /// Until when it rests from the last one.
    pub(super) rested_ms: u64,
    /// What was sent lately: message, part, checksum.
    pub(super) sent: VecDeque<(u64, u64, u64)>,
    /// When a new id is to be taken, because somebody else goes by this one, and what was heard of it.
    pub(super) namesake: Option<(u64, u64)>,
    pub(super) renamed_ms: Option<u64>,
    pub(super) ping_ms: u64,
    pub(super) pinged_ms: u64,
    /// Whether somebody new is here, who does not know this session.
    pub(super) introduce: bool,
    /// Before when it does not say again who it is.
    pub(super) introduced_ms: u64,
    pub(super) spoke_ms: u64,
    pub(super) messages: u64,
    pub(super) out: VecDeque<Vec<u8>>,
    /// How many bytes these have.
    pub(super) out_bytes: usize,
}

impl Replica {
    /// A session that has written and seen nothing, and is alone until it joins.
    pub fn new(config: Config) -> Self {
        let assembly = Assembly::new(config.message_bytes);
        Self {
            config,
            clock: Clock::default(),
            cells: Cells::default(),
            context: Causal::default(),
            purged: Ordered::default(),
            unsealed: Vec::new(),
            untold: Vec::new(),
            told: Hlc::default(),
            graves: VecDeque::new(),
            swept: 0,
            peers: Peers::default(),
            traffic: Traffic::default(),
            assembly,
            joined: false,
            joined_ms: 0,
            quiet_ms: None,
            ask: None,
            asked_ms: None,
            vain: 0,
            answers: Ordered::default(),
            rested_ms: 0,
            sent: VecDeque::new(),
            namesake: None,
            renamed_ms: None,
            ping_ms: u64::MAX,
            pinged_ms: 0,
            introduce: false,
            introduced_ms: 0,
            spoke_ms: 0,
            messages: 0,
            out: VecDeque::new(),
            out_bytes: 0,
        }
    }

    /// This session.
    pub fn session(&self) -> Session {
        self.config.session
    }

    /// The agent that opened it.
    pub fn agent(&self) -> &Rc<str> {
        &self.config.agent
    }

    /// What has been seen.
    pub fn context(&self) -> &Causal {
        &self.context
    }

    /// Up to which writes of each session tombstones have been dropped.
    pub fn purged(&self) -> &Ordered<Session, Hlc> {
        &self.purged
    }

    /// How many deletes and expired entries are remembered, superseded ones included.
    pub fn graves(&self) -> usize {
        self.graves.len()
    }

    // Local writes.

    /// Stamps a local write of the key at an index.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn write(&mut self, index: u32, kind: Kind, unix_ms: u64) {
        let stamp = Stamp { hlc: self.clock.tick(unix_ms), session: self.config.session };
        if self.cells.write(index, stamp, kind) {
            self.unsealed.push(index);
        }
    }

    /// Stamps a local delete of the key at an index. Its body needs no encoding, so it is sealed
    /// at once.
    pub fn delete(&mut self, index: u32, body: Rc<[u8]>, unix_ms: u64, monotonic_ms: u64) {
        let stamp = Stamp { hlc: self.clock.tick(unix_ms), session: self.config.session };
        self.cells.put(index, stamp, Kind::Tombstone, body);
        self.context.advance(stamp.session, stamp.hlc);
        if self.joined {
            self.untold.push(index);
        }
        self.bury(index, monotonic_ms);
    }

    /// Makes an expired cell a tombstone with its stamp. A local write without a body waits: it is sealed as one.
    pub fn expire(&mut self, index: u32, tombstone: Rc<[u8]>) {
        let sealed = self.cells.get(index).filter(|cell| cell.body.is_some());
        if let Some(stamp) = sealed.map(|cell| cell.stamp) {
            self.cells.put(index, stamp, Kind::Tombstone, tombstone);
        }
    }

    /// Remembers a deleted or expired cell, to be purged when its time has come.
    pub fn bury(&mut self, index: u32, monotonic_ms: u64) {
        let Some(cell) = self.cells.get(index) else { return };
        self.graves.push_back((monotonic_ms, index, cell.stamp));
        // What was written again since lies in no grave: swept now and then, so that it counts for nothing.
        if self.graves.len() > 2 * self.swept + 64 {
            let cells = &self.cells;
            self.graves.retain(|&(_, index, stamp)| cells.get(index).is_some_and(|cell| cell.stamp == stamp));
            self.swept = self.graves.len();
        }
    }

    /// The local writes that still need a body, in the order of their stamps.
    pub fn unsealed(&mut self) -> Vec<u32> {
        let mut unsealed = std::mem::take(&mut self.unsealed);
        unsealed.retain(|&index| self.cells.get(index).is_some_and(|cell| cell.body.is_none()));
        self.cells.sort(&mut unsealed);
        unsealed.dedup();
        self.unsealed = unsealed.clone();
        unsealed
    }

    /// Gives all local writes their bodies, in the order in which [`Replica::unsealed`] lists them.
    pub fn seal(&mut self, bodies: Vec<Rc<[u8]>>) {
        for (index, body) in std::mem::take(&mut self.unsealed).into_iter().zip(bodies) {
            let Some(cell) = self.cells.get(index) else { continue };
            // A write that expired before it was sealed is sealed as a tombstone.
            let (stamp, kind) = (cell.stamp, Kind::of(&body).unwrap_or(cell.kind));
            self.cells.put(index, stamp, kind, body);
            self.context.advance(stamp.session, stamp.hlc);
            if self.joined {
                self.untold.push(index);
            }
        }
        self.context.compact_of(self.config.session);
    }

    // Merging, driven by the kernel.

    /// Whether a written cell changes the key at an index.
    pub fn admits(&self, index: Option<u32>, written: &Written<'_>) -> bool {
        match index.filter(|&index| self.cells.get(index).is_some()) {
            Some(index) => self.cells.wins(index, written),
            // Seen before and removed since.
            None => !self.context.covers(written.stamp) || cfg!(ablate = "covered"),
        }
    }

    /// Stores a written cell that is admitted.
    pub fn accept(&mut self, index: u32, written: &Written<'_>, kind: Kind, monotonic_ms: u64) {
        self.clock.observe(written.stamp.hlc);
        self.cells.put(index, written.stamp, kind, written.body.into());
        if kind == Kind::Tombstone {
            self.bury(index, monotonic_ms);
        }
    }

    /// Whether the writes of a sender can be taken in: they are its own, and not too scattered.
    pub fn check_ops(&self, from: Session, previous: Hlc, cells: &[Written<'_>]) -> Result<(), &'static str> {
        if cells.first().is_none_or(|first| first.stamp.hlc <= previous) {
            return Err("writes out of order");
        }
        if cells.iter().any(|cell| cell.stamp.session != from) {
            return Err("writes of another session");
        }
        if previous > self.context.bound(from) && self.context.strays() + cells.len() > STRAYS_MAX {
            return Err("too many writes after a gap");
        }
        Ok(())
    }

    /// Notes that the writes of a sender have been merged.
    pub fn merged_ops(&mut self, from: Session, previous: Hlc, cells: &[Written<'_>], latest: Hlc, monotonic_ms: u64) {
        self.active(monotonic_ms);
        let cells = &cells[..cells.partition_point(|cell| cell.stamp.hlc <= latest)];
        let Some(last) = cells.last() else { return };
        if previous <= self.context.bound(from) || cfg!(ablate = "prev") {
            self.context.advance(from, last.stamp.hlc);
            self.context.compact_of(from);
            self.forget();
            return;
        }
        let mut before = previous;
        for cell in cells {
            if !cfg!(ablate = "cloud") {
                self.context.note(cell.stamp, before);
            }
            before = cell.stamp.hlc;
        }
        // What is missing is known to exist: that is no question in vain.
        self.vain = 0;
        self.ask(from, false, monotonic_ms);
    }

    /// Of a `DIFF` that is everything: the indexes whose cells its sender has seen and no longer
    /// has. `kept` are the indexes that it has.
    pub fn outlived(&self, context: &Causal, kept: &[u32], from: Session) -> Vec<u32> {
        if cfg!(ablate = "inference") {
            return Vec::new();
        }
        let mut here = vec![false; self.cells.len()];
        for &index in kept {
            if let Some(here) = here.get_mut(index as usize) {
                *here = true;
            }
        }
        // A snapshot is this session's own words.
        let misquoted = from != self.config.session && self.is_misquoted(context);
        let mut gone = Vec::new();
        for (index, cell) in self.cells.iter() {
            // Tombstones stay: dropping them here would let an unseen write and a purge chase each other for ever.
            if (cell.kind != Kind::Tombstone || cfg!(ablate = "tombstones"))
                && !here[index as usize]
                && context.covers(cell.stamp)
                && !(misquoted && cell.stamp.session == self.config.session)
            {
                gone.push(index);
            }
        }
        gone
    }

    /// Joins what the sender of a `DIFF`, or a snapshot, had seen. What others say of this session's
    /// own writes teaches it nothing, and may be wrong; a snapshot is its own words. Writes later than `latest` were
    /// refused, so the clock does not follow them.
    pub fn merged_state(
        &mut self,
        context: &Causal,
        purged: &Ordered<Session, Hlc>,
        everything: bool,
        from: Session,
        (latest, now): (Hlc, Hlc),
    ) {
        let own = self.config.session;
        let heard = context.until(latest, now);
        self.context.join(&if from == own { heard } else { heard.without(own) });
        self.clock.observe(self.context.latest(latest));
        self.forget();
        // What lies below the floor is known to be seen without this.
        let floor = self.context.floor();
        self.purged.retain(|_, hlc| *hlc > floor);
        if everything {
            // What nobody has seen nobody has dropped.
            for (&session, &hlc) in purged.iter() {
                if hlc > self.context.floor() && self.context.covers(Stamp { hlc, session }) {
                    self.purged.raise(session, hlc);
                }
            }
        }
    }

    /// Forgets sessions and strays that are more than honest sessions make.
    fn forget(&mut self) {
        let sessions = self.config.sessions.max(SESSIONS_MIN);
        if self.context.sessions() > 2 * sessions || self.context.strays() > 2 * STRAYS_MAX {
            self.context.forget(sessions, STRAYS_MAX, self.config.session);
            let context = &self.context;
            self.purged.retain(|&session, &mut hlc| context.covers(Stamp { hlc, session }));
        }
    }

    /// Drops what has been dead for long enough, and forgets the earliest sessions past the
    /// limit. Returns the indexes whose cells are gone.
    pub fn purge(&mut self, unix_ms: u64, monotonic_ms: u64) -> Vec<u32> {
        let mut gone = Vec::new();
        while let Some(&(buried_ms, index, stamp)) = self.graves.front() {
            let due = buried_ms.saturating_add(self.config.tombstone_ms) <= monotonic_ms;
            if !due && self.graves.len() <= self.config.tombstones {
                break;
            }
            // What others are still to be told of waits. A session that shares nothing may never seal it.
            if self.joined && self.cells.get(index).is_some_and(|cell| cell.stamp == stamp && cell.body.is_none()) {
                break;
            }
            self.graves.pop_front();
            if self.cells.get(index).is_some_and(|cell| cell.stamp == stamp) {
                self.cells.remove(index);
                // What was never sealed nobody has seen, so nobody can miss its end.
                if stamp.hlc > self.context.floor() && self.context.covers(stamp) {
                    self.purged.raise(stamp.session, stamp.hlc);
                }
                gone.push(index);
            }
        }
        if self.context.sessions() > self.config.sessions {
            let latest = Hlc::at_ms(unix_ms.saturating_sub(self.config.tombstone_ms));
            self.context.prune(self.config.sessions, latest);
            let floor = self.context.floor();
            self.clock.observe(floor.min(latest));
            self.purged.retain(|_, hlc| *hlc > floor);
        }
        gone
    }

    /// Whether twice as much is remembered of what is dead as may be.
    pub fn crowded(&self) -> bool {
        self.graves.len() / 2 > self.config.tombstones
    }

    /// When [`Replica::purge`] next has something to do.
    pub fn purge_ms(&self) -> Option<u64> {
        let full = self.graves.len() > self.config.tombstones;
        self.graves.front().map(|grave| if full { 0 } else { grave.0.saturating_add(self.config.tombstone_ms) })
    }
}
