//! Who may import whom, in Rust.

use crate::report;
use crate::rust::{Token, code, paths, rust};

/// From the top down: a module imports what stands in a line above it, and nothing of its own line.
const LAYERS: &[&[&str]] = &[
    // words
    &["error", "order"],
    &["key"],
    &["value"],
    &["codec"],
    &["seal"],
    // containers
    &["table", "timer"],
    // parts
    &["state", "replica", "process", "council"],
    &["kernel"],
    &["face/rust", "face/js", "face/component"],
];

/// The one sibling that may be imported: a run of a council is a process.
const SIBLINGS: &[(&str, &str)] = &[("council", "process")];

/// What a `cfg` may ask that would make the kernel another one.
const CONDITIONS: &[&str] = &["feature", "target_arch", "target_family", "target_os", "target_pointer_width"];

#[test]
fn modules_import_only_what_is_above_them() {
    let mut offenders = Vec::new();
    for file in rust("src/") {
        let module = module_of(&file.path);
        let Some(here) = place(&module) else { continue };
        for (line, target) in imports(&code(file.text()), &module) {
            let whole = target.join("::");
            match place(&target) {
                Some(there) if may_import(&here, &there) => {}
                Some(there) => offenders.push(format!("{}:{line}: {here} imports {there} ({whole})", file.path)),
                None if target.first().is_some_and(|first| first == "face") => {}
                None => offenders.push(format!("{}:{line}: crate::{whole}: name its module", file.path)),
            }
        }
    }
    let rule = "A module imports only modules above it (see LAYERS): move the code up, or hand it over as an argument.";
    report(rule, offenders);
}

#[test]
fn every_module_has_its_layer() {
    let unknown = rust("src/").filter(|file| {
        let module = module_of(&file.path);
        !module.is_empty() && module != ["face"] && place(&module).is_none()
    });
    report("These modules stand in no layer: put them into LAYERS.", unknown.map(|file| file.path.clone()));
}

#[test]
fn the_crate_page_has_no_logic() {
    let file = rust("src/lib.rs").next().expect("src/lib.rs");
    let logic =
        code(file.text()).into_iter().filter(|token| ["fn", "impl", "enum", "trait"].iter().any(|w| token.is(w)));
    let offenders = logic.map(|token| format!("src/lib.rs:{}: {}", token.line, token.text));
    report("src/lib.rs is the architecture page and the re-exports: move the rest into a module.", offenders);
}

#[test]
fn a_feature_only_adds_a_face() {
    let mut offenders = Vec::new();
    for file in rust("src/").filter(|file| !file.path.starts_with("src/face/") && file.path != "src/lib.rs") {
        let tokens = code(file.text());
        let conditional = |token: &&Token| CONDITIONS.iter().any(|condition| token.is(condition));
        offenders.extend(tokens.iter().filter(conditional).map(|t| format!("{}:{}: {}", file.path, t.line, t.text)));
    }
    report(
        "The kernel is the same with every feature and on every target: move the difference into a face.",
        offenders,
    );
}

fn may_import(here: &str, there: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    here == there || layer(there) < layer(here) || SIBLINGS.contains(&(here, there))
}

/// The module that a file is: `src/a/b.rs` and `src/a/b/mod.rs` are `["a", "b"]`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The name in LAYERS of what a module, or an item in one, belongs to.
fn place(path: &[String]) -> Option<String> {
    let first = path.first()?;
    let name = if first == "face" { format!("face/{}", path.get(1)?) } else { first.clone() };
    LAYERS.iter().any(|layer| layer.contains(&name.as_str())).then_some(name)
}

/// What is named by a path from the crate's root: line and path.
fn imports(tokens: &[Token], module: &[String]) -> Vec<(usize, Vec<String>)> {
    let written = paths(tokens, &["crate", "super", "self"]).into_iter();
    written
        .map(|path| {
            let mut target = if path.segments[0] == "crate" { Vec::new() } else { module.to_vec() };
            for segment in path.segments {
                match segment.as_str() {
                    "crate" | "self" => {}
                    "super" => drop(target.pop()),
                    _ => target.push(segment),
                }
            }
            (path.line, target)
        })
        .collect()
}

#[test]
fn the_rule_is_the_one_that_is_meant() {
    for (here, there) in [("codec", "value"), ("state", "table"), ("kernel", "replica"), ("face/js", "kernel")] {
        assert!(may_import(here, there) && !may_import(there, here), "{here} imports {there}, and not the reverse");
    }
    assert!(!may_import("state", "replica") && !may_import("timer", "table") && !may_import("face/js", "face/rust"));
    assert!(may_import("council", "process") && !may_import("process", "council"));
}
