//! The third runner: every transcript, on the component in wasmtime.
//!
//! What is run and compared is the same as for the Rust face, in `tests/transcripts/runner`. What
//! is here is a host: it has the clock, calls its own watchers with what it takes from those of the
//! component, and carries frames. A step that says `skip component: <reason>` is not run, and the
//! reason is printed.

#[path = "transcripts/agents.rs"]
mod agents;
#[path = "../../transcripts/runner/answers.rs"]
mod answers;
#[path = "../../transcripts/runner/choosing.rs"]
mod choosing;
#[path = "transcripts/crossing.rs"]
mod crossing;
#[path = "../../transcripts/runner/documents.rs"]
mod documents;
#[path = "../../transcripts/runner/face.rs"]
mod face;
#[path = "transcripts/host.rs"]
mod host;
#[path = "../../transcripts/runner/machines.rs"]
mod machines;
#[path = "../../transcripts/runner/naming.rs"]
mod naming;
#[path = "../../transcripts/runner/notation.rs"]
mod notation;
#[path = "../../transcripts/runner/owners.rs"]
mod owners;
#[path = "transcripts/owning.rs"]
mod owning;
#[path = "../../transcripts/runner/script.rs"]
mod script;
#[path = "transcripts/session.rs"]
mod session;
#[path = "transcripts/strict.rs"]
mod strict;
#[path = "../../transcripts/runner/suite.rs"]
mod suite;
#[path = "transcripts/telling.rs"]
mod telling;
#[path = "transcripts/variables.rs"]
mod variables;
#[path = "../../transcripts/runner/world.rs"]
mod world;

use host::{Host, LISTED};
use std::sync::atomic::Ordering;
use suite::Suite;

/// More than this would be another behaviour, not a face that lacks something.
const SKIPS_MAX: usize = 12;

#[test]
fn every_transcript_holds_in_the_component() {
    let summary = Suite { runner: "component", root: "../..", rewrite: false }.run::<Host>();
    assert!(summary.skips <= SKIPS_MAX, "{} skips, {SKIPS_MAX} are the most", summary.skips);
    let listed = LISTED.load(Ordering::Relaxed);
    assert!(listed >= 20, "only {listed} batches were given as lists");
}
