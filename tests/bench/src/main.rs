//! Measures statehall: prints a table, and writes `target/bench/rust.json`.
//!
//! Every subject runs in this one process, in turns, so that whatever else the machine does disturbs all of them alike.
//! Read the minima, and the ratios between rows of one run; a median says how noisy the machine was. A target is a
//! promise about an idle machine, so a missed one is marked and fails nothing.
//!
//! With an argument, only the cases with that text in their names are measured, and nothing is written.
//!
//! [`measure`] has the method, [`report`] the shape of the file. Each other module is a list of subjects.

mod machine;
mod measure;
mod native;
mod report;

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let only = env::args().nth(1);
    let mut subjects = native::subjects();
    subjects.retain(|subject| only.as_ref().is_none_or(|only| subject.case.contains(only)));
    let measured = measure::measure(subjects)?;
    let mut rows: Vec<_> = measured.iter().map(measure::Measured::row).collect();
    rows.extend(native::derived(&measured));
    report::print(&rows);
    if only.is_some() {
        return Ok(());
    }
    let path = report::write(&machine::describe(), &rows)?;
    println!("\nwritten to {}", path.display());
    Ok(())
}
