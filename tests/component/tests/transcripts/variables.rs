//! Variables, as the host asks for them.

use super::crossing::{error_out, written_out};
use super::face::Failure;
use super::host::{Host, put_options};
use statehall::{Error, PutOptions, Value, Written, codec};
use statehall_component_tests::types::Selector;
use statehall_component_tests::values::{cbor_in, value_in, value_out};

/// Asks something of variables.
macro_rules! ask {
    ($host:ident, $call:ident $(, $argument:expr)*) => {{
        let hall = $host.hall();
        $host.session().try_call(|store, kernel| kernel.statehall_hall_variables().$call(store, hall $(, $argument)*))
    }};
}

pub fn declare(host: &Host, key: &str, declaration: &Value) -> Result<(), Error> {
    ask!(host, call_declare, key, &cbor_in(declaration))
}

pub fn undeclare(host: &Host, key: &str) -> Result<bool, Error> {
    ask!(host, call_undeclare, key)
}

pub fn variable(host: &Host, key: &str) -> Result<(Option<Value>, bool), Failure> {
    let variable = ask!(host, call_get, key)?.ok_or("a key that is not declared")?;
    Ok((variable.value.map(value_out), variable.violation.is_some()))
}

pub fn facts(host: &Host, key: &str) -> Result<Value, Failure> {
    let variable = ask!(host, call_get, key)?.ok_or("a key that is not declared")?;
    Ok(codec::read_value(&variable.metadata)?)
}

pub fn variables(host: &Host, selector: &Selector) -> Result<Vec<String>, Error> {
    Ok(ask!(host, call_variables, selector)?.into_iter().map(|variable| variable.key).collect())
}

pub fn set(host: &Host, key: &str, value: &Value, options: PutOptions) -> Result<Written, Error> {
    let (value, now_ms) = (value_in(value), host.session().unix_ms());
    let plain = options.expect.is_none() && options.metadata.is_none() && options.ttl_ms.is_none() && !options.touch;
    let options = (!plain).then(|| put_options(options));
    ask!(host, call_set, key, &value, options.as_ref(), now_ms).map(written_out)
}

pub fn set_many(host: &Host, values: Vec<(String, Value)>) -> Result<Vec<(String, Error)>, Error> {
    let values: Vec<_> = values.iter().map(|(key, value)| (key.clone(), value_in(value))).collect();
    let now_ms = host.session().unix_ms();
    let refused = ask!(host, call_set_many, &values, now_ms)?;
    Ok(refused.into_iter().map(|(key, error)| (key, error_out(error))).collect())
}

pub fn export(host: &Host) -> Result<Value, Error> {
    codec::read_value(&ask!(host, call_export_variables)?)
}

pub fn import(host: &Host, exported: &Value) -> Result<(), Error> {
    let mut bytes = Vec::new();
    codec::write_value(exported, &mut bytes);
    let now_ms = host.session().unix_ms();
    ask!(host, call_import_variables, &bytes, now_ms)
}
