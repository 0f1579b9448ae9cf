//! 32-bit big-endian PowerPC ELF executables: the developer format, and the input of `pack`.
//!
//! Only the parts of a static, non-relocatable program are read: load segments, the TLS template,
//! notes, sections by name, symbols, and the entry point. Offsets in errors are those in the file.
//!
//! Invariant: all segments of an [`Elf`] lie in the file, they do not overlap, and together they
//! span at most [`MAX_IMAGE_SIZE`].

mod tables;

use std::io;

use object::elf;
use object::endian::BigEndian;
use object::read::elf::{FileHeader, ProgramHeader};
use xenia_guest::{GuestAddr, PAGE_SIZE};

use crate::error::{FormatError, Reason};
use crate::image::{ImageKind, LoadedImage, MAX_IMAGE_SIZE, PageRun, Protection, Symbol};
use crate::read_at::{ReadAt, read_exact_at, read_prefix};

/// The largest file accepted; debug sections may outweigh the image.
const MAX_FILE: u64 = 512 << 20;
/// Limit of the notes that are read in a segment; linkers write a handful.
const MAX_NOTES: usize = 64;
type Header = elf::FileHeader32<BigEndian>;

/// Whether the file starts with the ELF magic.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    let prefix: [u8; 4] = read_prefix(source)?;
    Ok(prefix == elf::ELFMAG)
}

/// A statically linked PowerPC executable.
#[derive(Clone, Debug)]
pub struct Elf {
    /// Address of the first instruction.
    pub entry: GuestAddr,
    /// Load segments, sorted by address; none is empty.
    pub segments: Vec<Segment>,
    /// Template of thread-local storage, if any.
    pub tls: Option<Segment>,
    /// Size of the first thread's stack in bytes: the size of the segment PT_GNU_STACK, which
    /// linkers write for `-z stack-size=N`.
    pub stack_size: Option<u32>,
    /// Whether it has the start-up code of Linux's C library (glibc), by the note of that.
    pub is_for_linux: bool,
    /// All named sections with contents in the file, in file order.
    pub sections: Vec<ElfSection>,
    /// Named symbols, sorted by address.
    pub symbols: Vec<Symbol>,
    /// Size in bytes of the file header and program headers at the file's start.
    headers_size: u32,
    /// The whole file.
    data: Vec<u8>,
}

/// A part of the file that is mapped into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address in guest memory.
    pub address: GuestAddr,
    /// Size in memory in bytes.
    pub size: u32,
    /// File offset of its contents.
    pub file_offset: u32,
    /// Size of the contents in the file in bytes; the rest is zero.
    pub file_size: u32,
    /// Access rights of the guest.
    pub protection: Protection,
}

/// A named part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElfSection {
    /// Name, such as `.text`.
    pub name: String,
    /// Address in guest memory; null if the section is not loaded.
    pub address: GuestAddr,
    /// File offset of its contents.
    pub file_offset: u32,
    /// Size in bytes.
    pub size: u32,
}

impl Elf {
    /// Reads and checks an executable.
    ///
    /// # Errors
    /// Another machine, word size or byte order; a library or object file; a program for a dynamic
    /// linker; segments that lie outside the file, are too large, or overlap.
    pub fn read(source: &dyn ReadAt) -> Result<Self, FormatError> {
        let size = source.size().map_err(|error| FormatError::new("ELF file", 0, Reason::Io(error)))?;
        FormatError::check_limit("ELF file size", 0, size, MAX_FILE)?;
        // Before the whole file is read, which may be large and something else.
        check_ident(&read_exact_at(source, "ELF header", 0, size_of::<Header>() as u64)?)?;
        let data = read_exact_at(source, "ELF file", 0, size)?;
        let bytes = data.as_slice();
        let damaged = |what: &'static str, offset: u64| {
            move |error: object::read::Error| FormatError::invalid(what, offset, error.to_string())
        };
        let header = Header::parse(bytes).map_err(damaged("ELF header", 0))?;
        check_kind(header)?;
        let table = u64::from(header.e_phoff(BigEndian));
        let program =
            header.program_headers(BigEndian, bytes).map_err(damaged("ELF program headers", table))?;
        let ProgramRows { segments, tls, stack_size, is_for_linux } =
            ProgramRows::read(program, table, bytes)?;

