//! The codec: the vectors that it shares with its twin, and laws on random values and bytes.

#[path = "transcripts/runner/notation.rs"]
#[allow(dead_code, reason = "only values are read and written here")]
mod notation;
mod support;

use statehall::codec::{DEPTH_MAX, TOO_DEEP, check_nested, check_value, read_value, same_value, value_bytes};
use statehall::{Code, Value};
use std::collections::BTreeMap;
use support::kind::encoded;
use support::rng::Rng;

const VECTORS: &str = include_str!("fixtures/codec.txt");

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or_else(|_| panic!("{hex} is not hexadecimal"));
    if hex == "-" { Vec::new() } else { (0..hex.len()).step_by(2).map(byte).collect() }
}

/// Structural and exact: 0.0 is not -0.0.
fn exactly(a: &Value, b: &Value) -> bool {
    a == b && encoded(a) == encoded(b)
}

#[test]
fn the_vectors_hold_both_ways() {
    let (mut good, mut bad) = (0, 0);
    for line in VECTORS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.splitn(3, ' ');
        let (verdict, hex, rest) = (words.next(), words.next().unwrap_or("-"), words.next().unwrap_or(""));
        let bytes = bytes(hex);
        match verdict {
            Some("ok" | "ok-js") => {
                let value = notation::read(rest).unwrap_or_else(|reason| panic!("{rest}: {reason}"));
                assert_eq!(encoded(&value), bytes, "{rest} is encoded");
                let read = read_value(&bytes).unwrap_or_else(|error| panic!("{rest}: {error}"));
                assert!(exactly(&read, &value), "{rest} is decoded");
                assert!(check_value(&bytes).is_ok() && value_bytes(&value) == bytes.len() as u64, "{rest}");
                good += 1;
            }
            Some("bad") => {
                assert_eq!(read_value(&bytes).map_err(|error| error.code), Err(Code::InvalidFrame), "{rest}");
                assert!(check_value(&bytes).is_err(), "{rest}");
                bad += 1;
            }
            other => panic!("an unknown verdict {other:?}"),
        }
    }
    assert!(good > 50 && bad > 50, "{good} good and {bad} bad vectors");
}

fn text(rng: &mut Rng) -> String {
    let length = rng.pick(&[0, 1, 3, 23, 24, 40]);
    (0..length).map(|_| rng.pick(&['a', 'b', '"', '\u{e9}', '\u{4e2d}', '\u{1f600}'])).collect()
}

fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => rng.percent(50).into(),
        2 => ((rng.number() >> rng.below(64)) as i64).into(),
        3 => f64::from_bits(rng.number()).into(),
        4 => rng.pick(&[0.0, -0.0, 1.0, f64::INFINITY, f64::NAN, 1e-300]).into(),
        5 => text(rng).into(),
        6 => {
            let length = rng.pick(&[0, 5, 255, 256]);
            rng.bytes(length).into()
        }
        7 => (0..rng.below(5)).map(|_| value(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => (0..rng.below(5)).map(|_| (text(rng), value(rng, depth - 1))).collect::<BTreeMap<_, _>>().into(),
    }
}

#[test]
fn values_come_back_as_they_were() {
    let rng = &mut Rng::new(1);
    for case in 0..20_000 {
        let value = value(rng, 4);
        let bytes = encoded(&value);
        let read = read_value(&bytes).expect("its own encoding");
        assert!(exactly(&read, &value), "case {case}: {value:?}");
        assert_eq!(value_bytes(&value), bytes.len() as u64, "case {case}: {value:?}");
        assert_eq!(value.encoded(DEPTH_MAX).as_ref(), Ok(&bytes));
    }
}

/// The same value with the signs of its zeros turned.
fn turned(value: &Value) -> Value {
    match value {
        Value::Float(number) if *number == 0.0 => (-number).into(),
        Value::List(items) => items.iter().map(turned).collect::<Vec<_>>().into(),
        Value::Map(members) => {
            members.iter().map(|(name, item)| (name.clone(), turned(item))).collect::<BTreeMap<_, _>>().into()
        }
        other => other.clone(),
    }
}

#[test]
fn encodings_compare_as_their_values_do() {
    let rng = &mut Rng::new(3);
    let (mut same, mut turned_over) = (0, 0);
    for case in 0..40_000 {
        let depth = rng.index(3);
        let a = value(rng, depth);
        let b = if rng.percent(50) { turned(&a) } else { value(rng, depth) };
        assert_eq!(same_value(&encoded(&a), &encoded(&b)), a == b, "case {case}: {a:?} and {b:?}");
        same += usize::from(a == b);
        turned_over += usize::from(a == b && encoded(&a) != encoded(&b));
    }
    assert!(same > 1_000 && turned_over > 100, "both happen: {same}, {turned_over}");
}

#[test]
fn nesting_is_counted_in_bytes_as_in_values() {
    let mut nested = Value::Null;
    for depth in 0..=DEPTH_MAX {
        let bytes = encoded(&nested);
        assert_eq!(check_nested(&bytes, depth), Ok(()));
        assert_eq!(depth.checked_sub(1).map(|less| check_nested(&bytes, less)), (depth > 0).then_some(Err(TOO_DEEP)));
        nested = vec![nested].into();
    }
    assert_eq!(check_nested(&encoded(&nested), usize::MAX), Err(TOO_DEEP), "never deeper than the codec reads");
}

/// What is accepted is the one encoding of something; whatever reads agrees with whatever checks.
#[test]
fn damaged_bytes_are_refused_or_another_value() {
    let rng = &mut Rng::new(2);
    let (mut refused, mut other) = (0, 0);
    for case in 0..60_000 {
        let mut bytes = if rng.percent(20) {
            let length = rng.index(12);
            rng.bytes(length)
        } else {
            encoded(&value(rng, 3))
        };
        for _ in 0..rng.between(1, 2) {
            let at = rng.index(bytes.len() + 1);
            match rng.below(3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, rng.number() as u8),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.below(8)),
            }
        }
        let read = read_value(&bytes);
        assert_eq!(read.is_ok(), check_value(&bytes).is_ok(), "case {case}: {bytes:02x?}");
        match read {
            Ok(value) => {
                assert_eq!(encoded(&value), bytes, "case {case}: {value:?} has another encoding");
                other += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1_000 && other > 1_000, "both happen: {refused}, {other}");
}

#[test]
fn the_notation_comes_back_as_it_was() {
    let rng = &mut Rng::new(3);
    for _ in 0..2_000 {
        let value = value(rng, 3);
        let read = notation::read(&notation::write(&value)).expect("its own notation");
        assert!(exactly(&read, &value), "{value:?}");
    }
}
