//! Slots in the order of their keys, so that a listing costs what it selects.
//!
//! Keys of as many segments stand together, whatever lies below them: what `a/b/*` selects is one
//! stretch, and what `a/b/**` selects is one for each number of segments. They stand in blocks, so
//! that a stretch is found by halving, and a new key moves at most one block.

use crate::key::{depth, matches};
use crate::order::sort;
use crate::table::Table;

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
        if level >= self.levels.len() {
            self.levels.resize_with(level + 1, Vec::new);
        }
        let blocks = &mut self.levels[level];
        if blocks.is_empty() {
            blocks.push(Vec::new());
        }
        let (mut block, mut place) = find(blocks, key, keys);
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
        let (block, place) = find(blocks, key, keys);
        blocks[block].remove(place);
        if blocks[block].is_empty() {
            blocks.remove(block);
        }
    }

    /// The slots whose keys match a pattern, in key order.
    pub fn select(&self, pattern: &str, keys: &Table) -> Vec<u32> {
        let (prefix, rest) = split(pattern);
        let level = depth(pattern);
        let end = if rest.ends_with("**") { self.levels.len() } else { level + 1 };
        let mut selected = Vec::new();
        let mut stretches = 0;
        for blocks in self.levels.iter().take(end).skip(level) {
            let before = selected.len();
            let (block, place) = find(blocks, prefix, keys);
            for &index in blocks[block..].iter().flatten().skip(place) {
                let key = keys.text(index);
                if !key.starts_with(prefix) {
                    break;
                }
                if rest == "*" || rest == "**" || matches(pattern, key) {
                    selected.push(index);
                }
            }
            stretches += usize::from(selected.len() > before);
        }
        if stretches > 1 {
            sort(&mut selected, &|a, b| keys.text(a).cmp(keys.text(b)));
        }
        selected
    }
}

/// The block and the place in it of the first key that is not before this text: where it is, or is to be.
fn find(blocks: &[Vec<u32>], text: &str, keys: &Table) -> (usize, usize) {
    let from = blocks.partition_point(|slots| slots.first().is_some_and(|&first| keys.text(first) <= text));
    let block = from.saturating_sub(1);
    let place = blocks.get(block).map_or(0, |slots| slots.partition_point(|&index| keys.text(index) < text));
    (block, place)
}

/// A pattern before its first wildcard, and from there.
fn split(pattern: &str) -> (&str, &str) {
    let mut start = 0;
    for segment in pattern.split('/') {
        if segment == "*" || segment == "**" {
            break;
        }
        start += segment.len() + 1;
    }
    pattern.split_at_checked(start).unwrap_or((pattern, ""))
}
