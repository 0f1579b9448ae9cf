//! Writes a 32-bit big-endian PowerPC ELF with load segments and nothing else.

/// Bytes of the file header.
const HEADER: u32 = 52;
/// Bytes of a program header.
const ROW: u32 = 32;
/// What segments are aligned to, in the file and in memory.
const ALIGNMENT: u32 = 0x1_0000;

/// A load segment.
#[derive(Debug)]
pub struct Segment {
    /// Where it lies, a multiple of 64 KiB.
    pub address: u32,
    /// What it holds.
    pub contents: Vec<u8>,
    /// Code, which is read only, or data that can be written.
    pub is_code: bool,
}

/// The file of a program that begins at `entry`.
pub fn write(entry: u32, segments: &[Segment]) -> Vec<u8> {
    let count = segments.len() as u16;
    // Class, byte order and version; an executable for PowerPC.
    let mut file = b"\x7FELF\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x14".to_vec();
    let words = |file: &mut Vec<u8>, words: &[u32]| {
        file.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    };
    // Version, entry, program headers, no sections, no flags.
    words(&mut file, &[1, entry, HEADER, 0, 0]);
    for half in [HEADER as u16, ROW as u16, count, 0, 0, 0] {
        file.extend(half.to_be_bytes());
    }
    let mut offset = ALIGNMENT;
    for segment in segments {
        let size = segment.contents.len() as u32;
        let flags = if segment.is_code { 5 } else { 6 };
        let row = [1, offset, segment.address, segment.address, size, size, flags, ALIGNMENT];
        words(&mut file, &row);
        offset += size.next_multiple_of(ALIGNMENT);
    }
    for segment in segments {
        file.resize(file.len().next_multiple_of(ALIGNMENT as usize), 0);
        file.extend(&segment.contents);
    }
    file
}
