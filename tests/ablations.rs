//! Every part of the protocol is needed: without it the simulation fails.
//!
//! The sources have switches, `cfg!(ablate = "...")`, each of which leaves out one part. Here the
//! simulation is built with some of them and must find that the halls no longer agree; if it did
//! not, it would not be worth much. The rows are those of the table of what was tried in models
//! before the protocol was chosen.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard};
use support::sim::live;
use support::sim::plan::Profile;
use support::sim::statistics::Statistics;

/// Seeds of the comparison of repairs.
const COMPARED: u64 = 500;

/// A build of the tests without some parts of the protocol. There is one at a time, because the
/// library has one place in the target folder, whatever it was compiled with.
struct Build {
    parts: &'static [&'static str],
    wrapper: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// What a test of such a build said.
struct Outcome {
    passed: bool,
    output: String,
}

impl Build {
    fn without(parts: &'static [&'static str]) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let build = Self { parts, wrapper: compiler_without(parts), _alone: alone };
        let cleaned = build.cargo(&["clean", "--package", env!("CARGO_PKG_NAME")], "default", 0);
        assert!(cleaned.status.success(), "{}", String::from_utf8_lossy(&cleaned.stderr));
        build
    }

    fn run(&self, test: &str, name: &str, profile: &str, seeds: u64) -> Outcome {
        let output = self.cargo(&["test", "--test", test, "--", "--exact", name, "--nocapture"], profile, seeds);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.contains("running 1 test"), "without {:?} nothing was run:\n{text}", self.parts);
        Outcome { passed: output.status.success(), output: text }
    }

    fn simulate(&self, profile: &str, seeds: u64) -> Outcome {
        self.run("simulation", "halls_agree_whatever_happens", profile, seeds)
    }

    fn cargo(&self, arguments: &[&str], profile: &str, seeds: u64) -> Output {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("RUSTC_WORKSPACE_WRAPPER", &self.wrapper)
            .env("RUST_BACKTRACE", "0")
            .env("STATEHALL_PROFILE", profile)
            .env("STATEHALL_SEEDS", seeds.to_string())
            .env_remove("STATEHALL_SEED")
            .env_remove("STATEHALL_FIRST_SEED");
        cargo.output().expect("cargo runs")
    }
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("ablate")
}

/// A compiler that leaves the parts out. Only the crate itself is compiled by it, so that what it
/// depends on is compiled once for all builds.
fn compiler_without(parts: &[&str]) -> PathBuf {
    let flags: String = parts.iter().map(|part| format!(" --cfg 'ablate=\"{part}\"'")).collect();
    let path = target().join(format!("rustc-without-{}", parts.join("-")));
    let script = format!("#!/bin/sh\nexec \"$@\"{flags}\n");
    if fs::read_to_string(&path).is_ok_and(|old| old == script) {
        return path;
    }
    fs::create_dir_all(target()).expect("a folder");
    fs::write(&path, script).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    path
}

#[test]
#[ignore = "builds the crate several times; `make test` runs it"]
fn each_part_is_needed() {
    let rows: [(&'static [&'static str], &str, u64, &str); 6] = [
        // Once deletes are forgotten, equal contexts no longer mean equal states.
        (&["hash"], "default", 3_000, "diverged: "),
        // Counting what a sender has written up to, and not what has arrived, loses what was lost.
        (&["prev", "hash"], "no-purge", 2_000, "diverged: "),
        // What a dead session wrote after a gap is advertised by nobody.
        (&["cloud", "hash"], "no-purge", 4_000, "diverged: "),
        // A late write of what was seen and deleted since is taken for a new one.
        (&["covered"], "stale", 2_000, " has come back"),
        // An answer that is everything also says what is gone.
        (&["inference"], "default", 2_000, "diverged: "),
        // Whoever has missed a forgotten delete must be told of everything.
        (&["full"], "default", 2_000, "diverged: "),
    ];
    for (parts, profile, seeds, failure) in rows {
        let build = Build::without(parts);
        let Outcome { passed, output } = build.simulate(profile, seeds);
        assert!(!passed, "without {parts:?} nothing went wrong in {seeds} worlds ({profile})");
        assert!(output.contains(failure), "without {parts:?} something else went wrong:\n{output}");
        let seed = output.lines().find(|line| line.starts_with("seed ")).unwrap_or_default();
        println!("ablations: without {parts:?}: {}", seed.split(';').next().unwrap_or_default());
        if parts == ["hash"] {
            // While nothing is forgotten, what has been seen is exact, and the hash has nothing to find.
            let Outcome { passed, output } = build.simulate("no-purge", 1_000);
            assert!(passed, "{output}");
        }
    }
}

/// A session that drops its tombstones when it is told everything shows what it knows as deleted.
/// The simulation has not met that in 100,000 worlds, so it has a test of its own.
#[test]
#[ignore = "builds the crate several times; `make test` runs it"]
fn tombstones_are_needed() {
    let build = Build::without(&["tombstones"]);
    let Outcome { passed, .. } = build.run("protocol", "what_is_deleted_here_stays_so", "default", 0);
    assert!(!passed, "nothing went wrong without tombstones in full answers");
}

/// Whoever asks again because no answer came is not to get what it asked for twice, and whose lease is
/// over is not to write.
#[test]
#[ignore = "builds the crate several times; `make test` runs it"]
fn numbers_of_requests_and_fences_are_needed() {
    for part in [&["dedupe"], &["fences"]] {
        let build = Build::without(part);
        let Outcome { passed, output } = build.run("strict", "histories::histories_are_linearizable", "default", 2_000);
        assert!(!passed && output.contains("is not linearizable"), "without {part:?} nothing went wrong:\n{output}");
        let seed = output.lines().find(|line| line.starts_with("seed ")).unwrap_or_default();
        println!("ablations: without {part:?}: {}", seed.split(';').next().unwrap_or_default());
    }
}

/// Without the chain the halls still agree, because of the hash, which is the net and not the plan.
#[test]
#[ignore = "builds the crate several times; `make test` runs it"]
fn the_chain_spares_repairs() {
    let Outcome { passed, output } = Build::without(&["prev"]).simulate("agreement", COMPARED);
    assert!(passed, "{output}");
    let mut statistics = Statistics::default();
    for seed in 0..COMPARED {
        live(seed, Profile::Agreement, false, &mut statistics);
    }
    let repairs = output.split("repairs=").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    let (with, without) = (statistics.of("repairs"), repairs.expect("a count of repairs"));
    println!("ablations: repairs in {COMPARED} worlds: {with} with the chain, {without} without");
    assert!(without >= 3 * with, "{with} repairs with the chain and {without} without");
}
