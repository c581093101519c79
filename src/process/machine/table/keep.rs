//! A machine of texts and values as bytes: what it is, and what it remembers if it is a table.
//!
//! Magic, version, state, data, what waits, what runs, and a checksum. The same machine gives the same bytes.

use super::run::{MODULE, TableFunctions, Tabled};
use super::{On, Table};
use crate::codec::{Malformed, Reader, parse_value, write_bytes, write_value, write_varint};
use crate::error::Error;
use crate::process::call::CallId;
use crate::process::machine::action::Mode;
use crate::process::machine::event::{Event, Kind, Timer};
use crate::process::machine::snapshot::{Kept, Snapshot};
use crate::seal::Seal;
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

const SEAL: Seal = Seal { magic: b"machine", name: "the machine", none: "no whole machine" };
const SUSPENDED: u8 = 1;
const ENTERS: u8 = 2;
const LEAVES: u8 = 4;

/// The bytes of a machine and its data.
///
/// Errors: `limit` for data nested too deep to be written.
pub fn write_snapshot(snapshot: &Snapshot<Tabled>, data: BTreeMap<String, Value>) -> Result<Vec<u8>, Error> {
    let mut out = SEAL.begin();
    let Mode { state_enter, state_leave, .. } = snapshot.mode;
    let flags = [snapshot.suspended, state_enter, state_leave].into_iter().zip([SUSPENDED, ENTERS, LEAVES]);
    out.push(flags.map(|(is, flag)| if is { flag } else { 0 }).sum());
    write_bytes(snapshot.state.as_bytes(), &mut out);
    write_varint(data.len() as u64, &mut out);
    for (name, value) in &data {
        write_bytes(name.as_bytes(), &mut out);
        write_bytes(&value.encoded(crate::codec::DEPTH_MAX)?, &mut out);
    }
    write_varint(snapshot.queue.len() as u64, &mut out);
    snapshot.queue.iter().for_each(|event| write_event(event, &mut out));
    write_varint(snapshot.postponed.len() as u64, &mut out);
    for (event, age_ms) in &snapshot.postponed {
        write_event(event, &mut out);
        write_varint(*age_ms, &mut out);
    }
    write_varint(snapshot.mailbox.len() as u64, &mut out);
    snapshot.mailbox.iter().for_each(|event| write_event(event, &mut out));
    write_varint(snapshot.timers.len() as u64, &mut out);
    for kept in &snapshot.timers {
        write_kind(&kept.timer.kind(), &mut out);
        write_content(&kept.content, &mut out);
        for number in [kept.due_unix_ms, kept.remaining_ms, kept.length_ms] {
            write_varint(number, &mut out);
        }
    }
    write_varint(snapshot.zero.len() as u64, &mut out);
    for (timer, content) in &snapshot.zero {
        write_kind(&timer.kind(), &mut out);
        write_content(content, &mut out);
    }
    Ok(Seal::close(out))
}

/// What the bytes say of a machine, and its functions.
///
/// Errors: `newer-version`; `invalid-snapshot` for what is no whole snapshot, or not one of this table.
pub fn read_table_snapshot(bytes: &[u8], table: Rc<Table>) -> Result<(Snapshot<Tabled>, TableFunctions), Error> {
    let (snapshot, data) = read_snapshot(bytes)?;
    if !snapshot.mode.state_enter || snapshot.mode.state_leave {
        return Err(SEAL.invalid("the machine was no table"));
    }
    if !table.states.contains_key(&snapshot.state) {
        return Err(SEAL.invalid("the table has no such state"));
    }
    if table.data.keys().any(|name| !data.contains_key(name)) {
        return Err(SEAL.invalid("it lacks data of the table"));
    }
    Ok((snapshot, TableFunctions::restore(table, data)))
}

/// What the bytes say of a machine, and the data of a table.
///
/// Errors: `newer-version`; `invalid-snapshot` for what is no whole snapshot.
pub fn read_snapshot(bytes: &[u8]) -> Result<(Snapshot<Tabled>, BTreeMap<String, Value>), Error> {
    let mut reader = SEAL.open(bytes)?;
    let read = read_body(&mut reader).map_err(|reason| SEAL.invalid(reason))?;
    reader.end().map_err(|reason| SEAL.invalid(reason))?;
    Ok(read)
}

