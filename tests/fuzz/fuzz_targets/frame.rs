//! Fuzzes what `src/targets/frame.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::frame::run(bytes));
