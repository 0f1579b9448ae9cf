//! XEX2 writer: headers, digests, basic compression, optional encryption with the development key.
//!
//! There is no signature, because only the console's manufacturer can sign; all digests are valid.
//! The output is deterministic.

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use xenia_guest::GuestAddr;

use super::digests::{header_digest, sha1};
use super::imports::RECORD_HEADER_SIZE;
use super::payload::cbc_decrypt;
use super::security::{SMALL_PAGES, field};
use super::{BasicBlock, MAGIC, MAIN_HEADER_SIZE, PageType, key, module_flags};
use crate::image::{ExecutionInfo, Resource, TlsInfo, Version};
use crate::pe::ImageRange;

/// Granularity in bytes of the runs of zeros that are omitted from the payload.
const ZERO_UNIT: usize = 0x1000;
/// Alignment of the payload, as in all titles.
const HEADER_ALIGNMENT: usize = 0x1000;
/// Size of the signed part of the security info.
const INFO_SIZE: u32 = 0x174;
/// All bits set, so that no region or medium is excluded.
const ANY_REGION: u32 = 0xFFFF_FFFF;
const ANY_MEDIA: u32 = 0xFFFF_FFFF;

/// Contents of the file.
pub(crate) struct XexContents {
    pub(crate) base: GuestAddr,
    pub(crate) entry: GuestAddr,
    /// Page size in bytes: 4096 or 65536.
    pub(crate) page_size: u32,
    /// Page counts and types from the start of the image, covering all of it.
    pub(crate) runs: Vec<(u32, PageType)>,
    /// The image in whole pages, with the words of imports in place.
    pub(crate) image: Vec<u8>,
    pub(crate) libraries: Vec<ImportedLibrary>,
    /// Address of the export table by ordinal; it makes the file a library.
    pub(crate) export_table: Option<GuestAddr>,
    /// The export directory by name.
    pub(crate) exports_by_name: Option<ImageRange>,
    /// Named data, with names of at most eight characters.
    pub(crate) resources: Vec<Resource>,
    pub(crate) tls: Option<TlsInfo>,
    pub(crate) execution: Option<ExecutionInfo>,
    pub(crate) stack_size: u32,
    pub(crate) name: Option<String>,
    pub(crate) encrypt: bool,
}

/// A library and the addresses of its import words.
pub(crate) struct ImportedLibrary {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) minimum_version: Version,
    pub(crate) records: Vec<GuestAddr>,
}

/// The second word of an optional header, or the body that it refers to.
enum Value {
    Word(u32),
    Body(Vec<u8>),
}

/// The import table.
struct WrittenImports {
    body: Vec<u8>,
    /// Digest of the first library's record; zeros without libraries.
    digest: [u8; 20],
}

impl XexContents {
    /// Serializes the file.
    pub(crate) fn write(&self) -> Vec<u8> {
        let blocks = find_blocks(&self.image);
        // The development key is public, so any session key will do; this one is derived from the
        // image.
        let mut file_key = [0; 16];
        if self.encrypt {
            file_key.copy_from_slice(&sha1(&[&self.image])[..16]);
        }
        let imports = self.import_table();
        let security = self.security_info(file_key, imports.digest);
        let mut out = self.headers(self.optional_headers(&blocks, imports.body), &security);
        let start = out.len();
        out.extend(self.stored(&blocks));
        if self.encrypt {
            encrypt(file_key, &mut out[start..]);
        }
        out
    }

