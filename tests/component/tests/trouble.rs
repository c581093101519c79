//! What `wit/` says of trouble, in a real host: drops in any order, limits reached, traps, and what is left after them.

#[path = "trouble/dropping.rs"]
mod dropping;
#[path = "trouble/fuel.rs"]
mod fuel;
#[path = "trouble/limits.rs"]
mod limits;
#[path = "trouble/recovery.rs"]
mod recovery;
#[path = "trouble/side.rs"]
mod side;
#[path = "trouble/store.rs"]
mod store;
