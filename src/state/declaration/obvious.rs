//! Values that fit at a glance.
//!
//! Most values are of the declared type and within plain bounds. That is seen without their bytes, which whoever keeps
//! values as they are would have to make only to have them judged.

use super::number::SAFE_MAX;
use super::{Declaration, Direction, Kind, Member};
use crate::value::Value;

impl Declaration {
    /// Whether a value obviously can be set and is stored as given, whatever it replaces: then
    /// [`Declaration::judge_set`] has nothing else to say of its bytes. False if that is to be asked.
    pub fn obviously_fits(&self, value: &Value) -> bool {
        self.is_plain()
            && match (self.kind, value) {
                // A float that is whole is stored as an integer, and what is not finite passes the bounds.
                (Kind::Float, Value::Float(float)) => *float != float.trunc() && self.spans(*float),
                // Beyond the safe integers a float may be another number.
                (Kind::Float | Kind::Integer, Value::Integer(whole)) => {
                    whole.unsigned_abs() <= SAFE_MAX as u64 && self.spans(*whole as f64)
                }
                (Kind::Text, Value::Text(text)) => self.holds_all(text.len()) && self.names_text(Member::Enum, text),
                (Kind::Choice, Value::Text(text)) => self.names_text(Member::Choices, text),
                (Kind::Module, Value::Text(text)) => self.names_text(Member::Modules, text),
                (Kind::Bytes, Value::Bytes(bytes)) => self.holds(bytes.len()),
                (Kind::List, Value::List(items)) => self.holds(items.len()),
                (Kind::Boolean, Value::Bool(_)) | (Kind::Map, Value::Map(_)) | (Kind::Any, _) => true,
                _ => false,
            }
    }

    /// Whether nothing matters but the value itself, and of a text no pattern.
    fn is_plain(&self) -> bool {
        !self.immutable && self.direction == Direction::Any && self.delta.is_infinite() && self.program.is_none()
    }

    fn spans(&self, number: f64) -> bool {
        self.min <= number && number <= self.max && number.is_finite()
    }

    fn holds(&self, length: usize) -> bool {
        (self.least..=self.most).contains(&(length as u64))
    }

    /// As [`Declaration::holds`], of so many bytes of text, which are no fewer than its characters.
    fn holds_all(&self, bytes: usize) -> bool {
        self.least == 0 && bytes as u64 <= self.most
    }

    /// Whether a text is among those of a member, if there is that member.
    fn names_text(&self, member: Member, text: &str) -> bool {
        let read = || self.names(member).map(Box::from).collect();
        self.member(member).is_none() || self.texts.get_or_init(read).iter().any(|name| **name == *text)
    }
}
