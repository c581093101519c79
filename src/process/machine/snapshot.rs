//! A machine kept, to go on elsewhere.
//!
//! What waits and what runs is kept; the data is the host's to keep beside it. Deadlines are kept
//! three ways at once, because which one is right is known only where the machine goes on.

use super::action::Mode;
use super::alphabet::Alphabet;
use super::engine::{Bounds, Machine, Phase};
use super::event::{Event, Kind, Timer};
use crate::error::{Code, Error};
use crate::process::call::CallId;

/// What a machine is, between two transitions.
pub struct Snapshot<A: Alphabet> {
    /// Callback modules, the current one last.
    pub modules: Vec<A::Name>,
    /// How the current one is called.
    pub mode: Mode,
    /// The state.
    pub state: A::State,
    /// Whether it takes no messages.
    pub suspended: bool,
    /// Events inside that wait, the next first.
    pub queue: Vec<Event<A>>,
    /// Postponed events, the oldest first, each with how long ago it was first postponed.
    pub postponed: Vec<(Event<A>, u64)>,
    /// Messages in the mailbox, the oldest first.
    pub mailbox: Vec<Event<A>>,
    /// Timers, in the order of setting.
    pub timers: Vec<Kept<A>>,
    /// Timeouts of zero that wait, in order.
    pub zero: Vec<(Timer<A::Name>, A::Event)>,
}

/// A timer that was kept.
pub struct Kept<A: Alphabet> {
    /// Which it is.
    pub timer: Timer<A::Name>,
    /// What it carries.
    pub content: A::Event,
    /// When it is due by the wall clock.
    pub due_unix_ms: u64,
    /// How long it had still to run.
    pub remaining_ms: u64,
    /// How long it was to run when it was set.
    pub length_ms: u64,
}

/// When the timers of a machine that goes on are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rearm {
    /// When they were to be: the time in between counts.
    Deadline,
    /// After what they had still to run: the time in between does not count.
    Remaining,
    /// After their whole length again.
    Restart,
}

impl<A: Alphabet> Machine<A>
where
    A::Event: Clone,
{
    /// Keeps the machine. It must have no question open, because what is being handled is not kept;
    /// orders that wait are not kept either.
    pub fn snapshot(&self, now_ms: u64, unix_ms: u64) -> Result<Snapshot<A>, Error> {
        if self.phase != Phase::Ready {
            return Err(Error::new(
                Code::InvalidArgument,
                "a machine is kept between two transitions, and before it ends",
            ));
        }
        let kept = self.timeouts.running().map(|running| {
            let remaining_ms = running.due_ms.saturating_sub(now_ms);
            let overdue_ms = now_ms.saturating_sub(running.due_ms);
            Kept {
                timer: running.timer.clone(),
                content: running.content.clone(),
                due_unix_ms: unix_ms.saturating_add(remaining_ms).saturating_sub(overdue_ms),
                remaining_ms,
                length_ms: running.length_ms,
            }
        });
        Ok(Snapshot {
            modules: self.modules.clone(),
            mode: self.mode,
            state: self.state.clone(),
            suspended: self.suspended,
            queue: self.queue.iter().cloned().collect(),
            postponed: self.postponed.iter().map(|event| (event.clone(), event.age_ms(now_ms))).collect(),
            mailbox: self.mailbox.messages().cloned().collect(),
            timers: kept.collect(),
            zero: self.timeouts.zero().map(|(timer, content)| (timer.clone(), content.clone())).collect(),
        })
    }
}

impl<A: Alphabet> Machine<A> {
    /// Goes on with a machine that was kept. Nothing is entered: it is in its state already. Whoever
    /// called it has gone: replies to the calls that are in it are dropped.
    pub fn restore(
        snapshot: Snapshot<A>,
        bounds: Bounds,
        rearm: Rearm,
        now_ms: u64,
        unix_ms: u64,
    ) -> Result<Self, Error> {
        let Snapshot { modules, mode, state, suspended, queue, postponed, mailbox, timers, zero } = snapshot;
        if modules.is_empty() {
            return Err(Error::new(Code::InvalidSnapshot, "a machine without a callback module"));
        }
        let sizes = [
            ("modules", bounds.modules, modules.len()),
            ("queue", bounds.queue, queue.len()),
            ("postponed", bounds.postponed, postponed.len()),
            ("mailbox", bounds.mailbox, mailbox.len()),
            ("timeouts", bounds.timeouts, timers.len() + zero.len()),
        ];
        if let Some((name, max, given)) = sizes.into_iter().find(|(_, max, given)| given > max) {
            return Err(Error::limit(name, max as u64, given as u64));
        }
        let mut machine = Self::resting(modules, mode, bounds, state);
        machine.suspended = suspended;
        machine.queue = queue.into_iter().map(orphaned).collect();
        let again = |(event, age_ms): (Event<A>, u64)| Event {
            postponed_ms: Some(now_ms.wrapping_sub(age_ms)),
            ..orphaned(event)
        };
        machine.postponed = postponed.into_iter().map(again).collect();
        for event in mailbox {
            // It fits: that was looked at above.
            let _ = machine.mailbox.send(orphaned(event));
        }
        for Kept { timer, content, due_unix_ms, remaining_ms, length_ms } in timers {
            once(&machine, &timer)?;
            let wait_ms = match rearm {
                Rearm::Deadline => due_unix_ms.saturating_sub(unix_ms),
                Rearm::Remaining => remaining_ms,
                Rearm::Restart => length_ms,
            };
            machine.timeouts.start(timer, content, now_ms.saturating_add(wait_ms), length_ms);
        }
        for (timer, content) in zero {
            once(&machine, &timer)?;
            machine.timeouts.queue(timer, content);
        }
        Ok(machine)
    }
}

/// A machine has at most one timeout of a kind and name.
fn once<A: Alphabet>(machine: &Machine<A>, timer: &Timer<A::Name>) -> Result<(), Error> {
    if machine.timeouts.is_set(timer) {
        return Err(Error::new(Code::InvalidSnapshot, "a machine with the same timeout twice"));
    }
    Ok(())
}

/// An event whose caller has gone, and whose times were those of another clock.
fn orphaned<A: Alphabet>(event: Event<A>) -> Event<A> {
    let kind = if let Kind::Call(_) = event.kind { Kind::Call(CallId::GONE) } else { event.kind };
    Event::new(kind, event.content)
}
