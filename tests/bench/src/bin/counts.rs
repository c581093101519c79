//! How many instructions the kernel's hot operations take, held to what `counts.txt` says.
//!
//! A program and no test of cargo's: for one of those, cargo compiles the kernel a second time, so that panics can be
//! caught, and into the same file; which of the two is counted then is luck.
//!
//! Instructions are counted by valgrind, the same on every day and however busy the machine is, but they depend on the
//! compiler: so elsewhere than with the compiler that the file names, or without valgrind, nothing is compared, and a
//! line says why. After a change that is meant, `STATEHALL_COUNTS=write make test-counts` writes the file anew.

use statehall_bench::machine::said;
use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::fmt::Write;
use std::process::{Command, exit};
use std::{env, fs};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");
const CASES: [&str; 5] = ["put", "behind", "get", "match", "merge"];
/// Of how many operations the instructions are counted.
const TIMES: u64 = 10_000;
/// How far a count may be from what it was, in percent.
const TOLERANCE: f64 = 5.0;

fn main() {
    let machine = format!("{}, {ARCH} {OS}", said("rustc", &["--version"]));
    let recorded = fs::read_to_string(FILE).expect("counts.txt");
    let mut lines = recorded.lines().filter(|line| !line.starts_with('#'));
    let reference = lines.next().unwrap_or_default();
    let write = env::var("STATEHALL_COUNTS").is_ok_and(|what| what == "write");
    if said("valgrind", &["--version"]).is_empty() {
        println!("skipped: valgrind is missing");
        return;
    }
    if reference != machine && !write {
        println!("skipped: counts.txt is of {reference}, this is {machine}");
        return;
    }
    let counted: Vec<_> = CASES.iter().map(|&case| (case, per_operation(case))).collect();
    for (case, count) in &counted {
        println!("{case:<6} {count:>8.1} instructions");
    }
    if write {
        let mut out = String::from("# Instructions of one operation of the kernel: see src/bin/counts.rs.\n");
        let _ = writeln!(out, "{machine}");
        for (case, count) in &counted {
            let _ = writeln!(out, "{case} {count:.1}");
        }
        fs::write(FILE, out).expect("counts.txt is written");
        return;
    }
    let before: BTreeMap<_, f64> = lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(case, count)| Some((case, count.parse().ok()?)))
        .collect();
    for (case, count) in counted {
        let before = before[case];
        let change = (count / before - 1.0) * 100.0;
        if change.abs() > TOLERANCE {
            eprintln!("counts: {case} took {before} instructions, now {count:.1} ({change:+.1} %)");
            eprintln!("counts: if that is meant, STATEHALL_COUNTS=write make test-counts writes the file anew");
            exit(1);
        }
    }
    println!("counts: all within {TOLERANCE} % of tests/bench/counts.txt");
}

/// The instructions of one operation: what so many more of them add to a run.
fn per_operation(case: &str) -> f64 {
    let (few, many) = (instructions(case, TIMES), instructions(case, 2 * TIMES));
    assert!(many > few, "{case}: {few} instructions, then {many}");
    (many - few) as f64 / TIMES as f64
}

fn instructions(case: &str, times: u64) -> u64 {
    let program = env::current_exe().expect("this program has a path").with_file_name("counted");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([case, &times.to_string()])
        .output()
        .expect("valgrind runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let line = text.lines().find_map(|line| line.split_once("Collected : ")).expect("a count");
    line.1.trim().parse().expect("a number")
}
