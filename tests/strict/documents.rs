//! The rules of documents and requests.

use crate::desk::{Desk, acquire, bytes, committed, create, delete, end, fence, release, renew, replace, share, under};
use statehall::replica::clock::Session;
use statehall::replica::strict::memory::Memory;
use statehall::replica::strict::outcome::{Bound, Outcome};
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use statehall::replica::strict::requests::WINDOW;
use statehall::replica::strict::stored::Bounds;

#[test]
fn versions_count_from_one() {
    let desk = &mut Desk::default();
    assert_eq!(desk.ask(1, create("a")), committed(1));
    assert_eq!(desk.ask(1, create("b")), Outcome::Exists { version: 1, value: Some(bytes("a")) });
    for version in 1..4 {
        assert_eq!(desk.ask(1, replace("c", version)), committed(version + 1));
    }
    assert_eq!(desk.ask(2, replace("d", 3)), Outcome::Conflict { version: 4, value: Some(bytes("c")) });
    assert_eq!(desk.status("x").value, Some(bytes("c")));
    assert_eq!(desk.ask_of(1, "y", replace("e", 0)).outcome, Outcome::Missing);
    assert_eq!(desk.ask_of(1, "y", delete()).outcome, Outcome::Missing);
}

#[test]
fn a_version_never_comes_again() {
    let desk = &mut Desk::default();
    assert_eq!(desk.ask(1, create("a")), committed(1));
    assert_eq!(desk.ask(2, delete()), committed(2));
    assert_eq!(desk.ask(2, delete()), Outcome::Missing);
    assert_eq!(desk.ask(1, replace("old", 1)), Outcome::Missing);
    assert_eq!(desk.ask(2, create("b")), committed(3));
    assert_eq!(desk.ask(1, replace("old", 1)), Outcome::Conflict { version: 3, value: Some(bytes("b")) });
    assert_eq!(
        desk.ask(1, Action::Delete { expect: Some(1), fence: None }),
        Outcome::Conflict { version: 3, value: Some(bytes("b")) }
    );
}

#[test]
fn the_checks_come_in_their_order() {
    let desk = &mut Desk::default();
    let lease = desk.ask(1, acquire("a", Some(100), Wait::No));
    let locked = |outcome: Outcome| matches!(outcome, Outcome::Held { holder, waiting: 0 } if *holder.owner == *"a");
    // Missing before held, held before the version, the version before the room.
    assert_eq!(desk.ask(2, replace("b", 9)), Outcome::Missing);
    assert!(locked(desk.ask(2, create("b"))), "a name that is held is not created by others");
    assert_eq!(desk.ask(1, Action::Create { value: bytes("a"), fence: Some(fence(&lease)) }), committed(1));
    assert!(locked(desk.ask(2, replace("b", 9))) && locked(desk.ask(2, delete())));
    assert!(locked(desk.ask(1, replace("b", 1))), "the holder writes with its lease");
    assert_eq!(desk.ask(1, under("c", fence(&lease))), committed(2));
    assert_eq!(desk.ask(1, release("a")), Outcome::Released { found: true });
    desk.bounds.value_bytes = 1;
    assert!(matches!(desk.ask(2, replace("too long", 9)), Outcome::Conflict { version: 2, .. }));
    let limit = Outcome::Limit { bound: Bound::ValueBytes, max: 1, given: 8 };
    assert_eq!(desk.ask(2, replace("too long", 2)), limit);
    assert_eq!(desk.status("x").version, 2);
}

#[test]
fn a_write_under_a_lost_lease_is_refused() {
    let desk = &mut Desk::default();
    desk.ask(1, create("a"));
    let first = fence(&desk.ask(1, acquire("a", Some(100), Wait::No)));
    desk.now_ms += 100;
    let second = fence(&desk.ask(2, acquire("b", Some(100), Wait::No)));
    assert!(second > first);
    for late in [under("late", first), renew(first, None)] {
        let outcome = desk.ask(1, late);
        assert!(matches!(outcome, Outcome::FenceLost { holder: Some(holder), .. } if *holder.owner == *"b"));
    }
    // The same number in another session is no lease of that session.
    assert!(matches!(desk.ask(1, under("forged", second)), Outcome::FenceLost { .. }));
    assert_eq!(desk.ask(2, under("b", second)), committed(2));
    desk.now_ms += 100;
    assert_eq!(desk.ask(2, under("late", second)), Outcome::FenceLost { holder: None, reason: None });
    // A shared lease keeps writers out, its own holder included.
    let shared = fence(&desk.ask(3, share("c", Wait::No)));
    assert!(matches!(desk.ask(3, under("c", shared)), Outcome::Held { .. }));
    assert_eq!(desk.status("x").value, Some(bytes("b")));
}

#[test]
fn a_request_is_decided_once() {
    let desk = &mut Desk::default();
    let first = desk.request(1, "x", create("a"));
    let second = desk.request(1, "x", replace("b", 1));
    let lost = desk.request(2, "x", replace("c", 1));
    for _ in 0..3 {
        assert_eq!(desk.decide(&first).outcome, committed(1));
    }
    assert_eq!(desk.decide(&second).outcome, committed(2));
    assert_eq!(desk.decide(&second).outcome, committed(2));
    let conflict = Outcome::Conflict { version: 2, value: Some(bytes("b")) };
    assert_eq!((desk.decide(&lost).outcome, desk.decide(&lost).outcome), (conflict.clone(), conflict));
    assert_eq!(desk.ask(1, replace("d", 2)), committed(3));
    // The answer is the one of then; the document of then is gone.
    assert_eq!(desk.decide(&lost).outcome, Outcome::Conflict { version: 2, value: None });
    let before = desk.stored.clone();
    assert_eq!(desk.decide(&first).outcome, committed(1));
    assert_eq!(desk.stored, before, "an old request changes nothing");
}