    /// The optional headers by their keys, in ascending order.
    fn optional_headers(&self, blocks: &[BasicBlock], imports: Vec<u8>) -> Vec<(u32, Value)> {
        let mut headers = vec![
            (key::FILE_FORMAT, Value::Body(self.file_format(blocks))),
            (key::ENTRY_POINT, Value::Word(self.entry.0)),
            (key::IMAGE_BASE, Value::Word(self.base.0)),
            (key::DEFAULT_STACK_SIZE, Value::Word(self.stack_size)),
        ];
        if !self.libraries.is_empty() {
            headers.push((key::IMPORT_LIBRARIES, Value::Body(imports)));
        }
        if let Some(name) = &self.name {
            let mut body = name.clone().into_bytes();
            body.resize((body.len() + 1).next_multiple_of(4), 0);
            headers.push((key::ORIGINAL_PE_NAME, Value::Body(with_size(body))));
        }
        if !self.resources.is_empty() {
            headers.push((key::RESOURCE_INFO, Value::Body(with_size(resource_info(&self.resources)))));
        }
        if let Some(ImageRange { offset, size }) = self.exports_by_name {
            headers.push((key::EXPORTS_BY_NAME, Value::Body(be_words(&[offset, size]))));
        }
        if let Some(tls) = &self.tls {
            let words = [tls.slot_count, tls.raw_data_address.0, tls.data_size, tls.raw_data_size];
            headers.push((key::TLS_INFO, Value::Body(be_words(&words))));
        }
        if let Some(execution) = &self.execution {
            headers.push((key::EXECUTION_INFO, Value::Body(execution_info(execution))));
        }
        headers.sort_by_key(|(key, _)| *key);
        headers
    }

    /// The file up to the payload: main header, optional headers, security info, and the bodies of
    /// the optional headers. Its digest is stored in the security info.
    fn headers(&self, optional: Vec<(u32, Value)>, security: &[u8]) -> Vec<u8> {
        let security_offset = MAIN_HEADER_SIZE + optional.len() * 8;
        let bodies_start = security_offset + security.len();
        let library = if self.export_table.is_some() { module_flags::DLL } else { 0 };
        let flags = module_flags::TITLE | library;
        let mut out = MAGIC.to_vec();
        out.extend(be_words(&[flags, 0, 0, security_offset as u32, optional.len() as u32]));
        let mut bodies = Vec::new();
        for (key, value) in optional {
            let word = match value {
                Value::Word(word) => word,
                Value::Body(body) => {
                    let offset = bodies_start + bodies.len();
                    bodies.extend(body);
                    bodies.resize(bodies.len().next_multiple_of(8), 0);
                    offset as u32
                }
            };
            out.extend(be_words(&[key, word]));
        }
        out.extend(security);
        out.extend(bodies);
        out.resize(out.len().next_multiple_of(HEADER_ALIGNMENT), 0);
        let header_size = out.len() as u32;
        put(&mut out, 8, header_size);
        // The digest covers the size and the rest of the headers, so it comes last.
        let digest = header_digest(&out, security_offset).unwrap_or_default();
        let at = security_offset + field::HEADER_DIGEST;
        out[at..at + digest.len()].copy_from_slice(&digest);
        out
    }

