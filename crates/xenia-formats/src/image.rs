//! What every executable format is turned into: an image ready to be placed in guest memory.
//!
//! Invariants that every reader keeps, so that a loader needs no checks of its own:
//! `bytes` is no longer than `size` (what it lacks is zero), `base + size` does not wrap, every
//! import slot and thunk lies inside the image, page runs are ascending, don't overlap, and stay
//! inside the image. `entry` is inside the image, or null for a library without one.

use xenia_guest::{GuestAddr, MediaId, Ordinal, TitleId};

/// The largest image accepted: half of the console's memory.
pub const MAX_IMAGE_SIZE: u32 = 256 << 20;

/// Bytes that are looked at together when zeros are told from the rest.
const FILLED_PAGE: usize = 0x1000;
static ZERO_PAGE: [u8; FILLED_PAGE] = [0; FILLED_PAGE];

/// Which format an image came from; it decides how the title is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// A XEX2 module: kernel imports, TLS, a guest copy of its headers.
    Xex,
    /// A plain PowerPC ELF, as the command line's developer format.
    Elf,
}

/// An executable, decrypted and decompressed, with all that a loader needs to start it.
#[derive(Clone, Debug)]
pub struct LoadedImage {
    /// The format it came from.
    pub kind: ImageKind,
    /// Guest address of `bytes[0]`; a multiple of `page_size`.
    pub base: GuestAddr,
    /// Bytes in memory, at most [`MAX_IMAGE_SIZE`]; a multiple of `page_size`.
    pub size: u32,
    /// First instruction; null for a library without one.
    pub entry: GuestAddr,
    /// The image as it lies in memory, import slots and thunks still as stored on disk. Zeros at
    /// its end may be left out: an ELF's .bss may be tens of MiB.
    pub bytes: Vec<u8>,
    /// Bytes in a page of `page_runs`: 4096 or 65536.
    pub page_size: u32,
    /// Protection by run of pages, ascending; pages in no run are inaccessible.
    pub page_runs: Vec<PageRun>,
    /// Imported libraries in file order; empty for an ELF.
    pub imports: Vec<ImportLibrary>,
    /// Thread-local storage template, if any.
    pub tls: Option<TlsInfo>,
    /// Bytes of the main thread's stack; `None` leaves it to the kernel's default.
    pub stack_size: Option<u32>,
    /// Title id, media id and versions, if the file has them.
    pub execution: Option<ExecutionInfo>,
    /// Other titles that this one may have content of.
    pub alternate_titles: Vec<TitleId>,
    /// Named data blobs inside the image.
    pub resources: Vec<Resource>,
    /// Exports by ordinal; ascending ordinals.
    pub exports: Vec<Export>,
    /// The `.pdata` function table, in file order; empty if there is none.
    pub functions: Vec<FunctionEntry>,
    /// Symbols (ELF only), by ascending address.
    pub symbols: Vec<Symbol>,
    /// The file name that the linker knew, if stored.
    pub name: Option<String>,
    /// The XEX headers as stored, for the guest copy that `RtlImageXexHeaderField` walks; empty for
    /// an ELF.
    pub headers: Vec<u8>,
    /// Every digest in the file, recomputed.
    pub digests: Vec<DigestCheck>,
}

impl LoadedImage {
    /// An image of this format with nothing in it: what a format lacks is taken from here.
    pub fn empty(kind: ImageKind) -> Self {
        Self {
            kind,
            base: GuestAddr::NULL,
            size: 0,
            entry: GuestAddr::NULL,
            bytes: Vec::new(),
            page_size: 0x1000,
            page_runs: Vec::new(),
            imports: Vec::new(),
            tls: None,
            stack_size: None,
            execution: None,
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

    /// A title that no file holds, for tests, benches and fuzz targets: a page of code, with whose
    /// first word it begins, and one of data behind it. `bytes` are what the two begin with.
    ///
    /// # Panics
    /// If they don't fit.
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

    /// Whether every digest in the file matched.
    pub fn digests_ok(&self) -> bool {
        self.digests.iter().all(|check| check.ok)
    }

    /// What is not as the file's digests say: the first such part, and how many more there are.
    pub fn damage(&self) -> Option<String> {
        let mut wrong = self.digests.iter().filter(|check| !check.ok);
        let first = &wrong.next()?.what;
        Some(match wrong.count() {
            0 => format!("{first} is not what its hash says"),
            1 => format!("{first} is not what its hash says, nor is 1 other part"),
            more => format!("{first} is not what its hash says, nor are {more} other parts"),
        })
    }

    /// Number of imports over all libraries; a function counts once.
    pub fn import_count(&self) -> usize {
        self.imports.iter().map(|library| library.imports.len()).sum()
    }

    /// What in `bytes` is not zero, in whole pages of 4 KiB: offset and contents of each run of
    /// them, ascending. What lies between is zero, and that may be most of it: a program's
    /// .bss.
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

    /// Offset of `address` in `bytes`, if `length` bytes from there lie inside the image.
    pub fn offset_of(&self, address: GuestAddr, length: u32) -> Option<usize> {
        let offset = address.0.checked_sub(self.base.0)?;
        (offset.checked_add(length)? <= self.size).then_some(offset as usize)
    }

    /// The big-endian word at `address`, if inside the image.
    pub fn word(&self, address: GuestAddr) -> Option<u32> {
        let offset = self.offset_of(address, 4)?;
        Some(u32::from_be_bytes(self.bytes.get(offset..offset + 4)?.try_into().ok()?))
    }
}

/// Consecutive pages with one protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun {
    /// First page.
    pub start: GuestAddr,
    /// Bytes, a multiple of the page size.
    pub size: u32,
    /// What the guest may do there.
    pub protection: Protection,
}

/// What the guest may do with a page of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Read and execute.
    Code,
    /// Read and write.
    ReadWrite,
    /// Read.
    ReadOnly,
    /// Read, write and execute (ELF segments only).
    WritableCode,
}

