//! What a replica has seen: exactly which writes, in little space.
//!
//! For each session a bound: every write of it up to there has been seen (or was overwritten
//! before it was ever sent). Beyond the bounds, a cloud of single writes that arrived after a
//! gap, each with the reading of the write before it, so that the cloud dissolves when the gap
//! closes. Below everything a floor: writes of sessions without a bound count as seen up to it,
//! so that long-gone sessions can be forgotten.
//!
//! The laws, checked by the property tests: join is commutative, associative and idempotent, and
//! what either side covers the join covers.

use super::clock::{Hlc, Session, Stamp};
use crate::codec::{Malformed, Reader, mix, write_varint};
use crate::order::{Ordered, sort};

/// The most sessions that a context read from bytes may have: twice the highest limit of sessions.
const BOUNDS_READ_MAX: usize = 131_072;
/// The most single writes of one: many times what a session remembers.
const CLOUD_READ_MAX: usize = 65_536;

/// A causal context. See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causal {
    bounds: Ordered<Session, Hlc>,
    /// Writes seen out of order, with the reading of the write before each.
    cloud: Ordered<(Session, Hlc), Hlc>,
    floor: Hlc,
}

impl Causal {
    /// Up to where all writes of a session have been seen.
    pub fn bound(&self, session: Session) -> Hlc {
        self.bounds.get(&session).copied().unwrap_or(self.floor)
    }

    /// Whether the write with this stamp has been seen.
    pub fn covers(&self, stamp: Stamp) -> bool {
        stamp.hlc <= self.bound(stamp.session) || self.cloud.contains_key(&(stamp.session, stamp.hlc))
    }

    /// Notes that all writes of a session up to a reading have been seen.
    pub fn advance(&mut self, session: Session, hlc: Hlc) {
        if hlc > self.bound(session) {
            self.bounds.insert(session, hlc);
        }
    }

    /// Notes one write seen after a gap, and the reading of the write before it.
    pub fn note(&mut self, stamp: Stamp, previous: Hlc) {
        if !self.covers(stamp) {
            self.cloud.insert((stamp.session, stamp.hlc), previous);
        }
    }

    /// Dissolves what the bounds have reached.
    pub fn compact(&mut self) {
        if self.cloud.is_empty() {
            return;
        }
        let (bounds, floor) = (&mut self.bounds, self.floor);
        // In order of session and reading, so one pass closes every chain that can be closed.
        self.cloud.retain(|&(session, hlc), &mut previous| {
            let bound = bounds.get(&session).copied().unwrap_or(floor);
            if hlc > bound && previous <= bound {
                bounds.insert(session, hlc);
            }
            hlc > bound && previous > bound
        });
        // A chain that no sound sender makes may have been overtaken.
        self.cloud.retain(|(session, hlc), _| *hlc > bounds.get(session).copied().unwrap_or(floor));
    }

    /// The same, for one session whose bound has moved: what others have left open costs nothing.
    pub fn compact_of(&mut self, session: Session) {
        let before = self.bound(session);
        let mut bound = before;
        self.cloud.retain_within((session, Hlc(0))..=(session, Hlc(u64::MAX)), |&(_, hlc), &mut previous| {
            if previous <= bound {
                bound = bound.max(hlc);
            }
            hlc > bound
        });
        // A chain that no sound sender makes may have been overtaken.
        self.cloud.retain_within((session, Hlc(0))..=(session, bound), |_, _| false);
        self.advance(session, bound);
    }

    /// Joins what another has seen.
    pub fn join(&mut self, other: &Causal) {
        self.raise_floor(other.floor);
        for (&session, &hlc) in other.bounds.iter() {
            self.advance(session, hlc);
        }
        for (&(session, hlc), &previous) in other.cloud.iter() {
            let known = self.cloud.get(&(session, hlc)).copied().unwrap_or(Hlc(u64::MAX));
            if known != Hlc(u64::MAX) || !self.covers(Stamp { hlc, session }) {
                self.cloud.insert((session, hlc), previous.min(known));
            }
        }
        self.compact();
    }

