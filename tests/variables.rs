//! Variables of the Rust face: the cases of the store that they replace, and what it lacks.

#[path = "variables/carrying.rs"]
mod carrying;
mod support;

use statehall::{Change, Code, Error, Hall, Keys, ManualClock, Options, PutOptions, Value, Variable, WatchOptions};
use std::cell::RefCell;
use std::rc::Rc;

fn open() -> Hall {
    Hall::open(Options { seed: Some(1), ..Options::default() }).expect("right options")
}

/// Two halls of one name, and a way to let them exchange what they have.
fn pair() -> (Hall, Hall, impl Fn()) {
    let clock = ManualClock::new(1_700_000_000_000);
    let open = |seed| {
        let options = Options { seed: Some(seed), share: true, clock: Box::new(clock.clone()), ..Options::default() };
        Hall::open(options).expect("right options")
    };
    let (a, b) = (open(1), open(2));
    let (left, right) = (a.clone(), b.clone());
    let exchange = move || {
        for _ in 0..300 {
            clock.advance(10);
            for (from, to) in [(&left, &right), (&right, &left)] {
                from.advance().expect("open");
                from.frames().for_each(|frame| to.receive(&frame).expect("a good frame"));
            }
        }
    };
    (a, b, exchange)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.expect_err("an error").code
}

fn temperature(hall: &Hall) -> Result<Variable, Error> {
    hall.variable(
        "temperature",
        [("type", "float".into()), ("value", 0.7.into()), ("min", 0.into()), ("max", 2.into())],
    )
}

/// X01, X05, X29.
#[test]
fn a_variable_is_set_read_and_reset() -> Result<(), Error> {
    let hall = open();
    let greeting = hall.variable("greeting", [("type", "text".into())])?;
    assert_eq!((greeting.get()?, greeting.get_or("none")?, greeting.is_set()?), (None, "none".into(), false));
    greeting.set("hello")?;
    let again = hall.variable(["greeting"], [("type", "text".into())])?;
    assert_eq!(again.get()?, Some("hello".into()));
    again.set("world")?;
    assert_eq!((greeting.get()?, hall.get("greeting")?), (Some("world".into()), Some("world".into())));
    assert!(greeting.reset()?.changed);
    assert_eq!((greeting.get()?, greeting.is_set()?), (None, false));
    assert!(!greeting.reset()?.changed);
    hall.close();
    assert_eq!((refused(greeting.get()), refused(greeting.set("x"))), (Code::Closed, Code::Closed));
    Ok(())
}

/// X02, X04, X13: all, some with reasons, none.
#[test]
fn many_are_set_at_once() -> Result<(), Error> {
    let hall = open();
    for key in ["a", "b", "c"] {
        hall.variable(key, [("type", "integer".into()), ("value", 0.into()), ("max", 99.into())])?;
    }
    assert!(hall.set_many([("a", 10), ("b", 20), ("c", 30)])?.is_empty());
    let values = |keys: &[&str]| -> Result<Vec<Option<Value>>, Error> {
        hall.variables(Keys(keys.iter().copied()))?.iter().map(Variable::get).collect()
    };
    assert_eq!(values(&["c", "zz", "a"])?, [Some(10.into()), Some(30.into())]);
    assert_eq!(values(&["yy", "zz"])?, []);
    let reasons = hall.set_many([("a", 11), ("b", 100), ("zz", 1)])?;
    let reasons: Vec<_> = reasons.iter().map(|(key, error)| (key.as_str(), error.code)).collect();
    assert_eq!(reasons, [("b", Code::ConstraintViolation), ("zz", Code::InvalidArgument)]);
    assert_eq!(values(&["a", "b"])?, [Some(11.into()), Some(20.into())]);
    let error = hall.batch(|hall| {
        hall.put("a", 12)?;
        hall.put("b", 100)
    });
    let error = error.expect_err("all or none");
    assert_eq!((error.code, error.detail.starts_with("command 2 (put \"b\"): ")), (Code::ConstraintViolation, true));
    assert_eq!(values(&["a", "b"])?, [Some(11.into()), Some(20.into())]);
    Ok(())
}

/// X06, X31: declaring alike is the same variable, whoever does it and however often.
#[test]
fn a_key_is_declared_once() -> Result<(), Error> {
    let hall = open();
    let first = temperature(&hall)?;
    first.set(1.5)?;
    for _ in 0..50 {
        assert_eq!(temperature(&hall)?.get()?, Some(1.5.into()));
    }
    let other = [("type", "float".into()), ("value", 0.7.into()), ("min", 0.into()), ("max", 3.into())];
    assert_eq!(refused(hall.variable("temperature", other.clone())), Code::DeclarationConflict);
    assert_eq!((first.get()?, refused(first.set(3))), (Some(1.5.into()), Code::ConstraintViolation));
    assert!(hall.undeclare("temperature")?);
    assert!(!hall.undeclare("temperature")?);
    hall.put("temperature", "hot")?;
    let warm = hall.variable("temperature", other)?;
    assert_eq!(
        (warm.get()?, warm.violation()?.map(|error| error.code)),
        (Some(0.7.into()), Some(Code::ConstraintViolation))
    );
    Ok(())
}

