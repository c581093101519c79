//! Measures statehall: each program prints a table, and writes a file of `target/bench`.
//!
//! The subjects of a program run in one process, in turns, so that whatever else the machine does disturbs all of them
//! alike. Read the minima, and the ratios between rows of one run; a median says how noisy the machine was. A target is a
//! promise about an idle machine, so the minimum is held to it, and a missed one is marked and fails nothing.
//!
//! With an argument, only the cases with that text in their names are measured, and nothing is written.
//!
//! [`measure`] has the method, [`report`] the shape of the file. Programs are lists of subjects: one for the Rust face
//! beside this, and one for the component in `component/`, because wasmtime takes long to link the way the first is.

pub mod machine;
pub mod measure;
pub mod report;

use measure::{Measured, Subject};
use report::Row;
use std::env;
use std::error::Error;

/// Measures the subjects, prints the table, and writes the file of this name. Rows may be derived from what is measured.
pub fn run(
    name: &str,
    mut subjects: Vec<Subject>,
    derived: impl Fn(&[Measured]) -> Vec<Row>,
) -> Result<(), Box<dyn Error>> {
    let only = env::args().nth(1);
    subjects.retain(|subject| only.as_ref().is_none_or(|only| subject.case.contains(only)));
    let measured = measure::measure(subjects)?;
    let mut rows: Vec<_> = measured.iter().map(Measured::row).collect();
    rows.extend(derived(&measured));
    report::print(&rows);
    if only.is_none() {
        let path = report::write(name, &machine::describe(), &rows)?;
        println!("\nwritten to {}", path.display());
    }
    Ok(())
}
