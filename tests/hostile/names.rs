//! Words under others' names.

use crate::room::{BEGIN_MS, HALL, Room};
use crate::support::voice::{Voice, put_body};
use crate::{answer, seen};
use statehall::Code;
use statehall::kernel::{Limits, Options};
use statehall::replica::clock::Session;
use statehall::replica::frame::Message;

const DAY_MS: u64 = 24 * 3_600_000;

/// The writes that a session makes after somebody else has written under its name were once taken for old ones, long
/// deleted, by all who had heard that.
#[test]
fn who_hears_its_own_name_takes_another_and_loses_nothing() {
    for ahead_ms in [1, 50, 60_000, DAY_MS - 1] {
        let mut room = Room::new(3, Limits::default());
        room.put(0, "before", 1).expect("a write");
        room.pass(2_000);
        let name = room.kernels[0].session();
        let mut voice = Voice::new(HALL, name.0);
        let body = put_body(&"forged".into(), None, None);
        room.shout(&voice.ops(0, "forged", BEGIN_MS + room.ms + ahead_ms, &body));
        room.put(0, "new", 1).expect("a write");
        assert_ne!(room.kernels[0].session(), name, "it takes another name");
        assert_eq!(room.reported(0, Code::SessionTaken), 1, "and says so");
        assert_eq!(room.reported(1, Code::SessionTaken) + room.reported(2, Code::SessionTaken), 0);
        room.pass(500);
        for place in 0..3 {
            assert_eq!(room.value(place, "new"), Some(1.into()), "at {place}, {ahead_ms} ms ahead");
            assert_eq!(room.value(place, "before"), Some(1.into()), "at {place}, {ahead_ms} ms ahead");
        }
        room.check_it_goes_on();
    }
}

/// The same behind the victim's back: it learns it only from what the others have seen.
#[test]
fn who_is_misquoted_writes_anew_what_it_wrote_last() {
    for (ahead_ms, claimed) in [(100, false), (100, true), (DAY_MS - 1, false), (DAY_MS - 1, true)] {
        let mut room = Room::new(3, Limits::default());
        let name = room.kernels[0].session();
        let until_ms = BEGIN_MS + room.ms + ahead_ms;
        let mut voice = Voice::new(HALL, if claimed { 666 } else { name.0 });
        for place in [1, 2] {
            let body = put_body(&"forged".into(), None, None);
            let frame = match claimed {
                true => voice.say(&answer(false, &seen([name], until_ms), vec![])),
                false => voice.ops(0, "forged", until_ms, &body),
            };
            room.whisper(place, &frame);
        }
        for n in 0..10 {
            room.put(0, &format!("new/{n}"), n).expect("a write");
            room.pass(7);
        }
        room.pass(40_000);
        for place in 0..3 {
            let kept = (0..10).filter(|n| room.value(place, &format!("new/{n}")).is_some()).count();
            assert_eq!(kept, 10, "at {place}, {ahead_ms} ms ahead, claimed {claimed}");
        }
        assert_eq!(room.reported(0, Code::SessionTaken), 1);
        assert_ne!(room.kernels[0].session(), name);
        room.check_it_goes_on();
    }
}

