//! Fuzzes what `src/targets/value.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::value::run(bytes));
