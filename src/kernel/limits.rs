//! Upper bounds, each decided before anything changes.

use crate::error::{Code, Error};
use crate::key::shown;
use crate::process::machine;
use crate::replica::strict::stored::Bounds;

macro_rules! limits {
    ($($(#[$doc:meta])+ $field:ident = $name:literal: $default:literal in $least:literal..=$most:literal,)+) => {
        /// The limits of a hall. Sizes are bytes as encoded.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $($(#[$doc])+ pub $field: u64,)+ }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// Of each limit its name, and from where to where it may be set.
        const RANGES: &[(&str, u64, u64)] = &[$(($name, $least, $most),)+];

        impl Limits {
            /// The names, as JavaScript spells them, and the values.
            pub fn list(&self) -> Vec<(&'static str, u64)> {
                let values = [$(self.$field,)+];
                RANGES.iter().zip(values).map(|(&(name, ..), value)| (name, value)).collect()
            }

            /// What they mean for contexts and leases.
            pub fn bounds(&self) -> Bounds {
                Bounds {
                    value_bytes: self.value_bytes,
                    records: self.entries,
                    deleted: self.tombstones,
                    bytes: self.bytes,
                    claims: self.queue,
                    leases: self.entries,
                    sessions: self.sessions,
                }
            }

            /// What they mean for one machine.
            pub fn machine(&self) -> machine::Bounds {
                let (mailbox, postponed) = (self.mailbox as usize, self.postponed as usize);
                machine::Bounds { mailbox, postponed, queue: mailbox + postponed, ..machine::Bounds::default() }
            }

            /// Sets a limit by its name.
            ///
            /// Errors: `invalid-argument` for an unknown name or a value out of its range.
            pub fn set(&mut self, name: &str, value: u64) -> Result<(), Error> {
                let Some(place) = RANGES.iter().position(|(other, ..)| *other == name) else {
                    let names = RANGES.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
                    let detail = format!("there is no limit {}; the limits are {names}", shown(name));
                    return Err(Error::new(Code::InvalidArgument, detail));
                };
                let (_, least, most) = RANGES[place];
                if value < least || value > most {
                    let detail = format!("the limit {name} is from {least} to {most}, not {value}");
                    return Err(Error::new(Code::InvalidArgument, detail));
                }
                let fields = [$(&mut self.$field,)+];
                *fields[place] = value;
                Ok(())
            }
        }
    };
}

limits! {
    /// The text of one key or selector.
    key_bytes = "keyBytes": 1_024 in 1..=65_536,
    /// Segments of one key or selector.
    segments = "segments": 32 in 1..=256,
    /// One value.
    value_bytes = "valueBytes": 1_048_576 in 1..=67_108_864,
    /// Containers within containers in one value.
    value_depth = "valueDepth": 64 in 0..=64,
    /// The metadata of one entry.
    metadata_bytes = "metadataBytes": 4_096 in 1..=1_048_576,
    /// Entries. Merging may exceed it twofold, because refusing would keep sessions apart.
    entries = "entries": 100_000 in 1..=10_000_000,
    /// All keys, values and metadata. Merging may exceed it twofold.
    bytes = "bytes": 67_108_864 in 1..=2_147_483_648,
    /// Deletes remembered.
    tombstones = "tombstones": 65_536 in 0..=10_000_000,
    /// Open watches.
    watches = "watches": 100_000 in 0..=10_000_000,
    /// Owners that are open or have keys; and of those that have ended, how many are remembered.
    owners = "owners": 4_096 in 0..=65_536,
    /// Keys in one list of keys.
    selector_keys = "selectorKeys": 1_024 in 1..=1_000_000,
    /// Changes kept for one reader that pulls.
    queue = "queue": 1_024 in 1..=1_000_000,
    /// Changes waiting to be told, because watchers write faster than they are called.
    notices = "notices": 1_000_000 in 1..=100_000_000,
    /// Sessions remembered.
    sessions = "sessions": 4_096 in 1..=65_536,
    /// One frame on a channel.
    frame_bytes = "frameBytes": 65_536 in 128..=1_048_576,
    /// All messages that are being put together from frames, of which a larger one is refused; and all frames that
    /// wait to be sent.
    message_bytes = "messageBytes": 134_217_728 in 65_536..=1_073_741_824,
    /// Processes that run.
    processes = "processes": 10_000 in 1..=1_000_000,
    /// Messages that wait for one process; past it the sender is refused.
    mailbox = "mailbox": 10_000 in 1..=1_000_000,
    /// Events that one machine has postponed; one that postpones more ends.
    postponed = "postponed": 10_000 in 0..=1_000_000,
}