/// X08, X09: nothing is declared by a declaration that is refused.
#[test]
fn a_wrong_declaration_declares_nothing() -> Result<(), Error> {
    let hall = open();
    assert_eq!(refused(hall.variable("k", [("type", "no such type".into())])), Code::InvalidDeclaration);
    let broken = [("type", "float".into()), ("value", 3.into()), ("max", 2.into())];
    assert_eq!(refused(hall.variable("k", broken)), Code::InvalidDeclaration);
    assert_eq!(refused(hall.variable("k", "float")), Code::InvalidDeclaration);
    assert_eq!(refused(hall.variable("", [("type", "float".into())])), Code::InvalidKey);
    assert!(hall.variables("**")?.is_empty());
    hall.put("k", "anything")?;
    Ok(())
}

/// X10, X11, X12, X23 to X27: what is set is judged and coerced, through every door.
#[test]
fn no_door_goes_around_a_declaration() -> Result<(), Error> {
    let hall = open();
    let steps = hall.variable("steps", [("type", "integer".into()), ("value", 0.into()), ("max", 9.into())])?;
    let revision = steps.set(2.0)?.revision;
    assert_eq!(hall.get("steps")?, Some(2.into()));
    let wrong = || -> Vec<Code> {
        let expiring = PutOptions { ttl_ms: Some(1), ..PutOptions::default() };
        vec![
            refused(steps.set(10)),
            refused(steps.set(2.5)),
            refused(hall.put("steps", 10)),
            refused(hall.put(["steps"], "2")),
            refused(hall.put_with("steps", 10, expiring)),
            refused(hall.update("steps", 0, |_| 10.into())),
            refused(steps.update(|_| 10.into())),
            refused(hall.batch(|hall| hall.put("steps", 10))),
            refused(hall.as_agent("other").expect("open").put("steps", 10)),
        ]
    };
    assert_eq!(wrong(), [Code::ConstraintViolation; 9]);
    assert_eq!((steps.get()?, hall.revision()?), (Some(2.into()), revision));
    assert!(!steps.set(2.0)?.changed, "an equal value is no change, once it is coerced");
    steps.reset()?;
    assert_eq!(wrong(), [Code::ConstraintViolation; 9], "nor is there a door while it is not set");
    assert_eq!(hall.update("steps", 0, |_| 3.0.into())?, 3.into());
    let embedding = hall.variable("e", [("type", "embedding".into()), ("dimensions", 2.into())])?;
    embedding.set(vec![Value::from(1), 2.5.into()])?;
    assert_eq!(hall.get("e")?, Some(vec![Value::from(1), 2.5.into()].into()));
    assert_eq!(refused(embedding.set(vec![Value::from(1)])), Code::ConstraintViolation);
    Ok(())
}

/// X16.
#[test]
fn metadata_join_those_that_are_there() -> Result<(), Error> {
    let hall = open();
    let facts = Value::from([("unit", "kelvin".into()), ("source", "declared".into())]);
    let declaration = [("type", "float".into()), ("description", "how warm".into()), ("metadata", facts)];
    let warmth = hall.variable("warmth", declaration)?;
    let given = |name: &str, value: &str| PutOptions {
        metadata: Some(Value::from([(name, value.into())])),
        ..PutOptions::default()
    };
    warmth.set_with(1, given("source", "probe"))?;
    warmth.set_with(2, given("by", "ann"))?;
    warmth.set(3)?;
    warmth.update(|warmth| (warmth.as_float().unwrap_or_default() + 1.0).into())?;
    assert_eq!(warmth.get()?, Some(4.into()));
    let known: Vec<_> = warmth.metadata()?.into_iter().collect();
    let expected = [("by", "ann"), ("source", "probe"), ("unit", "kelvin")];
    assert_eq!(known, expected.map(|(name, value)| (name.to_owned(), Value::from(value))));
    assert_eq!(warmth.declaration().description(), Some("how warm"));
    let list = PutOptions { metadata: Some(1.into()), ..PutOptions::default() };
    assert_eq!(refused(warmth.set_with(5, list)), Code::InvalidValue);
    Ok(())
}

