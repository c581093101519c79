//! Error codes and limits: one list each, the same in every language, documented and tested.

use crate::report;
use crate::tree::{File, files, text};
use statehall::{Code, Limits};

#[test]
fn rust_and_typescript_have_the_same_codes() {
    let rust: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    let listed = text("js/src/error.ts").split("export type Code =").nth(1).and_then(|rest| rest.split(';').next());
    let typescript: Vec<_> = listed.expect("the type Code").split('"').skip(1).step_by(2).collect();
    assert_eq!(rust, typescript, "make the list of js/src/error.ts that of src/error.rs, in the same order");
}

#[test]
fn rust_and_typescript_have_the_same_limits() {
    let rust: Vec<_> = Limits::default().list().into_iter().map(|(name, _)| name).collect();
    let interface =
        text("js/src/contract.ts").split("export interface Limits {").nth(1).and_then(|rest| rest.split("\n}").next());
    let members =
        interface.expect("the interface Limits").lines().filter_map(|line| line.trim().strip_prefix("readonly "));
    let typescript: Vec<_> = members.filter_map(|member| member.strip_suffix(": number;")).collect();
    assert_eq!(rust, typescript, "make `Limits` of js/src/contract.ts that of src/kernel/limits.rs, in the same order");
}

#[test]
fn rust_and_wit_have_the_same_codes_and_limits() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    assert_eq!(cases("wit/types.wit", "code"), codes, "make the enum `code` of wit/types.wit the list of src/error.rs");
    let kebab = |name: &str| {
        let words = name
            .chars()
            .map(|char| if char.is_uppercase() { format!("-{}", char.to_lowercase()) } else { char.into() });
        words.collect::<String>()
    };
    let limits: Vec<_> = Limits::default().list().into_iter().map(|(name, _)| kebab(name)).collect();
    assert_eq!(
        cases("wit/state.wit", "limit"),
        limits,
        "make the enum `limit` of wit/state.wit that of src/kernel/limits.rs"
    );
}

/// The cases of an enum of WIT.
fn cases(path: &str, name: &str) -> Vec<String> {
    let body = text(path).split(&format!("enum {name} {{")).nth(1).and_then(|rest| rest.split('}').next());
    let lines = body.unwrap_or_else(|| panic!("{path} has no enum {name}")).lines().map(str::trim);
    lines.filter_map(|line| line.strip_suffix(',')).filter(|line| !line.starts_with("//")).map(str::to_owned).collect()
}

#[test]
fn every_item_of_wit_is_documented() {
    let kinds = ["package", "interface", "world", "type", "record", "variant", "enum", "flags", "resource"];
    let mut offenders = Vec::new();
    for file in files().iter().filter(|file| file.path.starts_with("wit/")) {
        let mut before = "";
        for (number, line) in file.lines().map(|(number, line)| (number, line.trim())) {
            let item = kinds.contains(&line.split(' ').next().unwrap_or_default()) && !line.starts_with("//");
            let function = line.contains(": func(") || line.contains(": static func(");
            let member = line.ends_with(',') && !line.starts_with("//");
            if (item || function || member) && !line.starts_with("///") && !before.starts_with("///") {
                offenders.push(format!("{}:{number}: {line}", file.path));
            }
            before = line;
        }
    }
    report("Say of each what it is: shape, units, errors and what is not promised:", offenders);
}

#[test]
fn every_code_is_documented() {
    let rows = rows("Errors");
    let listed: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(listed, codes, "the table in README.md, \"Errors\", lists the codes of src/error.rs in their order");
    let unsaid = rows.iter().filter(|row| row.len() < 3 || row[1..].iter().any(String::is_empty));
    report("Say what the code means and what to do about it:", unsaid.map(|row| row[0].clone()));
}

#[test]
fn every_limit_is_documented_with_its_default() {
    let rows = rows("Limits");
    let listed: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row[1].replace(',', ""))).collect();
    let defaults = Limits::default();
    let limits: Vec<_> = defaults.list().into_iter().map(|(name, value)| (name, value.to_string())).collect();
    assert_eq!(listed, limits, "the table in README.md, \"Limits\", lists the limits of src/kernel/limits.rs");
}

#[test]
fn every_code_is_reached_by_a_test() {
    let tests: Vec<_> = files().iter().filter(|file| is_test(file)).collect();
    let reached = |code: Code| tests.iter().any(|file| file.lines().any(|(_, line)| reaches(file, line, code)));
    let unreached = Code::ALL.iter().copied().filter(|code| !reached(*code)).map(|code| code.name().to_owned());
    let rule = "Bring each of these about in a transcript (`error <code>`), or, where no transcript can, in a test of the face:";
    report(rule, unreached);
}

fn is_test(file: &File) -> bool {
    let own = ["tests/tidy", "tests/docs/", "tests/transcripts/runner/"];
    let test = file.path.starts_with("tests/") || file.path.starts_with("js/test/");
    test && !own.iter().any(|start| file.path.starts_with(start))
}

/// Whether a line expects the code: as a transcript does, or by its name in the language of the test.
fn reaches(file: &File, line: &str, code: Code) -> bool {
    if file.path.ends_with(".txt") {
        let mut words = line.split_whitespace();
        return words.any(|word| word == "error" || word == "report") && words.next() == Some(code.name());
    }
    // A line that names several codes is a list of them and expects none.
    file.is_source() && names(line, code) && Code::ALL.iter().filter(|other| names(line, **other)).count() == 1
}

fn names(line: &str, code: Code) -> bool {
    let variant = format!("Code::{code:?}");
    let mut words = line.split(|char: char| !char.is_alphanumeric() && char != ':');
    line.contains(&format!("\"{}\"", code.name())) || words.any(|word| word.ends_with(&variant))
}

/// The rows of the first table in a section of the README, each a list of cells, marks of code taken off.
pub fn rows(section: &str) -> Vec<Vec<String>> {
    let readme = text("README.md");
    let body = readme
        .split(&format!("\n## {section}\n"))
        .nth(1)
        .unwrap_or_else(|| panic!("README.md has no section {section:?}"));
    let body = body.split("\n## ").next().unwrap_or_default();
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    body.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(cells)
        .collect()
}
