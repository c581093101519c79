//! Slots by the first segment of their keys.
//!
//! So that opening a watch makes stale only what could concern it.

use crate::key::head;
use crate::table::Table;
use std::rc::Rc;

/// The namespaces that have slots.
pub struct Namespaces {
    table: Table,
    /// Of each namespace: how many slots it has.
    counts: Vec<u32>,
    /// Of each slot: its namespace.
    homes: Vec<u32>,
}

impl Namespaces {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { table: Table::new(seed), counts: Vec::new(), homes: Vec::new() }
    }

    /// Adds a slot under the first segment of its key.
    pub fn add(&mut self, index: u32, key: &str) {
        let head = head(key);
        let home = self.table.find(head).unwrap_or_else(|| self.table.intern(&Rc::from(head)));
        if home as usize >= self.counts.len() {
            self.counts.push(0);
        }
        if index as usize >= self.homes.len() {
            self.homes.resize(index as usize + 1, 0);
        }
        self.counts[home as usize] += 1;
        self.homes[index as usize] = home;
    }

    /// Removes a slot that was added.
    pub fn remove(&mut self, index: u32) {
        let home = self.homes[index as usize];
        let count = &mut self.counts[home as usize];
        *count -= 1;
        if *count == 0 {
            self.table.remove(home);
        }
    }

    /// The namespace of a first segment, if it has slots.
    pub fn find(&self, head: &str) -> Option<u32> {
        self.table.find(head)
    }

    /// The namespace of a slot that was added.
    pub fn home(&self, index: u32) -> u32 {
        self.homes[index as usize]
    }
}
