//! The example `wasmtime-host`, run as its README says.

use crate::npm;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

const README: &str = include_str!("../../../../examples/wasmtime-host/README.md");

/// The built program. Built together with these tests, so that both share what they depend on.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // target/<profile>/deps/<this test>
        let this = std::env::current_exe().expect("the path of this program");
        let folder = this.parent().and_then(|deps| deps.parent()).expect("a folder of a profile").to_owned();
        let profile = folder.file_name().and_then(|name| name.to_str()).expect("a name");
        let profile = if profile == "debug" { "dev" } else { profile };
        let (package, tests) = ("statehall-example-wasmtime-host", "statehall-component-tests");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--profile", profile, "--package", package, "--package", tests]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(built.success(), "the example does not compile");
        folder.join(package).with_extension(std::env::consts::EXE_EXTENSION)
    })
}

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().expect("the example runs")
}

/// The lines that one side has printed, without its name.
fn lines(output: &[u8], side: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| line.strip_prefix(side)).map(str::to_owned).collect()
}

#[test]
fn two_agents_agree_and_a_trap_is_survived() {
    let output = run(&[]);
    let expected = README.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(Some(String::from_utf8_lossy(&output.stdout).as_ref()), expected, "the README shows what is printed");
    assert!(output.status.success());
}

#[test]
fn a_hall_is_shared_with_node() {
    if !npm::is_there() {
        return;
    }
    let output = run(&["share"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (host, node) = (lines(&output.stdout, "host: "), lines(&output.stderr, "node: "));
    assert_eq!(host[0], "the peer has left (exit status: 0)");
    assert_eq!(host[1..], node, "both sides have the same entries");
    let keys: Vec<_> = node.iter().filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(keys, ["agents/host/status", "agents/node/status", "plan/city", "plan/days", "plan/hotel"]);
}

#[test]
fn a_missing_component_is_said() {
    let output = run(&["missing.wasm"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "host: there is no missing.wasm: run \"make component\" first\n");
}

#[test]
fn a_missing_node_is_said() {
    let output = Command::new(program()).arg("share").env("PATH", "").output().expect("the example runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("host: cannot start node: "), "{said}");
}