    /// The sessions and strays of this that are not later than `latest`, above a floor that is not later than `now`: only
    /// what has long been written sinks below a floor.
    pub fn until(&self, latest: Hlc, now: Hlc) -> Self {
        let mut causal = self.clone();
        causal.floor = causal.floor.min(now);
        let floor = causal.floor;
        causal.bounds.retain(|_, hlc| *hlc > floor && *hlc <= latest);
        causal.cloud.retain(|&(_, hlc), _| hlc <= latest);
        causal
    }

    /// Whether the other has seen something that this one has not.
    pub fn lacks(&self, other: &Causal) -> bool {
        other.floor > self.floor
            || other.bounds.iter().any(|(&session, &hlc)| hlc > self.bound(session))
            || other.cloud.iter().any(|(&(session, hlc), _)| !self.covers(Stamp { hlc, session }))
    }

    /// Whether all that another has seen of a session, up to a reading, has been seen here too.
    pub fn has_all_of(&self, other: &Causal, session: Session, until: Hlc) -> bool {
        let mut strays = other.cloud.within((session, Hlc(0))..=(session, until));
        other.bound(session).min(until) <= self.bound(session)
            && strays.all(|(&(session, hlc), _)| self.covers(Stamp { hlc, session }))
    }

    /// Forgets the earliest sessions until at most `max` are left, none of them later than
    /// `latest`: their writes up to the new floor count as seen.
    pub fn prune(&mut self, max: usize, latest: Hlc) {
        if self.bounds.len() <= max {
            return;
        }
        let ends: Vec<_> =
            self.bounds.iter().map(|(&session, &hlc)| (hlc, session)).filter(|&(hlc, _)| hlc <= latest).collect();
        // A quarter more than needed, so that this is not done again at the next session.
        let excess = (self.bounds.len() - max + max / 4).min(ends.len());
        if let Some((floor, _)) = earliest(&ends, excess) {
            self.raise_floor(floor);
        }
    }

    /// Forgets the latest sessions but one's own until `max` are left, and the latest strays until
    /// `strays_max` are: their writes count as unseen, so that at worst they are told again. For
    /// when there are more than honest sessions make, whose floors would be too high.
    pub fn forget(&mut self, max: usize, strays_max: usize, own: Session) {
        if self.bounds.len() > max {
            let ends: Vec<_> = self.bounds.iter().map(|(&session, &hlc)| (hlc, session)).collect();
            let last = earliest(&ends, max);
            self.bounds.retain(|&session, &mut hlc| session == own || Some((hlc, session)) <= last);
        }
        if self.cloud.len() > strays_max {
            let strays: Vec<_> = self.cloud.iter().map(|(&(session, hlc), _)| (hlc, session)).collect();
            let last = earliest(&strays, strays_max);
            self.cloud.retain(|&(session, hlc), _| Some((hlc, session)) <= last);
        }
        // A stray whose session is forgotten may now be beyond nothing.
        self.compact();
    }

    fn raise_floor(&mut self, floor: Hlc) {
        if floor > self.floor {
            self.floor = floor;
            self.bounds.retain(|_, hlc| *hlc > floor);
            self.compact();
        }
    }

    /// Up to where the writes of unknown sessions count as seen.
    pub fn floor(&self) -> Hlc {
        self.floor
    }

    /// The latest write of a session that was seen by itself, not for lying below the floor.
    pub fn latest_of(&self, session: Session) -> Hlc {
        let strays = self.cloud.within((session, Hlc(0))..=(session, Hlc(u64::MAX)));
        let last = strays.last().map(|(&(_, hlc), _)| hlc);
        last.max(self.bounds.get(&session).copied()).unwrap_or_default()
    }

    /// This without one session.
    pub fn without(mut self, session: Session) -> Self {
        self.bounds.remove(&session);
        self.cloud.retain(|&(other, _), _| other != session);
        self
    }

