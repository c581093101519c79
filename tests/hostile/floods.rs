//! Questions, differences and parts without end: what others make of them is bounded.

use crate::room::{BEGIN_MS, HALL, Room};
use crate::support::rng::Rng;
use crate::support::voice::{Voice, delete_body, put_body};
use crate::{MOMENT, answer, seen};
use statehall::Code;
use statehall::kernel::{Limits, Options};
use statehall::replica::causal::Causal;
use statehall::replica::cells::Written;
use statehall::replica::clock::{Hlc, Session, Stamp};
use statehall::replica::frame::Message;

const STATE_BYTES: usize = 500_000;

/// Two kernels with half a megabyte.
fn laden() -> Room {
    let mut room = Room::new(2, Limits::default());
    for n in 0..500 {
        room.put(0, &format!("k/{n}"), "x".repeat(1_000)).expect("room");
    }
    room.pass(3_000);
    room
}

/// Every question of a new name was once answered with the whole state, thousands at once.
#[test]
fn a_flood_of_questions_is_answered_at_a_bounded_rate_and_newcomers_are_not_forgotten() {
    let mut room = laden();
    let before = room.sent.clone();
    let mut late = None;
    for n in 0..10_000 {
        let context = Causal::default();
        let mut voice = Voice::new(HALL, 1_000_000 + n);
        room.shout(&voice.say(&Message::Hello { agent: "hostile", everything: true, context }));
        // Some turns in every moment, as where each frame is followed by one.
        match n % 50 {
            0 => room.pass(5),
            10 | 20 | 30 | 40 => room.turn(),
            _ => {}
        }
        if n == 5_000 {
            late = Some(room.enter());
        }
    }
    // A second of flood: no more than an answer in five milliseconds, and a rest for its size.
    let (passed_ms, sent) = (1_000, room.sent.iter().zip(before).map(|(now, before)| now - before).sum::<usize>());
    let answers = 2 * passed_ms / (5 + STATE_BYTES / 65_536);
    assert!(sent < answers * 2 * STATE_BYTES, "{sent} bytes, {answers} answers");
    let late = late.expect("somebody has come");
    assert_eq!(room.state(late).len(), 500, "and was answered with the crowd");
    assert!(room.slowest < MOMENT, "{:?}", room.slowest);
    room.check_it_goes_on();
}

/// Whoever says again and again that its state differs had everybody ask for everything all the time.
#[test]
fn asking_in_vain_is_done_ever_more_rarely() {
    let mut room = laden();
    let mut voice = Voice::new(HALL, 666);
    let before = room.sent.clone();
    for round in 0..600 {
        // What the honest have seen is known to whoever listens: only what they hold seems to differ.
        let context_hash = context_of(&mut room, 0).hash();
        room.shout(&voice.say(&Message::Ping { agent: "hostile", context_hash, live_hash: round }));
        room.pass(100);
    }
    let sent: usize = room.sent.iter().zip(before).map(|(now, before)| now - before).sum();
    assert!(sent < 30 * STATE_BYTES, "{sent} bytes in a minute, for what takes {STATE_BYTES}");
    room.check_it_goes_on();
}

fn context_of(room: &mut Room, place: usize) -> Causal {
    let snapshot = room.kernels[place].snapshot().expect("a snapshot");
    Causal::read(&mut statehall::codec::Reader::new(&snapshot[5..])).expect("a context")
}

#[test]
fn questions_that_claim_what_nobody_has_are_not_asked_back_all_the_time() {
    let mut room = laden();
    let mut voice = Voice::new(HALL, 666);
    let before = room.sent.clone();
    for round in 0..600 {
        let context = seen([Session(5), Session(6)], BEGIN_MS + room.ms + round);
        room.shout(&voice.say(&Message::Hello { agent: "hostile", everything: false, context }));
        room.pass(100);
    }
    // What it asked for is answered, each time by one; what it claims is asked for now and then.
    let sent: usize = room.sent.iter().zip(before).map(|(now, before)| now - before).sum();
    assert!(sent < 700 * STATE_BYTES, "{sent} bytes in a minute");
    room.check_it_goes_on();
}

#[test]
fn parts_that_never_make_a_message_are_bounded_and_delay_nobody_for_ever() {
    let limits = Limits { message_bytes: 1_000_000, frame_bytes: 4_096, ..Limits::default() };
    let mut room = Room::new(2, limits);
    for n in 0..100 {
        room.put(0, &format!("k/{n}"), "x".repeat(1_000)).expect("room");
    }
    room.pass(1_000);
    let junk = vec![7; 4_000];
    let late = room.enter();
    let voice = Voice::new(HALL, 666);
    let mut synced_ms = None;
    let began_ms = room.ms;
    for n in 0..800 {
        let to = room.kernels[late].session();
        for part in 0..4 {
            room.shout(&voice.part(to, n, (part, 1 << 40), &junk));
        }
        room.pass(50);
        if synced_ms.is_none() && room.state(late).len() == 100 {
            synced_ms = Some(room.ms - began_ms);
        }
    }
    assert!(synced_ms.is_some_and(|ms| ms < 10_000), "the newcomer has all after {synced_ms:?} ms");
    room.check_it_goes_on();
}

