//! The npm face: numbers in, numbers out.
//!
//! Nothing here decides anything. A call converts what it is given, calls the kernel, converts
//! what comes back, and holds no borrow when it returns; watchers are called by JavaScript after
//! that. Hot calls exchange numbers only; the rest use text, bytes, and (what is structured and
//! rare) serde. An error crosses as text, `code: detail`, and is thrown.

#![allow(unsafe_code, reason = "the macros of wasm-bindgen need it; only the allocator is written with it")]
#![allow(clippy::too_many_arguments, reason = "numbers cross one by one")]

#[cfg(target_family = "wasm")]
mod allocator;
mod listing;
mod opening;
mod reference;
mod report;

use crate::error::{Code, Error};
use crate::kernel::{Behind, Command, Kernel, Measured, Reply, Time, WatchOptions};
use crate::key::{Key, Selector};
use crate::state::selection::WatchId;
use crate::state::watch::SetId;
use crate::table::Slot;
use reference::{Pool, Ref};
use report::Records;
use std::cell::RefCell;
use std::rc::Rc;
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
    records: RefCell<Records>,
}

#[wasm_bindgen]
impl Core {
    /// Opens a hall.
    #[wasm_bindgen(constructor)]
    pub fn new(
        name: &str,
        agent: &str,
        seed: u64,
        limits: Vec<String>,
        maxima: &[f64],
        notify: bool,
        share: bool,
        revision: f64,
        now: f64,
        monotonic: f64,
    ) -> Result<Core, JsValue> {
        let pool = Pool::default();
        let options = opening::read(name, agent, seed, (&limits, maxima), notify, revision).map_err(thrown)?;
        let mut kernel = Kernel::new(options, pool.clone()).map_err(thrown)?;
        if share {
            kernel.join(time(now, monotonic));
        }
        Ok(Self { kernel: RefCell::new(kernel), pool, agents: RefCell::default(), records: RefCell::default() })
    }

    /// Gives a number to an agent's name, for the calls that take an origin.
    pub fn name_agent(&self, number: u32, name: &str) -> Result<(), JsValue> {
        crate::kernel::check_name("an agent's name", name).map_err(thrown)?;
        let mut agents = self.agents.borrow_mut();
        let place = number as usize;
        if place >= agents.len() {
            agents.resize(place + 1, None);
        }
        if let Some(agent) = agents.get_mut(place) {
            *agent = Some(name.into());
        }
        Ok(())
    }

    /// Forgets the name that has a number.
    pub fn forget_agent(&self, number: u32) {
        if let Some(agent) = self.agents.borrow_mut().get_mut(number as usize) {
            *agent = None;
        }
    }

    /// What the face needs to take puts to a slot itself: the bytes of the value, and times 2^32 the set that hears of
    /// them. Negative if it may not. From then on the value's number may stand for another value: nobody else has it.
    pub fn grant(&self, slot: f64) -> f64 {
        let mut kernel = self.kernel.borrow_mut();
        let granted = kernel.grant(slot_of(slot));
        let fits = granted.filter(|grant| grant.set.0 < SETS_MAX && grant.value.is_alone());
        fits.map_or(-1.0, |grant| f64::from(grant.set.0) * GRANT + f64::from(grant.bytes))
    }

    /// The puts that the face has taken itself, in their order: of each slot, value (0 if its number is the same), bytes,
    /// origin and revision.
    pub fn catch_up(&self, puts: &[f64], now: f64) -> Result<(), JsValue> {
        let mut kernel = self.kernel.borrow_mut();
        let agents = self.agents.borrow();
        let unknown = || thrown(Error::new(Code::InvalidArgument, "an unknown agent"));
        for &[slot, value, bytes, origin, revision] in puts.as_chunks::<BEHIND>().0 {
            let origin = agents.get(origin as usize).and_then(Option::as_ref).ok_or_else(unknown)?;
            let value = (value > 0.0).then(|| self.pool.hold(value as u32));
            let put = Behind { value, bytes: bytes as u32, revision: revision as u64, origin, unix_ms: now as u64 };
            kernel.catch_up(slot_of(slot), put).map_err(thrown)?;
        }
        Ok(())
    }

