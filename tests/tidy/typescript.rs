//! The npm package keeps its own layers.

use crate::report;
use crate::tree::{File, sources};

/// From the top down: a file imports only files above it, so there are no circles and a reader can begin at the top.
const ORDER: &[&str] = &[
    // words
    "contract",
    "error",
    "variable/contract",
    "machine/contract",
    "handle",
    "start",
    "clock",
    "value",
    "codec",
    "crossing",
    "export",
    "check",
    "key",
    "selector",
    "watching/filter",
    "watching/stop",
    // parts
    "dispatch",
    "watching/delivery",
    "mirror/mirror",
    "mirror/record",
    "mirror/ahead",
    "mirror/journal",
    "share/channel",
    "share/bus",
    "share/visitors",
    "agents",
    "mirror/rewrite",
    "variable/declared",
    "owners",
    // contexts and leases
    "opening",
    "strict/bytes",
    "strict/action",
    "strict/outcome",
    "strict/store",
    "strict/documents",
    "strict/patch",
    "strict/memory",
    "strict/indexeddb",
    "strict/beacon",
    "strict/authority",
    "strict/strict",
    "strict/lease",
    "strict/watch",
    "strict/record",
    "strict/context",
    "strict/several",
    // machines
    "machine/words",
    "machine/action",
    "machine/process",
    "machine/reason",
    "machine/keep",
    "machine/machines",
    "machine/start",
    "machine/task",
    // one session, and what is made of it
    "session",
    "watching/open",
    "watching/until",
    "share/lifecycle",
    "changes",
    "variable/variable",
    "hall",
    "variable/carrying",
    "open",
    "index",
    // machines that are data
    "table/read",
    "table/check",
    "table/draw",
    "table/table",
    // where the kernel comes from
    "entry/inline",
    "entry/slim",
    "entry/workerd",
];

/// The wasm-bindgen glue, which the build puts beside the compiled files, and who may import it.
const GLUE: &[&str] = &["core", "core_base64", "core_bg.wasm"];
const CROSSING: &[&str] = &["crossing", "session", "entry/"];

/// What of the platform is reached in one file only.
const PLATFORM: &[(&str, &str)] = &[
    ("Date.now(", "clock"),
    ("performance.now(", "clock"),
    ("setTimeout(", "clock"),
    ("new BroadcastChannel(", "share/channel"),
    ("document.", "share/lifecycle"),
    ("crypto.", "open"),
    ("Math.random(", "nothing: there is one seed"),
];

fn typescript() -> impl Iterator<Item = (&'static File, &'static str)> {
    let module = |file: &'static File| file.path.strip_prefix("js/src/").and_then(|path| path.strip_suffix(".ts"));
    sources().filter_map(move |file| module(file).map(|name| (file, name))).filter(|(_, name)| !name.ends_with(".d"))
}

/// What a file imports: line, and the path as it is written.
fn imports(file: &'static File) -> impl Iterator<Item = (usize, &'static str)> {
    let quoted = |line: &'static str| {
        let after = [" from \"", "import \"", "import(\""].iter().find_map(|mark| line.split_once(mark))?.1;
        let statement = line.starts_with("import ")
            || line.starts_with("export ")
            || line.starts_with('}')
            || line.contains("import(");
        statement.then(|| after.split('"').next()).flatten()
    };
    file.lines().filter_map(move |(number, line)| quoted(line).map(|path| (number, path)))
}

/// The module that a relative import names, counted from js/src.
fn target(importer: &str, path: &str) -> Option<String> {
    let folder = importer.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = path.strip_suffix(".js").unwrap_or(path);
    match path.strip_prefix("../") {
        Some(rest) => Some(rest.to_owned()),
        None if folder.is_empty() => path.strip_prefix("./").map(str::to_owned),
        None => path.strip_prefix("./").map(|rest| format!("{folder}/{rest}")),
    }
}

#[test]
fn files_import_only_files_above_them() {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut offenders = Vec::new();
    for (file, name) in typescript() {
        let Some(here) = place(name) else {
            offenders.push(format!("{}: it stands nowhere in ORDER", file.path));
            continue;
        };
        for (line, path) in imports(file) {
            match target(name, path) {
                Some(glue) if GLUE.contains(&glue.as_str()) => {}
                Some(module) if place(&module).is_some_and(|there| there < here) => {}
                Some(module) => offenders.push(format!("{}:{line}: {name} imports {module}", file.path)),
                None => offenders.push(format!("{}:{line}: {path} is not in the package", file.path)),
            }
        }
    }
    let rule = "A file of js/src imports only files above it (see ORDER), and nothing from outside: move the code up, or pass it.";
    report(rule, offenders);
}

#[test]
fn the_kernel_is_called_in_one_place() {
    let mut offenders = Vec::new();
    for (file, name) in typescript().filter(|(_, name)| !CROSSING.iter().any(|start| name.starts_with(start))) {
        let crossing =
            imports(file).filter(|(_, path)| target(name, path).is_some_and(|module| GLUE.contains(&module.as_str())));
        offenders.extend(crossing.map(|(line, path)| format!("{}:{line}: {path}", file.path)));
    }
    report("Only session.ts holds the kernel, and only the entries start it: go through `Session.call`.", offenders);
}

#[test]
fn the_platform_is_reached_in_one_place() {
    let mut offenders = Vec::new();
    for (file, name) in typescript() {
        for (number, line) in file.lines() {
            let line = line.trim_start();
            if line.starts_with('*') || line.starts_with("//") || line.starts_with("/**") {
                continue;
            }
            for (what, _) in PLATFORM.iter().filter(|(what, home)| *home != name && line.contains(what)) {
                offenders.push(format!("{}:{number}: {what}", file.path));
            }
        }
    }
    report(
        "Time, channels, pages and randomness each have one file (see PLATFORM), so that tests can bring their own:",
        offenders,
    );
}
