//! Embeds the statehall component in a Rust program. See the README beside this folder.
//!
//! Run with `cargo run --package statehall-example-wasmtime-host`, or with `-- share` after it.

mod agents;
mod clock;
mod hall;
mod host;
mod peer;
mod trouble;

use hall::shown;
use host::Program;
use host::types::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Two agents agree; then everything that can go wrong does.
fn agree(program: &Program) -> wasmtime::Result<()> {
    let mut room = program.open("trip", "host", false)?;
    let agents = agents::enter(&mut room)?;
    println!("host: the budget is 600");
    room.put(room.hall, "budget", &Value::Integer(600))?;
    let mut snapshot = room.snapshot()?;
    let turns = agents::run(&mut room, &agents, &mut snapshot)?;
    println!("host: agreed on {} after {turns} turns", shown(room.get("plan/city")?.as_ref()));

    trouble::reach_a_limit(&mut room)?;
    let mut room = trouble::trap_and_recover(program, room, &snapshot)?;
    trouble::go_on(&mut room, &mut snapshot)?;
    Ok(())
}

fn run() -> wasmtime::Result<()> {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let share = arguments.first().is_some_and(|first| first == "share");
    if share {
        arguments.remove(0);
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let artifact = arguments.first().map(PathBuf::from);
    let artifact = artifact.unwrap_or_else(|| here.join("../../target/component/statehall.component.wasm"));
    let program = Program::load(&artifact)?;
    if share { peer::share(&program, &here.join("peer.mjs")) } else { agree(&program) }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("host: {error}");
            ExitCode::FAILURE
        }
    }
}
