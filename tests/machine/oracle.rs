//! Random scripts, compared with what Erlang's gen_statem does with them.
//!
//! `oracle/recorded.txt` is what Erlang/OTP 25 has made of the first of them, and is compared in every run. To compare
//! more, and to record again when the scripts have changed, there must be an Erlang (Debian's `erlang-base`):
//!
//! ```text
//! make oracle SCRIPTS=5000
//! ```
//!
//! Times are 0, for ever, and so long that they do not come: what real time does is not compared.

use crate::rng::Rng;
use crate::script::{Case, cases};
use crate::world::World;
use std::fmt::Write;
use std::fs;

const STATES: &[&str] = &["a", "b", "c"];
const TIMERS: &[&str] = &["timeout", "state-timeout", "timeout/x", "timeout/y"];

/// A script in the notation of the traces, and as a term of Erlang.
struct Script {
    notation: String,
    rules: String,
    named: usize,
}

/// How Erlang writes the kind of an event, or a timer.
fn erlang(kind: &str) -> String {
    match kind.split_once('/') {
        Some((kind, name)) => format!("{{{kind},{name}}}"),
        None => kind.replace('-', "_"),
    }
}

impl Script {
    fn name(&mut self) -> String {
        self.named += 1;
        format!("t{}", self.named)
    }

    /// An action in both languages.
    fn action(&mut self, rng: &mut Rng, entering: bool) -> (String, String) {
        let content = self.name();
        let timer = rng.pick(TIMERS);
        let term = erlang(timer);
        let strange = !entering || rng.percent(4);
        match rng.below(20) {
            0..4 if strange => ("postpone".to_owned(), "postpone".to_owned()),
            4 => ("postpone false".to_owned(), "{postpone,false}".to_owned()),
            5..8 if strange => {
                let (kind, content) = match rng.below(4) {
                    0 => ("cast", rng.pick(&["e0", "e1"]).to_owned()),
                    1 => (timer, content),
                    _ => ("internal", rng.pick(&["i0", "i1"]).to_owned()),
                };
                (format!("insert {kind} {content}"), format!("{{next_event,{},{content}}}", erlang(kind)))
            }
            8 if rng.percent(5) => (format!("{timer} -1 {content}"), format!("{{{term},-1,{content}}}")),
            9 | 10 => (format!("{timer} cancel"), format!("{{{term},cancel}}")),
            11 => (format!("{timer} never {content}"), format!("{{{term},infinity,{content}}}")),
            12 | 13 => (format!("{timer} 9000000 {content}"), format!("{{{term},9000000,{content}}}")),
            14 | 15 => (format!("{timer} update {content}"), format!("{{{term},update,{content}}}")),
            _ => (format!("{timer} 0 {content}"), format!("{{{term},0,{content}}}")),
        }
    }

    /// The answers of one function to one kind of event, each used once.
    fn rule(&mut self, rng: &mut Rng, state: &str, kind: &str, content: &str) {
        let mut answers = Vec::new();
        let entering = kind == "enter";
        for _ in 0..rng.below(4) {
            let next = rng.pick(STATES);
            let next = if entering && rng.percent(97) { state } else { next };
            let (answer, term) = match rng.below(200) {
                0 => ("junk junk".to_owned(), "junk".to_owned()),
                1 => ("raise oops".to_owned(), "{raise,oops}".to_owned()),
                2 => ("stop".to_owned(), "stop".to_owned()),
                3..30 => ("repeat".to_owned(), "repeat".to_owned()),
                30..110 => (format!("next {next}"), format!("{{next,{next}}}")),
                _ => ("keep".to_owned(), "keep".to_owned()),
            };
            let actions = if term == "stop" { 0 } else { rng.below(4) };
            let (actions, terms): (Vec<_>, Vec<_>) = (0..actions).map(|_| self.action(rng, entering)).unzip();
            let _ = writeln!(self.notation, "once {state} {kind} {content}: {answer} | {}", actions.join("; "));
            answers.push(format!("{{{term},[{}]}}", terms.join(",")));
        }
        let content = if content == "*" { "'*'" } else { content };
        let _ = write!(self.rules, "{{{{{state},{},{content}}},[{}]}},", erlang(kind), answers.join(","));
    }

    /// The script of a seed: the case, and the term.
    fn make(seed: u64) -> (Case, String) {
        let (notation, term) = Self::write(seed);
        (cases(&notation).remove(0), term)
    }

