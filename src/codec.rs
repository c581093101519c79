//! How things are written as bytes.
//!
//! Values are deterministic CBOR (RFC 8949, section 4.2) of eight kinds: one value, one encoding. Whole numbers are
//! CBOR integers, other numbers are always 64-bit floats, lengths are definite and shortest, map members are in the
//! order of their encoded names. Around values (frames, snapshots) there are little-endian integers and short varints.
//!
//! Reading is strict: what is not the one right encoding is refused with a reason, nothing is allocated on the word of
//! a length that the input does not contain, and nothing recurses deeper than [`DEPTH_MAX`]. `tests/fixtures/codec.txt`
//! holds the vectors that this module and its TypeScript twin are checked against.

use crate::error::{Code, Error};
use crate::order::sort;
use crate::value::{Stored, Value};
use std::collections::BTreeMap;

/// How deep a value may be nested in bytes: a scalar is 0, each container adds one.
pub const DEPTH_MAX: usize = 64;

/// Why bytes could not be read.
pub type Malformed = &'static str;

/// The reason for a value that is nested too deep.
pub const TOO_DEEP: Malformed = "nested too deep";

/// A strict cursor over received bytes.
///
/// Its first failure stays. From then on it reads zeros and nothing, so that whoever reads several
/// things in a row asks once, with [`Reader::check`], before anything is decided by them.
pub struct Reader<'a> {
    rest: &'a [u8],
    failure: Option<Malformed>,
}

impl<'a> Reader<'a> {
    /// Reads from the start of the bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, failure: None }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Refuses the bytes, unless they are refused already.
    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, reason: Malformed) {
        self.failure.get_or_insert(reason);
        self.rest = &[];
    }

    /// Nothing may have failed so far.
    pub fn check(&self) -> Result<(), Malformed> {
        self.failure.map_or(Ok(()), Err)
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            self.fail("truncated");
            return &[];
        };
        self.rest = rest;
        taken
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Eight bytes as a little-endian integer.
    pub fn u64(&mut self) -> u64 {
        self.take(8).iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// A varint in its shortest form.
    #[inline(never)] // for the size of the kernel
    pub fn varint(&mut self) -> u64 {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                self.fail("varint too large");
                return 0;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    self.fail("varint not in shortest form");
                    return 0;
                }
                return number;
            }
        }
        self.fail("varint too long");
        0
    }

    /// A varint as the count of things that take at least `least` bytes each.
    pub fn count(&mut self, least: usize) -> usize {
        let count = usize::try_from(self.varint()).unwrap_or(usize::MAX);
        if count.checked_mul(least).is_none_or(|bytes| bytes > self.left()) {
            self.fail("count larger than the input");
            return 0;
        }
        count
    }

    /// A length and that many bytes.
    #[inline(never)] // for the size of the kernel
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = self.count(1);
        self.take(length)
    }

    /// A length and that many bytes of UTF-8.
    #[inline(never)] // for the size of the kernel
    pub fn text(&mut self) -> &'a str {
        str::from_utf8(self.bytes()).unwrap_or_else(|_| {
            self.fail("text is not UTF-8");
            ""
        })
    }

    /// Nothing may have failed, and nothing may be left.
    pub fn end(&self) -> Result<(), Malformed> {
        self.check()?;
        if self.rest.is_empty() { Ok(()) } else { Err("trailing bytes") }
    }
}

/// Appends a varint in its shortest form.
#[inline(never)] // for the size of the kernel
pub fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a length and the bytes.
#[inline(never)] // for the size of the kernel
pub fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A 64-bit hash of bytes, the same everywhere: tells damage and difference, not malice.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ bytes.len() as u64;
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let last = tail.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    mix(state ^ last)
}

/// Spreads the bits of a number (the finaliser of splitmix64).
pub fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

const INTEGER: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
const FLOAT: u8 = 0xfb;
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// What a value's bytes begin with: a whole value, or how many items or members follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    /// Nothing, on purpose.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number in binary floating point.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// That many items follow.
    List(usize),
    /// That many members follow, each a text and its value.
    Map(usize),
}

