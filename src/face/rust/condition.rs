//! Conditions as filters of watches.

use super::options::Filter;
use crate::error::Error;
use crate::state::condition::{Against, Condition};
use crate::value::Value;
use std::collections::BTreeMap;

impl Condition {
    /// The filter that lets through what fulfils the condition.
    ///
    /// Shape:  against [`Against::Delivered`] it remembers one value for each entry there is.
    /// Errors: `invalid-argument` if there is no condition, or one that cannot be.
    ///
    /// ```
    /// use statehall::{Condition, Hall, Options, WatchOptions};
    /// let hall = Hall::open(Options::default())?;
    /// let filter = Some(Condition { delta: Some(1.0), ..Condition::default() }.into_filter()?);
    /// let mut changes = hall.stream("temperature", WatchOptions { filter, ..WatchOptions::default() })?;
    /// for celsius in [20.0, 20.5, 22.0] {
    ///     hall.put("temperature", celsius)?;
    /// }
    /// let heard: Vec<_> = changes.pull(9).into_iter().filter_map(|change| change.value?.as_float()).collect();
    /// assert_eq!(heard, [20.0, 22.0]);
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn into_filter(self) -> Result<Filter, Error> {
        self.check()?;
        if self.against == Against::Previous {
            return Ok(Box::new(move |change| self.holds(change.old.as_ref(), change.value.as_ref())));
        }
        let mut last = BTreeMap::<Box<str>, Option<Value>>::new();
        Ok(Box::new(move |change| {
            let key = change.key.text();
            let base = last.get(key).unwrap_or(&change.old).clone();
            let passes = self.holds(base.as_ref(), change.value.as_ref());
            // An entry that is gone is forgotten, so that there are never more than there are entries.
            match &change.value {
                None => drop(last.remove(key)),
                Some(value) => drop(last.insert(key.into(), if passes { Some(value.clone()) } else { base })),
            }
            passes
        }))
    }
}
