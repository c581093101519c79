//! A context as a plain record, with ISO times.

use crate::error::{Code, Error};
use crate::replica::strict::record::Record;
use crate::value::Value;
use std::rc::Rc;

/// A context as it was when it was read. It does not change with the context, nor the context with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextRecord {
    /// The name.
    pub id: Rc<str>,
    /// The version.
    pub version: u64,
    /// The document.
    pub data: Value,
    /// The owner that holds it.
    pub locked_by: Option<Rc<str>>,
    /// When it was created, in Unix milliseconds.
    pub created_ms: Option<u64>,
    /// When it was last changed.
    pub updated_ms: Option<u64>,
}

impl ContextRecord {
    pub(super) fn of(key: &Rc<str>, record: &Record, value: Option<Value>) -> Self {
        Self {
            id: key.clone(),
            version: record.version,
            data: value.unwrap_or_default(),
            locked_by: record.holders.first().map(|holder| holder.owner.clone()),
            created_ms: Some(record.created_ms),
            updated_ms: Some(record.updated_ms),
        }
    }

    /// As a map: `context_id`, `version`, `data`, `locked_by`, `created_at` and `updated_at`.
    pub fn to_value(&self) -> Value {
        let time = |ms: Option<u64>| ms.map_or(Value::Null, |ms| iso(ms).into());
        Value::from([
            ("context_id", (&*self.id).into()),
            ("version", Value::Integer(i64::try_from(self.version).unwrap_or(i64::MAX))),
            ("data", self.data.clone()),
            ("locked_by", self.locked_by.as_deref().map_or(Value::Null, Value::from)),
            ("created_at", time(self.created_ms)),
            ("updated_at", time(self.updated_ms)),
        ])
    }

    /// From such a map. `context_id`, `version` and `data` must be there.
    ///
    /// Errors: `invalid-argument` with the member that is missing or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let wrong = |member: &str, what: &str| {
            Error::new(Code::InvalidArgument, format!("the member {member:?} of a context is {what}"))
        };
        let member = |name: &str| value.as_map().and_then(|members| members.get(name));
        let present = |name: &str| member(name).filter(|value| !matches!(value, Value::Null));
        let text = |name: &str| {
            let text = |value: &Value| value.as_text().map(Rc::from).ok_or_else(|| wrong(name, "a text"));
            present(name).map(text).transpose()
        };
        let time = |name: &str| {
            let ms =
                |text: Rc<str>| parse_iso(&text).ok_or_else(|| wrong(name, "a time like 2024-01-31T23:59:59.999Z"));
            text(name)?.map(ms).transpose()
        };
        let version = member("version").and_then(Value::as_integer).and_then(|version| u64::try_from(version).ok());
        Ok(Self {
            id: text("context_id")?.filter(|id| !id.is_empty()).ok_or_else(|| wrong("context_id", "a text"))?,
            version: version.filter(|&version| version > 0).ok_or_else(|| wrong("version", "a count from 1"))?,
            data: member("data").cloned().ok_or_else(|| wrong("data", "the document"))?,
            locked_by: text("locked_by")?,
            created_ms: time("created_at")?,
            updated_ms: time("updated_at")?,
        })
    }
}

const DAY_MS: u64 = 86_400_000;
/// The last time that has a year of four digits.
const LAST_MS: u64 = 253_402_300_799_999;

/// Unix milliseconds as text in UTC. Source: "chrono-compatible low-level date algorithms" by H. Hinnant.
fn iso(ms: u64) -> String {
    let ms = ms.min(LAST_MS);
    let (days, rest) = (ms / DAY_MS + 719_468, ms % DAY_MS);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let of_years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = of_years + era * 400 + u64::from(month <= 2);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, millis) = (rest / 1_000 % 60, rest % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// The time that [`iso`] writes so; `None` for any other text.
fn parse_iso(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hours, minutes, seconds, millis) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    let years = year.checked_sub(u64::from(month <= 2))?;
    let (era, of_era) = (years / 400, years % 400);
    let from_march = (month + 9) % 12;
    let of_year = ((153 * from_march + 2) / 5 + day).checked_sub(1)?;
    let days = (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)?;
    let ms = days * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + millis;
    (iso(ms) == text).then_some(ms)
}
