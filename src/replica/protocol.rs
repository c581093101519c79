//! What a session says to the others, and when.
//!
//! Everything that is sent is made in [`Replica::transmit`], after local writes have been sealed;
//! receiving only notes what is owed. That keeps two rules without a thought: a peer hears of our
//! writes before it hears of a context that covers them, and nothing is sent from inside a call
//! of the transport.
//!
//! Timing uses the monotonic clock and decides only how soon something is sent, never what:
//! - answers are given in turn, and dropped if an equal one is overheard;
//! - who answers rests for as long as the answer was large, and answers a crowd with one answer to all;
//! - a question is asked again, of everybody, after 1, 2, 4 ... 30 seconds without an answer;
//! - who asks in vain asks ever more rarely, too: a peer may always claim to have what nobody has;
//! - a ping follows 1 to 2 seconds after activity stops, and at the latest every [`PING_MS`].

use super::causal::Causal;
use super::cells::{Cell, Written};
use super::clock::{Hlc, Session};
use super::frame::{Frame, Message, OVERHEAD, VERSION};
use super::peers::Peer;
use super::session::Replica;
use crate::codec::mix;
use crate::error::Error;
use crate::table::Table;
use crate::timer::earliest;
use std::borrow::Cow;

/// How long an answer waits for that of each session whose turn is earlier.
const ANSWER_TURN_MS: u64 = 50;
/// How many turns there are before all that are left answer at once.
const ANSWER_TURNS: usize = 8;
/// How often a quiet session shows that it is there.
pub const PING_MS: u64 = 30_000;
/// After how long without a frame for it a joining session counts as joined.
pub const QUIET_MS: u64 = 250;
/// However long parts of an answer go on coming, a joining session counts as joined after this long.
const QUIET_MS_MAX: u64 = 30_000;
/// The least time between two questions, and between two introductions.
const ASK_MS: u64 = 250;
/// How many are answered one by one; if more wait they are a crowd.
const ANSWERS_MAX: usize = 16;
/// Who has answered rests this long, and a millisecond more for so many bytes told and for so many cells looked at.
const ANSWER_REST_MS: u64 = 5;
const ANSWER_REST_BYTES: usize = 65_536;
const ANSWER_REST_CELLS: usize = 4_096;
/// How much longer an answer is waited for before a further hint makes a session ask again.
const ANSWER_MS: u64 = 750;
const ASK_AGAIN_MS_MAX: u64 = 30_000;
/// How often the least time between two questions is doubled.
const VAIN_MAX: u32 = 5;
/// The addressee of what is for everybody.
const ALL: Session = Session(0);

/// A question that waits to be asked, or for its answer.
pub(super) struct Ask {
    to: Session,
    everything: bool,
    due_ms: u64,
    tries: u32,
}

/// An answer that is owed.
pub(super) struct Answer {
    due_ms: u64,
    everything: bool,
    context: Causal,
}

/// A whole message that has arrived.
pub struct Envelope<'a> {
    /// The sender.
    pub from: Session,
    /// Whether it is for everybody.
    pub to_all: bool,
    /// Its protocol version.
    pub version: u8,
    /// The message's bytes.
    pub payload: Cow<'a, [u8]>,
}

