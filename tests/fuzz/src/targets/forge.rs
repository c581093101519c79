//! Messages that somebody may send who knows the protocol and means harm: sound in most parts, so
//! that what is wrong with them comes far.

use super::frame::settled;
use super::source::Source;
use crate::support::kind::encoded;
use statehall::Value;
use statehall::kernel::body::Body;
use statehall::order::Ordered;
use statehall::replica::causal::Causal;
use statehall::replica::cells::{Kind, Written};
use statehall::replica::clock::{Hlc, Session, Stamp};
use statehall::replica::frame::{Message, write_cells};

/// The keys that are written, and two that are none.
pub const KEYS: [&str; 8] = ["a", "a/b", "b", "b/c/d", "e~1f", "long/long/long/long/long/long/long", "a//b", "*"];

/// A write as its writer makes it.
struct Write {
    key: String,
    stamp: Stamp,
    body: Vec<u8>,
}

/// Who forges. See the module.
pub struct Forge {
    /// Those in whose names something is said; the first is the victim.
    pub sessions: [Session; 4],
    /// The victim's wall clock.
    pub unix_ms: u64,
}

impl Forge {
    /// The payload of a message in the name of a session.
    pub fn message(&self, from: Session, source: &mut Source<'_>) -> Vec<u8> {
        let agent = source.pick(&["voice", "other", "v"]);
        let mut out = Vec::new();
        match source.below(10) {
            0 => return settled(source.bytes().to_vec()),
            1..=3 => {
                let writes = self.own(from, source);
                let previous = Hlc(writes.first().map_or(0, |first| first.stamp.hlc.0.wrapping_sub(1)));
                let previous = if source.one_in(2) { self.hlc(source) } else { previous };
                Message::Ops { previous, cells: cells(&writes) }.write(&mut out);
            }
            4..=6 => {
                let (everything, context, purged) = (source.one_in(2), self.context(source), self.bounds(source));
                Message::Diff { everything, context, purged, cells: cells(&self.writes(source)) }.write(&mut out);
            }
            7 => Message::Hello { agent, everything: source.one_in(2), context: self.context(source) }.write(&mut out),
            8 => {
                let (context_hash, live_hash) = (self.context(source).hash(), source.number());
                Message::Ping { agent, context_hash, live_hash }.write(&mut out);
            }
            _ if source.one_in(2) => Message::Here { agent }.write(&mut out),
            _ => Message::Bye.write(&mut out),
        }
        out
    }

    /// A snapshot, without magic, version and checksum.
    pub fn state(&self, source: &mut Source<'_>) -> Vec<u8> {
        let (context, purged, writes) = (self.context(source), self.bounds(source), self.writes(source));
        let mut out = Vec::new();
        context.write(&mut out);
        statehall::replica::causal::write_bounds(&purged, &mut out);
        write_cells(&cells(&writes), &mut out);
        out
    }

    /// A time: mostly near the victim's, sometimes any.
    fn hlc(&self, source: &mut Source<'_>) -> Hlc {
        match source.below(8) {
            0 => Hlc(source.number()),
            1 => Hlc::at_ms(self.unix_ms.saturating_add(source.number())),
            _ => Hlc(Hlc::at_ms(self.unix_ms.saturating_sub(128)).0.saturating_add(u64::from(source.byte()) << 16)),
        }
    }

    fn session(&self, source: &mut Source<'_>) -> Session {
        if source.one_in(16) { Session(source.number()) } else { source.pick(&self.sessions) }
    }

    fn bounds(&self, source: &mut Source<'_>) -> Ordered<Session, Hlc> {
        (0..source.below(4)).map(|_| (self.session(source), self.hlc(source))).collect()
    }

    fn context(&self, source: &mut Source<'_>) -> Causal {
        let mut context = Causal::default();
        for (&session, &hlc) in self.bounds(source).iter() {
            context.advance(session, hlc);
        }
        for _ in 0..source.below(3) {
            let stamp = Stamp { hlc: self.hlc(source), session: self.session(source) };
            let previous = Hlc(stamp.hlc.0.saturating_sub(source.number().max(1)));
            // Anything else is no stray, and would be refused at once.
            if context.bound(stamp.session) < previous {
                context.note(stamp, previous);
            }
        }
        if source.one_in(8) {
            context.prune(usize::from(source.below(3)), self.hlc(source));
        }
        context
    }

    /// Any writes, in the order in which they travel.
    fn writes(&self, source: &mut Source<'_>) -> Vec<Write> {
        let count = source.below(5);
        let mut writes: Vec<_> = (0..count)
            .map(|_| self.write(Stamp { hlc: self.hlc(source), session: self.session(source) }, source))
            .collect();
        if !source.one_in(16) {
            writes.sort_by(|a, b| (a.stamp, &a.key).cmp(&(b.stamp, &b.key)));
            writes.dedup_by(|a, b| (a.stamp, &a.key) == (b.stamp, &b.key));
        }
        writes
    }

    /// Writes of one session, one after another.
    fn own(&self, session: Session, source: &mut Source<'_>) -> Vec<Write> {
        let first = self.hlc(source);
        let count = source.below(5);
        let stamp = |n| Stamp { hlc: Hlc(first.0.saturating_add(u64::from(n) * 3)), session };
        (0..count).map(|n| self.write(stamp(n), source)).collect()
    }

    fn write(&self, stamp: Stamp, source: &mut Source<'_>) -> Write {
        let key = match source.below(KEYS.len() as u8 + 1) {
            0 => String::from_utf8_lossy(source.bytes()).into_owned(),
            n => KEYS[usize::from(n) - 1].to_owned(),
        };
        Write { key, stamp, body: self.body(source) }
    }

    fn body(&self, source: &mut Source<'_>) -> Vec<u8> {
        if source.one_in(8) {
            return source.bytes().to_vec();
        }
        let kind = source.pick(&[Kind::Lasting, Kind::Tombstone, Kind::Mortal]);
        let alive = kind != Kind::Tombstone;
        let mortal = kind == Kind::Mortal;
        let expires_ms = mortal.then(|| match source.below(4) {
            0 => source.number(),
            1 => self.unix_ms.saturating_sub(u64::from(source.byte())),
            _ => self.unix_ms.saturating_add(u64::from(source.byte())),
        });
        let value = if alive { encoded(&value(source)) } else { Vec::new() };
        let metadata = (alive && source.one_in(4)).then(|| encoded(&Value::from([("m", value_of(source.byte()))])));
        let (touched, origin) = (source.one_in(4), source.pick(&["voice", "other", "o"]));
        Body { kind, touched, expires_ms, origin, metadata: metadata.as_deref(), value: &value }.write()
    }
}

fn cells(writes: &[Write]) -> Vec<Written<'_>> {
    writes.iter().map(|write| Written { key: &write.key, stamp: write.stamp, body: &write.body }).collect()
}

/// One of some values: small and large, of every kind.
pub fn value(source: &mut Source<'_>) -> Value {
    value_of(source.byte())
}

fn value_of(choice: u8) -> Value {
    let number = Value::from(i64::from(choice));
    match choice % 12 {
        0 => Value::Null,
        1 => true.into(),
        2 => number,
        3 => (-1_000_000).into(),
        4 => 0.0.into(),
        5 => (-0.0).into(),
        6 => f64::NAN.into(),
        7 => "text".repeat(usize::from(choice / 12)).into(),
        8 => vec![choice; usize::from(choice)].into(),
        9 => vec![Value::Null, number].into(),
        10 => Value::from([("n", number), ("nn", Value::Null)]),
        _ => Value::from([("n", vec![number].into())]),
    }
}
