//! Variables with everything that a host might get wrong.

use super::subject::{NOW_MS, Subject};
use statehall::Value as Plain;
use statehall_component_tests::types::{Code, Selector, Value};
use statehall_component_tests::values::cbor_in;

/// Asks something of variables.
macro_rules! ask {
    ($subject:ident, $call:ident, $($argument:expr),*) => {{
        let hall = $subject.hall;
        $subject.call(|store, kernel| kernel.statehall_hall_variables().$call(store, hall, $($argument),*))
    }};
}

#[test]
fn what_is_no_declaration_declares_nothing() {
    let mut subject = Subject::new(false);
    let good = cbor_in(&Plain::from([("type", "integer".into()), ("value", 5.into())]));
    let every = Selector::Text("**".into());
    for key in ["", "/", "a//b", "*", "a/**", "a~2"] {
        assert_eq!(ask!(subject, call_declare, key, &good).expect_err(key).code, Code::InvalidKey);
        assert_eq!(ask!(subject, call_undeclare, key).expect_err(key).code, Code::InvalidKey);
        assert_eq!(ask!(subject, call_get, key).expect_err(key).code, Code::InvalidKey);
    }
    for bytes in [vec![], vec![0xff], vec![0x01], vec![0x9f, 0xff]] {
        assert_eq!(ask!(subject, call_declare, "a", &bytes).expect_err("no map").code, Code::InvalidValue);
    }
    for bytes in [vec![0x80], vec![0xa0]] {
        assert_eq!(ask!(subject, call_declare, "a", &bytes).expect_err("no type").code, Code::InvalidDeclaration);
    }
    assert!(ask!(subject, call_variables, &every).expect("a list").is_empty());
    assert!(ask!(subject, call_get, "a").expect("an answer").is_none());

    ask!(subject, call_declare, "n", &good).expect("declared");
    let other = cbor_in(&Plain::from([("type", "integer".into())]));
    assert_eq!(ask!(subject, call_declare, "n", &other).expect_err("another").code, Code::DeclarationConflict);
    let text = Value::Text("x".into());
    let put = subject.ask(|hall, store, this| hall.call_put(store, this, "n", &text, NOW_MS));
    assert_eq!(put.expect_err("no integer").code, Code::ConstraintViolation);
    let listed = ask!(subject, call_variables, &every).expect("a list");
    assert!(listed.len() == 1 && !listed[0].is_set && matches!(listed[0].value, Some(Value::Integer(5))));
    assert_eq!(listed[0].metadata, [0xa0]);
    assert!(ask!(subject, call_undeclare, "n").expect("an answer"));
    assert!(!ask!(subject, call_undeclare, "n").expect("an answer"));
    subject.works();
    subject.ask(|hall, store, this| hall.call_close(store, this));
    assert_eq!(ask!(subject, call_get, "n").expect_err("closed").code, Code::Closed);
}
