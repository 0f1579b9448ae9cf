//! Conversion between 8-bit text and UTF-16 (`RtlMultiByte*`, `RtlUnicodeToMultiByte*`).
//!
//! Lengths come from the guest, so text is converted in chunks, and long text in turns
//! ([`crate::turns`]). The size that a call stores is that of the whole result.

use crate::abi::rest::{TargetEncoding, TextConversion};
use crate::abi::{Call, Flow, Out, Rest};
use crate::status::failure::Fallible;
use crate::turns::TURN;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_rtl::text::characters::narrowed;

/// The exports for text conversion.
pub struct RtlConversion;

/// Number of characters converted at a time, as lengths come from the guest.
const CHUNK: u32 = 0x1000;

/// Converts `count` characters, in chunks.
fn convert(memory: &GuestMemory, conversion: TextConversion, count: u32) -> Result<(), MemoryFault> {
    let TextConversion { destination, source, encoding, .. } = conversion;
    let (from, to) = encoding.widths();
    let mut done = 0;
    while done < count {
        let now = CHUNK.min(count - done);
        let mut bytes = vec![0; (now * from) as usize];
        memory.read_bytes(source.offset(done.wrapping_mul(from)), &mut bytes)?;
        let out: Vec<u8> = match encoding {
            TargetEncoding::Utf16 => bytes.iter().flat_map(|&byte| [0, byte]).collect(),
            TargetEncoding::Narrow => {
                let (units, _) = bytes.as_chunks::<2>();
                units.iter().map(|&unit| narrowed(u16::from_be_bytes(unit))).collect()
            }
        };
        memory.write_bytes(destination.offset(done.wrapping_mul(to)), &out)?;
        done += now;
    }
    Ok(())
}

/// Converts text in turns; stores the total number of bytes at the end.
pub(crate) fn convert_in_turns(call: &Call, conversion: TextConversion) -> Fallible<Flow<NtStatus>> {
    let now = conversion.count.min(TURN);
    convert(call.memory(), conversion, now)?;
    let count = conversion.count - now;
    if count > 0 {
        let (from, to) = conversion.encoding.widths();
        return Ok(Flow::Later(Rest::Convert(TextConversion {
            destination: conversion.destination.offset(now.wrapping_mul(to)),
            source: conversion.source.offset(now.wrapping_mul(from)),
            count,
            ..conversion
        })));
    }
    if let Some((written, bytes)) = conversion.written {
        written.set(call.memory(), bytes)?;
    }
    Ok(Flow::Return(NtStatus::SUCCESS))
}

#[exports(xboxkrnl)]
impl RtlConversion {
    /// Converts 8-bit text to UTF-16, truncated to the destination; lengths are in bytes.
    #[export(Done)]
    fn RtlMultiByteToUnicodeN(
        call: &mut Call,
        destination: GuestAddr,
        room: u32,
        written: Option<Out<u32>>,
        source: GuestAddr,
        length: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let count = length.min(room / 2);
        let written = written.map(|written| (written, 2 * count));
        let encoding = TargetEncoding::Utf16;
        convert_in_turns(call, TextConversion { destination, source, count, encoding, written })
    }

    /// Converts UTF-16 to 8-bit text, truncated to the destination; lengths are in bytes.
    #[export(Done)]
    fn RtlUnicodeToMultiByteN(
        call: &mut Call,
        destination: GuestAddr,
        room: u32,
        written: Option<Out<u32>>,
        source: GuestAddr,
        length: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let count = room.min(length / 2);
        let written = written.map(|written| (written, count));
        let encoding = TargetEncoding::Narrow;
        convert_in_turns(call, TextConversion { destination, source, count, encoding, written })
    }

    /// Stores the size in bytes of 8-bit text after conversion to UTF-16.
    #[export(Done)]
    fn RtlMultiByteToUnicodeSize(
        call: &mut Call,
        size: Out<u32>,
        _source: GuestAddr,
        length: u32,
    ) -> Fallible<NtStatus> {
        size.set(call.memory(), length.saturating_mul(2))?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores the size in bytes of UTF-16 text after conversion to 8 bits.
    #[export(Done)]
    fn RtlUnicodeToMultiByteSize(
        call: &mut Call,
        size: Out<u32>,
        _source: GuestAddr,
        length: u32,
    ) -> Fallible<NtStatus> {
        size.set(call.memory(), length / 2)?;
        Ok(NtStatus::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn conversion_goes_in_pieces_and_stops_at_bad_memory() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE).unwrap();
        memory.fill(at, 0x3000, b'x').unwrap();
        let to = at.offset(0x8000);
        let conversion = TextConversion {
            destination: to,
            source: at,
            count: 0x3000,
            encoding: TargetEncoding::Utf16,
            written: None,
        };
        convert(&memory, conversion, 0x3000).unwrap();
        assert_eq!(memory.read::<u16>(to.offset(0x5FFE)).unwrap(), u16::from(b'x'));
        assert_eq!(memory.read::<u16>(to.offset(0x6000)).unwrap(), 0);
        assert!(convert(&memory, conversion, u32::MAX).is_err());
    }
}
