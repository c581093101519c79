//! Fuzzes what `src/targets/message.rs` describes.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statehall_fuzz::targets::message::run(bytes));
