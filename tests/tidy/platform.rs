//! The platform is reached in the faces and nowhere else.

use crate::dependencies::crates;
use crate::report;
use crate::rust::{code, paths, rust};
use crate::tree::File;

/// What the standard library offers that answers differently from run to run, or reaches the world.
const WORLD: &[&str] = &["time", "fs", "net", "env", "thread", "process", "io", "os", "random"];

/// Names that stand for hidden state, hidden randomness or output, wherever they come from.
const HIDDEN: &[&str] = &[
    "static",
    "thread_local",
    "RandomState",
    "DefaultHasher",
    "Instant",
    "SystemTime",
    "print",
    "println",
    "eprint",
    "eprintln",
];

/// The crates that may be used above the faces.
const ABOVE_FACES: &[&str] = &["hashbrown", "foldhash"];

/// The crates that one face, and only that face, may use.
const OF_FACES: &[(&str, &[&str])] = &[
    ("src/face/rust/", &["futures"]),
    ("src/face/js/", &["talc", "wasm-bindgen"]),
    ("src/face/component/", &["wit-bindgen"]),
];

/// The one static there is: Rust allows an allocator to be nothing else.
const ALLOCATOR: &str = "src/face/js/allocator.rs";

/// The faces that run inside WebAssembly.
const IN_WASM: &[&str] = &["src/face/js/", "src/face/component/"];

fn is_face(file: &File) -> bool {
    file.path.starts_with("src/face/")
}

fn is_in_wasm(file: &File) -> bool {
    IN_WASM.iter().any(|folder| file.path.starts_with(folder))
}

#[test]
fn nothing_above_the_faces_reaches_the_world() {
    let mut offenders = Vec::new();
    // A face inside WebAssembly has no clock, no thread and no file either: std's would trap.
    for file in rust("src/").filter(|file| !is_face(file) || is_in_wasm(file)) {
        let tokens = code(file.text());
        for path in paths(&tokens, &["std"]) {
            let module = path.segments.get(1).map(String::as_str).unwrap_or_default();
            let whole = path.segments.join("::");
            // The tables of std draw their seeds from the operating system.
            let seeded =
                ["std::collections::HashMap", "std::collections::HashSet"].iter().any(|table| whole.starts_with(table));
            if WORLD.contains(&module) || seeded {
                offenders.push(format!("{}:{}: {whole}", file.path, path.line));
            }
        }
        for token in tokens.iter().filter(|token| HIDDEN.iter().any(|hidden| token.is(hidden))) {
            if !(file.path == ALLOCATOR && token.is("static")) {
                offenders.push(format!("{}:{}: {}", file.path, token.line, token.text));
            }
        }
    }
    let rule =
        "The kernel is deterministic: time, randomness and bytes are arguments, state is in `Kernel`, order is stored.";
    report(rule, offenders);
}

#[test]
fn each_crate_is_used_where_it_belongs() {
    let names = crates();
    let roots: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let mut offenders = Vec::new();
    for file in rust("src/") {
        let face = OF_FACES.iter().find(|(folder, _)| file.path.starts_with(folder)).map_or(&[][..], |(_, own)| own);
        for path in paths(&code(file.text()), &roots) {
            let name = path.segments[0].replace('_', "-");
            if !ABOVE_FACES.contains(&name.as_str()) && !face.contains(&name.as_str()) {
                offenders.push(format!("{}:{}: {name}", file.path, path.line));
            }
        }
    }
    report("A crate that belongs to a face is used in that face only (see OF_FACES).", offenders);
}

#[test]
fn unsafe_stays_in_the_wasm_faces() {
    let mut offenders = Vec::new();
    for file in rust("src/").filter(|file| !is_in_wasm(file)) {
        let tokens = code(file.text());
        offenders.extend(tokens.iter().filter(|t| t.is("unsafe")).map(|t| format!("{}:{}", file.path, t.line)));
    }
    report("Only generated code of a wasm face is unsafe: write this without.", offenders);
}