        let entry = GuestAddr(header.e_entry(BigEndian));
        let holds = |s: &Segment| entry.0.checked_sub(s.address.0).is_some_and(|at| at < s.size);
        if !entry.0.is_multiple_of(4) || !segments.iter().any(holds) {
            return Err(FormatError::invalid(
                "ELF entry point",
                0x18,
                format!("{entry} is not an instruction of a load segment"),
            ));
        }

        let (sections, symbols) = tables::read(header, bytes)?;
        let headers_size = u64::from(header.e_phoff(BigEndian)) + size_of_val(program) as u64;
        Ok(Self {
            entry,
            segments,
            tls,
            stack_size,
            is_for_linux,
            sections,
            symbols,
            headers_size: headers_size as u32,
            data,
        })
    }

    /// The contents of the section with this name, if there is one.
    pub fn section_data(&self, name: &str) -> Option<(&ElfSection, &[u8])> {
        let section = self.sections.iter().find(|section| section.name == name)?;
        let start = section.file_offset as usize;
        Some((section, self.data.get(start..start.checked_add(section.size as usize)?)?))
    }

    /// The contents of a segment in the file.
    pub fn segment_data(&self, segment: &Segment) -> &[u8] {
        let start = segment.file_offset as usize;
        self.data.get(start..start + segment.file_size as usize).unwrap_or(&[])
    }

    /// The program without the file header and program headers that the first segment may start
    /// with.
    ///
    /// The result starts with the first section, or after the headers if sections are stripped.
    pub(crate) fn without_file_headers(&self) -> Self {
        let mut trimmed = self.clone();
        let Some(first) = trimmed.segments.first_mut().filter(|first| first.file_offset == 0) else {
            return trimmed;
        };
        let start = first.address.0;
        let cut = self
            .sections
            .iter()
            .filter_map(|section| section.address.0.checked_sub(start))
            .filter(|&cut| cut < first.file_size)
            .min()
            .unwrap_or_else(|| self.headers_size.min(first.file_size));
        first.address = first.address.offset(cut);
        first.size -= cut;
        first.file_offset += cut;
        first.file_size -= cut;
        trimmed.segments.retain(|segment| segment.size != 0);
        trimmed
    }

    /// The lowest address and the address after the highest one, as 33-bit values.
    pub(crate) fn span(&self) -> (u64, u64) {
        let start = self.segments.first().map_or(0, |segment| u64::from(segment.address.0));
        let end = self.segments.last().map_or(0, Segment::end);
        (start, end)
    }

    /// Copies all segments into `image`, whose first byte is at `base`.
    pub(crate) fn copy_segments(&self, image: &mut [u8], base: u32) {
        for segment in &self.segments {
            let start = (segment.address.0 - base) as usize;
            let contents = self.segment_data(segment);
            image[start..start + contents.len()].copy_from_slice(contents);
        }
    }

    /// Protection of each page of `page_size` bytes from `base` on. A page shared by several
    /// segments gets the union of their rights.
    pub(crate) fn page_protections(
        &self,
        base: u32,
        pages: usize,
        page_size: u32,
    ) -> Vec<Option<Protection>> {
        let mut found = vec![None; pages];
        for segment in &self.segments {
            let first = ((segment.address.0 - base) / page_size) as usize;
            let last = ((segment.end() - 1 - u64::from(base)) / u64::from(page_size)) as usize;
            for page in &mut found[first..=last] {
                *page = Some(page.map_or(segment.protection, |old| union(old, segment.protection)));
            }
        }
        found
    }

    /// The image, in pages of 4 KiB.
    pub fn load(&self) -> LoadedImage {
        let (start, end) = self.span();
        let base = start as u32 / PAGE_SIZE * PAGE_SIZE;
        let size = (end.next_multiple_of(u64::from(PAGE_SIZE)) - u64::from(base)) as u32;
        let filled = self.segments.iter().map(|one| one.address.0 - base + one.file_size).max();
        let mut bytes = vec![0; filled.unwrap_or_default() as usize];
        self.copy_segments(&mut bytes, base);
        let mut page_runs: Vec<PageRun> = Vec::new();
        let pages = self.page_protections(base, (size / PAGE_SIZE) as usize, PAGE_SIZE);
        for (index, protection) in pages.into_iter().enumerate() {
            let Some(protection) = protection else { continue };
            let start = GuestAddr(base + index as u32 * PAGE_SIZE);
            match page_runs.last_mut() {
                Some(run) if run.protection == protection && run.start.offset(run.size) == start => {
                    run.size += PAGE_SIZE;
                }
                _ => page_runs.push(PageRun { start, size: PAGE_SIZE, protection }),
            }
        }
        LoadedImage {
            base: GuestAddr(base),
            size,
            entry: self.entry,
            bytes,
            page_size: PAGE_SIZE,
            page_runs,
            symbols: self.symbols.clone(),
            stack_size: self.stack_size,
            is_for_linux: self.is_for_linux,
            ..LoadedImage::empty(ImageKind::Elf)
        }
    }
}

