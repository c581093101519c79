//! What arrives as bytes, taken apart: frames, parts of messages, messages, contexts and bodies.
//! What is read is written as it was, and contexts that anybody may have forged still join.
//! An input says by its first byte what the rest is.

use super::source::Source;
use statehall::codec::{Reader, hash, write_bytes, write_varint};
use statehall::kernel::body::Body;
use statehall::replica::assembly::Assembly;
use statehall::replica::causal::Causal;
use statehall::replica::clock::{Hlc, Session, Stamp};
use statehall::replica::frame::{AGENT_BYTES_MAX, Frame, Message, OVERHEAD, VERSION};
use statehall::{Code, Error};
use std::collections::BTreeMap;

/// Where a `DIFF` has its context, after the kind, the context's hash and a flag.
const DIFF_CONTEXT: usize = 10;
const HALL: u64 = 7;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    match source.below(6) {
        0 => frame(source),
        1 => message(source),
        2 => body(source.rest()),
        3 => contexts(source),
        4 => assembly(source),
        _ => reader(source),
    }
}

/// The bytes with the checksum that they should have.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Puts the right hash of its context into a `DIFF`, so that the rest of it is read.
pub fn settled(mut payload: Vec<u8>) -> Vec<u8> {
    if Message::peek_diff(&payload).is_some()
        && let Some(context) = payload.get(DIFF_CONTEXT..)
        && let Ok(context) = Causal::read(&mut Reader::new(context))
    {
        payload[1..9].copy_from_slice(&context.hash().to_le_bytes());
    }
    payload
}

