//! Keys, selectors, values, times and numbers that are no good.

use super::calls::{
    Named, clocked, describing, filtering, keeping, kept, naming, opening, putting, reading, selecting, storing,
    telling_every, timed, writing,
};
use super::subject::{NOW_MS, Subject, now};
use statehall_component_tests::types::{Code, Selector, Time, Value};
use statehall_component_tests::{at, options, state, watchers};

const TOO_LATE_MS: u64 = (1 << 47) + 1;

/// Segments that are joined to a text.
fn segments(count: usize) -> &'static str {
    kept(vec!["s"; count].join("/"))
}

fn long(bytes: usize) -> &'static str {
    kept("x".repeat(bytes))
}

#[test]
fn bad_keys() {
    let mut subject = Subject::new(false);
    for key in ["", "/", "a/", "/a", "a//b", "*", "**", "a/*", "a/**", "a~", "a~2", "~/b", "\u{e9}/~"] {
        subject.refuses(key, Code::InvalidKey, &writing(key));
        subject.refuses(key, Code::InvalidKey, &reading(key));
        subject.refuses(key, Code::InvalidKey, &selecting(kept(Selector::Keys(vec!["a".into(), key.into()]))));
    }
    for key in [long(1_025), segments(33), long(1 << 20)] {
        subject.refuses("a key that is too long", Code::Limit, &writing(key));
        subject.refuses("a key that is too long", Code::Limit, &selecting(kept(Selector::Keys(vec![key.into()]))));
        // What cannot be stored is absent, and asking is no mistake.
        for call in reading(key) {
            assert_eq!(subject.make(&call, subject.hall).err().map(|error| error.detail), None, "{}", call.0);
        }
    }
}

#[test]
fn bad_selectors() {
    let mut subject = Subject::new(false);
    for text in ["", "/", "a/", "a//b", "**/a", "a/**/b", "**/**", "a~", "*/~3"] {
        subject.refuses(text, Code::InvalidSelector, &selecting(kept(Selector::Text(text.into()))));
    }
    let no_segments: [&[&str]; 5] = [&[], &[""], &["a", ""], &["**", "a"], &["a", "**", "*"]];
    for list in no_segments {
        let selector = Selector::Segments(list.iter().map(|segment| (*segment).into()).collect());
        subject.refuses(&format!("{list:?}"), Code::InvalidSelector, &selecting(kept(selector)));
    }
    subject.refuses("no keys", Code::InvalidSelector, &selecting(kept(Selector::Keys(Vec::new()))));
    let many = (0..1_025).map(|number| format!("k{number}")).collect();
    let patterns = [long(1_023), segments(32)].map(|text| Selector::Text(format!("{text}/*")));
    let segments = Selector::Segments(vec!["s".into(); 33]);
    for selector in [Selector::Keys(many), segments].into_iter().chain(patterns) {
        subject.refuses("a selector that is too long", Code::Limit, &selecting(kept(selector)));
    }
}

