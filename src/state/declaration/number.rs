//! Numbers as declarations see them: 1 and 1.0 are one.

use crate::codec::{Part, write_part};

/// The largest whole number up to which JavaScript knows every one.
pub const SAFE_MAX: i64 = (1 << 53) - 1;

/// A number in the form in which JavaScript writes it.
#[derive(Clone, Copy)]
pub enum Number {
    /// A whole number; from a float only if it is a safe one.
    Whole(i64),
    /// Any other.
    Float(f64),
}

impl Number {
    /// The number, if the part is one.
    pub fn of(part: Part<'_>) -> Option<Self> {
        match part {
            Part::Integer(whole) => Some(Self::Whole(whole)),
            Part::Float(float) if float == float.trunc() && float.abs() <= SAFE_MAX as f64 => {
                Some(Self::Whole(float as i64))
            }
            Part::Float(float) => Some(Self::Float(float)),
            _ => None,
        }
    }

    /// The nearest float.
    pub fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    /// The number as a float is written: whole only where JavaScript's are. None if no float is this number.
    pub fn as_float(self) -> Option<Self> {
        match self {
            Self::Whole(whole) if whole.unsigned_abs() > SAFE_MAX as u64 => {
                let bits = whole.unsigned_abs() >> whole.trailing_zeros();
                (bits <= SAFE_MAX as u64).then_some(Self::Float(whole as f64))
            }
            _ => Some(self),
        }
    }

    /// Whether this is less than the other: exact for whole numbers, false where NaN is one of them.
    pub fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a < b,
            _ => self.float() < other.float(),
        }
    }

    /// Appends the encoding.
    pub fn write(self, out: &mut Vec<u8>) {
        write_part(self.part(), out);
    }

    /// As what it is encoded.
    pub fn part(self) -> Part<'static> {
        match self {
            Self::Whole(whole) => Part::Integer(whole),
            Self::Float(float) => Part::Float(float),
        }
    }

    /// For people: to nine places, and those of an integer only if it is `whole`. Not by `{}`, whose code for floats
    /// weighs more in wasm than all that is here.
    pub fn text(self, whole: bool) -> String {
        let float = match self {
            Self::Whole(number) => return number.to_string() + if whole { "" } else { ".0" },
            Self::Float(float) if float.is_nan() => return "NaN".to_owned(),
            Self::Float(float) => float,
        };
        let sign = if float < 0.0 { "-" } else { "" };
        let (mut size, mut exponent) = (float.abs(), 0);
        if size.is_infinite() {
            return sign.to_owned() + "Infinity";
        }
        while size >= 1e15 || exponent > 0 && size >= 10.0 {
            (size, exponent) = (size / 10.0, exponent + 1);
        }
        while size > 0.0 && size < 1e-6 || exponent < 0 && size < 1.0 {
            (size, exponent) = (size * 10.0, exponent - 1);
        }
        let mut places = ((size - size.trunc()) * 1e9 + 0.5) as u64;
        let mut digits = size as u64;
        (digits, places) = (digits + places / 1_000_000_000, places % 1_000_000_000);
        let fraction = (places + 1_000_000_000).to_string();
        let fraction = fraction.get(1..).unwrap_or_default().trim_end_matches('0');
        let mut text = sign.to_owned() + &digits.to_string() + "." + if fraction.is_empty() { "0" } else { fraction };
        if exponent != 0 {
            text += "e";
            text += &exponent.to_string();
        }
        text
    }
}
