//! Reading a declaration: every member is checked, alone and against the others, and written in its one form.

use super::member::{MEMBERS, Member};
use super::number::Number;
use super::pattern::Program;
use super::{Declaration, Direction, Kind, infer};
use crate::codec::{DEPTH_MAX, Part, Reader, check_nested, next_value, read_part, write_part};
use crate::error::{Code, Error};
use std::borrow::Cow;

/// The error of a member: which, and what it must be.
#[cold]
#[inline(never)]
fn invalid(member: &str, reason: &str) -> Error {
    Error::refused(Code::InvalidDeclaration, member, reason)
}

const NUMBER: &str = "must be a finite number that a float can hold";
const LENGTH: &str = "must be a whole number, 0 or more";
const TEXTS: &str = "must be a list of at least one text";
const SHAPE: &str = "must be a list of whole numbers, 0 or more";

/// The encoded members of a declaration, by their place in [`Member::ALL`]; empty where there is none.
struct Given(Vec<Vec<u8>>);

impl Given {
    fn get(&self, member: Member) -> Option<&[u8]> {
        self.0.get(member as usize).map(Vec::as_slice).filter(|bytes| !bytes.is_empty())
    }

    #[inline(never)]
    fn part(&self, member: Member) -> Option<Part<'_>> {
        self.get(member).and_then(|bytes| read_part(&mut Reader::new(bytes)).ok())
    }

    #[inline(never)]
    fn set(&mut self, member: Member, bytes: Vec<u8>) {
        if let Some(place) = self.0.get_mut(member as usize) {
            *place = bytes;
        }
    }

    /// A member that is a number, which is rewritten in its one form.
    #[inline(never)]
    fn number(&mut self, member: Member) -> Result<Option<f64>, Error> {
        let Some(part) = self.part(member) else { return Ok(None) };
        let number = Number::of(part).and_then(Number::as_float).filter(|number| number.float().is_finite());
        let number = number.ok_or_else(|| invalid(member.name(), NUMBER))?;
        let mut bytes = Vec::new();
        number.write(&mut bytes);
        self.set(member, bytes);
        Ok(Some(number.float()))
    }

    fn length(&mut self, member: Member) -> Result<Option<u64>, Error> {
        match self.number(member)? {
            Some(length) if length < 0.0 || length != length.trunc() => Err(invalid(member.name(), LENGTH)),
            length => Ok(length.map(|length| length as u64)),
        }
    }

    #[inline(never)]
    fn text(&self, member: Member) -> Result<Option<&str>, Error> {
        match self.part(member) {
            None => Ok(None),
            Some(Part::Text(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(member.name(), "must be text")),
        }
    }

    /// The whole map, and where in it each member's value is.
    #[inline(never)]
    fn assemble(&self) -> (Vec<u8>, [(usize, usize); MEMBERS]) {
        let mut out = Vec::new();
        let mut places = [(0, 0); MEMBERS];
        write_part(Part::Map(Member::ALL.iter().filter(|member| self.get(**member).is_some()).count()), &mut out);
        for (member, place) in Member::ALL.into_iter().zip(&mut places) {
            if let Some(bytes) = self.get(member) {
                write_part(Part::Text(member.name()), &mut out);
                let start = out.len();
                out.extend_from_slice(bytes);
                *place = (start, out.len());
            }
        }
        (out, places)
    }
}

/// See [`Declaration::read`].
pub fn read(bytes: &[u8]) -> Result<Declaration, Error> {
    let mut given = members(bytes)?;
    let kind = kind(&given)?;
    for member in Member::ALL {
        if given.get(member).is_some() && !member.fits(kind) {
            return Err(invalid(member.name(), &listed("does not go with the type; there are ", Some(kind))));
        }
    }
    let mut name = Vec::new();
    write_part(Part::Text(kind.name()), &mut name);
    given.set(Member::Type, name);
    let mut declaration = rules(&mut given, kind)?;
    (declaration.bytes, declaration.places) = sealed(&given);
    declaration.check_names()?;
    // The default is judged by what is declared otherwise, and then kept as it would be if it were set.
    if let Some(value) = given.get(Member::Value) {
        let judged = declaration.judge(value).map_err(|error| invalid(Member::Value.name(), &error.detail))?;
        if let Cow::Owned(coerced) = judged {
            given.set(Member::Value, coerced);
            (declaration.bytes, declaration.places) = sealed(&given);
        }
    }
    Ok(declaration)
}

fn sealed(given: &Given) -> (std::rc::Rc<[u8]>, [(usize, usize); MEMBERS]) {
    let (bytes, places) = given.assemble();
    (bytes.into(), places)
}

