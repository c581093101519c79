//! Every function of the component as something that can be called with any handle: with one argument to be tried and
//! all others good.

use super::subject::{Answer, NOW_MS, now};
use statehall_component_tests::types::{Selector, Time, Value};
use statehall_component_tests::{Kernel, WATCH, options, state, variables, watchers};
use wasmtime::component::ResourceAny;
use wasmtime::{Result, Store, StoreLimits};

type Host = Store<StoreLimits>;

/// One call, whose answer matters only if it is a refusal.
pub type Call = Box<dyn Fn(&mut Host, &Kernel, ResourceAny) -> Result<Answer<()>>>;

/// A call and its name.
pub type Named = (&'static str, Call);

const ONE: Value = Value::Integer(1);
const PLAIN: state::PutOptions = state::PutOptions { expect: None, metadata: None, ttl_ms: None, touch: false };
const PLAINLY: state::DeleteOptions = state::DeleteOptions { expect: None, touch: false };

/// `{"type": "any"}`.
const ANY: &[u8] = b"\xa1\x64type\x63any";

/// `{"session": "", "variables": {}}`.
pub const NO_VARIABLES: &[u8] = b"\xa2\x67session\x60\x69variables\xa0";

/// What is tried lives as long as the tests do, so that every call can have it.
pub fn kept<T>(thing: T) -> &'static T {
    Box::leak(Box::new(thing))
}

