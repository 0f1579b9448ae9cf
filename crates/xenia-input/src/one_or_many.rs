//! A setting that is one value or a list of values.

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt::Formatter;
use std::marker::PhantomData;

/// Values of a setting, each of which is text in the settings file.
#[derive(Clone, Debug)]
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

/// Reads the text or the texts. An untagged enum would name its variants in errors, not the value.
struct Form<T>(PhantomData<T>);

impl<'de, T: TryFrom<String, Error = String>> Visitor<'de> for Form<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        to.write_str("a key or a list of keys")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
        T::try_from(text.to_owned()).map(|one| OneOrMany(vec![one])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            all.push(T::try_from(text).map_err(de::Error::custom)?);
        }
        Ok(OneOrMany(all))
    }
}

impl<'de, T: TryFrom<String, Error = String>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Form(PhantomData))
    }
}
