//! Keys and selectors as transcripts write them.

use super::notation::read;
use super::script::unquote;
use statehall::{Error, IntoKey, IntoSelector, Key, Keys, Selector, Value};

/// A key as a transcript writes it.
#[derive(Clone)]
pub enum Naming {
    Text(String),
    Segments(Vec<String>),
    Keys(Vec<Naming>),
}

/// Reads a key: a bare or quoted word, or a list of segments.
pub fn naming(word: &str) -> Result<Naming, String> {
    if !word.starts_with('[') {
        return unquote(word).map(Naming::Text);
    }
    named(&read(word)?)
}

/// Reads a selector: a key, or `{"keys": [...]}`.
pub fn selecting(word: &str) -> Result<Naming, String> {
    if !word.starts_with('{') {
        return naming(word);
    }
    let map = read(word)?;
    let keys = map.as_map().and_then(|map| map.get("keys")).and_then(Value::as_list).ok_or("a selector lacks keys")?;
    keys.iter().map(named).collect::<Result<_, _>>().map(Naming::Keys)
}

fn named(value: &Value) -> Result<Naming, String> {
    let text = |value: &Value| value.as_text().map(str::to_owned).ok_or_else(|| "a segment is not text".to_owned());
    match value.as_list() {
        Some(segments) => segments.iter().map(text).collect::<Result<_, _>>().map(Naming::Segments),
        None => text(value).map(Naming::Text),
    }
}

impl IntoKey for Naming {
    fn into_key(self) -> Result<Key, Error> {
        match self {
            Self::Text(text) => text.into_key(),
            Self::Segments(segments) => segments.as_slice().into_key(),
            Self::Keys(_) => "".into_key(),
        }
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl IntoSelector for Naming {
    fn into_selector(self) -> Result<Selector, Error> {
        match self {
            Self::Text(text) => text.into_selector(),
            Self::Segments(segments) => segments.as_slice().into_selector(),
            Self::Keys(keys) => Keys(keys).into_selector(),
        }
    }
}
