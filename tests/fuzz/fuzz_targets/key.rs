//! Fuzzes what `src/targets/key.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::key::run(bytes));
