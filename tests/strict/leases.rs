//! The rules of leases.

use crate::desk::{Desk, acquire, committed, create, end, fence, release, renew, share, under};
use statehall::replica::clock::Session;
use statehall::replica::strict::memory::Memory;
use statehall::replica::strict::outcome::{Grant, Outcome};
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use statehall::replica::strict::stored::Bounds;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_queue_is_first_in_first_out() {
    let desk = &mut Desk::default();
    let first = fence(&desk.ask(1, acquire("a", None, Wait::No)));
    assert_eq!(desk.ask(2, acquire("b", None, Wait::Always)), Outcome::Queued { place: 1 });
    assert_eq!(desk.ask(3, acquire("c", None, Wait::Always)), Outcome::Queued { place: 2 });
    assert!(matches!(desk.ask(4, acquire("d", None, Wait::No)), Outcome::Held { waiting: 2, .. }));
    assert_eq!(
        desk.ask(3, acquire("c", None, Wait::Always)),
        Outcome::Queued { place: 2 },
        "asking again keeps the place"
    );
    let released = desk.ask_of(1, "x", release("a"));
    let [Grant { session: Session(2), owner, fence: second, .. }] = &released.granted[..] else {
        panic!("{released:?}")
    };
    assert!(**owner == *"b" && *second > first);
    assert_eq!(desk.queue(), (names(&["b"]), names(&["c"])));
    // Asking again for what one has got in the meantime says that one has it.
    assert_eq!(fence(&desk.ask(2, acquire("b", None, Wait::Always))), *second);
    // The next in line may go away.
    assert_eq!(desk.ask(3, release("c")), Outcome::Released { found: true });
    assert_eq!(desk.ask(2, release("b")), Outcome::Released { found: true });
    assert_eq!(desk.ask(2, release("b")), Outcome::Released { found: false });
    assert_eq!(desk.stored.records.len(), 0, "a name that nobody holds is not stored");
}

#[test]
fn one_session_has_many_owners() {
    let desk = &mut Desk::default();
    assert!(desk.ask(1, acquire("a", None, Wait::No)).is_done());
    assert!(matches!(desk.ask(1, acquire("b", None, Wait::No)), Outcome::Held { .. }));
    assert!(matches!(desk.ask(2, acquire("a", None, Wait::No)), Outcome::Held { .. }));
    assert_eq!(desk.ask(2, release("a")), Outcome::Released { found: false });
    assert!(desk.ask(1, acquire("a", None, Wait::No)).is_done(), "its own lease is held again");
}

#[test]
fn shared_leases_stand_beside_one_another_and_behind_an_exclusive_one() {
    let desk = &mut Desk::default();
    let first = fence(&desk.ask(1, share("a", Wait::No)));
    assert!(fence(&desk.ask(2, share("b", Wait::No))) > first);
    assert_eq!(desk.ask(3, acquire("c", None, Wait::Always)), Outcome::Queued { place: 1 });
    // Nobody overtakes the one that waits, though the holders would suffer it.
    assert_eq!(desk.ask(4, share("d", Wait::Always)), Outcome::Queued { place: 2 });
    assert_eq!(desk.ask(5, share("e", Wait::Always)), Outcome::Queued { place: 3 });
    // A holder that is not alone cannot hold it alone; a wait for it might be for ever.
    assert!(matches!(desk.ask(1, acquire("a", None, Wait::Always)), Outcome::Held { .. }));
    desk.ask(1, release("a"));
    assert_eq!(desk.queue(), (names(&["b"]), names(&["c", "d", "e"])));
    desk.ask(2, release("b"));
    assert_eq!(desk.queue(), (names(&["c"]), names(&["d", "e"])));
    desk.ask(3, release("c"));
    assert_eq!(desk.queue(), (names(&["d", "e"]), names(&[])));
    desk.ask(4, release("d"));
    let alone = desk.ask(5, acquire("e", None, Wait::No));
    let last = desk.status("x").holders;
    assert_eq!((last.len(), last[0].fence), (1, fence(&alone)));
    assert!(matches!(desk.ask(6, share("f", Wait::No)), Outcome::Held { .. }), "it holds it alone now");
}

#[test]
fn time_is_the_authoritys() {
    let desk = &mut Desk::default();
    let first = desk.ask(1, acquire("a", Some(100), Wait::No));
    assert_eq!(first, Outcome::Granted { fence: 1, deadline_ms: Some(1_100) });
    desk.ask(2, acquire("b", Some(100), Wait::Always));
    desk.ask(3, acquire("c", Some(100), Wait::Ms(150)));
    desk.now_ms = 1_050;
    assert_eq!(desk.ask(1, renew(1, Some(70))), Outcome::Granted { fence: 1, deadline_ms: Some(1_120) });
    assert_eq!(desk.ask(1, renew(1, None)), Outcome::Granted { fence: 1, deadline_ms: Some(1_120) });
    desk.now_ms = 1_119;
    assert_eq!(desk.queue().0, names(&["a"]));
    desk.now_ms = 1_120;
    assert_eq!(desk.queue(), (names(&["b"]), names(&["c"])));
    assert_eq!(desk.status("x").holders[0].until_ms, Some(1_220), "its time begins with the grant");
    desk.now_ms = 1_150;
    assert_eq!(desk.queue(), (names(&["b"]), names(&[])), "nobody waits for longer than was said");
    // A clock that is set back a little stands still; by much it is believed, and no lease becomes longer by it.
    desk.now_ms = 900;
    assert_eq!(desk.queue().0, names(&["b"]));
    desk.now_ms = 10_000_000;
    assert!(desk.ask(4, acquire("d", Some(100), Wait::No)).is_done());
    desk.now_ms = 5_000;
    assert_eq!(desk.queue().0, names(&["d"]));
    assert_eq!(desk.status("x").holders[0].until_ms, Some(5_100));
    desk.now_ms = 5_100;
    assert_eq!(desk.queue().0, names(&[]));
}

