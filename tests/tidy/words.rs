//! Names and words.

use crate::report;
use crate::rust::{Kind, rust, tokens};
use crate::tree::{File, files, sources};

/// Names of files and folders that say nothing. What has no name has no home.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "misc", "types", "util", "utils"];
/// Ends of type names that say nothing.
const EMPTY_ENDINGS: &[&str] = &["Manager", "Service", "Handler", "Impl"];
/// Notes to oneself. They are written in two parts here so that this file passes its own test.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
/// Macros of unfinished work.
const UNFINISHED: &[&str] = &["unimplemented", "todo", "dbg"];
/// Folders of source that keep to ASCII. Tests write other text with escapes, so that a reader sees what is meant;
/// examples and transcripts are written for people, in whatever they speak.
const ASCII: &[&str] = &["src/", "wit/", "js/src/", "js/build.mjs", "tests/", "Makefile", "Cargo.toml"];

#[test]
fn names_say_something() {
    let empty = |file: &&File| {
        let words = file.path.split(['/', '.', '-', '_']);
        words.into_iter().any(|word| EMPTY_NAMES.contains(&word))
    };
    // A file of wit/ has the name of its interface, and `types` is what every package of WIT calls that one.
    let named = |file: &&File| file.path != "wit/types.wit";
    let offenders = sources().filter(named).filter(empty).map(|file| file.path.clone());
    report("These names say nothing: name the file after the one concept in it.", offenders);
}

#[test]
fn type_names_say_something() {
    let mut offenders = Vec::new();
    for file in sources() {
        for (number, line) in file.lines() {
            let mut words =
                line.trim_start().split(|char: char| !char.is_alphanumeric() && char != '_').filter(|w| !w.is_empty());
            let mut declared =
                words.by_ref().skip_while(|word| ["pub", "export", "declare", "abstract", "default"].contains(word));
            let is_type = declared
                .next()
                .is_some_and(|word| ["struct", "enum", "trait", "class", "interface", "type"].contains(&word));
            let name = declared.next().unwrap_or_default();
            if is_type && EMPTY_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                offenders.push(format!("{}:{number}: {name}", file.path));
            }
        }
    }
    report(&format!("A type's name does not end in {}: say what it is.", EMPTY_ENDINGS.join(", ")), offenders);
}

#[test]
fn no_notes_are_left() {
    let mut offenders = Vec::new();
    for file in files().iter().filter(|file| file.name() != "package-lock.json") {
        for (number, line) in file.lines() {
            let mut words = line.split(|char: char| !char.is_alphanumeric() && char != '_');
            if words.any(|word| NOTES.contains(&word)) {
                offenders.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    report("Do it, or open an issue; a note in the source is neither:", offenders);
}

#[test]
fn nothing_is_unfinished() {
    let mut offenders = Vec::new();
    for file in rust("") {
        for pair in tokens(file.text()).windows(2) {
            if pair[0].kind == Kind::Word && UNFINISHED.contains(&pair[0].text.as_str()) && pair[1].is("!") {
                offenders.push(format!("{}:{}: {}!", file.path, pair[0].line, pair[0].text));
            }
        }
    }
    report("These macros are for work in progress:", offenders);
}

#[test]
fn sources_are_ascii() {
    let mut offenders = Vec::new();
    let checked = files().iter().filter(|file| ASCII.iter().any(|start| file.path.starts_with(start)));
    for file in checked.filter(|file| file.is_source() || file.name() == "Makefile" || file.name() == "Cargo.toml") {
        for (number, line) in file.lines() {
            if let Some(char) = line.chars().find(|char| !char.is_ascii()) {
                offenders.push(format!("{}:{number}: {}", file.path, char.escape_unicode()));
            }
        }
    }
    report("Write these as escapes, so that nobody has to guess which character it is:", offenders);
}

#[test]
fn files_begin_by_saying_what_they_are() {
    let offenders = sources().filter(|file| {
        let first = file.text().lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
        let starts: &[&str] = if file.path.ends_with(".rs") { &["//!"] } else { &["/**", "// ", "///"] };
        !starts.iter().any(|start| first.starts_with(start))
    });
    report(
        "Begin with a comment that says what the file is for (Rust: //!, others: /**):",
        offenders.map(|f| f.path.clone()),
    );
}

#[test]
fn no_path_of_one_machine_is_written() {
    let homes = [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/"), concat!("C:", "\\")];
    let mut offenders = Vec::new();
    for file in files() {
        for (number, line) in file.lines().filter(|(_, line)| homes.iter().any(|home| line.contains(home))) {
            offenders.push(format!("{}:{number}: {}", file.path, line.trim()));
        }
    }
    report("These paths exist on somebody's machine only:", offenders);
}
