//! Bad input is an error value and never a trap: every function of the component, with everything that a host might get
//! wrong. What is refused has the documented code and changes nothing, and the instance goes on.
//!
//! What the types of the component rule out (a case or a flag that does not exist, text that is not UTF-8) the host
//! refuses before it calls; it is not tried here.

#[path = "nonsense/arguments.rs"]
mod arguments;
#[path = "nonsense/backlogs.rs"]
mod backlogs;
#[path = "nonsense/bytes.rs"]
mod bytes;
#[path = "nonsense/calls.rs"]
mod calls;
#[path = "nonsense/contexts.rs"]
mod contexts;
#[path = "nonsense/handles.rs"]
mod handles;
#[path = "nonsense/machines.rs"]
mod machines;
#[path = "nonsense/monkey.rs"]
mod monkey;
#[path = "nonsense/order.rs"]
mod order;
#[path = "nonsense/owners.rs"]
mod owners;
#[path = "nonsense/subject.rs"]
mod subject;
#[path = "nonsense/variables.rs"]
mod variables;
#[path = "nonsense/watching.rs"]
mod watching;
