//! XEX, the console's executable container: XEX2, and the XEX1 of early development kits, whose
//! security info has another layout.
//!
//! ```text
//! 0                 main header, 0x18 bytes
//! 0x18              optional header table, 8 bytes an entry
//! security_offset   security info: image size, digests, file key, page descriptors
//! …                 bodies of optional headers, import tables, strings
//! header_size       payload, maybe encrypted, maybe compressed
//! ```
//!
//! [`Xex::read`] parses the headers; [`Xex::load`] decrypts, decompresses and checks the payload. A
//! digest mismatch is reported in [`LoadedImage::digests`] and not refused, which leaves the
//! decision to the caller. Contradictions that prevent loading are refused.
//!
//! Invariant: all data of a [`Xex`] lies within the file, and its sizes are below the limits of
//! [`crate::image`].

mod digests;
mod exports;
mod header;
mod imports;
mod keys;
mod patch;
mod payload;
mod security;
pub(crate) mod write;

pub use header::{OptionalHeader, OptionalValue, StaticLibrary, key};
pub use keys::KeyRing;
pub use patch::patched_version;
pub use payload::{BasicBlock, Blocks, Compression, Encryption};
pub use security::{Generation, PageDescriptor, PageType, SecurityInfo};

use std::io;

use xenia_guest::{GuestAddr, TitleId};

use crate::error::FormatError;
use crate::fields::Fields;
use crate::image::{
    DigestCheck, ExecutionInfo, ImageKind, LoadedImage, PageRun, Protection, Resource, TlsInfo,
};
use crate::pe;
use crate::read_at::{ReadAt, read_exact_at, read_prefix};

pub(crate) const MAGIC: &[u8; 4] = b"XEX2";
const MAGIC_1: &[u8; 4] = b"XEX1";
pub(crate) const MAIN_HEADER_SIZE: usize = 0x18;
/// Largest accepted header; the page descriptors of the largest image take 1.5 MiB.
const MAX_HEADER_SIZE: u64 = 16 << 20;

/// Bits of [`Xex::module_flags`].
pub mod module_flags {
    /// The module is a title.
    pub const TITLE: u32 = 1;
    /// The module exports to a title.
    pub const EXPORTS_TO_TITLE: u32 = 2;
    /// The module is the system debugger.
    pub const SYSTEM_DEBUGGER: u32 = 4;
    /// The module is a library.
    pub const DLL: u32 = 8;
    /// The file is a patch of one of three kinds.
    pub const ANY_PATCH: u32 = 0x70;
    /// The module runs in user mode.
    pub const USER_MODE: u32 = 0x80;
}

/// Whether the file starts like a supported XEX.
pub fn detect(source: &dyn ReadAt) -> io::Result<bool> {
    let prefix: [u8; 4] = read_prefix(source)?;
    Ok([MAGIC, MAGIC_1].contains(&&prefix))
}

/// Whether the file starts like a XEX of another generation, and is long enough for one.
pub(crate) fn detect_other(source: &dyn ReadAt) -> io::Result<bool> {
    let prefix: [u8; 4] = read_prefix(source)?;
    Ok(prefix.starts_with(b"XEX") && !detect(source)? && source.size()? >= MAIN_HEADER_SIZE as u64)
}

/// The headers of a XEX file.
#[derive(Clone, Debug)]
pub struct Xex {
    /// Flags of the module, see [`module_flags`].
    pub module_flags: u32,
    /// Offset of the payload.
    pub header_size: u32,
    /// Offset of the security info.
    pub security_offset: u32,
    /// All optional headers in file order.
    pub optional: Vec<OptionalHeader>,
    /// Sizes, digests, keys and page descriptors.
    pub security: SecurityInfo,
    /// Encryption of the payload.
    pub encryption: Encryption,
    /// Compression of the payload.
    pub compression: Compression,
    /// Address of the entry point; null if the file has none.
    pub entry: GuestAddr,
    /// Guest address that the image is linked for.
    pub base: GuestAddr,
    /// Stack size of the main thread in bytes.
    pub stack_size: Option<u32>,
    /// Template of thread-local storage.
    pub tls: Option<TlsInfo>,
    /// Title ID and versions.
    pub execution: Option<ExecutionInfo>,
    /// Other titles whose content this title can open.
    pub alternate_titles: Vec<TitleId>,
    /// Named data resources.
    pub resources: Vec<Resource>,
    /// Statically linked libraries with their versions.
    pub static_libraries: Vec<StaticLibrary>,
    /// File name known to the linker.
    pub name: Option<String>,
    /// Import libraries with their record addresses, not yet resolved in the image.
    imports: imports::ImportTable,
    /// All bytes before the payload.
    header: Vec<u8>,
}

