//! Slots in the order of their keys, so that a listing costs what it selects.
//!
//! Keys of as many segments stand together, whatever lies below them: what `a/b/*` selects is one
//! stretch, and what `a/b/**` selects is one for each number of segments. They stand in blocks, so
//! that a stretch is found by halving, and a new key moves at most one block.

use crate::key::{depth, matches};
use crate::order::sort;
use crate::table::Table;
use std::cmp::Ordering;

/// The most slots of a block.
const BLOCK: usize = 512;

/// The slots in use.
#[derive(Default)]
pub struct Listing {
    /// Of each depth the blocks, none of them empty.
    levels: Vec<Vec<Vec<u32>>>,
}

impl Listing {
    /// Adds a slot whose key is in the table.
    pub fn add(&mut self, index: u32, keys: &Table) {
        let key = keys.text(index);
        let level = depth(key);
        while level >= self.levels.len() {
            self.levels.push(Vec::new());
        }
        let blocks = &mut self.levels[level];
        if blocks.is_empty() {
            blocks.push(Vec::new());
        }
        let (mut block, mut place) = find(blocks, key.as_bytes(), keys);
        if blocks[block].len() == BLOCK {
            // Keys that come in order leave whole blocks behind.
            let at_end = place == BLOCK && block + 1 == blocks.len();
            let middle = if at_end { BLOCK } else { BLOCK / 2 };
            let rest = blocks[block].split_off(middle);
            blocks.insert(block + 1, rest);
            if place >= middle {
                (block, place) = (block + 1, place - middle);
            }
        }
        blocks[block].insert(place, index);
    }

    /// Removes a slot that was added, while its key is still in the table.
    pub fn remove(&mut self, index: u32, keys: &Table) {
        let key = keys.text(index);
        let blocks = &mut self.levels[depth(key)];
        let (block, place) = find(blocks, key.as_bytes(), keys);
        blocks[block].remove(place);
        if blocks[block].is_empty() {
            blocks.remove(block);
        }
    }

    /// The slots whose keys match a pattern, in key order.
    pub fn select(&self, pattern: &str, keys: &Table) -> Vec<u32> {
        let wanted = pattern.as_bytes();
        // What comes before the first wildcard; should a segment only begin like one, more is looked at.
        let begins = |&at: &usize| wanted[at] == b'*' && (at == 0 || wanted[at - 1] == b'/');
        let (prefix, rest) = wanted.split_at((0..wanted.len()).find(begins).unwrap_or(0));
        let all = rest == b"*" || rest == b"**";
        let (level, deeper) = (depth(pattern), rest.ends_with(b"**"));
        // No text begins with the highest byte.
        let mut past = prefix.to_vec();
        let last = past.pop().map_or(u8::MAX, |slash| slash + 1);
        past.push(last);
        let mut selected = Vec::new();
        for (other, blocks) in self.levels.iter().enumerate() {
            if other == level || other > level && deeper {
                let ((mut block, mut place), end) = (find(blocks, prefix, keys), find(blocks, &past, keys));
                while (block, place) < end {
                    let Some(&index) = blocks[block].get(place) else {
                        (block, place) = (block + 1, 0);
                        continue;
                    };
                    selected.push(index);
                    place += 1;
                }
            }
        }
        if !all {
            selected.retain(|&index| matches(pattern, keys.text(index)));
        }
        if deeper {
            sort(&mut selected, &|a, b| compare(keys, a, keys.text(b).as_bytes()));
        }
        selected
    }
}

/// The block and the place in it of the first key that is not before this text: where it is, or is to be.
#[inline(never)] // for the size of the kernel
fn find(blocks: &[Vec<u32>], text: &[u8], keys: &Table) -> (usize, usize) {
    let after = blocks.partition_point(|slots| slots.first().is_some_and(|&first| compare(keys, first, text).is_le()));
    let block = after.saturating_sub(1);
    let place = blocks.get(block).map_or(0, |slots| slots.partition_point(|&index| compare(keys, index, text).is_lt()));
    (block, place)
}

#[inline(never)] // for the size of the kernel
fn compare(keys: &Table, index: u32, text: &[u8]) -> Ordering {
    keys.text(index).as_bytes().cmp(text)
}
