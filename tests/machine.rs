//! Machines: the golden traces of gen_statem as text, laws on random scripts, and tables.

#[path = "machine/face.rs"]
mod face;
#[path = "machine/golden.rs"]
mod golden;
#[path = "machine/hosting.rs"]
mod hosting;
#[path = "machine/laws.rs"]
mod laws;
#[allow(dead_code)]
#[path = "transcripts/runner/notation.rs"]
mod notation;
#[path = "machine/oracle.rs"]
mod oracle;
#[allow(dead_code)]
#[path = "support/rng.rs"]
mod rng;
#[path = "machine/script.rs"]
mod script;
#[path = "machine/tables.rs"]
mod tables;
#[path = "machine/world.rs"]
mod world;