fn on<T>(
    name: &'static str,
    ask: impl Fn(state::GuestHall<'_>, &mut Host, ResourceAny) -> Result<Answer<T>> + 'static,
) -> Named {
    let call = move |store: &mut Host, kernel: &Kernel, handle| {
        Ok(ask(kernel.statehall_hall_state().hall(), store, handle)?.map(drop))
    };
    (name, Box::new(call))
}

/// Of a function that refuses nothing.
fn on_plain<T>(
    name: &'static str,
    ask: impl Fn(state::GuestHall<'_>, &mut Host, ResourceAny) -> Result<T> + 'static,
) -> Named {
    on(name, move |hall, store, this| ask(hall, store, this).map(Ok))
}

fn watching(selector: &'static Selector, options: watchers::WatchOptions) -> Named {
    let call = move |store: &mut Host, kernel: &Kernel, hall| {
        let watcher = kernel.statehall_hall_watchers().call_watch(&mut *store, hall, selector, &options)?;
        // A watcher that was opened is nothing that later calls should see.
        Ok(match watcher {
            Ok(watcher) => Ok(watcher.resource_drop(store)?),
            Err(error) => Err(error),
        })
    };
    ("watch", Box::new(call))
}

/// Of variables.
fn on_variables<T: 'static>(
    name: &'static str,
    ask: impl Fn(&variables::Guest, &mut Host, ResourceAny) -> Result<Answer<T>> + 'static,
) -> Named {
    let call = move |store: &mut Host, kernel: &Kernel, hall| {
        Ok(ask(kernel.statehall_hall_variables(), store, hall)?.map(drop))
    };
    (name, Box::new(call))
}

fn batch(name: &'static str, command: state::Command, now_ms: u64) -> Named {
    let commands = [command];
    on(name, move |hall, store, this| hall.call_batch(store, this, &commands, now_ms))
}

fn put_command(key: &str, value: Value, options: state::PutOptions) -> state::Command {
    state::Command::Put(state::PutCommand { key: key.into(), value, options: Some(options) })
}

fn delete_command(key: &str) -> state::Command {
    state::Command::Delete(state::DeleteCommand { key: key.into(), options: Some(PLAINLY) })
}

/// What writes a key.
pub fn writing(key: &'static str) -> Vec<Named> {
    vec![
        on("put", move |hall, store, this| hall.call_put(store, this, key, &ONE, NOW_MS)),
        on("put-with", move |hall, store, this| hall.call_put_with(store, this, key, &ONE, &PLAIN, NOW_MS)),
        on("delete", move |hall, store, this| hall.call_delete(store, this, key, NOW_MS)),
        on("delete-with", move |hall, store, this| hall.call_delete_with(store, this, key, PLAINLY, NOW_MS)),
        batch("batch of a put", put_command(key, ONE, PLAIN), NOW_MS),
        batch("batch of a delete", delete_command(key), NOW_MS),
    ]
}

/// What reads a key.
pub fn reading(key: &'static str) -> Vec<Named> {
    vec![
        on("get", move |hall, store, this| hall.call_get(store, this, key)),
        on("has", move |hall, store, this| hall.call_has(store, this, key)),
        on("entry", move |hall, store, this| hall.call_entry(store, this, key)),
    ]
}

/// What takes a selector.
pub fn selecting(selector: &'static Selector) -> Vec<Named> {
    vec![
        on("clear", move |hall, store, this| hall.call_clear(store, this, Some(selector), NOW_MS)),
        on("keys", move |hall, store, this| hall.call_keys(store, this, Some(selector))),
        on("to-map", move |hall, store, this| hall.call_to_map(store, this, Some(selector))),
        on("changes", move |hall, store, this| hall.call_changes(store, this, 0, Some(selector))),
        batch("batch of a clear", state::Command::Clear(selector.clone()), NOW_MS),
        watching(selector, WATCH),
    ]
}

/// What takes a value.
pub fn storing(value: &'static Value) -> Vec<Named> {
    vec![
        on("put", move |hall, store, this| hall.call_put(store, this, "k", value, NOW_MS)),
        on("put-with", move |hall, store, this| hall.call_put_with(store, this, "k", value, &PLAIN, NOW_MS)),
        batch("batch of a put", put_command("k", value.clone(), PLAIN), NOW_MS),
    ]
}

/// What takes the options of a put.
pub fn putting(options: &'static state::PutOptions) -> Vec<Named> {
    vec![
        on("put-with", move |hall, store, this| hall.call_put_with(store, this, "k", &ONE, options, NOW_MS)),
        batch("batch of a put", put_command("k", ONE, options.clone()), NOW_MS),
    ]
}

/// What takes metadata.
pub fn describing(metadata: &[u8]) -> Vec<Named> {
    putting(kept(state::PutOptions { metadata: Some(metadata.to_vec()), ..PLAIN }))
}

/// What takes the wall clock alone.
pub fn timed(now_ms: u64) -> Vec<Named> {
    vec![
        on("put", move |hall, store, this| hall.call_put(store, this, "k", &ONE, now_ms)),
        on("put-with", move |hall, store, this| hall.call_put_with(store, this, "k", &ONE, &PLAIN, now_ms)),
        on("delete", move |hall, store, this| hall.call_delete(store, this, "a", now_ms)),
        on("delete-with", move |hall, store, this| hall.call_delete_with(store, this, "a", PLAINLY, now_ms)),
        on("clear", move |hall, store, this| hall.call_clear(store, this, None, now_ms)),
        batch("batch now", put_command("k", ONE, PLAIN), now_ms),
        on("commit", move |hall, store, this| hall.call_commit(store, this, now_ms)),
        on("sessions", move |hall, store, this| hall.call_sessions(store, this, now_ms)),
    ]
}

/// What takes both clocks. The frame and the snapshot are good.
pub fn clocked(time: Time, frame: &'static [u8], snapshot: &'static [u8]) -> Vec<Named> {
    vec![
        on("advance", move |hall, store, this| hall.call_advance(store, this, time)),
        on("next-wake", move |hall, store, this| hall.call_next_wake(store, this, time)),
        on("receive", move |hall, store, this| hall.call_receive(store, this, frame, time)),
        on("rejoin", move |hall, store, this| hall.call_rejoin(store, this, time)),
        on("restore", move |hall, store, this| hall.call_restore(store, this, snapshot, time)),
        opening(options(2), time),
    ]
}

/// Opens a hall beside the one that is tried, and drops it.
pub fn opening(options: state::Options, time: Time) -> Named {
    let call = move |store: &mut Host, kernel: &Kernel, _| {
        let hall = kernel.statehall_hall_state().hall().call_open(&mut *store, &options, time)?;
        Ok(match hall {
            Ok(hall) => Ok(hall.resource_drop(store)?),
            Err(error) => Err(error),
        })
    };
    ("open", Box::new(call))
}

/// Another handle, and drops it.
pub fn naming(agent: &'static str) -> Named {
    on("as-agent", move |hall, store, this| {
        Ok(match hall.call_as_agent(&mut *store, this, agent)? {
            Ok(other) => Ok(other.resource_drop(store)?),
            Err(error) => Err(error),
        })
    })
}

/// Opens a watcher with this capacity.
pub fn keeping(capacity: u64) -> Named {
    watching(kept(Selector::Text("**".into())), watchers::WatchOptions { capacity: Some(capacity), ..WATCH })
}

/// Opens a watcher that is told at intervals of this length.
pub fn telling_every(ms: u64) -> Named {
    watching(kept(Selector::Text("**".into())), watchers::WatchOptions { deliver_ms: Some(ms), ..WATCH })
}

/// Opens a watcher with this filter.
pub fn filtering(filter: watchers::Filter) -> Named {
    watching(kept(Selector::Text("**".into())), watchers::WatchOptions { filter: Some(filter), ..WATCH })
}

/// What takes the key of a variable.
pub fn declaring(key: &'static str) -> Vec<Named> {
    let any = kept(ANY.to_vec());
    vec![
        on_variables("declare", move |variables, store, this| variables.call_declare(store, this, key, any)),
        on_variables("get of a variable", move |variables, store, this| variables.call_get(store, this, key)),
        setting(key, kept(ONE), None, NOW_MS),
        on_variables("undeclare", move |variables, store, this| variables.call_undeclare(store, this, key)),
    ]
}

/// Sets a variable.
pub fn setting(
    key: &'static str,
    value: &'static Value,
    options: Option<&'static state::PutOptions>,
    now_ms: u64,
) -> Named {
    on_variables("set", move |variables, store, this| variables.call_set(store, this, key, value, options, now_ms))
}

/// Takes in variables.
pub fn importing(exported: &[u8], now_ms: u64) -> Named {
    let exported = exported.to_vec();
    on_variables("import-variables", move |variables, store, this| {
        variables.call_import_variables(store, this, &exported, now_ms)
    })
}

/// Sets none.
pub fn setting_none(now_ms: u64) -> Named {
    on_variables("set-many", move |variables, store, this| variables.call_set_many(store, this, &[], now_ms))
}

/// Everything that variables answer, with good arguments. In the end nothing is declared.
fn about_variables() -> Vec<Named> {
    let mut calls = declaring("v");
    let every = kept(Selector::Text("**".into()));
    calls.splice(
        2..2,
        [
            on_variables("variables", |variables, store, this| variables.call_variables(store, this, every)),
            on_variables("export-variables", |variables, store, this| variables.call_export_variables(store, this)),
            importing(NO_VARIABLES, NOW_MS),
            setting_none(NOW_MS),
        ],
    );
    calls
}

/// Everything that answers `closed` on a closed handle, with good arguments.
pub fn fallible(frame: &'static [u8], snapshot: &'static [u8]) -> Vec<Named> {
    let mut calls = writing("k");
    calls.extend(reading("a"));
    calls.extend(selecting(kept(Selector::Text("none/*".into()))));
    calls.extend(timed(NOW_MS).into_iter().filter(|(name, _)| ["clear", "commit", "sessions"].contains(name)));
    calls.extend(clocked(now(), frame, snapshot).into_iter().filter(|(name, _)| *name != "open"));
    calls.push(naming("other"));
    calls.extend(about_variables());
    calls.extend([
        on("begin", |hall, store, this| hall.call_begin(store, this)),
        on("roll-back", |hall, store, this| hall.call_roll_back(store, this)),
        on("revision", |hall, store, this| hall.call_revision(store, this)),
        on("end", |hall, store, this| hall.call_end(store, this, "nobody")),
        on("snapshot", |hall, store, this| hall.call_snapshot(store, this)),
        on("usage", |hall, store, this| hall.call_usage(store, this)),
        on("limits", |hall, store, this| hall.call_limits(store, this)),
        (
            "watches",
            Box::new(|store, kernel, hall| Ok(kernel.statehall_hall_watchers().call_watches(store, hall)?.map(drop))),
        ),
    ]);
    calls
}

/// Everything that answers on any handle, closed or not.
pub fn infallible() -> Vec<Named> {
    vec![
        on_plain("is-closed", |hall, store, this| hall.call_is_closed(store, this)),
        on_plain("name", |hall, store, this| hall.call_name(store, this)),
        on_plain("agent", |hall, store, this| hall.call_agent(store, this)),
        on_plain("session", |hall, store, this| hall.call_session(store, this)),
        on_plain("is-ready", |hall, store, this| hall.call_is_ready(store, this)),
        on_plain("frames", |hall, store, this| hall.call_frames(store, this, 0)),
        on_plain("frames", |hall, store, this| hall.call_frames(store, this, u32::MAX)),
        on_plain("reports", |hall, store, this| hall.call_reports(store, this, 0)),
        on_plain("reports", |hall, store, this| hall.call_reports(store, this, u32::MAX)),
        (
            "ready",
            Box::new(|store, kernel, hall| {
                let watchers = kernel.statehall_hall_watchers();
                assert!(watchers.call_ready(&mut *store, hall, 0)?.is_empty(), "no more than was asked for");
                watchers.call_ready(store, hall, u32::MAX).map(|_| Ok(()))
            }),
        ),
        on_plain("close", |hall, store, this| hall.call_close(store, this)),
    ]
}
