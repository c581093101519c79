//! Nothing outgrows a reader.

use crate::report;
use crate::rust::{functions, rust, tokens};
use crate::tree::{File, sources};
use std::collections::BTreeMap;

const FILE_LINES_MAX: usize = 600;
const FACE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 70;
const FOLDER_FILES_MAX: usize = 20;
/// Lines with something in them that may be the same, one after another, in two files.
const SAME_LINES_MAX: usize = 12;

#[test]
fn files_are_short() {
    let offenders = sources().filter_map(|file| {
        let most = if file.path.starts_with("src/face/") { FACE_LINES_MAX } else { FILE_LINES_MAX };
        let lines = file.lines().count();
        (lines > most).then(|| format!("{}: {lines} lines, {most} are the most", file.path))
    });
    report("A file that needs sections needs splitting or a better idea:", offenders);
}

#[test]
fn functions_are_short() {
    let mut offenders = Vec::new();
    for file in rust("") {
        let long = functions(&tokens(file.text())).into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX);
        offenders
            .extend(long.map(|long| format!("{}:{}: {} has {} lines", file.path, long.line, long.name, long.lines)));
    }
    report(&format!("A function stops at {FUNCTION_LINES_MAX} lines: give its steps names."), offenders);
}

#[test]
fn folders_are_small() {
    let mut folders = BTreeMap::<&str, usize>::new();
    for file in sources() {
        *folders.entry(file.folder()).or_default() += 1;
    }
    let large = folders.into_iter().filter(|(_, files)| *files > FOLDER_FILES_MAX);
    let offenders = large.map(|(folder, files)| format!("{folder}: {files} files of source"));
    report(&format!("A folder stops at {FOLDER_FILES_MAX} files of source: find the parts it has."), offenders);
}

#[test]
fn nothing_is_copied() {
    let mut seen = BTreeMap::<Vec<&str>, &str>::new();
    let mut offenders = BTreeMap::new();
    for file in sources() {
        let lines = telling_lines(file);
        for window in lines.windows(SAME_LINES_MAX + 1) {
            let text: Vec<_> = window.iter().map(|(_, line)| *line).collect();
            let first = *seen.entry(text).or_insert(&file.path);
            if first != file.path {
                offenders
                    .entry((first, &file.path))
                    .or_insert_with(|| format!("{first} and {}:{}", file.path, window[0].0));
            }
        }
    }
    let rule =
        format!("More than {SAME_LINES_MAX} lines are the same in two files: make one piece of code serve both.");
    report(&rule, offenders.into_values());
}

/// The lines that say something: no imports, no comments, no lone brackets.
fn telling_lines(file: &File) -> Vec<(usize, &str)> {
    let lines = file.lines().map(|(number, line)| (number, line.trim()));
    let quiet = ["//", "/*", "* ", "*/", "use ", "pub use ", "import ", "export {", "export *", "#["];
    lines
        .filter(|(_, line)| {
            line.chars().any(char::is_alphanumeric) && !quiet.iter().any(|start| line.starts_with(start))
        })
        .collect()
}
