//! The security info of a XEX: image size, digests, file key, page descriptors.
//!
//! The digests form chains: each descriptor holds the digest of the next run of pages, and the
//! security info that of the first. They are read here and verified with the payload. Runs of pages
//! do not reach beyond the image.

use xenia_guest::GuestAddr;

use crate::error::FormatError;
use crate::fields::Fields;
use crate::image::MAX_IMAGE_SIZE;

/// Offsets within the security info that other modules also use.
pub(crate) mod field {
    /// Total size in bytes.
    pub(crate) const SIZE: usize = 0;
    pub(crate) const IMAGE_SIZE: usize = 4;
    pub(crate) const INFO_SIZE: usize = 0x108;
    pub(crate) const IMAGE_FLAGS: usize = 0x10C;
    pub(crate) const LOAD_ADDRESS: usize = 0x110;
    pub(crate) const IMAGE_DIGEST: usize = 0x114;
    pub(crate) const IMPORT_COUNT: usize = 0x128;
    pub(crate) const IMPORT_DIGEST: usize = 0x12C;
    pub(crate) const FILE_KEY: usize = 0x150;
    pub(crate) const EXPORT_TABLE: usize = 0x160;
    pub(crate) const HEADER_DIGEST: usize = 0x164;
    pub(crate) const REGION: usize = 0x178;
    pub(crate) const ALLOWED_MEDIA: usize = 0x17C;
    pub(crate) const PAGE_COUNT: usize = 0x180;
    pub(crate) const PAGES: usize = 0x184;
    /// Size of a page descriptor in bytes.
    pub(crate) const PAGE_STRIDE: usize = 24;
}

/// Generation of a XEX, which determines the layout of its security info.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// `XEX1`, of early development kits. The ranges of its digests are not published, so digests
    /// are not checked.
    Xex1,
    /// `XEX2`, the format of retail consoles.
    Xex2,
}

/// Offsets of the fields that differ between generations.
struct Layout {
    image_digest: usize,
    import_digest: usize,
    load_address: usize,
    file_key: usize,
    region: usize,
    image_flags: usize,
    export_table: usize,
    allowed_media: usize,
    page_count: usize,
    pages: usize,
}

impl Layout {
    const fn of(generation: Generation) -> Self {
        match generation {
            Generation::Xex1 => Self {
                image_digest: 0x108,
                import_digest: 0x11C,
                load_address: 0x130,
                file_key: 0x134,
                region: 0x154,
                image_flags: 0x158,
                export_table: 0x15C,
                allowed_media: 0x160,
                page_count: 0x164,
                pages: 0x168,
            },
            Generation::Xex2 => Self {
                image_digest: field::IMAGE_DIGEST,
                import_digest: field::IMPORT_DIGEST,
                load_address: field::LOAD_ADDRESS,
                file_key: field::FILE_KEY,
                region: field::REGION,
                image_flags: field::IMAGE_FLAGS,
                export_table: field::EXPORT_TABLE,
                allowed_media: field::ALLOWED_MEDIA,
                page_count: field::PAGE_COUNT,
                pages: field::PAGES,
            },
        }
    }
}

/// Image flag: pages of 4 KiB instead of 64 KiB.
pub(crate) const SMALL_PAGES: u32 = 0x1000_0000;

/// A SHA-1 digest.
pub(crate) type Sha1Digest = [u8; 20];

/// The security info of a XEX.
#[derive(Clone, Debug)]
pub struct SecurityInfo {
    /// Generation, which determines the layout.
    pub generation: Generation,
    /// Size of the image in memory, in bytes.
    pub image_size: u32,
    /// Image flags as stored; bit 28 means 4 KiB pages.
    pub image_flags: u32,
    /// Base address, unless an optional header overrides it.
    pub load_address: GuestAddr,
    /// Digest of the first link in the chain of page descriptors.
    pub image_digest: [u8; 20],
    /// Number of import libraries; 0 in a XEX1, which does not contain it.
    pub import_count: u32,
    /// Digest of the first link in the chain of import libraries.
    pub import_digest: [u8; 20],
    /// Session key of the payload, encrypted with a master key.
    pub file_key: [u8; 16],
    /// Guest address of the export table, or null.
    pub export_table: GuestAddr,
    /// Digest of the headers; zeros in a XEX1, which does not contain it.
    pub header_digest: [u8; 20],
    /// Mask of regions in which the title can run.
    pub region: u32,
    /// Mask of media from which the title can be started.
    pub allowed_media: u32,
    /// Runs of pages from the start of the image.
    pub pages: Vec<PageDescriptor>,
}

