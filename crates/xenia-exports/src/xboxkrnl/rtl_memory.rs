//! Comparison and filling of memory (`RtlCompareMemory*`, `RtlFillMemoryUlong`), and checksums.
//!
//! Lengths come from the guest, so host memory is used in chunks, and long operations are divided
//! into turns ([`crate::turns`]). Pages after the one with the first difference are not read:
//! they may not be mapped.

use crate::abi::rest::{ComparedMemory, MemoryComparison};
use crate::abi::{Call, Flow, Rest};
use crate::status::failure::Fallible;
use crate::turns::{TURN, repeat};
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};

/// The exports for memory and checksums.
pub struct RtlMemory;

/// Number of bytes copied at a time, as lengths come from the guest.
const CHUNK: u32 = 0x1000;

/// Largest length of a comparison with buffers of this size: two of [`CHUNK`] bytes would be
/// cleared for nothing.
const SHORT_CHUNK: u32 = 0x100;

/// Calls `each` with chunks of a range of guest memory until it returns false. All but the last
/// have [`CHUNK`] bytes.
pub(super) fn for_each_chunk(
    memory: &GuestMemory,
    at: GuestAddr,
    length: u32,
    mut each: impl FnMut(u32, &[u8]) -> Result<bool, MemoryFault>,
) -> Result<(), MemoryFault> {
    let mut buffer = [0; CHUNK as usize];
    let mut done = 0;
    while done < length {
        let count = CHUNK.min(length - done);
        let bytes = &mut buffer[..count as usize];
        memory.read_bytes(at.offset(done), bytes)?;
        if !each(done, bytes)? {
            break;
        }
        done += count;
    }
    Ok(())
}

/// Number of equal bytes at the start.
pub(super) fn equal_bytes(
    memory: &GuestMemory,
    first: GuestAddr,
    second: GuestAddr,
    length: u32,
) -> Result<u32, MemoryFault> {
    if length <= SHORT_CHUNK {
        equal_bytes_by::<{ SHORT_CHUNK as usize }>(memory, first, second, length)
    } else {
        equal_bytes_by::<{ CHUNK as usize }>(memory, first, second, length)
    }
}

/// [`equal_bytes`] with buffers of `N` bytes: [`CHUNK`], or at least `length`.
fn equal_bytes_by<const N: usize>(
    memory: &GuestMemory,
    first: GuestAddr,
    second: GuestAddr,
    length: u32,
) -> Result<u32, MemoryFault> {
    let mut one = [0; N];
    let mut other = [0; N];
    let mut equal = 0;
    while equal < length {
        let places = [first.offset(equal), second.offset(equal)];
        let in_page = places.map(|at| CHUNK - at.0 % CHUNK);
        let count = in_page.into_iter().fold(length - equal, u32::min) as usize;
        memory.read_bytes(places[0], &mut one[..count])?;
        memory.read_bytes(places[1], &mut other[..count])?;
        let same = common_prefix(&one[..count], &other[..count]);
        equal += same as u32;
        if same < count {
            break;
        }
    }
    Ok(equal)
}

/// Number of equal bytes at the start of two buffers of one length, compared by doublewords.
fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let same = 8 * words.take_while(|(a, b)| a == b).count();
    same + one[same..].iter().zip(&other[same..]).take_while(|(a, b)| a == b).count()
}

/// Counts equal bytes at the start, a part in each turn.
pub(crate) fn count_equal(call: &Call, comparison: MemoryComparison) -> Fallible<Flow<u32>> {
    let MemoryComparison { done, length, operands } = comparison;
    let now = (length - done).min(TURN);
    let found = match operands {
        ComparedMemory::Ranges(first, second) => {
            equal_bytes(call.memory(), first.offset(done), second.offset(done), now)?
        }
        ComparedMemory::Word(source, word) => equal_words(call.memory(), source.offset(done), now, word)?,
    };
    let done = done + found;
    if found < now || done == length {
        return Ok(Flow::Return(done));
    }
    Ok(Flow::Later(Rest::Compare(MemoryComparison { done, ..comparison })))
}

