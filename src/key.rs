//! Keys and selectors.
//!
//! A key is a path of one or more non-empty segments. Its text joins them with `/`; inside a
//! segment a `/` is written `~1` and a `~` is written `~0` (RFC 6901), so that text and segments
//! determine one another. `*` and `**` are never segments of a key: they belong to selectors.
//!
//! Because every segment has exactly one escaped form, the rest of the kernel compares escaped
//! segments and never unescapes.
//!
//! ```
//! use statehall::{Key, Selector};
//! let key = Key::from_segments(["agents", "a/b", "status"]).unwrap();
//! assert_eq!(key.text(), "agents/a~1b/status");
//! assert!(Selector::parse("agents/*/status").unwrap().matches(&key));
//! assert!(Selector::parse("agents/**").unwrap().matches(&key));
//! ```

use crate::error::{Code, Error};
use crate::order::sort;
use std::rc::Rc;

/// A validated key. Cloning is cheap; ordering is that of the text's bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Rc<str>);

impl Key {
    /// Reads key text.
    ///
    /// Errors: `invalid-key` for an empty segment, a `*` or `**` segment, or a bad escape.
    pub fn parse(text: &str) -> Result<Self, Error> {
        for segment in text.split('/') {
            check_segment(segment, text, Code::InvalidKey)?;
            if segment == "*" || segment == "**" {
                let (text, segment) = (shown(text), shown(segment));
                return Err(Error::of(Code::InvalidKey, &[&text, " is a selector; a key has no segment ", &segment]));
            }
        }
        Ok(Self(text.into()))
    }

    /// Joins segments, escaping each.
    ///
    /// Errors: `invalid-key` if there are none, or one is empty, `*` or `**`.
    pub fn from_segments<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        Self::parse(&join(segments))
    }

    /// Takes text that has been read as a key before.
    pub(crate) fn trusted(text: Rc<str>) -> Self {
        Self(text)
    }

    /// The text form.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text form, shared.
    pub fn shared(&self) -> Rc<str> {
        self.0.clone()
    }

    /// The segments in their escaped form.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The first segment, escaped.
    pub fn head(&self) -> &str {
        head(&self.0)
    }
}

/// Which keys a watch or a listing is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// One key.
    Key(Key),
    /// Any of these keys, without repeats, in the order given.
    Keys(Vec<Key>),
    /// Keys that match a pattern: `*` stands for one segment, a final `**` for one or more.
    Pattern(Rc<str>),
}

impl Selector {
    /// Reads a key or a pattern.
    ///
    /// Errors: `invalid-selector` for an empty segment, a bad escape, or `**` before the end.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut pattern = false;
        let mut segments = text.split('/').peekable();
        while let Some(segment) = segments.next() {
            check_segment(segment, text, Code::InvalidSelector)?;
            pattern |= segment == "*" || segment == "**";
            if segment == "**" && segments.peek().is_some() {
                let misplaced = [&shown(text), " has `**` before its end; only the last segment may be `**`"];
                return Err(Error::of(Code::InvalidSelector, &misplaced));
            }
        }
        Ok(if pattern { Self::Pattern(text.into()) } else { Self::Key(Key(text.into())) })
    }

    /// Joins segments, escaping each; `*` and a final `**` are wildcards.
    ///
    /// Errors: `invalid-selector` if there are none, one is empty, or `**` is before the end.
    pub fn from_segments<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        Self::parse(&join(segments))
    }

    /// Selects any of the keys.
    ///
    /// Errors: `invalid-key` of a key; `invalid-selector` if there are none.
    pub fn keys<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut keys = texts.into_iter().map(|text| Key::parse(text).map(Some)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(Error::new(Code::InvalidSelector, "the list of keys is empty"));
        }
        // Of equal keys the first stays: it comes first in this order, too.
        let mut order: Vec<_> = (0..keys.len() as u32).collect();
        sort(&mut order, &|a, b| keys[a as usize].cmp(&keys[b as usize]));
        let repeats: Vec<_> = order
            .windows(2)
            .filter(|pair| keys[pair[0] as usize] == keys[pair[1] as usize])
            .map(|pair| pair[1])
            .collect();
        for repeat in repeats {
            keys[repeat as usize] = None;
        }
        Ok(Self::Keys(keys.into_iter().flatten().collect()))
    }

    /// Whether the key is selected.
    pub fn matches(&self, key: &Key) -> bool {
        self.selects(key.text())
    }

    /// The same of the text of a key.
    pub(crate) fn selects(&self, key: &str) -> bool {
        match self {
            Self::Key(own) => own.text() == key,
            Self::Keys(keys) => keys.iter().any(|own| own.text() == key),
            Self::Pattern(pattern) => matches(pattern, key),
        }
    }

    /// The first segment that every selected key shares; `None` if they may differ.
    pub fn head(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key.head()),
            Self::Keys(_) => None,
            Self::Pattern(pattern) => Some(head(pattern)).filter(|head| *head != "*" && *head != "**"),
        }
    }

    /// The longest text of the selector, for limits.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Key(key) => key.text().len(),
            Self::Keys(keys) => keys.iter().map(|key| key.text().len()).max().unwrap_or(0),
            Self::Pattern(pattern) => pattern.len(),
        }
    }
}

