//! Typed guest pointers: an address with the type of its target.
//!
//! Invariant: constructing a pointer checks nothing; each access checks the whole range, and a bad
//! pointer is a [`MemoryFault`], never an access to host memory.

use super::{Arguments, FromGuest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use xenia_guest::{GuestAddr, GuestValue};
use xenia_memory::{GuestMemory, MemoryFault};

/// A structure in guest memory.
pub trait GuestStruct: Sized {
    /// Size in bytes.
    const SIZE: u32;
    /// Reads the structure at `at`.
    fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault>;
    /// Writes the structure at `at`.
    fn write(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault>;
}

impl<T: GuestValue> GuestStruct for T {
    const SIZE: u32 = T::SIZE;
    fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        memory.read(at)
    }
    fn write(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        memory.write(at, *self)
    }
}

/// A guest pointer to a `T`. May be null or invalid; every access is checked. As a parameter,
/// `Option<Ptr<T>>` is `None` for null.
pub struct Ptr<T> {
    addr: GuestAddr,
    target: PhantomData<fn() -> T>,
}

/// A guest pointer to a result. As a parameter, `Option<Out<T>>` is `None` for null
/// ([`OptionalOut`]).
pub struct Out<T>(Ptr<T>);

impl<T> Ptr<T> {
    /// A pointer to `addr`.
    pub const fn new(addr: GuestAddr) -> Self {
        Self { addr, target: PhantomData }
    }

    /// The address that it points to.
    pub const fn addr(self) -> GuestAddr {
        self.addr
    }

    pub const fn is_null(self) -> bool {
        self.addr.is_null()
    }
}

impl<T: GuestStruct> Ptr<T> {
    /// Reads the target.
    pub fn read(self, memory: &GuestMemory) -> Result<T, MemoryFault> {
        T::read(memory, self.addr)
    }

    /// Writes the target.
    pub fn write(self, memory: &GuestMemory, value: T) -> Result<(), MemoryFault> {
        value.write(memory, self.addr)
    }

    /// Pointer to the `index`th element of an array that starts here.
    pub const fn at(self, index: u32) -> Self {
        Self::new(self.addr.offset(T::SIZE.wrapping_mul(index)))
    }
}

impl<T> Out<T> {
    /// A pointer to `addr`.
    pub const fn new(addr: GuestAddr) -> Self {
        Self(Ptr::new(addr))
    }

    /// The address that it points to.
    pub const fn addr(self) -> GuestAddr {
        self.0.addr
    }
}

impl<T: GuestStruct> Out<T> {
    /// Stores the result.
    pub fn set(self, memory: &GuestMemory, value: T) -> Result<(), MemoryFault> {
        value.write(memory, self.0.addr)
    }
}

/// A pointer to a result that the title may omit.
pub trait OptionalOut<T> {
    /// Stores the result, if the pointer is not null.
    fn set(self, memory: &GuestMemory, value: T) -> Result<(), MemoryFault>;
}

impl<T: GuestStruct> OptionalOut<T> for Option<Out<T>> {
    fn set(self, memory: &GuestMemory, value: T) -> Result<(), MemoryFault> {
        self.map_or(Ok(()), |place| place.set(memory, value))
    }
}

impl<T> Clone for Ptr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ptr<T> {}
impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Out<T> {}

impl<T> fmt::Debug for Ptr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.addr.fmt(f)
    }
}
impl<T> fmt::Debug for Out<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.addr.fmt(f)
    }
}

/// Serializes the pointer as its address.
impl<T> Serialize for Out<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.addr().serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Out<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        GuestAddr::deserialize(deserializer).map(Self::new)
    }
}

impl<T> FromGuest for Ptr<T> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self::new(GuestAddr(arguments.next_u32()))
    }
}
impl<T> FromGuest for Out<T> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self::new(GuestAddr(arguments.next_u32()))
    }
}
impl<T> FromGuest for Option<Ptr<T>> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Some(Ptr::from_guest(arguments)).filter(|pointer| !pointer.is_null())
    }
}
impl<T> FromGuest for Option<Out<T>> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Some(Out::from_guest(arguments)).filter(|pointer| !pointer.addr().is_null())
    }
}