/// The rows of the program header table that are used.
#[derive(Default)]
struct ProgramRows {
    segments: Vec<Segment>,
    tls: Option<Segment>,
    stack_size: Option<u32>,
    is_for_linux: bool,
}

impl ProgramRows {
    /// Reads the rows of the table at the offset `table` of the file `bytes`.
    fn read(
        program: &[elf::ProgramHeader32<BigEndian>],
        table: u64,
        bytes: &[u8],
    ) -> Result<Self, FormatError> {
        let file_size = bytes.len() as u64;
        let mut rows = Self::default();
        for (index, row) in program.iter().enumerate() {
            let offset = table + index as u64 * size_of_val(row) as u64;
            match row.p_type(BigEndian) {
                // An empty segment takes no memory, wherever it is.
                elf::PT_LOAD if row.p_memsz(BigEndian) != 0 => {
                    rows.segments.push(read_segment(row, offset, file_size)?);
                }
                elf::PT_TLS => rows.tls = Some(read_segment(row, offset, file_size)?),
                elf::PT_GNU_STACK => {
                    rows.stack_size = Some(row.p_memsz(BigEndian)).filter(|&size| size != 0);
                }
                elf::PT_INTERP => {
                    let why = "the program needs a dynamic linker; link it with -static";
                    return Err(FormatError::unsupported("ELF interpreter", offset, why));
                }
                elf::PT_NOTE => rows.is_for_linux |= has_linux_note(row, bytes),
                _ => {}
            }
        }
        rows.segments.sort_by_key(|segment| segment.address);
        check_layout(&rows.segments, table)?;
        Ok(rows)
    }
}

impl Segment {
    /// The address after the last byte, as a 33-bit value.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.address.0) + u64::from(self.size)
    }
}

/// Rights to a segment, besides that to read it.
#[derive(Clone, Copy)]
struct SegmentRights {
    write: bool,
    execute: bool,
}

impl SegmentRights {
    fn of(protection: Protection) -> Self {
        Self {
            write: matches!(protection, Protection::ReadWrite | Protection::WritableCode),
            execute: matches!(protection, Protection::Code | Protection::WritableCode),
        }
    }

    fn protection(self) -> Protection {
        match (self.write, self.execute) {
            (false, false) => Protection::ReadOnly,
            (true, false) => Protection::ReadWrite,
            (false, true) => Protection::Code,
            (true, true) => Protection::WritableCode,
        }
    }
}

/// The union of two protections.
fn union(a: Protection, b: Protection) -> Protection {
    let a = SegmentRights::of(a);
    let b = SegmentRights::of(b);
    SegmentRights { write: a.write || b.write, execute: a.execute || b.execute }.protection()
}

/// Whether a segment of notes has the one by which the C library of Linux marks its start-up code
/// (NT_GNU_ABI_TAG).
fn has_linux_note(row: &elf::ProgramHeader32<BigEndian>, bytes: &[u8]) -> bool {
    let Ok(Some(notes)) = row.notes(BigEndian, bytes) else { return false };
    notes.take(MAX_NOTES).flatten().any(|note| {
        note.name() == elf::ELF_NOTE_GNU
            && note.n_type(BigEndian) == elf::NT_GNU_ABI_TAG
            && note.desc().starts_with(&elf::ELF_NOTE_OS_LINUX.to_be_bytes())
    })
}

