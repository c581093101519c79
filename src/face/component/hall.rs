//! `interface state`: a hall, as one agent holds it.

use super::Component;
use super::convert::{
    delete_in, entry_out, error_out, limits_out, net_change_out, put_in, selector_in, usage_out, value_in, value_out,
    written_out,
};
use super::held::Held;
use super::session::Session;
use super::wit::state::{self as wit, Guest, GuestHall};
use super::wit::types::{self, Selector, Time, Value};
use crate::error::{Code, Error};
use crate::kernel::{self, Command, Kernel, Reply, at_position, check_name};
use crate::key::{self, Key};
use crate::state::entry::Entry;
use crate::state::watch::SetId;
use std::cell::Cell;
use std::rc::Rc;

/// One handle.
pub struct Hall {
    session: Rc<Session>,
    agent: Rc<str>,
    /// Which of the session's handles it is.
    number: u64,
    open: Cell<bool>,
}

type Answer<T> = Result<T, types::Error>;

impl Hall {
    fn handle(session: Rc<Session>, agent: Rc<str>) -> wit::Hall {
        let number = session.hold();
        wit::Hall::new(Self { session, agent, number, open: Cell::new(true) })
    }

    /// The agent that acts through it.
    pub fn agent(&self) -> Rc<str> {
        self.agent.clone()
    }

    /// Does something with the session, unless the handle is closed, and converts the error.
    pub fn run<T>(&self, work: impl FnOnce(&Rc<Session>) -> Result<T, Error>) -> Answer<T> {
        let closed = || format!("the handle of {:?} to the hall {:?}", self.agent, self.session.name);
        if !self.open.get() {
            return Err(error_out(Error::new(Code::Closed, closed())));
        }
        work(&self.session).map_err(error_out)
    }

    fn close(&self) {
        if self.open.replace(false) {
            self.session.release(self.number);
        }
    }

    /// Carries out one command.
    fn apply(&self, command: impl FnOnce(Rc<str>) -> Result<Command<Held>, Error>, now_ms: u64) -> Answer<Reply> {
        self.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            let command = command(self.agent.clone())?;
            session.with(|kernel| kernel.apply(command, unix_ms))
        })
    }

    /// Carries out the command of a batch at a position, which an error names.
    fn step(
        &self,
        kernel: &mut Kernel<Held>,
        n: usize,
        command: wit::Command,
        unix_ms: u64,
    ) -> Result<wit::Outcome, Error> {
        let origin = self.agent.clone();
        let (verb, key, read) = match command {
            wit::Command::Put(put) => {
                let read = put_in(&put.key, put.value, put.options, origin, kernel.limits());
                ("put", Some(put.key), read)
            }
            wit::Command::Delete(delete) => {
                let read = delete_in(&delete.key, delete.options, origin);
                ("delete", Some(delete.key), read)
            }
            wit::Command::Clear(selector) => {
                let read = selector_in(&selector);
                ("clear", None, read.map(|selector| Command::Clear { selector: Some(selector), origin }))
            }
        };
        let reply = read.and_then(|command| kernel.apply(command, unix_ms));
        reply.map(outcome_out).map_err(|error| at_position(error, n, verb, key.as_deref()))
    }

    /// Answers about the entry of a key.
    fn about<T>(&self, key: &str, answer: impl FnOnce(&Entry<Held>) -> T) -> Answer<Option<T>> {
        self.run(|session| {
            if let Some(answer) = session.ask(|kernel| kernel.entry(key).map(answer)) {
                return Ok(Some(answer));
            }
            Key::parse(key).map(|_| None)
        })
    }

    /// Answers for each selected entry, in key order.
    fn list<T>(&self, selector: Option<Selector>, answer: impl Fn(&str, &Entry<Held>) -> T) -> Answer<Vec<T>> {
        self.run(|session| {
            session.ask(|kernel| {
                let selector = selected(kernel, selector)?;
                let slots = kernel.slots(selector.as_ref()).into_iter();
                Ok(slots.filter_map(|slot| Some(answer(&kernel.key(slot)?, kernel.entry_at(slot)?))).collect())
            })
        })
    }

    /// Does something that only a shared hall can.
    fn shared<T>(&self, what: &str, work: impl FnOnce(&Session) -> Result<T, Error>) -> Answer<T> {
        self.run(|session| match session.share {
            true => work(session),
            false => Err(Error::new(Code::InvalidArgument, format!("the hall is not shared: {what}"))),
        })
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.close();
    }
}

impl Guest for Component {
    type Hall = Hall;

    fn join(segments: Vec<String>) -> String {
        key::join(segments.iter().map(String::as_str))
    }
}

