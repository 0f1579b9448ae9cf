//! Conversion between 8-bit text and UTF-16 (`RtlMultiByte*`, `RtlUnicodeToMultiByte*`).

use crate::abi::{Call, Flow, IntoFlow, Out, Rest};
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

/// A conversion: destination, source and number of characters.
type Conversion = (GuestAddr, GuestAddr, u32);

/// Converts characters of `from` bytes each to `to` bytes each, in chunks.
fn convert(
    memory: &GuestMemory,
    (destination, source, count): Conversion,
    (from, to): (u32, u32),
    each: impl Fn(&[u8], &mut Vec<u8>),
) -> Result<(), MemoryFault> {
    let mut done = 0;
    while done < count {
        let now = CHUNK.min(count - done);
        let mut bytes = vec![0; (now * from) as usize];
        memory.read_bytes(source.offset(done.wrapping_mul(from)), &mut bytes)?;
        let mut out = Vec::with_capacity((now * to) as usize);
        for character in bytes.chunks_exact(from as usize) {
            each(character, &mut out);
        }
        memory.write_bytes(destination.offset(done.wrapping_mul(to)), &out)?;
        done += now;
    }
    Ok(())
}

/// Runs [`convert`] in turns; stores the total number of bytes at the end.
fn convert_in_turns(
    call: &Call,
    (destination, source, count): Conversion,
    widths: (u32, u32),
    written: Option<(Out<u32>, u32)>,
    each: impl Fn(&[u8], &mut Vec<u8>) + Copy + Send + Sync + 'static,
) -> Fallible<Flow<NtStatus>> {
    let now = count.min(TURN);
    convert(call.memory(), (destination, source, now), widths, each)?;
    if now < count {
        let next = |at: GuestAddr, width| at.offset(now.wrapping_mul(width));
        let left = (next(destination, widths.1), next(source, widths.0), count - now);
        let rest = move |call: &mut Call| convert_in_turns(call, left, widths, written, each).into_flow();
        return Ok(Flow::Later(Rest::new(rest)));
    }
    if let Some((written, bytes)) = written {
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
        convert_in_turns(call, (destination, source, count), (1, 2), written, |byte, out| {
            out.extend([0, byte[0]]);
        })
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
        convert_in_turns(call, (destination, source, count), (2, 1), written, |unit, out| {
            out.push(narrowed(u16::from_be_bytes([unit[0], unit[1]])));
        })
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
        let at = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE, false).unwrap();
        memory.fill(at, 0x3000, b'x').unwrap();
        let to = at.offset(0x8000);
        convert(&memory, (to, at, 0x3000), (1, 2), |byte, out| out.extend([0, byte[0]])).unwrap();
        assert_eq!(memory.read::<u16>(to.offset(0x5FFE)).unwrap(), u16::from(b'x'));
        assert_eq!(memory.read::<u16>(to.offset(0x6000)).unwrap(), 0);
        assert!(convert(&memory, (to, at, u32::MAX), (1, 2), |byte, out| out.extend([0, byte[0]])).is_err());
    }
}
