//! The bytes of cells: one encoding for each, and nothing that reads them panics.

use crate::cases::each;
use crate::damage;
use crate::support::kind::encoded;
use crate::support::rng::Rng;
use statehall::Value;
use statehall::codec::{DEPTH_MAX, check_value, read_value};
use statehall::kernel::body::Body;
use statehall::replica::cells::Kind;

fn value(rng: &mut Rng) -> Value {
    match rng.below(5) {
        0 => Value::Null,
        1 => Value::from((rng.number() >> rng.below(64)) as i64),
        2 => Value::from("text".repeat(rng.index(9))),
        3 => Value::from(vec![Value::Bool(true), Value::from(f64::from_bits(rng.number()))]),
        _ => Value::from([("member", Value::from(rng.bytes(5)))]),
    }
}

/// The bytes of a random body, made as the kernel makes them; checks that they are read back.
fn body(rng: &mut Rng) -> Vec<u8> {
    let kind = rng.pick(&[Kind::Tombstone, Kind::Lasting, Kind::Mortal]);
    let origin = rng.pick(&["o", "origin", "\u{4e2d}"]).repeat(rng.between(1, 40) as usize);
    let (value, metadata) = (encoded(&value(rng)), encoded(&Value::from([("m", value(rng))])));
    let alive = kind != Kind::Tombstone;
    let expires_ms = (kind == Kind::Mortal).then(|| rng.number() >> rng.below(64));
    let metadata = (alive && rng.percent(40)).then_some(metadata.as_slice());
    let value = if alive { value.as_slice() } else { &[] };
    let body = Body { kind, touched: rng.percent(30), expires_ms, origin: &origin, metadata, value };
    let bytes = body.write();
    assert_eq!((Body::read(&bytes).as_ref(), Body::parse(&bytes).as_ref()), (Ok(&body), Ok(&body)));
    assert_eq!(Kind::of(&bytes), Some(kind));
    bytes
}

#[test]
fn bodies_come_back_and_damaged_ones_have_one_encoding() {
    let (mut refused, mut other) = (0, 0);
    each("bodies_come_back_and_damaged_ones_have_one_encoding", 10_000, |rng| {
        let mut bytes = body(rng);
        for _ in 0..8 {
            bytes = match rng.below(10) {
                0 => body(rng),
                1 => {
                    let length = rng.index(40);
                    rng.bytes(length)
                }
                _ if bytes.is_empty() => body(rng),
                _ => damage(&bytes, rng),
            };
            let (read, parsed) = (Body::read(&bytes), Body::parse(&bytes));
            match &read {
                Ok(body) => {
                    assert_eq!(parsed.as_ref(), Ok(body), "reading is parsing and more checks");
                    assert!(body.kind == Kind::Tombstone || check_value(body.value).is_ok(), "{bytes:02x?}");
                    other += 1;
                }
                Err(_) => refused += 1,
            }
            if let Ok(body) = parsed {
                assert_eq!(body.write(), bytes, "one encoding");
            }
        }
    });
    assert!(refused > 0 && other > 0, "both happen: {refused}, {other}");
}

/// Depth costs stack, so there is a bound, and bytes cannot talk their way past it.
#[test]
fn depth_is_bounded_in_every_mix_of_containers() {
    each("depth_is_bounded_in_every_mix_of_containers", 200, |rng| {
        let mut nested = Value::Null;
        for depth in 0..=DEPTH_MAX {
            let bytes = encoded(&nested);
            assert_eq!(nested.encoded(depth).as_ref(), Ok(&bytes));
            assert_eq!(read_value(&bytes).as_ref(), Ok(&nested));
            assert!(depth == 0 || nested.encoded(depth - 1).is_err());
            nested = if rng.percent(50) { Value::from(vec![nested]) } else { Value::from([("n", nested)]) };
        }
        let bytes = encoded(&nested);
        assert!(read_value(&bytes).is_err() && check_value(&bytes).is_err() && nested.encoded(DEPTH_MAX).is_err());
    });
    let abyss = vec![0x81; 1_000_000];
    assert!(read_value(&abyss).is_err() && check_value(&abyss).is_err());
}
