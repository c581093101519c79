//! What the commands of one hall answer, as lines.

use super::face::{Done, Face, Failure, Write, Wrote};
use super::naming::{naming, selecting};
use super::notation::{bare, write};
use super::script::Command;
use super::world::START_MS;
use statehall::{Change, DeleteOptions, Error, PutOptions, Selector, Session, Since, Value, WatchInfo, Written};

/// The write that a command is, if it is one.
pub fn writing(command: &Command) -> Result<Option<Write>, Failure> {
    Ok(Some(match command.verb.as_str() {
        "put" => {
            let options = PutOptions {
                expect: command.number("expect")?,
                metadata: command.option("metadata")?,
                ttl_ms: command.number("ttl")?,
                touch: command.flag("touch"),
                owner: command.text("owner")?.map(Into::into),
            };
            Write::Put(naming(command.argument(0)?)?, command.value(1)?, options)
        }
        "delete" => {
            let options = DeleteOptions { expect: command.number("expect")?, touch: command.flag("touch") };
            Write::Delete(naming(command.argument(0)?)?, options)
        }
        "clear" => Write::Clear(selecting(command.argument(0)?)?),
        _ => return Ok(None),
    }))
}

/// What a write answers.
pub fn wrote_line(wrote: &Wrote) -> String {
    match wrote {
        Wrote::Written(written) => {
            let outcome = match written {
                Written { conflict: true, .. } => "conflict",
                Written { changed: false, .. } => "unchanged",
                Written { .. } => "ok",
            };
            format!("{outcome} revision={}", written.revision)
        }
        Wrote::Cleared(count) => format!("cleared {count}"),
    }
}

/// Commands that ask.
pub fn ask<F: Face>(hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
    let selector = || command.arguments.first().map(|word| selecting(word)).transpose();
    let key = || naming(command.argument(0)?);
    match command.verb.as_str() {
        "get" => out.push(match command.option("default")? {
            Some(fallback) => write(&hall.get_or(key()?, fallback)?),
            None => present(hall.get(key()?)?.as_ref()),
        }),
        "has" => out.push(hall.has(key()?)?.to_string()),
        "entry" => out.push(match hall.entry(key()?)? {
            None => "absent".into(),
            Some(entry) => {
                let since_start = |unix_ms: u64| unix_ms.wrapping_sub(START_MS) as i64;
                let expires = entry.expires_ms.map(|ms| format!(" expires={}", since_start(ms))).unwrap_or_default();
                let facts = facts(entry.revision, &entry.origin, entry.metadata.as_ref());
                format!("{}{facts} updated={}{expires}", write(&entry.value), since_start(entry.updated_ms))
            }
        }),
        "keys" => {
            let keys = hall.keys(selector()?)?;
            out.push(write(&keys.into_iter().map(Value::from).collect::<Vec<_>>().into()));
        }
        "map" => {
            let map = hall.to_map(selector()?)?;
            let members = map.iter().map(|(key, value)| format!("{}: {}", write(&key.as_str().into()), write(value)));
            out.push(format!("{{{}}}", members.collect::<Vec<_>>().join(", ")));
        }
        "changes" => changes(hall, command, out)?,
        "revision" => out.push(hall.revision()?.to_string()),
        "watches" => out.extend(hall.watches()?.iter().map(watch_line)),
        "usage" => {
            let usage = hall.usage()?;
            out.push(format!(
                "entries={} tombstones={} bytes={} variables={} watches={} queued={} sessions={} dropped={} ahead={}",
                usage.entries,
                usage.tombstones,
                usage.bytes,
                usage.variables,
                usage.watches,
                usage.queued,
                usage.sessions,
                usage.traffic.dropped,
                usage.traffic.clock_ahead,
            ));
        }
        "sessions" => {
            let line =
                |session: Session| format!("session {}{}", bare(&session.agent), if session.own { " own" } else { "" });
            let mut lines: Vec<_> = hall.sessions()?.into_iter().map(line).collect();
            // The others are listed by their ids, which are random.
            lines[1..].sort();
            out.append(&mut lines);
        }
        "ready" => out.push(hall.is_ready().to_string()),
        "export" => out.extend(hall.export(selector()?)?.lines().map(str::to_owned)),
        _ => return ask_variables(hall, command, out),
    }
    Ok(())
}