/// So soon after it has taken a name it takes no other, and until then believes nobody who knows better what it wrote.
#[test]
fn who_is_misquoted_again_at_once_loses_nothing_either() {
    let mut room = Room::new(3, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    let misquote = |room: &mut Room, voice: &mut Voice| {
        let (name, until_ms) = (room.kernels[0].session(), BEGIN_MS + room.ms + 60_000);
        for place in [1, 2] {
            room.whisper(place, &voice.say(&answer(false, &seen([name], until_ms), vec![])));
        }
        (name, until_ms)
    };
    misquote(&mut room, &mut voice);
    room.put(0, "first", 1).expect("a write");
    room.pass(3_000);
    assert_eq!(room.reported(0, Code::SessionTaken), 1);
    let (name, until_ms) = misquote(&mut room, &mut voice);
    for n in 0..10 {
        room.put(0, &format!("new/{n}"), n).expect("a write");
        room.pass(200);
        // The others, whom it asks for everything, do not have what they took for old.
        room.whisper(0, &voice.say(&answer(true, &seen([name], until_ms), vec![])));
        assert_eq!(room.value(0, &format!("new/{n}")), Some(n.into()), "its own write");
    }
    assert_eq!(room.kernels[0].session(), name);
    room.pass(40_000);
    assert_eq!(room.reported(0, Code::SessionTaken), 2);
    for (place, n) in (0..3).flat_map(|place| (0..10).map(move |n| (place, n))) {
        assert_eq!(room.value(place, &format!("new/{n}")), Some(n.into()), "at {place}");
    }
    room.check_it_goes_on();
}

#[test]
fn names_are_not_taken_without_end() {
    let mut room = Room::new(2, Limits::default());
    room.put(0, "mine", 1).expect("a write");
    room.pass(2_000);
    let before = room.sent[0];
    let body = put_body(&"forged".into(), None, None);
    for _ in 0..600 {
        let mut voice = Voice::new(HALL, room.kernels[0].session().0);
        room.shout(&voice.ops(0, "forged", BEGIN_MS + room.ms + 60_000, &body));
        room.pass(100);
    }
    let taken = room.reported(0, Code::SessionTaken);
    assert!((5..=8).contains(&taken), "{taken} names in a minute");
    assert!(room.sent[0] - before < 200_000, "{} bytes", room.sent[0] - before);
    assert!(room.kernels[0].usage().traffic.dropped > 500);
    room.pass(20_000);
    room.check_it_goes_on();
}

/// No hostility at all: a host has given two sessions one seed.
#[test]
fn two_sessions_of_one_seed_become_two() {
    let mut room = Room::new(1, Limits::default());
    for _ in 0..2 {
        room.enter_as(Options { seed: 77, ..Options::default() });
    }
    room.pass(500);
    room.put(1, "one", 1).expect("a write");
    room.put(2, "two", 2).expect("a write");
    room.pass(2_000);
    assert_ne!(room.kernels[1].session(), room.kernels[2].session());
    assert!(room.reported(1, Code::SessionTaken) + room.reported(2, Code::SessionTaken) >= 1);
    room.check_it_goes_on();
}

/// They may even say everything at the same moment and under the same numbers.
#[test]
fn two_that_speak_as_one_notice_it_by_what_they_say() {
    let mut room = Room::new(0, Limits::default());
    for _ in 0..2 {
        room.enter_as(Options { seed: 77, ..Options::default() });
    }
    for (place, key) in ["one", "two"].into_iter().enumerate() {
        room.put(place, key, 1).expect("a write");
    }
    room.ms += 5;
    let time = room.time();
    let said: Vec<Vec<_>> = room
        .kernels
        .iter_mut()
        .map(|kernel| {
            kernel.advance(time);
            std::iter::from_fn(|| kernel.next_frame()).collect()
        })
        .collect();
    for (from, frames) in said.iter().enumerate() {
        frames.iter().for_each(|frame| room.whisper(1 - from, frame));
    }
    room.pass(3_000);
    assert_ne!(room.kernels[0].session(), room.kernels[1].session());
    assert_eq!(room.state(0).len(), 2);
    room.check_it_goes_on();
}

/// What comes back, as on two channels in one place, is not somebody else.
#[test]
fn an_echo_is_no_namesake() {
    let mut room = Room::new(2, Limits { frame_bytes: 256, ..Limits::default() });
    let mut echoes = Vec::new();
    for n in 0..20 {
        room.put(0, &format!("k/{n}"), "x".repeat(300)).expect("a write");
        room.ms += 100;
        let time = room.time();
        room.kernels[0].advance(time);
        while let Some(frame) = room.kernels[0].next_frame() {
            room.shout(&frame);
            echoes.push(frame);
        }
    }
    for frame in &echoes {
        room.whisper(0, frame);
    }
    assert_eq!((room.reported(0, Code::SessionTaken), room.kernels[0].usage().traffic.dropped), (0, 0));
    room.check_it_goes_on();
}

#[test]
fn who_is_said_to_have_left_says_that_it_is_here() {
    let mut room = Room::new(3, Limits::default());
    room.pass(2_000);
    let name = room.kernels[0].session();
    let goodbye = Voice::new(HALL, name.0).part(Session(0), 1 << 40, (0, 1), &[9]);
    for _ in 0..100 {
        room.shout(&goodbye);
        room.pass(5);
    }
    room.pass(300);
    assert_eq!(room.kernels[1].usage().sessions, 3);
    assert_eq!(room.kernels[0].session(), name, "that alone is no reason to take another name");
    room.check_it_goes_on();
}

#[test]
fn thousands_of_names_push_nobody_out_for_long() {
    let mut room = Room::new(2, Limits::default());
    for n in 0..10_000 {
        let mut voice = Voice::new(HALL, 1_000_000 + n);
        let here = Message::Here { agent: "nobody" };
        room.shout(&voice.say(&here));
        if n % 1_000 == 0 {
            room.pass(5);
        }
    }
    assert!(room.kernels[0].usage().sessions <= 4_097);
    room.check_it_goes_on();
    // Silent names are forgotten; those who speak are here.
    room.pass(110_000);
    assert_eq!((room.kernels[0].usage().sessions, room.kernels[1].usage().sessions), (2, 2));
}
