//! What a declared key may hold.

mod kind;

pub use kind::Kind;

use crate::codec::parse_value;
use crate::error::{Code, Error};
use std::borrow::Cow;
use std::rc::Rc;

/// What a declared key may hold. Made from the canonical encoded map; equal declarations have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    bytes: Rc<[u8]>,
    kind: Kind,
}

impl Declaration {
    /// Reads and checks an encoded map.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        parse_value(bytes).map_err(|reason| Error::new(Code::InvalidDeclaration, reason))?;
        Ok(Self { bytes: bytes.into(), kind: Kind::Any })
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> &Rc<[u8]> {
        &self.bytes
    }

    /// The default, encoded and coerced.
    pub fn default_value(&self) -> Option<&[u8]> {
        None
    }

    /// What it is for, in words.
    pub fn description(&self) -> Option<&str> {
        None
    }

    /// An encoded map of whatever else is said of it.
    pub fn metadata(&self) -> Option<&[u8]> {
        None
    }

    /// Which type.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Judges an encoded value as if set.
    pub fn judge<'a>(&self, value: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
        Ok(Cow::Borrowed(value))
    }

    /// Judges what relates the old value to the new one.
    pub fn judge_change(&self, _old: Option<&[u8]>, _new: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    /// Whether a merged value fits.
    pub fn fits(&self, _value: &[u8]) -> bool {
        true
    }

    /// What a face may judge by itself.
    pub fn simple(&self) -> Option<(Kind, f64, f64)> {
        None
    }
}

/// The kind of declaration that a value suggests.
pub fn infer(_value: &[u8]) -> Kind {
    Kind::Any
}
