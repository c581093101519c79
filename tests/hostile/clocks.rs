//! Clocks that run ahead, by less and by more than a day.

use crate::room::{BEGIN_MS, HALL, Room};
use crate::support::voice::{Voice, put_body};
use crate::{answer, seen};
use statehall::Code;
use statehall::kernel::{Limits, Options, Time};
use statehall::replica::causal::Causal;
use statehall::replica::cells::Written;

const DAY_MS: u64 = 24 * 3_600_000;

/// Who writes from the future wins until the next write of whoever has heard it, not for a day.
#[test]
fn a_write_from_the_future_wins_once() {
    let mut room = Room::new(3, Limits::default());
    let mut voice = Voice::new(HALL, 666);
    let body = put_body(&"from the future".into(), None, None);
    for round in 0..20 {
        room.shout(&voice.ops(0, "all", BEGIN_MS + room.ms + DAY_MS - 1, &body));
        assert_eq!(room.value(1, "all"), Some("from the future".into()));
        room.put(0, "all", round).expect("a write");
        room.pass(20);
        for place in 0..3 {
            assert_eq!(room.value(place, "all"), Some(round.into()), "at {place}");
        }
    }
    for place in 0..3 {
        assert!(room.kernels[place].usage().traffic.clock_ahead >= 20, "it is counted");
        assert_eq!(room.reported(place, Code::ClockAhead), 0, "and nothing was left out");
    }
    // Who comes later and has heard nothing yet learns the time with the rest.
    let late = room.enter();
    room.pass(300);
    room.put(late, "all", -1).expect("a write");
    room.pass(20);
    assert_eq!(room.value(0, "all"), Some((-1).into()));
    room.check_it_goes_on();
}

#[test]
fn a_write_from_beyond_a_day_is_left_out_and_reported() {
    let mut room = Room::new(2, Limits::default());
    room.put(0, "all", 1).expect("a write");
    room.pass(100);
    let mut voice = Voice::new(HALL, 666);
    let body = put_body(&"from the future".into(), None, None);
    for ahead_ms in [DAY_MS + 10, 30 * DAY_MS, (1 << 48) - 1 - BEGIN_MS] {
        room.shout(&voice.ops(0, "all", BEGIN_MS + room.ms + ahead_ms, &body));
        let stamp = voice.stamp(BEGIN_MS + room.ms + ahead_ms);
        let context = seen([voice.session()], BEGIN_MS + room.ms + ahead_ms);
        room.shout(&voice.say(&answer(true, &context, vec![Written { key: "all", stamp, body: &body }])));
    }
    assert_eq!((room.value(0, "all"), room.value(1, "all")), (Some(1.into()), Some(1.into())));
    assert_eq!((room.reported(0, Code::ClockAhead), room.reported(1, Code::ClockAhead)), (6, 6));
    // The clocks of the honest are not dragged there: a session with a clock behind theirs still takes what they write.
    room.put(0, "soon", 1).expect("a write");
    let newest = room.kernels[0].snapshot().expect("a snapshot");
    let mut behind = Room::new(0, Limits::default());
    let place = behind.enter_as(Options { seed: 99, ..Options::default() });
    let time = Time { unix_ms: BEGIN_MS, monotonic_ms: 0 };
    behind.kernels[place].restore(&newest, time).expect("a whole snapshot");
    assert_eq!(behind.value(place, "soon"), Some(1.into()));
    room.check_it_goes_on();
}

/// A floor says that everything below it was seen. Ahead of the clock it once hid what was being written.
#[test]
fn a_floor_in_the_future_hides_nothing_that_is_written_from_now_on() {
    for ahead_ms in [0, 1_000, DAY_MS - 1, 30 * DAY_MS] {
        let mut room = Room::new(2, Limits::default());
        let mut bytes = Vec::new();
        // A context without sessions: its floor, no bounds, no strays.
        statehall::codec::write_varint((BEGIN_MS + room.ms + ahead_ms) << 16, &mut bytes);
        bytes.extend_from_slice(&[0, 0]);
        let context = Causal::read(&mut statehall::codec::Reader::new(&bytes)).expect("a context");
        let mut voice = Voice::new(HALL, 666);
        // Only one of them hears it.
        room.whisper(1, &voice.say(&answer(false, &context, vec![])));
        room.pass(5);
        room.put(0, "new", 1).expect("a write");
        room.pass(100);
        assert_eq!(room.value(1, "new"), Some(1.into()), "{ahead_ms} ms ahead");
        room.check_it_goes_on();
    }
}
