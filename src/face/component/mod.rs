//! The component face: the interfaces of `wit/`, exported, and nothing imported.
//!
//! Nothing here decides anything. A call converts what it is given, calls the kernel, converts
//! what comes back, and holds no borrow when it returns. Changes are not told but taken: every
//! watcher has a queue, and `ready` names those that are not empty. What a host gives is refused
//! with an error value if it is no good, because a trap would take its whole store along.

#![allow(unsafe_code, reason = "the macro of wit-bindgen needs it; nothing here is written with it")]

mod contexts;
mod convert;
mod document_watcher;
mod hall;
mod held;
mod machines;
mod owners;
mod session;
mod variables;
mod watched;
mod watchers;

/// What wit-bindgen makes of `wit/`.
#[allow(missing_docs, reason = "the documentation is in wit/")]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "kernel", pub_export_macro: false });

    export!(Component with_types_in self);

    /// What the exported functions belong to.
    pub struct Component;
}

use bindings::Component;
use bindings::exports::statehall::hall as wit;
