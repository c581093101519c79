//! The npm face: numbers in, numbers out.
//!
//! Nothing here decides anything. A call converts what it is given, calls the kernel, converts what comes back, and
//! holds no borrow when it returns; then JavaScript calls the watchers. Hot calls exchange numbers only; the rest leave
//! what they answer in the outbox (see [`answer`]); what is rare crosses by serde. An error crosses as `code: detail`.

#![allow(unsafe_code, reason = "the macros of wasm-bindgen need it; only the allocator is written with it")]
#![allow(clippy::too_many_arguments, reason = "numbers cross one by one")]

#[cfg(target_family = "wasm")]
mod allocator;
mod answer;
mod listing;
mod machines;
mod opening;
mod owning;
mod reference;
mod report;
mod strict;
mod texts;
mod variables;
mod writing;

use crate::error::{Code, Error};
use crate::kernel::{Behind, Command, Kernel, Time, WatchOptions};
use crate::key::{Key, Selector};
use crate::state::selection::WatchId;
use crate::state::watch::SetId;
use crate::table::Slot;
use answer::Answer::{Bytes, Number, Numbers, Text, Texts};
use answer::{Answer, Outbox, list, written};
use js_sys::Array;
use reference::{Pool, Ref};
use report::Records;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use texts::read_selector;
use wasm_bindgen::prelude::*;

/// How many numbers the face tells of a put that it has taken itself.
const BEHIND: usize = 5;
/// By what the set is multiplied in the answer of [`Core::grant`], and below what it must be to fit.
const GRANT: f64 = 4_294_967_296.0;
const SETS_MAX: u32 = 1 << 20;

/// One kernel of references.
#[wasm_bindgen]
pub struct Core {
    kernel: RefCell<Kernel<Ref>>,
    pool: Pool,
    /// Names by the numbers that JavaScript has given them.
    agents: RefCell<Vec<Option<Rc<str>>>>,
    /// The revision and the bytes in use that JavaScript knows of.
    known: Cell<(u64, u64)>,
    records: RefCell<Records>,
    outbox: RefCell<Outbox>,
    machines: RefCell<machines::Machines>,
}

#[wasm_bindgen]
impl Core {
    /// Opens a hall.
    #[wasm_bindgen(constructor)]
    pub fn new(
        texts: &[u8],
        seed: u64,
        notify: bool,
        share: bool,
        revision: f64,
        now: f64,
        monotonic: f64,
    ) -> Result<Core, JsValue> {
        let pool = Pool::default();
        let thrown = |error: Error| JsValue::from_str(&error.to_string());
        let options = opening::read(texts, seed, notify, revision).map_err(thrown)?;
        let mut kernel = Kernel::new(options, pool.clone()).map_err(thrown)?;
        if share {
            kernel.join(time(now, monotonic));
        }
        Ok(Self {
            kernel: RefCell::new(kernel),
            pool,
            agents: RefCell::default(),
            known: Cell::default(),
            records: RefCell::default(),
            outbox: RefCell::default(),
            machines: RefCell::default(),
        })
    }

    /// Where the last answer is in memory, if it was not a number.
    pub fn start(&self) -> *const u8 {
        self.outbox.borrow().start()
    }

    /// How many bytes it takes there.
    pub fn length(&self) -> usize {
        self.outbox.borrow().length()
    }

    /// Gives a number to an agent's name, for the calls that take an origin.
    pub fn name_agent(&self, name: &str, number: u32) -> f64 {
        self.answer(|| {
            crate::kernel::check_name("an agent's name", name)?;
            let mut agents = self.agents.borrow_mut();
            let place = number as usize;
            if place >= agents.len() {
                agents.resize(place + 1, None);
            }
            if let Some(agent) = agents.get_mut(place) {
                *agent = Some(name.into());
            }
            Ok(Number(0.0))
        })
    }

    /// Forgets the name that has a number.
    pub fn forget_agent(&self, number: u32) {
        if let Some(agent) = self.agents.borrow_mut().get_mut(number as usize) {
            *agent = None;
        }
    }

