//! One session: what it has written, seen, asked and owes.
//!
//! Everything that is sent is made in [`Replica::transmit`], after local writes have been sealed;
//! receiving only notes what is owed. That keeps two rules without a thought: a peer hears of our
//! writes before it hears of a context that covers them, and nothing is sent from inside a call
//! of the transport.
//!
//! Timing uses the monotonic clock and decides only how soon something is sent, never what:
//! - answers are given in turn, and dropped if an equal one is overheard;
//! - a question is asked again, of everybody, after 1, 2, 4 ... 30 seconds without an answer;
//! - a ping follows 1 to 2 seconds after activity stops, and at the latest every [`PING_MS`].

use super::assembly::Assembly;
use super::causal::Causal;
use super::cells::{Cell, Cells, Kind, Written};
use super::clock::{Clock, Hlc, Session, Stamp};
use super::frame::{Frame, Message, OVERHEAD, VERSION};
use super::peers::{Peer, Peers};
use crate::codec::mix;
use crate::error::Error;
use crate::table::Table;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How long an answer waits for that of each session whose turn is earlier.
const ANSWER_TURN_MS: u64 = 50;
/// How many turns there are before all that are left answer at once.
const ANSWER_TURNS: usize = 8;
/// How often a quiet session shows that it is there.
pub const PING_MS: u64 = 30_000;
/// After how long without a frame for it a joining session counts as joined.
pub const QUIET_MS: u64 = 250;
/// The least time between two questions.
const ASK_MS: u64 = 250;
/// How much longer an answer is waited for before a further hint makes a session ask again.
const ANSWER_MS: u64 = 750;
const ASK_AGAIN_MS_MAX: u64 = 30_000;
/// How many writes seen out of order are remembered.
const STRAYS_MAX: usize = 4_096;
/// The addressee of what is for everybody.
const ALL: Session = Session(0);

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

struct Ask {
    to: Session,
    everything: bool,
    due_ms: u64,
    tries: u32,
}

struct Answer {
    due_ms: u64,
    everything: bool,
    context: Causal,
}

/// A whole message that has arrived.
pub struct Envelope<'a> {
    /// The sender.
    pub from: Session,
    /// Its protocol version.
    pub version: u8,
    /// The message's bytes.
    pub payload: Cow<'a, [u8]>,
}

