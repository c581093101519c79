//! Contexts and leases of the Rust face, decided in memory: what a change, a lease and a patch cost.

use statehall::{Acquire, Acquired, Commit, Context, Error, Guard, Hall, Lease, Options, Value};
use statehall_bench::measure::Subject;
use std::collections::BTreeMap;
use std::hint::black_box;

const SUBJECT: &str = "rust";
/// Members of each level of the large document, levels, and the bytes of each text: about 1 MB.
const MEMBERS: usize = 32;
const LEVELS: u32 = 2;
const TEXT_BYTES: usize = 900;
/// Items of the wide one, which is as large.
const ITEMS: usize = 10_000;

/// Everything that is measured.
pub fn subjects() -> Vec<Subject> {
    vec![
        replace(),
        lease(),
        patch("a 1-key patch of 1 MB, 32 members a level", deep(LEVELS), "/0/0").target(50_000.0),
        patch("a 1-key patch of 1 MB, 10,000 members in one", wide(), "/0"),
    ]
}

fn replace() -> Subject {
    Subject::operation(SUBJECT, "replace with the expected version, in memory", 1_000, || {
        let context = open()?;
        committed(context.create(0)?);
        let mut version = 1;
        Ok::<_, Error>(move || {
            committed(context.replace(black_box(version as i64), version).expect("a replacement"));
            version += 1;
        })
    })
}

fn lease() -> Subject {
    Subject::operation(SUBJECT, "acquire and release, in memory", 1_000, || {
        let context = open()?;
        Ok::<_, Error>(move || {
            let acquired = context.acquire(black_box(Acquire::default())).expect("an answer");
            let released = if let Acquired::Lease(lease) = acquired { Lease::release(lease) } else { Ok(false) };
            assert_eq!(released, Ok(true), "nobody else holds it");
        })
    })
}

fn patch(case: &'static str, document: Value, path: &'static str) -> Subject {
    let begin = move || {
        let context = open()?;
        committed(context.create(document)?);
        let mut n = 0;
        Ok::<_, Error>(move || {
            n += 1;
            let operation = [("op", "replace".into()), ("path", path.into()), ("value", Value::Integer(n))];
            let patch = vec![Value::from(operation)].into();
            committed(context.patch(black_box(&patch), Guard::Any).expect("a patch"));
        })
    };
    Subject::operation(SUBJECT, case, 20, begin)
}

fn open() -> Result<Context, Error> {
    Hall::open(Options { seed: Some(1), ..Options::default() })?.context("plan")
}

fn committed(commit: Commit) {
    assert!(commit.is_committed(), "{commit:?}");
}

fn deep(levels: u32) -> Value {
    let member = |n: usize| {
        let value = if levels == 0 { "x".repeat(TEXT_BYTES).into() } else { deep(levels - 1) };
        (n.to_string(), value)
    };
    if levels == 0 { member(0).1 } else { (0..MEMBERS).map(member).collect::<BTreeMap<_, _>>().into() }
}

fn wide() -> Value {
    let text = Value::from("x".repeat(TEXT_BYTES * MEMBERS.pow(LEVELS) / ITEMS));
    (0..ITEMS).map(|n| (n.to_string(), text.clone())).collect::<BTreeMap<_, _>>().into()
}