    /// What the face needs to take puts to a slot itself: the bytes of the value, and times 2^32 the set that hears of
    /// them. Infinite if it may not. From then on the value's number may stand for another value: nobody else has it.
    pub fn grant(&self, slot: f64) -> f64 {
        let mut kernel = self.kernel.borrow_mut();
        let granted = kernel.grant(slot_of(slot));
        let fits = granted.filter(|grant| grant.set.0 < SETS_MAX && grant.value.is_alone());
        fits.map_or(f64::INFINITY, |grant| f64::from(grant.set.0) * GRANT + f64::from(grant.bytes))
    }

    /// The puts that the face has taken itself, in their order: of each slot, value (0 if its number is the same), bytes,
    /// origin and revision.
    pub fn catch_up(&self, puts: &[f64], now: f64) -> f64 {
        self.answer(|| {
            let (mut kernel, agents) = (self.kernel.borrow_mut(), self.agents.borrow());
            for &[slot, value, bytes, origin, revision] in puts.as_chunks::<BEHIND>().0 {
                let origin = agents.get(origin as usize).and_then(Option::as_ref).ok_or_else(unknown_agent)?;
                let value = (value > 0.0).then(|| self.pool.hold(value as u32));
                let (bytes, revision, unix_ms) = (bytes as u32, revision as u64, now as u64);
                kernel.catch_up(slot_of(slot), Behind { value, bytes, revision, origin, unix_ms })?;
            }
            self.known.set((kernel.revision(), kernel.bytes()));
            Ok(Number(0.0))
        })
    }

    /// Whether the text is a key, for reads of absent keys.
    pub fn check_key(&self, key: &str) -> f64 {
        self.answer(|| Key::parse(key).map(|_| Number(0.0)))
    }

    /// The slots of the selected entries, in key order.
    pub fn select(&self, selector: &[u8]) -> f64 {
        self.answer(|| {
            let selector = self.selected(selector)?;
            let slots = self.kernel.borrow().slots(selector.as_ref());
            Ok(Numbers(slots.into_iter().map(|slot| slot.number() as f64).collect()))
        })
    }

    /// Whether a revision is compacted, and pairs of slot and revision that changed after it.
    pub fn changes(&self, selector: &[u8], revision: f64) -> f64 {
        self.answer(|| {
            let selector = self.selected(selector)?;
            let kernel = self.kernel.borrow();
            let changes = kernel.changes(revision as u64, selector.as_ref());
            let mut numbers = vec![f64::from(u8::from(changes.is_none()))];
            for changed in changes.into_iter().flatten() {
                numbers.extend([changed.slot.number() as f64, changed.revision as f64]);
            }
            Ok(Numbers(numbers))
        })
    }

    /// The entry of a key: revision, writing time, expiry or -1, metadata or 0. No numbers if there is none.
    pub fn entry(&self, key: &str) -> f64 {
        self.answer(|| {
            let kernel = self.kernel.borrow();
            let Some(entry) = kernel.entry(key) else { return Ok(Numbers(Vec::new())) };
            let expires = entry.expires_ms.map_or(-1.0, |expires_ms| expires_ms as f64);
            let metadata = entry.metadata.as_ref().map_or(0, Ref::id);
            Ok(Numbers(vec![entry.revision as f64, entry.updated_ms as f64, expires, f64::from(metadata)]))
        })
    }

    /// The agent that wrote the entry of a key.
    pub fn entry_origin(&self, key: &str) -> f64 {
        let origin = |kernel: &Kernel<Ref>| kernel.entry(key).map_or(String::new(), |entry| entry.origin.to_string());
        self.answer(|| Ok(Text(origin(&self.kernel.borrow()))))
    }

    /// Begins a batch.
    pub fn begin(&self) -> f64 {
        self.answer(|| self.kernel.borrow_mut().begin().map(|()| Number(0.0)))
    }

    /// Commits the batch.
    pub fn commit(&self, now: f64) -> f64 {
        self.answer(|| self.kernel.borrow_mut().commit(now as u64).map(|_| Number(0.0)))
    }

    /// Undoes the batch.
    pub fn roll_back(&self) -> f64 {
        self.answer(|| self.kernel.borrow_mut().roll_back().map(|()| Number(0.0)))
    }

