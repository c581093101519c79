//! The column of cells: of each key, the write that won so far.
//!
//! A cell's body is made once by its writer and never made again, except that a tombstone takes the
//! place of what has expired; two cells are compared by (stamp, body). A local write has no body
//! until it is first sent or stored: a key written a thousand times in a turn is encoded once. The
//! hash of all live cells is kept as they change.

use super::clock::Stamp;
use crate::codec::{hash, mix};
use crate::order::sort;
use crate::table::Table;
use std::rc::Rc;

/// The first byte of a body: what the rest of the replica must know about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key was deleted.
    Tombstone,
    /// The key has a value until it is written again.
    Lasting,
    /// The key has a value until it is written again or expires. Not in the live hash, because
    /// replicas drop it by their own clocks.
    Mortal,
}

impl Kind {
    /// The kind of a body's first byte.
    pub fn of(body: &[u8]) -> Option<Self> {
        match body.first()? & 3 {
            0 => Some(Self::Tombstone),
            1 => Some(Self::Lasting),
            2 => Some(Self::Mortal),
            _ => None,
        }
    }

    /// The low bits of the first byte.
    pub fn bits(self) -> u8 {
        self as u8
    }
}

/// One cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// When and where it was written.
    pub stamp: Stamp,
    /// What it is.
    pub kind: Kind,
    /// Its bytes; `None` while a local write has not been encoded.
    pub body: Option<Rc<[u8]>>,
    /// What it adds to the live hash.
    share: u64,
}

/// A cell as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// The key's text.
    pub key: &'a str,
    /// When and where it was written.
    pub stamp: Stamp,
    /// Its bytes.
    pub body: &'a [u8],
}

/// The column.
#[derive(Default)]
pub struct Cells {
    column: Vec<Option<Cell>>,
    live_hash: u64,
}

impl Cells {
    /// The cell at an index.
    pub fn get(&self, index: u32) -> Option<&Cell> {
        self.column.get(index as usize)?.as_ref()
    }

    /// Stores a local write, whose body comes later. True if the cell it replaces had a body (or
    /// there was none): from now on the index awaits one.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn write(&mut self, index: u32, stamp: Stamp, kind: Kind) -> bool {
        let Some(Some(cell)) = self.column.get_mut(index as usize) else {
            self.store(index, Cell { stamp, kind, body: None, share: 0 });
            return true;
        };
        self.live_hash ^= cell.share;
        (cell.stamp, cell.kind, cell.share) = (stamp, kind, 0);
        cell.body.take().is_some()
    }

    /// Stores a cell with its body.
    pub fn put(&mut self, index: u32, stamp: Stamp, kind: Kind, body: Rc<[u8]>) {
        let share = match kind {
            Kind::Lasting => mix(stamp.hlc.0 ^ mix(stamp.session.0)) ^ hash(&body),
            Kind::Tombstone | Kind::Mortal => 0,
        };
        self.store(index, Cell { stamp, kind, body: Some(body), share });
    }

    /// Whether a written cell wins over the one at the index.
    pub fn wins(&self, index: u32, written: &Written<'_>) -> bool {
        self.get(index)
            .is_none_or(|own| (written.stamp, written.body) > (own.stamp, own.body.as_deref().unwrap_or(&[])))
    }

    /// Removes the cell without a trace.
    pub fn remove(&mut self, index: u32) -> Option<Cell> {
        let old = self.column.get_mut(index as usize)?.take()?;
        self.live_hash ^= old.share;
        Some(old)
    }

    /// How many indexes there are.
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.column.is_empty()
    }

    /// All cells with their indexes.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Cell)> {
        self.column.iter().enumerate().filter_map(|(index, cell)| Some((index as u32, cell.as_ref()?)))
    }

    /// All cells that have bodies and are wanted, in the order of their stamps (and keys, should a stamp be forged).
    pub fn written<'a>(&'a self, keys: &'a Table, wanted: &dyn Fn(&Cell) -> bool) -> Vec<Written<'a>> {
        let mut indexes = Vec::new();
        for (index, cell) in self.iter() {
            if cell.body.is_some() && wanted(cell) {
                indexes.push(index);
            }
        }
        let place = |index| (self.get(index).map(|cell| cell.stamp), keys.text(index));
        sort(&mut indexes, &|a, b| place(a).cmp(&place(b)));
        let mut written = Vec::with_capacity(indexes.len());
        for index in indexes {
            if let Some(Cell { stamp, body: Some(body), .. }) = self.get(index) {
                written.push(Written { key: keys.text(index), stamp: *stamp, body });
            }
        }
        written
    }

    /// Puts indexes in the order of their cells' stamps.
    pub fn sort(&self, indexes: &mut Vec<u32>) {
        let stamp = |index| self.get(index).map(|cell| cell.stamp);
        sort(indexes, &|a, b| stamp(a).cmp(&stamp(b)));
    }

    /// The hash of all lasting cells that have bodies.
    pub fn live_hash(&self) -> u64 {
        self.live_hash
    }

    fn store(&mut self, index: u32, cell: Cell) -> Option<Cell> {
        let place = index as usize;
        if place >= self.column.len() {
            self.column.resize_with(place + 1, || None);
        }
        self.live_hash ^= cell.share;
        let old = self.column[place].replace(cell);
        self.live_hash ^= old.as_ref().map_or(0, |old| old.share);
        old
    }
}
