//! A hall where agents keep shared state, watch it change, and coordinate.
//!
//! Agents that work on one thing, in one program or in many tabs, workers and machines, need one
//! place that holds what they know, tells each of them what changed, and stays the same
//! everywhere. A [`Hall`] is that place. It is one small single-threaded kernel in Rust, compiled to an npm package and
//! to a WebAssembly component as well, so that a browser tab, a Rust program and a component host open the same hall.
//!
//! ```
//! use statehall::{Hall, Options, WatchOptions};
//!
//! let hall = Hall::open(Options { name: "trip".into(), agent: "planner".into(), ..Options::default() })?;
//! let watch = hall.watch("agents/*/status", WatchOptions::default(), |change| {
//!     println!("{}: {:?} -> {:?}", change.key.text(), change.old, change.value);
//! })?;
//! hall.put("agents/planner/status", "thinking")?;
//! hall.batch(|hall| {
//!     hall.put("plan/city", "Porto")?;
//!     hall.put("agents/planner/status", "done")
//! })?;
//! watch.end();
//! assert_eq!(hall.get("plan/city")?, Some("Porto".into()));
//! # Ok::<(), statehall::Error>(())
//! ```
//!
//! # Layers
//!
//! Each imports only what is above it; the parts, `state`, `replica` and `process`, do not know one another.
//!
//! ```text
//! words        error  order  key  value     what things are, and their order
//!              codec  seal                  how they are written as bytes, and kept
//! containers   table  timer                 storage and deadlines
//! parts        state                        entries, declarations, history, listing, namespaces, owners,
//!                                           watches, patches
//!              replica                      clocks, cells, what has been seen, messages; contexts and leases
//!              process                      machines, mailboxes, calls, whose turn it is
//! kernel                                    one of each part; the only place that knows them together
//! face                                      Rust: `Hall`. Behind the features `js` and `component`: the npm package, and
//!                                           the component whose interfaces are in `wit/`
//! ```
//!
//! # Decisions
//!
//! **The kernel is a deterministic state machine.** Commands, the time and received bytes go in;
//! replies, effects and frames come out. It reads no clock, knows no socket, draws no random
//! numbers, and calls nothing that a user wrote: so every behaviour can be replayed from a seed,
//! a throwing callback cannot corrupt it, and the same code runs behind every face. [`kernel`] is
//! public for whoever wants to build a face of their own.
//!
//! **Run to completion.** A command finishes before any watcher hears of it. Watchers see
//! committed state only and may do anything, because what they cause joins the end of the queue.
//! The alternative, telling at once and nesting, makes the order depend on who watches.
//!
//! **Outcomes are not errors.** A lost `expect` and an absent key are replies, because the caller
//! asked. A caller's mistake is an [`Error`] from a closed list of [`Code`]s, the same in every
//! language. A refused command changes nothing.
//!
//! **Everything is bounded** by [`Limits`], and every limit is decided before anything changes: a
//! hall that strangers can reach must not grow without end.
//!
//! **What belongs to an owner goes with it.** An [`Owner`] is a name with a time to live that each use begins anew. Its
//! watches, leases and temporary keys need not be cleaned up by whoever may crash. It is of one session: the others see
//! entries and deletes like any.
//!
//! **A key is a path.** Segments are joined by `/` and escaped, so that text and segments
//! determine one another and `["a", "b/c"]` never collides with `["a/b", "c"]`. A selector is a
//! key, a list of keys, or a path with `*` and a final `**`, and matching costs what the key's own
//! segments cost, however many watches there are.
//!
//! **One revision counter a session.** An entry bears the revision of the commit that last changed
//! it: what `expect` compares, and the cursor of [`Hall::changes`]. It is local, because sessions
//! commit without asking one another.
//!
//! **Last writer wins, by a hybrid logical clock.** Sessions write at once and converge whatever
//! is lost, doubled or reordered. Who needs both of two concurrent writes gives each agent its own
//! keys.
//!
//! **What must not be lost is strict.** A [`Context`] is a document with a version: a change names the
//! version that it replaces, or is made under a [`Lease`], which one owner holds and the others wait
//! for in line. One pure function decides, in the transaction of whoever stores the documents, so
//! that no session is in charge: [`replica::strict`]. Here that is this process; a shared hall answers
//! `no-authority`.
//!
//! **A declaration binds the local write.** A [`Variable`] is a key with a declaration, and no put of it goes around that.
//! What others wrote is merged all the same, because a declaration that could refuse it would keep sessions apart; the
//! variable shows it if it fits, else the default.
//!
//! **A [`Machine`] is gen_statem.** It handles one event at a time, asks for user code and never runs it itself, and
//! what it waits for, how long, and what it has done lately can be read. It runs in one session; its state is an entry
//! of the hall, which every session can watch.
//!
//! **Reads borrow.** Nothing is copied to answer one; a [`Value`]'s copies share their contents.
//!
//! # The run loop
//!
//! Nothing here starts a thread or a timer. A host calls [`Hall::advance`] after a turn in which
//! it wrote or received, and when [`Hall::next_wake`] says that something waits; then it sends
//! [`Hall::frames`], if the hall is shared. In real time:
//!
//! ```
//! # use statehall::{Hall, Options, PutOptions};
//! # use std::time::Duration;
//! let hall = Hall::open(Options::default())?;
//! hall.put_with("typing", true, PutOptions { ttl_ms: Some(20), ..PutOptions::default() })?;
//! while let Some(wait) = hall.next_wake().filter(|wait| *wait < Duration::from_secs(1)) {
//!     std::thread::sleep(wait); // or wait for a message, a timer of your runtime, a poll
//!     hall.advance()?;
//!     for frame in hall.frames() {
//!         drop(frame); // to every other session
//!     }
//! }
//! assert!(!hall.has("typing")?);
//! # Ok::<(), statehall::Error>(())
//! ```
//!
//! In virtual time the same loop moves a [`ManualClock`] instead of sleeping, and a day takes no
//! time:
//!
//! ```
//! # use statehall::{Hall, ManualClock, Options, PutOptions};
//! let clock = ManualClock::new(1_700_000_000_000);
//! let hall = Hall::open(Options { clock: Box::new(clock.clone()), seed: Some(1), ..Options::default() })?;
//! hall.put_with("offer", 99, PutOptions { ttl_ms: Some(86_400_000), ..PutOptions::default() })?;
//! while hall.has("offer")? {
//!     let Some(wait) = hall.next_wake() else { break };
//!     clock.advance(wait.as_millis() as u64);
//!     hall.advance()?;
//! }
//! assert_eq!(hall.revision()?, 2);
//! # Ok::<(), statehall::Error>(())
//! ```
//!
//! # Order
//!
//! Each rule is a transcript in `tests/transcripts`.
//!
//! - A command finishes before any watcher hears of it.
//! - Changes reach a watch in commit order, each once; all changes of one commit follow one
//!   another, in the order in which their keys were first written.
//! - Watchers of one change hear it in the order in which their watches were opened.
//! - Initial values come in key order, before any later change, and no change is both.
//! - What a watcher does is told after everything that already waits.
//! - A machine handles its next event when everything is told; machines take turns, an event each.
//! - A batch is one commit. A key that ends a batch as it began has not changed.
//! - A `filter` is asked before `once` counts, and a `once` watch has ended when its watcher runs.
//!
//! # What is not promised
//!
//! - A snapshot holds entries, not contexts, leases and owners.
//! - A lease does not stop its holder when its time is over: it stops its holder's writes. Whoever does
//!   something outside the hall under a lease hands its fence on, and has older ones refused there.
//! - Of two concurrent writes of one key one is gone; a batch is all or nothing here, and at
//!   another session one round of notifications only if it fits one frame.
//! - A hall belongs to one thread, and time passes only when [`Hall::advance`] is called: until
//!   then an entry outlives its time to live.
//! - Machines run in the session that started them. Those of a session that is gone without a word still show their
//!   last state. A snapshot of a hall holds none of them; each has its own.
//! - Revisions are local and say nothing in another session.
//! - A stream that is not read in time loses its oldest changes, and says how many.
//! - Panics are isolated only where they unwind.