/// The generation according to the magic.
fn generation(main: Fields<'_>) -> Result<Generation, FormatError> {
    let magic: [u8; 4] = main.array(0)?;
    match &magic {
        MAGIC => Ok(Generation::Xex2),
        MAGIC_1 => Ok(Generation::Xex1),
        _ => Err(FormatError::unexpected(main.what, 0, u32::from_be_bytes(magic), "the magic XEX2")),
    }
}

/// The error for a patch that is to run without its title.
fn patch_without_title() -> FormatError {
    let why = "it is a title update (XEXP) without its title: put it beside the title's .xex, as default.xexp \
               beside default.xex, and run that";
    FormatError::unsupported("XEX module flags", 4, why)
}

/// Base address: that of the optional header, otherwise that of the security info.
fn image_base(
    header: Option<&OptionalHeader>,
    security: &SecurityInfo,
    security_offset: u32,
) -> Result<GuestAddr, FormatError> {
    let base = header.map_or(security.load_address, |found| GuestAddr(found.word));
    if !base.0.is_multiple_of(security.page_size()) || base.0.checked_add(security.image_size).is_none() {
        let in_security = u64::from(security_offset) + security.load_address_offset() as u64;
        return Err(FormatError::invalid(
            "XEX image base",
            header.map_or(in_security, |found| found.offset + 4),
            format!("{base} is not a place for {:#x} bytes", security.image_size),
        ));
    }
    Ok(base)
}

/// The entry point; null if the header is missing or null.
fn entry_point(
    header: Option<&OptionalHeader>,
    inside: impl Fn(u32, u32) -> bool,
) -> Result<GuestAddr, FormatError> {
    let Some(found) = header.filter(|found| found.word != 0) else { return Ok(GuestAddr::NULL) };
    if !found.word.is_multiple_of(4) || !inside(found.word, 4) {
        return Err(FormatError::invalid(
            "XEX entry point",
            found.offset + 4,
            format!("{} is not an instruction of the image", GuestAddr(found.word)),
        ));
    }
    Ok(GuestAddr(found.word))
}

/// Fixed fields at the beginning of a file.
struct MainHeader {
    generation: Generation,
    module_flags: u32,
    header_size: u32,
    security_offset: u32,
    /// Number of optional headers.
    optional_count: u32,
}

impl MainHeader {
    fn read(source: &dyn ReadAt) -> Result<Self, FormatError> {
        let main = read_exact_at(source, "XEX main header", 0, MAIN_HEADER_SIZE as u64)?;
        let main = Fields::new(&main, 0, "XEX main header");
        let generation = generation(main)?;
        let module_flags = main.u32(4)?;
        let header_size = main.u32(8)?;
        let security_offset = main.u32(0x10)?;
        let optional_count = main.u32(0x14)?;
        FormatError::check_limit("XEX header size", 8, u64::from(header_size), MAX_HEADER_SIZE)?;
        if (header_size as usize) < MAIN_HEADER_SIZE {
            return Err(main.invalid(8, format!("a header of {header_size} bytes can't hold itself")));
        }
        Ok(Self { generation, module_flags, header_size, security_offset, optional_count })
    }
}

impl Xex {
    /// Parses and checks the headers.
    ///
    /// # Errors
    /// The malformed structure, its offset and the reason.
    pub fn read(source: &dyn ReadAt) -> Result<Self, FormatError> {
        let is_patch = || {
            let start = read_exact_at(source, "XEX main header", 0, 8);
            start.is_ok_and(|start| {
                start.starts_with(MAGIC) && u32::from(start[7]) & module_flags::ANY_PATCH != 0
            })
        };
        // Most headers of a patch describe the image that it makes, and a patch may lack them.
        Self::read_headers(source).map_err(|error| if is_patch() { patch_without_title() } else { error })
    }

    fn read_headers(source: &dyn ReadAt) -> Result<Self, FormatError> {
        let MainHeader { generation, module_flags, header_size, security_offset, optional_count } =
            MainHeader::read(source)?;
        let header = read_exact_at(source, "XEX header", 0, u64::from(header_size))?;
        let whole = Fields::new(&header, 0, "XEX header");
        let security = SecurityInfo::read(whole, security_offset, generation)?;
        let optional = header::read_table(whole, optional_count)?;
        let find = |wanted| header::find(&optional, wanted);

        let format = find(key::FILE_FORMAT)
            .ok_or_else(|| whole.invalid(MAIN_HEADER_SIZE, "there is no file format header"))?;
        let (encryption, compression) =
            payload::read_format(header::body(whole, format)?, security.image_size)?;

        let base = image_base(find(key::IMAGE_BASE), &security, security_offset)?;
        let inside = |address: u32, size: u32| {
            address
                .checked_sub(base.0)
                .and_then(|start| start.checked_add(size))
                .is_some_and(|end| end <= security.image_size)
        };
        let entry = entry_point(find(key::ENTRY_POINT), inside)?;
        let tls = header::read_tls(whole, find(key::TLS_INFO), inside)?;
        let execution = header::read_execution(whole, find(key::EXECUTION_INFO))?;
        let alternate_titles = header::read_alternate_titles(whole, find(key::ALTERNATE_TITLE_IDS))?;
        let resources = header::read_resources(whole, find(key::RESOURCE_INFO), inside)?;
        let static_libraries = header::read_static_libraries(whole, find(key::STATIC_LIBRARIES))?;
        let name = header::read_sized_text(whole, find(key::ORIGINAL_PE_NAME))?;
        let imports = match find(key::IMPORT_LIBRARIES) {
            Some(found) => imports::read_table(header::body(whole, found)?)?,
            None => imports::ImportTable::default(),
        };
        let stack_size = find(key::DEFAULT_STACK_SIZE).map(|found| found.word);

        Ok(Self {
            module_flags,
            header_size,
            security_offset,
            optional,
            security,
            encryption,
            compression,
            entry,
            base,
            stack_size,
            tls,
            execution,
            alternate_titles,
            resources,
            static_libraries,
            name,
            imports,
            header,
        })
    }