    /// Opens a watch; a negative capacity means that its watcher is called. JavaScript keeps the owners.
    pub fn watch(&self, selector: &[u8], initial: bool, capacity: f64) -> f64 {
        self.answer(|| {
            let nothing = || Error::new(Code::InvalidSelector, "a watch needs a selector");
            let selector = read_selector(selector)?.ok_or_else(nothing)?;
            let options = WatchOptions { initial, owner: None, capacity: optional(capacity) };
            Ok(Number(f64::from(self.kernel.borrow_mut().watch(selector, options)?.0)))
        })
    }

    /// Ends a watch.
    pub fn unwatch(&self, watch: u32) {
        self.kernel.borrow_mut().unwatch(WatchId(watch));
    }

    /// The watches of a set.
    pub fn members(&self, set: u32) -> f64 {
        let members = self.kernel.borrow().members(SetId(set)).iter().map(|watch| f64::from(watch.0)).collect();
        self.answer(|| Ok(Numbers(members)))
    }

    /// Moves the oldest change of a watch that pulls to the records.
    pub fn take(&self, watch: u32) {
        let mut kernel = self.kernel.borrow_mut();
        if let Some(change) = kernel.take(WatchId(watch)) {
            let slot = kernel.slot(change.key.text());
            self.records.borrow_mut().change(report::TAKEN, watch, slot, &change);
        }
    }

    /// Changes queued and missed by a watch that pulls.
    pub fn queue(&self, watch: u32) -> f64 {
        let kernel = self.kernel.borrow();
        let queue = kernel.queue(WatchId(watch));
        let numbers = queue.map_or(Vec::new(), |queue| vec![queue.len() as f64, queue.missed() as f64]);
        self.answer(|| Ok(Numbers(numbers)))
    }

    /// What has happened: the revision and the bytes in use; four lists, each after its length: values that arrived
    /// (pairs of number and length), and values, slots and sets to let go; and the records. See [`report`]. 0 if nothing
    /// has happened but what JavaScript knows, because it was told or has done it itself.
    pub fn drain(&self) -> f64 {
        let mut kernel = self.kernel.borrow_mut();
        let mut records = self.records.borrow_mut();
        while let Some(effect) = kernel.next_effect() {
            records.effect(&effect);
        }
        let (sets, slots) = (kernel.take_released(), kernel.take_freed());
        let (values, (arrived, bytes)) = (self.pool.take_released(), self.pool.take_arrived());
        records.arrived = bytes;
        let known = (kernel.revision(), kernel.bytes());
        let lists = arrived.is_empty() && values.is_empty() && slots.is_empty() && sets.is_empty();
        if self.known.replace(known) == known && lists && records.numbers.is_empty() {
            return 0.0;
        }
        let mut numbers = vec![known.0 as f64, known.1 as f64];
        list(&mut numbers, &mut arrived.iter().map(|&number| f64::from(number)));
        list(&mut numbers, &mut values.iter().map(|&id| f64::from(id)));
        list(&mut numbers, &mut slots.iter().map(|slot| slot.number() as f64));
        list(&mut numbers, &mut sets.iter().map(|set| f64::from(set.0)));
        numbers.append(&mut records.numbers);
        self.answer(|| Ok(Numbers(numbers)))
    }

    /// The texts that the drained numbers refer to, as a list.
    pub fn texts(&self) -> f64 {
        self.answer(|| Ok(Texts(self.records.borrow_mut().take_texts())))
    }

    /// The bytes of the values that arrived, one after another.
    pub fn arrived_bytes(&self) -> f64 {
        self.answer(|| Ok(Bytes(std::mem::take(&mut self.records.borrow_mut().arrived))))
    }

    /// Takes in a frame.
    pub fn receive(&self, frame: &[u8], now: f64, monotonic: f64) -> f64 {
        self.answer(|| self.kernel.borrow_mut().receive(frame, time(now, monotonic)).map(|()| Number(0.0)))
    }

    /// Asks the others what was missed.
    pub fn rejoin(&self, now: f64, monotonic: f64) {
        self.kernel.borrow_mut().rejoin(time(now, monotonic));
    }

