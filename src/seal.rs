//! What is kept as bytes and read again, perhaps much later: a mark, a version, the body, and a checksum.

use crate::codec::{Malformed, Reader, hash};
use crate::error::{Code, Error};

/// The version that is written. Later ones are refused by their number, whatever follows it.
const VERSION: u8 = 1;

/// One kind of what is kept.
pub struct Seal {
    /// How its bytes begin.
    pub magic: &'static [u8],
    /// How an error calls it: the snapshot.
    pub name: &'static str,
    /// What an error says of bytes that are none.
    pub none: &'static str,
}

impl Seal {
    /// The bytes before the body.
    pub fn begin(&self) -> Vec<u8> {
        [self.magic, &[VERSION]].concat()
    }

    /// What was begun and has its body, with the checksum.
    pub fn close(mut out: Vec<u8>) -> Vec<u8> {
        out.extend_from_slice(&hash(&out).to_le_bytes());
        out
    }

    /// A reader of the body.
    ///
    /// Errors: `invalid-snapshot` for bytes that are damaged or something else; `newer-version`.
    pub fn open<'a>(&self, bytes: &'a [u8]) -> Result<Reader<'a>, Error> {
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or_else(|| self.invalid("truncated"))?;
        let mut reader = Reader::new(body);
        if reader.take(self.magic.len()) != self.magic {
            reader.fail("it does not begin as one");
        }
        let version = reader.byte();
        if u64::from_le_bytes(*sum) != hash(body) {
            reader.fail("the checksum is wrong");
        }
        if version == 0 {
            reader.fail("an impossible version");
        }
        reader.check().map_err(|reason| self.invalid(reason))?;
        if version > VERSION {
            let (version, own) = (version.to_string(), VERSION.to_string());
            let newer = [self.name, " has version ", &version, ", this statehall reads up to ", &own];
            return Err(Error::of(Code::NewerVersion, &newer));
        }
        Ok(reader)
    }

    /// The error for a body that cannot be read.
    pub fn invalid(&self, reason: Malformed) -> Error {
        Error::refused(Code::InvalidSnapshot, self.none, reason)
    }
}
