//! The loop over files and seeds: what is skipped, what is compared, what is said.

use super::face::Face;
use super::script::{LINE, Step, parse};
use super::world::World;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{env, fs};

/// Three orders of every hash table. With the second, batches of writes alone are given as lists where a face can.
const SEEDS: [u64; 3] = [1, 7_919, 123_456_789];

/// One way to run the transcripts.
pub struct Suite {
    /// The name that a skip calls the runner by.
    pub runner: &'static str,
    /// The way to the root of the repository.
    pub root: &'static str,
    /// Whether what is observed is written into the files.
    pub rewrite: bool,
}

/// What all files came to.
#[derive(Default)]
pub struct Summary {
    pub files: usize,
    pub steps: usize,
    /// How many skips the project's own transcripts have for the runner, of a step or of the rest of a file.
    pub skips: usize,
    /// How many steps those skip.
    pub skipped: usize,
}

/// What a file came to.
#[derive(Default)]
struct Outcome {
    steps: usize,
    skipped: usize,
    skips: Vec<String>,
    failures: Vec<String>,
}

impl Suite {
    /// Runs every transcript, and fails with the steps that differ.
    pub fn run<F: Face>(&self) -> Summary {
        let (mut summary, mut failures) = (Summary::default(), Vec::new());
        let own = Path::new(self.root).join("tests/transcripts");
        for path in self.transcripts(&own) {
            let outcome = self.run_file::<F>(&path).unwrap_or_else(|wrong| panic!("{}:{wrong}", path.display()));
            say(&format!("{}: {} steps", path.display(), outcome.steps));
            for skip in &outcome.skips {
                say(&format!("  skipped {skip}"));
            }
            summary.files += 1;
            summary.steps += outcome.steps;
            if path.starts_with(&own) {
                summary.skips += outcome.skips.len();
                summary.skipped += outcome.skipped;
            }
            failures.extend(outcome.failures);
        }
        let Summary { files, steps, skips, skipped } = &summary;
        let seeds = SEEDS.len();
        say(&format!("{files} transcripts, {steps} steps, each with {seeds} seeds; {skips} skips, of {skipped} steps"));
        assert!(*files > 0, "there are no transcripts");
        assert!(failures.is_empty(), "\n{}\n{} steps differ", failures.join("\n"), failures.len());
        summary
    }

    fn transcripts(&self, own: &Path) -> Vec<PathBuf> {
        let others = env::var_os("STATEHALL_TRANSCRIPTS").unwrap_or_default();
        let others = env::split_paths(&others).filter(|folder| !folder.as_os_str().is_empty());
        let others = others.map(|folder| Path::new(self.root).join(folder)).collect::<Vec<_>>();
        let mut files = Vec::new();
        for folder in [own.to_owned()].into_iter().chain(others) {
            let listing = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let mut found: Vec<_> = listing.flatten().map(|file| file.path()).collect();
            found.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
            found.sort();
            files.append(&mut found);
        }
        files
    }

    fn run_file<F: Face>(&self, path: &Path) -> Result<Outcome, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let steps = parse(&text)?;
        let mut outcome = Outcome::default();
        let run = |(round, seed)| self.run_steps(&steps, World::<F>::new(seed, round == 1), &mut outcome);
        let [observed, others @ ..] = [(0, SEEDS[0]), (1, SEEDS[1]), (2, SEEDS[2])].map(run);
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
        let commanded = steps.iter().zip(&observed).filter(|(step, _)| !step.commands.is_empty());
        let (run, skipped): (Vec<_>, Vec<_>) = commanded.partition(|(_, got)| got.is_some());
        (outcome.steps, outcome.skipped) = (run.len(), skipped.len());
        if self.rewrite {
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
    fn run_steps<F: Face>(
        &self,
        steps: &[Step],
        world: Rc<World<F>>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Option<Vec<String>>>, String> {
        let (mut observed, mut rest) = (Vec::new(), false);
        outcome.skips.clear();
        for step in steps {
            let skip = step.skips.iter().find(|(runner, _)| runner == self.runner);
            if let Some((_, reason)) = skip {
                // A skip without a command is for the rest of the file.
                let is_rest = step.commands.is_empty();
                outcome.skips.push(format!("{}{}: {reason}", step.line, if is_rest { " to the end" } else { "" }));
                rest |= is_rest;
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
}

/// Says a line that is seen although the tests pass, which `println` would not be.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
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