/// X20, and that a variable is listed whether or not it is set.
#[test]
fn a_list_is_of_what_is_declared_and_selected() -> Result<(), Error> {
    let hall = open();
    for key in ["temp/gpu", "temp/cpu", "memory", "x/temp/a"] {
        hall.variable(key, [("type", "any".into())])?;
    }
    hall.put("temp/undeclared", 1)?;
    let listed = |selector: &str| -> Result<Vec<String>, Error> {
        Ok(hall.variables(selector)?.iter().map(|variable| variable.key().text().to_owned()).collect())
    };
    assert_eq!(listed("temp/*")?, ["temp/cpu", "temp/gpu"]);
    assert_eq!(listed("memory")?, ["memory"]);
    assert_eq!(listed("**")?, ["memory", "temp/cpu", "temp/gpu", "x/temp/a"]);
    assert_eq!(hall.keys("**")?.len(), 1, "a declaration is no entry");
    assert_eq!(hall.revision()?, 1, "nor a change");
    Ok(())
}

/// X30.
#[test]
fn an_update_loses_nothing_and_begins_with_the_default() -> Result<(), Error> {
    let hall = open();
    let count = hall.variable("count", [("type", "integer".into()), ("value", 7.into())])?;
    for agent in 0..10 {
        let hall = hall.as_agent(&format!("agent {agent}"))?;
        let own = hall.variable("count", [("type", "integer".into()), ("value", 7.into())])?;
        for _ in 0..10 {
            own.update(|count| (count.as_integer().unwrap_or_default() + 1).into())?;
        }
    }
    assert_eq!(count.get()?, Some(107.into()));
    Ok(())
}

type Heard = Rc<RefCell<Vec<(Option<Value>, Option<Value>, bool, bool)>>>;

fn log(heard: &Heard) -> impl FnMut(&Change, Option<&Error>) + 'static {
    let heard = heard.clone();
    move |change, violation| {
        let line = (change.old.clone(), change.value.clone(), change.initial, violation.is_some());
        heard.borrow_mut().push(line);
    }
}

/// X40 to X42, X44, X54.
#[test]
fn a_watch_hears_what_the_variable_shows() -> Result<(), Error> {
    let hall = open();
    let warmth = temperature(&hall)?;
    let (heard, jumps) = (Heard::default(), Heard::default());
    let initial = || WatchOptions { initial: true, ..WatchOptions::default() };
    let _all = warmth.watch(initial(), log(&heard))?;
    let jump = |change: &Change| {
        let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_float).unwrap_or_default();
        (number(&change.value) - number(&change.old)).abs() > 1.0
    };
    let _jumps = warmth.watch(WatchOptions { filter: Some(Box::new(jump)), ..WatchOptions::default() }, log(&jumps))?;
    warmth.set(1)?;
    warmth.set(1.0)?;
    refused(warmth.set(3));
    warmth.reset()?;
    warmth.set(2)?;
    let (default, one, two) = (Some(Value::from(0.7)), Some(Value::from(1)), Some(Value::from(2)));
    let first = (None, default.clone(), true, false);
    let changes = [(&default, &one), (&one, &default), (&default, &two)];
    let changes = changes.map(|(old, new)| (old.clone(), new.clone(), false, false));
    assert_eq!(*heard.borrow(), [[first].as_slice(), &changes].concat());
    assert_eq!(*jumps.borrow(), [(default, two.clone(), false, false)], "a filter is given what is shown");
    let late = Heard::default();
    let _late = warmth.watch(initial(), log(&late))?;
    assert_eq!(*late.borrow(), [(None, two, true, false)], "one initial value, not two");
    let silent = Hall::open(Options { notify: false, ..Options::default() })?;
    let unheard = Heard::default();
    let _unheard = temperature(&silent)?.watch(initial(), log(&unheard))?;
    assert!(unheard.borrow().is_empty());
    let capacity = WatchOptions { capacity: Some(1), ..WatchOptions::default() };
    assert_eq!(refused(warmth.watch(capacity, |_, _| {})), Code::InvalidArgument);
    Ok(())
}

/// An initial value waits for its turn like all others: nobody is called within another.
#[test]
fn a_watch_that_a_watcher_opens_hears_the_default_in_its_turn() -> Result<(), Error> {
    let hall = open();
    let warmth = temperature(&hall)?;
    let (order, kept) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(Vec::new())));
    let (told, keep, within) = (order.clone(), kept.clone(), warmth.clone());
    let watch = hall.watch("start", WatchOptions::default(), move |_| {
        let inner = told.clone();
        let initial = WatchOptions { initial: true, ..WatchOptions::default() };
        let watch = within.watch(initial, move |_, _| inner.borrow_mut().push("inner"));
        keep.borrow_mut().push(watch.expect("open"));
        told.borrow_mut().push("outer");
    })?;
    hall.put("start", 1)?;
    assert_eq!(*order.borrow(), ["outer", "inner"]);
    drop(watch);
    kept.borrow_mut().clear();
    Ok(())
}

