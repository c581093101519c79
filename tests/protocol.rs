//! Promises of the protocol, each in a few messages: what the simulation has found, in small, and
//! what it can hardly reach.

mod support;

use statehall::kernel::{Command, Effect, Kernel, Measured, Options, Time};
use statehall::order::Ordered;
use statehall::replica::causal::Causal;
use statehall::replica::cells::Written;
use statehall::replica::clock::Hlc;
use statehall::replica::frame::{Frame, Message};
use statehall::replica::protocol::PING_MS;
use statehall::{Code, Key, Limits, Value};
use support::kind::{encoded, measured};
use support::stored::held;
use support::testref::{Slab, TestRef};
use support::voice::{Voice, delete_body, put_body};

const HALL: &str = "hall";
const BEGIN_MS: u64 = 1_700_000_000_000;

fn at(ms: u64) -> Time {
    Time { unix_ms: BEGIN_MS + ms, monotonic_ms: 1_000_000 + ms }
}

fn hall(seed: u64) -> Kernel<Value> {
    hall_with(Options { seed, ..Options::default() })
}

fn hall_with(options: Options) -> Kernel<Value> {
    Kernel::new(Options { name: HALL.into(), ..options }, ()).expect("right options")
}

fn put(kernel: &mut Kernel<Value>, key: &str, value: impl Into<Value>, ms: u64) {
    let put = Command::Put {
        key: Key::parse(key).expect("a key"),
        value: measured(&value.into(), &()),
        metadata: None,
        origin: "test".into(),
        expect: None,
        ttl_ms: None,
        touch: false,
    };
    kernel.apply(put, at(ms).unix_ms).expect("a put");
}

fn delete(kernel: &mut Kernel<Value>, key: &str, ms: u64) {
    let key = Key::parse(key).expect("a key");
    let delete = Command::Delete { key, origin: "test".into(), expect: None, touch: false };
    kernel.apply(delete, at(ms).unix_ms).expect("a delete");
}

/// Lets time pass in a kernel and returns its frames.
fn frames(kernel: &mut Kernel<Value>, ms: u64) -> Vec<Vec<u8>> {
    kernel.advance(at(ms));
    std::iter::from_fn(|| kernel.next_frame()).collect()
}

/// Two kernels talk without faults for a while.
fn talk(a: &mut Kernel<Value>, b: &mut Kernel<Value>, from_ms: u64, to_ms: u64) {
    for ms in (from_ms..=to_ms).step_by(5) {
        for frame in frames(a, ms) {
            b.receive(&frame, at(ms)).expect("a sound frame");
        }
        for frame in frames(b, ms) {
            a.receive(&frame, at(ms)).expect("a sound frame");
        }
    }
}

/// How many of the frames satisfy a test on their message.
fn count(frames: &[Vec<u8>], is: impl Fn(&Message<'_>) -> bool) -> usize {
    let hall = statehall::codec::hash(HALL.as_bytes());
    let read = |bytes: &&Vec<u8>| {
        let frame = Frame::read(bytes, hall).expect("a frame");
        Message::read(frame.payload, frame.version).is_ok_and(|message| is(&message))
    };
    frames.iter().filter(read).count()
}

fn integer(kernel: &Kernel<Value>, key: &str) -> Option<i64> {
    kernel.entry(key).and_then(|entry| entry.value.as_integer())
}

/// What a peer holds, and has seen, as an answer that is everything.
fn everything<'a>(context: &Causal, cells: Vec<Written<'a>>) -> Message<'a> {
    Message::Diff { everything: true, context: context.clone(), purged: Ordered::default(), cells }
}

/// Without this, an old write that its author has seen nobody delete undoes a delete that this
/// session still remembers (the `tombstones` ablation).
#[test]
fn what_is_deleted_here_stays_so() {
    let mut kernel = hall(1);
    let (mut deleter, mut forgetful, mut orphan) = (Voice::new(HALL, 21), Voice::new(HALL, 22), Voice::new(HALL, 23));
    kernel.receive(&deleter.ops(0, "k", BEGIN_MS + 50, &delete_body()), at(60)).expect("a delete");
    // A peer that has seen the delete and dropped its tombstone tells everything that it has.
    let mut context = Causal::default();
    context.advance(deleter.stamp(0).session, Hlc::at_ms(BEGIN_MS + 50));
    kernel.receive(&forgetful.tell(kernel.session(), &everything(&context, vec![])), at(70)).expect("an answer");
    kernel.receive(&orphan.ops(0, "k", BEGIN_MS + 10, &put_body(&1.into(), None, None)), at(80)).expect("a put");
    assert!(kernel.entry("k").is_none(), "an older write has undone a delete");
}

