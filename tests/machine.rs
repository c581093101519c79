//! Machines: the golden traces of gen_statem as text, laws on random scripts, and tables.

#[path = "machine/golden.rs"]
mod golden;
#[path = "machine/script.rs"]
mod script;
#[path = "machine/speed.rs"]
mod speed;
#[path = "machine/world.rs"]
mod world;
