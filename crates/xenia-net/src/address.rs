//! Socket addresses in guest memory (`sockaddr_in`) and as dotted text. Guest memory is in network
//! byte order already.

use super::WsaError;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddrV4};
use xenia_guest::{Buffer, GuestAddr};
use xenia_memory::GuestMemory;

/// Size of a `sockaddr_in` in bytes.
pub const SIZE: u32 = 16;
/// Address family of IPv4, the only one.
const AF_INET: u16 = 2;
/// `INADDR_NONE`: the result for text that is not an address.
pub const NONE: u32 = 0xFFFF_FFFF;

/// Reads a `sockaddr_in`.
pub fn read(memory: &GuestMemory, Buffer { at, length }: Buffer) -> Result<SocketAddrV4, WsaError> {
    if length < SIZE || at.is_null() {
        return Err(WsaError::FAULT);
    }
    if memory.read::<u16>(at)? != AF_INET {
        return Err(WsaError::FAMILY_NOT_SUPPORTED);
    }
    let port = memory.read::<u16>(at.offset(2))?;
    let ip = memory.read::<u32>(at.offset(4))?;
    Ok(SocketAddrV4::new(Ipv4Addr::from(ip), port))
}

/// Out parameters of a call that returns an address: the address and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressOutput {
    /// Address of the `sockaddr_in`; null if the caller omits it.
    pub at: GuestAddr,
    /// Address of the length: the room before the call, the length stored after it.
    pub length: GuestAddr,
}

impl AddressOutput {
    /// The caller omits the address.
    pub const NOWHERE: Self = Self { at: GuestAddr::NULL, length: GuestAddr::NULL };

    /// Checks that an address fits, if the caller requests one.
    pub fn check(self, memory: &GuestMemory) -> Result<(), WsaError> {
        if self.at.is_null() || !self.length.is_null() && memory.read::<u32>(self.length)? >= SIZE {
            return Ok(());
        }
        Err(WsaError::FAULT)
    }

    /// Stores an address, if the caller requests one.
    pub fn store(self, memory: &GuestMemory, address: SocketAddrV4) -> Result<(), WsaError> {
        if self.at.is_null() {
            return Ok(());
        }
        self.check(memory)?;
        memory.write(self.at, AF_INET)?;
        memory.write(self.at.offset(2), address.port())?;
        memory.write(self.at.offset(4), u32::from(*address.ip()))?;
        // The unused end of a `sockaddr_in`.
        memory.write(self.at.offset(8), 0_u64)?;
        memory.write(self.length, SIZE)?;
        Ok(())
    }
}

/// Parses dotted text (`inet_addr`) up to the first space: one to four numbers, decimal, octal
/// (`0`) or hexadecimal (`0x`), of which the last fills the remaining bytes. Returns the address
/// with its first byte uppermost; 0 for empty text; [`NONE`] for anything else.
pub fn parse(text: &[u8]) -> u32 {
    let text = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if text.is_empty() {
        return 0;
    }
    let mut value = 0;
    let parts: Vec<&[u8]> = text.split(|&byte| byte == b'.').collect();
    if parts.len() > 4 {
        return NONE;
    }
    for (index, part) in parts.iter().enumerate() {
        let Some(number) = number(part) else { return NONE };
        let is_last = index + 1 == parts.len();
        // The last number of `10.1.258` has 16 bits, that of `10.1` has 24.
        let bits = if is_last { 32 - 8 * index as u32 } else { 8 };
        if u64::from(number) >> bits != 0 {
            return NONE;
        }
        value |= if is_last { number } else { number << (24 - 8 * index) };
    }
    value
}

/// Parses one number of [`parse`]'s text. `None` if it has no digits, another character than a
/// digit of its radix, or more than 32 bits.
fn number(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    // `from_str_radix` accepts a sign, which is not a digit here.
    if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_an_address_of_one_to_four_numbers() {
        for (text, value) in [
            ("127.0.0.1", 0x7F00_0001),
            ("255.255.255.255", 0xFFFF_FFFF),
            ("10.1", 0x0A00_0001),
            ("10.1.258", 0x0A01_0102),
            ("0x7f.1", 0x7F00_0001),
            ("010.0.0.011", 0x0800_0009),
            ("4294967294", 0xFFFF_FFFE),
            ("0", 0),
            ("", 0),
            (" ", 0),
            ("1.2.3.4 rest", 0x0102_0304),
        ] {
            assert_eq!(parse(text.as_bytes()), value, "{text:?}");
        }
        for text in [
            "256.0.0.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "a",
            "1..2",
            "1.",
            "+1",
            "0x",
            "09",
            "4294967296",
            "1.2.3.-4",
        ] {
            assert_eq!(parse(text.as_bytes()), NONE, "{text:?}");
        }
        assert_eq!(parse(&[0xFF, b'1']), NONE);
    }
}
