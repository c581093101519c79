//! A session without a kernel: it says what a test wants said, sound or not.

use super::kind::encoded;
use statehall::Value;
use statehall::codec::hash;
use statehall::kernel::body::Body;
use statehall::replica::cells::{Kind, Written};
use statehall::replica::clock::{Hlc, Session, Stamp};
use statehall::replica::frame::{Frame, Message, VERSION};

/// A voice. See the module.
pub struct Voice {
    hall: u64,
    session: Session,
    messages: u64,
}

impl Voice {
    /// A voice in a hall.
    pub fn new(hall: &str, session: u64) -> Self {
        Self { hall: hash(hall.as_bytes()), session: Session(session), messages: 0 }
    }

    /// The frame of a message to everybody.
    pub fn say(&mut self, message: &Message<'_>) -> Vec<u8> {
        self.tell(Session(0), message)
    }

    /// The frame of a message to somebody.
    pub fn tell(&mut self, to: Session, message: &Message<'_>) -> Vec<u8> {
        let mut payload = Vec::new();
        message.write(&mut payload);
        self.messages += 1;
        self.part(to, self.messages, (0, 1), &payload)
    }

    /// The frame of a part of a message: which, and of how many.
    pub fn part(&self, to: Session, message: u64, (part, parts): (u64, u64), payload: &[u8]) -> Vec<u8> {
        Frame { version: VERSION, from: self.session, to, message, part, parts, payload }.write(self.hall)
    }

    /// Who it says that it is.
    pub fn session(&self) -> Session {
        self.session
    }

    /// The stamp of a write at a time.
    pub fn stamp(&self, unix_ms: u64) -> Stamp {
        Stamp { hlc: Hlc::at_ms(unix_ms), session: self.session }
    }

    /// The frame that tells of one write after another.
    pub fn ops(&mut self, previous_ms: u64, key: &str, unix_ms: u64, body: &[u8]) -> Vec<u8> {
        let cells = vec![Written { key, stamp: self.stamp(unix_ms), body }];
        self.say(&Message::Ops { previous: Hlc::at_ms(previous_ms), cells })
    }
}

/// The bytes of a put.
pub fn put_body(value: &Value, expires_ms: Option<u64>, metadata: Option<&Value>) -> Vec<u8> {
    let (value, metadata) = (encoded(value), metadata.map(encoded));
    let kind = if expires_ms.is_some() { Kind::Mortal } else { Kind::Lasting };
    let metadata = metadata.as_deref();
    Body { kind, touched: false, expires_ms, origin: "voice", metadata, value: &value }.write()
}

/// The bytes of a delete.
pub fn delete_body() -> Vec<u8> {
    Body::tombstone("voice", false).write()
}