/// Bytes that are not one list or map in its one encoding, whatever they hold.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", vec![]),
        ("a list that ends early", vec![0x82, 0x01]),
        ("a map that ends early", vec![0xa1, 0x61, b'a']),
        ("a head that ends early", vec![0x99, 0x01]),
        ("bytes after the list", vec![0x80, 0x00]),
        ("two lists", vec![0x80, 0x80]),
        ("a length not in its shortest form", vec![0x98, 0x01, 0x01]),
        ("a number not in its shortest form", vec![0x81, 0x18, 0x17]),
        ("a number in twice the bytes", vec![0x81, 0x19, 0x00, 0xff]),
        ("a doubled member", vec![0xa2, 0x61, b'a', 1, 0x61, b'a', 2]),
        ("members out of order", vec![0xa2, 0x61, b'b', 1, 0x61, b'a', 2]),
        ("a longer name first", vec![0xa2, 0x62, b'a', b'a', 1, 0x61, b'b', 2]),
        ("a name that is not text", vec![0xa1, 0x01, 0x01]),
        ("an indefinite list", vec![0x9f, 0xff]),
        ("an indefinite map", vec![0xbf, 0xff]),
        ("indefinite text", vec![0x81, 0x7f, 0x61, b'a', 0xff]),
        ("indefinite bytes", vec![0x81, 0x5f, 0x41, 0x00, 0xff]),
        ("a break", vec![0xff]),
        ("a reserved length", vec![0x9c]),
        ("a tag around", vec![0xc1, 0x80]),
        ("a tag inside", vec![0x81, 0xc0, 0x61, b'a']),
        ("a float of 16 bits", vec![0x81, 0xf9, 0x3c, 0x00]),
        ("a float of 32 bits", vec![0x81, 0xfa, 0x3f, 0x80, 0x00, 0x00]),
        ("another NaN", vec![0x81, 0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1]),
        ("undefined", vec![0x81, 0xf7]),
        ("a simple value", vec![0x81, 0xf8, 0x20]),
        ("an integer beyond 64 bits with sign", vec![0x81, 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("a negative one", vec![0x81, 0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("text that is not UTF-8", vec![0x81, 0x61, 0xff]),
        ("a surrogate", vec![0x81, 0x63, 0xed, 0xa0, 0x80]),
        ("a list longer than the input", vec![0x9a, 0xff, 0xff, 0xff, 0xff]),
        ("a list of 2^64 - 1", vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("a map of 2^64 - 1", vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("text of 2^63", vec![0x81, 0x7b, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("bytes of 2^32", vec![0x81, 0x5b, 0, 0, 0, 1, 0, 0, 0, 0]),
    ]
}

/// Scalars, which have cases of their own.
fn scalars() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an integer", vec![0x01]),
        ("a negative integer", vec![0x20]),
        ("a boolean", vec![0xf5]),
        ("null", vec![0xf6]),
        ("a float", vec![0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ("text", vec![0x61, b'a']),
        ("bytes", vec![0x41, 0x00]),
    ]
}

fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = vec![0x81; depth - 1];
    bytes.push(0x80);
    bytes
}

#[test]
fn bad_values() {
    let mut subject = Subject::new(false);
    for (what, bytes) in malformed().into_iter().chain(scalars()) {
        subject.refuses(what, Code::InvalidValue, &describing(&bytes));
        subject.refuses(what, Code::InvalidValue, &storing(kept(Value::Cbor(bytes))));
    }
    subject.refuses("a list for metadata", Code::InvalidValue, &describing(&[0x80]));
    for depth in [65, 66, 100_000] {
        subject.refuses("a deep list", Code::Limit, &storing(kept(Value::Cbor(nested(depth)))));
        let mut map = vec![0xa1, 0x61, b'a'];
        map.extend(nested(depth - 1));
        subject.refuses("deep metadata", Code::Limit, &describing(&map));
        let maps = [0xa1, 0x61, b'a'].repeat(depth - 1).into_iter().chain([0xa0]).collect();
        subject.refuses("deep maps", Code::Limit, &storing(kept(Value::Cbor(maps))));
    }
    let deepest = Value::Cbor(nested(64));
    assert!(subject.ask(|hall, store, this| hall.call_put(store, this, "deep", &deepest, NOW_MS)).is_ok());
}

#[test]
fn values_that_are_too_long() {
    const MOST: usize = 1 << 20;
    let mut subject = Subject::new(false);
    let list = [&[0x81, 0x5a][..], &(MOST as u32).to_be_bytes(), &vec![0; MOST]].concat();
    for value in [Value::Text("x".repeat(MOST)), Value::Bytes(vec![0; MOST]), Value::Cbor(list)] {
        subject.refuses("a long value", Code::Limit, &storing(kept(value)));
    }
    let fact = [&[0xa1, 0x61, b'm', 0x59, 0x10, 0x00][..], &[0; 4_096]].concat();
    subject.refuses("long metadata", Code::Limit, &describing(&fact));
    let items = [&[0x9a, 0x00, 0x0f, 0xff, 0xff][..], &vec![0; MOST - 1]].concat();
    subject.refuses("a list of many", Code::Limit, &storing(kept(Value::Cbor(items))));
}

#[test]
fn times_that_cannot_be() {
    let mut subject = Subject::new(true);
    let snapshot = subject.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot");
    let snapshot: &'static [u8] = kept(snapshot);
    let frame: &'static [u8] = kept(other_frame());
    for late_ms in [TOO_LATE_MS, u64::MAX] {
        subject.refuses("a wall clock beyond all time", Code::InvalidArgument, &timed(late_ms));
        for time in [Time { unix_ms: late_ms, ..now() }, Time { monotonic_ms: late_ms, ..now() }, at(late_ms)] {
            subject.refuses("a clock beyond all time", Code::InvalidArgument, &clocked(time, frame, snapshot));
        }
    }
    // A new hall begins with whatever time it is given; others know what it was before.
    let earlier = Time { monotonic_ms: NOW_MS - 1, ..now() };
    let mut backwards = clocked(earlier, frame, snapshot);
    backwards.retain(|(name, _)| *name != "open");
    subject.refuses("a clock that goes backwards", Code::InvalidArgument, &backwards);
    let mut zero = clocked(Time { monotonic_ms: 0, ..now() }, frame, snapshot);
    zero.retain(|(name, _)| *name != "open");
    subject.refuses("a clock that begins anew", Code::InvalidArgument, &zero);
    // The wall clock may be set back, to the beginning of time if need be.
    for unix_ms in [0, NOW_MS, 1 << 47] {
        let time = Time { unix_ms, ..now() };
        assert!(subject.ask(|hall, store, this| hall.call_advance(store, this, time)).is_ok(), "{unix_ms}");
        assert!(subject.ask(|hall, store, this| hall.call_put(store, this, "t", &Value::Null, unix_ms)).is_ok());
    }
    subject.works();
}

/// A frame of another session of the same hall.
pub fn other_frame() -> Vec<u8> {
    let mut other = Subject::with(&state::Options { share: true, ..options(77) });
    other.ask(|hall, store, this| hall.call_advance(store, this, now())).expect("time");
    other.ask(|hall, store, this| hall.call_frames(store, this, 1)).remove(0)
}

#[test]
fn numbers_out_of_range() {
    let mut subject = Subject::new(false);
    let with = |expect, ttl_ms| state::PutOptions { expect, metadata: None, ttl_ms, touch: false };
    for ttl_ms in [0, 31_556_952_000_001, u64::MAX] {
        subject.refuses("a time to live", Code::InvalidArgument, &putting(kept(with(None, Some(ttl_ms)))));
    }
    subject.refuses("no capacity", Code::InvalidArgument, &[keeping(0)]);
    subject.refuses("no time at all", Code::InvalidArgument, &[telling_every(0)]);
    subject.refuses("too much capacity", Code::Limit, &[keeping(1_025), keeping(1 << 32), keeping(u64::MAX)]);

    // A lost expectation is an outcome; in a batch, which is all or nothing, it is an error.
    let never = kept(with(Some(u64::MAX), None));
    let [alone, batched]: [Named; 2] = putting(never).try_into().ok().expect("two calls");
    subject.refuses("an expected revision", Code::Conflict, &[batched]);
    subject.unchanged("a lost expectation", |subject| {
        assert!(subject.make(&alone, subject.hall).is_ok());
        let one = Value::Integer(1);
        let written = subject.ask(|hall, store, this| hall.call_put_with(store, this, "a", &one, never, NOW_MS));
        assert!(written.is_ok_and(|written| written.conflict && !written.changed && written.revision == 1));
        let never = state::DeleteOptions { expect: Some(u64::MAX), touch: true };
        let written = subject.ask(|hall, store, this| hall.call_delete_with(store, this, "a", never, NOW_MS));
        assert!(written.is_ok_and(|written| written.conflict && !written.changed && written.revision == 1));
        subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
        let error = subject.make(&alone, subject.hall).expect_err("all or nothing");
        assert_eq!(error.code, Code::Conflict);
        subject.ask(|hall, store, this| hall.call_roll_back(store, this)).expect("a batch to roll back");
        let future = subject.ask(|hall, store, this| hall.call_changes(store, this, u64::MAX, None));
        assert!(matches!(future, Ok(state::Since::Changes(net)) if net.changes.is_empty()));
    });
}

#[test]
fn filters_that_nothing_or_everything_would_pass() {
    let mut subject = Subject::new(false);
    let (delta, crosses, equals, becomes, kind) = (None, None, None, None, None);
    let none = watchers::Filter { delta, crosses, equals, becomes, kind, against: watchers::Against::Delivered };
    let delta = |delta| watchers::Filter { delta: Some(delta), ..none.clone() };
    let wrong = [
        none.clone(),
        delta(0.0),
        delta(-1.0),
        delta(f64::NAN),
        delta(f64::INFINITY),
        watchers::Filter { crosses: Some(f64::NAN), ..none.clone() },
        watchers::Filter { becomes: Some(Vec::new()), ..none.clone() },
    ];
    subject.refuses("a filter", Code::InvalidArgument, &wrong.map(filtering));
    let broken = Value::Cbor(vec![0xff]);
    let wrong = [
        watchers::Filter { equals: Some(broken.clone()), ..none.clone() },
        watchers::Filter { becomes: Some(vec![Value::Null, broken]), ..none },
    ];
    subject.refuses("a value in a filter", Code::InvalidValue, &wrong.map(filtering));
}

#[test]
fn halls_that_cannot_be_opened() {
    let mut subject = Subject::new(false);
    for name in ["", long(257)] {
        let unnamed = opening(state::Options { name: name.into(), ..options(2) }, now());
        let nobody = opening(state::Options { agent: name.into(), ..options(2) }, now());
        subject.refuses("a name of a wrong length", Code::InvalidArgument, &[unnamed, nobody, naming(name)]);
    }
    let limits = subject.ask(|hall, store, this| hall.call_limits(store, this)).expect("limits");
    assert_eq!(limits.len(), 19);
    for (limit, _) in limits {
        use state::Limit::{Owners, Postponed, Tombstones, ValueDepth, Watches};
        let none = [ValueDepth, Tombstones, Watches, Owners, Postponed].contains(&limit);
        let least = if none { None } else { Some(0) };
        for value in [Some(u64::MAX), Some((1 << 31) + 1), least].into_iter().flatten() {
            let beyond = opening(state::Options { limits: vec![(limit, value)], ..options(2) }, now());
            subject.refuses(&format!("{limit:?} of {value}"), Code::InvalidArgument, &[beyond]);
        }
    }
}
