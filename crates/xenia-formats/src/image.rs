//! Loaded images: the common result of all executable readers, ready to be mapped into guest
//! memory.
//!
//! All readers guarantee these invariants, so a loader needs no checks: `bytes` is no longer than
//! `size` (the rest is zero), `base + size` does not wrap, all import slots and thunks lie inside
//! the image, and page runs are sorted, disjoint and inside the image. `entry` is inside the image,
//! or null for a library without an entry point.

use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, MediaId, Ordinal, TitleId};

/// Largest accepted image size in bytes: half of the console's memory.
pub const MAX_IMAGE_SIZE: u32 = 256 << 20;

/// Granularity in bytes of the search for nonzero data.
const FILLED_PAGE: usize = 0x1000;
static ZERO_PAGE: [u8; FILLED_PAGE] = [0; FILLED_PAGE];

/// Source format of an image, which determines how the title is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// A XEX2 module, with kernel imports, TLS, and a guest copy of its headers.
    Xex,
    /// A plain PowerPC ELF, the developer format.
    Elf,
}

/// An executable, decrypted and decompressed, with all data that a loader needs.
#[derive(Clone, Debug)]
pub struct LoadedImage {
    /// Source format of the image.
    pub kind: ImageKind,
    /// Guest address of `bytes[0]`; a multiple of `page_size`.
    pub base: GuestAddr,
    /// Size in memory in bytes, at most [`MAX_IMAGE_SIZE`]; a multiple of `page_size`.
    pub size: u32,
    /// Entry point; null for a library without an entry point.
    pub entry: GuestAddr,
    /// Whether it is a library, which titles load.
    pub is_library: bool,
    /// Contents of the image; import slots and thunks are still as stored on disk. Trailing zeros
    /// can be omitted, because the .bss of an ELF can have tens of MiB.
    pub bytes: Vec<u8>,
    /// Page size of `page_runs` in bytes: 4096 or 65536.
    pub page_size: u32,
    /// Runs of pages with equal protection, sorted; pages outside all runs are inaccessible.
    pub page_runs: Vec<PageRun>,
    /// Imported libraries in file order; empty for an ELF.
    pub imports: Vec<ImportLibrary>,
    /// Template of thread-local storage, if any.
    pub tls: Option<TlsInfo>,
    /// Stack size of the main thread in bytes; `None` for the kernel's default.
    pub stack_size: Option<u32>,
    /// Whether it has the start-up code of Linux's C library (ELF only).
    pub is_for_linux: bool,
    /// Title ID, media ID and versions, if present.
    pub execution: Option<ExecutionInfo>,
    /// Mask of the regions whose consoles may run it; 0 if the file names none.
    pub region: u32,
    /// Other titles whose content this title can open.
    pub alternate_titles: Vec<TitleId>,
    /// Named data blobs inside the image.
    pub resources: Vec<Resource>,
    /// Exports, sorted by ordinal.
    pub exports: Vec<ImageExport>,
    /// The `.pdata` function table in file order; empty if missing.
    pub functions: Vec<FunctionEntry>,
    /// Symbols (ELF only), sorted by address.
    pub symbols: Vec<Symbol>,
    /// File name known to the linker, if stored.
    pub name: Option<String>,
    /// The XEX headers as stored, for the guest copy that `RtlImageXexHeaderField` walks; empty for
    /// an ELF.
    pub headers: Vec<u8>,
    /// Results of recomputing all digests in the file.
    pub digests: Vec<DigestCheck>,
}

impl LoadedImage {
    /// An empty image of this format, as a base for fields that a format lacks.
    pub fn empty(kind: ImageKind) -> Self {
        Self {
            kind,
            base: GuestAddr::NULL,
            size: 0,
            entry: GuestAddr::NULL,
            is_library: false,
            bytes: Vec::new(),
            page_size: 0x1000,
            page_runs: Vec::new(),
            imports: Vec::new(),
            tls: None,
            stack_size: None,
            is_for_linux: false,
            execution: None,
            region: 0,
            alternate_titles: Vec::new(),
            resources: Vec::new(),
            exports: Vec::new(),
            functions: Vec::new(),
            symbols: Vec::new(),
            name: None,
            headers: Vec::new(),
            digests: Vec::new(),
        }
    }