    /// The script of a seed: in the notation of the traces, and the term.
    fn write(seed: u64) -> (String, String) {
        let rng = &mut Rng::new(seed);
        let (enter, functions) = (rng.percent(60), rng.percent(50));
        let mode = if functions { "functions" } else { "function" };
        let mut script = Self { notation: format!("\n== {seed}\n{mode}\n"), rules: String::new(), named: 0 };
        let (init, init_terms): (Vec<_>, Vec<_>) = (0..rng.below(3)).map(|_| script.action(rng, false)).unzip();
        let _ = writeln!(script.notation, "init ok a | {}", init.join("; "));
        if enter {
            script.notation.push_str("enter\n");
        }
        for state in STATES {
            for content in ["e0", "e1", "e2"] {
                script.rule(rng, state, "cast", content);
            }
            for (kind, content) in [("internal", "i0"), ("internal", "i1"), ("enter", "*")] {
                script.rule(rng, state, kind, content);
            }
            for timer in TIMERS {
                script.rule(rng, state, timer, "*");
            }
        }
        let batches = (0..rng.between(1, 3)).map(|_| {
            let casts = (0..rng.between(1, 5)).map(|_| rng.pick(&["e0", "e1", "e2"]));
            casts.collect::<Vec<_>>()
        });
        let batches: Vec<_> = batches.collect();
        for batch in &batches {
            let casts: Vec<_> = batch.iter().map(|content| format!("cast {content}")).collect();
            let _ = writeln!(script.notation, "do {}", casts.join("; "));
        }
        let batches: Vec<_> = batches.iter().map(|batch| format!("[{}]", batch.join(","))).collect();
        let rules = script.rules.trim_end_matches(',');
        let term =
            format!("{{{seed},{enter},{functions},[{}],[{rules}],[{}]}}.\n", init_terms.join(","), batches.join(","));
        (script.notation, term)
    }
}

/// What Erlang writes of a line: no offending term, and no word about the end.
fn plain(line: &str) -> Option<String> {
    let words: Vec<_> = line.trim_end_matches(" undone").split(' ').collect();
    match words[..] {
        ["ended", ..] => None,
        ["terminate", "failed", why, .., state] => Some(format!("terminate {why} in {state}")),
        ["terminate", name, .., state] => Some(format!("terminate {name} in {state}")),
        _ => Some(line.to_owned()),
    }
}

fn run(case: &Case) -> Vec<String> {
    let mut world = World::start(case, case.modes()[0]);
    case.steps.iter().for_each(|step| world.step(step));
    world.seen
}

/// What statehall makes of the script of a seed, as Erlang writes it.
fn lines(seed: u64, case: &Case) -> String {
    let seen = run(case);
    let lines: String = seen.iter().filter_map(|line| plain(line)).map(|line| line + "\n").collect();
    format!("== {seed}\n{lines}")
}

#[test]
fn random_scripts_do_what_erlang_has_recorded() {
    let recorded = include_str!("oracle/recorded.txt");
    let recorded: Vec<_> = recorded.split_inclusive("\n== ").map(|part| part.trim_end_matches("== ")).collect();
    assert_eq!(recorded.len(), 500);
    for (seed, expected) in (0..).zip(recorded) {
        let seen = lines(seed, &Script::make(seed).0);
        assert_eq!(seen.trim_start_matches("== "), expected.trim_start_matches("== "), "the script of seed {seed}");
    }
}

/// The npm package runs these, and must see what Erlang has recorded.
#[test]
fn the_scripts_of_the_npm_package_are_the_first_of_these() {
    let scripts: String = (0..100).map(|seed| Script::write(seed).0).collect();
    let path = "tests/machine/oracle/scripts.txt";
    if std::env::var("STATEHALL_WRITE").is_ok() {
        fs::write(path, &scripts).expect("a folder to write to");
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), scripts, "STATEHALL_WRITE=1 writes them anew");
}

#[test]
#[ignore = "writes scripts for Erlang"]
fn random_scripts() {
    let folder = std::env::var("STATEHALL_ORACLE").expect("STATEHALL_ORACLE names a folder");
    let count = std::env::var("STATEHALL_SCRIPTS").ok().and_then(|count| count.parse().ok()).unwrap_or(5_000);
    let (mut scripts, mut seen) = (String::new(), String::new());
    for seed in 0..count {
        let (case, term) = Script::make(seed);
        scripts.push_str(&term);
        seen.push_str(&lines(seed, &case));
    }
    fs::write(format!("{folder}/scripts"), scripts).expect("a folder to write to");
    fs::write(format!("{folder}/statehall"), seen).expect("a folder to write to");
}
