//! What transcripts ask of owners, in whatever face, and what these answer, as lines.

use super::face::{Done, Face};
use super::script::{Command, unquote};
use statehall::Error;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// An owner that was opened.
pub trait Owner: Sized + 'static {
    fn touch(&self) -> Result<(), Error>;
    /// In how many milliseconds it expires, if it does; nothing if it has ended.
    fn standing(&self) -> Option<Option<u64>>;
}

/// The owners that a transcript has opened, by the hall and the name; of each name the last.
pub struct Owners<F: Face>(RefCell<BTreeMap<Named, F::Owner>>);

/// A hall, and the name of an owner there.
type Named = (Option<String>, String);

impl<F: Face> Default for Owners<F> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<F: Face> Owners<F> {
    /// Carries out a command, if it is one of owners.
    pub fn run(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Option<Done> {
        Some(match command.verb.as_str() {
            "owner" => self.open(hall, command, out),
            "touch" | "left" => self.ask(command, out),
            "end" => end(hall, command, out),
            _ => return None,
        })
    }

    fn open(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        let name = unquote(command.argument(0)?)?;
        let owner = hall.owner(&name, command.number("ttl")?)?;
        self.0.borrow_mut().insert((command.hall.clone(), name), owner);
        out.push("ok".into());
        Ok(())
    }

    fn ask(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let owners = self.0.borrow();
        let name = (command.hall.clone(), unquote(command.argument(0)?)?);
        let owner = owners.get(&name).ok_or("no owner of that name was opened")?;
        out.push(match (command.verb.as_str(), owner.standing()) {
            ("touch", _) => owner.touch().map(|()| "ok".into())?,
            (_, None) => "ended".into(),
            (_, Some(None)) => "open".into(),
            (_, Some(Some(ms))) => format!("open left={ms}"),
        });
        Ok(())
    }
}

fn end<F: Face>(hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
    out.push(format!("ended {}", hall.end(&unquote(command.argument(0)?)?)?));
    Ok(())
}
