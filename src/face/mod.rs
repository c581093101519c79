//! The faces: thin, and the only code that knows a platform.

#[cfg(feature = "component")]
mod component;
#[cfg(feature = "js")]
mod js;
pub mod rust;