fn read_segment(
    row: &elf::ProgramHeader32<BigEndian>,
    offset: u64,
    file_size: u64,
) -> Result<Segment, FormatError> {
    const WHAT: &str = "ELF segment";
    let flags = row.p_flags(BigEndian);
    let rights = SegmentRights { write: flags.contains(elf::PF_W), execute: flags.contains(elf::PF_X) };
    let segment = Segment {
        address: GuestAddr(row.p_vaddr(BigEndian)),
        size: row.p_memsz(BigEndian),
        file_offset: row.p_offset(BigEndian),
        file_size: row.p_filesz(BigEndian),
        protection: rights.protection(),
    };
    FormatError::check_limit(
        "ELF segment size",
        offset + 0x14,
        u64::from(segment.size),
        u64::from(MAX_IMAGE_SIZE),
    )?;
    if segment.file_size > segment.size {
        return Err(FormatError::invalid(
            WHAT,
            offset + 0x10,
            format!("{:#x} bytes of contents in {:#x} bytes of memory", segment.file_size, segment.size),
        ));
    }
    if u64::from(segment.file_offset) + u64::from(segment.file_size) > file_size {
        let at = u64::from(segment.file_offset);
        return Err(FormatError::truncated(WHAT, at, u64::from(segment.file_size), file_size));
    }
    if segment.end() > u64::from(u32::MAX) {
        return Err(FormatError::invalid(
            WHAT,
            offset + 8,
            format!("{:#x} bytes at {} wrap around", segment.size, segment.address),
        ));
    }
    Ok(segment)
}

/// Checks the magic, the word size and the byte order.
fn check_ident(ident: &[u8]) -> Result<(), FormatError> {
    if ident[..4] != elf::ELFMAG {
        let found = u32::from_be_bytes([ident[0], ident[1], ident[2], ident[3]]);
        return Err(FormatError::unexpected("ELF header", 0, found, "the ELF magic"));
    }
    if ident[4] != elf::ELFCLASS32.0 {
        return Err(FormatError::unexpected("ELF class", 4, ident[4], "1 (32-bit)"));
    }
    if ident[5] != elf::ELFDATA2MSB.0 {
        return Err(FormatError::unexpected("ELF byte order", 5, ident[5], "2 (big-endian)"));
    }
    Ok(())
}

/// Checks that the file is an executable for PowerPC.
fn check_kind(header: &Header) -> Result<(), FormatError> {
    let kind = header.e_type(BigEndian);
    if kind == elf::ET_DYN {
        let why = "position-independent programs and shared libraries; link with -no-pie -static";
        return Err(FormatError::unsupported("ELF type", 0x10, why));
    }
    if kind != elf::ET_EXEC {
        return Err(FormatError::unexpected("ELF type", 0x10, kind.0, "2 (an executable)"));
    }
    let machine = header.e_machine(BigEndian);
    if machine != elf::EM_PPC {
        return Err(FormatError::unexpected("ELF machine", 0x12, machine.0, "20 (PowerPC)"));
    }
    Ok(())
}

/// Checks that sorted segments do not overlap and do not span more than an image may.
fn check_layout(segments: &[Segment], table: u64) -> Result<(), FormatError> {
    const WHAT: &str = "ELF segments";
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return Err(FormatError::invalid(WHAT, table, "there is nothing to load"));
    };
    for pair in segments.windows(2) {
        if pair[0].end() > u64::from(pair[1].address.0) {
            return Err(FormatError::invalid(
                WHAT,
                table,
                format!("the ones at {} and {} overlap", pair[0].address, pair[1].address),
            ));
        }
    }
    let page = u64::from(PAGE_SIZE);
    let span = last.end().next_multiple_of(page) - u64::from(first.address.0) / page * page;
    FormatError::check_limit("ELF image size", table, span, u64::from(MAX_IMAGE_SIZE))?;
    // The address after the image must fit in 32 bits: loaders compute it.
    if last.end().next_multiple_of(page) > u64::from(u32::MAX) {
        return Err(FormatError::invalid(WHAT, table, "the last page of the address space is used"));
    }
    Ok(())
}
