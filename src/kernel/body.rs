//! The bytes of a cell: what a write says, besides where and when.
//!
//! One byte of kind and flags, the expiry if there is one, the origin, the metadata if there are
//! any, and the value to the end. Made once by the writer.

use crate::codec::{self, Malformed, Reader, write_bytes, write_varint};
use crate::replica::cells::Kind;
use crate::replica::frame::AGENT_BYTES_MAX;

const TOUCHED: u8 = 4;
const METADATA: u8 = 8;

/// A body, borrowing from its bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// What the cell is.
    pub kind: Kind,
    /// Whether the write was to be heard of although it changed nothing.
    pub touched: bool,
    /// When the entry expires, in Unix milliseconds; only of a mortal cell.
    pub expires_ms: Option<u64>,
    /// The agent that wrote.
    pub origin: &'a str,
    /// The encoded metadata.
    pub metadata: Option<&'a [u8]>,
    /// The encoded value; empty for a tombstone.
    pub value: &'a [u8],
}

impl<'a> Body<'a> {
    /// The body of a delete.
    pub fn tombstone(origin: &'a str, touched: bool) -> Self {
        Self { kind: Kind::Tombstone, touched, expires_ms: None, origin, metadata: None, value: &[] }
    }

    /// The bytes.
    pub fn write(&self) -> Vec<u8> {
        let metadata_bytes = self.metadata.map_or(0, <[u8]>::len);
        let mut out = Vec::with_capacity(self.value.len() + self.origin.len() + metadata_bytes + 16);
        let touched = if self.touched { TOUCHED } else { 0 };
        let metadata = if self.metadata.is_some() { METADATA } else { 0 };
        out.push(self.kind.bits() | touched | metadata);
        if let Some(expires_ms) = self.expires_ms {
            write_varint(expires_ms, &mut out);
        }
        write_bytes(self.origin.as_bytes(), &mut out);
        if let Some(metadata) = self.metadata {
            write_bytes(metadata, &mut out);
        }
        out.extend_from_slice(self.value);
        out
    }

    /// Reads and checks the bytes, the value's included.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let body = Self::parse(bytes)?;
        let well_formed = |bytes| codec::check_value(bytes).map_err(|_| "a value's bytes are not well-formed");
        if let Some(metadata) = body.metadata {
            well_formed(metadata)?;
            if !codec::is_map(metadata) {
                return Err("metadata are not a map");
            }
        }
        match body.kind {
            Kind::Tombstone if body.value.is_empty() && body.metadata.is_none() => Ok(body),
            Kind::Tombstone => Err("a tombstone with a value"),
            Kind::Lasting | Kind::Mortal => well_formed(body.value).map(|()| body),
        }
    }

    /// Takes apart bytes that were read and checked before.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let flags = reader.byte();
        reader.check()?;
        let kind = Kind::of(&[flags]).ok_or("an unknown kind of cell")?;
        if flags & !(3 | TOUCHED | METADATA) != 0 {
            return Err("unknown flags of a cell");
        }
        let expires_ms = (kind == Kind::Mortal).then(|| reader.varint());
        let origin = reader.text();
        if origin.is_empty() || origin.len() > AGENT_BYTES_MAX {
            reader.fail("an origin of a wrong length");
        }
        let metadata = (flags & METADATA != 0).then(|| reader.bytes());
        let value = reader.take(reader.left());
        reader.check()?;
        Ok(Self { kind, touched: flags & TOUCHED != 0, expires_ms, origin, metadata, value })
    }
}
