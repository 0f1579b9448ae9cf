//! Guest strings: NUL-terminated and counted, 8-bit and UTF-16.
//!
//! Invariants: a length from guest memory bounds what is read, and a string without a terminator
//! ends at [`MAX_LENGTH`]; each byte of an 8-bit string is one character ([`code_page`]).

use super::{Arguments, FromGuest, GuestStruct, Handle, Ptr};
use std::fmt;
use xenia_guest::{GuestAddr, code_page};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_objects::ExistingNamed;

/// Maximum length of a terminated string, in characters.
const MAX_LENGTH: u32 = 0x1_0000;

/// A pointer to a NUL-terminated 8-bit string.
#[derive(Clone, Copy)]
pub struct Text(pub GuestAddr);

/// A pointer to a NUL-terminated UTF-16 string.
#[derive(Clone, Copy)]
pub struct WideText(pub GuestAddr);

impl Text {
    /// The bytes before the terminator; at most 64 KiB.
    pub fn bytes(self, memory: &GuestMemory) -> Result<Vec<u8>, MemoryFault> {
        memory.read_c_string(self.0, MAX_LENGTH)
    }

    /// The text, each byte one character ([`code_page`]).
    pub fn text(self, memory: &GuestMemory) -> Result<String, MemoryFault> {
        Ok(code_page::decode(&self.bytes(memory)?))
    }
}

impl WideText {
    /// The units before the terminator; at most 65,536.
    pub fn units(self, memory: &GuestMemory) -> Result<Vec<u16>, MemoryFault> {
        memory.read_wide_string(self.0, MAX_LENGTH)
    }

    /// The text; lone surrogates become the replacement character.
    pub fn text(self, memory: &GuestMemory) -> Result<String, MemoryFault> {
        Ok(String::from_utf16_lossy(&self.units(memory)?))
    }

    /// Stores these units. The caller adds a terminator if it needs one.
    pub fn store(
        self,
        memory: &GuestMemory,
        units: impl IntoIterator<Item = u16>,
    ) -> Result<(), MemoryFault> {
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_be_bytes).collect();
        memory.write_bytes(self.0, &bytes)
    }
}

impl FromGuest for Text {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self(GuestAddr(arguments.next_u32()))
    }
}
impl FromGuest for WideText {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self(GuestAddr(arguments.next_u32()))
    }
}
impl FromGuest for Option<Text> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Some(Text::from_guest(arguments)).filter(|text| !text.0.is_null())
    }
}
impl FromGuest for Option<WideText> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Some(WideText::from_guest(arguments)).filter(|text| !text.0.is_null())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for WideText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! counted {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            /// Bytes in use, without a terminator.
            pub length: u16,
            /// Capacity of the buffer in bytes.
            pub maximum_length: u16,
            /// Address of the buffer.
            pub buffer: GuestAddr,
        }

        impl GuestStruct for $name {
            const SIZE: u32 = 8;
            fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
                Ok(Self {
                    length: memory.read(at)?,
                    maximum_length: memory.read(at.offset(2))?,
                    buffer: memory.read(at.offset(4))?,
                })
            }
            fn write(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
                memory.write(at, self.length)?;
                memory.write(at.offset(2), self.maximum_length)?;
                memory.write(at.offset(4), self.buffer)
            }
        }
    };
}
counted!(
    /// `ANSI_STRING`: a counted 8-bit string.
    AnsiString
);
counted!(
    /// `UNICODE_STRING`: a counted UTF-16 string.
    UnicodeString
);

impl AnsiString {
    /// The bytes in use.
    pub fn bytes(self, memory: &GuestMemory) -> Result<Vec<u8>, MemoryFault> {
        let mut bytes = vec![0; usize::from(self.length)];
        memory.read_bytes(self.buffer, &mut bytes)?;
        Ok(bytes)
    }

    /// The text, each byte one character ([`code_page`]).
    pub fn text(self, memory: &GuestMemory) -> Result<String, MemoryFault> {
        Ok(code_page::decode(&self.bytes(memory)?))
    }

    /// The text as a path. Titles pad paths with blanks, which xenia-canary drops, too (commit
    /// 879eab681).
    pub fn path(self, memory: &GuestMemory) -> Result<String, MemoryFault> {
        Ok(unpadded(&self.text(memory)?).to_owned())
    }
}

/// A path without the blanks around it. Those before a relative path belong to its first name.
fn unpadded(path: &str) -> &str {
    let is_blank = |c: char| c.is_ascii_whitespace();
    let path = path.trim_end_matches(is_blank);
    let absolute = path.trim_start_matches(is_blank);
    if absolute.starts_with(['\\', '/']) || absolute.contains(':') { absolute } else { path }
}

impl UnicodeString {
    /// The units in use; half a unit at the end is ignored.
    pub fn units(self, memory: &GuestMemory) -> Result<Vec<u16>, MemoryFault> {
        let mut bytes = vec![0; usize::from(self.length & !1)];
        memory.read_bytes(self.buffer, &mut bytes)?;
        Ok(bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect())
    }

    /// The text; lone surrogates become the replacement character.
    pub fn text(self, memory: &GuestMemory) -> Result<String, MemoryFault> {
        Ok(String::from_utf16_lossy(&self.units(memory)?))
    }
}

/// `OBJECT_ATTRIBUTES`: the name of an object. Unlike on NT, the name is an ANSI string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectAttributes {
    /// The directory that the name is relative to; null: none; 0xFFFFFFFD: the DOS devices.
    pub root_directory: Handle,
    /// Pointer to the name, or null.
    pub name: GuestAddr,
    /// Flags: 0x40 ignores case, 0x80 opens an existing object.
    pub attributes: u32,
}

impl ObjectAttributes {
    /// Pseudo handle of the root directory of DOS devices (drive letters).
    pub const DOS_DEVICES: Handle = Handle(0xFFFF_FFFD);
    /// Flag with which a creation opens an existing object of the name instead of failing.
    const OPEN_IF: u32 = 0x80;

    /// Effect of an existing object with the name on a creation.
    pub fn existing(self) -> ExistingNamed {
        if self.attributes & Self::OPEN_IF == 0 { ExistingNamed::Refuse } else { ExistingNamed::Open }
    }

    /// The name; `None` if the pointer is null.
    pub fn name(self, memory: &GuestMemory) -> Result<Option<String>, MemoryFault> {
        if self.name.is_null() {
            return Ok(None);
        }
        Ptr::<AnsiString>::new(self.name).read(memory)?.text(memory).map(Some)
    }

    /// The name as a path ([`AnsiString::path`]); `None` if the pointer is null.
    pub fn path(self, memory: &GuestMemory) -> Result<Option<String>, MemoryFault> {
        Ok(self.name(memory)?.map(|name| unpadded(&name).to_owned()))
    }
}

impl GuestStruct for ObjectAttributes {
    const SIZE: u32 = 12;
    fn read(memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        Ok(Self {
            root_directory: memory.read(at)?,
            name: memory.read(at.offset(4))?,
            attributes: memory.read(at.offset(8))?,
        })
    }
    fn write(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        memory.write(at, self.root_directory)?;
        memory.write(at.offset(4), self.name)?;
        memory.write(at.offset(8), self.attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_a_path_are_dropped() {
        for (path, expected) in [
            (" game:\\a b.bin \t", "game:\\a b.bin"),
            ("\t\\Device\\Cdrom0\\ ", "\\Device\\Cdrom0\\"),
            (" a\n", " a"),
            ("  ", ""),
        ] {
            assert_eq!(unpadded(path), expected, "{path:?}");
        }
    }
}
