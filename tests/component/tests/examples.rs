//! The example program, and a component and an npm hall that end with the same entries.

#[path = "examples/converging.rs"]
mod converging;
#[path = "examples/npm.rs"]
mod npm;
#[path = "examples/program.rs"]
mod program;
#[path = "trouble/side.rs"]
mod side;