#[test]
fn what_is_too_old_to_be_known_is_not_carried_out() {
    let desk = &mut Desk::default();
    let late = desk.request(1, "x", create("late"));
    for _ in 0..WINDOW {
        desk.ask_of(1, "y", release("nobody"));
    }
    assert_eq!(desk.decide(&late).outcome, Outcome::Forgotten);
    assert_eq!(desk.status("x").version, 0);
    // A session that is not known cannot have come so far.
    let unknown = Proposal { session: Session(5), number: WINDOW + 1, key: "x".into(), action: create("a") };
    assert_eq!(desk.decide(&unknown).outcome, Outcome::Forgotten);
    let other = Proposal { number: WINDOW, ..unknown };
    assert_eq!(desk.decide(&other).outcome, committed(1));
    // Nothing of a session counts once it has ended, but what it knows it is told again.
    assert_eq!(desk.ask_of(9, "", end(5, None)).outcome, Outcome::Released { found: false });
    assert_eq!(desk.decide(&Proposal { number: 3, ..other.clone() }).outcome, Outcome::Forgotten);
    assert_eq!(desk.decide(&other).outcome, committed(1));
}

#[test]
fn everything_is_bounded() {
    let bounds = Bounds { records: 2, bytes: 4, claims: 2, leases: 2, sessions: 4, ..Bounds::default() };
    let desk = &mut Desk::default();
    desk.bounds = bounds;
    let full =
        |outcome: Outcome, bound: Bound| matches!(outcome, Outcome::Limit { bound: other, .. } if other == bound);
    assert_eq!(desk.ask_of(1, "a", create("12")).outcome, committed(1));
    assert_eq!(desk.ask_of(1, "b", create("12")).outcome, committed(1));
    assert!(full(desk.ask_of(1, "c", create("")).outcome, Bound::Records));
    assert!(full(desk.ask_of(1, "c", acquire("o", None, Wait::No)).outcome, Bound::Records));
    assert!(full(desk.ask_of(1, "b", replace("123", 1)).outcome, Bound::Bytes));
    assert_eq!(desk.ask_of(1, "b", replace("1", 1)).outcome, committed(2), "what shrinks has room");
    assert_eq!(desk.ask_of(1, "b", delete()).outcome, committed(3));
    assert_eq!(
        desk.ask_of(1, "c", acquire("o", None, Wait::No)).outcome,
        Outcome::Granted { fence: 5, deadline_ms: None }
    );
    assert!(full(desk.ask_of(1, "b", create("")).outcome, Bound::Records), "a name that is held counts");
    desk.ask_of(2, "c", acquire("p", None, Wait::Always));
    desk.ask_of(3, "c", acquire("q", None, Wait::Always));
    assert!(full(desk.ask_of(4, "c", acquire("r", None, Wait::Always)).outcome, Bound::Claims));
    assert!(full(desk.ask_of(5, "c", acquire("s", None, Wait::Always)).outcome, Bound::Sessions));
    desk.ask_of(1, "a", acquire("o", None, Wait::No));
    assert!(full(desk.ask_of(1, "b", acquire("o", None, Wait::No)).outcome, Bound::Leases));
    desk.ask_of(1, "c", release("o"));
    assert!(desk.ask_of(1, "b", acquire("o", None, Wait::No)).outcome.is_done());
}

#[test]
fn a_memory_forgets_what_is_deleted_and_who_is_gone_but_no_version() {
    let bounds = Bounds { deleted: 10, sessions: 8, ..Bounds::default() };
    let mut memory = Memory::new(0, bounds);
    let mut ask = |session: u64, number: u64, key: &str, action: Action| {
        memory.propose(0, &Proposal { session: Session(session), number, key: key.into(), action }).outcome
    };
    for n in 0..100 {
        let key = format!("k{n}");
        let Outcome::Committed { version } = ask(n + 1, 1, &key, create("a")) else { panic!("created") };
        assert_eq!(ask(n + 1, 2, &key, replace("b", version)), committed(version + 1));
        assert_eq!(ask(n + 1, 3, &key, delete()), committed(version + 2));
    }
    let mut last = 0;
    for n in 0..100 {
        let Outcome::Committed { version } = ask(1_000 + n, 1, &format!("k{n}"), create("a")) else {
            panic!("created")
        };
        assert!(version > 3, "k{n} began again at {version}");
        last = version.max(last);
        ask(1_000 + n, 2, &format!("k{n}"), delete());
    }
    assert!(last < 1_000);
    let stored = memory.stored();
    assert!(stored.records.len() <= 10 && stored.sessions.len() <= 8);
    assert_eq!((stored.meta.records, stored.meta.deleted), (0, stored.records.len() as u64));
    assert_eq!(stored.meta.sessions, stored.sessions.len() as u64);
}
