//! A hall as its host sees it: what the component leaves to a host is done here, and nothing else.
//!
//! The host counts the commands of a batch and lets one inside another join it; updates a value by reading, computing
//! and writing it on the condition that it is still what was read; and after each command asks what there is to tell.

use super::agents::Agent;
use super::choosing::Choice;
use super::crossing::{
    entry_out, filter_in, limit_in, outcome_out, overflow_in, session_out, since_out, usage_out, watch_info_out,
    written_out,
};
use super::documents;
use super::face::{Done, Face, Failure, Write, Wrote};
use super::naming::Naming;
use super::owning::Owned;
use super::session::Session;
use super::strict::{Document, record_out};
use super::telling::{Reading, Watcher, Watching};
use super::variables;
use statehall::{
    Change, Code, ContextRecord, Entry, Error, Filter, Options, PutOptions, Rearm, Session as Sitting, Since, Usage,
    Value, WatchInfo, WatchOptions, Written,
};
use statehall_component_tests::values::{cbor_in, value_in, value_out};
use statehall_component_tests::{Kernel, state, types, watchers};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// How many batches were given as lists.
pub static LISTED: AtomicUsize = AtomicUsize::new(0);

/// One handle. Clones are the same handle.
#[derive(Clone)]
pub struct Host {
    handle: Rc<Handle>,
}

struct Handle {
    session: Rc<Session>,
    hall: ResourceAny,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.session.release(self.hall);
    }
}

impl Host {
    fn of(session: Rc<Session>, hall: ResourceAny) -> Self {
        Self { handle: Rc::new(Handle { session, hall }) }
    }

    /// The handle as the component knows it.
    pub fn hall(&self) -> ResourceAny {
        self.handle.hall
    }

    pub fn session(&self) -> &Rc<Session> {
        &self.handle.session
    }

    /// Asks the hall.
    fn ask<T>(
        &self,
        ask: impl FnOnce(state::GuestHall<'_>, &mut Store<StoreLimits>, ResourceAny) -> wasmtime::Result<T>,
    ) -> T {
        self.session().call(|store, kernel| ask(kernel.statehall_hall_state().hall(), store, self.handle.hall))
    }

    /// Asks the hall what it may refuse.
    fn try_ask<T>(
        &self,
        ask: impl FnOnce(
            state::GuestHall<'_>,
            &mut Store<StoreLimits>,
            ResourceAny,
        ) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        self.session().try_call(|store, kernel| ask(kernel.statehall_hall_state().hall(), store, self.handle.hall))
    }

    /// The watchers that have something to take.
    pub fn ready(&self) -> Vec<u32> {
        let ready = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_watchers().call_ready(store, self.handle.hall, u32::MAX)
        };
        self.session().call(ready)
    }

    /// What was refused with nobody waiting for it.
    pub fn reports(&self) -> Vec<types::Error> {
        self.ask(|hall, store, this| hall.call_reports(store, this, u32::MAX))
    }

    /// A key as its text.
    fn text(&self, naming: &Naming) -> String {
        match naming {
            Naming::Text(text) => text.clone(),
            Naming::Segments(segments) => {
                self.session().call(|store, kernel| kernel.statehall_hall_state().call_join(store, segments))
            }
            Naming::Keys(_) => String::new(),
        }
    }

    fn selector(&self, naming: &Naming) -> types::Selector {
        match naming {
            Naming::Text(text) => types::Selector::Text(text.clone()),
            Naming::Segments(segments) => types::Selector::Segments(segments.clone()),
            Naming::Keys(keys) => types::Selector::Keys(keys.iter().map(|key| self.text(key)).collect()),
        }
    }

    fn selector_if(&self, naming: Option<Naming>) -> Option<types::Selector> {
        naming.map(|naming| self.selector(&naming))
    }

    /// Carries out a command and tells what it did; inside a batch an error says which it was.
    fn named<T>(&self, verb: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let batch = &self.session().batch;
        let position = batch.get().map(|begun| begun + 1);
        batch.set(position);
        let result = work();
        self.tell();
        result.map_err(|error| match position {
            None => error,
            Some(n) => Error::new(error.code, format!("command {n} ({verb}): {}", error.detail)),
        })
    }

