//! The targets as a crate, for the fuzzer. `tests/corpus.rs` compiles the same files into a test.

#[path = "../../support/mod.rs"]
mod support;
pub mod targets;

// The component's way to hold values is compiled into `targets` and names these as its own crate's.
use statehall::{codec, kernel, value};
