//! The part of the loop that runs machines, and tells the hall of them.

use super::super::core::Core;
use super::running::Process;
use crate::error::Error;
use crate::kernel::processes::status_key;
use crate::kernel::{Command, Limits, Measured};
use crate::process::machine::Bounds;
use crate::process::schedule::{Changed, STEPS_MAX, Schedule};
use crate::value::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// The processes of a session.
pub(in crate::face::rust) struct Processes {
    pub(super) schedule: RefCell<Schedule<Rc<dyn Process>>>,
    pub(super) bounds: Bounds,
}

impl Processes {
    pub(in crate::face::rust) fn new(limits: &Limits) -> Self {
        Self { schedule: RefCell::new(Schedule::new(limits.processes as usize)), bounds: limits.machine() }
    }
}

/// How much of a round of the loop is over.
#[derive(Default)]
pub(in crate::face::rust) struct Round {
    steps: u32,
    now_ms: Option<u64>,
}

impl Core {
    /// Lets the next machine handle an event. False if none has anything to do, or this round has taken long enough.
    #[inline]
    pub(in crate::face::rust) fn run_next(&self, round: &mut Round) -> bool {
        let process = {
            let mut schedule = self.processes.schedule.borrow_mut();
            if schedule.is_idle() || round.steps >= STEPS_MAX {
                return false;
            }
            schedule.take().and_then(|id| schedule.get(id).cloned())
        };
        round.steps += 1;
        let now_ms = *round.now_ms.get_or_insert_with(|| self.time().monotonic_ms);
        if let Some(process) = process {
            process.run(self, now_ms);
        }
        true
    }

    /// Lets time pass for machines.
    pub(in crate::face::rust) fn advance_processes(&self, now_ms: u64) {
        loop {
            let process = {
                let mut schedule = self.processes.schedule.borrow_mut();
                let Some(id) = schedule.due(now_ms) else { return };
                schedule.get(id).cloned()
            };
            if let Some(process) = process {
                process.advance(self, now_ms);
            }
        }
    }

    /// In how many milliseconds a machine wants to be looked after: at once, if some did not have their turn or a status
    /// is not published.
    pub(in crate::face::rust) fn next_process_ms(&self, now_ms: u64) -> Option<u64> {
        let schedule = self.processes.schedule.borrow();
        if !schedule.is_idle() || schedule.has_changed() {
            return Some(0);
        }
        schedule.next_wake_ms().map(|wake_ms| wake_ms.saturating_sub(now_ms))
    }

    /// Puts the states of machines that have changed into the hall.
    pub(in crate::face::rust) fn publish(&self) {
        let changed: Vec<_> = {
            let mut schedule = self.processes.schedule.borrow_mut();
            std::iter::from_fn(|| schedule.take_changed()).collect()
        };
        for changed in changed {
            if let Err(error) = self.publish_one(&changed) {
                self.report(&error);
            }
        }
    }

    fn publish_one(&self, changed: &Changed) -> Result<(), Error> {
        let Changed { process, name } = changed;
        let key = status_key(self.with(|kernel| kernel.session()), *process, name.as_deref())?;
        let running = self.processes.schedule.borrow().get(*process).cloned();
        let command = match running.and_then(|running| running.status()) {
            None => {
                let origin = self.with(|kernel| kernel.agent().clone());
                Command::Delete { key, origin, expect: None, touch: false }
            }
            Some((status, origin)) => {
                let depth_max = self.with(|kernel| kernel.limits().value_depth) as usize;
                let measured = |value: Value| {
                    let bytes = value.encoded_bytes(depth_max)?;
                    Ok::<_, Error>(Measured { value, bytes })
                };
                let value = measured(status)?;
                Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false }
            }
        };
        let unix_ms = self.unix_ms();
        self.with(|kernel| kernel.apply(command, unix_ms)).map(drop)
    }

    /// Ends all machines, and tells so: the hall is closed.
    pub(in crate::face::rust) fn kill_all(&self) {
        // Only a broken schedule is borrowed here: a handle is being dropped by a panic in it.
        let Ok(schedule) = self.processes.schedule.try_borrow() else { return };
        let all: Vec<_> = schedule.ids().filter_map(|id| schedule.get(id).cloned()).collect();
        drop(schedule);
        all.iter().for_each(|process| process.kill(self));
        self.publish();
    }
}
