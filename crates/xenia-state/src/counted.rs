//! A limit on the memory that the decoded values of a section take.
//!
//! The bytes of a section are bounded, but an element of a sequence can take a hundred times the
//! memory of its encoding (`None` is one byte), and a subsystem checks a sequence only when all of
//! it is decoded. So each part of a decoder is wrapped: elements and fields are counted by the
//! size of their type, before they are decoded.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use std::cell::Cell;
use std::fmt;

/// Limit on the sizes of a section's elements and fields, in bytes. The fields of an element count
/// beside it.
const MAX_MEMORY: usize = 256 << 20;

/// Decodes a value; also returns the bytes after it.
///
/// # Errors
/// The bytes do not encode such a value, or it takes too much memory.
pub(crate) fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<(T, &'de [u8]), String> {
    let left = Cell::new(Some(MAX_MEMORY));
    let mut source = postcard::Deserializer::from_bytes(bytes);
    let decoded = T::deserialize(counted(&mut source, &left));
    let value = decoded.map_err(|error| match left.get() {
        // The decoder's errors drop the text of a custom one.
        None => format!("its values take more than {} MiB of memory", MAX_MEMORY >> 20),
        Some(_) => error.to_string(),
    })?;
    let rest = source.finalize().map_err(|error| error.to_string())?;
    Ok((value, rest))
}

/// A part of a decoder that counts the values it passes on.
struct Counted<'m, P> {
    part: P,
    /// Bytes of memory that are left; `None` after the limit was exceeded.
    left: &'m Cell<Option<usize>>,
}

fn counted<P>(part: P, left: &Cell<Option<usize>>) -> Counted<'_, P> {
    Counted { part, left }
}

/// Counts a value of type `T`. Values without size count, too, as their number has no bound.
fn count<T, E: Error>(left: &Cell<Option<usize>>) -> Result<(), E> {
    let now = left.get().and_then(|left| left.checked_sub(size_of::<T>().max(1)));
    left.set(now);
    if now.is_some() { Ok(()) } else { Err(E::custom("too much memory")) }
}

macro_rules! pass_on_requests {
    ($($method:ident($($name:ident: $kind:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.part.$method($($name,)* counted(visitor, self.left))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Counted<'_, D> {
    type Error = D::Error;

    pass_on_requests! {
        deserialize_any() deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(length: usize)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.part.is_human_readable()
    }
}

macro_rules! pass_on_values {
    ($($method:ident: $kind:ty),*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.part.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Counted<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part.expecting(f)
    }

    pass_on_values! {
        visit_bool: bool, visit_i8: i8, visit_i16: i16, visit_i32: i32, visit_i64: i64, visit_i128: i128,
        visit_u8: u8, visit_u16: u16, visit_u32: u32, visit_u64: u64, visit_u128: u128,
        visit_f32: f32, visit_f64: f64, visit_char: char,
        visit_str: &str, visit_borrowed_str: &'de str, visit_string: String,
        visit_bytes: &[u8], visit_borrowed_bytes: &'de [u8], visit_byte_buf: Vec<u8>
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.part.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.part.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.part.visit_some(counted(inner, self.left))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.part.visit_newtype_struct(counted(inner, self.left))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.part.visit_seq(counted(elements, self.left))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.part.visit_map(counted(entries, self.left))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.part.visit_enum(counted(variant, self.left))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Counted<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<S::Value, D::Error> {
        self.part.deserialize(counted(source, self.left))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Counted<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        // The call after the last element decodes none.
        if self.part.size_hint() != Some(0) {
            count::<S::Value, A::Error>(self.left)?;
        }
        self.part.next_element_seed(counted(seed, self.left))
    }

    fn size_hint(&self) -> Option<usize> {
        self.part.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Counted<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.part.size_hint() != Some(0) {
            count::<S::Value, A::Error>(self.left)?;
        }
        self.part.next_key_seed(counted(seed, self.left))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        count::<S::Value, A::Error>(self.left)?;
        self.part.next_value_seed(counted(seed, self.left))
    }

    fn size_hint(&self) -> Option<usize> {
        self.part.size_hint()
    }
}

impl<'de, 'm, A: EnumAccess<'de>> EnumAccess<'de> for Counted<'m, A> {
    type Error = A::Error;
    type Variant = Counted<'m, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, content) = self.part.variant_seed(seed)?;
        Ok((name, counted(content, self.left)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Counted<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.part.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.part.newtype_variant_seed(counted(seed, self.left))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.part.tuple_variant(length, counted(visitor, self.left))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.part.struct_variant(fields, counted(visitor, self.left))
    }
}
