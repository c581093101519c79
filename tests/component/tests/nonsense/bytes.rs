//! Frames and snapshots that are damaged, foreign or made up.

use super::subject::{Answer, NOW_MS, Subject, now};
use statehall::codec::hash;
use statehall_component_tests::types::{Code, Time, Value};
use statehall_component_tests::{at, options, state};

/// How bytes are taken in.
type TakeIn = fn(&mut Subject, &[u8]) -> Answer<()>;

fn receive(subject: &mut Subject, frame: &[u8]) -> Answer<()> {
    subject.ask(|hall, store, this| hall.call_receive(store, this, frame, now()))
}

fn restore(subject: &mut Subject, snapshot: &[u8]) -> Answer<()> {
    subject.ask(|hall, store, this| hall.call_restore(store, this, snapshot, now()))
}

/// Bytes whose last eight are the right sum of the others: what passes the first check.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len().saturating_sub(8);
    bytes.truncate(body);
    let sum = hash(&bytes).to_le_bytes();
    bytes.extend(sum);
    bytes
}

/// The bytes with each byte changed in three ways, and cut at every place.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flipped = (0..good.len()).flat_map(move |at| {
        [0x01, 0x80, 0xff].map(|mask| {
            let mut bytes = good.to_vec();
            bytes[at] ^= mask;
            bytes
        })
    });
    flipped.chain((0..good.len()).map(|length| good[..length].to_vec())).chain([[good, &[0]].concat()])
}

/// What is like nothing that anybody has made.
fn garbage() -> Vec<Vec<u8>> {
    let mut random = 1_u64;
    let noise = |length: usize, random: &mut u64| {
        let byte = |_| {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*random >> 56) as u8
        };
        (0..length).map(byte).collect::<Vec<_>>()
    };
    let mut list = vec![vec![], vec![0; 8], vec![0; 65_536], vec![0xff; 65_537], vec![b's'; 1 << 20]];
    list.extend((0..200).map(|length| noise(length, &mut random)));
    list.extend((9..100).map(|length| sealed(noise(length, &mut random))));
    let beginnings: [&[u8]; 4] = [b"sh", b"sh\x01\x01", b"hall", b"hall\x01"];
    for beginning in beginnings {
        list.extend((0..60).map(|length| sealed([beginning, &noise(length, &mut random), &[0; 8]].concat())));
    }
    list
}

/// Everything damaged is refused with one of these codes and changes nothing. Returns how much that was.
fn damage(subject: &mut Subject, take_in: TakeIn, codes: &[Code], good: &[u8]) -> u64 {
    let mut refused = 0;
    for bytes in damaged(good) {
        let error = subject.unchanged("damage", |subject| take_in(subject, &bytes)).expect_err("damage");
        assert!(codes.contains(&error.code), "{error:?}");
        refused += 1;
    }
    subject.works();
    refused
}

/// So is garbage. What was damaged and sealed again may be taken in, if it happens to make sense.
fn forgery(subject: &mut Subject, take_in: TakeIn, codes: &[Code], good: &[u8]) -> u64 {
    let tried = damaged(good).map(sealed).chain(garbage());
    let refused = tried.filter(|bytes| taken_or_unchanged(subject, take_in, codes, bytes)).count();
    subject.works();
    refused as u64
}

/// Whether the bytes were refused.
fn taken_or_unchanged(subject: &mut Subject, take_in: TakeIn, codes: &[Code], bytes: &[u8]) -> bool {
    let before = subject.picture();
    let Err(error) = take_in(subject, bytes) else { return false };
    assert!(codes.contains(&error.code), "{error:?}");
    assert!(subject.picture() == before, "a refusal has changed something: {error:?}");
    true
}

