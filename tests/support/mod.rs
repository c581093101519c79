//! What the tests share: a seeded source of choices, kinds of values, and the simulated world.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod dumb;
pub mod json;
pub mod kind;
pub mod rng;
pub mod sim;
pub mod stored;
pub mod testref;
pub mod voice;

use rng::Rng;

/// Changes, removes or adds a byte.
pub fn damage(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = rng.index(bytes.len());
    match rng.below(4) {
        0 => bytes[at] ^= 1 << rng.below(8),
        1 => bytes[at] = rng.pick(&[0, 1, 2, 0x7f, 0x80, 0xff]),
        2 => bytes.truncate(at),
        _ => bytes.insert(at, rng.number() as u8),
    }
    bytes
}
