//! Conditions as filters of watches.

use super::options::Filter;
use crate::error::Error;
use crate::state::condition::{Condition, Judge};

impl Condition {
    /// The filter that lets through what fulfils the condition.
    ///
    /// Shape:  against [`Against::Delivered`](crate::Against::Delivered) it remembers one value for each entry there is.
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
        let mut judge = Judge::new(self)?;
        Ok(Box::new(move |change| judge.passes(change)))
    }
}
