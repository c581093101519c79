//! What a watch of a transcript passes on, and what it does with too much.

use statehall::{Against, Condition, Filter, Kind, Overflow, Value};

use super::notation::read;

/// What a `throw` panics with.
pub const THROWN: &str = "thrown by a transcript";

/// A filter that a watch may have: a function of the host, or data.
pub enum Choice {
    Function(Filter),
    Data(Condition),
}

/// The filters that a watch may name, or spell as a map.
pub fn predicate(word: &str) -> Result<Choice, String> {
    Ok(Choice::Function(match word {
        "deleted" => Box::new(|change| change.deleted()),
        "present" => Box::new(|change| !change.deleted()),
        "fail" => Box::new(|_| std::panic::panic_any(THROWN)),
        _ if word.starts_with('{') => return condition(&read(word)?).map(Choice::Data),
        _ => return Err(format!("no filter {word:?}")),
    }))
}

fn condition(map: &Value) -> Result<Condition, String> {
    let mut condition = Condition::default();
    for (name, given) in map.as_map().ok_or("a filter is a map")? {
        match name.as_str() {
            "delta" => condition.delta = given.as_float(),
            "crosses" => condition.crosses = given.as_float(),
            "equals" => condition.equals = Some(given.clone()),
            "becomes" => condition.becomes = given.as_list().map(<[Value]>::to_vec),
            "kind" => {
                let kinds = [Kind::Created, Kind::Changed, Kind::Set, Kind::Deleted];
                let is = |kind: &Kind| Some(format!("{kind:?}").to_lowercase().as_str()) == given.as_text();
                condition.kind = Some(kinds.into_iter().find(is).ok_or("a kind is created, changed, set or deleted")?);
            }
            "against" => {
                let delivered = given.as_text() == Some("delivered");
                condition.against = if delivered { Against::Delivered } else { Against::Previous };
            }
            _ => return Err(format!("there is no condition {name:?}")),
        }
    }
    Ok(condition)
}

/// What is to become of too much.
pub fn overflow(name: &str) -> Result<Overflow, String> {
    Ok(match name {
        "coalesce" => Overflow::Coalesce,
        "drop-oldest" => Overflow::DropOldest,
        "close" => Overflow::Close,
        _ => return Err(format!("no overflow {name:?}")),
    })
}
