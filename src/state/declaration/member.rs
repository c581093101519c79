//! The members of a declaration, and which go with which type.

use super::Kind;

macro_rules! members {
    ($($variant:ident = $name:literal,)+) => {
        /// A member.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum Member { $($variant,)+ }

        impl Member {
            /// Every member, in the order in which maps are written.
            pub const ALL: [Member; MEMBERS] = [$(Member::$variant,)+];

            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Member::$variant => $name,)+ }
            }
        }
    };
}

/// How many members there are.
pub const MEMBERS: usize = 17;

members! {
    Max = "max",
    Min = "min",
    Enum = "enum",
    Type = "type",
    Shape = "shape",
    Value = "value",
    Choices = "choices",
    Modules = "modules",
    Pattern = "pattern",
    MaxDelta = "maxDelta",
    Metadata = "metadata",
    Immutable = "immutable",
    MaxLength = "maxLength",
    MinLength = "minLength",
    Monotonic = "monotonic",
    Dimensions = "dimensions",
    Description = "description",
}

impl Member {
    /// Whether a declaration of that kind may have this member.
    pub fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Type | Self::Value | Self::Metadata | Self::Immutable | Self::Description => true,
            Self::Max | Self::Min | Self::MaxDelta | Self::Monotonic => matches!(kind, Kind::Float | Kind::Integer),
            Self::MaxLength | Self::MinLength => matches!(kind, Kind::Text | Kind::Bytes | Kind::List),
            Self::Pattern => matches!(kind, Kind::Text | Kind::Module),
            Self::Enum => kind == Kind::Text,
            Self::Choices => kind == Kind::Choice,
            Self::Modules => kind == Kind::Module,
            Self::Dimensions => kind == Kind::Embedding,
            Self::Shape => kind == Kind::Tensor,
        }
    }
}