    /// Puts a value by its key's text, with options; negative numbers stand for none. Answers
    /// slot, revision, whether it changed, and whether `expect` failed.
    pub fn write(
        &self,
        key: &str,
        value: u32,
        bytes: f64,
        metadata: u32,
        metadata_bytes: f64,
        origin: u32,
        expect: f64,
        ttl: f64,
        touch: bool,
        now: f64,
    ) -> Result<Vec<f64>, JsValue> {
        let value = Measured { value: self.pool.hold(value), bytes: bytes as u64 };
        let metadata =
            (metadata != 0).then(|| Measured { value: self.pool.hold(metadata), bytes: metadata_bytes as u64 });
        let key_read = Key::parse(key).map_err(thrown)?;
        let (expect, ttl_ms) = (optional(expect), optional(ttl));
        let command =
            Command::Put { key: key_read, value, metadata, origin: self.origin(origin)?, expect, ttl_ms, touch };
        let (revision, changed, conflict) = self.apply(command, now)?;
        let slot = self.kernel.borrow().slot(key).map_or(-1.0, |slot| slot.number() as f64);
        self.records.borrow_mut().told(slot);
        Ok(vec![slot, revision, f64::from(u8::from(changed)), f64::from(u8::from(conflict))])
    }

    /// Deletes a key. Answers revision, whether anything changed, and whether `expect` failed.
    pub fn delete(&self, key: &str, origin: u32, expect: f64, touch: bool, now: f64) -> Result<Vec<f64>, JsValue> {
        let key = Key::parse(key).map_err(thrown)?;
        let command = Command::Delete { key, origin: self.origin(origin)?, expect: optional(expect), touch };
        let (revision, changed, conflict) = self.apply(command, now)?;
        Ok(vec![revision, f64::from(u8::from(changed)), f64::from(u8::from(conflict))])
    }

    /// Deletes all selected entries and answers how many.
    pub fn clear(&self, selector: Vec<String>, origin: u32, now: f64) -> Result<f64, JsValue> {
        let command = Command::Clear { selector: read_selector(&selector)?, origin: self.origin(origin)? };
        match self.kernel.borrow_mut().apply(command, now as u64).map_err(thrown)? {
            Reply::Cleared(count) => Ok(count as f64),
            Reply::Written { .. } | Reply::Conflict { .. } => Ok(0.0),
        }
    }

    /// Whether the text is a key, for reads of absent keys.
    pub fn check_key(&self, key: &str) -> Result<(), JsValue> {
        Key::parse(key).map(|_| ()).map_err(thrown)
    }

    /// The slots of the selected entries, in key order.
    pub fn select(&self, selector: Vec<String>) -> Result<Vec<f64>, JsValue> {
        let selector = read_selector(&selector)?;
        let kernel = self.kernel.borrow();
        if let Some(selector) = &selector {
            kernel.check_selector(selector).map_err(thrown)?;
        }
        Ok(kernel.slots(selector.as_ref()).into_iter().map(|slot| slot.number() as f64).collect())
    }

    /// Whether a revision is compacted, and pairs of slot and revision that changed after it.
    pub fn changes(&self, revision: f64, selector: Vec<String>) -> Result<Vec<f64>, JsValue> {
        let selector = read_selector(&selector)?;
        let kernel = self.kernel.borrow();
        if let Some(selector) = &selector {
            kernel.check_selector(selector).map_err(thrown)?;
        }
        let changes = kernel.changes(revision as u64, selector.as_ref());
        let mut numbers = vec![f64::from(u8::from(changes.is_none()))];
        for changed in changes.into_iter().flatten() {
            numbers.extend([changed.slot.number() as f64, changed.revision as f64]);
        }
        Ok(numbers)
    }

    /// The entry of a key: revision, writing time, expiry or -1, metadata or 0. No numbers if there is none.
    pub fn entry(&self, key: &str) -> Vec<f64> {
        let kernel = self.kernel.borrow();
        let Some(entry) = kernel.entry(key) else { return Vec::new() };
        let expires = entry.expires_ms.map_or(-1.0, |expires_ms| expires_ms as f64);
        let metadata = entry.metadata.as_ref().map_or(0, Ref::id);
        vec![entry.revision as f64, entry.updated_ms as f64, expires, f64::from(metadata)]
    }

