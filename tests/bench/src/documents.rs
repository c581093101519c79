//! Contexts and leases of the Rust face, decided in memory: what a change, a lease and a patch cost.

use statehall::{Acquire, Acquired, Commit, Context, ContextWatchOptions, Error, Guard, Hall, Lease, Options, Value};
use statehall_bench::measure::Subject;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

const SUBJECT: &str = "rust";
const REPLACE: &str = "replace with the expected version, in memory";
const LEASE: &str = "acquire and release, in memory";
/// Members of each level of the deep documents.
const MEMBERS: usize = 32;
/// Of how many single operations a sample says what most of them take, and nearly all of them.
const SINGLE: usize = 1_000;
const QUANTILES: [(&str, f64); 2] = [("p50", 0.5), ("p99", 0.99)];
/// What a patch of a deep document may take, in nanoseconds.
const PATCH_MAX: f64 = 50_000.0;

/// Everything that is measured. The documents are of about 1 MB each.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = vec![
        Subject::operation(SUBJECT, REPLACE, 1_000, replacing),
        Subject::operation(SUBJECT, LEASE, 1_000, leasing),
    ];
    for (name, part) in QUANTILES {
        subjects.push(Subject::quantile(SUBJECT, format!("{REPLACE}, {name}"), (SINGLE, part), replacing));
        subjects.push(Subject::quantile(SUBJECT, format!("{LEASE}, {name}"), (SINGLE, part), leasing));
    }
    subjects.push(patch("1,024 texts, 32 members a level", || deep(2, 900), "/7/0").target(PATCH_MAX));
    subjects.push(patch("32,768 texts, 32 members a level", || deep(3, 22), "/7/0/0").target(PATCH_MAX));
    subjects.push(patch("10,000 texts in one level", wide, "/7"));
    subjects
}

fn replacing() -> Result<impl FnMut(), Error> {
    let context = open()?;
    committed(context.create(step(0))?);
    let mut version = 1;
    Ok(move || {
        committed(context.replace(black_box(step(version as i64)), version).expect("a replacement"));
        version += 1;
    })
}

fn leasing() -> Result<impl FnMut(), Error> {
    let context = open()?;
    Ok(move || {
        let acquired = context.acquire(black_box(Acquire::default())).expect("an answer");
        let released = if let Acquired::Lease(lease) = acquired { Lease::release(lease) } else { Ok(false) };
        assert_eq!(released, Ok(true), "nobody else holds it");
    })
}

/// From the patch until a watcher of the context has heard of it.
fn patch(of: &str, document: fn() -> Value, path: &'static str) -> Subject {
    let begin = move || {
        let context = open()?;
        committed(context.create(document())?);
        let heard = Rc::new(Cell::new(0));
        let told = heard.clone();
        let watch = context.watch(ContextWatchOptions::default(), move |change| told.set(black_box(change).version))?;
        let mut n = 0;
        Ok::<_, Error>(move || {
            let _open = &watch;
            n += 1;
            let operation = [("op", "replace".into()), ("path", path.into()), ("value", Value::Integer(n))];
            let patch = vec![Value::from(operation)].into();
            committed(context.patch(black_box(&patch), Guard::Any).expect("a patch"));
            assert_eq!(heard.get(), n as u64 + 1, "the watcher hears every patch");
        })
    };
    Subject::operation(SUBJECT, format!("a 1-key patch of 1 MB, {of}"), 5, begin)
}

fn open() -> Result<Context, Error> {
    Hall::open(Options { seed: Some(1), ..Options::default() })?.context("plan")
}

/// A small document, as the other contexts of this bench have.
fn step(n: i64) -> Value {
    Value::from([("step", Value::Integer(n)), ("status", "running".into())])
}

fn committed(commit: Commit) {
    assert!(commit.is_committed(), "{commit:?}");
}

fn deep(levels: u32, bytes: usize) -> Value {
    let member = |n: usize| (n.to_string(), deep(levels - 1, bytes));
    if levels == 0 { "x".repeat(bytes).into() } else { (0..MEMBERS).map(member).collect::<BTreeMap<_, _>>().into() }
}

fn wide() -> Value {
    let text = Value::from("x".repeat(90));
    (0..10_000).map(|n| (n.to_string(), text.clone())).collect::<BTreeMap<_, _>>().into()
}
