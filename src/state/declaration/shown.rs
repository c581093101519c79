//! What a declared key shows. The one place that decides, for every face.

use super::Declaration;
use crate::codec::parse_value;
use crate::error::Error;
use crate::value::Value;
use std::collections::BTreeMap;

impl Declaration {
    /// What a variable shows of the encoded value that is there, and why it does not show that very value.
    pub fn shown<'a>(&'a self, there: Option<&'a [u8]>) -> (Option<&'a [u8]>, Option<Error>) {
        let Some(there) = there else { return (self.default_value(), None) };
        match self.violation(there) {
            None => (Some(there), None),
            violation => (self.default_value(), violation),
        }
    }

    /// The declared metadata, and over them those that were set.
    pub fn metadata_under(&self, set: Option<Value>) -> BTreeMap<String, Value> {
        merged(self.metadata().and_then(|bytes| parse_value(bytes).ok()), set)
    }
}

/// The members of two maps; of one name the latter stays.
pub fn merged(under: Option<Value>, over: Option<Value>) -> BTreeMap<String, Value> {
    let members = |value: Option<Value>| value.and_then(|value| value.as_map().cloned()).unwrap_or_default();
    let mut all = members(under);
    all.extend(members(over));
    all
}
