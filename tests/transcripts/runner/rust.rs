//! The Rust face, as transcripts ask it.

use super::choosing::Choice;
use super::documents::{self, Asked, Guard};
use super::face::{Done, Face, Failure, Reader, Write, Wrote};
use super::naming::Naming;
use super::owners;
use futures::FutureExt;
use statehall::{
    Acquire, Acquired, Change, Changes, Commit, Context, ContextChange, ContextRecord, ContextWatchOptions, Entry,
    Error, Hall, Holder, Lease, Machine, MachineOptions, Options, Owner, OwnerOptions, PutOptions, Rearm, Session,
    Since, Table, Usage, Value, Variable, Watch, WatchInfo, WatchOptions, Written,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

impl Face for Hall {
    type Watch = Watch;
    type Reader = Changes;
    type Context = Context;
    type Machine = Machine<Table>;
    type Owner = Owner;

    fn open(mut options: Options, limits: &[(String, u64)]) -> Result<Self, Failure> {
        for (name, value) in limits {
            options.limits.set(name, *value)?;
        }
        Ok(Hall::open(options)?)
    }

    fn as_agent(&self, agent: &str) -> Result<Self, Error> {
        Hall::as_agent(self, agent)
    }

    fn close(&self) {
        Hall::close(self);
    }

    fn is_closed(&self) -> bool {
        Hall::is_closed(self)
    }

    fn write(&self, write: Write) -> Result<Wrote, Error> {
        match write {
            Write::Put(key, value, options) => self.put_with(key, value, options).map(Wrote::Written),
            Write::Delete(key, options) => self.delete_with(key, options).map(Wrote::Written),
            Write::Clear(selector) => self.clear(selector).map(Wrote::Cleared),
        }
    }

    fn update(&self, key: Naming, initial: Value, change: impl FnOnce(Value) -> Value) -> Result<Value, Error> {
        Hall::update(self, key, initial, change)
    }

    fn declare(&self, key: Naming, declaration: Value) -> Result<(), Error> {
        Hall::variable(self, key, declaration).map(drop)
    }

    fn undeclare(&self, key: Naming) -> Result<bool, Error> {
        Hall::undeclare(self, key)
    }

    fn variable(&self, key: Naming) -> Result<(Option<Value>, bool), Failure> {
        let variable = declared(self, key)?;
        Ok((variable.get()?, variable.violation()?.is_some()))
    }

    fn facts(&self, key: Naming) -> Result<Value, Failure> {
        Ok(declared(self, key)?.metadata()?.into())
    }

    fn variables(&self, selector: Naming) -> Result<Vec<String>, Error> {
        Ok(Hall::variables(self, selector)?.iter().map(|variable| variable.key().text().to_owned()).collect())
    }

    fn set(&self, key: Naming, value: Value, options: PutOptions) -> Result<Written, Error> {
        let variables = Hall::variables(self, key.clone())?;
        match variables.first() {
            Some(variable) => variable.set_with(value, options),
            None => Err(self.set_many([(key, value)])?.into_values().next().expect("what is not declared")),
        }
    }

    fn set_many(&self, values: Vec<(String, Value)>) -> Result<Vec<(String, Error)>, Error> {
        let values = values.iter().map(|(key, value)| (key.as_str(), value.clone()));
        Ok(Hall::set_many(self, values)?.into_iter().collect())
    }

    fn export_variables(&self) -> Result<Value, Error> {
        Hall::export_variables(self)
    }

    fn import_variables(&self, exported: Value) -> Result<(), Error> {
        Hall::import_variables(self, exported)
    }

    fn batch(&self, work: impl FnOnce(&Self) -> Done) -> Done {
        Hall::batch(self, work)
    }

    fn batch_of(&self, _: &[Write]) -> Option<Result<Vec<Wrote>, Error>> {
        None
    }

    fn get(&self, key: Naming) -> Result<Option<Value>, Error> {
        Hall::get(self, key)
    }

    fn get_or(&self, key: Naming, fallback: Value) -> Result<Value, Error> {
        Hall::get_or(self, key, fallback)
    }

    fn has(&self, key: Naming) -> Result<bool, Error> {
        Hall::has(self, key)
    }

    fn entry(&self, key: Naming) -> Result<Option<Entry>, Error> {
        Hall::entry(self, key)
    }

    fn keys(&self, selector: Option<Naming>) -> Result<Vec<String>, Error> {
        Ok(Hall::keys(self, or_all(selector))?.iter().map(|key| key.text().to_owned()).collect())
    }

    fn to_map(&self, selector: Option<Naming>) -> Result<Vec<(String, Value)>, Error> {
        let map = Hall::to_map(self, or_all(selector))?;
        Ok(map.into_iter().map(|(key, value)| (key.text().to_owned(), value)).collect())
    }

    fn changes(&self, revision: u64, selector: Option<Naming>) -> Result<Since, Error> {
        Hall::changes(self, revision, or_all(selector))
    }

    fn revision(&self) -> Result<u64, Error> {
        Hall::revision(self)
    }

    fn export(&self, selector: Option<Naming>) -> Result<String, Failure> {
        Ok(Hall::export(self, or_all(selector))?)
    }

    fn machine(&self, name: &str, table: Value) -> Result<Machine<Table>, Error> {
        self.table_machine(table, MachineOptions { name: Some(name.into()) })
    }

    fn revive(&self, name: &str, table: Value, bytes: &[u8], rearm: Rearm) -> Result<Machine<Table>, Error> {
        self.restore_table_machine(table, bytes, rearm, MachineOptions { name: Some(name.into()) })
    }

    fn watch(
        &self,
        selector: Naming,
        options: WatchOptions,
        filter: Option<Choice>,
        watcher: impl FnMut(&Change) + 'static,
    ) -> Result<Watch, Error> {
        Hall::watch(self, selector, filtered(options, filter)?, watcher)
    }

    fn stream(&self, selector: Naming, options: WatchOptions, filter: Option<Choice>) -> Result<Changes, Error> {
        Hall::stream(self, selector, filtered(options, filter)?)
    }

    fn watches(&self) -> Result<Vec<WatchInfo>, Error> {
        Hall::watches(self)
    }

    fn owner(&self, name: &str, ttl_ms: Option<u64>) -> Result<Owner, Error> {
        Hall::owner(self, name, OwnerOptions { ttl_ms })
    }

    fn end(&self, owner: &str) -> Result<usize, Error> {
        Hall::end(self, owner)
    }

    fn context(&self, key: Naming) -> Result<Context, Error> {
        Hall::context(self, key)
    }

    fn contexts(&self) -> Result<Vec<ContextRecord>, Error> {
        Hall::contexts(self)
    }

    fn clear_contexts(&self) -> Result<u64, Error> {
        Hall::clear_contexts(self)
    }

    fn advance(&self) -> Result<(), Error> {
        Hall::advance(self)
    }

    fn next_wake(&self) -> Option<Duration> {
        Hall::next_wake(self)
    }

    fn frames(&self) -> Vec<Vec<u8>> {
        Hall::frames(self).collect()
    }

    fn receive(&self, frame: &[u8]) -> Result<(), Error> {
        Hall::receive(self, frame)
    }

    fn is_ready(&self) -> bool {
        Hall::is_ready(self)
    }

    fn sessions(&self) -> Result<Vec<Session>, Error> {
        Hall::sessions(self)
    }

    fn snapshot(&self) -> Result<Vec<u8>, Error> {
        Hall::snapshot(self)
    }

    fn restore(&self, snapshot: &[u8]) -> Result<(), Error> {
        Hall::restore(self, snapshot)
    }

    fn usage(&self) -> Result<Usage, Error> {
        Hall::usage(self)
    }
}

impl Reader for Changes {
    fn pull(&mut self, max: usize) -> Vec<Change> {
        Changes::pull(self, max)
    }

    fn missed(&self) -> u64 {
        Changes::missed(self)
    }

    fn is_open(&self) -> bool {
        Changes::is_open(self)
    }
}

impl owners::Owner for Owner {
    fn touch(&self) -> Result<(), Error> {
        Owner::touch(self)
    }

    fn standing(&self) -> Option<Option<u64>> {
        (!self.has_ended()).then(|| self.remaining_ms())
    }
}

impl documents::Context for Context {
    type Lease = Lease;

    fn get(&self) -> Result<Option<ContextRecord>, Error> {
        Context::get(self)
    }

    fn create(&self, value: Value, lease: Option<&Lease>) -> Result<Commit, Error> {
        match lease {
            Some(lease) => self.create_under(value, lease),
            None => Context::create(self, value),
        }
    }

    fn replace(&self, value: Value, guard: Guard<'_, Lease>) -> Result<Commit, Error> {
        Context::replace(self, value, relied_on(guard))
    }

    fn patch(&self, patch: &Value, guard: Guard<'_, Lease>) -> Result<Commit, Error> {
        Context::patch(self, patch, relied_on(guard))
    }

    fn merge(&self, patch: &Value, guard: Guard<'_, Lease>) -> Result<Commit, Error> {
        Context::merge(self, patch, relied_on(guard))
    }

    fn delete(&self, guard: Guard<'_, Lease>) -> Result<Commit, Error> {
        Context::delete(self, relied_on(guard))
    }

    fn lock(&self, owner: &str) -> Result<Option<bool>, Error> {
        Context::lock(self, owner)
    }

    fn unlock(&self, owner: &str) -> Result<Option<bool>, Error> {
        Context::unlock(self, owner)
    }

    fn acquire(&self, options: Acquire) -> Result<Asked<Lease>, Error> {
        Ok(match Context::acquire(self, options)? {
            Acquired::Lease(lease) => Asked::Granted(lease),
            Acquired::Held(holder) => Asked::Held(holder),
            Acquired::Waiting(mut waiting) => Asked::Waiting(Box::new(move || (&mut waiting).now_or_never())),
        })
    }

    fn holders(&self) -> Result<(Vec<Holder>, Vec<Rc<str>>), Error> {
        Context::holders(self)
    }

    fn force_release(&self, reason: &str) -> Result<bool, Error> {
        Context::force_release(self, reason)
    }

    fn watch(&self, initial: bool) -> Result<documents::Changes, Error> {
        let heard = Rc::<RefCell<Vec<ContextChange>>>::default();
        let log = heard.clone();
        let options = ContextWatchOptions { initial };
        let watch = Context::watch(self, options, move |change| log.borrow_mut().push(change.clone()))?;
        Ok(Box::new(move || {
            // It lasts as long as its reader does.
            let _open = &watch;
            heard.take()
        }))
    }
}

impl documents::Lease for Lease {
    fn fence(&self) -> u64 {
        Lease::fence(self)
    }

    fn is_held(&self) -> bool {
        Lease::is_held(self)
    }

    fn renew(&self, ttl_ms: Option<u64>) -> Result<bool, Error> {
        Lease::renew(self, ttl_ms)
    }

    fn release(self) -> Result<bool, Error> {
        Lease::release(self)
    }
}

fn relied_on(guard: Guard<'_, Lease>) -> statehall::Guard<'_> {
    match guard {
        Guard::Any => statehall::Guard::Any,
        Guard::Expect(version) => statehall::Guard::Expect(version),
        Guard::Under(lease) => statehall::Guard::Under(lease),
    }
}

fn filtered(options: WatchOptions, filter: Option<Choice>) -> Result<WatchOptions, Error> {
    let filter = filter.map(|choice| match choice {
        Choice::Function(filter) => Ok(filter),
        Choice::Data(condition) => condition.into_filter(),
    });
    Ok(WatchOptions { filter: filter.transpose()?, ..options })
}

fn declared(hall: &Hall, key: Naming) -> Result<Variable, Failure> {
    Ok(hall.variables(key)?.into_iter().next().ok_or("a key that is not declared")?)
}

/// No selector selects everything.
fn or_all(selector: Option<Naming>) -> Naming {
    selector.unwrap_or_else(|| Naming::Text("**".into()))
}
