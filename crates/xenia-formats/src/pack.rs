//! Packer: converts a linked PowerPC ELF to a XEX2 (`xenia-rs pack in.elf -o out.xex`).
//!
//! The ELF is linked against a *stub library* whose objects describe the kernel's exports; see
//! [`stub`] for the sections that it uses. The packer adds the parts that a title needs around the
//! ELF's segments:
//!
//! ```text
//! base            PE header (machine 0x1F2) and export tables, in separate read-only pages
//! base + 0x10000  segments as linked; segments of different rights in different pages
//!   .pdata        referenced by the PE header, if the ELF has such a section
//! ```
//! `base` is the 64 KiB boundary at or below the lowest segment that leaves room for the PE header,
//! so link with `-Ttext=0x82010000` (and the linker's default of 64 KiB between segments) to get
//! the usual base 0x82000000. ELF headers included in a segment are dropped.
//!
//! The result has basic compression, valid digests and no signature. The output is deterministic.

mod exports;
mod pe_header;
pub mod stub;

use std::collections::BTreeMap;

use xenia_guest::{GuestAddr, MediaId, TitleId};

use crate::elf::Elf;
use crate::image::{ExecutionInfo, MAX_IMAGE_SIZE, Protection, Resource, TlsInfo, Version, import_thunk};
use crate::xex::PageType;
use crate::xex::write::{ImportedLibrary, XexContents};
use exports::ExportTables;
use stub::{StubExport, StubImport, StubKind, StubTitle};

/// Addresses of titles with pages of 64 KiB.
const LARGE_PAGES: std::ops::Range<u32> = 0x8000_0000..0x9000_0000;
/// Addresses of titles with pages of 4 KiB.
const SMALL_PAGES: std::ops::Range<u32> = 0x9000_0000..0xA000_0000;
/// Alignment of images, independent of their page size.
const BASE_ALIGNMENT: u32 = 0x1_0000;
/// Default stack size of the main thread in bytes.
const DEFAULT_STACK_SIZE: u32 = 0x4_0000;
/// Number of dynamic TLS slots, as set by the console's linker.
const TLS_SLOTS: u32 = 64;
/// Largest number of load segments; each becomes a PE section.
const MAX_SEGMENTS: usize = 64;
/// Largest number of import libraries: the word of an import has 8 bits for the library.
const MAX_LIBRARIES: usize = 0x100;
/// Largest number of records of an import library; their count has 16 bits.
const MAX_RECORDS: usize = 0xFFFF;
/// Version in the import tables: the last public one.
const LIBRARY_VERSION: Version = Version(2 << 28 | 21119 << 8);

/// Options of the packer.
#[derive(Clone, Debug, Default)]
pub struct PackOptions {
    /// Whether to encrypt the payload with the development key.
    pub encrypt: bool,
    /// The original file name to store.
    pub name: Option<String>,
}

/// Reasons why an ELF cannot be packed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It is linked for addresses outside the range of titles.
    #[error(
        "the image would lie at {base:#010x} ({size:#x} bytes), but titles lie between 0x80000000 and 0xa0000000; link with -Ttext=0x82010000"
    )]
    Placement {
        /// Start of the image.
        base: u64,
        /// Size in bytes.
        size: u64,
    },
    /// Code and writable data share a page.
    #[error("the page at {page} would be both writable and executable; link segments 64 KiB apart")]
    WritableCode {
        /// Address of the page.
        page: GuestAddr,
    },
    /// A section for the packer is malformed.
    #[error("section {section}, offset {offset:#x}: {reason}")]
    Section {
        /// The section's name.
        section: &'static str,
        /// Offset in the section.
        offset: usize,
        /// Reason of the error.
        reason: String,
    },
    /// An address in the headers is outside the loaded segments.
    #[error("{what} at {address} is not in a load segment")]
    Outside {
        /// Name of the item.
        what: &'static str,
        /// Its guest address.
        address: GuestAddr,
    },
    /// A count exceeds the capacity of a field.
    #[error("{what}: {count} are more than the format can hold")]
    TooMany {
        /// Name of the counted items.
        what: &'static str,
        /// Number of items.
        count: usize,
    },
}