type Read = (Snapshot<Tabled>, BTreeMap<String, Value>);

fn read_body(reader: &mut Reader<'_>) -> Result<Read, Malformed> {
    let flags = reader.byte();
    if flags > SUSPENDED + ENTERS + LEAVES {
        reader.fail("flags that are none");
    }
    let has = |flag| flags & flag != 0;
    let state = reader.text().into();
    let mut data = BTreeMap::new();
    for _ in 0..reader.count(2) {
        data.insert(reader.text().to_owned(), read_content(reader)?);
    }
    let mut snapshot = Snapshot {
        modules: vec![MODULE.into()],
        mode: Mode { state_functions: false, state_enter: has(ENTERS), state_leave: has(LEAVES) },
        state,
        suspended: has(SUSPENDED),
        queue: read_events(reader)?,
        postponed: Vec::new(),
        mailbox: Vec::new(),
        timers: Vec::new(),
        zero: Vec::new(),
    };
    for _ in 0..reader.count(3) {
        let event = read_event(reader)?;
        snapshot.postponed.push((event, reader.varint()));
    }
    snapshot.mailbox = read_events(reader)?;
    for _ in 0..reader.count(5) {
        let (timer, content) = (read_timer(reader)?, read_content(reader)?);
        let (due_unix_ms, remaining_ms, length_ms) = (reader.varint(), reader.varint(), reader.varint());
        snapshot.timers.push(Kept { timer, content, due_unix_ms, remaining_ms, length_ms });
    }
    for _ in 0..reader.count(2) {
        let timer = read_timer(reader)?;
        snapshot.zero.push((timer, read_content(reader)?));
    }
    reader.check().map(|()| (snapshot, data))
}

fn write_event(event: &Event<Tabled>, out: &mut Vec<u8>) {
    write_kind(&event.kind, out);
    write_content(&event.content, out);
}

fn write_content(content: &Value, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    write_value(content, &mut bytes);
    write_bytes(&bytes, out);
}

/// Whoever called has gone when the machine goes on, so that a call's number is not kept.
fn write_kind(kind: &Kind<Rc<str>>, out: &mut Vec<u8>) {
    let name = match kind {
        Kind::Call(_) => On::Call.to_string(),
        Kind::Cast => On::Cast.to_string(),
        Kind::Info => On::Info.to_string(),
        Kind::Internal => On::Internal.to_string(),
        Kind::Timeout => On::Timer(Timer::Event).to_string(),
        Kind::StateTimeout => On::Timer(Timer::State).to_string(),
        Kind::Named(name) => On::Timer(Timer::Named(name.clone())).to_string(),
    };
    write_bytes(name.as_bytes(), out);
}

fn read_kind(reader: &mut Reader<'_>) -> Result<Kind<Rc<str>>, Malformed> {
    let name = reader.text();
    reader.check()?;
    Ok(match name {
        "call" => Kind::Call(CallId::GONE),
        "cast" => Kind::Cast,
        "info" => Kind::Info,
        "internal" => Kind::Internal,
        name => super::read::timer(name).ok_or("an unknown kind of event")?.kind(),
    })
}

fn read_timer(reader: &mut Reader<'_>) -> Result<Timer<Rc<str>>, Malformed> {
    let name = reader.text();
    reader.check()?;
    super::read::timer(name).ok_or("an unknown timeout")
}

fn read_content(reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    let bytes = reader.bytes();
    reader.check()?;
    parse_value(bytes)
}

fn read_event(reader: &mut Reader<'_>) -> Result<Event<Tabled>, Malformed> {
    Ok(Event::new(read_kind(reader)?, read_content(reader)?))
}

fn read_events(reader: &mut Reader<'_>) -> Result<Vec<Event<Tabled>>, Malformed> {
    (0..reader.count(2)).map(|_| read_event(reader)).collect()
}
