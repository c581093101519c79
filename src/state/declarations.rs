//! Which keys are declared, and how.
//!
//! A column indexed by the slots of the kernel's key table. A declaration is of this session: every session makes its
//! own, none travels, and none decides a merge.

use super::declaration::Declaration;
use std::rc::Rc;

/// The declarations, by key. See the module.
#[derive(Default)]
pub struct Declarations {
    column: Vec<Option<Rc<Declaration>>>,
    count: usize,
}

impl Declarations {
    /// The declaration of the key at an index.
    pub fn get(&self, index: u32) -> Option<&Rc<Declaration>> {
        self.column.get(index as usize)?.as_ref()
    }

    /// Declares the key at an index anew, or no longer; returns how it was declared.
    pub fn replace(&mut self, index: u32, declaration: Option<Rc<Declaration>>) -> Option<Rc<Declaration>> {
        let place = index as usize;
        if place >= self.column.len() {
            declaration.as_ref()?;
            self.column.resize(place + 1, None);
        }
        self.count += usize::from(declaration.is_some());
        let old = std::mem::replace(&mut self.column[place], declaration);
        self.count -= usize::from(old.is_some());
        old
    }

    /// How many keys are declared.
    pub fn count(&self) -> usize {
        self.count
    }
}