/// A remote value is merged whether it fits or not; who has declared shows the default and says why.
#[test]
fn what_another_session_wrote_is_merged_and_shown_if_it_fits() -> Result<(), Error> {
    let (a, b, exchange) = pair();
    let warmth = temperature(&a)?;
    let heard = Heard::default();
    let _watch = warmth.watch(WatchOptions::default(), log(&heard))?;
    exchange();
    assert_eq!(b.get("temperature")?, None, "a default is no write");
    b.put("temperature", 1.25)?;
    exchange();
    assert_eq!((warmth.get()?, warmth.violation()?), (Some(1.25.into()), None));
    b.put("temperature", "hot")?;
    exchange();
    assert_eq!((warmth.get()?, a.get("temperature")?), (Some(0.7.into()), Some("hot".into())));
    assert_eq!(warmth.violation()?.map(|error| error.code), Some(Code::ConstraintViolation));
    assert_eq!(a.snapshot()?, b.snapshot()?, "the sessions agree although one has declared");
    let late = Heard::default();
    let initial = WatchOptions { initial: true, ..WatchOptions::default() };
    let _late = warmth.watch(initial, log(&late))?;
    assert_eq!(*late.borrow(), [(None, Some(0.7.into()), true, true)]);
    // An update begins with what is shown, and mends it.
    warmth.update(|shown| (shown.as_float().unwrap_or_default() + 0.3).into())?;
    exchange();
    assert_eq!((warmth.violation()?, b.get("temperature")?), (None, Some(1.into())));
    let lines: [(Value, Value, bool); 3] =
        [(0.7.into(), 1.25.into(), false), (1.25.into(), 0.7.into(), true), (0.7.into(), 1.into(), false)];
    let lines = lines.map(|(old, new, violation)| (Some(old), Some(new), false, violation));
    assert_eq!(*heard.borrow(), lines);
    Ok(())
}

/// Constraints that relate the old value to the new one bind local writes.
#[test]
fn a_change_is_judged_by_what_it_changes() -> Result<(), Error> {
    let hall = open();
    let step = hall.variable("step", [("type", "integer".into()), ("monotonic", "increasing".into())])?;
    step.set(3)?;
    assert_eq!(refused(step.set(2)), Code::ConstraintViolation);
    step.set(4)?;
    let fixed = hall.variable("fixed", [("type", "text".into()), ("immutable", true.into())])?;
    fixed.set("once")?;
    assert!(!fixed.set("once")?.changed);
    assert_eq!(refused(fixed.set("twice")), Code::ConstraintViolation);
    let slow = hall.variable("slow", [("type", "float".into()), ("maxDelta", 1.into())])?;
    slow.set(1)?;
    assert_eq!(refused(hall.put("slow", 2.5)), Code::ConstraintViolation);
    slow.set(2)?;
    // In a batch each write is judged by the one before it.
    let jump = hall.batch(|hall| {
        hall.put("slow", 3)?;
        hall.put("slow", 4)
    });
    assert!(jump.is_ok());
    Ok(())
}

/// Declarations are bounded, and one that is taken back leaves nothing.
#[test]
fn declarations_are_bounded() -> Result<(), Error> {
    let mut options = Options { seed: Some(1), ..Options::default() };
    options.limits.entries = 2;
    let hall = Hall::open(options)?;
    let declare = |key: &str| hall.variable(key, [("type", "any".into())]);
    declare("a")?;
    declare("b")?;
    declare("a")?;
    assert_eq!(refused(declare("c")), Code::Limit);
    assert!(hall.undeclare("a")?);
    declare("c")?.set(1)?;
    assert_eq!(hall.variables("**")?.len(), 2);
    // What a batch wrote and took back leaves nothing either, in whatever order.
    let undone: Result<(), Error> = hall.batch(|hall| {
        hall.undeclare("c")?;
        hall.put("e", 1)?;
        hall.delete("e")?;
        hall.undeclare("b")?;
        Err(Error::new(Code::Conflict, "on purpose"))
    });
    assert_eq!(refused(undone), Code::Conflict);
    assert_eq!((hall.keys("**")?.len(), hall.variables("**")?.len()), (1, 0), "a declaration is not rolled back");
    declare("b")?;
    declare("c")?;
    // A batch that is rolled back puts nothing in the way of a declaration made within it.
    let failed = hall.batch(|hall| {
        hall.undeclare("b")?;
        hall.put("d", 1)?;
        hall.variable("d", [("type", "integer".into())])?;
        hall.put("d", "text")
    });
    assert_eq!(refused(failed), Code::ConstraintViolation);
    assert_eq!((hall.has("d")?, hall.variables("**")?.len()), (false, 2));
    assert_eq!(refused(hall.put("d", "text")), Code::ConstraintViolation);
    Ok(())
}