/// A text as an error shows it: quoted, and not all of a long one.
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let mut quoted = String::from('"');
    for (position, char) in text.chars().enumerate() {
        if position == CHARS_MAX {
            return [&quoted, "\"... (", &text.len().to_string(), " bytes)"].concat();
        }
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            // What would not be seen, or would disturb the line.
            char if char.is_ascii_control() => quoted.push('\u{fffd}'),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// The first segment of key text.
pub(crate) fn head(text: &str) -> &str {
    cut(text).0
}

/// The first segment of key text, and the rest if there are more. By bytes, because `split_once` searches for any
/// character, which costs more than all else that is done with a segment.
pub(crate) fn cut(text: &str) -> (&str, Option<&str>) {
    let cut = |end| Some((text.get(..end)?, text.get(end + 1..)?));
    match text.bytes().position(|byte| byte == b'/').and_then(cut) {
        Some((head, rest)) => (head, Some(rest)),
        None => (text, None),
    }
}

/// How many segments come before the last one of key or pattern text.
#[inline(never)] // for the size of the kernel
pub(crate) fn depth(text: &str) -> usize {
    text.bytes().map(|byte| usize::from(byte == b'/')).sum()
}

/// Whether the text of a key matches the text of a pattern.
pub(crate) fn matches(pattern: &str, key: &str) -> bool {
    let mut segments = key.split('/');
    for part in pattern.split('/') {
        match segments.next() {
            None => return false,
            Some(_) if part == "**" => return true,
            Some(segment) if part != "*" && part != segment => return false,
            Some(_) => {}
        }
    }
    segments.next().is_none()
}

/// Joins segments into text, escaping each. Whether that is a key or a selector is for these to say.
pub fn join<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (position, segment) in segments.into_iter().enumerate() {
        if position > 0 {
            text.push('/');
        }
        for c in segment.chars() {
            match c {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                c => text.push(c),
            }
        }
    }
    text
}

fn check_segment(segment: &str, text: &str, code: Code) -> Result<(), Error> {
    if segment.is_empty() {
        return Err(Error::of(code, &[&shown(text), " has an empty segment"]));
    }
    let mut rest = segment;
    while let Some((_, after)) = rest.split_once('~') {
        if !after.starts_with(['0', '1']) {
            let alone = [&shown(text), " has a `~` that is not part of `~0` (a tilde) or `~1` (a slash)"];
            return Err(Error::of(code, &alone));
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_with_slashes_and_tildes_never_collide() {
        let a = Key::from_segments(["a", "b/c"]).unwrap();
        let b = Key::from_segments(["a/b", "c"]).unwrap();
        let c = Key::from_segments(["a~1b", "c"]).unwrap();
        assert_eq!((a.text(), b.text(), c.text()), ("a/b~1c", "a~1b/c", "a~01b/c"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "/", "a/", "/a", "a//b", "a/*", "**", "a~", "a~2", "a/~/b"] {
            assert_eq!(Key::parse(text).unwrap_err().code, Code::InvalidKey, "{text:?}");
        }
        for text in ["__proto__", "constructor", "a b", "***", "a*", "\u{e9}/\u{fc}", "~0/~1"] {
            assert!(Key::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn patterns_match_whole_segments() {
        let cases = [
            ("a/*", "a/b", true),
            ("a/*", "a", false),
            ("a/*", "a/b/c", false),
            ("a/**", "a/b/c", true),
            ("a/**", "a", false),
            ("**", "a", true),
            ("*/b", "a/b", true),
            ("*/b", "a/c", false),
            ("a/*/c", "a/b/c", true),
        ];
        for (pattern, text, expected) in cases {
            let matched = Selector::parse(pattern).unwrap().matches(&Key::parse(text).unwrap());
            assert_eq!(matched, expected, "{pattern} on {text}");
        }
        assert_eq!(Selector::parse("a/**/b").unwrap_err().code, Code::InvalidSelector);
        assert_eq!(Selector::parse("***/b").unwrap().head(), Some("***"));
        assert_eq!(Selector::parse("*/b").unwrap().head(), None);
    }
}
