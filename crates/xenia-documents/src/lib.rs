//! Structs that become JSON objects, with what their doc comments say of each key.
//!
//! A document's struct is written inside [`documented!`], which keeps the text of its doc comments,
//! so that what the page of JSON documents says of a key stands once, beside the field that makes
//! it.
#![forbid(unsafe_code)]

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The field, which is the key.
    pub name: &'static str,
    /// Its type, in Rust.
    pub rust: &'static str,
    /// What serde is told of it.
    pub serde: &'static str,
    /// What it means.
    pub says: &'static str,
    /// What it is counted in, where that is not what it says.
    pub unit: &'static str,
}

/// A struct that becomes a JSON object.
pub trait Documented {
    /// Its name.
    const NAME: &'static str;
    /// What it is.
    const SAYS: &'static str;
    /// Its keys.
    const KEYS: &'static [Key];
}

/// Structs that become JSON objects, with their doc comments kept. Each field has one, and one
/// `#[serde(…)]` at most.
#[macro_export]
macro_rules! documented {
    ($(
        $(#[doc = $says:literal])+
        #[derive($($derive:ident),* $(,)?)]
        $vis:vis struct $name:ident {
            $( $(#[doc = $text:literal])+ $(#[serde($($serde:tt)*)])? $fvis:vis $field:ident: $kind:ty, )+
        }
    )+) => { $(
        $(#[doc = $says])+
        #[derive($($derive),*)]
        $vis struct $name {
            $( $(#[doc = $text])+ $(#[serde($($serde)*)])? $fvis $field: $kind, )+
        }

        impl $crate::Documented for $name {
            const NAME: &'static str = stringify!($name);
            const SAYS: &'static str = concat!($($says),+);
            const KEYS: &'static [$crate::Key] = &[$(
                $crate::Key {
                    name: stringify!($field),
                    rust: stringify!($kind),
                    serde: concat!($(stringify!($($serde)*))?),
                    says: concat!($($text),+),
                    unit: "",
                },
            )+];
        }
    )+ };
}

#[cfg(test)]
mod tests {
    use super::*;

    documented! {
        /// A thing.
        /// Of two lines.
        #[derive(Debug)]
        struct Thing {
            /// How many.
            count: u64,
        }
    }

    #[test]
    fn comments_are_kept() {
        assert_eq!((Thing::NAME, Thing::SAYS), ("Thing", " A thing. Of two lines."));
        assert_eq!(Thing { count: 7 }.count, 7);
        let [key] = Thing::KEYS else { panic!("one key") };
        assert_eq!((key.name, key.rust, key.serde, key.says), ("count", "u64", "", " How many."));
    }
}
