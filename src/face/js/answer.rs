//! What crosses besides the arguments and results that are single numbers.
//!
//! A call that has more to say leaves it here and returns a negative number for what it is; JavaScript then reads it from
//! memory (`js/src/crossing.ts`). So all calls look the same, and JavaScript needs one way for all of them.

use super::texts::texts_to_bytes;
use crate::error::Error;
use crate::kernel::Reply;

/// The answer to one call.
pub enum Answer {
    /// One number, 0 or more: the result itself.
    Number(f64),
    /// Any number of numbers.
    Numbers(Vec<f64>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
}

/// What the last answer was, other than a number.
#[derive(Default)]
pub struct Outbox {
    numbers: Vec<f64>,
    bytes: Vec<u8>,
}

impl Outbox {
    /// Keeps an answer, or the text of an error, `code: detail`; returns the number that says so.
    pub fn put(&mut self, answer: Result<Answer, Error>) -> f64 {
        *self = Self::default();
        let (kind, texts) = match answer {
            Ok(Answer::Number(number)) => return number,
            Ok(Answer::Numbers(numbers)) => {
                self.numbers = numbers;
                return -1.0;
            }
            Ok(Answer::Bytes(bytes)) => {
                self.bytes = bytes;
                return -2.0;
            }
            Ok(Answer::Texts(texts)) => (-3.0, texts),
            Ok(Answer::Text(text)) => (-4.0, vec![text]),
            Err(error) => (-5.0, vec![error.text()]),
        };
        self.bytes = texts_to_bytes(&texts);
        kind
    }

    /// Where it is in memory.
    pub fn start(&self) -> *const u8 {
        if self.bytes.is_empty() { self.numbers.as_ptr().cast() } else { self.bytes.as_ptr() }
    }

    /// How many bytes it takes there.
    pub fn length(&self) -> usize {
        size_of_val(self.numbers.as_slice()) + self.bytes.len()
    }
}

/// Appends a list after its length.
pub fn list(numbers: &mut Vec<f64>, items: &mut dyn Iterator<Item = f64>) {
    let start = numbers.len();
    numbers.push(0.0);
    numbers.extend(items);
    let length = (numbers.len() - start - 1) as f64;
    if let Some(place) = numbers.get_mut(start) {
        *place = length;
    }
}

/// What a write has done: revision, whether anything changed, and whether `expect` failed.
pub fn written(reply: Reply) -> [f64; 3] {
    match reply {
        Reply::Written { revision, changed } => [revision as f64, f64::from(u8::from(changed)), 0.0],
        Reply::Conflict { revision } => [revision as f64, 0.0, 1.0],
        Reply::Cleared(_) => [0.0; 3],
    }
}
