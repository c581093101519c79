//! Fuzzes what `src/targets/replicas.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::replicas::run(bytes));
