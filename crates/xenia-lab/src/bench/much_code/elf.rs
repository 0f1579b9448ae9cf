//! Writes a 32-bit big-endian PowerPC ELF: load segments, and records of kernel imports.

/// Size of the file header, in bytes.
const HEADER: u32 = 52;
/// Size of a program header, in bytes.
const ROW: u32 = 32;
/// Size of a section header, in bytes.
const SECTION: u16 = 40;
/// Alignment of segments, in the file and in memory.
const ALIGNMENT: u32 = 0x1_0000;
/// Names of the sections, each with the NUL before it.
const NAMES: &[u8] = b"\0.xenia.imports\0.shstrtab\0";
/// Offsets in [`NAMES`].
const IMPORTS_NAME: u32 = 1;
const NAMES_NAME: u32 = 16;
/// Size of a library's name in an import record, in bytes.
const LIBRARY: usize = 24;

// Kinds of segments and sections, and flags of segments. Source: the System V ABI, "Object files"
// and "Program loading".
const PT_LOAD: u32 = 1;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const PF_R: u32 = 4;
const SHT_PROGBITS: u32 = 1;
const SHT_STRTAB: u32 = 3;

/// Number of sections: the null section, the packer's section of imports, the names.
const SECTIONS: u16 = 3;
/// Index of the section of names.
const NAMES_SECTION: u16 = 2;

/// A load segment.
#[derive(Debug)]
pub(super) struct Segment {
    /// Load address, a multiple of 64 KiB.
    pub address: u32,
    /// Contents of the segment.
    pub contents: Vec<u8>,
    /// Whether it is read-only code; otherwise it is writable data.
    pub is_code: bool,
}

/// An imported function of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Import {
    /// Ordinal in its library.
    pub ordinal: u16,
    /// Address of its word of data.
    pub slot: u32,
    /// Address of its thunk of four instructions.
    pub thunk: u32,
}

/// Writes the ELF of a program with the entry point `entry`.
pub(super) fn write(entry: u32, segments: &[Segment], imports: &[Import]) -> Vec<u8> {
    let records: Vec<u8> = imports.iter().flat_map(record).collect();
    let end = segments
        .iter()
        .fold(ALIGNMENT, |end, segment| end.next_multiple_of(ALIGNMENT) + segment.contents.len() as u32);
    let names = end + records.len() as u32;
    let sections = (names + NAMES.len() as u32).next_multiple_of(4);
    let has_sections = !imports.is_empty();

    // Class, byte order and version; an executable for PowerPC.
    let mut file = b"\x7FELF\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x14".to_vec();
    words(&mut file, &[1, entry, HEADER, if has_sections { sections } else { 0 }, 0]);
    let of_sections = if has_sections { [SECTIONS, NAMES_SECTION] } else { [0; 2] };
    let of_segments = [HEADER as u16, ROW as u16, segments.len() as u16, SECTION];
    for half in of_segments.into_iter().chain(of_sections) {
        file.extend(half.to_be_bytes());
    }
    let mut offset = ALIGNMENT;
    for segment in segments {
        let size = segment.contents.len() as u32;
        let flags = PF_R | if segment.is_code { PF_X } else { PF_W };
        let row = [PT_LOAD, offset, segment.address, segment.address, size, size, flags, ALIGNMENT];
        words(&mut file, &row);
        offset += size.next_multiple_of(ALIGNMENT);
    }
    for segment in segments {
        file.resize(file.len().next_multiple_of(ALIGNMENT as usize), 0);
        file.extend(&segment.contents);
    }
    if has_sections {
        file.extend(&records);
        file.extend(NAMES);
        file.resize(sections as usize, 0);
        words(&mut file, &[0; 10]);
        words(&mut file, &section(IMPORTS_NAME, SHT_PROGBITS, end, records.len() as u32));
        words(&mut file, &section(NAMES_NAME, SHT_STRTAB, names, NAMES.len() as u32));
    }
    file
}

/// The header of a section that is not loaded and has no alignment.
fn section(name: u32, kind: u32, offset: u32, size: u32) -> [u32; 10] {
    const UNALIGNED: u32 = 1;
    [name, kind, 0, 0, offset, size, 0, 0, UNALIGNED, 0]
}

fn words(file: &mut Vec<u8>, words: &[u32]) {
    file.extend(words.iter().flat_map(|word| word.to_be_bytes()));
}

/// An import record, in the packer's format.
fn record(import: &Import) -> Vec<u8> {
    let mut record = b"xboxkrnl.exe".to_vec();
    record.resize(LIBRARY, 0);
    // The record is for a function.
    record.extend([0, 1]);
    record.extend(import.ordinal.to_be_bytes());
    words(&mut record, &[import.slot, import.thunk]);
    record
}
