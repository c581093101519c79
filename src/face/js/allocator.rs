//! The allocator of the instance: of half the size of the one of std.

/// One thread is all there is, which is what makes this sound.
#[global_allocator]
static ALLOCATOR: talc::TalckWasm = unsafe { talc::TalckWasm::new_global() };
