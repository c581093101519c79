//! Keeps the house in order: what a reviewer would otherwise have to look for by hand.
//!
//! Each test states one rule, lists every place that breaks it, and says what to do. Where a rule turns out to be wrong,
//! change the rule here, in a commit that says why; do not work around it.

#[path = "tidy/codes.rs"]
mod codes;
#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/panics.rs"]
mod panics;
#[path = "tidy/platform.rs"]
mod platform;
#[path = "tidy/rust.rs"]
mod rust;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/typescript.rs"]
mod typescript;
#[path = "tidy/words.rs"]
mod words;

/// Fails with the places that break a rule, and with what to do about them.
#[track_caller]
fn report(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<_> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "\n{rule}\n  {}\n", offenders.join("\n  "));
}
