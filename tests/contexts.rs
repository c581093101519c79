//! Contexts and leases of the Rust face: the cases of the package that they replace, and what it lacks.

#[path = "contexts/sizes.rs"]
mod sizes;
#[path = "contexts/watching.rs"]
mod watching;

use futures::FutureExt;
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use statehall::{
    Acquire, Acquired, Code, Commit, Context, ContextRecord, Error, Guard, Hall, Lease, ManualClock, Mode, Options,
    Value, Waiting,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const START_MS: u64 = 1_704_067_199_999;

fn open() -> (Hall, ManualClock) {
    let clock = ManualClock::new(START_MS);
    let options = Options { clock: Box::new(clock.clone()), seed: Some(1), ..Options::default() };
    (Hall::open(options).expect("right options"), clock)
}

fn committed(version: u64) -> Result<Commit, Error> {
    Ok(Commit::Committed { version })
}

fn ids(hall: &Hall) -> Vec<String> {
    hall.contexts().expect("open").iter().map(|record| record.id.to_string()).collect()
}

#[track_caller]
fn lease(context: &Context, owner: &str, ttl_ms: Option<u64>) -> Lease {
    match context.acquire(Acquire { owner: Some(owner.into()), ttl_ms, ..Acquire::default() }) {
        Ok(Acquired::Lease(lease)) => lease,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn waiting(context: &Context, owner: &str, wait_ms: Option<u64>) -> Waiting {
    match context.acquire(Acquire { owner: Some(owner.into()), wait: true, wait_ms, ..Acquire::default() }) {
        Ok(Acquired::Waiting(waiting)) => waiting,
        other => panic!("{other:?}"),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.expect_err("an error").code
}

/// W01 to W06, W08.
#[test]
fn documents_are_created_and_replaced() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    assert_eq!((x.get(), x.id()), (Ok(None), "x"));
    assert_eq!(x.replace("y", 1), Ok(Commit::Missing));
    assert_eq!(x.create(Value::from([("a", 1.into())])), committed(1));
    let record = x.get().expect("open").expect("a document");
    assert_eq!((record.version, &record.locked_by), (1, &None));
    assert_eq!((record.created_ms, record.updated_ms), (Some(START_MS), Some(START_MS)));
    assert_eq!(x.create("again"), Ok(Commit::Exists { version: 1, value: Value::from([("a", 1.into())]) }));
    clock.advance(5);
    assert_eq!(x.replace(Value::from([("b", 2.into())]), 1), committed(2));
    let record = x.get().expect("open").expect("a document");
    assert_eq!(record.data, Value::from([("b", 2.into())]), "what was there before is gone");
    assert_eq!((record.created_ms, record.updated_ms), (Some(START_MS), Some(START_MS + 5)));
    assert_eq!(x.replace("c", 1), Ok(Commit::Conflict { version: 2, value: record.data }));
    assert_eq!((x.replace("c", 2), x.replace("d", 3)), (committed(3), committed(4)));
}

/// W09, W10, W15.
#[test]
fn locks_are_leases_without_an_end() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    assert_eq!((x.lock("A"), x.unlock("A")), (Ok(None), Ok(None)));
    assert_eq!(x.create("a"), committed(1));
    assert_eq!((x.lock("A"), x.lock("A"), x.lock("B")), (Ok(Some(true)), Ok(Some(true)), Ok(Some(false))));
    clock.advance(1_000_000_000);
    assert_eq!(x.get().expect("open").expect("a document").locked_by.as_deref(), Some("A"));
    assert!(
        matches!(x.replace("b", 1), Ok(Commit::Held(holder)) if *holder.owner == *"A" && holder.deadline_ms.is_none())
    );
    assert_eq!((x.unlock("B"), x.unlock("A"), x.unlock("A")), (Ok(Some(false)), Ok(Some(true)), Ok(Some(false))));
    assert_eq!(x.replace("b", 1), committed(2));
    for owner in [String::new(), "o".repeat(257)] {
        assert_eq!(
            (refused(x.lock(&owner)), refused(x.unlock(&owner))),
            (Code::InvalidArgument, Code::InvalidArgument)
        );
    }
}

/// W11 to W13, and W19 as it should be.
#[test]
fn documents_are_deleted_and_listed_in_the_order_of_their_creation() {
    let (hall, _) = open();
    assert_eq!(ids(&hall), [""; 0]);
    for name in ["c", "a", "b"] {
        assert_eq!(hall.context(name).expect("a name").create(1), committed(1));
    }
    assert_eq!(ids(&hall), ["c", "a", "b"]);
    let a = hall.context("a").expect("a name");
    assert_eq!((a.delete(Guard::Any), a.delete(Guard::Any)), (committed(2), Ok(Commit::Missing)));
    assert_eq!(a.create(2), committed(3));
    assert_eq!(ids(&hall), ["c", "b", "a"]);
    // Who read version 1 before the delete does not write over what came after it.
    assert_eq!(a.replace(9, 1), Ok(Commit::Conflict { version: 3, value: 2.into() }));
    assert_eq!(a.lock("A"), Ok(Some(true)));
    assert!(matches!(a.delete(Guard::Any), Ok(Commit::Held(_))));
    assert_eq!((hall.clear_contexts(), ids(&hall)), (Ok(2), vec!["a".to_owned()]));
    assert_eq!(a.unlock("A"), Ok(Some(true)));
    assert!(matches!(a.delete(1), Ok(Commit::Conflict { version: 3, .. })));
    assert_eq!((hall.clear_contexts(), ids(&hall)), (Ok(1), vec![]));
}

/// W14: of two who read the same version one writes, and the other reads again.
#[test]
fn no_update_is_lost() {
    let (hall, _) = open();
    let (a, b) =
        (hall.context("x").expect("a name"), hall.as_agent("b").expect("a name").context("x").expect("a name"));
    assert_eq!(a.create(0), committed(1));
    assert_eq!(a.replace(1, 1), committed(2));
    let Ok(Commit::Conflict { version, value }) = b.replace(9, 1) else { panic!("a conflict") };
    let next = value.as_integer().expect("a number") + 1;
    assert_eq!(b.replace(next, version), committed(3));
    assert_eq!(a.get().expect("open").expect("a document").data, 2.into());
}

/// W16, W21.
#[test]
fn a_record_is_plain() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    assert_eq!(x.create(Value::from([("a", 1.into())])), committed(1));
    clock.advance(1);
    assert_eq!(x.replace(2, 1), committed(2));
    assert_eq!(x.lock("A"), Ok(Some(true)));
    let record = x.get().expect("open").expect("a document");
    let plain = record.to_value();
    let member = |name: &str| plain.as_map().expect("a map")[name].clone();
    assert_eq!(
        (member("created_at"), member("updated_at")),
        ("2023-12-31T23:59:59.999Z".into(), "2024-01-01T00:00:00.000Z".into())
    );
    assert_eq!((member("version"), member("locked_by"), member("context_id")), (2.into(), "A".into(), "x".into()));
    assert_eq!(ContextRecord::from_value(&plain), Ok(record));
    let with = |name: &str, value: Option<Value>| {
        let mut members = plain.as_map().expect("a map").clone();
        members.remove(name);
        members.extend(value.map(|value| (name.to_owned(), value)));
        ContextRecord::from_value(&members.into()).map_err(|error| error.code)
    };
    for name in ["context_id", "version", "data"] {
        assert_eq!(with(name, None), Err(Code::InvalidArgument), "{name}");
    }
    for (name, wrong) in [
        ("version", "two".into()),
        ("version", 0.into()),
        ("version", Value::from(-1_i64)),
        ("context_id", "".into()),
        ("locked_by", 1.into()),
        ("created_at", "2024-02-30T00:00:00.000Z".into()),
        ("created_at", "yesterday".into()),
        ("updated_at", "2024-01-01T24:00:00.000Z".into()),
        ("updated_at", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".into()),
    ] {
        assert_eq!(with(name, Some(wrong.clone())), Err(Code::InvalidArgument), "{name} {wrong:?}");
    }
    for name in ["locked_by", "created_at", "updated_at"] {
        assert!(with(name, None).is_ok() && with(name, Some(Value::Null)).is_ok(), "{name}");
    }
    for ms in [0, 951_782_399_999, 951_782_400_000, 951_868_800_000, 4_107_542_399_999, 253_402_300_799_999] {
        let record = ContextRecord { created_ms: Some(ms), ..x.get().expect("open").expect("a document") };
        assert_eq!(ContextRecord::from_value(&record.to_value()), Ok(record));
    }
}

/// W18 as it should be.
#[test]
fn what_a_caller_holds_is_its_own() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    assert_eq!(x.create(Value::from([("list", Value::from(vec![Value::from(1)]))])), committed(1));
    let mut record = x.get().expect("open").expect("a document");
    record.data = Value::Null;
    record.version = 9;
    assert_eq!(
        x.get().expect("open").expect("a document").data,
        Value::from([("list", Value::from(vec![Value::from(1)]))])
    );
    assert_eq!(x.replace(1, 1), committed(2));
}

#[test]
fn a_patch_changes_a_part_or_nothing() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let operation = |op: &str, path: &str| Value::from([("op", op.into()), ("path", path.into()), ("value", 1.into())]);
    let add = Value::from(vec![operation("add", "/a"), operation("add", "/b")]);
    assert_eq!(x.patch(&add, Guard::Any), Ok(Commit::Missing));
    assert_eq!(x.create(Value::from([("c", 1.into())])), committed(1));
    assert_eq!(x.patch(&add, Guard::Any), committed(2));
    assert!(matches!(x.patch(&add, 1), Ok(Commit::Conflict { version: 2, .. })));
    assert_eq!(x.merge(&Value::from([("a", Value::Null), ("b", 2.into())]), 2), committed(3));
    let mixed = Value::from(vec![operation("replace", "/c"), operation("replace", "/a")]);
    let Ok(Commit::Inapplicable(why)) = x.patch(&mixed, 3) else { panic!("it does not apply") };
    assert_eq!((why.operation, why.path.as_str(), why.reason.name()), (1, "/a", "missing"));
    // Who holds it and which version there is come first.
    assert!(matches!(x.patch(&mixed, 2), Ok(Commit::Conflict { version: 3, .. })));
    let held = lease(&x, "A", Some(10));
    assert!(matches!(x.patch(&mixed, 3), Ok(Commit::Held(_))));
    assert!(matches!(x.patch(&mixed, &held), Ok(Commit::Inapplicable(_))));
    assert_eq!(x.patch(&add, &held), committed(4));
    assert_eq!(x.force_release("enough"), Ok(true));
    assert!(matches!(x.patch(&mixed, &held), Ok(Commit::LeaseLost { holder: None, .. })));
    assert_eq!(refused(x.patch(&Value::Null, 4)), Code::InvalidArgument);
    assert_eq!(
        x.get().expect("open").expect("a document").data,
        Value::from([("a", 1.into()), ("b", 1.into()), ("c", 1.into())])
    );
}

