//! Documentation of structs that serialize to JSON objects, taken from their doc comments.
//!
//! Such a struct is declared inside [`documented!`], which keeps the text of its doc comments, so
//! that the documentation of a JSON key is written once, beside the field.
#![forbid(unsafe_code)]

/// A key of a JSON object.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Field name, which is the key.
    pub name: &'static str,
    /// The field's type in Rust.
    pub rust: &'static str,
    /// Contents of the field's `#[serde(…)]` attribute.
    pub serde: &'static str,
    /// Documentation of the field.
    pub says: &'static str,
    /// Unit of the value, unless the documentation states it.
    pub unit: &'static str,
}

/// A struct that serializes to a JSON object.
pub trait Documented {
    /// Name of the struct.
    const NAME: &'static str;
    /// Documentation of the struct.
    const SAYS: &'static str;
    /// Keys of the object.
    const KEYS: &'static [Key];
}

/// Declares structs that serialize to JSON objects and keeps their doc comments. Each field has a
/// doc comment and at most one `#[serde(…)]`.
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
        /// A thing that is counted.
        /// Of two lines.
        #[derive(Debug)]
        struct Thing {
            /// Number of things.
            count: u64,
        }
    }

    #[test]
    fn doc_comments_are_kept_with_their_keys() {
        assert_eq!((Thing::NAME, Thing::SAYS), ("Thing", " A thing that is counted. Of two lines."));
        assert_eq!(Thing { count: 7 }.count, 7);
        let [key] = Thing::KEYS else { panic!("one key") };
        assert_eq!((key.name, key.rust, key.serde, key.says), ("count", "u64", "", " Number of things."));
    }
}