/// Number of bytes at the start that repeat a word; `length` must be a multiple of 4.
fn equal_words(memory: &GuestMemory, at: GuestAddr, length: u32, word: u32) -> Result<u32, MemoryFault> {
    let mut buffer = [0; CHUNK as usize];
    let mut equal = 0;
    while equal < length {
        let at = at.offset(equal);
        // A word that lies in two pages is read alone.
        let in_page = (CHUNK - at.0 % CHUNK).max(4) & !3;
        let count = in_page.min(length - equal);
        let bytes = &mut buffer[..count as usize];
        memory.read_bytes(at, bytes)?;
        let words = bytes.chunks_exact(4);
        let same = words.take_while(|bytes| *bytes == word.to_be_bytes()).count() as u32 * 4;
        equal += same;
        if same < count {
            break;
        }
    }
    Ok(equal)
}

/// Tables for slicing-by-8: CRC of a byte followed by 0 to 7 zero bytes. Fast, as a title may pass
/// a gibibyte in one call.
static CRC_TABLES: [[u32; 256]; 8] = crc_tables();

const fn crc_tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut zeros = 0;
        while zeros < 8 {
            let mut bit = 0;
            while bit < 8 {
                crc = crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
                bit += 1;
            }
            tables[zeros][byte] = crc;
            zeros += 1;
        }
        byte += 1;
    }
    tables
}

/// CRC-32 (polynomial 0xEDB88320, reflected), continued from `crc`.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let crc = chunks.iter().fold(crc, |crc, &chunk| {
        let bytes = (u64::from_le_bytes(chunk) ^ u64::from(crc)).to_le_bytes();
        bytes
            .iter()
            .zip(CRC_TABLES.iter().rev())
            .fold(0, |sum, (&byte, table)| sum ^ table[usize::from(byte)])
    });
    rest.iter().fold(crc, |crc, &byte| crc >> 8 ^ CRC_TABLES[0][usize::from(crc as u8 ^ byte)])
}

#[exports(xboxkrnl)]
impl RtlMemory {
    /// Counts the equal bytes at the start of two ranges.
    #[export(Done)]
    fn RtlCompareMemory(
        call: &mut Call,
        first: GuestAddr,
        second: GuestAddr,
        length: u32,
    ) -> Fallible<Flow<u32>> {
        count_equal(
            call,
            MemoryComparison { done: 0, length, operands: ComparedMemory::Ranges(first, second) },
        )
    }

    /// Counts the bytes at the start of a range that repeat a word.
    #[export(Done)]
    fn RtlCompareMemoryUlong(
        call: &mut Call,
        source: GuestAddr,
        length: u32,
        word: u32,
    ) -> Fallible<Flow<u32>> {
        let length = length & !3;
        count_equal(call, MemoryComparison { done: 0, length, operands: ComparedMemory::Word(source, word) })
    }

    /// Fills memory with a word; only whole words are written.
    #[export(Done)]
    fn RtlFillMemoryUlong(
        call: &mut Call,
        destination: GuestAddr,
        length: u32,
        word: u32,
    ) -> Fallible<Flow<()>> {
        let memory = call.memory();
        let pattern: Vec<u8> = word.to_be_bytes().repeat(CHUNK as usize / 4);
        let length = length & !3;
        let mut done = 0;
        let now = length.min(TURN);
        while done < now {
            let count = CHUNK.min(now - done);
            memory.write_bytes(destination.offset(done), &pattern[..count as usize])?;
            done += count;
        }
        let left = length - now;
        Ok(repeat(call, (), left, 3, [destination.offset(now).0, left]))
    }