#[test]
fn whoever_holds_a_lease_writes_with_it() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    let first = lease(&x, "A", Some(100));
    assert_eq!(x.create_under(1, &first), committed(1));
    assert!(
        matches!(x.acquire(Acquire::default()), Ok(Acquired::Held(holder)) if holder.deadline_ms == Some(START_MS + 100))
    );
    assert_eq!((x.replace(2, &first), first.renew(Some(200))), (committed(2), Ok(true)));
    assert_eq!(hall.next_wake(), Some(Duration::from_millis(200)));
    clock.advance(200);
    assert!(!first.is_held());
    let second = lease(&x, "B", None);
    assert!(second.fence() > first.fence() && second.is_held() && second.owner() == "B");
    let Ok(Commit::LeaseLost { holder: Some(holder), reason: None }) = x.replace(3, &first) else { panic!("lost") };
    assert_eq!((&*holder.owner, holder.mode), ("B", Mode::Exclusive));
    assert_eq!(first.renew(None), Ok(false));
    assert_eq!(x.force_release("stuck"), Ok(true));
    assert!(matches!(x.replace(3, &second), Ok(Commit::LeaseLost { reason: Some(reason), .. }) if *reason == *"stuck"));
    assert_eq!((first.release(), second.release(), x.force_release("again")), (Ok(false), Ok(false), Ok(false)));
    let other = lease(&hall.context("other").expect("a name"), "A", None);
    assert_eq!(refused(x.replace(3, &other)), Code::InvalidArgument);
    assert_eq!(refused(x.replace(3, Guard::Any)), Code::InvalidArgument);
    assert_eq!(refused(x.acquire(Acquire { ttl_ms: Some(0), ..Acquire::default() })), Code::InvalidArgument);
    assert_eq!(refused(x.acquire(Acquire { wait_ms: Some(u64::MAX), ..Acquire::default() })), Code::InvalidArgument);
}

