//! What the numbers were measured on.

use std::process::Command;
use std::{env, fs, thread};

/// Whatever a reader needs to know to compare two files. Empty where it could not be found out.
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub os: String,
    pub compiler: String,
}

/// Looks around.
pub fn describe() -> Machine {
    let linux = || {
        let info = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = info.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    Machine {
        cpu: linux().unwrap_or_else(|| said("sysctl", &["-n", "machdep.cpu.brand_string"])),
        cores: thread::available_parallelism().map_or(0, |cores| cores.get()),
        os: format!("{} {}", env::consts::OS, env::consts::ARCH),
        compiler: said("rustc", &["--version"]),
    }
}

/// What a program says; nothing if it is missing.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