/// Writes from before joining were once covered by the first write after it, and lost.
#[test]
fn what_is_written_before_joining_is_not_passed_over() {
    let (mut early, mut other) = (hall(1), hall(2));
    other.join(at(0));
    frames(&mut other, 0);
    put(&mut early, "before", 1, 1);
    frames(&mut early, 2);
    early.join(at(3));
    frames(&mut early, 3); // its question is lost
    put(&mut early, "after", 2, 4);
    talk(&mut early, &mut other, 5, 3_000);
    assert_eq!((integer(&other, "before"), integer(&other, "after")), (Some(1), Some(2)));
    assert_eq!((integer(&early, "before"), integer(&early, "after")), (Some(1), Some(2)));
}

/// A ping that meets writes not yet encoded was once taken for a difference in what is live.
#[test]
fn unsealed_writes_do_not_raise_an_alarm() {
    let (mut a, mut b) = (hall(1), hall(2));
    a.join(at(0));
    b.join(at(0));
    put(&mut a, "k", 1, 0);
    talk(&mut a, &mut b, 0, 1_000);
    put(&mut b, "k", 2, 1_001);
    let pings: Vec<_> = (1_002..5_000).step_by(10).flat_map(|ms| frames(&mut a, ms)).collect();
    assert!(count(&pings, |message| matches!(message, Message::Ping { .. })) > 0);
    for frame in &pings {
        b.receive(frame, at(5_000)).expect("a sound frame");
    }
    let answers: Vec<_> = (5_000..7_000).step_by(10).flat_map(|ms| frames(&mut b, ms)).collect();
    assert_eq!(count(&answers, |message| matches!(message, Message::Hello { everything: true, .. })), 0);
}

/// Others' activity once put off the ping of a session that only listens, until it was forgotten.
#[test]
fn who_only_listens_stays_here_however_busy_the_others_are() {
    let (mut busy, mut quiet) = (hall(1), hall(2));
    busy.join(at(0));
    quiet.join(at(0));
    for second in 0..400 {
        put(&mut busy, "clock", second, 500 * second as u64);
        talk(&mut busy, &mut quiet, 500 * second as u64, 500 * second as u64 + 20);
        assert_eq!(busy.peers().count(), 1, "after {second} half seconds");
    }
}

/// What one session refuses as too far ahead must not drag its own clock there.
#[test]
fn a_wrong_clock_is_not_catching() {
    const DAYS_MS: u64 = 3 * 24 * 3_600_000;
    let (mut a, mut b) = (hall(1), hall(2));
    a.join(at(0));
    b.join(at(0));
    talk(&mut a, &mut b, 0, 100);
    let mut wrong = Voice::new(HALL, 77);
    let frame = wrong.ops(0, "k", BEGIN_MS + DAYS_MS, &put_body(&1.into(), None, None));
    a.receive(&frame, at(101)).expect("a frame like any other");
    let is_report = |effect: Effect<Value>| matches!(effect, Effect::Report(error) if error.code == Code::ClockAhead);
    assert!(std::iter::from_fn(|| a.next_effect()).any(is_report), "it is reported");
    assert!(a.entry("k").is_none());
    talk(&mut a, &mut b, 102, 3_000);
    put(&mut b, "after", 2, 3_001);
    talk(&mut a, &mut b, 3_002, 6_000);
    assert_eq!((integer(&a, "after"), integer(&b, "after")), (Some(2), Some(2)));
}

/// A kernel that starts late by its monotonic clock once forgot restored deletes at once.
#[test]
fn restored_deletes_are_remembered_as_long_as_others() {
    let mut first = hall(1);
    put(&mut first, "k", 1, 0);
    frames(&mut first, 0);
    delete(&mut first, "k", 1);
    let snapshot = first.snapshot().expect("a snapshot");
    let mut second = hall(2);
    second.restore(&snapshot, at(2)).expect("a whole snapshot");
    second.advance(at(3));
    assert_eq!(second.usage().tombstones, 1);
    second.advance(at(3 + statehall::kernel::TOMBSTONE_MS));
    assert_eq!(second.usage().tombstones, 0);
}

