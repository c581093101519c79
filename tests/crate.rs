//! The crate as a registry would hand it out: that it packs, documents itself and asks for nothing surprising.
//!
//! Each test runs cargo, which takes a while, so `cargo test` leaves them out: `make test-crate` runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

/// Every feature with what it brings along.
const FEATURES: &[&str] = &["", "js", "component"];

/// Licences of crates that ours may need: all of them let anybody use the result as our own two do.
const LICENCES: &[&str] = &[
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "Apache-2.0 OR MIT",
    "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
    "MIT",
    "MIT OR Apache-2.0",
    "MIT/Apache-2.0",
    "Unlicense OR MIT",
    "Zlib",
];

/// Crates that a program gets in two versions with a feature, and why we bear it.
const TWICE: &[(&str, &str, &str)] =
    &[("component", "syn", "serde_derive is ahead of wit-bindgen's printer; both only run while compiling")];

/// Runs cargo at the top of the checkout.
fn cargo(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).envs(environment.iter().copied()).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().expect("cargo runs")
}

/// What it said, if it did what it was asked for.
#[track_caller]
fn succeed(args: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let output = cargo(args, environment);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "cargo {args:?} failed:\n{complained}");
    (said, complained)
}

/// The crates that a program needs with a feature: name, version, licence.
fn needed(feature: &str) -> BTreeSet<(String, String, String)> {
    // For every platform, and with what only runs while compiling.
    let args = ["tree", "--locked", "--target", "all", "--edges", "normal,build", "--prefix", "none"];
    let args = [&args[..], &["--format", "{p}|{l}", "--features", feature]].concat();
    let (list, _) = succeed(&args, &[]);
    let crates = list.lines().filter_map(|line| {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
        let (name, version) = package.split_once(' ')?;
        let version = version.split(' ').next()?;
        Some((name.to_owned(), version.to_owned(), licence.to_owned()))
    });
    crates.filter(|(name, ..)| name != "statehall").collect()
}

#[test]
#[ignore = "runs cargo"]
fn every_licence_is_known() {
    for feature in FEATURES {
        let crates = needed(feature);
        assert!(crates.iter().any(|(name, ..)| name == "hashbrown"), "cargo tree lists what is needed: {crates:?}");
        let others: Vec<_> = crates.iter().filter(|(_, _, licence)| !LICENCES.contains(&licence.as_str())).collect();
        assert!(others.is_empty(), "read these licences, and add them or drop the crates: {others:?}");
    }
}

#[test]
#[ignore = "runs cargo"]
fn no_crate_is_there_twice() {
    for feature in FEATURES {
        let mut versions = BTreeMap::<String, Vec<String>>::new();
        for (name, version, _) in needed(feature) {
            versions.entry(name).or_default().push(version);
        }
        versions.retain(|_, found| found.len() > 1);
        let known = TWICE.iter().filter(|(with, ..)| with == feature).map(|(_, name, _)| *name);
        let found: Vec<_> = versions.keys().map(String::as_str).collect();
        assert_eq!(found, known.collect::<Vec<_>>(), "with the feature {feature:?}: {versions:?}");
    }
}

#[test]
#[ignore = "runs cargo"]
fn it_packs_and_compiles_as_packed() {
    // A registry would refuse changes that are not committed; while one works there are some.
    let dirty: &[&str] = if std::env::var_os("CI").is_some() { &[] } else { &["--allow-dirty"] };
    let args = [&["package", "--package", "statehall", "--locked"], dirty].concat();
    let (_, complained) = succeed(&args, &[]);
    // The tests and examples stay here: they need the rest of the checkout.
    let known = |line: &&str| line.contains("is not included in the published package");
    let warnings: Vec<_> =
        complained.lines().filter(|line| line.starts_with("warning")).filter(|line| !known(line)).collect();
    assert!(warnings.is_empty(), "cargo package warns: {warnings:?}");

    // The component's face is compiled from the interfaces, which must come along.
    let (packed, _) = succeed(&[&args[..], &["--list"]].concat(), &[]);
    for name in ["state", "types", "watchers", "world"] {
        assert!(packed.lines().any(|path| path == format!("wit/{name}.wit")), "{name} is not in {packed}");
    }
}

#[test]
#[ignore = "runs cargo"]
fn its_documentation_has_no_warnings() {
    let strict = [("RUSTDOCFLAGS", "--deny warnings")];
    succeed(&["doc", "--package", "statehall", "--no-deps", "--locked", "--all-features"], &strict);
    // A link that only a feature's items could follow would be dead without it.
    succeed(&["doc", "--package", "statehall", "--no-deps", "--locked"], &strict);
}

#[test]
#[ignore = "runs cargo"]
fn no_feature_is_on_by_default() {
    let none = succeed(&["tree", "--locked", "--edges", "normal", "--no-default-features"], &[]);
    assert_eq!(succeed(&["tree", "--locked", "--edges", "normal"], &[]), none);
    succeed(&["check", "--locked", "--no-default-features"], &[]);
}

#[test]
#[ignore = "runs cargo"]
fn it_compiles_with_the_oldest_rust_that_it_names() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let toolchain = format!("+{oldest}");
    let program = |name: &str, args: &[&str]| {
        // `cargo test` names its own toolchain to what it runs.
        let mut command = Command::new(name);
        command.args(args).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
        command.current_dir(env!("CARGO_MANIFEST_DIR")).output()
    };
    if !program("rustup", &["run", oldest, "rustc", "--version"]).is_ok_and(|output| output.status.success()) {
        println!("skipped: rustup toolchain install {oldest} --profile minimal");
        return;
    }
    for features in FEATURES {
        let target = concat!(env!("CARGO_MANIFEST_DIR"), "/target/oldest");
        let args = [&toolchain, "check", "--locked", "--target-dir", target, "--features", features];
        let output = program("cargo", &args).expect("cargo runs");
        assert!(output.status.success(), "Rust {oldest}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