    fn stored(&self, blocks: &[BasicBlock]) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.image.len());
        let mut at = 0;
        for block in blocks {
            let size = block.data_size as usize;
            payload.extend_from_slice(&self.image[at..at + size]);
            at += size + block.zero_size as usize;
        }
        payload
    }

    fn file_format(&self, blocks: &[BasicBlock]) -> Vec<u8> {
        // Encryption and compression are 16-bit fields in one word.
        let mut words = vec![u32::from(self.encrypt) << 16 | 1];
        for block in blocks {
            words.extend([block.data_size, block.zero_size]);
        }
        with_size(be_words(&words))
    }

    fn import_table(&self) -> WrittenImports {
        let mut names = Vec::new();
        for library in &self.libraries {
            names.extend(library.name.as_bytes());
            names.resize((names.len() + 1).next_multiple_of(4), 0);
        }
        let mut digest = [0; 20];
        let mut records = Vec::new();
        // In reverse, because each record holds the digest of the next.
        for (index, library) in self.libraries.iter().enumerate().rev() {
            let size = RECORD_HEADER_SIZE + library.records.len() * 4;
            let mut record = be_words(&[size as u32]);
            record.extend(digest);
            let counts = (index as u32) << 16 | library.records.len() as u32;
            record.extend(be_words(&[0, library.version.0, library.minimum_version.0, counts]));
            for address in &library.records {
                record.extend(address.0.to_be_bytes());
            }
            digest = sha1(&[&record[4..]]);
            records.push(record);
        }
        let mut body = be_words(&[names.len() as u32, self.libraries.len() as u32]);
        body.extend(names);
        body.extend(records.into_iter().rev().flatten());
        WrittenImports { body: with_size(body), digest }
    }

    fn security_info(&self, file_key: [u8; 16], import_digest: [u8; 20]) -> Vec<u8> {
        let size = field::PAGES + self.runs.len() * field::PAGE_STRIDE;
        let mut info = vec![0; size];
        let mut digest = [0; 20];
        let mut end = self.image.len();
        // In reverse, as the digest of a run covers its descriptor, which has that of the next.
        for (index, &(pages, kind)) in self.runs.iter().enumerate().rev() {
            let at = field::PAGES + index * field::PAGE_STRIDE;
            put(&mut info, at, pages << 4 | kind as u32);
            info[at + 4..at + 24].copy_from_slice(&digest);
            let start = end - (pages * self.page_size) as usize;
            digest = sha1(&[&self.image[start..end], &info[at..at + 24]]);
            end = start;
        }
        let image_flags = if self.page_size == 0x1000 { SMALL_PAGES } else { 0 };
        for (at, value) in [
            (field::SIZE, size as u32),
            (field::IMAGE_SIZE, self.image.len() as u32),
            (field::INFO_SIZE, INFO_SIZE),
            (field::IMAGE_FLAGS, image_flags),
            (field::LOAD_ADDRESS, self.base.0),
            (field::IMPORT_COUNT, self.libraries.len() as u32),
            (field::EXPORT_TABLE, self.export_table.unwrap_or_default().0),
            (field::REGION, ANY_REGION),
            (field::ALLOWED_MEDIA, ANY_MEDIA),
            (field::PAGE_COUNT, self.runs.len() as u32),
        ] {
            put(&mut info, at, value);
        }
        info[field::IMAGE_DIGEST..field::IMAGE_DIGEST + 20].copy_from_slice(&digest);
        info[field::IMPORT_DIGEST..field::IMPORT_DIGEST + 20].copy_from_slice(&import_digest);
        info[field::FILE_KEY..field::FILE_KEY + 16].copy_from_slice(&file_key);
        info
    }
}

fn resource_info(resources: &[Resource]) -> Vec<u8> {
    let mut body = Vec::new();
    for resource in resources {
        let mut name = resource.name.clone().into_bytes();
        name.resize(8, 0);
        body.extend(name);
        body.extend(be_words(&[resource.address.0, resource.size]));
    }
    body
}

fn execution_info(info: &ExecutionInfo) -> Vec<u8> {
    let mut body = be_words(&[info.media_id.0, info.version.0, info.base_version.0, info.title_id.0]);
    body.extend([info.platform, info.executable_type, info.disc_number, info.disc_count]);
    body.extend(info.savegame_id.to_be_bytes());
    body
}

/// Splits the image into stored runs, each with the whole units of zeros after it.
fn find_blocks(image: &[u8]) -> Vec<BasicBlock> {
    let mut blocks: Vec<BasicBlock> = Vec::new();
    for unit in image.chunks(ZERO_UNIT) {
        let size = unit.len() as u32;
        let zero = unit.iter().all(|&byte| byte == 0);
        match blocks.last_mut() {
            Some(block) if zero => block.zero_size += size,
            Some(block) if block.zero_size == 0 => block.data_size += size,
            // Only at the start: a later unit of zeros belongs to the block before.
            _ if zero => blocks.push(BasicBlock { data_size: 0, zero_size: size }),
            _ => blocks.push(BasicBlock { data_size: size, zero_size: 0 }),
        }
    }
    blocks
}

/// Encrypts whole blocks with the session key, which `file_key` holds encrypted with the
/// development key.
fn encrypt(file_key: [u8; 16], payload: &mut [u8]) {
    let mut session = file_key;
    cbc_decrypt(&[0; 16], &mut session);
    let size = payload.len();
    let cipher = cbc::Encryptor::<Aes128>::new(&session.into(), &[0; 16].into());
    // Stored runs are whole units, so no padding is needed and encryption cannot fail.
    let _ = cipher.encrypt_padded::<NoPadding>(payload, size);
}

/// Prefixes a body with its size.
fn with_size(body: Vec<u8>) -> Vec<u8> {
    let mut out = be_words(&[body.len() as u32 + 4]);
    out.extend(body);
    out
}

fn be_words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
}