    fn put(&self, key: &str, value: &Value, options: PutOptions) -> Result<state::Written, Error> {
        let (value, now_ms) = (value_in(value), self.session().unix_ms());
        match options {
            PutOptions { expect: None, metadata: None, ttl_ms: None, touch: false, owner: None } => {
                self.try_ask(|hall, store, this| hall.call_put(store, this, key, &value, now_ms))
            }
            PutOptions { owner: Some(ref owner), .. } => {
                let (owner, hall) = (owner.clone(), self.handle.hall);
                let options = put_options(options);
                let put = |store: &mut _, kernel: &Kernel| {
                    kernel.statehall_hall_owners().call_put(store, hall, &owner, key, &value, Some(&options), now_ms)
                };
                self.session().try_call(put)
            }
            options => {
                let options = put_options(options);
                self.try_ask(|hall, store, this| hall.call_put_with(store, this, key, &value, &options, now_ms))
            }
        }
    }

    fn command(&self, write: Write) -> state::Command {
        match write {
            Write::Put(key, value, options) => state::Command::Put(state::PutCommand {
                key: self.text(&key),
                value: value_in(&value),
                options: Some(put_options(options)),
            }),
            Write::Delete(key, options) => state::Command::Delete(state::DeleteCommand {
                key: self.text(&key),
                options: Some(state::DeleteOptions { expect: options.expect, touch: options.touch }),
            }),
            Write::Clear(selector) => state::Command::Clear(self.selector(&selector)),
        }
    }

    /// Opens a watcher; what the component does not know of filters is the host's.
    fn open_watcher(
        &self,
        selector: Naming,
        options: &WatchOptions,
        filter: Option<Choice>,
    ) -> Result<(ResourceAny, Option<Filter>), Error> {
        let selector = self.selector(&selector);
        let owner = options.owner.as_deref().map(Into::into);
        let (data, function) = match filter {
            Some(Choice::Data(condition)) => (Some(filter_in(&condition)), None),
            Some(Choice::Function(filter)) => (None, Some(filter)),
            None => (None, None),
        };
        let WatchOptions { initial, deliver_ms, capacity, overflow, .. } = *options;
        let overflow = overflow.map(overflow_in);
        let options = watchers::WatchOptions { initial, filter: data, owner, deliver_ms, capacity, overflow };
        let hall = self.handle.hall;
        let watch = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_watchers().call_watch(store, hall, &selector, &options)
        };
        Ok((self.session().try_call(watch)?, function))
    }
}

/// All but the owner, which is an argument of its own.
pub fn put_options(options: PutOptions) -> state::PutOptions {
    let PutOptions { expect, metadata, ttl_ms, touch, owner: _ } = options;
    state::PutOptions { expect, metadata: metadata.as_ref().map(cbor_in), ttl_ms, touch }
}

impl Face for Host {
    type Watch = Watching;
    type Reader = Reading;
    type Context = Document;
    type Owner = Owned;
    type Machine = Agent;

    fn open(options: Options, limits: &[(String, u64)]) -> Result<Self, Failure> {
        let named = limits.iter().map(|(name, value)| Ok((limit_in(name)?, *value)));
        let asked = state::Options {
            name: options.name.as_ref().into(),
            agent: options.agent.as_ref().into(),
            seed: options.seed.unwrap_or_default(),
            limits: named.collect::<Result<_, Failure>>()?,
            notify: options.notify,
            share: options.share,
        };
        let session = Session::new(options.clock, options.on_error);
        let time = session.time();
        let open = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_state().hall().call_open(store, &asked, time);
        let hall = session.try_call(open)?;
        Ok(Self::of(session, hall))
    }

    fn as_agent(&self, agent: &str) -> Result<Self, Error> {
        let hall = self.try_ask(|hall, store, this| hall.call_as_agent(store, this, agent))?;
        Ok(Self::of(self.session().clone(), hall))
    }

