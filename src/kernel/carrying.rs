//! Variables carried from one session to another: what is declared, and what is set.
//!
//! The form is one map, in every face: `{"session": id, "variables": {key: {"declaration": map, "value": any,
//! "metadata": map}}}`. What a variable does not show (nothing is set, or it violates the declaration) is not carried, so
//! that whatever was exported can be imported. Revisions, origins and times are of the session and stay there.
//!
//! An import is checked as a whole before it changes anything, and is one commit.

use super::writing::within;
use super::{Command, Kernel, Measured};
use crate::codec::{Part, Reader, is_map, next_value, parse_value, read_part};
use crate::error::{Code, Error};
use crate::key::{Key, shown};
use crate::state::declaration::Declaration;
use crate::value::{Stored, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The members of an export.
const SESSION: &str = "session";
const VARIABLES: &str = "variables";

/// By how many maps a value of an export is deeper than where it is stored.
pub const CARRIED_DEPTH: usize = 3;

/// One variable of an import, checked.
struct Carried {
    key: Key,
    declaration: Rc<Declaration>,
    /// Encoded, as it is to be stored, with the metadata.
    value: Option<(Vec<u8>, Option<Vec<u8>>)>,
}

impl<V: Stored> Kernel<V> {
    /// All variables: what is declared and what they show of what is set. See the module for the form.
    pub fn export_variables(&self) -> Value {
        let variable = |index: u32| {
            let declaration = self.declarations.get(index)?;
            let mut members = vec![("declaration", decoded(declaration.bytes()))];
            if let Some(entry) = self.entries.get(index) {
                let value = encoded(&entry.value);
                if declaration.fits(&value) {
                    members.push(("value", decoded(&value)));
                    members.extend(entry.metadata.iter().map(|metadata| ("metadata", decoded(&encoded(metadata)))));
                }
            }
            let members: BTreeMap<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Some((self.keys.text(index).to_owned(), Value::from(members)))
        };
        let variables: BTreeMap<_, _> = self.declared_places().into_iter().filter_map(variable).collect();
        Value::from([(SESSION, self.session().to_string().into()), (VARIABLES, variables.into())])
    }

    /// Takes the encoded variables of an export in place of those that there are: each is then declared and set as it was
    /// there, and what was declared here and is not among them is declared no more and deleted.
    ///
    /// Shape:  one commit. Constraints that relate the old value to the new one say nothing of it. Other entries stay.
    /// Errors: `invalid-argument` inside a batch, and for what is no export; the detail names what it lacks.
    ///         `invalid-value` for bytes that are not one map in its one encoding. `invalid-key`, `invalid-declaration`,
    ///         `constraint-violation`, `limit`; the detail begins with the key. Nothing has then changed.
    pub fn import_variables(&mut self, exported: &[u8], origin: &Rc<str>, unix_ms: u64) -> Result<(), Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "variables are imported outside of batches"));
        }
        let carried = read(exported)?;
        within("entries", self.options.limits.entries, carried.len() as u64)?;
        let before: Vec<_> = self.declared_places().into_iter().filter_map(|index| self.declared_at(index)).collect();
        self.begin()?;
        let Err(error) = self.replace_variables(&before, &carried, origin, unix_ms) else {
            return self.commit(unix_ms).map(drop);
        };
        for carried in &carried {
            self.undeclare(carried.key.text());
        }
        for (key, declaration) in before {
            self.place(&key, declaration);
        }
        self.roll_back()?;
        Err(error)
    }

    fn replace_variables(
        &mut self,
        before: &[(Key, Rc<Declaration>)],
        carried: &[Carried],
        origin: &Rc<str>,
        unix_ms: u64,
    ) -> Result<(), Error> {
        for (key, _) in before {
            self.undeclare(key.text());
        }
        // All go before any comes, so that there is room.
        for key in before.iter().map(|(key, _)| key).chain(carried.iter().map(|carried| &carried.key)) {
            let delete = Command::Delete { key: key.clone(), origin: origin.clone(), expect: None, touch: false };
            self.apply(delete, unix_ms).map_err(|error| of(key.text(), error))?;
        }
        for Carried { key, declaration, value } in carried {
            if let Some((value, metadata)) = value {
                let metadata = metadata.as_ref().map(|metadata| self.measured(metadata));
                let (value, origin) = (self.measured(value), origin.clone());
                let put = Command::Put {
                    key: key.clone(),
                    value,
                    metadata,
                    origin,
                    expect: None,
                    ttl_ms: None,
                    touch: false,
                };
                self.apply(put, unix_ms).map_err(|error| of(key.text(), error))?;
            }
            self.place(key, declaration.clone());
        }
        Ok(())
    }

    fn measured(&mut self, bytes: &[u8]) -> Measured<V> {
        Measured { value: V::decode(bytes, &mut self.pool), bytes: bytes.len() as u64 }
    }

    /// What is declared at a place.
    fn declared_at(&self, index: u32) -> Option<(Key, Rc<Declaration>)> {
        let declaration = self.declarations.get(index)?.clone();
        Some((Key::trusted(self.keys.shared(index)), declaration))
    }
}