fn frame(mut source: Source<'_>) {
    let flags = source.byte();
    let mut bytes = source.rest().to_vec();
    if flags & 1 == 0 && bytes.len() >= 12 {
        bytes[..2].copy_from_slice(b"sh");
        bytes[4..12].copy_from_slice(&HALL.to_le_bytes());
    }
    if flags & 2 == 0 {
        bytes = sealed(bytes);
    }
    match Frame::read(&bytes, HALL) {
        Ok(frame) => {
            assert!(frame.part < frame.parts && frame.from != Session(0));
            assert!(bytes.len() <= OVERHEAD + frame.payload.len());
            // Whoever writes it names its own version as the oldest that can read it.
            let mut body = bytes[..bytes.len() - 8].to_vec();
            body[3] = VERSION;
            assert_eq!(frame.write(HALL), sealed(body));
            assert!(Frame::read(&bytes, HALL + 1).is_err(), "another hall's frame");
        }
        Err(Error { code: Code::InvalidFrame | Code::PeerVersion, .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fn message(mut source: Source<'_>) {
    let version = source.byte();
    let payload = settled(source.rest().to_vec());
    let (read, peeked) = (Message::read(&payload, version), Message::peek_diff(&payload));
    let Ok(message) = read else { return };
    match &message {
        Message::Unknown => return assert!(version > VERSION, "only newer versions have other kinds"),
        Message::Diff { everything, context, .. } => assert_eq!(peeked, Some((context.hash(), *everything))),
        Message::Hello { agent, .. } | Message::Ping { agent, .. } | Message::Here { agent } => {
            assert!((1..=AGENT_BYTES_MAX).contains(&agent.len()));
        }
        Message::Ops { cells, .. } => {
            assert!(cells.windows(2).all(|pair| (pair[0].stamp, pair[0].key) < (pair[1].stamp, pair[1].key)));
        }
        Message::Bye => {}
    }
    let mut written = Vec::new();
    message.write(&mut written);
    assert_eq!(written, payload, "{message:?}");
}

fn body(bytes: &[u8]) {
    let Ok(body) = Body::read(bytes) else { return };
    assert_eq!(Body::parse(bytes).as_ref(), Ok(&body));
    assert_eq!(body.write(), bytes, "{body:?}");
}

/// A context that the bytes are, in its one form.
fn context(bytes: &[u8]) -> Option<Causal> {
    let mut reader = Reader::new(bytes);
    let context = Causal::read(&mut reader).ok()?;
    assert_eq!(written(&context), bytes[..bytes.len() - reader.left()], "{context:?}");
    Some(context)
}

/// A context out of few sessions and early times, so that two of them have much in common.
fn drawn(bytes: &[u8]) -> Causal {
    let (mut source, mut context) = (Source::new(bytes), Causal::default());
    while !source.is_empty() {
        let (session, hlc) = (Session(u64::from(source.below(3)) + 1), Hlc(u64::from(source.below(16)) + 1));
        let previous = Hlc(hlc.0 - u64::from(source.byte()) % hlc.0);
        match source.below(8) {
            0 => context.prune(source.index(3), hlc),
            1 | 2 => {
                context.advance(session, hlc);
                context.compact();
            }
            _ if context.bound(session) < previous && previous < hlc => context.note(Stamp { hlc, session }, previous),
            _ => {}
        }
    }
    context
}

fn written(context: &Causal) -> Vec<u8> {
    let mut out = Vec::new();
    context.write(&mut out);
    out
}

fn joined(a: &Causal, b: &Causal) -> Causal {
    let mut join = a.clone();
    join.join(b);
    join
}

fn contexts(mut source: Source<'_>) {
    let (a, b) = (source.bytes(), source.bytes());
    let (a, b) = (context(a).unwrap_or_else(|| drawn(a)), context(b).unwrap_or_else(|| drawn(b)));
    let join = joined(&a, &b);
    assert_eq!(join, joined(&b, &a), "in either order");
    assert_eq!((joined(&a, &a), joined(&join, &b)), (a.clone(), join.clone()), "again changes nothing");
    assert!(!join.lacks(&a) && !join.lacks(&b) && !a.lacks(&a));
    assert_eq!(a.hash() == b.hash(), !a.lacks(&b) && !b.lacks(&a));
    let latest = Hlc(source.number());
    let mut pruned = a.clone();
    pruned.prune(source.index(4), latest);
    let until = a.until(latest, latest);
    for context in [&join, &pruned, &until] {
        let bytes = written(context);
        assert_eq!(Causal::read(&mut Reader::new(&bytes)).as_ref(), Ok(context), "what is made can be read");
    }
    assert!(!pruned.lacks(&a) && !a.lacks(&until) && until.latest(Hlc(u64::MAX)) <= latest);
    for n in 0..48 {
        let (session, hlc) = if n < 8 { (source.number(), source.number()) } else { (1 + n % 3, 1 + n / 3) };
        let stamp = Stamp { hlc: Hlc(hlc), session: Session(session) };
        let (left, right) = (a.covers(stamp), b.covers(stamp));
        assert!(!(left || right) || join.covers(stamp), "{stamp:?}");
        assert!(!left || pruned.covers(stamp), "{stamp:?}");
        assert!(!until.covers(stamp) || left, "{stamp:?}");
    }
}

/// Parts of messages in any order: what comes out is what was cut up.
fn assembly(mut source: Source<'_>) {
    let room = source.pick(&[0, 64, 1_000, 65_536]);
    let mut assembly = Assembly::new(room);
    let mut seen: BTreeMap<(u64, u64, u64), Vec<u64>> = BTreeMap::new();
    while !source.is_empty() {
        let from = u64::from(source.below(3)) + 1;
        if source.one_in(16) {
            assembly.forget(Session(from));
            continue;
        }
        let (message, parts) = (u64::from(source.below(8)), source.pick(&[1, 2, 3, 4, 5, u64::MAX]));
        let part = u64::from(source.byte()) % parts;
        let payload = part_of(from, message, part);
        let frame =
            Frame { version: VERSION, from: Session(from), to: Session(0), message, part, parts, payload: &payload };
        seen.entry((from, message, parts)).or_default().push(part);
        match assembly.add(&frame) {
            Ok(None) => {}
            Ok(Some(whole)) => {
                let expected: Vec<u8> = (0..parts).flat_map(|part| part_of(from, message, part)).collect();
                assert_eq!(whole, expected);
                let seen = seen.remove(&(from, message, parts)).unwrap_or_default();
                assert!((0..parts).all(|part| seen.contains(&part)), "a part that never came");
            }
            Err(error) => assert!(error.code == Code::Limit && error.detail.starts_with("messageBytes"), "{error}"),
        }
    }
}

/// The bytes of a part, of which no two are alike.
fn part_of(from: u64, message: u64, part: u64) -> Vec<u8> {
    vec![(from * 64 + message * 8 + part % 8) as u8; (part * 37 % 200) as usize]
}

/// What is read of any bytes is written back to them.
fn reader(mut source: Source<'_>) {
    let steps = source.bytes();
    let bytes = source.rest();
    let (mut reader, mut out) = (Reader::new(bytes), Vec::new());
    for step in steps {
        let left = reader.left();
        match step % 6 {
            0 => out.push(reader.byte()),
            1 => out.extend_from_slice(&reader.u64().to_le_bytes()),
            2 => write_varint(reader.varint(), &mut out),
            3 => write_bytes(reader.bytes(), &mut out),
            4 => write_bytes(reader.text().as_bytes(), &mut out),
            _ => out.extend_from_slice(reader.take(usize::from(step / 6))),
        }
        assert!(reader.left() <= left);
        if let Err(reason) = reader.check() {
            // It stays so, and nothing more is read.
            let zeros = (reader.left(), reader.byte(), reader.u64(), reader.varint(), reader.text());
            assert_eq!((zeros, reader.check(), reader.end()), ((0, 0, 0, 0, ""), Err(reason), Err(reason)));
            return;
        }
    }
    assert_eq!(out, bytes[..bytes.len() - reader.left()]);
    assert_eq!(reader.end().is_ok(), out.len() == bytes.len());
}
