//! Variables: declarations, and the judging of values of declared keys.
//!
//! Values are JavaScript's, so it asks before it puts one, and passes the bytes. What fits as it is it may find out by
//! what [`Core::declare`] answers; every rule is here.

use super::Core;
use super::answer::Answer::{Bytes, Number, Numbers, Texts};
use crate::codec::{Part, Reader, next_value, read_part};
use crate::error::{Code, Error};
use crate::key::{Key, Selector};
use crate::state::declaration::{Declaration, Kind};
use crate::state::selection::WatchId;
use std::borrow::Cow;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl Core {
    /// Declares a key: the key and the declaration, encoded one after the other. Answers the slot; and the number of the
    /// type, or -1, and its bounds: see [`Declaration::simple`].
    pub fn declare(&self, encoded: &[u8]) -> f64 {
        self.answer(|| {
            let mut reader = Reader::new(encoded);
            let key = Key::parse(text(&mut reader)?)?;
            let declaration = Declaration::read(value(&mut reader)?)?;
            let mut kernel = self.kernel.borrow_mut();
            let simple = declaration.simple();
            kernel.declare(&key, declaration)?;
            let slot = kernel.slot(key.text()).map_or(-1.0, |slot| slot.number() as f64);
            self.records.borrow_mut().told(slot);
            let (kind, min, max) = simple.map_or((-1.0, 0.0, 0.0), |(kind, min, max)| (number(kind), min, max));
            Ok(Numbers(vec![slot, kind, min, max]))
        })
    }

    /// Takes a declaration back. Answers whether there was one.
    pub fn undeclare(&self, key: &str) -> f64 {
        self.answer(|| {
            let key = Key::parse(key)?;
            Ok(Number(f64::from(u8::from(self.kernel.borrow_mut().undeclare(key.text())))))
        })
    }

    /// The declaration of a key in its one form.
    pub fn declaration(&self, key: &str) -> f64 {
        self.answer(|| Ok(Bytes(self.declared_as(key)?.bytes().to_vec())))
    }

    /// The selected keys that are declared, in key order.
    pub fn declared(&self, selector: &[u8]) -> f64 {
        self.answer(|| {
            let selector = self.selected(selector)?.map_or_else(|| Selector::parse("**"), Ok)?;
            let keys = self.kernel.borrow().declared(&selector);
            Ok(Texts(keys.into_iter().map(|key| key.text().to_owned()).collect()))
        })
    }

    /// Judges a value that is to be set: the key, the value and the one that is there, if one is, encoded one after the
    /// other. Answers 0 if it is stored as given, or the bytes of what is stored instead.
    pub fn judge(&self, encoded: &[u8]) -> f64 {
        self.answer(|| {
            let mut reader = Reader::new(encoded);
            let declaration = self.declared_as(text(&mut reader)?)?;
            let new = value(&mut reader)?;
            let old = if reader.left() > 0 { Some(value(&mut reader)?) } else { None };
            Ok(match declaration.judge_set(old, new)? {
                Cow::Borrowed(_) => Number(0.0),
                Cow::Owned(coerced) => Bytes(coerced),
            })
        })
    }

    /// Judges a value that is there: the key and the value, encoded one after the other. The error says why the value
    /// cannot be shown.
    pub fn judge_shown(&self, encoded: &[u8]) -> f64 {
        self.answer(|| {
            let mut reader = Reader::new(encoded);
            let declaration = self.declared_as(text(&mut reader)?)?;
            declaration.violation(value(&mut reader)?).map_or(Ok(Number(0.0)), Err)
        })
    }

    /// Tells a watch of a declared key that there is no entry, if there is none.
    pub fn tell_absent(&self, key: &str, watch: u32) {
        self.kernel.borrow_mut().tell_absent(WatchId(watch), key);
    }

    /// How many values are referred to, for tests of what is let go.
    pub fn live(&self) -> u32 {
        self.pool.live() as u32
    }
}

impl Core {
    fn declared_as(&self, key: &str) -> Result<Rc<Declaration>, Error> {
        self.kernel.borrow().known(key).cloned()
    }
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Error> {
    if let Ok(Part::Text(text)) = read_part(reader) { Ok(text) } else { Err(damaged("a key")) }
}

fn value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    next_value(reader).map_err(damaged)
}

#[cold]
fn damaged(reason: &str) -> Error {
    Error::refused(Code::InvalidArgument, "what crosses", reason)
}

/// The number of a type.
fn number(kind: Kind) -> f64 {
    f64::from(kind as u8)
}
