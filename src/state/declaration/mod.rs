//! What a declared key may hold: its type, its constraints, and its default.
//!
//! Values are judged by their bytes. A value that only looks otherwise is made what was meant (an
//! integer from 42.0, a truth value from "true"), and one that does not fit is refused with what would.
//!
//! **1 and 1.0 are one number here.** JavaScript cannot tell them apart and writes whole numbers up
//! to 2^53 as integers, so that is the one form in which a declared number is stored, floats and embeddings included:
//! then every face agrees on whether a key has changed, and sessions in either language write the same bytes.
//! In Rust `Value::as_float` reads both. -0 is stored as 0.
//!
//! A merged value is held to the same rules, only that nothing but the form of a number is coerced:
//! every replica decides alike, whatever its language. Rules that relate a value to the one before it
//! bind only whoever writes.

mod change;
mod judge;
mod kind;
mod member;
mod number;
mod obvious;
mod pattern;
mod reading;
mod shown;

pub use kind::Kind;
pub use pattern::Program;
pub use shown::merged;

use crate::codec::{Part, Reader, read_part};
use crate::error::{Code, Error};
use member::{MEMBERS, Member};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

/// What a declared key may hold. Made from its encoded map; equal declarations have equal bytes.
#[derive(Clone, Debug)]
pub struct Declaration {
    bytes: Rc<[u8]>,
    /// Where in the bytes the value of each member is.
    places: [(usize, usize); MEMBERS],
    kind: Kind,
    min: f64,
    max: f64,
    least: u64,
    most: u64,
    dimensions: Option<u64>,
    delta: f64,
    direction: Direction,
    immutable: bool,
    program: Option<Program>,
    /// The texts that are allowed, read when they are first asked for: see [`Declaration::obviously_fits`].
    texts: OnceCell<Box<[Box<str>]>>,
}

/// Where a number may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Any,
    Up,
    Down,
}

