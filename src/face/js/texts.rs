//! Lists of texts, which cross as bytes: each text in UTF-8, and at its end a byte that is in no UTF-8.

use crate::error::Error;
use crate::key::Selector;

const END: u8 = 0xff;

/// A list of texts as bytes.
pub fn texts_to_bytes(texts: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(END);
    }
    bytes
}

/// The texts of a list.
pub fn texts(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes
        .split_inclusive(|&byte| byte == END)
        .map(|text| str::from_utf8(text.strip_suffix(&[END]).unwrap_or(text)).unwrap_or_default())
}

/// A selector as it crosses, a list of texts: none, a pattern, or an empty text and then keys.
pub fn read_selector(bytes: &[u8]) -> Result<Option<Selector>, Error> {
    let texts: Vec<&str> = texts(bytes).collect();
    match texts.as_slice() {
        [] => Ok(None),
        [pattern] => Selector::parse(pattern).map(Some),
        [_, keys @ ..] => Selector::keys(keys.iter().copied()).map(Some),
    }
}
