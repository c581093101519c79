//! Measures the Rust face, and writes `target/bench/rust.json`.

mod native;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    statehall_bench::run("rust", native::subjects(), native::derived)
}
