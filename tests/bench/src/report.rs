//! What is printed, and what is written for programs.
//!
//! The file has one shape, whatever has been measured and in whichever language:
//!
//! ```json
//! {
//!   "machine": { "cpu": "...", "cores": 2, "os": "linux x86_64", "compiler": "rustc ..." },
//!   "rows": [{ "subject": "rust", "case": "put, one watcher", "unit": "ns", "median": 1, "min": 1, "target": 1 }]
//! }
//! ```
//!
//! `subject` is the face, `unit` is `ns` (of one operation), `ms` (of one task) or `x` (how often one fits into another),
//! and `target`, which few rows have, is what `min` should be less than.

use crate::machine::Machine;
use std::fmt::Write;
use std::path::PathBuf;
use std::{fs, io};

/// One line of the table.
#[derive(Clone)]
pub struct Row {
    pub subject: &'static str,
    pub case: String,
    pub unit: &'static str,
    pub median: f64,
    pub min: f64,
    pub target: Option<f64>,
}

/// Prints the table.
pub fn print(rows: &[Row]) {
    let width = rows.iter().map(|row| row.case.len()).max().unwrap_or_default();
    println!("{:<9}  {:<width$}  {:>9}  {:>9}      target", "subject", "case", "median", "min");
    for row in rows {
        let target = row.target.map(|target| format!("< {target:<5} {}", if row.min < target { "yes" } else { "NO" }));
        println!(
            "{:<9}  {:<width$}  {:>9}  {:>9}  {:<2}  {}",
            row.subject,
            row.case,
            shown(row.median),
            shown(row.min),
            row.unit,
            target.unwrap_or_default()
        );
    }
}

/// A number with as many digits as mean something.
fn shown(number: f64) -> String {
    if number < 10.0 { format!("{number:.2}") } else { format!("{number:.1}") }
}

/// Writes the file, and returns where it is.
pub fn write(name: &str, machine: &Machine, rows: &[Row]) -> io::Result<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench"));
    fs::create_dir_all(&folder)?;
    let path = folder.canonicalize()?.join(format!("{name}.json"));
    fs::write(&path, json(machine, rows))?;
    Ok(path)
}

fn json(machine: &Machine, rows: &[Row]) -> String {
    let Machine { cpu, cores, os, compiler } = machine;
    let mut out = String::from("{\n  \"machine\": ");
    let (cpu, os, compiler) = (text(cpu), text(os), text(compiler));
    let _ = write!(out, r#"{{ "cpu": {cpu}, "cores": {cores}, "os": {os}, "compiler": {compiler} }}"#);
    out.push_str(",\n  \"rows\": [");
    for (position, row) in rows.iter().enumerate() {
        out.push_str(if position > 0 { ",\n    " } else { "\n    " });
        let (subject, case, unit) = (text(row.subject), text(&row.case), text(row.unit));
        let (median, min) = (row.median, row.min);
        let _ = write!(out, r#"{{ "subject": {subject}, "case": {case}, "unit": {unit}, "#);
        let _ = write!(out, r#""median": {median:.3}, "min": {min:.3}"#);
        if let Some(target) = row.target {
            let _ = write!(out, r#", "target": {target}"#);
        }
        out.push_str(" }");
    }
    out.push_str("\n  ]\n}\n");
    out
}

/// A text as JSON.
fn text(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
