//! Slots by the first segment of their keys.
//!
//! So that a listing costs what its namespace holds, and so that opening a watch makes stale only
//! what could concern it.

use crate::key::head;
use crate::table::Table;
use std::rc::Rc;

/// The slots of every namespace.
pub struct Namespaces {
    table: Table,
    members: Vec<Vec<u32>>,
    /// Of each slot: its namespace and its position there.
    homes: Vec<(u32, u32)>,
}

impl Namespaces {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { table: Table::new(seed), members: Vec::new(), homes: Vec::new() }
    }

    /// Adds a slot under the first segment of its key, and returns the namespace.
    pub fn add(&mut self, index: u32, key: &str) -> u32 {
        let head = head(key);
        let home = self.table.find(head).unwrap_or_else(|| self.table.intern(&Rc::from(head)));
        if home as usize >= self.members.len() {
            self.members.push(Vec::new());
        }
        if index as usize >= self.homes.len() {
            self.homes.resize(index as usize + 1, (0, 0));
        }
        let members = &mut self.members[home as usize];
        self.homes[index as usize] = (home, members.len() as u32);
        members.push(index);
        home
    }

    /// Removes a slot that was added.
    pub fn remove(&mut self, index: u32) {
        let (home, position) = self.homes[index as usize];
        let members = &mut self.members[home as usize];
        members.swap_remove(position as usize);
        if let Some(&moved) = members.get(position as usize) {
            self.homes[moved as usize].1 = position;
        }
        if members.is_empty() {
            *members = Vec::new();
            self.table.remove(home);
        }
    }

    /// The namespace of a first segment, if it has slots.
    pub fn find(&self, head: &str) -> Option<u32> {
        self.table.find(head)
    }

    /// The namespace of a slot that was added.
    pub fn home(&self, index: u32) -> u32 {
        self.homes[index as usize].0
    }

    /// The slots of a namespace, in no particular order.
    pub fn members(&self, home: u32) -> &[u32] {
        &self.members[home as usize]
    }

    /// The slots of all namespaces, in no particular order.
    pub fn all(&self) -> Vec<u32> {
        self.members.concat()
    }
}
