//! The files of the checkout, without what `.gitignore` names.

use crate::report;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// One file: its path from the top, with `/`, and its text; `None` if it is not UTF-8.
pub struct File {
    pub path: String,
    pub text: Option<String>,
}

impl File {
    /// The text; empty if it is none.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The name without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The folder, without a final `/`.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it is a program that people read.
    pub fn is_source(&self) -> bool {
        [".rs", ".ts", ".js", ".mjs", ".cjs", ".wit"].iter().any(|ending| self.path.ends_with(ending))
    }

    /// Numbered lines, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text().lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The top of the checkout.
pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file, in the order of the paths.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        walk("", &ignored(), &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    })
}

/// The files that people read as programs.
pub fn sources() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| file.is_source())
}

/// The text of one file.
pub fn text(path: &str) -> &'static str {
    files().iter().find(|file| file.path == path).map(File::text).unwrap_or_else(|| panic!("{path} is missing"))
}

fn walk(folder: &str, ignored: &[String], files: &mut Vec<File>) {
    let entries = fs::read_dir(top().join(folder)).expect("a readable folder");
    for entry in entries.map(|entry| entry.expect("a readable folder")) {
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if name == ".git" || ignored.iter().any(|pattern| is_ignored(pattern, &path, &name)) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, ignored, files);
        } else if let Ok(bytes) = fs::read(entry.path()) {
            files.push(File { path, text: String::from_utf8(bytes).ok() });
        }
    }
}

fn ignored() -> Vec<String> {
    let patterns = fs::read_to_string(top().join(".gitignore")).expect(".gitignore");
    patterns.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The part of git's rules that `.gitignore` uses: a `/` before the end ties a pattern to the top, `*` is any text.
fn is_ignored(pattern: &str, path: &str, name: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    let (pattern, subject) =
        if pattern.contains('/') { (pattern.trim_start_matches('/'), path) } else { (pattern, name) };
    match pattern.split_once('*') {
        None => pattern == subject,
        Some((start, end)) => {
            subject.len() >= start.len() + end.len() && subject.starts_with(start) && subject.ends_with(end)
        }
    }
}

/// What may be at the top: the program, and what every repository needs.
const TOP: &[&str] = &[
    // the program
    "Cargo.toml",
    "src",
    "wit",
    "js",
    "examples",
    "tests",
    // every repository
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "Cargo.lock",
    ".ci",
    ".editorconfig",
    ".gitignore",
    "biome.jsonc",
    "rustfmt.toml",
];

#[test]
fn the_top_level_is_short() {
    let entries = fs::read_dir(top()).expect("a readable folder").map(|entry| entry.expect("a readable folder"));
    let names = entries.map(|entry| entry.file_name().into_string().expect("a name in UTF-8"));
    let patterns = ignored();
    let extra = names
        .filter(|name| name != ".git" && !TOP.contains(&name.as_str()))
        .filter(|name| !patterns.iter().any(|pattern| is_ignored(pattern, name, name)));
    report("The top level holds the program and what every repository needs. Find another place for:", extra);
}

#[test]
fn nothing_that_a_build_makes_is_committed() {
    if !top().join(".git").exists() {
        return;
    }
    let args = ["-c", "safe.directory=*", "ls-files", "--cached", "--ignored", "--exclude-standard"];
    let output = Command::new("git").args(args).current_dir(top()).output().expect("git runs");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let committed = String::from_utf8_lossy(&output.stdout).into_owned();
    report("Built files are committed: git rm --cached them.", committed.lines().map(str::to_owned));
}

#[test]
fn files_are_text_or_pictures() {
    let binary = files().iter().filter(|file| file.text.is_none() && !file.path.ends_with(".png"));
    let fixture = |file: &&File| file.path.starts_with("tests/fixtures/");
    let offenders = binary.filter(|file| !fixture(file)).map(|file| file.path.clone());
    report("These files are neither text nor pictures nor fixtures: make them in a build or a test.", offenders);
}

#[test]
fn lockfiles_name_no_registry() {
    let lockfiles = files().iter().filter(|file| file.name() == "package-lock.json");
    let offenders = lockfiles.flat_map(|file| {
        let resolved = file.lines().find(|(_, line)| line.contains("\"resolved\": \"http"));
        resolved.map(|(number, _)| format!("{}:{number}", file.path))
    });
    let rule = "A lockfile pins versions and hashes; where packages come from is the user's own setting. \
                Set omit-lockfile-registry-resolved in an .npmrc beside it and run npm install:";
    report(rule, offenders);
}
