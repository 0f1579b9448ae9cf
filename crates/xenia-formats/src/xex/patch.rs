//! Patches (XEXP): records that transform the headers and image of another executable.
//!
//! A record fills with zeros, copies, or contains LZX data relative to the old contents. The
//! matching executable is identified by its key: the patch contains that of the old image,
//! encrypted with the new one's. The total price of all records ([`price`]) is limited to twice the
//! image's size and [`SPARE_ROOM`], which no patch exceeds, to bound the work for a malicious file.
//!
//! Facts: xenia-canary's `xex2_info.h` and `xex_module.cc`.

use super::digests::sha1;
use super::header;
use super::payload::{self, Blocks, Compression, Encryption, LZX_BLOCK_HEADER, MAX_PAYLOAD, cbc_decrypt};
use super::security::field;
use super::{KeyRing, MAGIC, MAIN_HEADER_SIZE, MAX_HEADER_SIZE, Xex, key, module_flags};
use crate::error::{FormatError, Reason};
use crate::fields::Fields;
use crate::image::Version;
use crate::lzx::{self, BYTES_PER_BLOCK};
use crate::read_at::{ReadAt, read_exact_at};

const WHAT: &str = "XEXP";
const RECORD: &str = "XEXP record";
/// Size of a record before its data, in bytes.
const RECORD_HEAD: usize = 12;
/// Offset in the descriptor of the records for the headers.
const RECORDS: usize = 0x4C;
/// Price that the records of every patch may have beyond twice their target's size, because headers
/// are small, and short records cost more than their output.
const SPARE_ROOM: usize = 1 << 20;

/// A parsed patch.
pub(super) struct Patch {
    descriptor: Vec<u8>,
    descriptor_at: u64,
    encryption: Encryption,
    blocks: Blocks,
    file_key: [u8; 16],
    payload: Vec<u8>,
    payload_at: u64,
}

/// The version of the executable that a patch makes, by its descriptor; `None` if the file is not a
/// patch. Most other headers of a patch can be missing.
pub fn patched_version(patch: &dyn ReadAt) -> Option<Version> {
    let header = read_header(patch).ok()?;
    let descriptor = body(&header, key::DELTA_PATCH, "it does not define its changes").ok()?;
    descriptor.u32(4).ok().map(Version)
}

/// Reads all bytes before the payload.
fn read_header(source: &dyn ReadAt) -> Result<Vec<u8>, FormatError> {
    let main = read_exact_at(source, WHAT, 0, MAIN_HEADER_SIZE as u64)?;
    let main = Fields::new(&main, 0, WHAT);
    let magic = main.array(0)?;
    let flags = main.u32(4)?;
    let header_size = main.u32(8)?;
    if &magic != MAGIC || flags & module_flags::ANY_PATCH == 0 {
        return Err(main.invalid(0, "it is not a patch of an executable"));
    }
    FormatError::check_limit("XEXP header size", 8, header_size.into(), MAX_HEADER_SIZE)?;
    read_exact_at(source, WHAT, 0, header_size.into())
}

/// The body of the optional header with this key.
fn body<'a>(header: &'a [u8], wanted: u32, why_not: &'static str) -> Result<Fields<'a>, FormatError> {
    let whole = Fields::new(header, 0, WHAT);
    let table = header::read_table(whole, whole.u32(0x14)?)?;
    match header::find(&table, wanted) {
        Some(entry) => header::body(whole, entry),
        None => Err(whole.invalid(MAIN_HEADER_SIZE, why_not)),
    }
}