#[test]
fn frames() {
    const CODES: &[Code] = &[Code::InvalidFrame, Code::PeerVersion, Code::Limit];
    let mut other = Subject::with(&state::Options { share: true, ..options(77) });
    let mut frames = Vec::new();
    for ms in [0, 300, 5_000] {
        other
            .ask(|hall, store, this| hall.call_put(store, this, &format!("t{ms}"), &Value::Null, NOW_MS))
            .expect("a put");
        other.ask(|hall, store, this| hall.call_advance(store, this, at(NOW_MS + ms))).expect("time");
        frames.extend(other.ask(|hall, store, this| hall.call_frames(store, this, u32::MAX)));
    }
    assert!(frames.len() >= 3, "{} frames", frames.len());
    for frame in frames {
        let mut subject = Subject::new(true);
        let mut refused = damage(&mut subject, receive, CODES, &frame);
        refused += forgery(&mut subject, receive, CODES, &frame);
        let dropped = subject.ask(|hall, store, this| hall.call_usage(store, this)).expect("usage").frames_dropped;
        assert_eq!(dropped, refused, "each refusal is counted");
        receive(&mut subject, &frame).expect("a good frame, and doubled ones");
        receive(&mut subject, &frame).expect("a good frame, and doubled ones");
        subject.works();
    }
    // A hall takes what another of its name has made, and nothing of others.
    let mut stranger = Subject::with(&state::Options { name: "elsewhere".into(), share: true, ..options(78) });
    stranger.ask(|hall, store, this| hall.call_advance(store, this, now())).expect("time");
    let foreign = stranger.ask(|hall, store, this| hall.call_frames(store, this, 1)).remove(0);
    let mut subject = Subject::new(true);
    let error =
        subject.unchanged("a foreign frame", |subject| receive(subject, &foreign)).expect_err("a foreign frame");
    assert_eq!(error.code, Code::InvalidFrame);
}

#[test]
fn snapshots() {
    const CODES: &[Code] = &[Code::InvalidSnapshot, Code::NewerVersion, Code::Limit];
    let mut other = Subject::with(&options(77));
    other.ask(|hall, store, this| hall.call_put(store, this, "new", &Value::Null, NOW_MS)).expect("a put");
    let snapshot = other.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot");
    for share in [false, true] {
        let mut subject = Subject::new(share);
        damage(&mut subject, restore, CODES, &snapshot);
        restore(&mut subject, &snapshot).expect("a good snapshot");
        assert!(subject.ask(|hall, store, this| hall.call_has(store, this, "new")).expect("an answer"));
        forgery(&mut subject, restore, CODES, &snapshot);
    }
    let mut newer = snapshot.clone();
    newer[4] = 2;
    let mut subject = Subject::new(false);
    let error = subject.unchanged("a newer snapshot", |subject| restore(subject, &sealed(newer))).expect_err("newer");
    assert_eq!(error.code, Code::NewerVersion);
    let mut full = Subject::with(&state::Options { limits: vec![(state::Limit::Entries, 2)], ..options(1) });
    let mut many = Subject::new(false);
    for key in ["c", "d", "e", "f"] {
        many.ask(|hall, store, this| hall.call_put(store, this, key, &Value::Null, NOW_MS)).expect("a put");
    }
    let snapshot = many.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot");
    let error = full.unchanged("a large snapshot", |subject| restore(subject, &snapshot)).expect_err("too much");
    assert_eq!(error.code, Code::Limit);
}

#[test]
fn a_hall_that_is_not_shared_takes_no_frames() {
    let mut subject = Subject::new(false);
    let frame = super::arguments::other_frame();
    let refusals: [Answer<()>; 2] = subject.unchanged("a frame for a private hall", |subject| {
        let time = Time { monotonic_ms: NOW_MS + 1, ..now() };
        [receive(subject, &frame), subject.ask(|hall, store, this| hall.call_rejoin(store, this, time))]
    });
    for refusal in refusals {
        assert_eq!(refusal.expect_err("a private hall").code, Code::InvalidArgument);
    }
    subject.works();
}