fn read(exported: &[u8]) -> Result<Vec<Carried>, Error> {
    let mut reader = Reader::new(exported);
    let (mut session, mut variables) = (false, None);
    let mut last = None;
    for _ in 0..members(&mut reader, "the export")? {
        match name(&mut reader, &mut last)? {
            SESSION => session = matches!(read_part(&mut reader).map_err(malformed)?, Part::Text(_)),
            VARIABLES => variables = Some(read_variables(&mut reader)?),
            other => return Err(refused("the export", &["has no member ", &shown(other)])),
        }
    }
    reader.end().map_err(malformed)?;
    let lacking: Vec<_> =
        [(SESSION, session), (VARIABLES, variables.is_some())].into_iter().filter(|(_, there)| !there).collect();
    match variables {
        Some(variables) if lacking.is_empty() => Ok(variables),
        _ => {
            let names: Vec<_> = lacking.into_iter().map(|(name, _)| name).collect();
            Err(refused("the export", &["lacks ", &names.join(", ")]))
        }
    }
}

fn read_variables(reader: &mut Reader<'_>) -> Result<Vec<Carried>, Error> {
    let count = members(reader, VARIABLES)?;
    let mut last = None;
    let mut variables = Vec::new();
    for _ in 0..count {
        let text = name(reader, &mut last)?;
        variables.push(read_variable(text, reader).map_err(|error| of(text, error))?);
    }
    Ok(variables)
}

fn read_variable(text: &str, reader: &mut Reader<'_>) -> Result<Carried, Error> {
    let key = Key::parse(text)?;
    let (mut declaration, mut value, mut metadata) = (None, None, None);
    let mut last = None;
    for _ in 0..members(reader, "a variable")? {
        let place = match name(reader, &mut last)? {
            "declaration" => &mut declaration,
            "value" => &mut value,
            "metadata" => &mut metadata,
            other => return Err(refused("a variable", &["has no member ", &shown(other)])),
        };
        *place = Some(next_value(reader).map_err(malformed)?);
    }
    let declaration = declaration.ok_or_else(|| refused("a variable", &["lacks declaration"]))?;
    let declaration = Declaration::read(declaration)?;
    if metadata.is_some_and(|metadata| value.is_none() || !is_map(metadata)) {
        let detail = "metadata are a map, with a name for each fact, and of a value";
        return Err(Error::new(Code::InvalidValue, detail));
    }
    let value = match value {
        Some(value) => Some((declaration.judge(value)?.into_owned(), metadata.map(<[u8]>::to_vec))),
        None => None,
    };
    Ok(Carried { key, declaration: Rc::new(declaration), value })
}

/// How many members a map has.
fn members(reader: &mut Reader<'_>, what: &str) -> Result<usize, Error> {
    match read_part(reader).map_err(malformed)? {
        Part::Map(count) => Ok(count),
        _ => Err(refused(what, &["is not a map"])),
    }
}

/// A member's name, which comes after the one before it.
fn name<'a>(reader: &mut Reader<'a>, last: &mut Option<&'a str>) -> Result<&'a str, Error> {
    let Part::Text(name) = read_part(reader).map_err(malformed)? else {
        return Err(malformed("a member's name is not text"));
    };
    if last.is_some_and(|last| (last.len(), last) >= (name.len(), name)) {
        return Err(malformed("members not in order, or doubled"));
    }
    *last = Some(name);
    Ok(name)
}

fn malformed(reason: &str) -> Error {
    Error::refused(Code::InvalidValue, "the bytes of an export are refused", reason)
}

fn refused(what: &str, parts: &[&str]) -> Error {
    Error::refused(Code::InvalidArgument, what, &parts.concat())
}

/// An error of one variable.
fn of(key: &str, error: Error) -> Error {
    Error::refused(error.code, &shown(key), &error.detail)
}

fn encoded<V: Stored>(value: &V) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// What the hall has made is well-formed.
fn decoded(bytes: &[u8]) -> Value {
    parse_value(bytes).unwrap_or_default()
}