/// A snapshot whose tombstones were purged still says what was deleted.
#[test]
fn a_snapshot_deletes_what_it_knows_to_be_gone() {
    let options = |seed| Options { seed, tombstone_ms: 10, ..Options::default() };
    let (mut a, mut b) = (hall_with(options(1)), hall_with(options(2)));
    a.join(at(0));
    b.join(at(0));
    put(&mut a, "k", 1, 0);
    talk(&mut a, &mut b, 0, 100);
    delete(&mut a, "k", 101);
    frames(&mut a, 102); // nobody hears it
    a.advance(at(200));
    assert_eq!(a.usage().tombstones, 0);
    put(&mut b, "own", 2, 201);
    b.restore(&a.snapshot().expect("a snapshot"), at(202)).expect("a whole snapshot");
    assert_eq!((integer(&b, "k"), integer(&b, "own")), (None, Some(2)));
}

/// A session that had merged more than its own limit once refused to hear the same again.
#[test]
fn what_is_known_already_needs_no_room() {
    let mut limits = Limits::default();
    limits.set("bytes", 100).expect("a limit");
    let mut kernel = hall_with(Options { seed: 1, limits, ..Options::default() });
    let mut voice = Voice::new(HALL, 5);
    let body = put_body(&"x".repeat(60).into(), None, None);
    for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
        let ms = BEGIN_MS + n as u64;
        kernel.receive(&voice.ops(if n == 0 { 0 } else { ms - 1 }, key, ms, &body), at(10)).expect("twice the limit");
    }
    let bytes = kernel.usage().bytes;
    assert!((101..=200).contains(&bytes), "{bytes}");
    let last_ms = BEGIN_MS + 2;
    let refused = kernel.receive(&voice.ops(last_ms, "e", last_ms + 1, &body), at(11));
    assert_eq!(refused.map_err(|error| error.code), Err(Code::Limit));
    assert_eq!(kernel.usage().bytes, bytes);
    let mut context = Causal::default();
    context.advance(voice.stamp(0).session, Hlc::at_ms(last_ms));
    let stamps = (0..3).map(|n| voice.stamp(BEGIN_MS + n)).zip(["a", "b", "c"]);
    let cells = stamps.map(|(stamp, key)| Written { key, stamp, body: &body }).collect();
    let frame = voice.say(&everything(&context, cells));
    kernel.receive(&frame, at(12)).expect("what is known");
    kernel.receive(&voice.ops(last_ms, "a", last_ms + 2, &delete_body()), at(13)).expect("what makes room");
    assert_eq!(kernel.usage().entries, 2);
}

/// Each of many deletes of a key once took the size of its entry off the sum, so that forged answers
/// could bring in more than twice the limit, and then again.
#[test]
fn many_deletes_of_one_key_make_room_once() {
    let limits = Limits { entries: 2, ..Limits::default() };
    let mut kernel = hall_with(Options { seed: 1, limits, ..Options::default() });
    let (mut voice, body, gone) = (Voice::new(HALL, 5), put_body(&1.into(), None, None), delete_body());
    let mut answer = |writes: &[(&str, u64, &[u8])]| {
        let cells = writes.iter().map(|&(key, ms, body)| Written { key, stamp: voice.stamp(BEGIN_MS + ms), body });
        let (context, purged) = (Causal::default(), Ordered::default());
        voice.say(&Message::Diff { everything: false, context, purged, cells: cells.collect() })
    };
    let four = answer(&[("a", 1, &body), ("b", 2, &body), ("c", 3, &body), ("d", 4, &body)]);
    kernel.receive(&four, at(10)).expect("twice the limit");
    let forged = answer(&[("a", 5, &gone), ("a", 6, &gone), ("e", 7, &body), ("f", 8, &body)]);
    assert_eq!(kernel.receive(&forged, at(10)).map_err(|error| error.code), Err(Code::Limit));
    // What is left out for its time makes no room either.
    let late = answer(&[("e", 7, &body), ("a", 1 << 40, &gone)]);
    assert_eq!(kernel.receive(&late, at(10)).map_err(|error| error.code), Err(Code::Limit));
    let sound = answer(&[("a", 5, &gone), ("e", 7, &body)]);
    kernel.receive(&sound, at(10)).expect("one goes and one comes");
    assert_eq!(kernel.usage().entries, 4);
}