    /// How many sessions have a bound.
    pub fn sessions(&self) -> usize {
        self.bounds.len()
    }

    /// How many writes are in the cloud.
    pub fn strays(&self) -> usize {
        self.cloud.len()
    }

    /// The latest reading seen that is not later than `end`.
    pub fn latest(&self, end: Hlc) -> Hlc {
        let seen = self.bounds.values().copied().chain(self.cloud.iter().map(|(&(_, hlc), _)| hlc));
        seen.chain([self.floor]).filter(|&hlc| hlc <= end).max().unwrap_or_default()
    }

    /// A hash that is equal for equal contexts.
    pub fn hash(&self) -> u64 {
        let bounds = self.bounds.iter().map(|(session, hlc)| (session.0, hlc.0, 1));
        let cloud = self.cloud.iter().map(|((session, hlc), _)| (session.0, hlc.0, 2));
        let sum = |hash, (session, hlc, part)| mix(mix(mix(hash ^ session) ^ hlc) ^ part);
        bounds.chain(cloud).fold(mix(self.floor.0), sum)
    }

    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_varint(self.floor.0, out);
        write_bounds(&self.bounds, out);
        write_varint(self.cloud.len() as u64, out);
        for (&(session, hlc), &previous) in self.cloud.iter() {
            out.extend_from_slice(&session.0.to_le_bytes());
            write_varint(hlc.0, out);
            write_varint(previous.0, out);
        }
    }

    /// Reads the bytes.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let floor = Hlc(reader.varint());
        let bounds = read_bounds(reader)?;
        if bounds.values().any(|&hlc| hlc <= floor) {
            return Err("a bound below the floor");
        }
        let mut cloud = Ordered::default();
        let mut last = None;
        let count = reader.count(10);
        if count > CLOUD_READ_MAX {
            return Err("too many strays");
        }
        for _ in 0..count {
            let stray = (Session(reader.u64()), Hlc(reader.varint()));
            if last.is_some_and(|last| last >= stray) {
                reader.fail("strays not in order");
                break;
            }
            last = Some(stray);
            cloud.insert(stray, Hlc(reader.varint()));
        }
        reader.check()?;
        let causal = Self { bounds, cloud, floor };
        let apart =
            |(&(session, hlc), &previous): (&(Session, Hlc), &Hlc)| causal.bound(session) < previous && previous < hlc;
        if causal.cloud.iter().all(apart) { Ok(causal) } else { Err("a stray that is none") }
    }
}

/// The last of so many earliest readings.
fn earliest(readings: &[(Hlc, Session)], count: usize) -> Option<(Hlc, Session)> {
    let mut order: Vec<_> = (0..readings.len() as u32).collect();
    sort(&mut order, &|a, b| readings[a as usize].cmp(&readings[b as usize]));
    let last = *order.get(count.checked_sub(1)?)?;
    readings.get(last as usize).copied()
}

/// Appends readings by session.
pub fn write_bounds(bounds: &Ordered<Session, Hlc>, out: &mut Vec<u8>) {
    write_varint(bounds.len() as u64, out);
    for (session, hlc) in bounds.iter() {
        out.extend_from_slice(&session.0.to_le_bytes());
        write_varint(hlc.0, out);
    }
}

/// Reads readings by session, in order and without repeats.
pub fn read_bounds(reader: &mut Reader<'_>) -> Result<Ordered<Session, Hlc>, Malformed> {
    let mut bounds = Ordered::default();
    let mut last = None;
    let count = reader.count(9);
    if count > BOUNDS_READ_MAX {
        return Err("too many sessions");
    }
    for _ in 0..count {
        let session = Session(reader.u64());
        if last.is_some_and(|last| last >= session) {
            reader.fail("sessions not in order");
            break;
        }
        last = Some(session);
        bounds.insert(session, Hlc(reader.varint()));
    }
    reader.check().map(|()| bounds)
}
