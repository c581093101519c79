//! A session of the npm package, in a process of Node: told what to do in lines, see `session.mjs`.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write, stdout};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// See the module.
pub struct Npm {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Whether there is a Node; a test that needs one says that it is skipped if there is none.
pub fn is_there() -> bool {
    let version = Command::new("node").arg("--version").output();
    if version.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        // Not by a macro, whose output is only shown of tests that fail.
        let _ = writeln!(stdout(), "skipped: node is not installed");
        return false;
    }
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../js/dist/entry/inline.js");
    assert!(package.exists(), "the npm package is missing: run \"make build\"");
    true
}

impl Npm {
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/session.mjs");
        let mut node = Command::new("node");
        let mut process =
            node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node can be started");
        let (requests, answers) = (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        Self { process, requests, answers: BufReader::new(answers) }
    }

    /// Sends a request and returns the lines of its answer.
    pub fn ask(&mut self, request: &str) -> Vec<String> {
        writeln!(self.requests, "{request}").expect("node listens");
        let mut answer = Vec::new();
        for line in self.answers.by_ref().lines() {
            match line.expect("text") {
                line if line == "done" => return answer,
                line => answer.push(line),
            }
        }
        panic!("node has ended at {request:?}")
    }

    pub fn frames(&mut self) -> Vec<Vec<u8>> {
        self.ask("frames").iter().map(|frame| bytes(frame)).collect()
    }

    pub fn receive(&mut self, frame: &[u8]) {
        self.ask(&format!("receive {}", hex(frame)));
    }

    pub fn snapshot(&mut self) -> Vec<u8> {
        bytes(&self.ask("snapshot")[0])
    }
}

impl Drop for Npm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}
