//! What is stored and sent as bytes comes back as it was, and damage never panics.

use crate::desk::{Desk, acquire, create, delete, end, release, renew, replace, share, under};
use crate::support::damage;
use crate::support::rng::Rng;
use statehall::codec::Reader;
use statehall::replica::clock::Session;
use statehall::replica::strict::decide::decide;
use statehall::replica::strict::outcome::Outcome;
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use statehall::replica::strict::record::Record;
use statehall::replica::strict::requests::Requests;
use statehall::replica::strict::stored::{Bounds, Meta, Stored};

/// An action of any kind.
pub fn any_action(rng: &mut Rng) -> Action {
    let owner = rng.pick(&["a", "b", "c"]);
    let (number, ttl_ms) = (rng.between(0, 12), rng.percent(50).then(|| rng.between(1, 60)));
    let wait = rng.pick(&[Wait::No, Wait::Always, Wait::Always, Wait::Ms(30)]);
    match rng.below(13) {
        0 => create("new"),
        1 | 2 => replace("value", number),
        3 => under("leased", number),
        4 => delete(),
        5..=7 => acquire(owner, ttl_ms, wait),
        8 => share(owner, wait),
        9 => renew(number, ttl_ms),
        10 => release(owner),
        11 => Action::Break { fence: rng.percent(50).then_some(number), reason: "because".into() },
        _ => end(rng.between(1, 3), rng.percent(80).then_some(owner)),
    }
}

pub fn key_of<'a>(action: &Action, key: &'a str) -> &'a str {
    if matches!(action, Action::End { .. }) { "" } else { key }
}

/// The same store, by way of its bytes.
pub fn reread(stored: &Stored) -> Stored {
    let bytes = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        out
    };
    let mut again =
        Stored { meta: Meta::read(&bytes(&|out| stored.meta.write(out))).expect("meta"), ..Stored::default() };
    for (session, requests) in stored.sessions.iter() {
        let read = Requests::read(&bytes(&|out| requests.write(out))).expect("requests");
        again.sessions.insert(*session, read.into());
    }
    for (key, record) in stored.records.iter() {
        let read = Record::read(&bytes(&|out| record.write(out))).expect("a record");
        again.records.insert(key.clone(), read.into());
    }
    again
}

#[test]
fn everything_comes_back_as_it_was() {
    let rng = &mut Rng::new(1);
    for case in 0..300 {
        let mut desk = Desk::default();
        for _ in 0..40 {
            let action = any_action(rng);
            let proposal = desk.request(rng.between(1, 3), key_of(&action, rng.pick(&["x", "y"])), action);
            let mut bytes = Vec::new();
            proposal.write(&mut bytes);
            assert_eq!(Proposal::read(&bytes).as_ref(), Ok(&proposal), "case {case}");
            let outcome = desk.decide(&proposal).outcome;
            let mut bytes = Vec::new();
            outcome.write(&mut bytes);
            let mut reader = Reader::new(&bytes);
            assert_eq!((Outcome::read(&mut reader), reader.left()), (Ok(outcome), 0), "case {case}");
            assert_eq!(reread(&desk.stored), desk.stored, "case {case}");
            desk.now_ms += rng.below(20);
        }
    }
}

#[test]
fn damage_never_panics() {
    let rng = &mut Rng::new(2);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..400 {
        let mut desk = Desk::default();
        for _ in 0..10 {
            let action = any_action(rng);
            desk.ask_of(rng.between(1, 3), key_of(&action, "x"), action);
        }
        let mut bytes = [const { Vec::new() }; 4];
        desk.stored.meta.write(&mut bytes[0]);
        desk.stored.records.values().next().map_or_else(Box::default, Clone::clone).write(&mut bytes[1]);
        desk.stored.sessions.values().next().map_or_else(Box::default, Clone::clone).write(&mut bytes[2]);
        let action = any_action(rng);
        desk.request(1, key_of(&action, "x"), action).write(&mut bytes[3]);
        for _ in 0..20 {
            let [meta, record, requests, proposal] = bytes.clone().map(|bytes| damaged(bytes, rng));
            let parts =
                (Meta::read(&meta), Record::read(&record), Requests::read(&requests), Proposal::read(&proposal));
            refused +=
                [parts.0.is_err(), parts.1.is_err(), parts.2.is_err(), parts.3.is_err()].iter().filter(|e| **e).count();
            // Whatever can be read can be decided on, however the parts contradict one another.
            let mut stored = Stored { meta: parts.0.unwrap_or_default(), ..Stored::default() };
            stored.records.insert("x".into(), parts.1.unwrap_or_default().into());
            stored.sessions.insert(Session(1), parts.2.unwrap_or_default().into());
            if let Ok(proposal) = parts.3 {
                decide(rng.below(2_000), &mut stored, &proposal, &Bounds::default());
                read += 1;
            }
        }
    }
    assert!(refused > 1_000 && read > 1_000, "both happen: {refused}, {read}");
}

/// Two in five stay as they are.
fn damaged(bytes: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    if rng.percent(40) || bytes.is_empty() { bytes } else { damage(&bytes, rng) }
}

#[test]
fn impossible_proposals_are_refused() {
    let sound =
        Proposal { session: Session(1), number: 1, key: "x".into(), action: acquire("a", Some(1), Wait::Ms(1)) };
    assert_eq!(sound.check(), Ok(()));
    let with = |action: Action| Proposal { action, ..sound.clone() };
    let refused = [
        Proposal { session: Session(0), ..sound.clone() },
        Proposal { number: 0, ..sound.clone() },
        Proposal { number: u64::MAX, ..sound.clone() },
        Proposal { key: "".into(), ..sound.clone() },
        Proposal { key: "k".repeat(70_000).into(), ..sound.clone() },
        with(acquire("", None, Wait::No)),
        with(acquire(&"o".repeat(257), None, Wait::No)),
        with(acquire("a", Some(0), Wait::No)),
        with(acquire("a", Some(u64::MAX), Wait::No)),
        with(acquire("a", None, Wait::Ms(0))),
        with(renew(1, Some(0))),
        with(release("")),
        with(end(1, None)),
        with(Action::Query),
        with(Action::Replace { value: crate::desk::bytes("a"), expect: None, fence: None }),
        with(Action::Break { fence: None, reason: "r".repeat(1_025).into() }),
    ];
    for proposal in refused {
        let mut bytes = Vec::new();
        proposal.write(&mut bytes);
        assert!(proposal.check().is_err() && Proposal::read(&bytes).is_err(), "{proposal:?}");
    }
}