/// What had expired was once counted like entries, so that a hall refused its own snapshot.
#[test]
fn what_has_expired_needs_no_room() {
    let limited =
        |seed| hall_with(Options { seed, limits: Limits { entries: 2, ..Limits::default() }, ..Options::default() });
    let (mut first, mut second) = (limited(1), limited(2));
    first.join(at(0));
    for n in 0..9 {
        let put = Command::Put {
            key: Key::parse(&format!("k{n}")).expect("a key"),
            value: measured(&1.into(), &()),
            metadata: None,
            origin: "test".into(),
            expect: None,
            ttl_ms: Some(1),
            touch: false,
        };
        first.apply(put, at(10 * n).unix_ms).expect("a put");
        first.advance(at(10 * n + 5));
    }
    let snapshot = first.snapshot().expect("a snapshot");
    second.restore(&snapshot, at(100)).expect("a whole snapshot");
    assert_eq!((second.usage().entries, second.usage().tombstones), (0, 9));
}

/// The values of expired entries once stayed until they were purged, and no limit counted them.
#[test]
fn what_has_expired_is_not_kept() {
    let (mut kernel, mut voice) = (hall(1), Voice::new(HALL, 5));
    let large = "x".repeat(50_000).into();
    for ms in 1..=9 {
        // One has expired when it comes, and eight are there for a while.
        let body = put_body(&large, Some(BEGIN_MS + 10 * ms), None);
        let frame = voice.ops(BEGIN_MS + ms - 1, &format!("k{ms}"), BEGIN_MS + ms, &body);
        kernel.receive(&frame, at(15)).expect("a write");
    }
    assert_eq!((kernel.usage().entries, kernel.usage().tombstones), (8, 1));
    assert!(held(&kernel.snapshot().expect("a snapshot")).bytes == kernel.usage().bytes);
    kernel.advance(at(90));
    assert_eq!((kernel.usage().bytes, kernel.usage().tombstones), (0, 9));
    let left = kernel.snapshot().expect("a snapshot").len();
    assert!(left < 1_000, "{left} bytes");
    // Whoever still has one tells nothing new.
    let body = put_body(&large, Some(BEGIN_MS + 90), None);
    let cells = vec![Written { key: "k9", stamp: voice.stamp(BEGIN_MS + 9), body: &body }];
    let (context, purged) = (Causal::default(), Ordered::default());
    let again = voice.say(&Message::Diff { everything: false, context, purged, cells });
    kernel.receive(&again, at(91)).expect("what is known");
    assert_eq!((kernel.usage().bytes, kernel.usage().tombstones), (0, 9));
}

/// A snapshot says of each session up to where it was heard: past the limit the long gone ones become one floor.
#[test]
fn sessions_that_are_long_gone_take_no_room() {
    const SESSIONS: u64 = 10_000;
    let mut kernel = hall(1);
    let mut most = 0;
    for n in 1..=SESSIONS {
        let (ms, body) = (1_000 * n, put_body(&(n as i64).into(), None, None));
        let frame = Voice::new(HALL, n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).ops(0, "k", BEGIN_MS + ms, &body);
        kernel.receive(&frame, at(ms)).expect("a write");
        kernel.advance(at(ms));
        if n % 500 == 0 {
            most = most.max(kernel.snapshot().expect("a snapshot").len());
        }
    }
    let room = 17 * Limits::default().sessions as usize;
    assert!((room / 2..room + 200).contains(&most), "{most} bytes");
    assert_eq!(kernel.entry("k").map(|entry| entry.value.clone()), Some((SESSIONS as i64).into()));
}

/// A value that a batch may yet take back must not be sealed under the stamp of another.
#[test]
fn nothing_is_encoded_inside_a_batch() {
    let pool = Slab::default();
    let mut kernel = Kernel::<TestRef>::new(Options::default(), pool.clone()).expect("right options");
    let put = |value: i64| Command::Put {
        key: Key::parse("k").expect("a key"),
        value: measured(&value.into(), &pool),
        metadata: None::<Measured<TestRef>>,
        origin: "test".into(),
        expect: None,
        ttl_ms: None,
        touch: false,
    };
    kernel.apply(put(1), 5).expect("a put");
    kernel.begin().expect("a batch");
    kernel.apply(put(2), 6).expect("a put");
    assert!(kernel.wanted().is_empty());
    let bytes = encoded(&2.into());
    assert_eq!(kernel.supply([bytes.as_slice()]).map_err(|error| error.code), Err(Code::InvalidArgument));
    kernel.roll_back().expect("a batch");
    assert_eq!(kernel.wanted().len(), 1);
}

