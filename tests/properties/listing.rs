//! Listings of one kernel, beside a look at every key that there could be.

use crate::at;
use crate::cases::each;
use crate::kernels::kernel;
use crate::support::kind::measured;
use crate::support::rng::Rng;
use statehall::kernel::{Command, Kernel, Reply};
use statehall::{Key, Selector, Value};

/// Some of them stand before a `/` in the order of bytes, and some begin as another does.
const SEGMENTS: [&str; 8] = ["a", "a-", "a.b", "a0", "b", "*b", "\u{e9}", "~1"];
/// Enough for thousands of keys of one depth, and so for many blocks.
const DEPTH: usize = 4;

/// Every key there could be, in key order.
fn every_key() -> Vec<Key> {
    let mut texts: Vec<String> = Vec::new();
    let mut longest = vec![String::new()];
    for _ in 0..DEPTH {
        longest = longest.iter().flat_map(|text| SEGMENTS.map(|segment| format!("{text}/{segment}"))).collect();
        texts.extend(longest.iter().map(|text| text[1..].to_owned()));
    }
    texts.sort();
    texts.iter().map(|text| Key::parse(text).expect("a key")).collect()
}

/// Of any key's text, with wildcards for some of its segments.
fn pattern(rng: &mut Rng, keys: &[Key]) -> Selector {
    let key = &keys[rng.index(keys.len())];
    let mut segments: Vec<_> = key.segments().map(|segment| if rng.percent(30) { "*" } else { segment }).collect();
    if rng.percent(40) {
        segments.truncate(rng.between(1, segments.len() as u64) as usize);
        segments.pop();
        segments.push("**");
    }
    Selector::parse(&segments.join("/")).expect("a selector")
}

fn put(kernel: &mut Kernel<Value>, rng: &mut Rng, keys: &[Key], now_ms: u64) {
    let (key, origin) = (keys[rng.index(keys.len())].clone(), "agent".into());
    let (value, ttl_ms) = (measured(&Value::from(1), &()), rng.percent(10).then(|| rng.between(1, 900)));
    let put = Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms, touch: false };
    kernel.apply(put, at(now_ms).unix_ms).expect("a put");
}

fn delete(kernel: &mut Kernel<Value>, rng: &mut Rng, keys: &[Key], now_ms: u64) {
    let (key, origin) = (keys[rng.index(keys.len())].clone(), "agent".into());
    let delete = Command::Delete { key, origin, expect: None, touch: false };
    kernel.apply(delete, at(now_ms).unix_ms).expect("a delete");
}

/// The keys that have entries and are selected, found one by one.
fn expected<'a>(kernel: &Kernel<Value>, keys: &'a [Key], selector: Option<&Selector>) -> Vec<&'a str> {
    let wanted = |key: &&Key| kernel.entry(key.text()).is_some() && selector.is_none_or(|one| one.matches(key));
    keys.iter().filter(wanted).map(Key::text).collect()
}

fn compare(kernel: &Kernel<Value>, keys: &[Key], selector: Option<&Selector>) -> usize {
    let listed: Vec<_> = kernel.slots(selector).into_iter().map(|slot| kernel.key(slot).expect("a key")).collect();
    let expected = expected(kernel, keys, selector);
    assert!(listed.iter().map(|key| &**key).eq(expected.iter().copied()), "{selector:?}: {listed:?}, not {expected:?}");
    listed.len()
}

#[test]
fn a_listing_is_what_a_look_at_every_key_finds() {
    let keys = every_key();
    let (mut listed, mut most) = (0, 0);
    each("a_listing_is_what_a_look_at_every_key_finds", 12, |rng| {
        // What is deleted is soon forgotten, so slots go and come again.
        let mut one = kernel(rng.number(), 500, 65_536);
        let mut stored = Vec::new();
        let mut now_ms = 0;
        for _ in 0..40 {
            now_ms += rng.between(1, 200);
            match rng.below(8) {
                0..=2 => (0..rng.below(900)).for_each(|_| put(&mut one, rng, &keys, now_ms)),
                3 => (0..rng.below(900)).for_each(|_| delete(&mut one, rng, &keys, now_ms)),
                4 => {
                    one.begin().expect("no batch");
                    (0..rng.below(300)).for_each(|_| put(&mut one, rng, &keys, now_ms));
                    (0..rng.below(300)).for_each(|_| delete(&mut one, rng, &keys, now_ms));
                    compare(&one, &keys, Some(&pattern(rng, &keys)));
                    if rng.percent(50) { one.roll_back() } else { one.commit(at(now_ms).unix_ms).map(|_| ()) }
                        .expect("the end of a batch");
                }
                5 => {
                    let selector = pattern(rng, &keys);
                    let gone = expected(&one, &keys, Some(&selector)).len() as u64;
                    let clear = Command::Clear { selector: Some(selector), origin: "agent".into() };
                    assert_eq!(one.apply(clear, at(now_ms).unix_ms), Ok(Reply::Cleared(gone)));
                }
                6 => stored.push(one.snapshot().expect("a snapshot")),
                _ if stored.is_empty() => {}
                _ => {
                    // Into this one, or into one that has nothing yet.
                    if rng.percent(50) {
                        one = kernel(rng.number(), 500, 65_536);
                    }
                    one.restore(&stored[rng.index(stored.len())], at(now_ms)).expect("a whole snapshot");
                }
            }
            one.advance(at(now_ms));
            while one.next_effect().is_some() {}
            most = most.max(compare(&one, &keys, None));
            listed += (0..8).map(|_| compare(&one, &keys, Some(&pattern(rng, &keys)))).sum::<usize>();
        }
    });
    assert!(most > 1_500 && listed > 10_000, "{most} entries, {listed} listed: too few to mean anything");
}
