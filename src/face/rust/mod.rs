//! Rust face