    /// The agent that wrote the entry of a key.
    pub fn entry_origin(&self, key: &str) -> String {
        self.kernel.borrow().entry(key).map_or(String::new(), |entry| entry.origin.to_string())
    }

    /// Begins a batch.
    pub fn begin(&self) -> Result<(), JsValue> {
        self.kernel.borrow_mut().begin().map_err(thrown)
    }

    /// Commits the batch.
    pub fn commit(&self, now: f64) -> Result<bool, JsValue> {
        self.kernel.borrow_mut().commit(now as u64).map_err(thrown)
    }

    /// Undoes the batch.
    pub fn roll_back(&self) -> Result<(), JsValue> {
        self.kernel.borrow_mut().roll_back().map_err(thrown)
    }

    /// Opens a watch; a negative capacity means that its watcher is called.
    pub fn watch(
        &self,
        selector: Vec<String>,
        initial: bool,
        owner: Option<String>,
        capacity: f64,
    ) -> Result<u32, JsValue> {
        let nothing = || thrown(Error::new(Code::InvalidSelector, "a watch needs a selector"));
        let selector = read_selector(&selector)?.ok_or_else(nothing)?;
        let options = WatchOptions { initial, owner: owner.map(Rc::from), capacity: optional(capacity) };
        self.kernel.borrow_mut().watch(selector, options).map(|watch| watch.0).map_err(thrown)
    }

    /// Ends a watch.
    pub fn unwatch(&self, watch: u32) -> bool {
        self.kernel.borrow_mut().unwatch(WatchId(watch))
    }

