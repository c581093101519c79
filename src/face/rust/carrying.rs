//! Variables as they are carried from one session to another.

use super::Hall;
use crate::error::Error;
use crate::kernel::CARRIED_DEPTH;
use crate::value::Value;

impl Hall {
    /// All variables as one value: how each is declared, and what is set. The same in every face.
    ///
    /// Shape:  `{"session": id, "variables": {key: {"declaration": map, "value": any, "metadata": map}}}`. A variable that
    ///         shows its default has no `value`. Times to live are left out, and so are revisions, times and origins.
    /// Errors: `closed`.
    ///
    /// ```
    /// use statehall::{Hall, Options};
    /// let (hall, other) = (Hall::open(Options::default())?, Hall::open(Options::default())?);
    /// hall.variable("steps", [("type", "integer".into()), ("value", 0.into())])?.set(3)?;
    /// other.import_variables(hall.export_variables()?)?;
    /// assert_eq!(other.variables("steps")?[0].get()?, Some(3.into()));
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn export_variables(&self) -> Result<Value, Error> {
        Ok(self.core()?.with(|kernel| kernel.export_variables()))
    }

    /// Takes the variables of an export in place of those of this session, as one commit: each is then declared and set
    /// as it was there; what is not among them is declared no more and deleted. Entries that are no variables stay.
    ///
    /// Shape:  constraints on changes say nothing of it. A [`Variable`](super::Variable) made before goes on showing its
    ///         key by what it was declared.
    /// Errors: `invalid-argument` for what is no export, with what it lacks, and inside a batch; `invalid-key`,
    ///         `invalid-declaration`, `constraint-violation`, `invalid-value`, `limit`, of the variable that the detail
    ///         begins with; `closed`. Nothing has then changed.
    pub fn import_variables(&self, exported: impl Into<Value>) -> Result<(), Error> {
        let core = self.core()?;
        let depth_max = core.with(|kernel| kernel.limits().value_depth) as usize + CARRIED_DEPTH;
        let exported = exported.into().encoded(depth_max)?;
        let unix_ms = core.unix_ms();
        core.with(|kernel| kernel.import_variables(&exported, self.origin(), unix_ms))?;
        core.dispatch();
        Ok(())
    }
}