#[test]
fn who_waits_gets_it_in_turn() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    let (log, mut pool) = (Rc::new(RefCell::new(Vec::new())), LocalPool::new());
    let first = lease(&x, "A", Some(50));
    for (owner, wait_ms) in [("B", None), ("C", Some(60)), ("D", None)] {
        let (waiting, log, hall) = (waiting(&x, owner, wait_ms), log.clone(), hall.clone());
        let task = async move {
            let lease = waiting.await;
            log.borrow_mut().push(format!("{owner} {}", lease.is_some()));
            if let Some(lease) = lease {
                // B holds it until its owner ends.
                if owner == "B" { lease.forever() } else { drop(lease) }
            }
            drop(hall);
        };
        pool.spawner().spawn_local(task).expect("a running pool");
    }
    pool.run_until_stalled();
    assert_eq!(x.holders().expect("open").1.iter().map(|owner| &**owner).collect::<Vec<_>>(), ["B", "C", "D"]);
    assert_eq!(hall.next_wake(), Some(Duration::from_millis(50)));
    clock.advance(50);
    hall.advance().expect("open");
    pool.run_until_stalled();
    assert_eq!(*log.borrow(), ["B true"]);
    clock.advance(10);
    hall.advance().expect("open");
    pool.run_until_stalled();
    assert_eq!(*log.borrow(), ["B true", "C false"]);
    hall.end("B").expect("open");
    pool.run_until_stalled();
    assert_eq!(*log.borrow(), ["B true", "C false", "D true"]);
    assert_eq!(x.holders(), Ok((vec![], vec![])), "what is dropped is given back");
    drop(first);
}

