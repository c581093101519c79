//! Snapshots, taken apart: what they hold, and what is left of it later.

use statehall::codec::{Reader, hash};
use statehall::kernel::body::Body;
use statehall::replica::causal::{Causal, read_bounds};
use statehall::replica::cells::{Kind, Written};
use statehall::replica::frame::{read_cells, write_cells};

/// The magic and the version.
const HEAD: usize = 5;
/// The checksum.
const END: usize = 8;

/// What a snapshot holds.
#[derive(Debug, Default)]
pub struct Held {
    /// Cells with a value, expired or not.
    pub entries: u64,
    /// The bytes of their keys, values and metadata.
    pub bytes: u64,
    /// Cells without one.
    pub tombstones: u64,
}

/// What a snapshot holds.
pub fn held(snapshot: &[u8]) -> Held {
    let mut held = Held::default();
    for cell in cells(snapshot).1 {
        let body = Body::parse(cell.body).expect("a body");
        if body.kind == Kind::Tombstone {
            held.tombstones += 1;
        } else {
            held.entries += 1;
            held.bytes += (cell.key.len() + body.value.len() + body.metadata.map_or(0, <[u8]>::len)) as u64;
        }
    }
    held
}

/// The snapshot of a new hall that restores this one at a time: what has expired is a tombstone with its stamp.
pub fn expired(snapshot: &[u8], unix_ms: u64) -> Vec<u8> {
    let (start, mut cells) = cells(snapshot);
    let is_over = |body: &Body<'_>| body.expires_ms.is_some_and(|expires_ms| expires_ms <= unix_ms);
    let left = |cell: &Written<'_>| match Body::parse(cell.body).expect("a body") {
        body if is_over(&body) => Body::tombstone(body.origin, false).write(),
        _ => cell.body.to_vec(),
    };
    let bodies: Vec<_> = cells.iter().map(left).collect();
    for (cell, body) in cells.iter_mut().zip(&bodies) {
        cell.body = body;
    }
    let mut out = snapshot[..start].to_vec();
    write_cells(&cells, &mut out);
    let sum = hash(&out).to_le_bytes();
    out.extend_from_slice(&sum);
    out
}

/// The cells, and where they begin.
fn cells(snapshot: &[u8]) -> (usize, Vec<Written<'_>>) {
    let body = &snapshot[..snapshot.len() - END];
    let mut reader = Reader::new(&body[HEAD..]);
    Causal::read(&mut reader).and_then(|_| read_bounds(&mut reader)).expect("what was seen and purged");
    let start = body.len() - reader.left();
    (start, read_cells(&mut reader).expect("cells"))
}