    /// Returns the CRC-32 of memory, continued from a previous value.
    #[export(Done)]
    fn RtlComputeCrc32(call: &mut Call, initial: u32, source: GuestAddr, length: u32) -> Fallible<Flow<u32>> {
        let now = length.min(TURN);
        let mut crc = !initial;
        for_each_chunk(call.memory(), source, now, |_, bytes| {
            crc = crc32(crc, bytes);
            Ok(true)
        })?;
        let left = length - now;
        Ok(repeat(call, !crc, left, 3, [!crc, source.offset(now).0, left]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn comparisons_stop_at_the_first_difference() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x4000, 0x1000, Protect::READ_WRITE).unwrap();
        let other = at.offset(0x2000);
        assert_eq!(equal_bytes(&memory, at, other, 0x2000), Ok(0x2000));
        memory.write(other.offset(0x1801), 1_u8).unwrap();
        assert_eq!(equal_bytes(&memory, at, other, 0x2000), Ok(0x1801));
        assert_eq!(equal_bytes(&memory, at, GuestAddr(0), 4).unwrap_err().addr, GuestAddr(0));
        memory.write(at.offset(0x1004), 5_u32).unwrap();
        assert_eq!(equal_words(&memory, at, 0x1FFC, 0), Ok(0x1004));
        assert!(equal_words(&memory, at, !3, 0).is_ok(), "it stops before the end of the memory");
    }

    #[test]
    fn the_common_prefix_is_that_of_the_bytes() {
        for length in 0..40 {
            let one = vec![7_u8; length];
            assert_eq!(common_prefix(&one, &one), length);
            for first in 0..length {
                let mut other = one.clone();
                other[first..].fill(8);
                assert_eq!(common_prefix(&one, &other), first, "of {length}");
                // Equal bytes behind the first difference do not count.
                other[first + 1..].fill(7);
                assert_eq!(common_prefix(&one, &other), first, "of {length}");
            }
        }
    }

    #[test]
    fn comparisons_of_any_length_count_the_same() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x4000, 0x1000, Protect::READ_WRITE).unwrap();
        // Both ranges cross pages, at different places.
        let one = at.offset(0xFF0);
        let other = at.offset(0x2F85);
        for length in [0, 1, SHORT_CHUNK - 1, SHORT_CHUNK, SHORT_CHUNK + 1, 0x800] {
            assert_eq!(equal_bytes(&memory, one, other, length), Ok(length));
        }
        for first in [0, 9, 0x7B, SHORT_CHUNK - 1, SHORT_CHUNK, 0x7FF] {
            memory.write(other.offset(first), 1_u8).unwrap();
            for length in [SHORT_CHUNK, 0x800] {
                assert_eq!(equal_bytes(&memory, one, other, length), Ok(first.min(length)));
            }
            memory.write(other.offset(first), 0_u8).unwrap();
        }
    }

    /// A range may extend into unmapped memory if a difference comes before that.
    #[test]
    fn comparison_stops_before_unmapped_memory() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x4000, 0x1000, Protect::READ_WRITE).unwrap();
        memory.decommit(at.offset(0x3000), 0x1000).unwrap();
        let last = at.offset(0x2FF0);
        memory.write(last.offset(4), 1_u8).unwrap();
        assert_eq!(equal_bytes(&memory, at, last, 0x2000), Ok(4));
        assert_eq!(equal_bytes(&memory, last, at, 0x2000), Ok(4));
        assert!(equal_bytes(&memory, at, last.offset(8), 0x2000).is_err());
        assert!(equal_bytes(&memory, last.offset(8), at, 0x2000).is_err());
        for (offset, equal) in [(0, 4), (4, 0), (2, 0)] {
            assert_eq!(equal_words(&memory, last.offset(offset), 0x2000, 0), Ok(equal), "{offset}");
        }
        for offset in [8, 10] {
            assert!(equal_words(&memory, last.offset(offset), 0x2000, 0).is_err(), "{offset}");
            let within = (0x10 - offset) & !3;
            assert_eq!(equal_words(&memory, last.offset(offset), within, 0), Ok(within), "{offset}");
        }
        let across = at.offset(0xFFE);
        memory.write(across.offset(12), 1_u8).unwrap();
        assert_eq!(equal_words(&memory, across, 0x2000, 0), Ok(12), "a word in two pages");
    }

    #[test]
    fn checksum_of_the_check_string() {
        assert_eq!(!crc32(!0, b"123456789"), 0xCBF4_3926);
        let bitwise = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
        };
        let bytes: Vec<u8> = (0..100_u32).map(|n| (n * n * 7 + 3) as u8).collect();
        for length in 0..bytes.len() {
            let expected = bytes[..length].iter().fold(0x1234_5678, bitwise);
            assert_eq!(crc32(0x1234_5678, &bytes[..length]), expected, "{length} bytes");
        }
    }
}