impl Declaration {
    /// Reads a declaration from the encoded map of its members.
    ///
    /// Shape:  `type` is one of [`Kind::ALL`] or "string", which is text; without it the default suggests one
    ///         ([`infer`]). Any type may have `value` (the default),
    ///         `immutable`, `description` and `metadata` (a map); float and integer `min`, `max`, `maxDelta` and
    ///         `monotonic` ("increasing" or "decreasing", staying the same allowed); text, bytes and list `minLength`
    ///         and `maxLength`; text `enum` and `pattern`; choice `choices`; module `modules` and `pattern`; embedding
    ///         `dimensions`; tensor `shape`.
    /// Units:  the length of a text is in Unicode scalar values.
    /// Errors: `invalid-declaration` for an unknown type, a member that is unknown, malformed or not of the type,
    ///         constraints that contradict one another, and a default that does not fit.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        reading::read(bytes)
    }

    fn of(kind: Kind) -> Self {
        Self {
            bytes: Rc::new([]),
            places: [(0, 0); MEMBERS],
            kind,
            min: f64::NEG_INFINITY,
            max: f64::INFINITY,
            least: 0,
            most: u64::MAX,
            dimensions: None,
            delta: f64::INFINITY,
            direction: Direction::Any,
            immutable: false,
            program: None,
            texts: OnceCell::new(),
        }
    }

    /// Judges an encoded value as if it were set: borrowed if it is stored as given, owned if it is coerced.
    ///
    /// Shape:  the value must be well-formed ([`crate::codec::check_value`]); of other bytes only that nothing panics.
    /// Errors: `constraint-violation`, with what would fit.
    pub fn judge<'a>(&self, value: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
        judge::judge(self, value, false)
    }

    /// Judges a judged value by the one that was set before it; `old` is `None` if none ever was.
    ///
    /// Shape:  an old value that is no number, or NaN, says nothing of where the new one may go. The same
    ///         value is never a change.
    /// Errors: `constraint-violation`.
    pub fn judge_change(&self, old: Option<&[u8]>, new: &[u8]) -> Result<(), Error> {
        change::judge_change(self, old, new)
    }

    /// Judges a value that is to be set where `old` is: both [`Declaration::judge`] and [`Declaration::judge_change`].
    /// An old value that does not fit is not shown, so it binds nobody.
    ///
    /// Errors: `constraint-violation`.
    pub fn judge_set<'a>(&self, old: Option<&[u8]>, new: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
        let judged = self.judge(new)?;
        self.judge_change(old.filter(|old| self.fits(old)), &judged)?;
        Ok(judged)
    }

    /// Why a value that is there cannot be shown, if it cannot.
    pub fn violation(&self, value: &[u8]) -> Option<Error> {
        if self.fits(value) {
            return None;
        }
        let coercible = || judge::violation("a value of another kind, which could be coerced if set");
        Some(self.judge(value).err().unwrap_or_else(coercible))
    }

    /// What declares the same key again must be the same.
    ///
    /// Errors: `declaration-conflict`, with the first member that differs.
    pub fn agree(&self, other: &Self) -> Result<(), Error> {
        match Member::ALL.into_iter().find(|&member| self.member(member) != other.member(member)) {
            Some(member) => {
                Err(Error::refused(Code::DeclarationConflict, member.name(), "is declared otherwise already"))
            }
            None => Ok(()),
        }
    }

    /// Whether a merged value can be shown: as [`Declaration::judge`], only that texts and numbers are nothing else.
    pub fn fits(&self, value: &[u8]) -> bool {
        judge::judge(self, value, true).is_ok()
    }

    /// The encoded map in its one form: the type by its name, numbers and the default as they are stored.
    pub fn bytes(&self) -> &Rc<[u8]> {
        &self.bytes
    }

    /// The encoded default, as it would be if it were set.
    pub fn default_value(&self) -> Option<&[u8]> {
        self.member(Member::Value)
    }

    /// What the key is for.
    pub fn description(&self) -> Option<&str> {
        self.text(Member::Description)
    }

    /// The encoded map of whatever else is said of the key.
    pub fn metadata(&self) -> Option<&[u8]> {
        self.member(Member::Metadata)
    }

    /// The type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The type and two bounds, infinite where there is none, if a value of the very type needs no other question than
    /// whether it is among the `choices`, `enum` or `modules`: any of these fits, and nothing else does.
    ///
    /// Units:  numbers for float and integer, lengths for text (scalar values), bytes and list.
    pub fn simple(&self) -> Option<(Kind, f64, f64)> {
        let asks = [Member::Pattern, Member::MaxDelta, Member::Monotonic, Member::Immutable]
            .into_iter()
            .any(|member| self.member(member).is_some());
        match self.kind {
            _ if asks => None,
            Kind::Embedding | Kind::Tensor => None,
            Kind::Float | Kind::Integer => Some((self.kind, self.min, self.max)),
            _ if self.most == u64::MAX => Some((self.kind, self.least as f64, f64::INFINITY)),
            _ => Some((self.kind, self.least as f64, self.most as f64)),
        }
    }

    /// The encoded value of a member.
    fn member(&self, member: Member) -> Option<&[u8]> {
        let &(start, end) = self.places.get(member as usize)?;
        self.bytes.get(start..end).filter(|bytes| !bytes.is_empty())
    }

    fn text(&self, member: Member) -> Option<&str> {
        match read_part(&mut Reader::new(self.member(member)?)) {
            Ok(Part::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of a member that is a list of them.
    fn names(&self, member: Member) -> impl Iterator<Item = &str> {
        let mut reader = Reader::new(self.member(member).unwrap_or_default());
        let count = if let Ok(Part::List(count)) = read_part(&mut reader) { count } else { 0 };
        (0..count).map_while(move |_| if let Ok(Part::Text(text)) = read_part(&mut reader) { Some(text) } else { None })
    }
}

impl PartialEq for Declaration {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Declaration {}

/// The type that a value suggests: lists of numbers are embeddings, and null suggests nothing.
pub fn infer(value: &[u8]) -> Kind {
    let mut reader = Reader::new(value);
    match read_part(&mut reader) {
        Ok(Part::Integer(_)) => Kind::Integer,
        Ok(Part::Float(_)) => Kind::Float,
        Ok(Part::Text(_)) => Kind::Text,
        Ok(Part::Bool(_)) => Kind::Boolean,
        Ok(Part::Bytes(_)) => Kind::Bytes,
        Ok(Part::List(count)) => {
            let number = |_| matches!(read_part(&mut reader), Ok(Part::Integer(_) | Part::Float(_)));
            if count > 0 && (0..count).all(number) { Kind::Embedding } else { Kind::List }
        }
        Ok(Part::Map(_)) => Kind::Map,
        Ok(Part::Null) | Err(_) => Kind::Any,
    }
}