#[test]
fn a_place_in_the_queue_is_given_up() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let first = lease(&x, "A", None);
    let (second, mut third) = (waiting(&x, "B", None), waiting(&x, "C", None));
    assert_eq!((second.place(), third.place()), (Some(1), Some(2)));
    drop(second);
    assert_eq!(third.place(), Some(1));
    assert!((&mut third).now_or_never().is_none());
    assert_eq!(first.release(), Ok(true));
    let held = (&mut third).now_or_never().expect("an answer").expect("a lease");
    assert!(held.is_held());
    // What was granted and never taken is given back as well.
    let fourth = waiting(&x, "D", None);
    drop(held);
    assert_eq!(x.holders().expect("open").0.len(), 1);
    drop(fourth);
    assert_eq!(x.holders(), Ok((vec![], vec![])));
    let shared =
        |owner: &str| x.acquire(Acquire { owner: Some(owner.into()), mode: Mode::Shared, ..Acquire::default() });
    let readers = (shared("E"), shared("F"));
    assert!(matches!(readers, (Ok(Acquired::Lease(_)), Ok(Acquired::Lease(_)))));
    hall.close();
    assert_eq!(refused(x.get()), Code::Closed);
}

#[test]
fn a_closed_hall_lets_nobody_wait() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let (_first, second) = (lease(&x, "A", None), waiting(&x, "B", None));
    let (log, mut pool) = (Rc::new(RefCell::new(Vec::new())), LocalPool::new());
    let noted = log.clone();
    let task = async move {
        let lease = second.await;
        noted.borrow_mut().push(lease.is_some());
    };
    pool.spawner().spawn_local(task).expect("a running pool");
    pool.run_until_stalled();
    assert!(log.borrow().is_empty());
    hall.close();
    pool.run_until_stalled();
    assert_eq!(*log.borrow(), [false]);
}

