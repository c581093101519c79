//! Lies about what was seen: sessions that never were, and claims to know everything.

use crate::room::{BEGIN_MS, HALL, Room};
use crate::support::voice::{Voice, put_body};
use crate::{MOMENT, answer, seen};
use statehall::Code;
use statehall::kernel::Limits;
use statehall::replica::causal::Causal;
use statehall::replica::clock::{Hlc, Session, Stamp};
use statehall::replica::frame::Message;

const DAY_MS: u64 = 24 * 3_600_000;
/// What a session with the default limits may know of others, in bytes: twice its 4,096 sessions and as many strays.
const KNOWN_BYTES_MAX: usize = 500_000;

/// Sessions with numbers that nobody has.
fn nobody(from: u64, count: u64) -> impl Iterator<Item = Session> {
    (from..from + count).map(|n| Session(1 + n * 0x1000_0001))
}

#[test]
fn sessions_that_never_were_are_not_remembered_without_end() {
    for ahead_ms in [0, DAY_MS - 60_000] {
        let mut room = Room::new(3, Limits::default());
        let mut voice = Voice::new(HALL, 666);
        for round in 0..40 {
            let context = seen(nobody(round * 5_000, 5_000), BEGIN_MS + room.ms + ahead_ms + round);
            room.shout(&voice.say(&answer(false, &context, vec![])));
            room.pass(10);
        }
        for place in 0..3 {
            let bytes = room.snapshot_bytes(place);
            assert!(bytes < KNOWN_BYTES_MAX, "{bytes} bytes of what nobody has written");
        }
        // A newcomer, of whom nobody has heard yet, is heard all the same.
        room.enter();
        room.pass(1_000);
        room.check_it_goes_on();
        assert!(room.slowest < MOMENT, "{:?}", room.slowest);
    }
}

#[test]
fn a_context_larger_than_any_is_refused() {
    let mut room = Room::new(1, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    let context = seen(nobody(0, 140_000), BEGIN_MS);
    room.shout(&voice.say(&answer(false, &context, vec![])));
    room.shout(&voice.say(&Message::Hello { agent: "hostile", everything: false, context }));
    assert_eq!(room.reported(0, Code::InvalidFrame), 2);
    assert!(room.snapshot_bytes(0) < 1_000);
}

#[test]
fn strays_without_end_are_not_remembered_either() {
    let mut room = Room::new(2, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    for round in 0..10 {
        let mut context = Causal::default();
        for session in nobody(round * 9_000, 9_000) {
            let hlc = Hlc::at_ms(BEGIN_MS + room.ms);
            context.note(Stamp { hlc, session }, Hlc(hlc.0 - 1));
        }
        room.shout(&voice.say(&answer(false, &context, vec![])));
        room.pass(10);
    }
    let bytes = room.snapshot_bytes(0);
    assert!(bytes < KNOWN_BYTES_MAX, "{bytes} bytes");
    // And single writes after gaps, of many names.
    let body = put_body(&1.into(), None, None);
    for session in nobody(200_000, 6_000) {
        let now_ms = BEGIN_MS + room.ms;
        room.shout(&Voice::new(HALL, session.0).ops(now_ms - 1, "k", now_ms, &body));
    }
    let bytes = room.snapshot_bytes(0);
    assert!(bytes < KNOWN_BYTES_MAX, "{bytes} bytes");
    // What is never closed costs whoever writes nothing at every turn.
    let began = std::time::Instant::now();
    for n in 0..5_000 {
        room.put(0, "own", n).expect("a write");
        let time = room.time();
        room.kernels[0].advance(time);
    }
    let each = began.elapsed() / 5_000;
    assert!(each.as_micros() < 200, "{each:?} a write");
    room.check_it_goes_on();
}

/// Whoever had dropped the deletes of a session tells all it has to those who have seen less of that session. Claims
/// about sessions that nobody has seen once made every answer such a one, for ever.
#[test]
fn claims_to_have_forgotten_do_not_make_every_answer_a_whole_state() {
    let mut room = Room::new(2, Limits::default());
    for n in 0..200 {
        room.put(0, &format!("k/{n}"), "x".repeat(500)).expect("room");
    }
    room.pass(2_000);
    let mut voice = Voice::new(HALL, 666);
    let far = Hlc(u64::MAX);
    let known = seen([room.kernels[0].session(), room.kernels[1].session()], BEGIN_MS + room.ms);
    let purged = nobody(0, 1_000).map(|session| (session, far));
    let purged = purged.chain(room.kernels.iter().map(|kernel| (kernel.session(), far))).collect();
    let mut hello = Message::Diff { everything: true, context: Causal::default(), purged, cells: vec![] };
    room.shout(&voice.say(&hello));
    if let Message::Diff { context, .. } = &mut hello {
        *context = known.until(Hlc::at_ms(BEGIN_MS + room.ms - 1_000), Hlc(0));
    }
    room.shout(&voice.say(&hello));
    room.pass(60_000);
    assert!(room.snapshot_bytes(1) < 200_000, "{}", room.snapshot_bytes(1));
    let before = room.sent.clone();
    for _ in 0..10 {
        // A difference that is none: each asks, and is answered with what it lacks.
        room.shout(&voice.say(&Message::Ping { agent: "hostile", context_hash: 1, live_hash: 2 }));
        room.pass(10_000);
    }
    let sent: usize = room.sent.iter().zip(before).map(|(now, before)| now - before).sum();
    assert!(sent < 100_000, "{sent} bytes for ten pings");
    room.check_it_goes_on();
}