impl Patch {
    pub(super) fn read(source: &dyn ReadAt) -> Result<Self, FormatError> {
        let header = read_header(source)?;
        let descriptor = body(&header, key::DELTA_PATCH, "it does not define its changes")?;
        let format = body(&header, key::FILE_FORMAT, "there is no file format header")?;
        let (encryption, compression) = payload::read_format(format, 0)?;
        let Compression::Delta(blocks) = compression else {
            return Err(FormatError::unsupported(
                WHAT,
                format.origin + 6,
                "patches that are not compressed as such",
            ));
        };
        let whole = Fields::new(&header, 0, WHAT);
        let security = whole.u32(0x10)? as usize;
        let file_key = whole.sub(security, field::PAGES, "XEX security info")?.array(field::FILE_KEY)?;
        let size = source.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
        let header_size = header.len() as u64;
        let stored = size.saturating_sub(header_size);
        FormatError::check_limit("XEXP payload size", header_size, stored, MAX_PAYLOAD)?;
        Ok(Self {
            descriptor: descriptor.bytes.to_vec(),
            descriptor_at: descriptor.origin,
            encryption,
            blocks,
            file_key,
            payload: read_exact_at(source, "XEXP payload", header_size, stored)?,
            payload_at: header_size,
        })
    }

    fn descriptor(&self) -> Fields<'_> {
        Fields::new(&self.descriptor, self.descriptor_at, "XEXP descriptor")
    }

    /// Applies the patch; returns the new headers and the new image.
    pub(super) fn apply(
        mut self,
        base: &Xex,
        mut image: Vec<u8>,
        keys: &KeyRing,
    ) -> Result<(Xex, Vec<u8>), FormatError> {
        let new = Xex::read(&self.headers(base)?)?;
        if new.is_patch() {
            return Err(self.descriptor().invalid(RECORDS, "its result is itself a patch"));
        }
        self.decrypt(base, &new, keys)?;

        let descriptor = self.descriptor();
        let [from, size, to] = [descriptor.u32(0x40)?, descriptor.u32(0x44)?, descriptor.u32(0x48)?];
        let new_size = new.security.image_size as usize;
        image.resize(image.len().max(new_size), 0);
        if from != 0 {
            let from = self.range(&image, from, size)?;
            let to = self.range(&image, to, size)?;
            image.copy_within(from, to.start);
        }
        let end = self.range(&image, to, size)?.end;
        image[end..].fill(0);

        let mut room = room(&image);
        let mut at = 0_usize;
        let mut size = self.blocks.first_size as usize;
        let mut digest = self.blocks.first_digest;
        // Ends with the payload: each block lies behind the one before.
        while size != 0 {
            let offset = self.payload_at + at as u64;
            let refuse = |why: String| FormatError::invalid("XEXP block", offset, why);
            let block =
                self.payload.get(at..at.saturating_add(size)).filter(|block| block.len() >= LZX_BLOCK_HEADER);
            let block =
                block.ok_or_else(|| refuse(format!("{size:#x} bytes are not a block of the payload")))?;
            if sha1(&[block]) != digest {
                return Err(refuse("its hash is another".to_owned()));
            }
            let records = Fields::new(&block[LZX_BLOCK_HEADER..], offset + LZX_BLOCK_HEADER as u64, RECORD);
            apply_records(records, self.blocks.window_bits, &mut image, &mut room)?;
            at += size;
            size = u32::from_be_bytes([block[0], block[1], block[2], block[3]]) as usize;
            digest.copy_from_slice(&block[4..LZX_BLOCK_HEADER]);
        }
        image.resize(new_size, 0);
        Ok((new, image))
    }

    /// Applies the patch to the headers.
    fn headers(&self, base: &Xex) -> Result<Vec<u8>, FormatError> {
        let descriptor = self.descriptor();
        let [size, from, length, to] =
            [descriptor.u32(0x30)?, descriptor.u32(0x34)?, descriptor.u32(0x38)?, descriptor.u32(0x3C)?];
        // Without a size, the headers end with the part that is moved.
        let size = if size == 0 { u64::from(to) + u64::from(length) } else { size.into() };
        FormatError::check_limit(
            "XEXP size of patched headers",
            descriptor.origin + 0x30,
            size,
            MAX_HEADER_SIZE,
        )?;
        let size = size as usize;
        let mut header = base.header_bytes().to_vec();
        header.resize(header.len().max(size), 0);
        // Zero means that no part is moved.
        if from != 0 {
            let from = self.range(&header, from, length)?;
            let to = self.range(&header, to, length)?;
            header.copy_within(from, to.start);
        }
        header[size..].fill(0);
        let records = descriptor.sub(RECORDS, descriptor.bytes.len().saturating_sub(RECORDS), RECORD)?;
        let mut room = room(&header);
        apply_records(records, self.blocks.window_bits, &mut header, &mut room)?;
        header.truncate(size);
        Ok(header)
    }

    /// A checked range of the headers or the image.
    fn range(&self, of: &[u8], at: u32, size: u32) -> Result<std::ops::Range<usize>, FormatError> {
        let start = at as usize;
        let end = (at as usize).saturating_add(size as usize);
        if end <= of.len() {
            return Ok(start..end);
        }
        Err(self
            .descriptor()
            .invalid(0x30, format!("{size:#x} bytes at {at:#x} are outside of {:#x}", of.len())))
    }

    /// Checks that the patch is for this executable, and decrypts its data.
    fn decrypt(&mut self, base: &Xex, new: &Xex, keys: &KeyRing) -> Result<(), FormatError> {
        let source_key: [u8; 16] = self.descriptor().array(0x20)?;
        let under = |key: &[u8; 16], block: [u8; 16]| {
            let mut block = block;
            cbc_decrypt(key, &mut block);
            block
        };
        let session = keys.master_keys().find_map(|master| {
            let [old, session] = [base, new].map(|xex| under(&master, xex.security.file_key));
            (under(&session, source_key) == old).then_some(session)
        });
        let session = session.ok_or_else(|| {
            self.descriptor()
                .invalid(0x20, "it is for another executable, or a key is missing that both need")
        })?;
        if self.encryption == Encryption::Normal {
            cbc_decrypt(&under(&session, self.file_key), &mut self.payload);
        }
        Ok(())
    }
}

