//! Headers of executables in guest memory: optional XEX headers, and the PE header of the image.

use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Largest number of optional headers that are read.
const MAX_HEADERS: u32 = 0x400;
/// Largest number of sections that are read.
const MAX_SECTIONS: u16 = 0x60;

/// The result of `RtlImageXexHeaderField` for a key: the value if the key ends in 00, the address
/// of the value if it ends in 01, otherwise the address of the body; 0 if the header is missing.
pub fn xex_field(memory: &GuestMemory, headers: GuestAddr, key: u32) -> Result<u32, MemoryFault> {
    if headers.is_null() {
        return Ok(0);
    }
    let count: u32 = memory.read(headers.offset(0x14))?;
    for index in 0..count.min(MAX_HEADERS) {
        let entry = headers.offset(0x18 + 8 * index);
        if memory.read::<u32>(entry)? != key {
            continue;
        }
        let value: u32 = memory.read(entry.offset(4))?;
        return Ok(match key & 0xFF {
            0 => value,
            1 => entry.offset(4).0,
            _ => headers.offset(value).0,
        });
    }
    Ok(0)
}

/// Reads a little-endian word of a PE header.
fn word(memory: &GuestMemory, at: GuestAddr) -> Result<u32, MemoryFault> {
    memory.read::<u32>(at).map(u32::swap_bytes)
}

fn half(memory: &GuestMemory, at: GuestAddr) -> Result<u16, MemoryFault> {
    memory.read::<u16>(at).map(u16::swap_bytes)
}

/// Address of an image's PE header; `None` if the image has no such header.
pub fn nt_header(memory: &GuestMemory, base: GuestAddr) -> Result<Option<GuestAddr>, MemoryFault> {
    if base.is_null() || half(memory, base)? != 0x5A4D {
        return Ok(None);
    }
    let header = base.offset(word(memory, base.offset(0x3C))?);
    Ok((word(memory, header)? == 0x4550).then_some(header))
}

/// Address and size of a data directory of a PE image; `None` if it is missing. In an image with
/// file layout the address is found through the sections.
pub fn directory(
    memory: &GuestMemory,
    base: GuestAddr,
    mapped: bool,
    index: u16,
) -> Result<Option<(GuestAddr, u32)>, MemoryFault> {
    const OPTIONAL: u32 = 0x18;
    const DIRECTORIES: u32 = OPTIONAL + 0x60;
    // The lowest bit of the base has the negated meaning of `mapped`.
    let mapped = mapped && base.0 & 1 == 0;
    let base = GuestAddr(base.0 & !1);
    let Some(header) = nt_header(memory, base)? else { return Ok(None) };
    if half(memory, header.offset(OPTIONAL))? != 0x10B
        || u32::from(index) >= word(memory, header.offset(OPTIONAL + 0x5C))?
    {
        return Ok(None);
    }
    let entry = header.offset(DIRECTORIES + 8 * u32::from(index));
    let address = word(memory, entry)?;
    let size = word(memory, entry.offset(4))?;
    if address == 0 {
        return Ok(None);
    }
    if mapped || address < word(memory, header.offset(OPTIONAL + 0x3C))? {
        return Ok(Some((base.offset(address), size)));
    }
    let sections = half(memory, header.offset(6))?.min(MAX_SECTIONS);
    let first = header.offset(OPTIONAL + u32::from(half(memory, header.offset(0x14))?));
    for section in (0..sections).map(|index| first.offset(0x28 * u32::from(index))) {
        let start = word(memory, section.offset(12))?;
        let length = word(memory, section.offset(16))?;
        if address.wrapping_sub(start) < length {
            let raw = word(memory, section.offset(20))?;
            return Ok(Some((base.offset(address.wrapping_sub(start).wrapping_add(raw)), size)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::xex::key;
    use xenia_memory::{Heap, Protect};

    fn memory() -> (std::sync::Arc<GuestMemory>, GuestAddr) {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        (memory, at)
    }

    #[test]
    fn the_key_determines_the_field() {
        let (memory, at) = memory();
        memory.write(at.offset(0x14), 3_u32).unwrap();
        for (index, (key, value)) in
            [(0x0003_0000, 0x1234), (0x0001_0001, 0x5678), (0x0004_0006, 0x80_u32)].into_iter().enumerate()
        {
            let entry = at.offset(0x18 + 8 * index as u32);
            memory.write::<u32>(entry, key).unwrap();
            memory.write(entry.offset(4), value).unwrap();
        }
        let field = |key| xex_field(&memory, at, key).unwrap();
        assert_eq!(field(key::SYSTEM_FLAGS), 0x1234);
        assert_eq!(field(0x0001_0001), at.0 + 0x24);
        assert_eq!(field(key::EXECUTION_INFO), at.0 + 0x80);
        assert_eq!(field(0x0001_0100), 0);
        assert_eq!(xex_field(&memory, GuestAddr::NULL, 0), Ok(0));
        memory.write(at.offset(0x14), u32::MAX).unwrap();
        assert!(xex_field(&memory, at, 0x0001_0100).is_err() || field(0x0001_0100) == 0);
        assert!(xex_field(&memory, GuestAddr(4), 0).is_err());
    }

    #[test]
    fn directories_are_found_in_both_layouts() {
        let (memory, at) = memory();
        let put = |offset: u32, value: u32| memory.write(at.offset(offset), value.swap_bytes()).unwrap();
        put(0, 0x5A4D);
        put(0x3C, 0x80);
        put(0x80, 0x4550);
        memory.write(at.offset(0x86), 1_u16.swap_bytes()).unwrap();
        memory.write(at.offset(0x94), 0xE0_u16.swap_bytes()).unwrap();
        memory.write(at.offset(0x98), 0x10B_u16.swap_bytes()).unwrap();
        put(0x98 + 0x3C, 0x200);
        put(0x98 + 0x5C, 16);
        put(0x98 + 0x60 + 8 * 3, 0x1010);
        put(0x98 + 0x64 + 8 * 3, 0x20);
        let section = 0x98 + 0xE0;
        put(section + 12, 0x1000);
        put(section + 16, 0x100);
        put(section + 20, 0x400);
        assert_eq!(nt_header(&memory, at), Ok(Some(at.offset(0x80))));
        assert_eq!(directory(&memory, at, true, 3), Ok(Some((at.offset(0x1010), 0x20))));
        assert_eq!(directory(&memory, at, false, 3), Ok(Some((at.offset(0x410), 0x20))));
        assert_eq!(directory(&memory, at.offset(1), true, 3), Ok(Some((at.offset(0x410), 0x20))));
        assert_eq!(directory(&memory, at, true, 2), Ok(None));
        assert_eq!(directory(&memory, at, true, 16), Ok(None));
        put(0x80, 0);
        assert_eq!(directory(&memory, at, true, 3), Ok(None));
    }
}
