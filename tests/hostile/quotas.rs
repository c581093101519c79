//! Keys, bytes and deletes without end.

use crate::room::{BEGIN_MS, HALL, Room};
use crate::support::voice::{Voice, delete_body, put_body};
use crate::{MOMENT, answer, seen};
use statehall::kernel::Limits;
use statehall::replica::cells::Written;
use statehall::replica::clock::{Hlc, Stamp};
use statehall::replica::frame::Message;
use statehall::{Code, Value};

const DAY_MS: u64 = 24 * 3_600_000;

fn small() -> Limits {
    Limits { entries: 1_000, bytes: 100_000, tombstones: 1_000, ..Limits::default() }
}

/// Stamps of a voice, one after another.
fn stamps(voice: &Voice, unix_ms: u64) -> impl Iterator<Item = Stamp> + use<> {
    let first = Hlc::at_ms(unix_ms).0;
    let session = voice.session();
    (first..).map(move |hlc| Stamp { hlc: Hlc(hlc), session })
}

/// A message of as many writes as there are keys.
fn writes<'a>(voice: &mut Voice, keys: &'a [String], body: &'a [u8], unix_ms: u64) -> Vec<u8> {
    let stamps = stamps(voice, unix_ms);
    let cells = keys.iter().zip(stamps).map(|(key, stamp)| Written { key, stamp, body }).collect();
    voice.say(&Message::Ops { previous: Hlc(0), cells })
}

fn keys(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name}/{n}")).collect()
}

#[test]
fn a_full_hall_refuses_what_is_new_and_can_be_cleared() {
    let mut room = Room::new(2, small());
    room.put(0, "mine", 1).expect("room");
    room.pass(100);
    let mut voice = Voice::new(HALL, 666);
    let body = put_body(&1.into(), None, None);
    for round in 0..10 {
        let frame = writes(&mut voice, &keys(&format!("junk/{round}"), 500), &body, BEGIN_MS + room.ms);
        room.shout(&frame);
        room.pass(5);
    }
    for place in 0..2 {
        assert!((1_000..=2_000).contains(&room.kernels[place].usage().entries));
        assert!(room.reported(place, Code::Limit) >= 6 && room.kernels[place].usage().traffic.dropped >= 6);
    }
    // The victim's own go on: what is there can be changed and deleted; what is new is refused aloud.
    room.put(0, "mine", 2).expect("a change");
    assert_eq!(room.put(0, "new", 1).map_err(|error| error.code), Err(Code::Limit));
    room.pass(100);
    assert_eq!(room.value(1, "mine"), Some(2.into()));
    room.clear(1, "junk/**");
    room.pass(100);
    room.check_it_goes_on();
    assert!(room.slowest < MOMENT, "{:?}", room.slowest);
}

#[test]
fn bytes_are_bounded_like_entries() {
    let mut room = Room::new(2, small());
    let mut voice = Voice::new(HALL, 666);
    let body = put_body(&"x".repeat(9_000).into(), None, None);
    for round in 0..100 {
        room.shout(&voice.ops(0, &format!("junk/{round}"), BEGIN_MS + round, &body));
    }
    assert!((100_000..=200_000).contains(&room.kernels[0].usage().bytes), "{:?}", room.kernels[0].usage());
    assert!(room.reported(0, Code::Limit) > 70);
    room.clear(0, "junk/**");
    room.pass(100);
    room.check_it_goes_on();
}

/// A key twice in one message once made room twice.
#[test]
fn an_entry_makes_room_once() {
    let mut room = Room::new(1, small());
    let mut voice = Voice::new(HALL, 666);
    let large = put_body(&"x".repeat(60_000).into(), None, None);
    let tiny = put_body(&1.into(), None, None);
    for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
        room.shout(&voice.ops(0, key, BEGIN_MS + n as u64, &large));
    }
    assert_eq!(room.kernels[0].usage().entries, 3);
    // One of the three becomes small, three times, and three more come.
    let names = ["a", "a", "a", "d", "e", "f"];
    let bodies = [&tiny, &tiny, &tiny, &large, &large, &large];
    let cells = names.into_iter().zip(bodies).zip(stamps(&voice, BEGIN_MS + 10));
    let cells = cells.map(|((key, body), stamp)| Written { key, stamp, body }).collect();
    room.shout(&voice.say(&Message::Ops { previous: Hlc(0), cells }));
    assert!(room.kernels[0].usage().bytes <= 200_000, "{} bytes", room.kernels[0].usage().bytes);
    assert_eq!(room.reported(0, Code::Limit), 1);
}

