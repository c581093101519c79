//! Time and the other sessions: where the entries and the cells meet.
//!
//! What arrives is checked whole before anything of it is applied, and applied as one commit.

use super::body::Body;
use super::command::Time;
use super::effect::Effect;
use super::writing::within;
use super::{Kernel, Limits};
use crate::error::{Code, Error};
use crate::key::{Key, shown};
use crate::order::Ordered;
use crate::replica::causal::Causal;
use crate::replica::cells::{Kind, Written};
use crate::replica::clock::{Hlc, Session};
use crate::replica::frame::Message;
use crate::state::entry::Entry;
use crate::table::Index;
use crate::timer::earliest;
use crate::value::Stored;
use std::rc::Rc;

/// A stamp this far ahead of our clock is left out.
const REFUSED_AHEAD_MS: u64 = 24 * 60 * 60 * 1_000;
/// A stamp this far ahead of our clock is counted.
const COUNTED_AHEAD_MS: u64 = 5 * 60 * 1_000;

/// The latest reading that is not left out.
fn latest_taken(time: Time) -> Hlc {
    Hlc(Hlc::at_ms(time.unix_ms.saturating_add(REFUSED_AHEAD_MS)).0 | 0xffff)
}

/// How far a write is ahead of our clock.
fn ahead_ms(written: &Written<'_>, time: Time) -> u64 {
    written.stamp.hlc.ms().saturating_sub(time.unix_ms)
}

/// What an entry takes that is made of a write.
fn entry_bytes(written: &Written<'_>, body: &Body<'_>) -> u64 {
    (written.key.len() + body.value.len() + body.metadata.map_or(0, <[u8]>::len)) as u64
}

/// Whether a write has expired before it came.
fn is_expired(body: &Body<'_>, time: Time) -> bool {
    body.expires_ms.is_some_and(|expires_ms| expires_ms <= time.unix_ms)
}

/// What is merged, as it was sent and as it was read.
type Merge<'a> = (&'a Written<'a>, Body<'a>);

impl<V: Stored> Kernel<V> {
    /// Starts to take part in the hall's replication.
    pub fn join(&mut self, time: Time) {
        self.monotonic_ms = self.monotonic_ms.max(time.monotonic_ms);
        self.replica.join(time.monotonic_ms);
    }

    /// Asks the others what was missed: after a freeze, a suspension, a lost connection.
    pub fn rejoin(&mut self, time: Time) {
        self.monotonic_ms = self.monotonic_ms.max(time.monotonic_ms);
        self.replica.rejoin(time.monotonic_ms);
    }

    /// Leaves: the next frames say goodbye.
    pub fn leave(&mut self) {
        self.replica.leave();
    }

    /// Takes in a frame.
    ///
    /// Errors: `invalid-frame`, `peer-version`, `limit`. The frame has then been counted as
    /// dropped, and nothing has changed.
    pub fn receive(&mut self, frame: &[u8], time: Time) -> Result<(), Error> {
        self.monotonic_ms = self.monotonic_ms.max(time.monotonic_ms);
        let result = self.take_in(frame, time);
        if result.is_err() {
            self.replica.traffic.dropped += 1;
        }
        result
    }