/// Appends the one encoding of a part.
pub fn write_part(part: Part<'_>, out: &mut Vec<u8>) {
    match part {
        Part::Null => out.push(NULL),
        Part::Bool(truth) => out.push(if truth { TRUE } else { FALSE }),
        Part::Integer(number) if number < 0 => write_head(NEGATIVE, !number as u64, out),
        Part::Integer(number) => write_head(INTEGER, number as u64, out),
        Part::Float(number) => {
            out.push(FLOAT);
            let bits = if number.is_nan() { NAN } else { number.to_bits() };
            out.extend_from_slice(&bits.to_be_bytes());
        }
        Part::Text(text) => write_text(text, out),
        Part::Bytes(bytes) => {
            write_head(BYTES, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Part::List(count) => write_head(LIST, count as u64, out),
        Part::Map(count) => write_head(MAP, count as u64, out),
    }
}

/// Reads a part. That members are in order is for [`check_value`] to say.
pub fn read_part<'a>(reader: &mut Reader<'a>) -> Result<Part<'a>, Malformed> {
    Ok(match read_head(reader)? {
        Head::Simple(Simple::Null) => Part::Null,
        Head::Simple(Simple::Bool(truth)) => Part::Bool(truth),
        Head::Simple(Simple::Float(number)) => Part::Float(number),
        Head::Sized(kind @ (INTEGER | NEGATIVE), number) => Part::Integer(integer(kind, number)?),
        Head::Sized(TEXT, number) => Part::Text(text(number, reader)?),
        Head::Sized(BYTES, number) => Part::Bytes(reader.take(length(number, 1, reader)?)),
        Head::Sized(LIST, number) => Part::List(length(number, 1, reader)?),
        Head::Sized(_, number) => Part::Map(length(number, 2, reader)?),
    })
}

/// The bytes of the next value.
pub fn next_value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let before = reader.rest;
    check(reader, DEPTH_MAX)?;
    reader.check()?;
    before.get(..before.len() - reader.left()).ok_or("truncated")
}

/// Appends the one encoding of a value.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => write_part(Part::Null, out),
        Value::Bool(truth) => write_part(Part::Bool(*truth), out),
        Value::Integer(number) => write_part(Part::Integer(*number), out),
        Value::Float(number) => write_part(Part::Float(*number), out),
        Value::Text(text) => write_text(text, out),
        Value::Bytes(bytes) => write_part(Part::Bytes(bytes), out),
        Value::List(items) => {
            write_head(LIST, items.len() as u64, out);
            for item in items.iter() {
                write_value(item, out);
            }
        }
        Value::Map(members) => {
            write_head(MAP, members.len() as u64, out);
            // The encoded name starts with its length, so shorter names come first: mostly they already do.
            let members: Vec<_> = members.iter().collect();
            let mut places: Vec<u32> = (0..members.len() as u32).collect();
            let length = |place: u32| members[place as usize].0.len();
            sort(&mut places, &|a, b| length(a).cmp(&length(b)));
            for place in places {
                let (name, item) = members[place as usize];
                write_text(name, out);
                write_value(item, out);
            }
        }
    }
}

/// How many bytes [`write_value`] appends.
pub fn value_bytes(value: &Value) -> u64 {
    let text_bytes = |text: &str| head_bytes(text.len() as u64) + text.len() as u64;
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Integer(number) => head_bytes(if *number < 0 { !*number } else { *number } as u64),
        Value::Float(_) => 9,
        Value::Text(text) => text_bytes(text),
        Value::Bytes(bytes) => head_bytes(bytes.len() as u64) + bytes.len() as u64,
        Value::List(items) => head_bytes(items.len() as u64) + items.iter().map(value_bytes).sum::<u64>(),
        Value::Map(members) => {
            let member_bytes = |(name, item): (&String, &Value)| text_bytes(name) + value_bytes(item);
            head_bytes(members.len() as u64) + members.iter().map(member_bytes).sum::<u64>()
        }
    }
}

