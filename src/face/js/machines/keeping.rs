//! Machines that are read, kept, and go on.

use super::words::{Words, id, kind_read, mode_of, number};
use super::{damaged, ended, process_of};
use crate::face::js::Core;
use crate::face::js::answer::Answer::{Number, Numbers};
use crate::face::js::answer::list;
use crate::process::machine::snapshot::Kept;
use crate::process::machine::{Event, Mode, Rearm, Snapshot, Timer};
use wasm_bindgen::prelude::*;

/// How many numbers cross for an event, and for a timer.
const EVENT: usize = 4;
const TIMER: usize = 6;

#[wasm_bindgen]
impl Core {
    /// How many messages wait; and three lists, each after its length: timeouts (kind, name, content, what remains),
    /// postponed events with their ages, and transitions (kind, name, state, whether it changed or was postponed, time).
    pub fn machine_info(&self, process: f64, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        let mut numbers = Vec::new();
        machines.with(|processes| {
            let Some(machine) = processes.machine(process_of(process)) else { return };
            numbers.push(machine.waiting() as f64);
            numbers.push(machine.timers().count() as f64);
            for timer in machine.timers() {
                let remaining_ms = timer.due_ms.saturating_sub(now as u64) as f64;
                let [kind, name] = number(&timer.timer.kind());
                numbers.extend([kind, name, id(&timer.content), remaining_ms]);
            }
            events(&mut numbers, &mut machine.postponed().iter().map(|event| (event, event.age_ms(now as u64))));
            numbers.push(machine.trace().count() as f64);
            for transition in machine.trace() {
                let [kind, name] = transition.kind.as_ref().map_or([-1.0, 0.0], number);
                let flags = u32::from(transition.changed) + 2 * u32::from(transition.postponed);
                numbers.extend([kind, name, id(&transition.state), f64::from(flags), transition.at_ms as f64]);
            }
        });
        self.answer(|| Ok(Numbers(numbers)))
    }

    /// The contents that are in use, between two transitions of all machines.
    pub fn machine_used(&self) -> f64 {
        let mut used = Vec::new();
        self.machines.borrow_mut().with(|processes| {
            for machine in processes.ids().filter_map(|process| processes.machine(process)) {
                machine.contents(&mut |word| used.push(f64::from(word)));
            }
        });
        self.answer(|| Ok(Numbers(used)))
    }

    /// Keeps a machine: its state, mode, whether it is suspended; and lists, each after its length: modules, events inside,
    /// postponed ones, messages, and timers (kind, name, content, deadline in Unix milliseconds, remaining, whole length).
    /// A deadline of -1 is that of a timeout without a time.
    pub fn machine_snapshot(&self, process: f64, now: f64, unix: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        self.answer(|| {
            let time = crate::face::js::time(unix, now);
            let kept = machines.with(|processes| processes.snapshot(process_of(process), time));
            let kept = kept.unwrap_or_else(|| Err(ended()))?;
            let Mode { state_functions, state_enter, state_leave } = kept.mode;
            let mode = u32::from(state_functions) + 2 * u32::from(state_enter) + 4 * u32::from(state_leave);
            let mut numbers = vec![id(&kept.state), f64::from(mode), f64::from(u8::from(kept.suspended))];
            list(&mut numbers, &mut kept.modules.iter().map(id));
            events(&mut numbers, &mut kept.queue.iter().map(|event| (event, 0)));
            events(&mut numbers, &mut kept.postponed.iter().map(|(event, age_ms)| (event, *age_ms)));
            events(&mut numbers, &mut kept.mailbox.iter().map(|event| (event, 0)));
            numbers.push((kept.timers.len() + kept.zero.len()) as f64);
            for Kept { timer, content, due_unix_ms, remaining_ms, length_ms } in &kept.timers {
                let times = [*due_unix_ms, *remaining_ms, *length_ms].map(|ms| ms as f64);
                numbers.extend(number(&timer.kind()).into_iter().chain([id(content)]).chain(times));
            }
            for (timer, content) in &kept.zero {
                let [kind, name] = number(&timer.kind());
                numbers.extend([kind, name, id(content), -1.0, 0.0, 0.0]);
            }
            Ok(Numbers(numbers))
        })
    }

    /// Goes on with a machine that was kept: the numbers of [`Core::machine_snapshot`]. Timers are due at their
    /// deadlines (0), after what remained (1), or after their whole lengths (2). Answers its id.
    pub fn machine_restore(&self, kept: &[f64], rearm: u32, now: f64, unix: f64) -> f64 {
        self.answer(|| {
            let machines = &mut *self.machines.borrow_mut();
            let name = machines.name.take();
            let snapshot = read(kept).ok_or_else(damaged)?;
            let rearm = [Rearm::Deadline, Rearm::Remaining, Rearm::Restart].get(rearm as usize).copied();
            let (rearm, time) = (rearm.ok_or_else(damaged)?, crate::face::js::time(unix, now));
            let process = self.processes(machines).restore(name, None, snapshot, rearm, time)?;
            Ok(Number(process.0 as f64))
        })
    }
}

/// What [`Core::machine_snapshot`] wrote.
fn read(numbers: &[f64]) -> Option<Snapshot<Words>> {
    let mut rest = numbers;
    let &[state, mode, suspended] = take(&mut rest, 3)?.first_chunk()?;
    let modules = take_list(&mut rest, 1)?.iter().map(|&module| module as u32).collect();
    let mut events = || {
        let rows = take_list(&mut rest, EVENT)?.as_chunks::<EVENT>().0.iter();
        let read = |&[kind, name, content, age]: &[f64; EVENT]| {
            (Event::new(kind_read(kind as u32, name), content as u32), age as u64)
        };
        Some(rows.map(read).collect::<Vec<_>>())
    };
    let (queue, postponed, mailbox) = (events()?, events()?, events()?);
    let (mut timers, mut zero) = (Vec::new(), Vec::new());
    for &[kind, name, content, due, remaining, length] in take_list(&mut rest, TIMER)?.as_chunks::<TIMER>().0 {
        let timer = match kind as u32 {
            3 => Timer::Event,
            4 => Timer::State,
            _ => Timer::Named(name as u32),
        };
        let content = content as u32;
        if due < 0.0 {
            zero.push((timer, content));
        } else {
            let (remaining_ms, length_ms) = (remaining as u64, length as u64);
            timers.push(Kept { timer, content, due_unix_ms: due as u64, remaining_ms, length_ms });
        }
    }
    let alone = |events: Vec<(Event<Words>, u64)>| events.into_iter().map(|(event, _)| event).collect();
    Some(Snapshot {
        modules,
        mode: mode_of(mode as u32),
        state: state as u32,
        suspended: suspended == 1.0,
        queue: alone(queue),
        postponed,
        mailbox: alone(mailbox),
        timers,
        zero,
    })
}

fn take<'a>(rest: &mut &'a [f64], count: usize) -> Option<&'a [f64]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// A list after its length, of so many numbers each.
fn take_list<'a>(rest: &mut &'a [f64], width: usize) -> Option<&'a [f64]> {
    let count = *take(rest, 1)?.first()? as usize;
    take(rest, count.checked_mul(width)?)
}

/// Appends events after their number: of each kind, name or call, content and age.
fn events(numbers: &mut Vec<f64>, events: &mut dyn ExactSizeIterator<Item = (&Event<Words>, u64)>) {
    numbers.push(events.len() as f64);
    for (event, age_ms) in events {
        let [kind, name] = number(&event.kind);
        numbers.extend([kind, name, id(&event.content), age_ms as f64]);
    }
}
