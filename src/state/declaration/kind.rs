//! The types of declared keys.

macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// The type of a declared key: a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])+ $variant,)+ }

        impl Kind {
            /// Every kind, in the order of the list: the place of a kind in it is its number in the faces.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)+];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A number, NaN and the infinities included.
    Float = "float",
    /// A whole number.
    Integer = "integer",
    /// Text.
    Text = "text",
    /// A truth value.
    Boolean = "boolean",
    /// One text of several.
    Choice = "choice",
    /// The name of a module.
    Module = "module",
    /// A list of finite numbers.
    Embedding = "embedding",
    /// A map of a shape and as many data as it has room for.
    Tensor = "tensor",
    /// Bytes.
    Bytes = "bytes",
    /// A list.
    List = "list",
    /// A map.
    Map = "map",
    /// Whatever can be stored.
    Any = "any",
}

impl Kind {
    /// The kind of that name; "string" is another one for text.
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "string" { "text" } else { name };
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
