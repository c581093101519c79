//! statehall
#![warn(missing_docs)]

pub mod codec;
pub mod error;
mod face;
pub mod kernel;
pub mod key;
pub mod replica;
pub mod state;
pub mod table;
pub mod timer;
pub mod value;

pub use error::{Code, Error};
pub use key::{Key, Selector};
pub use kernel::Limits;
pub use value::Value;