/// Frames and bytes that have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames received and accepted.
    pub frames_in: u64,
    /// Frames made.
    pub frames_out: u64,
    /// Bytes received and accepted.
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
    config: Config,
    clock: Clock,
    /// The cells, for whoever merges.
    pub cells: Cells,
    context: Causal,
    purged: BTreeMap<Session, Hlc>,
    /// Local writes without a body, in the order in which they first became so.
    unsealed: Vec<u32>,
    /// Sealed local writes that nobody has been told of.
    untold: Vec<u32>,
    told: Hlc,
    graves: VecDeque<(u64, u32, Stamp)>,
    /// The other sessions.
    pub peers: Peers,
    /// What has passed.
    pub traffic: Traffic,
    assembly: Assembly,
    joined: bool,
    quiet_ms: Option<u64>,
    ask: Option<Ask>,
    asked_ms: Option<u64>,
    answers: BTreeMap<Session, Answer>,
    ping_ms: u64,
    pinged_ms: u64,
    /// Whether somebody new is here, who does not know this session.
    introduce: bool,
    spoke_ms: u64,
    messages: u64,
    out: VecDeque<Vec<u8>>,
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
            purged: BTreeMap::new(),
            unsealed: Vec::new(),
            untold: Vec::new(),
            told: Hlc::default(),
            graves: VecDeque::new(),
            peers: Peers::default(),
            traffic: Traffic::default(),
            assembly,
            joined: false,
            quiet_ms: None,
            ask: None,
            asked_ms: None,
            answers: BTreeMap::new(),
            ping_ms: u64::MAX,
            pinged_ms: 0,
            introduce: false,
            spoke_ms: 0,
            messages: 0,
            out: VecDeque::new(),
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
    pub fn purged(&self) -> &BTreeMap<Session, Hlc> {
        &self.purged
    }

    /// How many deletes and expired entries are remembered, superseded ones included.
    pub fn graves(&self) -> usize {
        self.graves.len()
    }

    // Local writes.

    /// Stamps a local write of the key at an index.
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

    /// Remembers a deleted or expired cell, to be purged when its time has come.
    pub fn bury(&mut self, index: u32, monotonic_ms: u64) {
        if let Some(cell) = self.cells.get(index) {
            self.graves.push_back((monotonic_ms, index, cell.stamp));
        }
    }

    /// The local writes that still need a body, in the order of their stamps.
    pub fn unsealed(&mut self) -> Vec<u32> {
        let mut unsealed = std::mem::take(&mut self.unsealed);
        unsealed.retain(|&index| self.cells.get(index).is_some_and(|cell| cell.body.is_none()));
        unsealed.sort_by_key(|&index| self.cells.get(index).map(|cell| cell.stamp));
        unsealed.dedup();
        self.unsealed = unsealed.clone();
        unsealed
    }

    /// Gives all local writes their bodies, in the order in which [`Replica::unsealed`] lists them.
    pub fn seal(&mut self, bodies: impl IntoIterator<Item = Rc<[u8]>>) {
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
        self.context.compact();
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
    pub fn merged_ops(&mut self, from: Session, previous: Hlc, cells: &[Written<'_>], monotonic_ms: u64) {
        self.active(monotonic_ms);
        let Some(last) = cells.last() else { return };
        if previous <= self.context.bound(from) || cfg!(ablate = "prev") {
            self.context.advance(from, last.stamp.hlc);
            self.context.compact();
            return;
        }
        let mut before = previous;
        for cell in cells {
            if !cfg!(ablate = "cloud") {
                self.context.note(cell.stamp, before);
            }
            before = cell.stamp.hlc;
        }
        self.ask(from, false, monotonic_ms);
    }

    /// Of a `DIFF` that is everything: the indexes whose cells its sender has seen and no longer
    /// has. `kept` are the indexes that it has.
    pub fn outlived(&self, context: &Causal, kept: &hashbrown::HashSet<u32, foldhash::fast::FixedState>) -> Vec<u32> {
        if cfg!(ablate = "inference") {
            return Vec::new();
        }
        let gone = |&(index, cell): &(u32, &Cell)| {
            // Tombstones stay: dropping them here would let an unseen write and a purge chase each other for ever.
            (cell.kind != Kind::Tombstone || cfg!(ablate = "tombstones"))
                && !kept.contains(&index)
                && context.covers(cell.stamp)
        };
        self.cells.iter().filter(gone).map(|(index, _)| index).collect()
    }

    /// Joins what the sender of a `DIFF`, or a snapshot, had seen. Writes later than `latest` were
    /// refused, so the clock does not follow them.
    pub fn merged_state(&mut self, context: &Causal, purged: &BTreeMap<Session, Hlc>, everything: bool, latest: Hlc) {
        if everything {
            for (&session, &hlc) in purged {
                let own = self.purged.entry(session).or_default();
                *own = hlc.max(*own);
            }
        }
        self.context.join(context);
        self.clock.observe(self.context.latest(latest));
    }

    // The protocol.

    /// Starts to take part: asks who is here and what they have.
    pub fn join(&mut self, monotonic_ms: u64) {
        self.joined = true;
        // What was written before is nobody's news: whoever lacks it finds a gap, and asks.
        self.told = self.context.bound(self.config.session);
        self.quiet_ms = Some(monotonic_ms.saturating_add(QUIET_MS));
        self.pinged_ms = monotonic_ms;
        self.ping_ms = monotonic_ms.saturating_add(PING_MS);
        self.ask(ALL, false, monotonic_ms);
    }

    /// Asks again: this session may have been deaf for a while.
    pub fn rejoin(&mut self, monotonic_ms: u64) {
        self.asked_ms = None;
        self.ask(ALL, false, monotonic_ms);
    }

    /// Says goodbye, to be sent at once.
    pub fn leave(&mut self) {
        if self.joined {
            self.send(ALL, &Message::Bye);
            // Whoever is still here when this session returns will say so.
            self.peers.clear();
        }
    }

    /// Whether the session takes part.
    pub fn joined(&self) -> bool {
        self.joined
    }

    /// Opens a frame; returns the message that it completes, if it does and it is for this session.
    pub fn receive<'a>(&mut self, bytes: &'a [u8], unix_ms: u64, monotonic_ms: u64) -> Result<Option<Envelope<'a>>, Error> {
        let frame = Frame::read(bytes, self.config.hall)?;
        // A second channel in the same place hears the first.
        if frame.from == self.config.session {
            return Ok(None);
        }
        self.traffic.frames_in += 1;
        self.traffic.bytes_in += bytes.len() as u64;
        if frame.to != ALL && frame.to != self.config.session {
            self.heard(frame.from, unix_ms, monotonic_ms);
            self.overhear(&frame);
            return Ok(None);
        }
        if frame.to == self.config.session && self.quiet_ms.is_some() {
            self.quiet_ms = Some(monotonic_ms.saturating_add(QUIET_MS));
        }
        let payload = if frame.parts == 1 { Some(Cow::Borrowed(frame.payload)) } else { self.assembly.add(&frame).map(Cow::Owned) };
        if payload.is_none() {
            self.heard(frame.from, unix_ms, monotonic_ms);
        }
        Ok(payload.map(|payload| Envelope { from: frame.from, version: frame.version, payload }))
    }

    /// Notes that a session has said something sensible.
    pub fn heard(&mut self, from: Session, unix_ms: u64, monotonic_ms: u64) {
        self.peers.heard(from, unix_ms, monotonic_ms, self.config.sessions);
    }

    /// Somebody says who it is and what it has seen.
    pub fn on_hello(&mut self, from: Session, agent: &str, everything: bool, context: Causal, monotonic_ms: u64) {
        // One peer answers a newcomer for all; each shows that it is there, and who it is.
        self.introduce |= self.peers.get(from).is_none_or(|peer| peer.agent.is_empty());
        self.peers.name(from, agent);
        if self.context.lacks(&context) {
            self.ask(from, false, monotonic_ms);
        }
        // In turn, so that mostly one answers; who is next takes over if nothing is overheard.
        let turn = |session: Session| mix(session.0 ^ from.0);
        let earlier = |&(peer, _): &(Session, &Peer)| peer != from && turn(peer) < turn(self.config.session);
        let before = self.peers.iter().filter(earlier).take(ANSWER_TURNS).count() as u64;
        let due_ms = monotonic_ms.saturating_add(before * ANSWER_TURN_MS);
        self.answers.insert(from, Answer { due_ms, everything, context });
        if self.answers.len() > self.config.sessions {
            self.answers.pop_first();
        }
    }

    /// The answer to a question has been merged; true if it was the first.
    pub fn answered(&mut self) -> bool {
        self.ask = None;
        self.quiet_ms.take().is_some()
    }

    /// Somebody shows what it has.
    pub fn on_ping(&mut self, from: Session, agent: &str, context_hash: u64, live_hash: u64, monotonic_ms: u64) {
        self.peers.name(from, agent);
        if context_hash != self.context.hash() {
            self.ask(from, false, monotonic_ms);
        } else if live_hash != self.cells.live_hash() && self.unsealed.is_empty() && !cfg!(ablate = "hash") {
            // With unsealed writes the hash lacks what they replaced, and nothing is known yet.
            self.ask(from, true, monotonic_ms);
        }
        // A hidden tab's timers are slow, its messages are not: it answers for itself.
        if monotonic_ms.saturating_sub(self.spoke_ms) > PING_MS / 2 {
            self.ping_ms = monotonic_ms;
        }
    }

    /// Somebody says who it is.
    pub fn on_here(&mut self, from: Session, agent: &str) {
        self.peers.name(from, agent);
    }

    /// Somebody has left.
    pub fn on_bye(&mut self, from: Session) {
        self.peers.left(from);
        self.answers.remove(&from);
        self.assembly.forget(from);
    }

    /// When [`Replica::transmit`] next has something to do.
    pub fn next_ms(&self) -> Option<u64> {
        if !self.joined {
            return None;
        }
        let ask = self.ask.as_ref().map(|ask| ask.due_ms);
        let answer = self.answers.values().map(|answer| answer.due_ms).min();
        let tell = (self.introduce || !self.unsealed.is_empty() || !self.untold.is_empty()).then_some(0);
        [tell, ask, answer, self.quiet_ms, Some(self.ping_ms), self.peers.next_ms()].into_iter().flatten().min()
    }

    /// Makes the frames of all that is due; true if the session has been quiet long enough to
    /// count as joined. Local writes are sealed.
    pub fn transmit(&mut self, keys: &Table, monotonic_ms: u64) -> bool {
        if !self.joined {
            return false;
        }
        self.peers.expire(monotonic_ms);
        self.tell(keys, monotonic_ms);
        self.put_question(monotonic_ms);
        while let Some((&to, _)) = self.answers.iter().find(|(_, answer)| answer.due_ms <= monotonic_ms) {
            if let Some(answer) = self.answers.remove(&to) {
                self.answer(to, &answer, keys);
                self.spoke_ms = monotonic_ms;
            }
        }
        if std::mem::take(&mut self.introduce) {
            let agent = self.config.agent.clone();
            self.send(ALL, &Message::Here { agent: &agent });
        }
        if self.ping_ms <= monotonic_ms {
            self.pinged_ms = monotonic_ms;
            self.ping_ms = monotonic_ms.saturating_add(PING_MS);
            self.spoke_ms = monotonic_ms;
            let agent = self.config.agent.clone();
            let (context_hash, live_hash) = (self.context.hash(), self.cells.live_hash());
            self.send(ALL, &Message::Ping { agent: &agent, context_hash, live_hash });
        }
        self.quiet_ms.take_if(|due_ms| *due_ms <= monotonic_ms).is_some()
    }

    /// The next frame to be sent to everybody.
    pub fn next_frame(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
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
                let purged = self.purged.entry(stamp.session).or_default();
                *purged = stamp.hlc.max(*purged);
                gone.push(index);
            }
        }
        if self.context.sessions() > self.config.sessions {
            let latest = Hlc::at_ms(unix_ms.saturating_sub(self.config.tombstone_ms));
            self.context.prune(self.config.sessions, latest);
            let floor = self.context.floor();
            self.clock.observe(floor);
            self.purged.retain(|_, hlc| *hlc > floor);
        }
        gone
    }

    /// When [`Replica::purge`] next has something to do.
    pub fn purge_ms(&self) -> Option<u64> {
        self.graves.front().map(|grave| grave.0.saturating_add(self.config.tombstone_ms))
    }

    /// Something has changed: a ping, by which others see whether they have it too, follows soon.
    pub fn active(&mut self, monotonic_ms: u64) {
        // However long the others are busy, a session that only listens shows that it is there.
        let latest_ms = self.pinged_ms.saturating_add(PING_MS);
        let pause_ms = 1_000 + mix(self.config.session.0 ^ self.messages) % 1_000;
        self.ping_ms = monotonic_ms.saturating_add(pause_ms).min(latest_ms);
    }

    fn ask(&mut self, to: Session, everything: bool, monotonic_ms: u64) {
        let due_ms = self.asked_ms.map_or(monotonic_ms, |asked| monotonic_ms.max(asked.saturating_add(ASK_MS)));
        match &mut self.ask {
            Some(ask) => {
                ask.everything |= everything;
                // An answer may be on its way: a large one takes longer than a ping.
                let patience_ms = if ask.tries > 0 { ANSWER_MS } else { 0 };
                ask.due_ms = ask.due_ms.min(due_ms.saturating_add(patience_ms));
                if ask.to != to {
                    ask.to = ALL;
                }
            }
            None => self.ask = Some(Ask { to, everything, due_ms, tries: 0 }),
        }
    }

    /// Somebody else has answered a question that this session was about to answer.
    fn overhear(&mut self, frame: &Frame<'_>) {
        if frame.part > 0 {
            return;
        }
        if let Some((context_hash, everything)) = Message::peek_diff(frame.payload)
            && let Some(answer) = self.answers.get(&frame.to)
            && context_hash == self.context.hash()
            && (everything || !self.must_send_everything(answer))
        {
            self.answers.remove(&frame.to);
        }
    }

    fn tell(&mut self, keys: &Table, monotonic_ms: u64) {
        if self.untold.is_empty() {
            return;
        }
        let mut untold = std::mem::take(&mut self.untold);
        // In the order of the stamps that count now: a key may have been written again since.
        untold.sort_by_key(|&index| self.cells.get(index).map(|cell| cell.stamp));
        untold.dedup();
        let own = self.config.session;
        let room = self.config.frame_bytes.saturating_sub(OVERHEAD + 16);
        let mut messages = Vec::new();
        let (mut cells, mut bytes, mut previous) = (Vec::new(), 0, self.told);
        for index in untold {
            let news = |cell: &&Cell| cell.stamp.session == own && cell.stamp.hlc > self.told;
            let Some(cell) = self.cells.get(index).filter(news) else { continue };
            let (Some(body), key) = (cell.body.as_deref(), keys.text(index)) else { continue };
            let written = Written { key, stamp: cell.stamp, body };
            let size = key.len() + body.len() + 32;
            if bytes + size > room && !cells.is_empty() {
                let last = self.told;
                messages.push(Message::Ops { previous, cells: std::mem::take(&mut cells) });
                (previous, bytes) = (last, 0);
            }
            self.told = written.stamp.hlc;
            bytes += size;
            cells.push(written);
        }
        if !cells.is_empty() {
            messages.push(Message::Ops { previous, cells });
        }
        let payloads: Vec<_> = messages.iter().map(payload).collect();
        for payload in payloads {
            self.send_payload(ALL, &payload);
        }
        self.spoke_ms = monotonic_ms;
        self.active(monotonic_ms);
    }

    fn put_question(&mut self, monotonic_ms: u64) {
        let Some(ask) = self.ask.as_mut().filter(|ask| ask.due_ms <= monotonic_ms) else { return };
        // Alone, as far as is known: whoever comes will ask or ping.
        if ask.tries > 1 && self.peers.count() == 0 {
            self.ask = None;
            return;
        }
        let (to, everything) = (ask.to, ask.everything);
        ask.due_ms = monotonic_ms.saturating_add((1_000 << ask.tries.min(5)).min(ASK_AGAIN_MS_MAX));
        ask.tries += 1;
        ask.to = ALL;
        self.asked_ms = Some(monotonic_ms);
        self.spoke_ms = monotonic_ms;
        let (agent, context) = (self.config.agent.clone(), self.context.clone());
        self.send(to, &Message::Hello { agent: &agent, everything, context });
    }

    fn must_send_everything(&self, answer: &Answer) -> bool {
        let missed = |(&session, &hlc): (&Session, &Hlc)| answer.context.bound(session) < hlc;
        let behind = self.purged.iter().any(missed) || answer.context.floor() < self.context.floor();
        (answer.everything || behind) && !cfg!(ablate = "full")
    }

    fn answer(&mut self, to: Session, answer: &Answer, keys: &Table) {
        let everything = self.must_send_everything(answer);
        let wanted = self.cells.iter().filter_map(|(index, cell)| {
            let body = cell.body.as_deref()?;
            let wanted = everything || !answer.context.covers(cell.stamp);
            wanted.then(|| Written { key: keys.text(index), stamp: cell.stamp, body })
        });
        let mut cells: Vec<_> = wanted.collect();
        cells.sort_by_key(|cell| cell.stamp);
        let (context, purged) = (self.context.clone(), self.purged.clone());
        let payload = payload(&Message::Diff { everything, context, purged, cells });
        self.send_payload(to, &payload);
    }

    fn send(&mut self, to: Session, message: &Message<'_>) {
        self.send_payload(to, &payload(message));
    }

    fn send_payload(&mut self, to: Session, payload: &[u8]) {
        let room = self.config.frame_bytes.saturating_sub(OVERHEAD).max(16);
        let parts = payload.len().div_ceil(room) as u64;
        self.messages += 1;
        for (part, payload) in payload.chunks(room).enumerate() {
            let (from, message, part) = (self.config.session, self.messages, part as u64);
            let frame = Frame { version: VERSION, from, to, message, part, parts, payload };
            let bytes = frame.write(self.config.hall);
            self.traffic.frames_out += 1;
            self.traffic.bytes_out += bytes.len() as u64;
            self.out.push_back(bytes);
        }
    }
}

fn payload(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.write(&mut out);
    out
}
