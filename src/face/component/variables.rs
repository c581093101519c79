//! `interface variables`: declared keys.

use super::Component;
use super::convert::{error_out, selector_in, value_in, value_out};
use super::hall::Hall;
use super::held::Held;
use super::wit::types::{self, Cbor, Error, Selector};
use super::wit::variables::{Guest, HallBorrow, Variable};
use crate::codec::{parse_value, write_value};
use crate::kernel::Kernel;
use crate::key::Key;
use crate::state::declaration::Declaration;
use crate::value::{Stored, Value};

type Answer<T> = Result<T, Error>;

impl Guest for Component {
    fn declare(hall: HallBorrow<'_>, key: String, declaration: Cbor) -> Answer<()> {
        hall.get::<Hall>().run(|session| {
            session.with(|kernel| {
                let key = Key::parse(&key)?;
                let given = value_in(types::Value::Cbor(declaration), kernel.limits())?;
                let declaration = Declaration::read(&encoded(&given.value))?;
                kernel.declare(&key, declaration)
            })
        })
    }

    fn undeclare(hall: HallBorrow<'_>, key: String) -> Answer<bool> {
        hall.get::<Hall>().run(|session| {
            let key = Key::parse(&key)?;
            Ok(session.with(|kernel| kernel.undeclare(key.text())))
        })
    }

    fn get(hall: HallBorrow<'_>, key: String) -> Answer<Option<Variable>> {
        hall.get::<Hall>().run(|session| {
            let key = Key::parse(&key)?;
            Ok(session.ask(|kernel| variable(kernel, &key)))
        })
    }

    fn variables(hall: HallBorrow<'_>, selector: Selector) -> Answer<Vec<Variable>> {
        hall.get::<Hall>().run(|session| {
            let selector = selector_in(&selector)?;
            session.ask(|kernel| {
                kernel.check_selector(&selector)?;
                Ok(kernel.declared(&selector).iter().filter_map(|key| variable(kernel, key)).collect())
            })
        })
    }
}

fn variable(kernel: &Kernel<Held>, key: &Key) -> Option<Variable> {
    let declaration = kernel.declaration(key.text())?;
    let entry = kernel.entry(key.text());
    let there = entry.map(|entry| encoded(&entry.value));
    let (value, violation) = declaration.shown(there.as_deref());
    let set = entry.and_then(|entry| parse_value(&encoded(entry.metadata.as_ref()?)).ok());
    let mut metadata = Vec::new();
    write_value(&Value::from(declaration.metadata_under(set)), &mut metadata);
    Some(Variable {
        key: key.text().into(),
        declaration: declaration.bytes().to_vec(),
        value: value.map(|bytes| value_out(&Held::decode(bytes, &mut ()))),
        is_set: entry.is_some(),
        violation: violation.map(error_out),
        metadata,
    })
}

fn encoded(value: &Held) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}