/// A write that is left out once made room all the same.
#[test]
fn what_is_left_out_makes_no_room() {
    let mut room = Room::new(1, small());
    let mut voice = Voice::new(HALL, 666);
    let large = put_body(&"x".repeat(60_000).into(), None, None);
    for round in 0..20 {
        let ms = BEGIN_MS + 10 * round;
        room.shout(&voice.ops(0, "a", ms, &large));
        let (name, gone) = (format!("b/{round}"), delete_body());
        let mut stamps = stamps(&voice, ms + 1);
        let mut cell = |key, body| Written { key, stamp: stamps.next().expect("a stamp"), body };
        let mut cells = vec![cell(name.as_str(), large.as_slice()), cell("a", gone.as_slice())];
        cells[1].stamp.hlc = Hlc::at_ms(ms + 2 * DAY_MS);
        room.shout(&voice.say(&Message::Ops { previous: Hlc(0), cells }));
        assert!(room.kernels[0].usage().bytes <= 200_000, "{} bytes", room.kernels[0].usage().bytes);
    }
    assert!(room.reported(0, Code::Limit) > 0 && room.reported(0, Code::ClockAhead) > 0);
}

#[test]
fn deletes_of_what_never_was_are_soon_forgotten() {
    let mut room = Room::new(2, small());
    let mut voice = Voice::new(HALL, 666);
    let gone = delete_body();
    for round in 0..20 {
        // Nobody has a turn in between.
        room.shout(&writes(&mut voice, &keys(&format!("{round}"), 900), &gone, BEGIN_MS + 100 * round));
        assert!(room.kernels[0].usage().tombstones <= 3_000, "{:?}", room.kernels[0].usage());
    }
    room.pass(5);
    assert!(room.kernels[0].usage().tombstones <= 1_000);
    assert!(room.snapshot_bytes(0) < 100_000);
    let many = keys("many", 140_000);
    room.shout(&writes(&mut voice, &many, &gone, BEGIN_MS + 5_000));
    assert_eq!((room.reported(0, Code::Limit), room.reported(1, Code::Limit)), (1, 1), "too many at once");
    room.check_it_goes_on();
}

/// Everybody is a member: one answer may say that all is deleted. Those who watch hear of each.
#[test]
fn one_answer_may_delete_all_but_nothing_that_comes_after() {
    let mut room = Room::new(3, small());
    for n in 0..100 {
        room.put(n % 3, &format!("k/{n}"), n as i64).expect("room");
    }
    room.pass(100);
    let everybody: Vec<_> = room.kernels.iter().map(|kernel| kernel.session()).collect();
    let mut voice = Voice::new(HALL, 666);
    let before = room.kernels[0].revision();
    room.shout(&voice.say(&answer(true, &seen(everybody, BEGIN_MS + room.ms - 1), vec![])));
    room.pass(100);
    assert!(room.kernels[0].revision() > before, "it is a commit like any other");
    room.check_it_goes_on();
    assert!(room.slowest < MOMENT, "{:?}", room.slowest);
}

#[test]
fn what_is_deep_or_of_extreme_numbers_is_taken_or_refused_like_anything_else() {
    let mut room = Room::new(2, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    let deep = |depth| (0..depth).fold(Value::from(0), |inner, _| Value::from(vec![inner]));
    let values = [deep(64), deep(65), i64::MIN.into(), f64::NAN.into(), "\u{10ffff}".repeat(9).into()];
    for (n, value) in values.iter().enumerate() {
        let expires = [None, Some(0), Some(u64::MAX)][n % 3];
        room.shout(&voice.ops(0, "extreme", BEGIN_MS + n as u64, &put_body(value, expires, None)));
        room.pass(5);
    }
    assert!(room.reported(0, Code::InvalidFrame) <= 2, "one is too deep, and perhaps one is not a number");
    let body = put_body(&1.into(), None, None);
    for hlc in [0, 1, u64::MAX - 1, u64::MAX] {
        let stamp = Stamp { hlc: Hlc(hlc), session: voice.session() };
        for previous in [0, hlc.saturating_sub(1), u64::MAX] {
            let cells = vec![Written { key: "extreme", stamp, body: &body }];
            room.shout(&voice.say(&Message::Ops { previous: Hlc(previous), cells }));
        }
    }
    for (part, parts) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (7, 8)] {
        room.shout(&voice.part(voice.session(), u64::MAX, (part, parts), b"part"));
        let to = room.kernels[0].session();
        room.shout(&voice.part(to, u64::MAX, (part, parts), b"part"));
    }
    room.check_it_goes_on();
}