/// Type of a run of pages, with its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageType {
    /// Code: read and execute.
    Code = 1,
    /// Data: read and write.
    Data = 2,
    /// Read only data.
    ReadOnly = 3,
}

/// A run of pages of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageDescriptor {
    /// Number of pages in the run, at least 1.
    pub page_count: u32,
    /// Type of the pages.
    pub kind: PageType,
    /// The descriptor as stored: count, type, and the digest of the *next* run and its descriptor.
    pub raw: [u8; 24],
}

impl PageDescriptor {
    /// Digest of the next run and its descriptor; zero in the last descriptor.
    pub(crate) fn next_digest(&self) -> Sha1Digest {
        let mut digest = [0; 20];
        digest.copy_from_slice(&self.raw[4..]);
        digest
    }
}

impl SecurityInfo {
    /// Page size of the descriptors in bytes.
    pub const fn page_size(&self) -> u32 {
        if self.image_flags & SMALL_PAGES != 0 { 0x1000 } else { 0x1_0000 }
    }

    /// Offset of the base address within the security info.
    pub(super) const fn load_address_offset(&self) -> usize {
        Layout::of(self.generation).load_address
    }

    pub(crate) fn read(header: Fields<'_>, offset: u32, generation: Generation) -> Result<Self, FormatError> {
        let layout = Layout::of(generation);
        let fixed = header.sub(offset as usize, layout.pages, "XEX security info")?;
        let image_size = fixed.u32(field::IMAGE_SIZE)?;
        FormatError::check_limit(
            "XEX image size",
            fixed.origin + field::IMAGE_SIZE as u64,
            u64::from(image_size),
            u64::from(MAX_IMAGE_SIZE),
        )?;
        let image_flags = fixed.u32(layout.image_flags)?;
        let page_count = fixed.u32(layout.page_count)?;
        let (import_count, header_digest) = match generation {
            Generation::Xex1 => (0, [0; 20]),
            Generation::Xex2 => (fixed.u32(field::IMPORT_COUNT)?, fixed.array(field::HEADER_DIGEST)?),
        };
        let mut info = Self {
            generation,
            image_size,
            image_flags,
            load_address: GuestAddr(fixed.u32(layout.load_address)?),
            image_digest: fixed.array(layout.image_digest)?,
            import_count,
            import_digest: fixed.array(layout.import_digest)?,
            file_key: fixed.array(layout.file_key)?,
            export_table: GuestAddr(fixed.u32(layout.export_table)?),
            header_digest,
            region: fixed.u32(layout.region)?,
            allowed_media: fixed.u32(layout.allowed_media)?,
            pages: Vec::new(),
        };
        let page_size = info.page_size();
        if image_size == 0 || image_size % page_size != 0 {
            return Err(fixed.invalid(
                field::IMAGE_SIZE,
                format!("an image of {image_size:#x} bytes is not whole pages of {page_size:#x}"),
            ));
        }
        let pages_size = (page_count as usize).checked_mul(field::PAGE_STRIDE).ok_or_else(|| {
            fixed.invalid(layout.page_count, format!("{page_count} page descriptors fit no file"))
        })?;
        let pages = header.sub(offset as usize + layout.pages, pages_size, "XEX page descriptors")?;
        let mut covered = 0_u64;
        info.pages.reserve_exact(page_count as usize);
        for index in 0..page_count as usize {
            let at = index * field::PAGE_STRIDE;
            let run = read_run(pages, at)?;
            covered += u64::from(run.page_count) * u64::from(page_size);
            if run.page_count == 0 || covered > u64::from(image_size) {
                let count = run.page_count;
                return Err(pages.invalid(
                    at,
                    format!("run {index} of {count} pages, in an image of {image_size:#x} bytes"),
                ));
            }
            info.pages.push(run);
        }
        Ok(info)
    }
}

/// Reads the descriptor of a run of pages.
fn read_run(pages: Fields<'_>, at: usize) -> Result<PageDescriptor, FormatError> {
    let word = pages.u32(at)?;
    let kind = match word & 0xF {
        1 => PageType::Code,
        2 => PageType::Data,
        3 => PageType::ReadOnly,
        other => {
            let origin = pages.origin + at as u64;
            return Err(FormatError::unexpected("XEX page type", origin, other, "1, 2 or 3"));
        }
    };
    Ok(PageDescriptor { page_count: word >> 4, kind, raw: pages.array(at)? })
}
