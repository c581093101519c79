//! Laws, on seeded random cases: clocks, contexts, merging, frames and snapshots. Those of the
//! codec are in `codec.rs`.
//!
//! The generators are our own few lines, because what they draw is histories, not values.

#[path = "properties/backlog.rs"]
mod backlog;
#[path = "properties/bodies.rs"]
mod bodies;
#[path = "properties/cases.rs"]
mod cases;
#[path = "properties/contexts.rs"]
mod contexts;
#[path = "properties/intake.rs"]
mod intake;
#[path = "properties/kernels.rs"]
mod kernels;
#[path = "properties/listing.rs"]
mod listing;
#[path = "properties/skew.rs"]
mod skew;
mod support;

use statehall::codec::{Reader, hash};
use statehall::kernel::{Command, Kernel, Options, Time};
use statehall::order::Ordered;
use statehall::replica::causal::Causal;
use statehall::replica::cells::Written;
use statehall::replica::clock::{Clock, Hlc, Session, Stamp};
use statehall::replica::frame::{Frame, Message};
use statehall::{Code, Key, Limits, Value};
use support::damage;
use support::kind::{Kind, measured, settle};
use support::rng::Rng;
use support::testref::TestRef;
use support::voice::{Voice, delete_body, put_body};

const HALL: &str = "hall";
const CASES: u64 = 2_000;

fn at(ms: u64) -> Time {
    Time { unix_ms: 1_000_000 + ms, monotonic_ms: ms }
}

fn open<V: Kind>(seed: u64) -> Kernel<V> {
    // Some remember so few sessions that they have to forget some.
    let sessions = if seed.is_multiple_of(2) { 2 } else { 4_096 };
    let limits = Limits { sessions, ..Limits::default() };
    Kernel::new(Options { name: HALL.into(), seed, limits, ..Options::default() }, V::pool()).expect("right options")
}

#[test]
fn clocks_never_repeat_and_follow_what_they_hear() {
    let rng = &mut Rng::new(1);
    for _ in 0..CASES {
        let (mut clock, mut last) = (Clock::default(), Hlc::default());
        for _ in 0..50 {
            let ms = rng.below(40);
            if rng.percent(30) {
                let heard = Hlc(Hlc::at_ms(ms).0 + rng.pick(&[0, 1, 0xffff]));
                clock.observe(heard);
                last = last.max(heard);
                assert_eq!(clock.last(), last, "hearing moves it exactly that far");
            } else {
                let next = clock.tick(ms);
                assert!(next > last && next >= Hlc::at_ms(ms));
                assert!(next.ms() <= ms.max(last.ms() + 1), "it runs ahead of the wall clock no further than it must");
                last = next;
            }
        }
    }
}

/// All writes that sessions ever made, told in runs: of each the writes, the first after `before`.
struct Past {
    runs: Vec<(Session, Hlc, Vec<Hlc>)>,
}

impl Past {
    fn draw(rng: &mut Rng) -> Self {
        let mut runs = Vec::new();
        for session in (1..=rng.between(1, 4)).map(Session) {
            let mut before = Hlc::default();
            for _ in 0..rng.below(6) {
                let first = before.0;
                let told = (0..rng.between(1, 3)).scan(first, |last, _| {
                    *last += rng.between(1, 9);
                    Some(Hlc(*last))
                });
                let told: Vec<Hlc> = told.collect();
                let last = told[told.len() - 1];
                runs.push((session, before, told));
                before = last;
            }
        }
        Self { runs }
    }

    fn stamps(&self) -> Vec<Stamp> {
        let stamps = |(session, _, told): &(Session, Hlc, Vec<Hlc>)| {
            let session = *session;
            told.iter().map(move |&hlc| Stamp { hlc, session }).collect::<Vec<_>>()
        };
        self.runs.iter().flat_map(stamps).collect()
    }

    /// What somebody knows who has heard some of the runs in some order.
    fn heard(&self, rng: &mut Rng) -> Causal {
        let mut causal = Causal::default();
        let chance = rng.pick(&[20, 60, 100]);
        let mut runs: Vec<_> = self.runs.iter().filter(|_| rng.percent(chance)).collect();
        rng.shuffle(&mut runs);
        for (session, before, told) in runs {
            if *before <= causal.bound(*session) {
                causal.advance(*session, told[told.len() - 1]);
                causal.compact();
                continue;
            }
            let mut before = *before;
            for &hlc in told {
                causal.note(Stamp { hlc, session: *session }, before);
                before = hlc;
            }
        }
        if rng.percent(20) {
            causal.prune(rng.below(3) as usize, Hlc(rng.below(30)));
        }
        causal
    }
}