#![cfg_attr(not(any(feature = "js", feature = "component")), forbid(unsafe_code))]
#![warn(missing_docs)]

pub mod codec;
pub mod error;
mod face;
pub mod kernel;
pub mod key;
pub mod order;
pub mod process;
pub mod replica;
mod seal;
pub mod state;
pub mod table;
pub mod timer;
pub mod value;

pub use error::{Code, Error};
pub use face::rust::{
    Acquire, Acquired, Change, Changes, Clock, Commit, Context, ContextChange, ContextRecord, ContextWatch,
    ContextWatchOptions, DeleteOptions, Entry, Filter, Guard, Hall, Holder, IntoKey, IntoSelector, Item, Keys, Lease,
    ManualClock, Mode, Options, Owner, OwnerOptions, PutOptions, Session, Since, SystemClock, Until, Variable, Waiting,
    Watch, WatchInfo, WatchOptions, Written,
};
pub use face::rust::{
    Behaviour, Call, Caller, Ended, Exit, Kind as EventKind, Machine, MachineOptions, Next, Postponed, ProcessId,
    Rearm, Running, Server, Single, Snapshot as MachineSnapshot, Step, Table, Timer, Turn, Typed,
};
pub use kernel::{Limits, Usage};
pub use key::{Key, Selector};
pub use state::backlog::Overflow;
pub use state::condition::{Against, Condition, Kind};
pub use state::declaration::Declaration;
pub use value::Value;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