    /// A synthetic title for tests, benchmarks and fuzz targets: a page of code, which starts with
    /// the entry point, followed by a page of data. `bytes` are the leading contents of both.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn in_memory(base: GuestAddr, mut bytes: Vec<u8>, imports: ImportLibrary) -> Self {
        const PAGE: u32 = 0x1_0000;
        assert!(bytes.len() <= 2 * PAGE as usize, "two pages hold no {} bytes", bytes.len());
        bytes.resize(2 * PAGE as usize, 0);
        let run = |start, protection| PageRun { start, size: PAGE, protection };
        Self {
            base,
            size: 2 * PAGE,
            entry: base,
            bytes,
            page_size: PAGE,
            page_runs: vec![run(base, Protection::Code), run(base.offset(PAGE), Protection::ReadWrite)],
            imports: vec![imports],
            ..Self::empty(ImageKind::Xex)
        }
    }

    /// Whether all digests in the file matched.
    pub fn digests_ok(&self) -> bool {
        self.digests.iter().all(|check| check.ok)
    }

    /// Describes the first part that does not match its digest, and the number of further ones.
    pub fn damage(&self) -> Option<String> {
        let mut wrong = self.digests.iter().filter(|check| !check.ok);
        let first = &wrong.next()?.what;
        Some(match wrong.count() {
            0 => format!("{first} does not match its hash"),
            1 => format!("{first} does not match its hash, nor does 1 other part"),
            more => format!("{first} does not match its hash, nor do {more} other parts"),
        })
    }

    /// Number of imports of all libraries; a function counts once.
    pub fn import_count(&self) -> usize {
        self.imports.iter().map(|library| library.imports.len()).sum()
    }

    /// Runs of 4 KiB pages with nonzero contents, sorted: offset and contents of each. The pages in
    /// between are zero, which can be most of a program (.bss).
    pub fn filled_runs(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let bytes = &*self.bytes;
        let is_filled = |page: &[u8]| page != &ZERO_PAGE[..page.len()];
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + FILLED_PAGE * bytes[at..].chunks(FILLED_PAGE).position(is_filled)?;
            let rest = &bytes[start..];
            let pages = rest.chunks(FILLED_PAGE).take_while(|page| is_filled(page)).count();
            let run = &rest[..rest.len().min(pages * FILLED_PAGE)];
            at = start + run.len();
            Some((start as u32, run))
        })
    }

    /// Offset of `address` in `bytes`, if `length` bytes from there are inside the image.
    pub fn offset_of(&self, address: GuestAddr, length: u32) -> Option<usize> {
        let offset = address.0.checked_sub(self.base.0)?;
        (offset.checked_add(length)? <= self.size).then_some(offset as usize)
    }

    /// The big-endian word at `address`, if it is inside the image.
    pub fn word(&self, address: GuestAddr) -> Option<u32> {
        let offset = self.offset_of(address, 4)?;
        Some(u32::from_be_bytes(self.bytes.get(offset..offset + 4)?.try_into().ok()?))
    }
}

/// Consecutive pages with equal protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun {
    /// Address of the first page.
    pub start: GuestAddr,
    /// Size in bytes, a multiple of the page size.
    pub size: u32,
    /// Access rights of the guest.
    pub protection: Protection,
}

/// Access rights of the guest to a page of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Read and execute.
    Code,
    /// Read and write.
    ReadWrite,
    /// Read only access.
    ReadOnly,
    /// Read, write and execute (ELF segments only).
    WritableCode,
}

/// A library that the image imports from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLibrary {
    /// File name, such as `xboxkrnl.exe`.
    pub name: String,
    /// ID of the import table, as stored.
    pub id: u32,
    /// Version linked against.
    pub version: Version,
    /// Oldest acceptable version.
    pub minimum_version: Version,
    /// Imports in file order.
    pub imports: Vec<Import>,
}

impl ImportLibrary {
    /// An import library that accepts any version.
    pub fn any(name: &str, imports: Vec<Import>) -> Self {
        let name = name.to_owned();
        Self { name, id: 0, version: Version(0), minimum_version: Version(0), imports }
    }
}

/// The code thunk of a function as stored in a file, including the word in the slot: the loader
/// replaces the first two words by instructions that load the function's address; the other two
/// jump there (`mtctr r11; bctr`).
pub const fn import_thunk(slot: u32) -> [u32; 4] {
    [slot | 1 << 24, slot | 2 << 24, 0x7D69_03A6, 0x4E80_0420]
}

