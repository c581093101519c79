//! Numbers that are never given twice: a place in a table, and how often that place was used.

/// How often a place is used. Its number and this fit into 52 bits, so that an id is a number in every language. A place
/// whose uses are used up stays closed for ever.
pub const USES_MAX: u32 = 1 << 20;

/// What has such a number.
pub trait Placed: Copy {
    /// What has this number.
    fn of(number: u64) -> Self;

    /// The number.
    fn number(self) -> u64;

    /// What is at a place that was used so often, this time included.
    fn at(place: usize, uses: u32) -> Self {
        Self::of(u64::from(uses) << 32 | place as u64)
    }

    /// The place.
    fn place(self) -> usize {
        (self.number() & u64::from(u32::MAX)) as usize
    }

    /// How often it was used.
    fn uses(self) -> u32 {
        (self.number() >> 32) as u32
    }

    /// Place and uses, as people read them.
    fn shown(self) -> String {
        [&*self.place().to_string(), ".", &self.uses().to_string()].concat()
    }
}
