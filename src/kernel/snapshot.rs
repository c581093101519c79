//! The whole state as bytes.
//!
//! Magic, version, what has been seen, what was purged, every cell in the order of its stamp, and
//! a checksum. The same state gives the same bytes. Restoring is a merge: the snapshot's cells
//! keep their stamps, and the session that restores stays itself, so nothing it or a peer has
//! written since can be undone by an old snapshot.

use super::Kernel;
use super::command::Time;
use crate::codec::{Malformed, Reader, hash};
use crate::error::{Code, Error};
use crate::replica::causal::{Causal, read_bounds, write_bounds};
use crate::replica::frame::{read_cells, write_cells};
use crate::value::Stored;

const MAGIC: &[u8; 4] = b"hall";
const VERSION: u8 = 1;

impl<V: Stored> Kernel<V> {
    /// The whole state as bytes. Where the host encodes values, [`Kernel::wanted`] must have been
    /// supplied first.
    ///
    /// Errors: `invalid-argument` inside a batch, or if wanted values were not supplied.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        if self.batch.is_some() || !self.seal() {
            let detail = "a snapshot cannot be taken inside a batch, or before all values are encoded";
            return Err(Error::new(Code::InvalidArgument, detail));
        }
        let cells = self.replica.cells.written(&self.keys, &|_| true);
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        self.replica.context().write(&mut out);
        write_bounds(self.replica.purged(), &mut out);
        write_cells(&cells, &mut out);
        out.extend_from_slice(&hash(&out).to_le_bytes());
        Ok(out)
    }

    /// Joins the state of a snapshot to this one, as one commit.
    ///
    /// Errors: `invalid-snapshot`, `newer-version`, `limit`; `invalid-argument` inside a batch.
    /// Nothing has then changed.
    pub fn restore(&mut self, snapshot: &[u8], time: Time) -> Result<(), Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "a snapshot cannot be restored inside a batch"));
        }
        self.monotonic_ms = self.monotonic_ms.max(time.monotonic_ms);
        let invalid = |reason: Malformed| Error::refused(Code::InvalidSnapshot, "not a whole snapshot", reason);
        let (body, sum) = snapshot.split_last_chunk::<8>().ok_or_else(|| invalid("truncated"))?;
        let mut reader = Reader::new(body);
        if reader.take(MAGIC.len()) != MAGIC {
            reader.fail("it does not begin as one");
        }
        let version = reader.byte();
        if u64::from_le_bytes(*sum) != hash(body) {
            reader.fail("the checksum is wrong");
        }
        if version == 0 {
            reader.fail("an impossible version");
        }
        reader.check().map_err(invalid)?;
        if version > VERSION {
            let (version, own) = (version.to_string(), VERSION.to_string());
            let newer = ["the snapshot has version ", &version, ", this statehall reads up to ", &own];
            return Err(Error::of(Code::NewerVersion, &newer));
        }
        let parts = (|| {
            let context = Causal::read(&mut reader)?;
            let purged = read_bounds(&mut reader)?;
            let cells = read_cells(&mut reader)?;
            reader.end().map(|()| (context, purged, cells))
        })();
        let (context, purged, cells) = parts.map_err(invalid)?;
        let merges = self.check_cells(&cells, time).map_err(|error| match error.code {
            Code::InvalidFrame => Error::new(Code::InvalidSnapshot, error.detail),
            _ => error,
        })?;
        // Everything: what the snapshot's session had seen and no longer had was deleted, although
        // the tombstones may be purged. What it had not seen stays.
        self.merge_state(&merges, &context, &purged, true, time, self.session());
        if self.replica.joined() {
            self.replica.rejoin(time.monotonic_ms);
        }
        Ok(())
    }
}