#[test]
fn a_shared_hall_says_that_it_has_no_authority() {
    let hall = Hall::open(Options { share: true, seed: Some(1), ..Options::default() }).expect("right options");
    assert_eq!(refused(hall.context("x")), Code::NoAuthority);
    assert_eq!((refused(hall.contexts()), refused(hall.clear_contexts())), (Code::NoAuthority, Code::NoAuthority));
    assert_eq!(hall.end("A"), Ok(0));
}

#[test]
fn contexts_are_bounded_as_the_hall_is() {
    let (clock, mut limits) = (ManualClock::new(0), statehall::Limits::default());
    (limits.entries, limits.value_bytes, limits.queue, limits.value_depth) = (2, 10, 1, 1);
    let hall = Hall::open(Options { clock: Box::new(clock), limits, ..Options::default() }).expect("right options");
    let x = hall.context("x").expect("a name");
    assert_eq!(refused(x.create("more than ten bytes")), Code::Limit);
    assert_eq!(refused(x.create(Value::from(vec![Value::from(Vec::<Value>::new())]))), Code::Limit);
    assert_eq!(x.create(1), committed(1));
    let _lease = lease(&hall.context("y").expect("a name"), "A", None);
    assert_eq!(refused(hall.context("z").expect("a name").create(1)), Code::Limit);
    let _second = waiting(&hall.context("y").expect("a name"), "B", None);
    let third = hall.context("y").expect("a name").acquire(Acquire {
        owner: Some("C".into()),
        wait: true,
        ..Acquire::default()
    });
    assert_eq!(refused(third), Code::Limit);
    assert_eq!(refused(hall.context("")), Code::InvalidKey);
    assert_eq!(refused(hall.context("k".repeat(2_000).as_str())), Code::Limit);
    assert_eq!(x.get().expect("open").expect("a document").version, 1);
}

/// Several leases at once.
#[test]
fn several_leases_are_taken_in_one_order() {
    let (hall, clock) = open();
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut pool = LocalPool::new();
    // Asked for in this order one after another, these would wait for one another for ever.
    for (owner, keys) in [("ann", ["a", "b"]), ("bob", ["b", "a"]), ("cid", ["b", "b"])] {
        let (hall, order) = (hall.clone(), order.clone());
        let task = async move {
            let options = Acquire { owner: Some(owner.into()), wait: true, ..Acquire::default() };
            let leases = hall.acquire_all(keys, options).await.expect("open").expect("waited for");
            order.borrow_mut().push((owner, leases.len()));
            drop(leases);
        };
        pool.spawner().spawn_local(task).expect("a task");
    }
    let last = lease(&hall.context("b").expect("a name"), "dan", Some(1_000));
    pool.run_until_stalled();
    assert!(order.borrow().is_empty(), "dan holds what all of them need");
    drop(last);
    pool.run_until_stalled();
    let mut served = order.borrow().clone();
    served.sort_unstable();
    assert_eq!(served, [("ann", 2), ("bob", 2), ("cid", 1)]);

    // All or nothing, in time or not at all.
    let held = lease(&hall.context("b").expect("a name"), "dan", None);
    let asked = |wait_ms| Acquire { owner: Some("ann".into()), wait_ms, ..Acquire::default() };
    assert!(matches!(hall.acquire_all(["a", "b"], asked(None)).now_or_never(), Some(Ok(None))));
    let mut waiting = Box::pin(hall.acquire_all(["a", "b"], asked(Some(50))));
    assert!((&mut waiting).now_or_never().is_none());
    clock.advance(50);
    hall.advance().expect("open");
    assert!(matches!(waiting.now_or_never(), Some(Ok(None))));
    assert!(hall.context("a").expect("a name").holders().expect("open").0.is_empty(), "what was taken is given back");
    drop(held);
    assert_eq!(refused(hall.acquire_all([""; 0], asked(None)).now_or_never().expect("at once")), Code::InvalidArgument);
    assert_eq!(
        refused(hall.acquire_all(["a"], asked(Some(0))).now_or_never().expect("at once")),
        Code::InvalidArgument
    );
}