#[test]
fn a_lease_is_taken_away_with_a_reason() {
    let desk = &mut Desk::default();
    desk.ask(1, create("doc"));
    let first = fence(&desk.ask(1, acquire("a", None, Wait::No)));
    desk.ask(2, acquire("b", None, Wait::Always));
    let wrong = Action::Break { fence: Some(first + 9), reason: "no".into() };
    assert_eq!(desk.ask(3, wrong), Outcome::Released { found: false });
    let broken = desk.ask_of(3, "x", Action::Break { fence: Some(first), reason: "stuck".into() });
    assert_eq!(broken.outcome, Outcome::Released { found: true });
    assert_eq!((broken.granted.len(), broken.lost.len()), (1, 1));
    assert_eq!((&*broken.lost[0].claim.owner, broken.lost[0].reason.as_deref()), ("a", Some("stuck")));
    let Outcome::FenceLost { holder: Some(holder), reason } = desk.ask(1, under("late", first)) else { panic!() };
    assert_eq!((&*holder.owner, reason.as_deref()), ("b", Some("stuck")));
    assert_eq!(desk.ask(2, under("b", holder.fence)), committed(2));
    // Without a number whoever holds it loses it.
    assert_eq!(desk.ask(3, Action::Break { fence: None, reason: "".into() }), Outcome::Released { found: true });
    assert_eq!(desk.queue(), (names(&[]), names(&[])));
}

#[test]
fn what_an_owner_or_a_session_has_ends_with_it() {
    let desk = &mut Desk::default();
    for key in ["x", "y", "z"] {
        desk.ask_of(1, key, acquire("a", None, Wait::No));
        desk.ask_of(1, key, acquire("b", None, Wait::Always));
        desk.ask_of(2, key, acquire("c", None, Wait::Always));
    }
    let ended = desk.ask_of(1, "", end(1, Some("a")));
    assert_eq!(ended.outcome, Outcome::Released { found: true });
    assert_eq!(
        ended.granted.iter().map(|grant| (&*grant.key, &*grant.owner)).collect::<Vec<_>>(),
        [("x", "b"), ("y", "b"), ("z", "b")]
    );
    assert_eq!(desk.ask_of(1, "", end(1, Some("a"))).outcome, Outcome::Released { found: false });
    // Somebody else notices that the session is dead.
    let dead = desk.ask_of(2, "", end(1, None));
    assert_eq!((dead.granted.len(), dead.records.len()), (3, 3));
    assert_eq!(desk.queue(), (names(&["c"]), names(&[])));
    assert_eq!(desk.ask(1, acquire("a", None, Wait::Always)), Outcome::Forgotten, "the dead do not come back");
}

#[test]
fn a_lock_needs_a_document_where_that_is_demanded() {
    let desk = &mut Desk::default();
    let lock = |owner: &str| match acquire(owner, None, Wait::No) {
        Action::Acquire { owner, mode, ttl_ms, wait, .. } => {
            Action::Acquire { owner, mode, ttl_ms, wait, existing: true }
        }
        other => other,
    };
    let unlock = |owner: &str| Action::Release { owner: owner.into(), fence: None, existing: true };
    assert_eq!((desk.ask(1, lock("a")), desk.ask(1, unlock("a"))), (Outcome::Missing, Outcome::Missing));
    desk.ask(1, create("doc"));
    assert!(desk.ask(1, lock("a")).is_done() && desk.ask(1, lock("a")).is_done());
    assert!(matches!(desk.ask(1, lock("b")), Outcome::Held { .. }));
    assert_eq!(desk.ask(1, unlock("b")), Outcome::Released { found: false });
    assert_eq!(desk.ask(1, unlock("a")), Outcome::Released { found: true });
}

#[test]
fn a_memory_knows_when_its_time_comes() {
    let mut memory = Memory::new(0, Bounds::default());
    let mut number = 0;
    let mut propose = |memory: &mut Memory, session: u64, key: &str, action: Action| {
        number += 1;
        memory.propose(0, &Proposal { session: Session(session), number, key: key.into(), action }).outcome
    };
    assert_eq!(memory.next_deadline_ms(), None);
    propose(&mut memory, 1, "x", acquire("a", Some(50), Wait::No));
    propose(&mut memory, 1, "y", acquire("a", Some(20), Wait::No));
    propose(&mut memory, 1, "z", acquire("a", None, Wait::No));
    propose(&mut memory, 2, "x", acquire("b", Some(10), Wait::Ms(60)));
    assert_eq!(memory.next_deadline_ms(), Some(20));
    assert_eq!(memory.advance(19), []);
    let told: Vec<_> = memory.advance(20).into_iter().flat_map(|decision| decision.lost).collect();
    assert_eq!((told.len(), &*told[0].key), (1, "y"));
    assert_eq!(memory.next_deadline_ms(), Some(50));
    let told: Vec<_> = memory.advance(50).into_iter().flat_map(|decision| decision.granted).collect();
    assert_eq!((told.len(), &*told[0].owner, told[0].deadline_ms), (1, "b", Some(60)));
    memory.advance(60);
    assert_eq!(memory.next_deadline_ms(), None);
    assert_eq!(memory.stored().records.len(), 1);
}