    fn take_in(&mut self, frame: &[u8], time: Time) -> Result<(), Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "a frame cannot be taken in inside a batch"));
        }
        let envelope = self.replica.receive(frame, time.unix_ms, time.monotonic_ms)?;
        let Some(envelope) = envelope else {
            self.rename_if_due(time);
            return Ok(());
        };
        let (from, to_all) = (envelope.from, envelope.to_all);
        let refused = |reason| Error::refused(Code::InvalidFrame, "a message is refused", reason);
        match Message::read(&envelope.payload, envelope.version).map_err(refused)? {
            Message::Ops { previous, cells } => {
                self.replica.check_ops(from, previous, &cells).map_err(refused)?;
                let merges = self.check_cells(&cells, time)?;
                self.replica.heard(from, time.unix_ms, time.monotonic_ms);
                self.merge(&merges, time, Vec::new(), from);
                self.replica.merged_ops(from, previous, &cells, latest_taken(time), time.monotonic_ms);
                self.purge_if_crowded(time);
            }
            Message::Diff { everything, context, purged, cells } => {
                let merges = self.check_cells(&cells, time)?;
                self.check_quote(&context, frame, time);
                self.replica.heard(from, time.unix_ms, time.monotonic_ms);
                let before = (self.replica.context().hash(), self.replica.cells.live_hash(), self.revision);
                self.merge_state(&merges, &context, &purged, everything, time, from);
                let after = (self.replica.context().hash(), self.replica.cells.live_hash(), self.revision);
                let told_all = to_all && everything && context.hash() == after.0;
                if self.replica.answered(before != after, told_all) {
                    self.effects.push_back(Effect::Synced);
                }
            }
            Message::Hello { agent, everything, context } => {
                self.check_quote(&context, frame, time);
                self.replica.heard(from, time.unix_ms, time.monotonic_ms);
                self.replica.on_hello(from, agent, everything, context, time.monotonic_ms);
            }
            Message::Ping { agent, context_hash, live_hash } => {
                self.replica.heard(from, time.unix_ms, time.monotonic_ms);
                self.replica.on_ping(from, agent, context_hash, live_hash, time.monotonic_ms);
            }
            Message::Here { agent } => {
                self.replica.heard(from, time.unix_ms, time.monotonic_ms);
                self.replica.on_here(from, agent);
            }
            Message::Bye => self.replica.on_bye(from),
            Message::Unknown => self.replica.heard(from, time.unix_ms, time.monotonic_ms),
        }
        Ok(())
    }

    /// Lets time pass: expires, purges, and makes the frames that are due. Where the host encodes
    /// values, [`Kernel::wanted`] must have been supplied first, or no frames are made.
    pub fn advance(&mut self, time: Time) {
        self.monotonic_ms = self.monotonic_ms.max(time.monotonic_ms);
        if self.batch.is_some() {
            return;
        }
        self.rename_if_due(time);
        // Sealed as they were written, even those that expire now; told before they are purged.
        // Alone, nothing is sent: a snapshot seals for itself.
        let sealed = self.replica.joined() && self.seal();
        self.expire(time);
        for owner in self.owners.advance(time.unix_ms) {
            self.effects.push_back(Effect::OwnerExpired(owner));
        }
        if sealed && self.replica.transmit(&self.keys, time.monotonic_ms) {
            self.effects.push_back(Effect::Synced);
        }
        self.purge(time);
        if self.replica.peers.take_changed() {
            self.effects.push_back(Effect::Sessions);
        }
    }

    /// In how many milliseconds [`Kernel::advance`] next has something to do; never inside a batch.
    pub fn next_wake(&self, time: Time) -> Option<u64> {
        if self.batch.is_some() {
            return None;
        }
        let expiry =
            earliest(&[self.expiries.next(), self.owners.wake_ms()]).map(|due| due.saturating_sub(time.unix_ms));
        let monotonic = earliest(&[self.replica.next_ms(), self.replica.purge_ms()]);
        earliest(&[expiry, monotonic.map(|due| due.saturating_sub(time.monotonic_ms))])
    }

    /// The next frame to be sent to every other session.
    pub fn next_frame(&mut self) -> Option<Vec<u8>> {
        self.replica.next_frame()
    }

    /// The values that the host has to encode: of each local write since the last time its value,
    /// then its metadata if it has any. Nothing inside a batch, whose values may not come to stay.
    pub fn wanted(&mut self) -> Vec<V> {
        if self.batch.is_some() {
            return Vec::new();
        }
        let mut wanted = Vec::new();
        for index in self.replica.unsealed() {
            if let Some(entry) = self.entries.get(index) {
                wanted.push(entry.value.clone());
                wanted.extend(entry.metadata.clone());
            }
        }
        wanted
    }

    /// Takes the encoded bytes of [`Kernel::wanted`], in its order and without a change between.
    ///
    /// Errors: `invalid-argument` if they are not as many, and inside a batch.
    pub fn supply<'a>(&mut self, encoded: impl IntoIterator<Item = &'a [u8]>) -> Result<(), Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "values cannot be supplied inside a batch"));
        }
        let mut encoded = encoded.into_iter();
        if !self.seal_with(&mut |_| encoded.next().map(<[u8]>::to_vec)) {
            return Err(Error::new(Code::InvalidArgument, "fewer encoded values than wanted"));
        }
        Ok(())
    }

    /// Gives all local writes their bodies; false if the host has to encode some.
    pub(super) fn seal(&mut self) -> bool {
        self.seal_with(&mut |value| {
            let mut bytes = Vec::new();
            value.encode(&mut bytes).then_some(bytes)
        })
    }

    /// Gives all local writes their bodies; false, and nothing is done, if `encode` lacks a value.
    fn seal_with(&mut self, encode: &mut dyn FnMut(&V) -> Option<Vec<u8>>) -> bool {
        let mut bodies = Vec::new();
        for index in self.replica.unsealed() {
            let Some(body) = self.body(index, encode) else { return false };
            bodies.push(body);
        }
        self.replica.seal(bodies);
        true
    }

    /// The body of a local write.
    fn body(&self, index: u32, encode: &mut dyn FnMut(&V) -> Option<Vec<u8>>) -> Option<Rc<[u8]>> {
        let Some(entry) = self.entries.get(index) else {
            // It has expired before it was ever sent.
            return Some(Body::tombstone(self.replica.agent(), false).write().into());
        };
        let value = encode(&entry.value)?;
        let metadata = match &entry.metadata {
            Some(metadata) => Some(encode(metadata)?),
            None => None,
        };
        let body = Body {
            kind: if entry.expires_ms.is_some() { Kind::Mortal } else { Kind::Lasting },
            touched: entry.touched,
            expires_ms: entry.expires_ms,
            origin: &entry.origin,
            metadata: metadata.as_deref(),
            value: &value,
        };
        Some(body.write().into())
    }

    /// Reads the bodies of received cells and checks everything that could refuse them.
    pub(super) fn check_cells<'a>(&self, cells: &'a [Written<'a>], time: Time) -> Result<Vec<Merge<'a>>, Error> {
        let refused = |reason| Error::refused(Code::InvalidFrame, "a cell is refused", reason);
        let limits = &self.options.limits;
        let before = (self.entries.count() as u64, self.entries.bytes());
        let (mut entries, mut bytes) = before;
        let mut tombstones = 0;
        let mut merges = Vec::with_capacity(cells.len());
        for written in cells {
            let body = Body::read(written.body).map_err(refused)?;
            let index = self.keys.find(written.key);
            if index.is_none() {
                self.check_key(&Key::parse(written.key).map_err(|_| refused("its key is not a key"))?)?;
            }
            let buried = index.is_none() && body.kind == Kind::Tombstone && self.replica.admits(None, written);
            tombstones += u64::from(buried && ahead_ms(written, time) <= REFUSED_AHEAD_MS);
            entries += 1;
            bytes += entry_bytes(written, &body);
            merges.push((written, body));
        }
        // Twice the limit, because each of two sessions may fill its own while they are apart.
        let most = (limits.entries.saturating_mul(2).max(before.0), limits.bytes.saturating_mul(2).max(before.1));
        // Mostly there is room even if every cell brought an entry.
        if entries > most.0 || bytes > most.1 {
            (entries, bytes) = self.needed(&merges, time);
        }
        within("entries", most.0, entries)?;
        within("bytes", most.1, bytes)?;
        // A lower limit here only means that they are forgotten sooner: what a session with the usual one tells is taken.
        within("tombstones", limits.tombstones.max(Limits::default().tombstones).saturating_mul(2), tombstones)?;
        Ok(merges)
    }

    /// How many entries there are after a merge, and how many bytes they have.
    fn needed(&self, merges: &[Merge<'_>], time: Time) -> (u64, u64) {
        let (mut entries, mut bytes) = (self.entries.count() as u64, self.entries.bytes());
        // Of each key that changes, what it will take: one message may write a key many times.
        let mut sizes: Vec<(&str, Option<u64>)> = Vec::new();
        let mut places = Index::default();
        for (written, body) in merges {
            let index = self.keys.find(written.key);
            let hash = self.keys.hash(written.key);
            let place = places.find(hash, |place| sizes[place as usize].0 == written.key);
            let admitted = place.is_some() || self.replica.admits(index, written);
            if !admitted || ahead_ms(written, time) > REFUSED_AHEAD_MS {
                continue;
            }
            let entry = index.and_then(|index| self.entries.get(index));
            let old = entry.map(|old| u64::from(old.bytes) + written.key.len() as u64);
            let visible = body.kind != Kind::Tombstone && !is_expired(body, time);
            let new = visible.then(|| entry_bytes(written, body));
            let old = match place {
                Some(place) => std::mem::replace(&mut sizes[place as usize].1, new),
                None => {
                    places.insert(hash, sizes.len() as u32);
                    sizes.push((written.key, new));
                    old
                }
            };
            entries = entries + u64::from(new.is_some()) - u64::from(old.is_some());
            bytes = bytes + new.unwrap_or(0) - old.unwrap_or(0);
        }
        (entries, bytes)
    }

    /// Merges a state: cells, and what its holder had seen.
    pub(super) fn merge_state(
        &mut self,
        merges: &[Merge<'_>],
        context: &Causal,
        purged: &Ordered<Session, Hlc>,
        everything: bool,
        time: Time,
        from: Session,
    ) {
        let live_before = self.replica.cells.live_hash();
        let mut outlived = Vec::new();
        if everything {
            let kept: Vec<_> = merges.iter().filter_map(|(written, _)| self.keys.find(written.key)).collect();
            outlived = self.replica.outlived(context, &kept, from);
        }
        self.merge(merges, time, outlived, from);
        let times = (latest_taken(time), Hlc::at_ms(time.unix_ms));
        self.replica.merged_state(context, purged, everything, from, times);
        self.purge_if_crowded(time);
        if self.replica.cells.live_hash() != live_before {
            self.replica.active(time.monotonic_ms);
        }
    }

    /// Merges cells, and removes those that `outlived` what a peer knows of them: one commit.
    fn merge(&mut self, merges: &[Merge<'_>], time: Time, outlived: Vec<u32>, from: Session) {
        let revision = self.revision + 1;
        let mut left_out = 0;
        let mut first_out = None;
        for (written, body) in merges {
            let ahead_ms = ahead_ms(written, time);
            if ahead_ms > COUNTED_AHEAD_MS {
                self.replica.traffic.clock_ahead += 1;
            }
            if ahead_ms > REFUSED_AHEAD_MS {
                left_out += 1;
                first_out.get_or_insert((written.key, ahead_ms));
            } else if self.replica.admits(self.keys.find(written.key), written) {
                self.merge_cell(written, body, revision, time);
            }
        }
        if let Some((key, ahead_ms)) = first_out {
            let detail = format!(
                "{left_out} writes were left out: the first, of {}, is {ahead_ms} ms ahead of this clock",
                shown(key)
            );
            self.effects.push_back(Effect::Report(Error::new(Code::ClockAhead, detail)));
        }
        let origin = self.replica.peers.get(from).map(|peer| peer.agent.clone()).filter(|agent| !agent.is_empty());
        for index in outlived {
            self.replica.cells.remove(index);
            let key_bytes = self.keys.text(index).len();
            if let Some(old) = self.entries.replace(index, key_bytes, None) {
                self.revision = revision;
                let origin = origin.clone().unwrap_or_else(|| old.origin.clone());
                self.tell(index, Some(old), origin, revision);
            }
            self.free_if_empty(index);
        }
    }

    /// A flood of deletes does not wait until time passes.
    fn purge_if_crowded(&mut self, time: Time) {
        if self.replica.crowded() {
            self.purge(time);
        }
    }

    /// Forgets deletes whose time has come, or that are too many.
    fn purge(&mut self, time: Time) {
        for index in self.replica.purge(time.unix_ms, time.monotonic_ms) {
            self.free_if_empty(index);
        }
    }

    fn merge_cell(&mut self, written: &Written<'_>, body: &Body<'_>, revision: u64, time: Time) {
        let index = match self.keys.find(written.key) {
            Some(index) => index,
            None => self.intern(&Rc::from(written.key)),
        };
        // Compared as bytes, before the old ones go.
        let old = self.replica.cells.get(index);
        let expired = is_expired(body, time);
        if expired && old.is_some_and(|old| (old.stamp, old.kind) == (written.stamp, Kind::Tombstone)) {
            // It has expired here too, and says no more than that.
            return;
        }
        let old_body = old.and_then(|cell| cell.body.clone());
        let same = old_body
            .as_deref()
            .and_then(|bytes| Body::parse(bytes).ok())
            .is_some_and(|old| old.kind != Kind::Tombstone && (old.value, old.metadata) == (body.value, body.metadata));
        self.replica.accept(index, written, body.kind, self.monotonic_ms);
        if expired {
            self.bury(index, body.origin, self.monotonic_ms);
        }
        let visible = body.kind != Kind::Tombstone && !expired;
        let origin: Rc<str> = match self.entries.get(index) {
            Some(entry) if *entry.origin == *body.origin => entry.origin.clone(),
            _ => body.origin.into(),
        };
        let quiet = visible && same && !body.touched;
        if let Some(entry) = self.entries.get_mut(index).filter(|_| quiet) {
            // The same value, written again elsewhere: nothing to see.
            entry.origin = origin;
            (entry.updated_ms, entry.expires_ms) = (written.stamp.hlc.ms(), body.expires_ms);
        } else {
            let entry = visible.then(|| Entry {
                value: V::decode(body.value, &mut self.pool),
                metadata: body.metadata.map(|metadata| V::decode(metadata, &mut self.pool)),
                bytes: (body.value.len() + body.metadata.map_or(0, <[u8]>::len)) as u32,
                revision,
                origin: origin.clone(),
                updated_ms: written.stamp.hlc.ms(),
                expires_ms: body.expires_ms,
                touched: body.touched,
            });
            let old = self.entries.replace(index, written.key.len(), entry);
            if old.is_some() || visible {
                self.revision = revision;
                self.tell(index, old, origin, revision);
            }
        }
        if let Some(expires_ms) = body.expires_ms.filter(|_| visible) {
            self.expire_at(index, expires_ms);
        }
    }

    fn expire(&mut self, time: Time) {
        let revision = self.revision + 1;
        while let Some((due, index)) = self.expiries.due(time.unix_ms) {
            if self.entries.get(index).is_some_and(|entry| entry.expires_ms == Some(due)) {
                self.revision = revision;
                let key_bytes = self.keys.text(index).len();
                let Some(old) = self.entries.replace(index, key_bytes, None) else { continue };
                let origin = old.origin.clone();
                self.bury(index, &origin, time.monotonic_ms);
                self.tell(index, Some(old), origin, revision);
            }
        }
    }

    /// Keeps of an expired write only that there was one: what it said would not be counted, and lie here until it is
    /// purged.
    fn bury(&mut self, index: u32, origin: &str, monotonic_ms: u64) {
        self.replica.expire(index, Body::tombstone(origin, false).write().into());
        self.replica.bury(index, monotonic_ms);
    }
}
