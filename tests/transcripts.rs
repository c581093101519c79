//! Runs the transcripts on the Rust face: behaviour as text, the same for every face.
//!
//! Each file runs with three seeds, which give three orders of every hash table, and must give the
//! same lines. `STATEHALL_TRANSCRIPTS` names more folders, separated by `:`.
//! `STATEHALL_REWRITE=1` writes what is observed into the files; read the difference before you
//! keep it.

#[path = "transcripts/runner/answers.rs"]
mod answers;
#[path = "transcripts/runner/choosing.rs"]
mod choosing;
#[path = "transcripts/runner/documents.rs"]
mod documents;
#[path = "transcripts/runner/face.rs"]
mod face;
#[path = "transcripts/runner/machines.rs"]
mod machines;
#[path = "transcripts/runner/naming.rs"]
mod naming;
#[path = "transcripts/runner/notation.rs"]
mod notation;
#[path = "transcripts/runner/owners.rs"]
mod owners;
#[path = "transcripts/runner/rust.rs"]
mod rust;
#[path = "transcripts/runner/script.rs"]
mod script;
#[path = "transcripts/runner/suite.rs"]
mod suite;
#[path = "transcripts/runner/tables.rs"]
mod tables;
#[path = "transcripts/runner/world.rs"]
mod world;

use choosing::THROWN;
use statehall::Hall;
use std::{env, panic};
use suite::Suite;

#[test]
fn every_transcript_holds() {
    silence_thrown();
    let rewrite = env::var_os("STATEHALL_REWRITE").is_some();
    Suite { runner: "rust", root: "", rewrite }.run::<Hall>();
}

/// A panic that a transcript asks for is not worth a message.
fn silence_thrown() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&THROWN) {
            hook(info);
        }
    }));
}