/// Largest total price of the records for this target.
fn room(target: &[u8]) -> usize {
    target.len().saturating_mul(2).saturating_add(SPARE_ROOM)
}

/// Price of a record: its output in bytes. One with LZX data costs at least as much as a block with
/// new codes, because even a stream of no bytes gets its decoders' tables.
fn price(length: usize, packed: usize) -> usize {
    if packed > 1 { length.max(BYTES_PER_BLOCK) } else { length }
}

/// Applies records up to the terminator, a record of zeros.
fn apply_records(
    records: Fields<'_>,
    window_bits: u32,
    target: &mut [u8],
    room: &mut usize,
) -> Result<(), FormatError> {
    let mut at = 0;
    while at + RECORD_HEAD <= records.bytes.len() {
        let [old, new] = [records.u32(at)? as usize, records.u32(at + 4)? as usize];
        let [length, packed] = [usize::from(records.u16(at + 8)?), usize::from(records.u16(at + 10)?)];
        if [old, new, length, packed] == [0; 4] {
            break;
        }
        let fits = |start: usize| start.checked_add(length).is_some_and(|end| end <= target.len());
        if !fits(new) || (packed != 0 && !fits(old)) {
            return Err(
                records.invalid(at, format!("{length:#x} bytes from {old:#x} to {new:#x} are outside"))
            );
        }
        *room = room
            .checked_sub(price(length, packed))
            .ok_or_else(|| records.invalid(at, "records write more than there is"))?;
        match packed {
            0 => target[new..new + length].fill(0),
            1 => target.copy_within(old..old + length, new),
            _ => {
                let data = records.slice(at + RECORD_HEAD, packed)?;
                // A copy, since the old and the new range may overlap.
                let reference = target[old..old + length].to_vec();
                let output = &mut target[new..new + length];
                lzx::decode_after(window_bits, &reference, data, output)
                    .map_err(|error| records.invalid(at, error.to_string()))?;
                at += packed;
            }
        }
        at += RECORD_HEAD;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_no_bytes_have_a_price() {
        let record = [0_u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0];
        let apply = |count: usize| {
            let records = record.repeat(count);
            let mut room = 4 * BYTES_PER_BLOCK;
            apply_records(Fields::new(&records, 0, RECORD), 15, &mut [0; 16], &mut room)
        };
        apply(4).unwrap();
        let error = apply(5).unwrap_err().to_string();
        assert!(error.ends_with("records write more than there is"), "{error}");
    }
}
