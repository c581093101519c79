//! Owners: what belongs to one goes with it.

use statehall::{Code, Hall, Limits, ManualClock, Options, OwnerOptions, PutOptions, WatchOptions};
use std::cell::RefCell;
use std::rc::Rc;

fn begin(limits: Limits) -> (Hall, ManualClock) {
    let clock = ManualClock::new(1_700_000_000_000);
    let options = Options { clock: Box::new(clock.clone()), seed: Some(1), limits, ..Options::default() };
    (Hall::open(options).unwrap(), clock)
}

fn owned(owner: &str) -> PutOptions {
    PutOptions { owner: Some(owner.into()), ..PutOptions::default() }
}

const TTL: OwnerOptions = OwnerOptions { ttl_ms: Some(100) };

#[test]
fn what_was_put_for_an_owner_goes_in_one_commit_when_it_expires() {
    let (hall, clock) = begin(Limits::default());
    let planner = hall.owner("planner", TTL).unwrap();
    hall.put_with("a", 1, owned("planner")).unwrap();
    hall.put_with("b", 1, owned("planner")).unwrap();
    hall.put_with("kept", 1, owned("planner")).unwrap();
    hall.put("kept", 2).unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let log = heard.clone();
    let _watch = hall.watch("**", WatchOptions::default(), move |change| {
        log.borrow_mut().push((change.key.text().to_owned(), change.revision));
    });
    let of_owner = WatchOptions { owner: Some("planner".into()), ..WatchOptions::default() };
    let silent = hall.watch("**", of_owner, |_| panic!("it has ended")).unwrap();
    clock.advance(99);
    planner.touch().unwrap();
    clock.advance(99);
    hall.advance().unwrap();
    assert_eq!((planner.has_ended(), planner.remaining_ms()), (false, Some(1)));
    clock.advance(1);
    hall.advance().unwrap();
    assert!(planner.has_ended() && !silent.is_open());
    assert_eq!(*heard.borrow(), [("a".to_owned(), 5), ("b".to_owned(), 5)]);
    assert_eq!(hall.put_with("a", 1, owned("planner")).unwrap_err().code, Code::Closed);
    hall.owner("planner", OwnerOptions::default()).unwrap();
    assert!(planner.has_ended() && planner.touch().is_err(), "that is another one");
    hall.put_with("a", 1, owned("planner")).unwrap();
}

#[test]
fn a_batch_is_not_cut_short_and_what_is_rolled_back_is_not_owned() {
    let (hall, clock) = begin(Limits::default());
    hall.owner("planner", TTL).unwrap();
    let failed = hall.batch(|hall| {
        hall.put_with("a", 1, owned("planner"))?;
        hall.delete_with("a", statehall::DeleteOptions { expect: Some(99), touch: false })
    });
    assert!(failed.is_err());
    hall.put("a", 1).unwrap();
    hall.batch(|hall| {
        hall.put_with("b", 1, owned("planner"))?;
        hall.put_with("c", 1, owned("planner"))?;
        hall.put("c", 2)?;
        clock.advance(1_000);
        hall.advance()?;
        assert!(hall.has("b")?);
        Ok::<_, statehall::Error>(())
    })
    .unwrap();
    hall.advance().unwrap();
    assert_eq!(hall.keys("**").unwrap().iter().map(|key| key.text()).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn owners_are_limited() {
    let (hall, _) = begin(Limits { owners: 1, ..Limits::default() });
    hall.owner("a", TTL).unwrap();
    assert_eq!(hall.owner("b", TTL).unwrap_err().code, Code::Limit);
    assert_eq!(hall.put_with("k", 1, owned("b")).unwrap_err().code, Code::Limit);
    assert!(!hall.has("k").unwrap());
    hall.end("a").unwrap();
    hall.owner("b", TTL).unwrap();
}