/// How many bytes a length takes before what it is the length of.
pub fn head_bytes(number: u64) -> u64 {
    match number {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_head(TEXT, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn write_head(kind: u8, number: u64, out: &mut Vec<u8>) {
    let kind = kind << 5;
    match number {
        0..24 => out.push(kind | number as u8),
        24..0x100 => out.extend_from_slice(&[kind | 24, number as u8]),
        0x100..0x1_0000 => {
            out.push(kind | 25);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(kind | 26);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        _ => {
            out.push(kind | 27);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

impl Value {
    /// The encoded bytes.
    ///
    /// Errors: `limit` if the value is nested more than `depth_max` containers deep.
    pub fn encoded(&self, depth_max: usize) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(self.encoded_bytes(depth_max)? as usize);
        write_value(self, &mut out);
        Ok(out)
    }

    /// How many bytes [`Value::encoded`] has; nothing is written.
    ///
    /// Errors: `limit` if the value is nested more than `depth_max` containers deep.
    pub fn encoded_bytes(&self, depth_max: usize) -> Result<u64, Error> {
        if self.deeper_than(depth_max) {
            return Err(too_deep(depth_max));
        }
        Ok(value_bytes(self))
    }
}

impl Stored for Value {
    type Pool = ();

    fn same(&self, other: &Self) -> bool {
        self == other
    }

    fn encode(&self, out: &mut Vec<u8>) -> bool {
        write_value(self, out);
        true
    }

    fn look(&self) -> Option<&Value> {
        Some(self)
    }

    fn decode(bytes: &[u8], (): &mut ()) -> Self {
        read_value(bytes).unwrap_or_default()
    }
}

/// Reads a value that fills the bytes exactly.
///
/// Errors: `invalid-frame` with the reason.
pub fn read_value(bytes: &[u8]) -> Result<Value, Error> {
    parse_value(bytes).map_err(refused)
}

/// As [`read_value`], with the bare reason: for bytes that did not come in a frame.
pub fn parse_value(bytes: &[u8]) -> Result<Value, Malformed> {
    let mut reader = Reader::new(bytes);
    read(&mut reader, DEPTH_MAX).and_then(|value| reader.end().map(|()| value))
}

/// Whether the bytes are exactly one value in its one encoding; makes nothing.
///
/// Errors: `invalid-frame` with the reason.
pub fn check_value(bytes: &[u8]) -> Result<(), Error> {
    check_nested(bytes, DEPTH_MAX).map_err(refused)
}

/// As [`check_value`], with the bare reason, and for values nested at most `depth_max` deep.
pub fn check_nested(bytes: &[u8], depth_max: usize) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    check(&mut reader, depth_max.min(DEPTH_MAX)).and_then(|()| reader.end())
}

/// Whether the bytes begin a list or a map.
pub fn is_container(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| [LIST, MAP].contains(&(first >> 5)))
}

/// Whether the bytes begin a map.
pub fn is_map(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first >> 5 == MAP)
}

/// The error of a value that has more than `depth_max` containers within one another.
pub fn too_deep(depth_max: usize) -> Error {
    Error::of(Code::Limit, &["valueDepth is at most ", &depth_max.to_string(), ", this value is nested deeper"])
}

/// Whether two well-formed encodings are of the same value, as [`Value`]s compare: 0 and -0 are.
pub fn same_value(a: &[u8], b: &[u8]) -> bool {
    let (mut left, mut right) = (Reader::new(a), Reader::new(b));
    // Heads determine the structure, so nothing has to be nested here.
    let mut same = || -> Result<bool, Malformed> {
        while left.left() > 0 {
            match (read_head(&mut left)?, read_head(&mut right)?) {
                (Head::Simple(a), Head::Simple(b)) if a.is(b) => {}
                (Head::Sized(kind, number), Head::Sized(other, count)) if (kind, number) == (other, count) => {
                    let length = if [BYTES, TEXT].contains(&kind) { length(number, 1, &left)? } else { 0 };
                    if left.take(length) != right.take(length) {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
        right.end().map(|()| true)
    };
    a == b || same().unwrap_or(false)
}

fn refused(reason: Malformed) -> Error {
    Error::refused(Code::InvalidFrame, "a value's bytes are refused", reason)
}

/// The head of one item: either a kind with a number, or a simple value.
enum Head {
    Sized(u8, u64),
    Simple(Simple),
}

/// A value without parts. Apart from [`Value`], so that whoever only checks bytes needs no code for values.
#[derive(Clone, Copy)]
enum Simple {
    Null,
    Bool(bool),
    Float(f64),
}

impl Simple {
    /// Whether they are the same, as [`Value`]s are.
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || a.is_nan() && b.is_nan(),
            _ => false,
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Float(number) => Value::Float(number),
        }
    }
}

fn read_head(reader: &mut Reader<'_>) -> Result<Head, Malformed> {
    let first = reader.byte();
    reader.check()?;
    match first {
        FALSE | TRUE => return Ok(Head::Simple(Simple::Bool(first == TRUE))),
        NULL => return Ok(Head::Simple(Simple::Null)),
        FLOAT => {
            let bits = u64::from_le_bytes(reader.u64().to_be_bytes());
            reader.check()?;
            let number = f64::from_bits(bits);
            if number.is_nan() && bits != NAN {
                return Err("a NaN other than the canonical one");
            }
            return Ok(Head::Simple(Simple::Float(number)));
        }
        _ => {}
    }
    let (kind, info) = (first >> 5, first & 0x1f);
    if kind > MAP {
        return Err("a tag, a short float or an unknown simple value");
    }
    let (bytes, least) = match info {
        0..24 => return Ok(Head::Sized(kind, info.into())),
        24 => (1, 24),
        25 => (2, 0x100),
        26 => (4, 0x1_0000),
        27 => (8, 0x1_0000_0000),
        _ => return Err("an indefinite or reserved length"),
    };
    let number = reader.take(bytes).iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    reader.check()?;
    if number < least { Err("a number not in its shortest form") } else { Ok(Head::Sized(kind, number)) }
}

fn length(number: u64, least: u64, reader: &Reader<'_>) -> Result<usize, Malformed> {
    if number.checked_mul(least).is_none_or(|bytes| bytes > reader.left() as u64) {
        return Err("truncated");
    }
    Ok(number as usize)
}

fn integer(kind: u8, number: u64) -> Result<i64, Malformed> {
    let number = i64::try_from(number).map_err(|_| "an integer beyond 64 bits with sign")?;
    Ok(if kind == NEGATIVE { !number } else { number })
}

fn text<'a>(number: u64, reader: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    let length = length(number, 1, reader)?;
    str::from_utf8(reader.take(length)).map_err(|_| "text is not UTF-8")
}

/// A member's name, which must come after the one before it.
fn name<'a>(reader: &mut Reader<'a>, last: Option<&str>) -> Result<&'a str, Malformed> {
    let Head::Sized(TEXT, number) = read_head(reader)? else { return Err("a member's name is not text") };
    let name = text(number, reader)?;
    match last {
        Some(last) if (last.len(), last) >= (name.len(), name) => Err("members not in order, or doubled"),
        _ => Ok(name),
    }
}

/// How much deeper a container's items may be nested.
fn enter(depth: usize) -> Result<usize, Malformed> {
    depth.checked_sub(1).ok_or(TOO_DEEP)
}

/// Reads a value that has at most `depth` containers within one another.
fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Value, Malformed> {
    Ok(match read_head(reader)? {
        Head::Simple(simple) => simple.value(),
        Head::Sized(kind @ (INTEGER | NEGATIVE), number) => Value::Integer(integer(kind, number)?),
        Head::Sized(BYTES, number) => {
            let length = length(number, 1, reader)?;
            Value::Bytes(reader.take(length).into())
        }
        Head::Sized(TEXT, number) => Value::Text(text(number, reader)?.into()),
        Head::Sized(LIST, number) => {
            let depth = enter(depth)?;
            let count = length(number, 1, reader)?;
            let items: Result<Vec<_>, _> = (0..count).map(|_| read(reader, depth)).collect();
            Value::List(items?.into())
        }
        Head::Sized(_, number) => {
            let depth = enter(depth)?;
            let count = length(number, 2, reader)?;
            let mut members = BTreeMap::new();
            let mut last = None;
            for _ in 0..count {
                let name = name(reader, last)?;
                last = Some(name);
                members.insert(name.to_owned(), read(reader, depth)?);
            }
            Value::Map(members.into())
        }
    })
}

fn check(reader: &mut Reader<'_>, depth: usize) -> Result<(), Malformed> {
    match read_head(reader)? {
        Head::Simple(_) => {}
        Head::Sized(kind @ (INTEGER | NEGATIVE), number) => {
            integer(kind, number)?;
        }
        Head::Sized(BYTES, number) => {
            let length = length(number, 1, reader)?;
            reader.take(length);
        }
        Head::Sized(TEXT, number) => {
            text(number, reader)?;
        }
        Head::Sized(LIST, number) => {
            let depth = enter(depth)?;
            for _ in 0..length(number, 1, reader)? {
                check(reader, depth)?;
            }
        }
        Head::Sized(_, number) => {
            let depth = enter(depth)?;
            let mut last = None;
            for _ in 0..length(number, 2, reader)? {
                last = Some(name(reader, last)?);
                check(reader, depth)?;
            }
        }
    }
    Ok(())
}
