//! Fuzzes what `src/targets/variables.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::variables::run(bytes));
