//! Values in guest byte order.

use std::fmt;

/// A plain value in guest memory, with a size and a big-endian representation.
pub trait GuestValue: Copy + Default + fmt::Debug + 'static {
    /// Array type of the value's bytes.
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default + Copy;
    /// Size of the value in bytes.
    const SIZE: u32;
    /// The value's bytes in guest (big-endian) order.
    fn to_guest(self) -> Self::Bytes;
    /// Decodes a value from guest-order bytes.
    fn from_guest(bytes: Self::Bytes) -> Self;
}

macro_rules! guest_values {
    ($($t:ty),*) => { $(
        impl GuestValue for $t {
            type Bytes = [u8; size_of::<$t>()];
            const SIZE: u32 = size_of::<$t>() as u32;
            #[inline]
            fn to_guest(self) -> Self::Bytes {
                self.to_be_bytes()
            }
            #[inline]
            fn from_guest(bytes: Self::Bytes) -> Self {
                <$t>::from_be_bytes(bytes)
            }
        }
    )* };
}
guest_values!(u8, i8, u16, i16, u32, i32, u64, i64, u128, f32, f64);

impl GuestValue for crate::GuestAddr {
    type Bytes = [u8; 4];
    const SIZE: u32 = 4;
    fn to_guest(self) -> Self::Bytes {
        self.0.to_be_bytes()
    }
    fn from_guest(bytes: Self::Bytes) -> Self {
        Self(u32::from_be_bytes(bytes))
    }
}

/// A `T` stored in guest (big-endian) byte order, for fields of guest-visible structures.
#[allow(non_camel_case_types)] // reads as the type it wraps: `be<u32>`
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct be<T: GuestValue>(T::Bytes);

impl<T: GuestValue> be<T> {
    /// Converts a host value to guest order.
    pub fn new(value: T) -> Self {
        Self(value.to_guest())
    }

    /// Returns the value in host order.
    pub fn get(self) -> T {
        T::from_guest(self.0)
    }

    /// Replaces the stored value.
    pub fn set(&mut self, value: T) {
        self.0 = value.to_guest();
    }
}

impl<T: GuestValue> Default for be<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: GuestValue> fmt::Debug for be<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<T: GuestValue> From<T> for be<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_most_significant_byte_first() {
        assert_eq!(be::new(0x0102_0304_u32).0, [1, 2, 3, 4]);
        assert_eq!(be::new(0x0102_u16).get(), 0x0102);
        assert_eq!(be::new(1.0_f32).0, [0x3f, 0x80, 0, 0]);
    }
}
