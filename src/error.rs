//! The one error type, and its closed list of codes.
//!
//! A code is for programs and never changes its spelling; a detail is for people and names the
//! thing, the limit and the value received. Outcomes that a caller asked about (a lost `expect`,
//! an absent key) are replies, never errors.

use std::fmt;

/// Why a command, a frame or a snapshot was refused. Nothing has changed when one is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What programs match on.
    pub code: Code,
    /// What people read; not part of the contract.
    pub detail: String,
}

impl Error {
    /// Makes an error from its code and a sentence.
    #[cold]
    #[inline(never)]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// The error of an exceeded limit: which one, how much it allows, how much was asked.
    #[cold]
    #[inline(never)]
    pub fn limit(name: &str, max: u64, given: u64) -> Self {
        Self::new(Code::Limit, format!("{name} is at most {max}, this needs {given}"))
    }

    /// The error of bytes that are not what they should be: what they are of, and the reason.
    #[cold]
    #[inline(never)]
    pub fn refused(code: Code, what: &str, reason: &str) -> Self {
        Self::new(code, format!("{what}: {reason}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl std::error::Error for Error {}

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// The closed list of error codes: the same names in Rust, JavaScript, WIT and transcripts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the list.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable name: kebab-case.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// The key is not a path of one or more segments of well-formed, correctly escaped text.
    InvalidKey = "invalid-key",
    /// The selector is not a key, a list of keys, or a key with `*` or a final `**`.
    InvalidSelector = "invalid-selector",
    /// The value is of a kind that cannot be stored; the detail says where, and what to do instead.
    InvalidValue = "invalid-value",
    /// An option or argument is unknown, of the wrong type or out of range.
    InvalidArgument = "invalid-argument",
    /// A limit of the hall would be exceeded; the detail names it.
    Limit = "limit",
    /// Inside a batch or an update, the entry was not as expected.
    Conflict = "conflict",
    /// The declaration contradicts itself, or says what its type does not know; the detail names the member.
    InvalidDeclaration = "invalid-declaration",
    /// The key is declared already, and otherwise.
    DeclarationConflict = "declaration-conflict",
    /// The value is not what the key was declared to hold.
    ConstraintViolation = "constraint-violation",
    /// A function that the caller passed has thrown, or has returned something unusable.
    CallbackFailed = "callback-failed",
    /// The hall, or this handle to it, is closed; or the owner that was named has ended.
    Closed = "closed",
    /// The hall is already open here with other options.
    OptionsConflict = "options-conflict",
    /// The bytes are not a whole, undamaged snapshot.
    InvalidSnapshot = "invalid-snapshot",
    /// The snapshot was written by a newer version of statehall.
    NewerVersion = "newer-version",
    /// A received frame was damaged, foreign or malformed; it was dropped and counted.
    InvalidFrame = "invalid-frame",
    /// A peer speaks a protocol version that this session does not understand.
    PeerVersion = "peer-version",
    /// A received write bears a time more than a day ahead of this clock; it was left out.
    ClockAhead = "clock-ahead",
    /// Somebody else has used this session's id; the session has taken a new one and goes on.
    SessionTaken = "session-taken",
    /// What was waited for has not come in time.
    Timeout = "timeout",
    /// The sessions of the hall have no common authority that could decide this.
    NoAuthority = "no-authority",
    /// The wasm module has not been initialised (`statehall/slim` only).
    NotInitialized = "not-initialized",
    /// The platform lacks what was asked for.
    Unsupported = "unsupported",
    /// The wasm instance trapped: the command did not happen. The detail says whether the hall was rebuilt.
    Poisoned = "poisoned",
}