    /// The optional header with this key.
    pub fn optional_header(&self, key: u32) -> Option<&OptionalHeader> {
        header::find(&self.optional, key)
    }

    /// Whether the file is a patch for another one and contains no image.
    pub const fn is_patch(&self) -> bool {
        self.module_flags & module_flags::ANY_PATCH != 0
    }

    /// The headers as stored.
    pub fn header_bytes(&self) -> &[u8] {
        &self.header
    }

    /// Protection of page runs according to the page descriptors.
    pub fn page_runs(&self) -> Vec<PageRun> {
        let page_size = self.security.page_size();
        let mut start = self.base;
        let mut runs = Vec::with_capacity(self.security.pages.len());
        for descriptor in &self.security.pages {
            let size = descriptor.page_count * page_size;
            let protection = match descriptor.kind {
                PageType::Code => Protection::Code,
                PageType::Data => Protection::ReadWrite,
                PageType::ReadOnly => Protection::ReadOnly,
            };
            runs.push(PageRun { start, size, protection });
            start = start.offset(size);
        }
        runs
    }

    /// Decrypts, decompresses and checks the payload.
    ///
    /// # Errors
    /// A missing key ([`crate::Reason::RetailKeyMissing`]), a payload that cannot be decoded,
    /// imports outside the image, patches. Digest mismatches are not errors, see the module docs.
    pub fn load(&self, source: &dyn ReadAt, keys: &KeyRing) -> Result<LoadedImage, FormatError> {
        if self.is_patch() {
            return Err(patch_without_title());
        }
        let mut digests: Vec<DigestCheck> = Vec::new();
        let bytes = payload::read(self, source, keys, &mut digests)?;
        self.image(bytes, digests)
    }

    /// Like [`Self::load`], and applies a patch (XEXP), which is a title update.
    ///
    /// # Errors
    /// As [`Self::load`], or a patch that is malformed or for another executable.
    pub fn load_patched(
        &self,
        source: &dyn ReadAt,
        patch: &dyn ReadAt,
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let patch = patch::Patch::read(patch)?;
        let bytes = payload::read(self, source, keys, &mut Vec::new())?;
        let (new, bytes) = patch.apply(self, bytes, keys)?;
        new.image(bytes, Vec::new())
    }

    /// Makes the image from the decoded payload.
    fn image(&self, bytes: Vec<u8>, of_payload: Vec<DigestCheck>) -> Result<LoadedImage, FormatError> {
        let mut digests: Vec<DigestCheck> = Vec::new();
        let has_digests = self.security.generation == Generation::Xex2;
        if has_digests {
            digests::check_header(self, &mut digests);
            digests::check_imports(self, &mut digests);
        }
        digests.extend(of_payload);
        if has_digests {
            digests::check_pages(self, &bytes, &mut digests);
        }

        let pe = pe::PeHeaders::read(&bytes)?;
        let functions = pe.read_functions(&bytes, self.base)?;
        let imports = self.imports.resolve(&bytes, self.base)?;
        let exports = exports::read(self, &bytes)?;
        Ok(LoadedImage {
            kind: ImageKind::Xex,
            base: self.base,
            size: self.security.image_size,
            entry: self.entry,
            is_library: self.module_flags & module_flags::DLL != 0,
            bytes,
            page_size: self.security.page_size(),
            page_runs: self.page_runs(),
            imports,
            tls: self.tls,
            stack_size: self.stack_size,
            is_for_linux: false,
            execution: self.execution,
            region: self.security.region,
            alternate_titles: self.alternate_titles.clone(),
            resources: self.resources.clone(),
            exports,
            functions,
            symbols: Vec::new(),
            name: self.name.clone(),
            headers: self.header.clone(),
            digests,
        })
    }
}