    /// Says goodbye with the next frames.
    pub fn leave(&self) {
        self.kernel.borrow_mut().leave();
    }

    /// The values to be encoded before time advances.
    pub fn wanted(&self) -> f64 {
        let wanted = self.kernel.borrow_mut().wanted().iter().map(|value| f64::from(value.id())).collect();
        self.answer(|| Ok(Numbers(wanted)))
    }

    /// Their bytes, each after its length in four bytes.
    pub fn supply(&self, bytes: &[u8]) -> f64 {
        let mut rest = bytes;
        let encoded = std::iter::from_fn(|| {
            let (length, left) = rest.split_first_chunk()?;
            let (taken, left) = left.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = left;
            Some(taken)
        });
        self.answer(|| self.kernel.borrow_mut().supply(encoded).map(|()| Number(0.0)))
    }

    /// Lets time pass, and answers the revision.
    pub fn advance(&self, now: f64, monotonic: f64) -> f64 {
        let mut kernel = self.kernel.borrow_mut();
        kernel.advance(time(now, monotonic));
        kernel.revision() as f64
    }

    /// In how many milliseconds to advance next; infinite for never.
    pub fn next_wake(&self, now: f64, monotonic: f64) -> f64 {
        self.kernel.borrow().next_wake(time(now, monotonic)).map_or(f64::INFINITY, |delay_ms| delay_ms as f64)
    }

    /// The next frame to send; no bytes if there is none.
    pub fn next_frame(&self) -> f64 {
        self.answer(|| Ok(Bytes(self.kernel.borrow_mut().next_frame().unwrap_or_default())))
    }

    /// The whole state as bytes.
    pub fn snapshot(&self) -> f64 {
        self.answer(|| self.kernel.borrow_mut().snapshot().map(Bytes))
    }

    /// Joins a snapshot's state.
    pub fn restore(&self, snapshot: &[u8], now: f64, monotonic: f64) -> f64 {
        self.answer(|| self.kernel.borrow_mut().restore(snapshot, time(now, monotonic)).map(|()| Number(0.0)))
    }

    /// This session's id, as sixteen hexadecimal digits.
    pub fn session(&self) -> f64 {
        self.answer(|| Ok(Text(self.kernel.borrow().session().to_string())))
    }

    /// The limits: pairs of name and number.
    pub fn limits(&self) -> Array {
        listing::to_js(&listing::limits(self.kernel.borrow().limits()))
    }

    /// What the hall uses: pairs of name and number.
    pub fn usage(&self) -> Array {
        listing::to_js(&listing::usage(&self.kernel.borrow().usage()))
    }

    /// Who is here, this session first: of each, pairs of name and fact.
    pub fn sessions(&self, now: f64) -> Array {
        listing::to_js(&listing::sessions(&self.kernel.borrow(), now))
    }
}

impl Core {
    fn answer(&self, work: impl FnOnce() -> Result<Answer, Error>) -> f64 {
        let answer = work();
        self.outbox.borrow_mut().put(answer)
    }

    fn origin(&self, number: u32) -> Result<Rc<str>, Error> {
        self.agents.borrow().get(number as usize).cloned().flatten().ok_or_else(unknown_agent)
    }

    fn apply(&self, command: Command<Ref>, now: f64) -> Result<[f64; 3], Error> {
        self.kernel.borrow_mut().apply(command, now as u64).map(written)
    }

    fn selected(&self, selector: &[u8]) -> Result<Option<Selector>, Error> {
        let selector = read_selector(selector)?;
        if let Some(selector) = &selector {
            self.kernel.borrow().check_selector(selector)?;
        }
        Ok(selector)
    }
}

fn slot_of(number: f64) -> Slot {
    Slot::from_number(number as u64)
}

fn optional(number: f64) -> Option<u64> {
    (number >= 0.0).then_some(number as u64)
}

fn time(now: f64, monotonic: f64) -> Time {
    Time { unix_ms: now as u64, monotonic_ms: monotonic as u64 }
}

#[cold]
fn unknown_agent() -> Error {
    Error::new(Code::InvalidArgument, "an unknown agent")
}
