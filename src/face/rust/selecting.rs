//! What may be given as a key or as a selector.

use crate::error::Error;
use crate::key::{Key, Selector};

/// What names a key: its text, or an array or slice of its segments.
///
/// Errors: `invalid-key`.
pub trait IntoKey {
    /// The key.
    fn into_key(self) -> Result<Key, Error>;

    /// The text of the key, if it is at hand, so that a key which the hall has need not be read
    /// again. What it says of a text that is no key does not matter.
    fn text(&self) -> Option<&str> {
        None
    }
}

/// What selects keys: a key, a pattern as text or segments, or [`Keys`].
///
/// Errors: `invalid-selector`, `invalid-key`.
pub trait IntoSelector {
    /// The selector.
    fn into_selector(self) -> Result<Selector, Error>;
}

/// Selects any of some keys.
///
/// ```
/// use statehall::{Hall, Keys, Options};
/// let hall = Hall::open(Options::default())?;
/// hall.put("a", 1)?;
/// hall.put(["b", "c"], 2)?;
/// hall.put("d", 3)?;
/// assert_eq!(hall.keys(Keys(["a", "b/c"]))?.len(), 2);
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Keys<I>(pub I);

impl<I: IntoIterator<Item: IntoKey>> IntoSelector for Keys<I> {
    fn into_selector(self) -> Result<Selector, Error> {
        let keys: Result<Vec<_>, _> = self.0.into_iter().map(IntoKey::into_key).collect();
        Selector::keys(keys?.iter().map(Key::text))
    }
}

macro_rules! texts {
    ($($text:ty),+) => {$(
        impl IntoKey for $text {
            fn into_key(self) -> Result<Key, Error> {
                Key::parse(self.as_ref())
            }

            fn text(&self) -> Option<&str> {
                Some(self.as_ref())
            }
        }

        impl IntoSelector for $text {
            fn into_selector(self) -> Result<Selector, Error> {
                Selector::parse(self.as_ref())
            }
        }
    )+};
}

texts!(&str, &String, String);

impl<S: AsRef<str>> IntoKey for &[S] {
    fn into_key(self) -> Result<Key, Error> {
        Key::from_segments(self.iter().map(AsRef::as_ref))
    }
}

impl<S: AsRef<str>> IntoSelector for &[S] {
    fn into_selector(self) -> Result<Selector, Error> {
        Selector::from_segments(self.iter().map(AsRef::as_ref))
    }
}

impl<S: AsRef<str>, const N: usize> IntoKey for [S; N] {
    fn into_key(self) -> Result<Key, Error> {
        self.as_slice().into_key()
    }
}

impl<S: AsRef<str>, const N: usize> IntoSelector for [S; N] {
    fn into_selector(self) -> Result<Selector, Error> {
        self.as_slice().into_selector()
    }
}

impl IntoKey for Key {
    fn into_key(self) -> Result<Key, Error> {
        Ok(self)
    }

    fn text(&self) -> Option<&str> {
        Some(Key::text(self))
    }
}

impl IntoKey for &Key {
    fn into_key(self) -> Result<Key, Error> {
        Ok(self.clone())
    }

    fn text(&self) -> Option<&str> {
        Some(Key::text(self))
    }
}

impl IntoSelector for Key {
    fn into_selector(self) -> Result<Selector, Error> {
        Ok(Selector::Key(self))
    }
}

impl IntoSelector for &Key {
    fn into_selector(self) -> Result<Selector, Error> {
        Ok(Selector::Key(self.clone()))
    }
}

impl IntoSelector for Selector {
    fn into_selector(self) -> Result<Selector, Error> {
        Ok(self)
    }
}

impl IntoSelector for &Selector {
    fn into_selector(self) -> Result<Selector, Error> {
        Ok(self.clone())
    }
}
