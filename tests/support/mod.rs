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
