//! Runs the transcripts: behaviour as text, the same for every face.
//!
//! Each file runs with three seeds, which give three orders of every hash table, and must give the
//! same lines. `STATEHALL_TRANSCRIPTS` names more folders, separated by `:`.
//! `STATEHALL_REWRITE=1` writes what is observed into the files; read the difference before you
//! keep it.

#[path = "transcripts/runner/answers.rs"]
mod answers;
#[path = "transcripts/runner/naming.rs"]
mod naming;
#[path = "transcripts/runner/notation.rs"]
mod notation;
#[path = "transcripts/runner/script.rs"]
mod script;
#[path = "transcripts/runner/world.rs"]
mod world;

use script::{LINE, Step, parse};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs, panic};
use world::{THROWN, World};

const SEEDS: [u64; 3] = [1, 7_919, 123_456_789];

/// What a file came to.
#[derive(Default)]
struct Outcome {
    steps: usize,
    skips: Vec<String>,
    failures: Vec<String>,
}

#[test]
fn every_transcript_holds() {
    silence_thrown();
    let rewrite = env::var_os("STATEHALL_REWRITE").is_some();
    let (mut files, mut steps, mut failures) = (0, 0, Vec::new());
    for path in transcripts() {
        let outcome = run_file(&path, rewrite).unwrap_or_else(|wrong| panic!("{}:{wrong}", path.display()));
        say(&format!("{}: {} steps", path.display(), outcome.steps));
        for skip in &outcome.skips {
            say(&format!("  skipped {skip}"));
        }
        files += 1;
        steps += outcome.steps;
        failures.extend(outcome.failures);
    }
    say(&format!("{files} transcripts, {steps} steps, each with {} seeds", SEEDS.len()));
    assert!(files > 0, "there are no transcripts");
    assert!(failures.is_empty(), "\n{}\n{} steps differ", failures.join("\n"), failures.len());
}

/// Says a line that is seen although the tests pass, which `println` would not be.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A panic that a transcript asks for is not worth a message.
fn silence_thrown() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&THROWN) {
            hook(info);
        }
    }));
}

fn transcripts() -> Vec<PathBuf> {
    // The tests run at the root of the package.
    let own = PathBuf::from("tests/transcripts");
    let others = env::var_os("STATEHALL_TRANSCRIPTS").unwrap_or_default();
    let others = env::split_paths(&others).filter(|folder| !folder.as_os_str().is_empty()).collect::<Vec<_>>();
    let mut files = Vec::new();
    for folder in [own].into_iter().chain(others) {
        let listing = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut found: Vec<_> = listing.flatten().map(|file| file.path()).collect();
        found.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        found.sort();
        files.append(&mut found);
    }
    files
}

fn run_file(path: &Path, rewrite: bool) -> Result<Outcome, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let steps = parse(&text)?;
    let mut outcome = Outcome::default();
    let [observed, others @ ..] = SEEDS.map(|seed| run(&steps, seed, &mut outcome));
    let observed = observed?;
    for (seed, other) in SEEDS[1..].iter().zip(others) {
        for (step, (one, other)) in steps.iter().zip(observed.iter().zip(other?)) {
            if let (Some(one), Some(other)) = (one, &other)
                && one != other
            {
                let place = format!("{}:{} with seed {seed}", path.display(), step.line);
                outcome.failures.push(format!("{place}\n  before:\n{}\n  got:\n{}", shown(one), shown(other)));
            }
        }
    }
    outcome.steps = observed.iter().flatten().count();
    if rewrite {
        fs::write(path, rewritten(&steps, &observed)).map_err(|error| error.to_string())?;
        return Ok(outcome);
    }
    for (step, got) in steps.iter().zip(&observed) {
        let Some(got) = got.as_ref().filter(|got| arranged(got) != arranged(&step.expected)) else { continue };
        let place = format!("{}:{}", path.display(), step.expected_line.max(step.line));
        outcome.failures.push(format!("{place}\n  expected:\n{}\n  got:\n{}", shown(&step.expected), shown(got)));
    }
    Ok(outcome)
}

/// Runs the steps; returns of each the lines observed, `None` if it is skipped.
fn run(steps: &[Step], seed: u64, outcome: &mut Outcome) -> Result<Vec<Option<Vec<String>>>, String> {
    let world = World::new(seed);
    let (mut observed, mut rest) = (Vec::new(), false);
    outcome.skips.clear();
    for step in steps {
        let skip = step.skips.iter().find(|(runner, _)| runner == "rust");
        if let Some((_, reason)) = skip {
            outcome.skips.push(format!("{}: {reason}", step.line));
            // A skip without a command is for the rest of the file.
            rest |= step.commands.is_empty();
        }
        if rest || skip.is_some() {
            observed.push(None);
            continue;
        }
        let mut lines = Vec::new();
        for command in &step.commands {
            lines.extend(world.step(command).map_err(|wrong| format!("{}: {wrong}", step.line))?);
        }
        observed.push(Some(lines));
    }
    Ok(observed)
}

/// The lines with those of each watch together: only their order within a watch is promised.
fn arranged(lines: &[String]) -> (Vec<&String>, BTreeMap<&str, Vec<&String>>) {
    let (mut replies, mut watches) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for line in lines {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("notify" | "reply"), Some(watch)) => watches.entry(watch).or_default().push(line),
            _ => replies.push(line),
        }
    }
    (replies, watches)
}

fn rewritten(steps: &[Step], observed: &[Option<Vec<String>>]) -> String {
    let step = |(step, got): (&Step, &Option<Vec<String>>)| {
        let lines = got.as_ref().unwrap_or(&step.expected);
        let mut text = step.text.clone();
        if !step.commands.is_empty() {
            text.push(LINE.to_owned());
            text.extend(lines.iter().cloned());
        }
        text.join("\n")
    };
    steps.iter().zip(observed).map(step).collect::<Vec<_>>().join("\n\n") + "\n"
}

fn shown(lines: &[String]) -> String {
    lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
