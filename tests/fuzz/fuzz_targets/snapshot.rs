//! Fuzzes what `src/targets/snapshot.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::snapshot::run(bytes));