impl Replica {
    /// Starts to take part: asks who is here and what they have.
    pub fn join(&mut self, monotonic_ms: u64) {
        self.joined = true;
        self.joined_ms = monotonic_ms;
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
        self.vain = 0;
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
    pub fn receive<'a>(
        &mut self,
        bytes: &'a [u8],
        unix_ms: u64,
        monotonic_ms: u64,
    ) -> Result<Option<Envelope<'a>>, Error> {
        let frame = Frame::read(bytes, self.config.hall)?;
        // A second channel in the same place hears the first; anybody else is a namesake.
        if frame.from == self.config.session {
            self.heard_own(&frame, bytes, monotonic_ms);
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
            let latest_ms = self.joined_ms.saturating_add(QUIET_MS_MAX);
            self.quiet_ms = Some(monotonic_ms.saturating_add(QUIET_MS).min(latest_ms));
        }
        let payload = if frame.parts == 1 {
            Some(Cow::Borrowed(frame.payload))
        } else {
            self.assembly.add(&frame)?.map(Cow::Owned)
        };
        if payload.is_none() {
            self.heard(frame.from, unix_ms, monotonic_ms);
        }
        Ok(payload.map(|payload| Envelope {
            from: frame.from,
            to_all: frame.to == ALL,
            version: frame.version,
            payload,
        }))
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
        if self.answers.len() < ANSWERS_MAX || self.answers.contains_key(&from) {
            self.answers.insert(from, Answer { due_ms, everything, context });
        } else if !self.answers.contains_key(&ALL) {
            self.answers.insert(ALL, Answer { due_ms, everything: true, context: Causal::default() });
        }
    }

    /// The answer to a question has been merged, and has taught something or not; true if it was
    /// the first. What everybody was told by who has seen the same need not be told again.
    pub fn answered(&mut self, taught: bool, told_all: bool) -> bool {
        let asked = self.ask.take().is_some();
        self.vain = if taught { 0 } else { self.vain + u32::from(asked && self.vain < VAIN_MAX) };
        if told_all {
            self.answers.clear();
        }
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
        let answer = self.answers.values().map(|answer| answer.due_ms.max(self.rested_ms)).min();
        let tell = (!self.unsealed.is_empty() || !self.untold.is_empty()).then_some(0);
        let introduce = self.introduce.then_some(self.introduced_ms);
        let (rename, ping) = (self.rename_ms(), Some(self.ping_ms));
        earliest(&[tell, introduce, rename, ask, answer, self.quiet_ms, ping, self.peers.next_ms()])
    }

    /// Makes the frames of all that is due; true if the session has been quiet long enough to
    /// count as joined. Local writes are sealed.
    pub fn transmit(&mut self, keys: &Table, monotonic_ms: u64) -> bool {
        if !self.joined {
            return false;
        }
        self.peers.expire(monotonic_ms);
        // What nobody has taken since the last time: past the limit the oldest goes, as if it were lost on the way.
        while self.out_bytes > self.config.message_bytes && self.next_frame().is_some() {}
        self.tell(keys, monotonic_ms);
        self.put_question(monotonic_ms);
        self.give_answer(keys, monotonic_ms);
        if self.introduce && self.introduced_ms <= monotonic_ms {
            self.introduce = false;
            self.introduced_ms = monotonic_ms.saturating_add(ASK_MS);
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
        let frame = self.out.pop_front()?;
        self.out_bytes -= frame.len();
        Some(frame)
    }

    /// Something has changed: a ping, by which others see whether they have it too, follows soon.
    pub fn active(&mut self, monotonic_ms: u64) {
        // However long the others are busy, a session that only listens shows that it is there.
        let latest_ms = self.pinged_ms.saturating_add(PING_MS);
        let pause_ms = 1_000 + mix(self.config.session.0 ^ self.messages) % 1_000;
        self.ping_ms = monotonic_ms.saturating_add(pause_ms).min(latest_ms);
    }

    pub(super) fn ask(&mut self, to: Session, everything: bool, monotonic_ms: u64) {
        let rest_ms = (ASK_MS << self.vain).min(ASK_AGAIN_MS_MAX);
        let due_ms = self.asked_ms.map_or(monotonic_ms, |asked| monotonic_ms.max(asked.saturating_add(rest_ms)));
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
        self.cells.sort(&mut untold);
        untold.dedup();
        let own = self.config.session;
        let room = self.config.frame_bytes.saturating_sub(OVERHEAD + 16);
        let mut payloads = Vec::new();
        let (mut cells, mut bytes, mut previous) = (Vec::new(), 0, self.told);
        for index in untold {
            let news = |cell: &&Cell| cell.stamp.session == own && cell.stamp.hlc > self.told;
            let Some(cell) = self.cells.get(index).filter(news) else { continue };
            let (Some(body), key) = (cell.body.as_deref(), keys.text(index)) else { continue };
            let written = Written { key, stamp: cell.stamp, body };
            let size = key.len() + body.len() + 32;
            if bytes + size > room && !cells.is_empty() {
                let last = self.told;
                payloads.push(payload(&Message::Ops { previous, cells: std::mem::take(&mut cells) }));
                (previous, bytes) = (last, 0);
            }
            self.told = written.stamp.hlc;
            bytes += size;
            cells.push(written);
        }
        if !cells.is_empty() {
            payloads.push(payload(&Message::Ops { previous, cells }));
        }
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
        let missed = |(&session, &hlc): (&Session, &Hlc)| !answer.context.has_all_of(&self.context, session, hlc);
        let behind = self.purged.iter().any(missed) || answer.context.floor() < self.context.floor();
        (answer.everything || behind) && !cfg!(ablate = "full")
    }

    /// Gives the answer that is due first, unless the last one is not yet rested from.
    fn give_answer(&mut self, keys: &Table, monotonic_ms: u64) {
        let due = |answer: &Answer| self.rested_ms <= monotonic_ms && answer.due_ms <= monotonic_ms;
        let first = self.answers.iter().filter(|(_, answer)| due(answer)).min_by_key(|(_, answer)| answer.due_ms);
        let Some(to) = first.map(|(&to, _)| to) else { return };
        let Some(answer) = self.answers.remove(&to) else { return };
        let bytes = self.answer(to, &answer, keys);
        if to == ALL {
            self.answers.clear();
        }
        let rest_ms = bytes / ANSWER_REST_BYTES + keys.len() / ANSWER_REST_CELLS;
        self.rested_ms = monotonic_ms.saturating_add(ANSWER_REST_MS + rest_ms as u64);
        self.spoke_ms = monotonic_ms;
    }

    /// Answers; returns how many bytes that took.
    fn answer(&mut self, to: Session, answer: &Answer, keys: &Table) -> usize {
        let everything = self.must_send_everything(answer);
        let wanted = |cell: &Cell| everything || !answer.context.covers(cell.stamp);
        let cells = self.cells.written(keys, &wanted);
        let (context, purged) = (self.context.clone(), self.purged.clone());
        let payload = payload(&Message::Diff { everything, context, purged, cells });
        self.send_payload(to, &payload);
        payload.len()
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
            self.note_sent(frame.message, frame.part, &bytes);
            self.traffic.frames_out += 1;
            self.traffic.bytes_out += bytes.len() as u64;
            self.out_bytes += bytes.len();
            self.out.push_back(bytes);
        }
    }
}

fn payload(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.write(&mut out);
    out
}