/// Converts an ELF to a XEX2.
///
/// # Errors
/// See [`PackError`].
pub fn pack(elf: &Elf, options: &PackOptions) -> Result<Vec<u8>, PackError> {
    let elf = &elf.without_file_headers();
    let imports = stub::read_imports(elf)?;
    let title = stub::read_title(elf)?;
    let resources = stub::read_resources(elf)?;
    let exports = stub::read_exports(elf)?;
    if elf.segments.len() > MAX_SEGMENTS {
        return Err(PackError::TooMany { what: "load segments", count: elf.segments.len() });
    }
    let tables = ExportTables::new(&exports);
    let layout = Layout::of(elf, tables.as_ref())?;
    check_addresses(elf, &resources, &exports)?;
    let mut image = vec![0; layout.size as usize];
    elf.copy_segments(&mut image, layout.base);
    pe_header::write(elf, layout.base, layout.page_size, &mut image);
    let tables = tables.map(|tables| tables.write(pe_header::size(elf), layout.base, &mut image));
    let libraries = place_imports(&imports, &layout, &mut image)?;

    let execution = title.as_ref().and_then(execution_info);
    let stack_size = title.map(|title| title.stack_size).filter(|&size| size != 0).or(elf.stack_size);
    let contents = XexContents {
        base: GuestAddr(layout.base),
        entry: elf.entry,
        page_size: layout.page_size,
        runs: layout.page_runs(elf)?,
        image,
        libraries,
        export_table: tables.as_ref().map(|tables| tables.by_ordinal),
        exports_by_name: tables.and_then(|tables| tables.by_name),
        resources,
        tls: tls_info(elf),
        execution,
        stack_size: stack_size.unwrap_or(DEFAULT_STACK_SIZE),
        name: options.name.clone(),
        encrypt: options.encrypt,
    };
    let file = contents.write();
    if u32::try_from(file.len()).is_err() {
        return Err(PackError::TooMany { what: "bytes of the file", count: file.len() });
    }
    Ok(file)
}

/// Refuses an ELF with addresses that no load segment contains.
fn check_addresses(elf: &Elf, resources: &[Resource], exports: &[StubExport]) -> Result<(), PackError> {
    let holds = |address: GuestAddr, size: u32| {
        let end = u64::from(address.0) + u64::from(size);
        elf.segments.iter().any(|segment| segment.address <= address && end <= segment.end())
    };
    if !holds(elf.entry, 4) {
        return Err(PackError::Outside { what: "the entry", address: elf.entry });
    }
    if let Some(tls) = elf.tls.filter(|tls| tls.file_size != 0 && !holds(tls.address, tls.file_size)) {
        return Err(PackError::Outside { what: "the TLS template", address: tls.address });
    }
    if let Some(resource) = resources.iter().find(|resource| !holds(resource.address, resource.size)) {
        return Err(PackError::Outside { what: "a resource", address: resource.address });
    }
    exports::check(exports, holds)
}

fn tls_info(elf: &Elf) -> Option<TlsInfo> {
    elf.tls.map(|template| TlsInfo {
        slot_count: TLS_SLOTS,
        raw_data_address: template.address,
        data_size: template.size,
        raw_data_size: template.file_size,
    })
}

/// Identity of the title; `None` without a title ID.
fn execution_info(title: &StubTitle) -> Option<ExecutionInfo> {
    (title.title_id != 0).then_some(ExecutionInfo {
        media_id: MediaId(title.media_id),
        version: Version(title.version),
        base_version: Version(title.version),
        title_id: TitleId(title.title_id),
        platform: 0,
        executable_type: 0,
        disc_number: 1,
        disc_count: 1,
        savegame_id: 0,
    })
}

/// Layout of the image.
struct Layout {
    base: u32,
    size: u32,
    page_size: u32,
    /// Offset after the PE header and the exports.
    headers_end: u32,
}

impl Layout {
    fn of(elf: &Elf, exports: Option<&ExportTables<'_>>) -> Result<Self, PackError> {
        let (start, end) = elf.span();
        let headers_end = pe_header::size(elf) + exports.map_or(0, ExportTables::size);
        let alignment = u64::from(BASE_ALIGNMENT);
        let base = start.saturating_sub(u64::from(headers_end)) / alignment * alignment;
        let small = u32::try_from(base).is_ok_and(|base| SMALL_PAGES.contains(&base));
        let (page_size, range) = if small { (0x1000, SMALL_PAGES) } else { (0x1_0000, LARGE_PAGES) };
        let size = (end - base).next_multiple_of(u64::from(page_size));
        let inside = base >= u64::from(range.start) && base + size <= u64::from(range.end);
        if !inside || size > u64::from(MAX_IMAGE_SIZE) {
            return Err(PackError::Placement { base, size });
        }
        Ok(Self { base: base as u32, size: size as u32, page_size, headers_end })
    }

