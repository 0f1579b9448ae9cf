//! PE header of a packed image: one section per segment, and the function table, if any.
//!
//! Titles and the kernel use only the machine, the subsystem and the sections by name. Fields that
//! only a desktop loader would read are filled in consistently, too.

use crate::elf::Elf;
use crate::image::Protection;
use crate::pe::{self, ImageRange};

/// Size of the DOS header, which ends with the offset of the PE signature.
const DOS_SIZE: usize = 0x40;
/// Executable, for a machine with 32-bit words.
const CHARACTERISTICS: u16 = 0x0102;
/// Section flags: code, initialised data; execute, read, write.
const CODE: u32 = 0x20;
const DATA: u32 = 0x40;
const EXECUTE: u32 = 0x2000_0000;
const READ: u32 = 0x4000_0000;
const WRITE: u32 = 0x8000_0000;

struct Section {
    name: &'static str,
    address: u32,
    size: u32,
    flags: u32,
}

/// Largest size of the header for this ELF, in bytes.
pub(super) fn size(elf: &Elf) -> u32 {
    let sections = elf.segments.len() + 1;
    (DOS_SIZE + 4 + pe::FILE_HEADER_SIZE + pe::OPTIONAL_HEADER_SIZE + sections * pe::SECTION_HEADER_SIZE)
        as u32
}

fn sections(elf: &Elf, base: u32) -> Vec<Section> {
    let mut sections: Vec<Section> = elf
        .segments
        .iter()
        .map(|segment| {
            let (name, flags) = match segment.protection {
                Protection::Code | Protection::WritableCode => (".text", CODE | EXECUTE | READ),
                Protection::ReadOnly => (".rdata", DATA | READ),
                Protection::ReadWrite => (".data", DATA | READ | WRITE),
            };
            Section { name, address: segment.address.0 - base, size: segment.size, flags }
        })
        .collect();
    if let Some(ImageRange { offset, size }) = function_table(elf, base) {
        sections.push(Section { name: ".pdata", address: offset, size, flags: DATA | READ });
    }
    sections
}

/// The ELF's `.pdata` in the image, if a segment contains it.
fn function_table(elf: &Elf, base: u32) -> Option<ImageRange> {
    let (section, bytes) = elf.section_data(".pdata")?;
    let end = u64::from(section.address.0) + bytes.len() as u64;
    let held = elf.segments.iter().any(|s| s.address <= section.address && end <= s.end());
    (held && !bytes.is_empty())
        .then(|| ImageRange { offset: section.address.0 - base, size: bytes.len() as u32 })
}

/// Writes the header to the start of the image.
pub(super) fn write(elf: &Elf, base: u32, page_size: u32, image: &mut [u8]) {
    let sections = sections(elf, base);
    let mut header = HeaderBytes(Vec::with_capacity(size(elf) as usize));
    header.0.extend(b"MZ");
    header.fill_to(DOS_SIZE - 4);
    header.word(DOS_SIZE as u32);
    header.0.extend(b"PE\0\0");
    header.half(pe::MACHINE);
    header.half(sections.len() as u16);
    header.0.extend([0; 12]); // time stamp, symbol table: none
    header.half(pe::OPTIONAL_HEADER_SIZE as u16);
    header.half(CHARACTERISTICS);
    let numbers = ImageNumbers { base, page_size, image_size: image.len() as u32 };
    header.optional_header(elf, &sections, numbers);
    for section in &sections {
        header.section(section);
    }
    image[..header.0.len()].copy_from_slice(&header.0);
}

/// Numbers of the optional header that describe the image.
struct ImageNumbers {
    base: u32,
    page_size: u32,
    image_size: u32,
}

/// A header under construction; its numbers are little endian.
struct HeaderBytes(Vec<u8>);

impl HeaderBytes {
    fn half(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    fn word(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    /// Fills the bytes up to an offset with zeros.
    fn fill_to(&mut self, offset: usize) {
        self.0.resize(offset, 0);
    }

    fn optional_header(&mut self, elf: &Elf, sections: &[Section], numbers: ImageNumbers) {
        let ImageNumbers { base, page_size, image_size } = numbers;
        let total = |wanted: u32| -> u32 {
            sections.iter().filter(|s| s.flags & wanted != 0 && s.name != ".pdata").map(|s| s.size).sum()
        };
        let first = |wanted: u32| sections.iter().find(|s| s.flags & wanted != 0).map_or(0, |s| s.address);
        let start = self.0.len();
        self.half(pe::OPTIONAL_MAGIC);
        self.half(0); // linker version
        for value in [
            total(CODE),
            total(DATA),
            0, // uninitialised data: counted as data
            elf.entry.0 - base,
            first(CODE),
            first(DATA),
            base,
            page_size, // of sections in memory
            page_size, // and in the file, which is the same here
            0,         // system version
            0,         // image version
            0,         // subsystem version
            0,
            image_size,
            size(elf),
            0, // checksum
        ] {
            self.word(value);
        }
        self.half(pe::SUBSYSTEM);
        self.fill_to(start + pe::DIRECTORIES - 4); // stack and heap sizes: the XEX header says
        self.word(16);
        let table = function_table(elf, base).unwrap_or_default();
        self.fill_to(start + pe::DIRECTORIES + pe::EXCEPTION_DIRECTORY * 8);
        self.word(table.offset);
        self.word(table.size);
        self.fill_to(start + pe::OPTIONAL_HEADER_SIZE);
    }

    fn section(&mut self, section: &Section) {
        let mut name = [0; 8];
        name[..section.name.len()].copy_from_slice(section.name.as_bytes());
        self.0.extend(name);
        self.word(section.size);
        self.word(section.address);
        self.word(section.size);
        self.word(section.address);
        self.0.extend([0; 12]); // relocations, line numbers: none
        self.word(section.flags);
    }
}
