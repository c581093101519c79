//! Measures the Rust face, and writes `target/bench/rust.json`.

mod documents;
mod machines;
mod native;
mod typed;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let subjects = [native::subjects(), typed::subjects(), documents::subjects(), machines::subjects()];
    let derived = |measured: &[_]| [native::derived(measured), typed::derived(measured)].concat();
    statehall_bench::run("rust", subjects.into_iter().flatten().collect(), derived)
}
