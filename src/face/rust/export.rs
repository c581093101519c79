//! The state for people.

use super::{Hall, IntoSelector};
use crate::error::Error;
use crate::value::Value;

impl Hall {
    /// The selected entries as JSON text, with the keys in order. Not an exchange format: bytes
    /// are base64 text, numbers that are not finite are their names as text, and metadata, times
    /// and stamps are left out.
    ///
    /// Errors: as [`Hall::keys`].
    ///
    /// ```
    /// use statehall::{Hall, Options, Value};
    /// let hall = Hall::open(Options::default())?;
    /// let steps = vec![Value::from(1), f64::NAN.into()];
    /// hall.put("plan", [("done", false.into()), ("steps", steps.into())])?;
    /// hall.put("seal", Value::from(&b"hi"[..]))?;
    /// assert_eq!(hall.export("**")?, r#"{
    ///   "plan": {"done": false, "steps": [1, "NaN"]},
    ///   "seal": "aGk="
    /// }"#);
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn export(&self, selector: impl IntoSelector) -> Result<String, Error> {
        let lines = self.list(selector, |key, entry| {
            let mut line = String::new();
            write_text(key.text(), &mut line);
            line.push_str(": ");
            write(&entry.value, &mut line);
            line
        })?;
        Ok(if lines.is_empty() { "{}".into() } else { format!("{{\n  {}\n}}", lines.join(",\n  ")) })
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_finite() => out.push_str(&format!("{number:?}")),
        Value::Float(number) if number.is_nan() => out.push_str("\"NaN\""),
        Value::Float(number) => out.push_str(if *number > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }),
        Value::Text(text) => write_text(text, out),
        Value::Bytes(bytes) => write_base64(bytes, out),
        Value::List(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(members) => {
            out.push('{');
            for (position, (name, item)) in members.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                write_text(name, out);
                out.push_str(": ");
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// RFC 4648, with padding.
fn write_base64(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push('"');
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out.push('"');
}