fn members(bytes: &[u8]) -> Result<Given, Error> {
    let broken = |reason| invalid("a declaration", reason);
    check_nested(bytes, DEPTH_MAX).map_err(broken)?;
    let mut reader = Reader::new(bytes);
    let Ok(Part::Map(count)) = read_part(&mut reader) else { return Err(broken("must be a map")) };
    let mut given = Given(vec![Vec::new(); MEMBERS]);
    for _ in 0..count {
        let Ok(Part::Text(name)) = read_part(&mut reader) else { return Err(broken("truncated")) };
        let value = next_value(&mut reader).map_err(broken)?;
        let Some(member) = Member::ALL.into_iter().find(|member| member.name() == name) else {
            return Err(invalid(name, &listed("is no member; there are ", None)));
        };
        given.set(member, value.to_vec());
    }
    Ok(given)
}

fn kind(given: &Given) -> Result<Kind, Error> {
    let named = given.text(Member::Type)?;
    if let (None, Some(value)) = (named, given.get(Member::Value)) {
        return Ok(infer(value));
    }
    let name = named.unwrap_or_default();
    let names = || Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    Kind::named(name).ok_or_else(|| invalid("type", &("must be one of ".to_owned() + &names())))
}

/// A reason that ends with the members that there are, of a kind if one is given.
fn listed(before: &str, kind: Option<Kind>) -> String {
    let fits = |member: &Member| kind.is_none_or(|kind| member.fits(kind));
    let names: Vec<_> = Member::ALL.iter().filter(|member| fits(member)).map(|member| member.name()).collect();
    before.to_owned() + &names.join(", ")
}

/// Takes the rules from the members, each checked alone and against its opposite.
fn rules(given: &mut Given, kind: Kind) -> Result<Declaration, Error> {
    let mut declaration = Declaration::of(kind);
    if let Some(least) = given.number(Member::Min)? {
        declaration.min = least;
    }
    if let Some(most) = given.number(Member::Max)? {
        declaration.max = most;
    }
    let (least, most) = (declaration.min, declaration.max);
    if least > most || kind == Kind::Integer && least.ceil() > most.floor() {
        return Err(invalid("min", "leaves nothing up to max"));
    }
    declaration.least = given.length(Member::MinLength)?.unwrap_or(0);
    declaration.most = given.length(Member::MaxLength)?.unwrap_or(u64::MAX);
    if declaration.least > declaration.most {
        return Err(invalid("minLength", "leaves nothing up to maxLength"));
    }
    declaration.dimensions = given.length(Member::Dimensions)?;
    if let Some(delta) = given.number(Member::MaxDelta)? {
        if delta < 0.0 {
            return Err(invalid("maxDelta", "must be 0 or more"));
        }
        declaration.delta = delta;
    }
    declaration.direction = match given.text(Member::Monotonic)? {
        None => Direction::Any,
        Some("increasing") => Direction::Up,
        Some("decreasing") => Direction::Down,
        Some(_) => return Err(invalid("monotonic", "must be increasing or decreasing")),
    };
    match given.part(Member::Immutable) {
        Some(Part::Bool(immutable)) => declaration.immutable = immutable,
        None => {}
        Some(_) => return Err(invalid("immutable", "must be true or false")),
    }
    // Not to be immutable is what is so without a word.
    if !declaration.immutable {
        given.set(Member::Immutable, Vec::new());
    }
    if let Some(pattern) = given.text(Member::Pattern)? {
        declaration.program = Some(Program::compile(pattern).map_err(|reason| invalid("pattern", reason))?);
    }
    given.text(Member::Description)?;
    if !matches!(given.part(Member::Metadata), None | Some(Part::Map(_))) {
        return Err(invalid("metadata", "must be a map"));
    }
    for member in [Member::Enum, Member::Choices, Member::Modules] {
        if given.get(member).is_some_and(|bytes| !is_texts(bytes)) {
            return Err(invalid(member.name(), TEXTS));
        }
    }
    if let Some(shape) = given.get(Member::Shape) {
        let shape = shape_of(shape).ok_or_else(|| invalid("shape", SHAPE))?;
        given.set(Member::Shape, shape);
    }
    Ok(declaration)
}

fn is_texts(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let Ok(Part::List(count @ 1..)) = read_part(&mut reader) else { return false };
    (0..count).all(|_| matches!(read_part(&mut reader), Ok(Part::Text(_))))
}

/// A shape in its one form, if it is one.
pub fn shape_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let Ok(Part::List(count)) = read_part(&mut reader) else { return None };
    let mut out = Vec::new();
    write_part(Part::List(count), &mut out);
    for _ in 0..count {
        match Number::of(read_part(&mut reader).ok()?) {
            Some(Number::Whole(size @ 0..)) => write_part(Part::Integer(size), &mut out),
            _ => return None,
        }
    }
    Some(out)
}

impl Declaration {
    /// Each text that is allowed must fit the rules beside it.
    fn check_names(&self) -> Result<(), Error> {
        for member in [Member::Enum, Member::Modules] {
            for name in self.names(member) {
                let mut bytes = Vec::new();
                write_part(Part::Text(name), &mut bytes);
                self.judge(&bytes).map_err(|error| invalid(member.name(), &error.detail))?;
            }
        }
        Ok(())
    }
}