/// While others wrote, pings were once put off, and with them the news of a lost write.
#[test]
fn a_lost_last_write_is_found_although_others_are_busy() {
    const WRITTEN_MS: u64 = 10_001;
    let (mut a, mut b, mut busy) = (hall(1), hall(2), hall(3));
    for kernel in [&mut a, &mut b, &mut busy] {
        kernel.join(at(0));
    }
    let mut found_ms = None;
    for ms in (1..4 * PING_MS).step_by(20) {
        if ms == WRITTEN_MS {
            put(&mut a, "lost", 1, ms);
            frames(&mut a, ms); // nobody hears it
        }
        if ms % 500 == 1 {
            put(&mut busy, "clock", ms as i64, ms);
        }
        let mut posted = Vec::new();
        for (from, kernel) in [&mut a, &mut b, &mut busy].into_iter().enumerate() {
            posted.extend(frames(kernel, ms).into_iter().map(|frame| (from, frame)));
        }
        for (from, frame) in posted {
            for (to, kernel) in [&mut a, &mut b, &mut busy].into_iter().enumerate() {
                if to != from {
                    kernel.receive(&frame, at(ms)).expect("a sound frame");
                }
            }
        }
        if b.entry("lost").is_some() {
            found_ms = found_ms.or(Some(ms));
        }
    }
    assert!(found_ms.is_some_and(|ms| ms <= WRITTEN_MS + PING_MS + 2_000), "found after {found_ms:?} ms");
}

#[test]
fn a_message_larger_than_what_is_kept_is_refused_with_the_reason() {
    let limits = Limits { message_bytes: 65_536, ..Limits::default() };
    let (mut small, mut large) = (hall_with(Options { seed: 1, limits, ..Options::default() }), hall(2));
    put(&mut large, "large", "x".repeat(200_000), 0);
    large.join(at(0));
    small.join(at(0));
    let mut refused = 0;
    for ms in (0..400).step_by(5) {
        for frame in frames(&mut small, ms) {
            large.receive(&frame, at(ms)).expect("a sound frame");
        }
        for frame in frames(&mut large, ms) {
            if let Err(error) = small.receive(&frame, at(ms)) {
                assert_eq!(error.code, Code::Limit, "{error}");
                assert!(error.detail.starts_with("messageBytes is at most 65536"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && small.usage().traffic.dropped == refused, "{refused} times");
    assert!(small.entry("large").is_none());
    put(&mut large, "small", 1, 400);
    talk(&mut small, &mut large, 400, 800);
    assert_eq!(integer(&small, "small"), Some(1), "what fits still arrives");
}

#[test]
fn too_many_deletes_ask_for_time_at_once() {
    let limits = Limits { tombstones: 100, ..Limits::default() };
    let mut kernel = hall_with(Options { seed: 1, limits, ..Options::default() });
    kernel.advance(at(0));
    for n in 0..1_000 {
        put(&mut kernel, &format!("k{n}"), 1, 0);
        delete(&mut kernel, &format!("k{n}"), 0);
    }
    assert_eq!(kernel.next_wake(at(0)), Some(0));
    kernel.advance(at(0));
    assert_eq!(kernel.usage().tombstones, 100);
    assert!(kernel.next_wake(at(0)) > Some(0), "and then they may stay for their time");
}

#[test]
fn a_burst_larger_than_what_may_wait_arrives_if_it_is_taken_in_time() {
    let limited = |seed| {
        let limits = Limits { message_bytes: 65_536, ..Limits::default() };
        hall_with(Options { seed, limits, ..Options::default() })
    };
    let (mut a, mut b) = (limited(1), limited(2));
    a.join(at(0));
    b.join(at(0));
    talk(&mut a, &mut b, 0, 400);
    for n in 0..300 {
        put(&mut a, &format!("k{n}"), "x".repeat(800), 400);
    }
    talk(&mut a, &mut b, 400, 800);
    assert_eq!((b.usage().entries, b.usage().traffic.dropped), (300, 0));
    // Nobody takes them now: what waits stays bounded, and the last of it is whole.
    for n in 0..300 {
        put(&mut a, "k", n as i64, 800 + n);
        put(&mut a, "large", "x".repeat(1_000), 800 + n);
        a.advance(at(800 + n));
    }
    let waiting: usize = std::iter::from_fn(|| a.next_frame()).map(|frame| frame.len()).sum();
    assert!((1_000..70_000).contains(&waiting), "{waiting} bytes wait");
}
