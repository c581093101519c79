//! The strict class: the rules of `decide` one by one, random commands against a naive model, and
//! histories of clients that lose, double and repeat their requests, checked for linearizability.

#[path = "strict/bytes.rs"]
mod bytes;
#[path = "strict/desk.rs"]
mod desk;
#[path = "strict/documents.rs"]
mod documents;
#[path = "strict/histories.rs"]
mod histories;
#[path = "strict/leases.rs"]
mod leases;
#[path = "strict/linear.rs"]
mod linear;
#[path = "strict/model.rs"]
mod model;
mod support;
