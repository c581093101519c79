//! The hall as one agent holds it.

use super::core::Core;
use super::options::Options;
use crate::error::{Code, Error};
use crate::kernel::check_name;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// A shared space, as one agent holds it. Clones are the same handle.
///
/// ```
/// use statehall::{Hall, Options};
/// let hall = Hall::open(Options { agent: "planner".into(), ..Options::default() })?;
/// hall.put("agents/planner/status", "thinking")?;
/// assert_eq!(hall.get("agents/planner/status")?, Some("thinking".into()));
/// assert_eq!(hall.update("steps", 0, |steps| (steps.as_integer().unwrap_or(0) + 1).into())?, 1.into());
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone)]
pub struct Hall {
    handle: Rc<Handle>,
}

struct Handle {
    core: Rc<Core>,
    agent: Rc<str>,
    open: Cell<bool>,
}

impl Hall {
    /// Opens a hall: a new session, with a handle for the agent.
    ///
    /// Errors: `invalid-argument` for a name, an agent or a limit out of range.
    pub fn open(options: Options) -> Result<Self, Error> {
        let agent = options.agent.clone();
        let core = Core::new(options)?;
        Ok(Self::handle(Rc::new(core), agent))
    }

    /// Another handle to the same session, whose changes bear this agent's name.
    ///
    /// Errors: `invalid-argument` for a name of a wrong length; `closed`.
    pub fn as_agent(&self, agent: &str) -> Result<Self, Error> {
        let core = self.core()?;
        check_name("an agent's name", agent)?;
        Ok(Self::handle(core.clone(), agent.into()))
    }

    /// Closes this handle and its clones; everything asked of them is `closed` from now on.
    ///
    /// Shape:  idempotent, and what dropping the last clone does. Closing the last handle ends the
    ///         session: watchers hear nothing more, streams end, and [`Hall::frames`] still gives
    ///         what is to be told to the others.
    pub fn close(&self) {
        self.handle.close();
    }

    /// The hall's name.
    pub fn name(&self) -> &str {
        &self.handle.core.name
    }

    /// The agent of this handle.
    pub fn agent(&self) -> &str {
        &self.handle.agent
    }

    /// Whether this handle is closed.
    pub fn is_closed(&self) -> bool {
        !self.handle.open.get()
    }

    fn handle(core: Rc<Core>, agent: Rc<str>) -> Self {
        core.handles.set(core.handles.get() + 1);
        Self { handle: Rc::new(Handle { core, agent, open: Cell::new(true) }) }
    }

    pub(super) fn core(&self) -> Result<&Rc<Core>, Error> {
        let closed =
            || Error::new(Code::Closed, format!("the handle of {:?} to the hall {:?}", self.agent(), self.name()));
        if self.is_closed() { Err(closed()) } else { Ok(&self.handle.core) }
    }

    /// The session, whether or not this handle is closed.
    pub(super) fn session_core(&self) -> &Rc<Core> {
        &self.handle.core
    }

    pub(super) fn origin(&self) -> &Rc<str> {
        &self.handle.agent
    }
}

impl Handle {
    fn close(&self) {
        if self.open.replace(false) {
            self.core.release();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hall = f.debug_struct("Hall");
        hall.field("name", &self.name()).field("agent", &self.agent()).field("closed", &self.is_closed()).finish()
    }
}
