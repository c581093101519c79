//! The whole state as bytes.
//!
//! Magic, version, what has been seen, what was purged, every cell in the order of its stamp, and
//! a checksum. The same state gives the same bytes. Restoring is a merge: the snapshot's cells
//! keep their stamps, and the session that restores stays itself, so nothing it or a peer has
//! written since can be undone by an old snapshot.

use super::Kernel;
use super::command::Time;
use crate::error::{Code, Error};
use crate::replica::causal::{Causal, read_bounds, write_bounds};
use crate::replica::frame::{read_cells, write_cells};
use crate::seal::Seal;
use crate::value::Stored;

const SEAL: Seal = Seal { magic: b"hall", name: "the snapshot", none: "not a whole snapshot" };

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
        let mut out = SEAL.begin();
        self.replica.context().write(&mut out);
        write_bounds(self.replica.purged(), &mut out);
        write_cells(&cells, &mut out);
        Ok(Seal::close(out))
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
        let mut reader = SEAL.open(snapshot)?;
        let parts = (|| {
            let context = Causal::read(&mut reader)?;
            let purged = read_bounds(&mut reader)?;
            let cells = read_cells(&mut reader)?;
            reader.end().map(|()| (context, purged, cells))
        })();
        let (context, purged, cells) = parts.map_err(|reason| SEAL.invalid(reason))?;
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