/// Whoever is told part after part of an answer that never ends was once not ready for ever.
#[test]
fn nobody_waits_for_ever_for_an_answer_that_never_ends() {
    let mut room = Room::new(0, Limits::default());
    let alone = room.enter_as(Options { seed: 5, ..Options::default() });
    let voice = Voice::new(HALL, 666);
    let to = room.kernels[alone].session();
    let (began_ms, mut ready_ms) = (room.ms, None);
    while ready_ms.is_none() && room.ms < 120_000 {
        let time = room.time();
        let frame = voice.part(to, 1, (room.ms, 1 << 40), b"and");
        room.kernels[alone].receive(&frame, time).expect("a frame");
        room.kernels[alone].advance(time);
        while let Some(effect) = room.kernels[alone].next_effect() {
            if matches!(effect, statehall::kernel::Effect::Synced) {
                ready_ms = Some(room.ms - began_ms);
            }
        }
        while room.kernels[alone].next_frame().is_some() {}
        room.ms += 100;
    }
    assert!(ready_ms.is_some_and(|ms| (10_000..=31_000).contains(&ms)), "ready after {ready_ms:?} ms");
}

#[test]
fn many_tiny_frames_cost_little_each() {
    let mut room = Room::new(2, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    let body = put_body(&1.into(), None, None);
    let began = std::time::Instant::now();
    for n in 0..20_000 {
        let previous_ms = if n == 0 { 0 } else { BEGIN_MS + n };
        room.whisper(0, &voice.ops(previous_ms, "k", BEGIN_MS + n + 1, &body));
        if n % 10 == 0 {
            room.turn();
        }
    }
    let each = began.elapsed() / 20_000;
    assert!(each.as_micros() < 500, "{each:?} a frame");
    assert!(room.slowest < MOMENT, "{:?}", room.slowest);
    room.pass(2_000);
    room.check_it_goes_on();
}

/// Anything at all that is well-formed, from somebody who listens; each seed is another story.
#[test]
fn whatever_it_says_the_honest_go_on() {
    for seed in 0..60 {
        let rng = &mut Rng::new(seed);
        let limits = Limits { entries: 500, bytes: 200_000, tombstones: 300, ..Limits::default() };
        let mut room = Room::new(3, limits);
        for step in 0..120 {
            if rng.percent(30) {
                let place = rng.index(3);
                // A hall that was filled may refuse; that is told to who writes.
                let refused = room.put(place, &format!("k/{}", rng.below(20)), step).err();
                assert!(refused.is_none_or(|error| error.code == Code::Limit), "seed {seed}");
            }
            let frame = mischief(&mut room, rng);
            if rng.percent(60) {
                room.shout(&frame)
            } else {
                room.whisper(rng.index(3), &frame)
            }
            room.pass(rng.pick(&[5, 5, 20, 300]));
        }
        for place in 0..3 {
            let usage = room.kernels[place].usage();
            assert!(usage.entries <= 1_000 && usage.bytes <= 400_000 && usage.tombstones <= 600, "seed {seed}");
        }
        // Its last words have been heard, and names that were used are given up.
        room.pass(15_000);
        room.clear(0, "**");
        room.pass(40_000);
        room.check_it_goes_on();
        assert!(room.slowest < MOMENT, "seed {seed}: {:?}", room.slowest);
    }
}

/// One hostile frame.
fn mischief(room: &mut Room, rng: &mut Rng) -> Vec<u8> {
    let names: Vec<_> = room.kernels.iter().map(|kernel| kernel.session()).chain([Session(666)]).collect();
    let ahead_ms = rng.pick(&[0, 1, 1_000, 600_000, 24 * 3_600_000 - 1]);
    let now_ms = BEGIN_MS + room.ms;
    let hlc = |rng: &mut Rng| Hlc::at_ms((now_ms + ahead_ms).saturating_sub(rng.pick(&[0, 1, 5_000, 700_000])));
    let mut voice = Voice::new(HALL, rng.pick(&names).0);
    let body = if rng.percent(70) { put_body(&(rng.below(9) as i64).into(), None, None) } else { delete_body() };
    let key = format!("{}/{}", rng.pick(&["k", "junk"]), rng.below(20));
    let mut context = match rng.percent(50) {
        true => context_of(room, rng.index(3)),
        false => Causal::default(),
    };
    for _ in 0..rng.below(4) {
        let (session, hlc) = (rng.pick(&names), hlc(rng));
        match rng.percent(70) {
            true => context.advance(session, hlc),
            false => context.note(Stamp { hlc, session }, Hlc(hlc.0 - 1)),
        }
    }
    context.compact();
    let stamp = Stamp { hlc: hlc(rng), session: rng.pick(&names) };
    let everything = rng.percent(40);
    let to = if rng.percent(50) { Session(0) } else { rng.pick(&names) };
    match rng.below(7) {
        0 => voice.ops((now_ms - rng.below(9_000)).min(stamp.hlc.ms() - 1), &key, stamp.hlc.ms(), &body),
        1 => voice.tell(to, &Message::Hello { agent: "hostile", everything, context }),
        2 => voice.tell(to, &answer(everything, &context, vec![Written { key: &key, stamp, body: &body }])),
        3 => {
            let purged = names.iter().map(|&name| (name, hlc(rng))).collect();
            voice.tell(to, &Message::Diff { everything: true, context, purged, cells: vec![] })
        }
        4 => {
            let context_hash = if rng.percent(50) { context.hash() } else { 1 };
            voice.tell(to, &Message::Ping { agent: "hostile", context_hash, live_hash: rng.below(3) })
        }
        5 => voice.tell(to, &Message::Bye),
        _ => voice.part(to, rng.below(5), (rng.below(3), 3), &body),
    }
}