fn joined(a: &Causal, b: &Causal) -> Causal {
    let mut join = a.clone();
    join.join(b);
    join
}

fn bytes(causal: &Causal) -> Vec<u8> {
    let mut out = Vec::new();
    causal.write(&mut out);
    out
}

#[test]
fn joining_contexts_is_a_join() {
    let rng = &mut Rng::new(2);
    for case in 0..CASES {
        let past = Past::draw(rng);
        let (a, b, c) = (past.heard(rng), past.heard(rng), past.heard(rng));
        let ab = joined(&a, &b);
        assert_eq!(ab, joined(&b, &a), "commutative, case {case}");
        assert_eq!(joined(&ab, &c), joined(&a, &joined(&b, &c)), "associative, case {case}");
        assert_eq!(joined(&ab, &b), ab, "idempotent, case {case}");
        for stamp in past.stamps() {
            assert_eq!(ab.covers(stamp), a.covers(stamp) || b.covers(stamp), "{stamp:?}, case {case}");
        }
        assert!(!ab.lacks(&a) && !ab.lacks(&b));
        assert_eq!(a.lacks(&b), joined(&a, &b) != a, "lacking is what joining would change, case {case}");
        let same = bytes(&a) == bytes(&b);
        assert_eq!((a == b, a.hash() == b.hash()), (same, same), "equal, of equal hash and of equal bytes");
    }
}

#[test]
fn forgetting_sessions_keeps_what_was_seen() {
    let rng = &mut Rng::new(3);
    for case in 0..CASES {
        let past = Past::draw(rng);
        let before = past.heard(rng);
        let (mut after, max) = (before.clone(), rng.below(4) as usize);
        // Forgetting may close gaps of others, which then have a bound, so once may not be enough.
        for _ in 0..=past.runs.len() {
            after.prune(max, Hlc(u64::MAX));
        }
        assert!(after.sessions() <= max, "case {case}");
        for stamp in past.stamps() {
            assert!(!before.covers(stamp) || after.covers(stamp), "{stamp:?}, case {case}");
        }
        assert!(!after.lacks(&before), "case {case}");
    }
}