    fn close(&self) {
        self.ask(|hall, store, this| hall.call_close(store, this));
    }

    fn is_closed(&self) -> bool {
        self.ask(|hall, store, this| hall.call_is_closed(store, this))
    }

    fn write(&self, write: Write) -> Result<Wrote, Error> {
        let now_ms = self.session().unix_ms();
        match write {
            Write::Put(key, value, options) => self.named("put", || {
                let written = self.put(&self.text(&key), &value, options)?;
                Ok(Wrote::Written(written_out(written)))
            }),
            Write::Delete(key, options) => self.named("delete", || {
                let (key, touch, expect) = (self.text(&key), options.touch, options.expect);
                let written = match (touch, expect) {
                    (false, None) => self.try_ask(|hall, store, this| hall.call_delete(store, this, &key, now_ms)),
                    (touch, expect) => {
                        let options = state::DeleteOptions { expect, touch };
                        self.try_ask(|hall, store, this| hall.call_delete_with(store, this, &key, options, now_ms))
                    }
                };
                Ok(Wrote::Written(written_out(written?)))
            }),
            Write::Clear(selector) => self.named("clear", || {
                let selector = Some(self.selector(&selector));
                let cleared = |hall: state::GuestHall<'_>, store: &mut _, this| {
                    hall.call_clear(store, this, selector.as_ref(), now_ms)
                };
                self.try_ask(cleared).map(Wrote::Cleared)
            }),
        }
    }

    fn update(&self, key: Naming, initial: Value, change: impl FnOnce(Value) -> Value) -> Result<Value, Error> {
        self.named("update", || {
            let key = self.text(&key);
            let before = self.try_ask(|hall, store, this| hall.call_entry(store, this, &key))?;
            let (current, revision) = before.map_or((initial, 0), |entry| (value_out(entry.value), entry.revision));
            let value = change(current);
            let options = PutOptions { expect: Some(revision), ..PutOptions::default() };
            if self.put(&key, &value, options)?.conflict {
                return Err(Error::new(Code::Conflict, "the entry is not what was read"));
            }
            Ok(value)
        })
    }

    fn declare(&self, key: Naming, declaration: Value) -> Result<(), Error> {
        variables::declare(self, &self.text(&key), &declaration)
    }

    fn undeclare(&self, key: Naming) -> Result<bool, Error> {
        variables::undeclare(self, &self.text(&key))
    }

    fn variable(&self, key: Naming) -> Result<(Option<Value>, bool), Failure> {
        variables::variable(self, &self.text(&key))
    }

    fn facts(&self, key: Naming) -> Result<Value, Failure> {
        variables::facts(self, &self.text(&key))
    }

    fn variables(&self, selector: Naming) -> Result<Vec<String>, Error> {
        variables::variables(self, &self.selector(&selector))
    }

    fn set(&self, key: Naming, value: Value, options: PutOptions) -> Result<Written, Error> {
        self.named("set", || variables::set(self, &self.text(&key), &value, options))
    }

    fn set_many(&self, values: Vec<(String, Value)>) -> Result<Vec<(String, Error)>, Error> {
        let refused = variables::set_many(self, values);
        self.tell();
        refused
    }

    fn export_variables(&self) -> Result<Value, Error> {
        variables::export(self)
    }

    fn import_variables(&self, exported: Value) -> Result<(), Error> {
        let imported = variables::import(self, &exported);
        self.tell();
        imported
    }

    fn machine(&self, name: &str, table: Value) -> Result<Agent, Error> {
        Agent::start(self.clone(), name, &table)
    }

    fn revive(&self, name: &str, table: Value, bytes: &[u8], rearm: Rearm) -> Result<Agent, Error> {
        Agent::revive(self.clone(), name, &table, bytes, rearm)
    }

    fn batch(&self, work: impl FnOnce(&Self) -> Done) -> Done {
        let session = self.session();
        if session.batch.get().is_some() {
            return work(self);
        }
        self.try_ask(|hall, store, this| hall.call_begin(store, this))?;
        session.batch.set(Some(0));
        let done = work(self);
        session.batch.set(None);
        match done {
            Ok(()) => {
                let now_ms = session.unix_ms();
                self.try_ask(|hall, store, this| hall.call_commit(store, this, now_ms))?;
                self.tell();
                Ok(())
            }
            Err(failure) => {
                self.try_ask(|hall, store, this| hall.call_roll_back(store, this))?;
                Err(failure)
            }
        }
    }

    fn batch_of(&self, writes: &[Write]) -> Option<Result<Vec<Wrote>, Error>> {
        // There is no list of puts for owners.
        let owned = |write: &Write| matches!(write, Write::Put(_, _, PutOptions { owner: Some(_), .. }));
        if self.session().batch.get().is_some() || writes.iter().any(owned) {
            return None;
        }
        LISTED.fetch_add(1, Ordering::Relaxed);
        let commands: Vec<_> = writes.iter().map(|write| self.command(write.clone())).collect();
        let now_ms = self.session().unix_ms();
        let outcomes = self.try_ask(|hall, store, this| hall.call_batch(store, this, &commands, now_ms));
        self.tell();
        Some(outcomes.map(|outcomes| outcomes.into_iter().map(outcome_out).collect()))
    }

    fn get(&self, key: Naming) -> Result<Option<Value>, Error> {
        let key = self.text(&key);
        Ok(self.try_ask(|hall, store, this| hall.call_get(store, this, &key))?.map(value_out))
    }

    fn get_or(&self, key: Naming, fallback: Value) -> Result<Value, Error> {
        Ok(self.get(key)?.unwrap_or(fallback))
    }

    fn has(&self, key: Naming) -> Result<bool, Error> {
        let key = self.text(&key);
        self.try_ask(|hall, store, this| hall.call_has(store, this, &key))
    }

    fn entry(&self, key: Naming) -> Result<Option<Entry>, Error> {
        let key = self.text(&key);
        Ok(self.try_ask(|hall, store, this| hall.call_entry(store, this, &key))?.map(entry_out))
    }

    fn keys(&self, selector: Option<Naming>) -> Result<Vec<String>, Error> {
        let selector = self.selector_if(selector);
        self.try_ask(|hall, store, this| hall.call_keys(store, this, selector.as_ref()))
    }

    fn to_map(&self, selector: Option<Naming>) -> Result<Vec<(String, Value)>, Error> {
        let selector = self.selector_if(selector);
        let map = self.try_ask(|hall, store, this| hall.call_to_map(store, this, selector.as_ref()))?;
        Ok(map.into_iter().map(|(key, value)| (key, value_out(value))).collect())
    }

    fn changes(&self, revision: u64, selector: Option<Naming>) -> Result<Since, Error> {
        let selector = self.selector_if(selector);
        let since = |hall: state::GuestHall<'_>, store: &mut _, this| {
            hall.call_changes(store, this, revision, selector.as_ref())
        };
        self.try_ask(since).map(since_out)
    }

    fn revision(&self) -> Result<u64, Error> {
        self.try_ask(|hall, store, this| hall.call_revision(store, this))
    }

    fn export(&self, _: Option<Naming>) -> Result<String, Failure> {
        Err("the component makes no text for people".into())
    }

    fn watch(
        &self,
        selector: Naming,
        options: WatchOptions,
        filter: Option<Choice>,
        watcher: impl FnMut(&Change) + 'static,
    ) -> Result<Watching, Error> {
        if options.deliver_ms.is_none() && options.overflow.is_some() {
            return Err(Error::new(Code::InvalidArgument, "nothing waits for a watcher that a host calls at once"));
        }
        let (resource, filter) = self.open_watcher(selector, &options, filter)?;
        let id = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().watcher().call_id(store, resource);
        let (session, once, together) = (self.session().clone(), options.once, options.deliver_ms.is_some());
        let (id, filter, call) = (session.call(id), filter.map(RefCell::new), RefCell::new(Box::new(watcher)));
        let watcher = Watcher { resource, filter, once, together, call };
        session.called.borrow_mut().insert(id, Rc::new(watcher));
        self.tell();
        Ok(Watching { session, id })
    }

    fn stream(&self, selector: Naming, options: WatchOptions, filter: Option<Choice>) -> Result<Reading, Error> {
        let (resource, filter) = self.open_watcher(selector, &options, filter)?;
        Ok(Reading::new(self.session().clone(), resource, filter, options.once))
    }

    fn watches(&self) -> Result<Vec<WatchInfo>, Error> {
        let hall = self.handle.hall;
        let watches = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_watches(store, hall);
        Ok(self.session().try_call(watches)?.into_iter().map(watch_info_out).collect())
    }

    fn owner(&self, name: &str, ttl_ms: Option<u64>) -> Result<Owned, Error> {
        Owned::open(self.session().clone(), self.handle.hall, name, ttl_ms)
    }

    fn end(&self, owner: &str) -> Result<usize, Error> {
        let ended = self.try_ask(|hall, store, this| hall.call_end(store, this, owner))? as usize;
        self.tell();
        Ok(ended)
    }

    fn context(&self, key: Naming) -> Result<Document, Error> {
        let agent = self.ask(|hall, store, this| hall.call_agent(store, this));
        let (session, hall, key) = (self.session().clone(), self.handle.hall, self.text(&key));
        let document = Document { session, hall, agent: agent.into(), key };
        // A host may find out at once, as the Rust face does, whether there can be a context of that name.
        documents::Context::get(&document)?;
        Ok(document)
    }

    fn contexts(&self) -> Result<Vec<ContextRecord>, Error> {
        let (hall, now_ms) = (self.handle.hall, self.session().unix_ms());
        let listed = self
            .session()
            .try_call(|store, kernel| kernel.statehall_hall_contexts().call_documents(store, hall, now_ms))?;
        Ok(listed.into_iter().map(record_out).collect())
    }

    fn clear_contexts(&self) -> Result<u64, Error> {
        let (hall, now_ms) = (self.handle.hall, self.session().unix_ms());
        self.session().try_call(|store, kernel| kernel.statehall_hall_contexts().call_clear(store, hall, now_ms))
    }

    fn advance(&self) -> Result<(), Error> {
        let time = self.session().time();
        self.try_ask(|hall, store, this| hall.call_advance(store, this, time))?;
        self.tell();
        Ok(())
    }

    fn next_wake(&self) -> Option<Duration> {
        let time = self.session().time();
        let wake = self.try_ask(|hall, store, this| hall.call_next_wake(store, this, time));
        wake.ok().flatten().map(Duration::from_millis)
    }

    fn frames(&self) -> Vec<Vec<u8>> {
        self.ask(|hall, store, this| hall.call_frames(store, this, u32::MAX))
    }

    fn receive(&self, frame: &[u8]) -> Result<(), Error> {
        let time = self.session().time();
        let received = self.try_ask(|hall, store, this| hall.call_receive(store, this, frame, time));
        self.tell();
        received
    }

    fn is_ready(&self) -> bool {
        self.ask(|hall, store, this| hall.call_is_ready(store, this))
    }

    fn sessions(&self) -> Result<Vec<Sitting>, Error> {
        let now_ms = self.session().unix_ms();
        let sessions = self.try_ask(|hall, store, this| hall.call_sessions(store, this, now_ms))?;
        Ok(sessions.into_iter().map(session_out).collect())
    }

    fn snapshot(&self) -> Result<Vec<u8>, Error> {
        self.try_ask(|hall, store, this| hall.call_snapshot(store, this))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<(), Error> {
        let time = self.session().time();
        let restored = self.try_ask(|hall, store, this| hall.call_restore(store, this, snapshot, time));
        self.tell();
        restored
    }

    fn usage(&self) -> Result<Usage, Error> {
        self.try_ask(|hall, store, this| hall.call_usage(store, this)).map(usage_out)
    }
}
