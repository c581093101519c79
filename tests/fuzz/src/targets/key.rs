//! Keys, selectors and the trie of selectors: text and segments determine one another, and what a
//! selector selects is what a plain reading of it says. An input is lines of text, as bytes that
//! need not be UTF-8.

use crate::support::dumb::selects;
use statehall::key::join;
use statehall::state::selection::{Selection, WatchId};
use statehall::table::Table;
use statehall::{Code, Key, Selector};

/// Errors quote no more than a part of what they refuse.
const DETAIL_BYTES_MAX: usize = 1_024;
/// The trie is asked about every pair, so there are not many.
const LINES_MAX: usize = 24;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.split('\n').take(LINES_MAX).collect();
    for line in &lines {
        one(line);
        segments(line);
    }
    let keys: Vec<Key> = lines.iter().filter_map(|line| Key::parse(line).ok()).collect();
    let mut selectors: Vec<Selector> = lines.iter().filter_map(|line| Selector::parse(line).ok()).collect();
    selectors.extend(list(&lines));
    matching(&keys, &selectors);
    places(&keys);
}

/// A line as a key and as a selector.
fn one(line: &str) {
    let (key, selector) = (Key::parse(line), Selector::parse(line));
    if let Err(error) = &key {
        assert!(error.code == Code::InvalidKey && error.detail.len() < DETAIL_BYTES_MAX, "{error}");
    }
    match selector {
        Err(error) => {
            assert!(error.code == Code::InvalidSelector && error.detail.len() < DETAIL_BYTES_MAX, "{error}");
            assert!(key.is_err(), "every key is a selector");
        }
        Ok(selector) => {
            assert_eq!(selector.bytes(), line.len());
            assert_eq!(key.ok().map(Selector::Key), Some(selector).filter(|s| !matches!(s, Selector::Pattern(_))));
        }
    }
    let Ok(key) = Key::parse(line) else { return };
    assert_eq!(key.text(), line);
    let escaped: Vec<&str> = key.segments().collect();
    assert_eq!((escaped.join("/").as_str(), escaped[0]), (line, key.head()));
    let unescaped: Vec<String> = escaped.iter().map(|segment| plain(segment)).collect();
    assert_eq!(Key::from_segments(unescaped.iter().map(String::as_str)).as_ref(), Ok(&key));
}

/// A segment without its escapes (RFC 6901).
fn plain(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A line as segments that may hold anything but a space.
fn segments(line: &str) {
    let given: Vec<&str> = line.split(' ').collect();
    let joined = join(given.iter().copied());
    let back: Vec<String> = joined.split('/').map(plain).collect();
    assert_eq!(back, given, "segments come back as they were");
    let key = Key::from_segments(given.iter().copied());
    assert_eq!(key, Key::parse(&joined));
    let wild = |segment: &&str| ["", "*", "**"].contains(segment);
    assert_eq!(key.is_ok(), !given.iter().any(wild), "only these are no segments: {given:?}");
    assert_eq!(Selector::from_segments(given.iter().copied()), Selector::parse(&joined));
}

/// The lines as one list of keys.
fn list(lines: &[&str]) -> Option<Selector> {
    let sound: Vec<&str> = lines.iter().copied().filter(|line| Key::parse(line).is_ok()).collect();
    assert_eq!(Selector::keys(lines.iter().copied()).is_ok(), sound.len() == lines.len());
    let selector = Selector::keys(sound.iter().copied());
    assert_eq!(selector.is_ok(), !sound.is_empty());
    if let Ok(Selector::Keys(keys)) = &selector {
        assert!(keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)), "no key is listed twice");
        assert!(sound.iter().all(|line| keys.iter().any(|key| key.text() == *line)));
    }
    selector.ok()
}

fn matching(keys: &[Key], selectors: &[Selector]) {
    let mut selection = Selection::new(keys.len() as u64);
    let id = |place: usize| WatchId(place as u32);
    for (place, selector) in selectors.iter().enumerate() {
        selection.add(selector, id(place));
    }
    // Every second one goes again, then the rest.
    for step in [3, 2, 1] {
        for key in keys {
            let there = selectors.iter().enumerate().filter(|(place, _)| step == 3 || place % 2 < step - 1);
            let expected: Vec<_> = there.filter(|(_, s)| wanted(s, key)).map(|(place, _)| id(place)).collect();
            assert_eq!(selection.matching(key.text()), expected, "{}", key.text());
        }
        for (place, selector) in selectors.iter().enumerate().filter(|(place, _)| place % 2 == step % 2) {
            selection.remove(selector, id(place));
        }
    }
}

/// Whether a selector selects a key, asked of it and of a plain reading.
fn wanted(selector: &Selector, key: &Key) -> bool {
    let texts: Vec<&str> = match selector {
        Selector::Key(own) => vec![own.text()],
        Selector::Keys(keys) => keys.iter().map(Key::text).collect(),
        Selector::Pattern(pattern) => vec![pattern],
    };
    let selected = texts.iter().any(|text| selects(text, key.text()));
    assert_eq!(selector.matches(key), selected, "{} by {texts:?}", key.text());
    assert!(!selected || selector.head().is_none_or(|head| head == key.head()), "{texts:?} has another head");
    selected
}

/// Keys have places until they are taken back.
fn places(keys: &[Key]) {
    let mut table = Table::new(keys.len() as u64);
    for key in keys {
        let index = table.intern(&key.shared());
        assert_eq!((table.find(key.text()), table.text(index)), (Some(index), key.text()));
    }
    for (at, key) in keys.iter().enumerate().filter(|(at, key)| !keys[..*at].contains(key)) {
        let index = table.find(key.text()).expect("it was interned");
        let slot = table.slot(index);
        assert_eq!(table.resolve(slot), Some(index));
        if at % 2 == 0 {
            table.remove(index);
            assert_eq!((table.find(key.text()), table.resolve(slot)), (None, None));
        }
    }
}
