//! What the fuzzer has found, replayed on stable: the inputs that together reach all that it ever
//! reached, and those that once broke a promise. `fuzz/README.md` says where they come from.

#[path = "fuzz/src/targets/mod.rs"]
mod targets;

mod support;

// The component's way to hold values is compiled into `targets` and names these as its own crate's.
use statehall::{codec, kernel, value};
use std::fs;
use std::path::{Path, PathBuf};

/// Says which input was running when a promise is broken.
struct Running<'a>(&'a Path, usize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}:{}: this input breaks a promise", self.0.display(), self.1);
        }
    }
}

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(path)
}

/// The inputs of a file: one a line, in hexadecimal, each with its line.
fn inputs(path: &Path) -> Vec<(usize, Vec<u8>)> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let byte = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    let bytes = |line: &str| line.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>();
    let input = |(number, line)| (number + 1, bytes(line).unwrap_or_else(|| panic!("{}: {line}", path.display())));
    lines.map(input).collect()
}

fn replay(folder: &str) -> usize {
    let mut count = 0;
    for (name, run) in targets::ALL {
        let path = fuzz(&format!("{folder}/{name}.txt"));
        if folder == "fixtures" && !path.exists() {
            continue;
        }
        let inputs = inputs(&path);
        assert!(!inputs.is_empty(), "{} is empty", path.display());
        for (line, input) in inputs {
            let _running = Running(&path, line);
            run(&input);
            count += 1;
        }
    }
    count
}

#[test]
fn what_the_fuzzer_keeps_breaks_no_promise() {
    println!("corpus: {} inputs", replay("corpora"));
}

#[test]
fn what_once_broke_a_promise_no_longer_does() {
    println!("corpus: {} fixtures", replay("fixtures"));
}

#[test]
fn every_target_is_fuzzed_and_replayed() {
    let names = |folder: &str| {
        let files = fs::read_dir(fuzz(folder)).expect("a folder").map(|file| file.expect("a file").path());
        let mut names: Vec<_> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
        names.sort();
        names
    };
    let mut known = targets::ALL.map(|(name, _)| name);
    known.sort();
    assert_eq!(names("fuzz_targets"), known, "a target for the fuzzer is a target here");
    assert_eq!(names("corpora"), known, "every target has a corpus");
    assert!(names("fixtures").iter().all(|name| known.contains(&name.as_str())), "every fixture has a target");
}