    /// Runs of pages of one type; pages without a segment are read-only.
    fn page_runs(&self, elf: &Elf) -> Result<Vec<(u32, PageType)>, PackError> {
        let pages = (self.size / self.page_size) as usize;
        let mut runs: Vec<(u32, PageType)> = Vec::new();
        for (index, protection) in
            elf.page_protections(self.base, pages, self.page_size).into_iter().enumerate()
        {
            let kind = match protection {
                None | Some(Protection::ReadOnly) => PageType::ReadOnly,
                Some(Protection::ReadWrite) => PageType::Data,
                Some(Protection::Code) => PageType::Code,
                Some(Protection::WritableCode) => {
                    let page = GuestAddr(self.base + index as u32 * self.page_size);
                    return Err(PackError::WritableCode { page });
                }
            };
            match runs.last_mut() {
                Some((count, last)) if *last == kind => *count += 1,
                _ => runs.push((1, kind)),
            }
        }
        Ok(runs)
    }
}

/// Writes the words of all imports into the image; returns the libraries by name, with their
/// records sorted by ordinal.
fn place_imports(
    imports: &[StubImport],
    layout: &Layout,
    image: &mut [u8],
) -> Result<Vec<ImportedLibrary>, PackError> {
    let mut by_library: BTreeMap<&str, Vec<&StubImport>> = BTreeMap::new();
    for import in imports {
        by_library.entry(&import.library).or_default().push(import);
    }
    if by_library.len() > MAX_LIBRARIES {
        return Err(PackError::TooMany { what: "import libraries", count: by_library.len() });
    }
    let mut records = ImportRecords { layout, image, taken: BTreeMap::new() };
    let mut libraries = Vec::new();
    for (index, (name, mut imports)) in by_library.into_iter().enumerate() {
        imports.sort_by_key(|import| (import.ordinal, import.slot));
        let mut addresses = Vec::new();
        for import in imports {
            let word = (index as u32) << 16 | u32::from(import.ordinal.0);
            addresses.push(records.put(import, import.slot, &[word])?);
            if let StubKind::Function { thunk } = import.kind {
                addresses.push(records.put(import, thunk, &import_thunk(word))?);
            }
        }
        if addresses.len() > MAX_RECORDS {
            return Err(PackError::TooMany { what: "imports of one library", count: addresses.len() });
        }
        libraries.push(ImportedLibrary {
            name: name.to_owned(),
            version: LIBRARY_VERSION,
            minimum_version: LIBRARY_VERSION,
            records: addresses,
        });
    }
    Ok(libraries)
}

/// The image, with the import records in it.
struct ImportRecords<'a> {
    layout: &'a Layout,
    image: &'a mut [u8],
    /// Lengths of the records, by offset.
    taken: BTreeMap<usize, usize>,
}

impl ImportRecords<'_> {
    /// Writes a record of an import; returns its address.
    fn put(
        &mut self,
        import: &StubImport,
        address: GuestAddr,
        words: &[u32],
    ) -> Result<GuestAddr, PackError> {
        let refuse = |reason: String| PackError::Section {
            section: stub::IMPORTS_SECTION,
            offset: import.offset,
            reason,
        };
        let length = words.len() * 4;
        let Some(start) = self.offset(address, length) else {
            return Err(refuse(format!("{address} is not a place in the image for {length} bytes")));
        };
        // Taken records do not overlap, so only the last one before the end can reach in.
        let before = self.taken.range(..start + length).next_back();
        if before.is_some_and(|(&at, &length)| at + length > start) {
            return Err(refuse(format!("{address} is taken by another import")));
        }
        self.taken.insert(start, length);
        for (bytes, word) in self.image[start..].chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Ok(address)
    }

    /// Offset of a record, if the image has room for it there, after the headers.
    fn offset(&self, address: GuestAddr, length: usize) -> Option<usize> {
        let start = address.0.checked_sub(self.layout.base)? as usize;
        let is_inside = start >= self.layout.headers_end as usize && start + length <= self.image.len();
        (is_inside && address.0.is_multiple_of(4)).then_some(start)
    }
}