/// One imported function or variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Ordinal of the export in its library.
    pub ordinal: Ordinal,
    /// Address of the word that receives the export's address; a function called by its thunk
    /// alone may have none.
    pub slot: Option<GuestAddr>,
    /// For functions: address of the 16-byte code thunk that the title calls.
    pub thunk: Option<GuestAddr>,
}

/// A version packed as in XEX files: 4 bits, 4 bits, 16 bits, 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let v = self.0;
        write!(f, "{}.{}.{}.{}", v >> 28, v >> 24 & 0xF, v >> 8 & 0xFFFF, v & 0xFF)
    }
}

/// Thread-local storage: number of dynamic slots, and template of the static data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// Number of dynamic slots, of 4 bytes each.
    pub slot_count: u32,
    /// Address of the initial static data; null if there is none.
    pub raw_data_address: GuestAddr,
    /// Size of static data per thread in bytes.
    pub data_size: u32,
    /// Number of bytes copied from `raw_data_address`; the rest is zero.
    pub raw_data_size: u32,
}

/// Identification of a title and its disc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInfo {
    /// ID of the medium.
    pub media_id: MediaId,
    /// Version of this executable.
    pub version: Version,
    /// Version of the executable that an update applies to.
    pub base_version: Version,
    /// ID of the title.
    pub title_id: TitleId,
    /// Platform byte, as stored.
    pub platform: u8,
    /// Executable type byte, as stored.
    pub executable_type: u8,
    /// Number of this disc, counted from 1; 0 if not on a disc.
    pub disc_number: u8,
    /// Total number of discs.
    pub disc_count: u8,
    /// ID under which saved games are shared between titles.
    pub savegame_id: u32,
}

/// A named data resource inside the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Name of up to 8 characters; the title ID in hexadecimal for the XDBF.
    pub name: String,
    /// Guest address of the data.
    pub address: GuestAddr,
    /// Size in bytes.
    pub size: u32,
}

/// An exported address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageExport {
    /// Ordinal of the export.
    pub ordinal: Ordinal,
    /// Name, where the file exports by name.
    pub name: Option<String>,
    /// Guest address of the export.
    pub address: GuestAddr,
}

/// A row of the `.pdata` function table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionEntry {
    /// Address of the first instruction.
    pub start: GuestAddr,
    /// Size of the code in bytes.
    pub size: u32,
    /// Size of the prologue in bytes.
    pub prologue_size: u32,
    /// Whether two words of exception handler data precede the function.
    pub has_exception_handler: bool,
}

/// A named address from a symbol table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Name of the symbol.
    pub name: String,
    /// Address of the symbol.
    pub address: GuestAddr,
    /// Size in bytes, 0 if unknown.
    pub size: u32,
    /// Whether it is a function.
    pub is_function: bool,
}

/// Comparison of a digest in the file with the data it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestCheck {
    /// Data covered by the digest, such as `header` or `page run 3 (0x82010000, 65536 bytes)`.
    pub what: String,
    /// Offset of that data: in the file, or, for pages, in the image.
    pub offset: u64,
    /// Whether the digest matched.
    pub ok: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled_runs_are_all_that_is_not_zero() {
        let mut image = LoadedImage::empty(ImageKind::Elf);
        assert_eq!(image.filled_runs().count(), 0);
        image.bytes = vec![0; 6 * FILLED_PAGE + 8];
        assert_eq!(image.filled_runs().count(), 0);
        for filled in [FILLED_PAGE, 3 * FILLED_PAGE - 1, 4 * FILLED_PAGE, 6 * FILLED_PAGE + 7] {
            image.bytes[filled] = 1;
        }
        let runs: Vec<(u32, usize)> =
            image.filled_runs().map(|(offset, bytes)| (offset, bytes.len())).collect();
        assert_eq!(runs, [(0x1000, 2 * FILLED_PAGE), (0x4000, FILLED_PAGE), (0x6000, 8)]);
        let mut again = vec![0; image.bytes.len()];
        for (offset, bytes) in image.filled_runs() {
            again[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        assert_eq!(again, image.bytes);
    }
}
