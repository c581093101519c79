//! Owners with everything that a host might get wrong.

use super::subject::{NOW_MS, Subject};
use statehall_component_tests::at;
use statehall_component_tests::owners::OwnerState;
use statehall_component_tests::types::{Code, Value};

/// Asks something of owners.
macro_rules! ask {
    ($subject:ident, $call:ident, $($argument:expr),*) => {{
        let hall = $subject.hall;
        $subject.call(|store, kernel| kernel.statehall_hall_owners().$call(store, hall, $($argument),*))
    }};
}

const ONE: Value = Value::Integer(1);

#[test]
fn what_is_no_name_and_no_time_to_live_is_refused_and_changes_nothing() {
    let mut subject = Subject::new(false);
    let long = "x".repeat(257);
    for name in ["", &long] {
        subject.unchanged("a name", |subject| {
            assert_eq!(ask!(subject, call_open, name, None, NOW_MS).expect_err(name).code, Code::InvalidArgument);
            let put = ask!(subject, call_put, name, "k", &ONE, None, NOW_MS);
            assert_eq!(put.expect_err(name).code, Code::InvalidArgument);
            assert!(matches!(ask!(subject, call_standing, name, NOW_MS), Ok(OwnerState::Unknown)));
            assert!(ask!(subject, call_touch, name, NOW_MS).is_ok(), "it was never opened, so it has not ended");
        });
    }
    for ttl_ms in [0, 1 << 47, u64::MAX] {
        let opened = ask!(subject, call_open, "a", Some(ttl_ms), NOW_MS);
        assert_eq!(opened.expect_err("no time").code, Code::InvalidArgument);
    }
    for now_ms in [1 << 48, u64::MAX] {
        let code = Code::InvalidArgument;
        assert_eq!(ask!(subject, call_open, "a", None, now_ms).expect_err("no time").code, code);
        assert_eq!(ask!(subject, call_touch, "a", now_ms).expect_err("no time").code, code);
        assert_eq!(ask!(subject, call_standing, "a", now_ms).expect_err("no time").code, code);
        assert_eq!(ask!(subject, call_put, "a", "k", &ONE, None, now_ms).expect_err("no time").code, code);
    }
    for key in ["", "a//b", "**"] {
        let put = ask!(subject, call_put, "a", key, &ONE, None, NOW_MS);
        assert_eq!(put.expect_err(key).code, Code::InvalidKey);
    }
    let cut = Value::Cbor(vec![0x82, 0x01]);
    let put = ask!(subject, call_put, "a", "k", &cut, None, NOW_MS);
    assert_eq!(put.expect_err("cut off").code, Code::InvalidValue);
    assert!(matches!(ask!(subject, call_standing, "a", NOW_MS), Ok(OwnerState::Unknown)));
    subject.works();
}

#[test]
fn an_owner_expires_and_is_refused_until_it_is_opened_again() {
    let mut subject = Subject::new(false);
    ask!(subject, call_open, "a", Some(1_000), NOW_MS).expect("an owner");
    ask!(subject, call_put, "a", "k", &ONE, None, NOW_MS + 400).expect("a put");
    assert!(matches!(ask!(subject, call_standing, "a", NOW_MS + 500), Ok(OwnerState::Open(Some(900)))));
    // A clock that was set back, or far ahead, is no reason to fail.
    assert!(matches!(ask!(subject, call_standing, "a", 0), Ok(OwnerState::Open(Some(_)))));
    assert!(matches!(ask!(subject, call_standing, "a", NOW_MS * 2), Ok(OwnerState::Open(Some(0)))));
    subject.ask(|hall, store, this| hall.call_advance(store, this, at(NOW_MS + 1_400))).expect("time");
    assert!(matches!(ask!(subject, call_standing, "a", NOW_MS + 1_400), Ok(OwnerState::Ended)));
    assert!(!subject.ask(|hall, store, this| hall.call_has(store, this, "k")).expect("an answer"));
    assert_eq!(ask!(subject, call_touch, "a", NOW_MS + 1_400).expect_err("it has ended").code, Code::Closed);
    let put = ask!(subject, call_put, "a", "k", &ONE, None, NOW_MS + 1_400);
    assert_eq!(put.expect_err("it has ended").code, Code::Closed);
    ask!(subject, call_open, "a", None, NOW_MS + 1_400).expect("an owner");
    assert!(matches!(ask!(subject, call_standing, "a", NOW_MS + 1_400), Ok(OwnerState::Open(None))));
    subject.ask(|hall, store, this| hall.call_close(store, this));
    assert_eq!(ask!(subject, call_touch, "a", NOW_MS).expect_err("closed").code, Code::Closed);
    assert_eq!(ask!(subject, call_standing, "a", NOW_MS).expect_err("closed").code, Code::Closed);
}
