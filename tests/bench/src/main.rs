//! Measures the Rust face, and writes `target/bench/rust.json`.

mod documents;
mod native;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let subjects = native::subjects().into_iter().chain(documents::subjects()).collect();
    statehall_bench::run("rust", subjects, native::derived)
}