    /// The watches of a set.
    pub fn members(&self, set: u32) -> Vec<f64> {
        self.kernel.borrow().members(SetId(set)).iter().map(|watch| f64::from(watch.0)).collect()
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
    pub fn queue(&self, watch: u32) -> Vec<f64> {
        let kernel = self.kernel.borrow();
        kernel.queue(WatchId(watch)).map_or(Vec::new(), |queue| vec![queue.len() as f64, queue.missed() as f64])
    }

    /// What has happened: the revision and the bytes in use; four lists, each after its length: values that arrived (pairs of number and
    /// length), and values, slots and sets to let go; and the records. See [`report`].
    pub fn drain(&self) -> Vec<f64> {
        let mut kernel = self.kernel.borrow_mut();
        let mut records = self.records.borrow_mut();
        while let Some(effect) = kernel.next_effect() {
            records.effect(&effect);
        }
        let (sets, slots) = (kernel.take_released(), kernel.take_freed());
        let (values, (arrived, bytes)) = (self.pool.take_released(), self.pool.take_arrived());
        records.arrived = bytes;
        let mut numbers = vec![kernel.revision() as f64, kernel.bytes() as f64];
        list(&mut numbers, &mut arrived.iter().map(|&number| f64::from(number)));
        list(&mut numbers, &mut values.iter().map(|&id| f64::from(id)));
        list(&mut numbers, &mut slots.iter().map(|slot| slot.number() as f64));
        list(&mut numbers, &mut sets.iter().map(|set| f64::from(set.0)));
        numbers.append(&mut records.numbers);
        numbers
    }

    /// The texts that the drained numbers refer to.
    pub fn texts(&self) -> Vec<String> {
        self.records.borrow_mut().take_texts()
    }

    /// The bytes of the values that arrived, one after another.
    pub fn arrived_bytes(&self) -> Vec<u8> {
        std::mem::take(&mut self.records.borrow_mut().arrived)
    }

    /// How many values are referred to, for tests of what is let go.
    pub fn live(&self) -> u32 {
        self.pool.live() as u32
    }

    /// Takes in a frame.
    pub fn receive(&self, frame: &[u8], now: f64, monotonic: f64) -> Result<(), JsValue> {
        self.kernel.borrow_mut().receive(frame, time(now, monotonic)).map_err(thrown)
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
    pub fn wanted(&self) -> Vec<f64> {
        self.kernel.borrow_mut().wanted().iter().map(|value| f64::from(value.id())).collect()
    }

    /// Their bytes, one after another, and the length of each.
    pub fn supply(&self, lengths: &[f64], bytes: &[u8]) -> Result<(), JsValue> {
        let mut rest = bytes;
        let encoded = lengths.iter().map_while(|&length| {
            let (taken, left) = rest.split_at_checked(length as usize)?;
            rest = left;
            Some(taken)
        });
        self.kernel.borrow_mut().supply(encoded).map_err(thrown)
    }

    /// Lets time pass, and answers the revision.
    pub fn advance(&self, now: f64, monotonic: f64) -> f64 {
        let mut kernel = self.kernel.borrow_mut();
        kernel.advance(time(now, monotonic));
        kernel.revision() as f64
    }

    /// In how many milliseconds to advance next; negative for never.
    pub fn next_wake(&self, now: f64, monotonic: f64) -> f64 {
        self.kernel.borrow().next_wake(time(now, monotonic)).map_or(-1.0, |delay_ms| delay_ms as f64)
    }

    /// The next frame to send; no bytes if there is none.
    pub fn next_frame(&self) -> Vec<u8> {
        self.kernel.borrow_mut().next_frame().unwrap_or_default()
    }

    /// The whole state as bytes.
    pub fn snapshot(&self) -> Result<Vec<u8>, JsValue> {
        self.kernel.borrow_mut().snapshot().map_err(thrown)
    }

    /// Joins a snapshot's state.
    pub fn restore(&self, snapshot: &[u8], now: f64, monotonic: f64) -> Result<(), JsValue> {
        self.kernel.borrow_mut().restore(snapshot, time(now, monotonic)).map_err(thrown)
    }

    /// This session's id, as sixteen hexadecimal digits.
    pub fn session(&self) -> String {
        self.kernel.borrow().session().to_string()
    }

    /// The limits: pairs of name and number.
    pub fn limits(&self) -> Result<JsValue, JsValue> {
        listing::to_js(&listing::limits(self.kernel.borrow().limits()))
    }

    /// What the hall uses: pairs of name and number.
    pub fn usage(&self) -> Result<JsValue, JsValue> {
        listing::to_js(&listing::usage(&self.kernel.borrow().usage()))
    }

    /// Who is here, this session first: of each, pairs of name and fact.
    pub fn sessions(&self, now: f64) -> Result<JsValue, JsValue> {
        listing::to_js(&listing::sessions(&self.kernel.borrow(), now))
    }
}

impl Core {
    fn origin(&self, number: u32) -> Result<Rc<str>, JsValue> {
        let unknown = || thrown(Error::new(Code::InvalidArgument, "an unknown agent"));
        self.agents.borrow().get(number as usize).cloned().flatten().ok_or_else(unknown)
    }

    fn apply(&self, command: Command<Ref>, now: f64) -> Result<(f64, bool, bool), JsValue> {
        match self.kernel.borrow_mut().apply(command, now as u64).map_err(thrown)? {
            Reply::Written { revision, changed } => Ok((revision as f64, changed, false)),
            Reply::Conflict { revision } => Ok((revision as f64, false, true)),
            Reply::Cleared(_) => Ok((0.0, false, false)),
        }
    }
}

/// Starts a new instance at the next call; referring to it is what makes the glue able to.
#[wasm_bindgen]
pub fn start_over() {
    wasm_bindgen::handler::schedule_reinit();
}

/// A selector as it crosses: nothing, the text of a pattern, or an empty text and then keys.
fn read_selector(texts: &[String]) -> Result<Option<Selector>, JsValue> {
    let read = match texts {
        [] => return Ok(None),
        [pattern] => Selector::parse(pattern),
        [_, keys @ ..] => Selector::keys(keys.iter().map(String::as_str)),
    };
    read.map(Some).map_err(thrown)
}

/// Appends a list after its length.
fn list(numbers: &mut Vec<f64>, items: &mut dyn Iterator<Item = f64>) {
    let start = numbers.len();
    numbers.push(0.0);
    numbers.extend(items);
    let length = (numbers.len() - start - 1) as f64;
    if let Some(place) = numbers.get_mut(start) {
        *place = length;
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

/// An error as it crosses: `code: detail`.
#[cold]
#[inline(never)]
fn thrown(error: Error) -> JsValue {
    JsValue::from_str(&error.to_string())
}
