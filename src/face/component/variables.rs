//! `interface variables`: declared keys.

use super::Component;
use super::convert::{error_out, put_in, selector_in, value_in, value_out, written_out};
use super::hall::Hall;
use super::held::Held;
use super::wit::state::{PutOptions, Written};
use super::wit::types::{self, Cbor, Error, Selector};
use super::wit::variables::{Guest, HallBorrow, Variable};
use crate::codec::{parse_value, write_value};
use crate::error;
use crate::kernel::{Command, Kernel, Measured};
use crate::key::Key;
use crate::state::declaration::{Declaration, merged};
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

    fn set(
        hall: HallBorrow<'_>,
        key: String,
        value: types::Value,
        options: Option<PutOptions>,
        now_ms: u64,
    ) -> Answer<Written> {
        let hall = hall.get::<Hall>();
        hall.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session.with(|kernel| set(kernel, &key, value, options, hall.agent().as_ref(), unix_ms))
        })
    }

    fn set_many(
        hall: HallBorrow<'_>,
        values: Vec<(String, types::Value)>,
        now_ms: u64,
    ) -> Answer<Vec<(String, Error)>> {
        let hall = hall.get::<Hall>();
        hall.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            let mut refused = Vec::new();
            for (key, value) in values {
                let set = session.with(|kernel| set(kernel, &key, value, None, hall.agent().as_ref(), unix_ms));
                refused.extend(set.err().map(|reason| (key, error_out(reason))));
            }
            Ok(refused)
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

    fn export_variables(hall: HallBorrow<'_>) -> Answer<Cbor> {
        hall.get::<Hall>().run(|session| {
            let mut bytes = Cbor::new();
            write_value(&session.ask(Kernel::export_variables), &mut bytes);
            Ok(bytes)
        })
    }

    fn import_variables(hall: HallBorrow<'_>, exported: Cbor, now_ms: u64) -> Answer<()> {
        let hall = hall.get::<Hall>();
        hall.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session.with(|kernel| kernel.import_variables(&exported, &hall.agent(), unix_ms))
        })
    }
}

/// Sets a variable, so that its metadata stay.
fn set(
    kernel: &mut Kernel<Held>,
    key: &str,
    value: types::Value,
    options: Option<PutOptions>,
    agent: &str,
    unix_ms: u64,
) -> Result<Written, error::Error> {
    let mut put = put_in(key, value, options, agent.into(), kernel.limits())?;
    if let Command::Put { key, metadata, .. } = &mut put {
        kernel.check_key(key)?;
        kernel.known(key.text())?;
        let there = kernel.entry(key.text()).and_then(|entry| entry.metadata.as_ref()).map(encoded);
        if let Some(there) = there {
            let given = metadata.take().map(|given| encoded(&given.value));
            let [under, over] = [Some(there), given].map(|bytes| parse_value(&bytes?).ok());
            *metadata = Some(measured(&merged(under, over).into()));
        }
    }
    kernel.apply(put, unix_ms).map(written_out)
}

fn measured(value: &Value) -> Measured<Held> {
    let mut bytes = Vec::new();
    write_value(value, &mut bytes);
    Measured { bytes: bytes.len() as u64, value: Held::decode(&bytes, &mut ()) }
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