/// Commands of variables.
fn ask_variables<F: Face>(hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
    let key = || naming(command.argument(0)?);
    match command.verb.as_str() {
        "variable" => {
            let (value, violation) = hall.variable(key()?)?;
            out.push(format!("{}{}", present(value.as_ref()), if violation { " violation" } else { "" }));
        }
        "variables" => {
            let keys = hall.variables(selecting(command.argument(0)?)?)?;
            out.push(write(&keys.into_iter().map(Value::from).collect::<Vec<_>>().into()));
        }
        "undeclare" => out.push(hall.undeclare(key()?)?.to_string()),
        "facts" => out.push(write(&hall.facts(key()?)?)),
        "set" => {
            let put = writing(&Command { verb: "put".into(), ..command.clone() })?;
            let Some(Write::Put(key, value, options)) = put else { return Err("a set is written as a put".into()) };
            out.push(wrote_line(&Wrote::Written(hall.set(key, value, options)?)));
        }
        "set-many" => {
            let values = command.value(0)?;
            let values = values.as_map().ok_or("set-many takes a map")?;
            let refused = hall.set_many(values.clone().into_iter().collect())?;
            out.push("ok".into());
            out.extend(refused.iter().map(|(key, error)| format!("refused {} {}", bare(key), error.code.name())));
        }
        unknown => return Err(format!("no command {unknown:?}").into()),
    }
    Ok(())
}

fn changes<F: Face>(hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
    let revision = command.argument(0)?.parse().map_err(|_| "changes takes a revision")?;
    let selector = command.arguments.get(1).map(|word| selecting(word)).transpose()?;
    match hall.changes(revision, selector)? {
        Since::Compacted { revision } => out.push(format!("compacted revision={revision}")),
        Since::Changes { revision, changes } => {
            out.push(format!("ok revision={revision}"));
            out.extend(changes.iter().map(|item| {
                format!("changed {} {} revision={}", bare(item.key.text()), present(item.value.as_ref()), item.revision)
            }));
        }
    }
    Ok(())
}

/// A notification.
pub fn tell_line(watch: &str, change: &Change) -> String {
    let (old, value) = (present(change.old.as_ref()), present(change.value.as_ref()));
    let facts = facts(change.revision, &change.origin, change.metadata.as_ref());
    let initial = if change.initial { " initial" } else { "" };
    let missed = if change.missed > 0 { format!(" missed={}", change.missed) } else { String::new() };
    format!("notify {watch} {} {old} -> {value}{facts}{initial}{missed}", bare(change.key.text()))
}

/// What was reported to nobody in particular.
pub fn report_line(hall: Option<&str>, error: &Error) -> String {
    let hall = hall.filter(|hall| *hall != "main").map(|hall| format!(" hall={hall}")).unwrap_or_default();
    format!("report {}{hall}", error.code.name())
}

fn watch_line(watch: &WatchInfo) -> String {
    let selector = match &watch.selector {
        Selector::Key(key) => bare(key.text()),
        Selector::Pattern(pattern) => bare(pattern),
        Selector::Keys(keys) => {
            let keys = keys.iter().map(|key| Value::from(key.text())).collect::<Vec<_>>();
            write(&[("keys", keys.into())].into())
        }
    };
    let owner = watch.owner.as_ref().map(|owner| format!(" owner={}", bare(owner))).unwrap_or_default();
    let error = watch.last_error.as_ref().map(|error| format!(" error={}", error.code.name())).unwrap_or_default();
    let WatchInfo { delivered, queued, missed, .. } = watch;
    format!("{selector}{owner} delivered={delivered} queued={queued} missed={missed}{error}")
}

fn present(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".into(), write)
}

fn facts(revision: u64, origin: &str, metadata: Option<&Value>) -> String {
    let origin = if origin == "anonymous" { String::new() } else { format!(" origin={}", bare(origin)) };
    let metadata = metadata.map(|metadata| format!(" metadata={}", write(metadata))).unwrap_or_default();
    format!(" revision={revision}{origin}{metadata}")
}