impl GuestHall for Hall {
    fn open(options: wit::Options, time: Time) -> Answer<wit::Hall> {
        let agent: Rc<str> = options.agent.as_str().into();
        let session = Session::open(options, time).map_err(error_out)?;
        Ok(Self::handle(Rc::new(session), agent))
    }

    fn as_agent(&self, agent: String) -> Answer<wit::Hall> {
        self.run(|session| {
            check_name("an agent's name", &agent)?;
            Ok(Self::handle(session.clone(), agent.into()))
        })
    }

    fn close(&self) {
        Hall::close(self);
    }

    fn is_closed(&self) -> bool {
        !self.open.get()
    }

    fn name(&self) -> String {
        self.session.name.as_ref().into()
    }

    fn agent(&self) -> String {
        self.agent.as_ref().into()
    }

    fn session(&self) -> String {
        self.session.ask(|kernel| kernel.session().to_string())
    }

    fn put(&self, key: String, value: Value, now_ms: u64) -> Answer<wit::Written> {
        self.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session
                .with(|kernel| {
                    let Some(slot) = kernel.slot(&key) else {
                        let put = put_in(&key, value, None, self.agent.clone(), kernel.limits())?;
                        return kernel.apply(put, unix_ms).map(|reply| (written_out(reply), None));
                    };
                    // A key that the hall has is known to be one.
                    let value = value_in(value, kernel.limits())?;
                    let (put, old) = kernel.replace_slot(slot, value.value, value.bytes, &self.agent, unix_ms)?;
                    let heard = put.set != SetId::NOBODY;
                    let told =
                        heard.then(|| kernel.replaced(slot, old).map(|change| (kernel.members(put.set), change)));
                    Ok((wit::Written { revision: put.revision, changed: put.changed, conflict: false }, told.flatten()))
                })
                .map(|(written, told)| {
                    told.iter().for_each(|(members, change)| session.tell(members, change));
                    written
                })
        })
    }

    fn put_with(&self, key: String, value: Value, options: wit::PutOptions, now_ms: u64) -> Answer<wit::Written> {
        let ask = |origin| self.session.ask(|kernel| put_in(&key, value, Some(options), origin, kernel.limits()));
        self.apply(ask, now_ms).map(written_out)
    }

    fn delete(&self, key: String, now_ms: u64) -> Answer<wit::Written> {
        self.apply(|origin| delete_in(&key, None, origin), now_ms).map(written_out)
    }

    fn delete_with(&self, key: String, options: wit::DeleteOptions, now_ms: u64) -> Answer<wit::Written> {
        self.apply(|origin| delete_in(&key, Some(options), origin), now_ms).map(written_out)
    }

    fn clear(&self, selector: Option<Selector>, now_ms: u64) -> Answer<u64> {
        let selected =
            |origin| Ok(Command::Clear { selector: selector.as_ref().map(selector_in).transpose()?, origin });
        self.apply(selected, now_ms).map(|reply| match reply {
            Reply::Cleared(count) => count,
            Reply::Written { .. } | Reply::Conflict { .. } => 0,
        })
    }

    fn batch(&self, commands: Vec<wit::Command>, now_ms: u64) -> Answer<Vec<wit::Outcome>> {
        self.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session.with(|kernel| {
                kernel.begin()?;
                let step = |(n, command)| self.step(kernel, n, command, unix_ms);
                let outcomes: Result<_, Error> = (1..).zip(commands).map(step).collect();
                // It has begun, so it can be ended.
                if outcomes.is_ok() {
                    kernel.commit(unix_ms).map(drop)?
                } else {
                    kernel.roll_back()?
                }
                outcomes
            })
        })
    }

    fn begin(&self) -> Answer<()> {
        self.run(|session| session.begin(self.number))
    }

    fn commit(&self, now_ms: u64) -> Answer<bool> {
        self.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session.with(|kernel| kernel.commit(unix_ms))
        })
    }

    fn roll_back(&self) -> Answer<()> {
        self.run(|session| session.with(Kernel::roll_back))
    }

    fn get(&self, key: String) -> Answer<Option<Value>> {
        self.about(&key, |entry| value_out(&entry.value))
    }

    fn has(&self, key: String) -> Answer<bool> {
        self.about(&key, |_| ()).map(|found| found.is_some())
    }

    fn entry(&self, key: String) -> Answer<Option<wit::Entry>> {
        self.about(&key, entry_out)
    }

    fn keys(&self, selector: Option<Selector>) -> Answer<Vec<String>> {
        self.list(selector, |key, _| key.into())
    }

    fn to_map(&self, selector: Option<Selector>) -> Answer<Vec<(String, Value)>> {
        self.list(selector, |key, entry| (key.into(), value_out(&entry.value)))
    }

    fn revision(&self) -> Answer<u64> {
        self.run(|session| Ok(session.ask(Kernel::revision)))
    }

    fn changes(&self, revision: u64, selector: Option<Selector>) -> Answer<wit::Since> {
        self.run(|session| {
            session.ask(|kernel| {
                let selector = selected(kernel, selector)?;
                let Some(changed) = kernel.changes(revision, selector.as_ref()) else {
                    return Ok(wit::Since::Compacted(kernel.revision()));
                };
                let value = |changed: &kernel::Changed| kernel.entry_at(changed.slot).map(|entry| &entry.value);
                let changes = changed.iter().map(|changed| net_change_out(changed, value(changed))).collect();
                Ok(wit::Since::Changes(wit::NetChanges { revision: kernel.revision(), changes }))
            })
        })
    }

    fn advance(&self, time: Time) -> Answer<()> {
        self.run(|session| {
            let time = session.time(time)?;
            session.with(|kernel| kernel.advance(time));
            session.advance_leases(time.unix_ms);
            session.advance_machines(time);
            session.watchers.pass(time.monotonic_ms);
            Ok(())
        })
    }

    fn next_wake(&self, time: Time) -> Answer<Option<u64>> {
        self.run(|session| {
            let time = session.time(time)?;
            Ok(session.next_wake(time))
        })
    }

    fn frames(&self, max: u32) -> Vec<Vec<u8>> {
        self.session.with(|kernel| std::iter::from_fn(|| kernel.next_frame()).take(max as usize).collect())
    }

    fn receive(&self, frame: Vec<u8>, time: Time) -> Answer<()> {
        self.shared("it takes in no frames", |session| {
            let time = session.time(time)?;
            session.with(|kernel| kernel.receive(&frame, time))
        })
    }

    fn rejoin(&self, time: Time) -> Answer<()> {
        self.shared("there is nobody to ask", |session| {
            let time = session.time(time)?;
            session.with(|kernel| kernel.rejoin(time));
            Ok(())
        })
    }

    fn is_ready(&self) -> bool {
        self.session.is_ready()
    }

    fn sessions(&self, now_ms: u64) -> Answer<Vec<wit::Session>> {
        self.run(|session| {
            let seen_ms = session.unix_ms(now_ms)?;
            Ok(session.ask(|kernel| {
                let agent = kernel.agent().as_ref().into();
                let own = wit::Session { id: kernel.session().to_string(), agent, own: true, seen_ms };
                let others = kernel.peers().map(|(session, peer)| {
                    let agent = peer.agent.as_ref().into();
                    wit::Session { id: session.to_string(), agent, own: false, seen_ms: peer.seen_ms }
                });
                std::iter::once(own).chain(others).collect()
            }))
        })
    }

    fn reports(&self, max: u32) -> Vec<types::Error> {
        self.session.take_reports(max as usize).into_iter().map(error_out).collect()
    }

    fn end(&self, owner: String) -> Answer<u32> {
        self.run(|session| Ok(session.end_owner(&owner) as u32))
    }

    fn snapshot(&self) -> Answer<Vec<u8>> {
        self.run(|session| session.with(Kernel::snapshot))
    }

    fn restore(&self, snapshot: Vec<u8>, time: Time) -> Answer<()> {
        self.run(|session| {
            let time = session.time(time)?;
            session.with(|kernel| kernel.restore(&snapshot, time))
        })
    }

    fn usage(&self) -> Answer<wit::Usage> {
        self.run(|session| {
            let usage = session.ask(Kernel::usage);
            Ok(usage_out(&kernel::Usage { queued: usage.queued + session.watchers.kept(), ..usage }))
        })
    }

    fn limits(&self) -> Answer<Vec<(wit::Limit, u64)>> {
        self.run(|session| Ok(session.ask(|kernel| limits_out(kernel.limits()))))
    }
}

/// A selector that is within the limits, if there is one.
fn selected(kernel: &Kernel<Held>, selector: Option<Selector>) -> Result<Option<key::Selector>, Error> {
    let selector = selector.as_ref().map(selector_in).transpose()?;
    selector.as_ref().map_or(Ok(()), |selector| kernel.check_selector(selector))?;
    Ok(selector)
}

fn outcome_out(reply: Reply) -> wit::Outcome {
    match reply {
        Reply::Cleared(count) => wit::Outcome::Cleared(count),
        reply => wit::Outcome::Written(written_out(reply)),
    }
}