#[test]
fn contexts_have_one_encoding() {
    let rng = &mut Rng::new(4);
    let (mut refused, mut other) = (0, 0);
    for case in 0..CASES {
        let past = Past::draw(rng);
        let causal = past.heard(rng);
        let whole = bytes(&causal);
        let mut reader = Reader::new(&whole);
        assert_eq!(Causal::read(&mut reader).as_ref(), Ok(&causal), "case {case}");
        assert_eq!(reader.left(), 0);
        for _ in 0..10 {
            let damaged = damage(&whole, rng);
            let mut reader = Reader::new(&damaged);
            match Causal::read(&mut reader) {
                Ok(read) => {
                    let length = damaged.len() - reader.left();
                    assert_eq!(bytes(&read), damaged[..length], "what is read is written the same, case {case}");
                    other += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 0 && other > 0, "both happen: {refused}, {other}");
}

/// What a kernel holds, as bytes: all but who wrote what.
fn state<V: Kind>(kernel: &mut Kernel<V>) -> Vec<u8> {
    settle(kernel);
    kernel.snapshot().expect("all is encoded")
}

/// The frames that tell of a random history of some writers, in order.
fn told(rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for session in 1..=rng.between(1, 4) {
        let mut voice = Voice::new(HALL, session);
        let mut last_ms = 0;
        for _ in 0..rng.between(1, 8) {
            let ms = last_ms + rng.between(1, 5);
            let metadata = rng.percent(20).then(|| Value::from([("m", Value::Null)]));
            let expires_ms = rng.percent(20).then(|| rng.between(1, 2_000_000));
            let value = Value::from(rng.below(3) as i64);
            let body = if rng.percent(30) { delete_body() } else { put_body(&value, expires_ms, metadata.as_ref()) };
            frames.push(voice.ops(last_ms, rng.pick(&["a", "a/b", "c"]), ms, &body));
            last_ms = ms;
        }
    }
    frames
}

#[test]
fn the_same_writes_give_the_same_state_in_any_order() {
    let rng = &mut Rng::new(5);
    for case in 0..CASES / 2 {
        let frames = told(rng);
        let mut first = open::<Value>(1);
        for frame in &frames {
            first.receive(frame, at(0)).expect("a sound frame");
        }
        let expected = state(&mut first);
        let mut shuffled: Vec<_> = frames.iter().collect();
        let doubled = rng.index(frames.len());
        shuffled.extend(&frames[doubled..]);
        rng.shuffle(&mut shuffled);
        let (mut plain, mut counted) = (open::<Value>(2), open::<TestRef>(3));
        for frame in shuffled {
            plain.receive(frame, at(0)).expect("a sound frame");
            counted.receive(frame, at(0)).expect("a sound frame");
        }
        assert!(state(&mut plain) == expected && state(&mut counted) == expected, "case {case}");
        let answer = std::iter::once(expected.as_slice());
        for snapshot in answer.chain([state(&mut plain).as_slice()]) {
            first.restore(snapshot, at(0)).expect("a whole snapshot");
        }
        assert!(state(&mut first) == expected, "joining one's own state changes nothing, case {case}");
    }
}

/// A kernel with some of everything in it.
fn lived_in<V: Kind>(rng: &mut Rng, seed: u64) -> Kernel<V> {
    let mut kernel = open::<V>(seed);
    let pool = V::share(&kernel.pool);
    for n in 0..rng.between(3, 30) {
        let key = Key::parse(rng.pick(&["a", "a/b", "c/d", "e"])).expect("a key");
        let origin = "test".into();
        let command = if rng.percent(25) {
            Command::Delete { key, origin, expect: None, touch: false }
        } else {
            let metadata = rng.percent(20).then(|| measured(&Value::from([("m", 1.into())]), &pool));
            let ttl_ms = rng.percent(20).then_some(5_000_000);
            let value = measured(&Value::from(n as i64), &pool);
            Command::Put { key, value, metadata, origin, expect: None, ttl_ms, touch: false }
        };
        kernel.apply(command, at(n).unix_ms).expect("a sound command");
    }
    for frame in told(rng) {
        kernel.receive(&frame, at(50)).expect("a sound frame");
    }
    kernel
}

#[test]
fn snapshots_are_one_to_one_with_states() {
    let rng = &mut Rng::new(6);
    for case in 0..200 {
        let mut kernel = lived_in::<Value>(rng, 1);
        let snapshot = state(&mut kernel);
        assert!(state(&mut kernel) == snapshot, "taking one changes nothing, case {case}");
        let (mut plain, mut counted) = (open::<Value>(7), open::<TestRef>(8));
        plain.restore(&snapshot, at(60)).expect("a whole snapshot");
        counted.restore(&snapshot, at(60)).expect("a whole snapshot");
        assert!(state(&mut plain) == snapshot && state(&mut counted) == snapshot, "case {case}");
        let seen = |kernel: &Kernel<Value>| -> Vec<_> {
            let entries =
                kernel.slots(None).into_iter().filter_map(|slot| Some((kernel.key(slot)?, kernel.entry_at(slot)?)));
            entries.map(|(key, entry)| (key, entry.value.clone(), entry.metadata.clone(), entry.expires_ms)).collect()
        };
        assert_eq!(seen(&plain), seen(&kernel), "case {case}");
    }
}

#[test]
fn damaged_snapshots_are_refused_and_change_nothing() {
    let rng = &mut Rng::new(7);
    let snapshot = state(&mut lived_in::<Value>(rng, 1));
    let mut kernel = lived_in::<Value>(rng, 2);
    let before = (state(&mut kernel), kernel.revision(), kernel.usage());
    let mut refuse = |bytes: &[u8], code: Code| {
        assert_eq!(kernel.restore(bytes, at(60)).map_err(|error| error.code), Err(code));
        assert!(kernel.next_effect().is_none());
        assert!(
            (state(&mut kernel), kernel.revision(), kernel.usage()) == before,
            "a refused snapshot changes nothing"
        );
    };
    for length in 0..snapshot.len() {
        refuse(&snapshot[..length], Code::InvalidSnapshot);
    }
    for at in 0..snapshot.len() {
        for bit in [0, 3, 7] {
            let mut damaged = snapshot.clone();
            damaged[at] ^= 1 << bit;
            refuse(&damaged, Code::InvalidSnapshot);
        }
    }
    refuse(&[snapshot.as_slice(), &[0]].concat(), Code::InvalidSnapshot);
    // With the right checksum it is whole, but of a version that does not exist yet.
    refuse(&resealed(&snapshot, |body| body[4] += 1), Code::NewerVersion);
    refuse(&resealed(&snapshot, |body| body.push(0)), Code::InvalidSnapshot);
}

/// Changed bytes with a right checksum at their end.
fn resealed(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = bytes[..bytes.len() - 8].to_vec();
    change(&mut body);
    let sum = hash(&body);
    body.extend_from_slice(&sum.to_le_bytes());
    body
}

/// Snapshots and frames that are wrong in spite of a right checksum: refused or taken in, but
/// never with a panic, and if refused then without a trace.
#[test]
fn forged_bytes_never_panic_and_leave_no_trace_if_refused() {
    let rng = &mut Rng::new(8);
    let (mut refused, mut taken) = (0, 0);
    for case in 0..CASES / 4 {
        let (refusals, forgeries) = if case % 2 == 0 { forge::<Value>(rng, case) } else { forge::<TestRef>(rng, case) };
        (refused, taken) = (refused + refusals, taken + forgeries);
    }
    assert!(refused > 0 && taken > 0, "both happen: {refused}, {taken}");
}

/// A kernel that hears forged bytes and then goes on; how many were refused, how many not.
fn forge<V: Kind>(rng: &mut Rng, seed: u64) -> (u64, u64) {
    let (mut refused, mut taken) = (0, 0);
    let snapshot = state(&mut lived_in::<Value>(rng, 1));
    let frames = sampled(rng);
    let mut victim = lived_in::<V>(rng, seed / 2);
    while victim.next_effect().is_some() {} // one of the forgers may have gone by its name
    for _ in 0..20 {
        let before = (state(&mut victim), victim.revision(), victim.usage().entries, victim.peers().count());
        let result = if rng.percent(30) {
            let forged = resealed(&snapshot, |body| *body = damage(body, rng));
            victim.restore(&forged, at(60))
        } else {
            let frame = &frames[rng.index(frames.len())];
            victim.receive(&forged(frame, rng), at(60))
        };
        match result {
            Err(_) => {
                assert!(victim.next_effect().is_none());
                let after = (state(&mut victim), victim.revision(), victim.usage().entries, victim.peers().count());
                assert!(after == before, "a refused frame changes nothing");
                refused += 1;
            }
            Ok(()) => taken += 1,
        }
        while victim.next_effect().is_some() {}
    }
    victim.join(at(61));
    let pool = V::share(&victim.pool);
    for ms in 61..100 {
        let (key, value) = (Key::parse("own").expect("a key"), measured(&Value::from(ms as i64), &pool));
        let origin = "test".into();
        let put = Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false };
        victim.apply(put, at(ms).unix_ms).expect("a sound command");
        settle(&mut victim);
        victim.advance(at(ms));
        while victim.next_frame().is_some() {}
    }
    (refused, taken)
}

/// Frames of every kind of message.
fn sampled(rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut frames = told(rng);
    let mut voice = Voice::new(HALL, 9);
    let past = Past::draw(rng);
    let (context, everything) = (past.heard(rng), rng.percent(50));
    frames.push(voice.say(&Message::Hello { agent: "agent", everything, context: context.clone() }));
    let purged = Ordered::from_iter([(Session(3), Hlc(7))]);
    let body = put_body(&1.into(), None, None);
    let cells = vec![Written { key: "a", stamp: voice.stamp(3), body: &body }];
    frames.push(voice.say(&Message::Diff { everything, context, purged, cells }));
    frames.push(voice.say(&Message::Ping { agent: "agent", context_hash: 1, live_hash: 2 }));
    frames.push(voice.say(&Message::Here { agent: "agent" }));
    frames.push(voice.say(&Message::Bye));
    frames
}

/// A frame with a damaged head or payload and a right checksum, whole or as one of several parts.
fn forged(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    if rng.percent(30) {
        return resealed(bytes, |body| *body = damage(body, rng));
    }
    let hall = hash(HALL.as_bytes());
    let frame = Frame::read(bytes, hall).expect("a sound frame");
    let payload = damage(frame.payload, rng);
    let parts = rng.pick(&[1, 1, 1, 2, u64::MAX]);
    let part = rng.below(parts);
    Frame { payload: &payload, part, parts, message: rng.below(3), ..frame }.write(hall)
}

#[test]
fn bytes_that_are_no_frame_change_nothing() {
    let rng = &mut Rng::new(9);
    let mut kernel = lived_in::<Value>(rng, 1);
    let before = (state(&mut kernel), kernel.revision(), kernel.peers().count());
    let (samples, start) = (sampled(rng), kernel.usage().traffic.dropped);
    let mut dropped = 0;
    for _ in 0..CASES * 10 {
        let bytes = if rng.percent(30) {
            let length = rng.index(200);
            rng.bytes(length)
        } else {
            let sample = &samples[rng.index(samples.len())];
            let damaged = damage(sample, rng);
            if damaged == *sample { continue } else { damaged }
        };
        assert!(kernel.receive(&bytes, at(60)).is_err());
        dropped += 1;
    }
    assert_eq!(kernel.usage().traffic.dropped, start + dropped);
    assert!(kernel.next_effect().is_none());
    assert!((state(&mut kernel), kernel.revision(), kernel.peers().count()) == before);
}
