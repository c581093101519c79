//! Every dependency has its reason, and a face's dependencies stay with the face.

use crate::codes::rows;
use crate::report;
use crate::tree::{File, files, top};
use std::process::Command;

/// A dependency of a Cargo.toml.
struct Dependency {
    name: String,
    place: String,
    explained: bool,
    optional: bool,
}

fn dependencies(manifest: &File) -> Vec<Dependency> {
    let lines: Vec<_> = manifest.text().lines().collect();
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && !line.starts_with('#') {
            let Some((name, rest)) = line.split_once('=') else { continue };
            let explained = index > 0 && lines[index - 1].starts_with('#') || rest.contains(" # ");
            let optional = rest.contains("optional = true");
            let place = format!("{}:{}", manifest.path, index + 1);
            found.push(Dependency { name: name.trim().to_owned(), place, explained, optional });
        }
    }
    found
}

/// The dependencies of the crate itself.
fn own() -> Vec<Dependency> {
    dependencies(files().iter().find(|file| file.path == "Cargo.toml").expect("Cargo.toml"))
}

/// The names of all crates that the crate asks for.
pub fn crates() -> Vec<String> {
    let mut names: Vec<_> = own().into_iter().map(|dependency| dependency.name).collect();
    names.dedup();
    names
}

#[test]
fn every_crate_has_its_reason() {
    let manifests = files().iter().filter(|file| file.name() == "Cargo.toml");
    let silent = manifests.flat_map(dependencies).filter(|dependency| !dependency.explained);
    let offenders = silent.map(|dependency| format!("{}: {}", dependency.place, dependency.name));
    report("Say in a comment above it, in one line, why the crate is needed and not written here:", offenders);
}

#[test]
fn every_npm_package_has_its_reason() {
    let rows = rows("Dependencies");
    let mut offenders = Vec::new();
    let mut asked = Vec::new();
    for file in files().iter().filter(|file| file.name() == "package.json") {
        for (line, name) in packages(file, "ependencies\": {").into_iter().filter(|(_, name)| *name != "statehall") {
            asked.push(name);
            if !rows.iter().any(|row| row[0] == name && row.get(2).is_some_and(|reason| !reason.is_empty())) {
                offenders.push(format!("{}:{line}: {name}", file.path));
            }
        }
    }
    report("Give these a row in README.md, \"Dependencies\": name, where, reason.", offenders);
    let idle = rows.into_iter().filter(|row| !asked.contains(&row[0].as_str())).map(|row| row[0].clone());
    report("README.md, \"Dependencies\", explains packages that nobody asks for:", idle);
}

#[test]
fn the_npm_package_has_no_dependencies() {
    let file = files().iter().find(|file| file.path == "js/package.json").expect("js/package.json");
    let needed = ["\"dependencies\": {", "\"peerDependencies\": {", "\"optionalDependencies\": {"];
    let offenders = needed.iter().flat_map(|section| packages(file, section)).map(|(_, name)| name.to_owned());
    report("Whoever installs statehall gets statehall and nothing else:", offenders);
}

#[test]
fn without_its_feature_a_face_needs_nothing() {
    let of_faces: Vec<_> = own().into_iter().filter(|dependency| dependency.optional).map(|d| d.name).collect();
    for name in ["wasm-bindgen", "wit-bindgen"] {
        assert!(
            of_faces.iter().any(|optional| optional == name),
            "only a face needs {name}, and only with its feature"
        );
    }
    for features in [&[][..], &["--no-default-features"]] {
        let needed = tree(features);
        assert!(needed.iter().any(|name| name == "foldhash"), "cargo tree lists what is needed: {needed:?}");
        let offenders = needed.into_iter().filter(|name| of_faces.contains(name));
        report(
            &format!("A program in Rust compiles no part of another face, but cargo tree {features:?} has:"),
            offenders,
        );
    }
}

/// The crates that a Rust program compiles with these features.
fn tree(features: &[&str]) -> Vec<String> {
    // Offline: what is listed has been compiled for this very test.
    let args = ["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(args).args(features).current_dir(top()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The packages in the sections of a package.json whose first line ends so: line and name.
fn packages(file: &'static File, section: &str) -> Vec<(usize, &'static str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in file.lines().map(|(number, line)| (number, line.trim())) {
        if line.ends_with(section) {
            inside = true;
        } else if line.starts_with('}') {
            inside = false;
        } else if inside && let Some(name) = line.split('"').nth(1) {
            found.push((number, name));
        }
    }
    found
}