/// A library that the image imports from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLibrary {
    /// File name, such as `xboxkrnl.exe`.
    pub name: String,
    /// Import table id, as stored.
    pub id: u32,
    /// Version linked against.
    pub version: Version,
    /// Oldest version that will do.
    pub minimum_version: Version,
    /// Its imports in file order.
    pub imports: Vec<Import>,
}

impl ImportLibrary {
    /// A library of any version.
    pub fn any(name: &str, imports: Vec<Import>) -> Self {
        let name = name.to_owned();
        Self { name, id: 0, version: Version(0), minimum_version: Version(0), imports }
    }
}

/// The code thunk of a function as a file has it, with the word that is in the slot: the loader
/// makes the function's address of the first two words, and the others go there (`mtctr r11;
/// bctr`).
pub const fn import_thunk(slot: u32) -> [u32; 4] {
    [slot | 1 << 24, slot | 2 << 24, 0x7D69_03A6, 0x4E80_0420]
}

/// One imported function or variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// The export's number in its library.
    pub ordinal: Ordinal,
    /// Address of the word that receives the export's address.
    pub slot: GuestAddr,
    /// For functions: address of the 16-byte code thunk that the title calls.
    pub thunk: Option<GuestAddr>,
}

/// A version as XEX files pack it: 4 bits, 4 bits, 16 bits, 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let v = self.0;
        write!(f, "{}.{}.{}.{}", v >> 28, v >> 24 & 0xF, v >> 8 & 0xFFFF, v & 0xFF)
    }
}

/// Thread-local storage: how many dynamic slots, and the template of the static data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// Dynamic slots of 4 bytes.
    pub slot_count: u32,
    /// Where the initial static data lies; null if there is none.
    pub raw_data_address: GuestAddr,
    /// Bytes of static data per thread.
    pub data_size: u32,
    /// Bytes of it that are copied from `raw_data_address`; the rest is zero.
    pub raw_data_size: u32,
}

/// Which title this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionInfo {
    /// Media id.
    pub media_id: MediaId,
    /// Version of this executable.
    pub version: Version,
    /// Version of the executable that an update is for.
    pub base_version: Version,
    /// Title id.
    pub title_id: TitleId,
    /// Platform byte, as stored.
    pub platform: u8,
    /// Executable type byte, as stored.
    pub executable_type: u8,
    /// Number of this disc, from 1; 0 if not on a disc.
    pub disc_number: u8,
    /// Number of discs.
    pub disc_count: u8,
    /// Id under which saved games are shared between titles.
    pub savegame_id: u32,
}

/// A named blob inside the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Name, up to 8 characters; the title id in hexadecimal names the XDBF.
    pub name: String,
    /// Guest address.
    pub address: GuestAddr,
    /// Bytes.
    pub size: u32,
}

/// One exported address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Number.
    pub ordinal: Ordinal,
    /// Name, where the file exports by name.
    pub name: Option<String>,
    /// What it stands for.
    pub address: GuestAddr,
}

/// One row of the `.pdata` function table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionEntry {
    /// First instruction.
    pub start: GuestAddr,
    /// Bytes of code.
    pub size: u32,
    /// Bytes of prologue.
    pub prologue_size: u32,
    /// Whether two words of exception handler data precede the function.
    pub has_exception_handler: bool,
}

/// A named address from a symbol table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Name.
    pub name: String,
    /// Address.
    pub address: GuestAddr,
    /// Bytes, 0 if unknown.
    pub size: u32,
    /// Whether it is code.
    pub is_function: bool,
}

/// One digest of a file, compared with what it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestCheck {
    /// What the digest is over, such as `header` or `page run 3 (0x82010000, 65536 bytes)`.
    pub what: String,
    /// Where that is: in the file, or, for pages, in the image.
    pub offset: u64,
    /// Whether it matched.
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
