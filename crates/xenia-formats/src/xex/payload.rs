//! Payload: decryption and decompression.
//!
//! Encryption is AES-128-CBC with a zero initialization vector over the stored bytes, with a
//! session key that the security info contains encrypted with a master key. The file does not
//! record which master key: all known keys are tried, until the result is an image (or the first
//! LZX block has the right digest).

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};

use super::digests::sha1;
use super::security::Sha1Digest;
use super::{KeyRing, Xex};
use crate::error::{FormatError, Reason};
use crate::fields::Fields;
use crate::image::{DigestCheck, MAX_IMAGE_SIZE};
use crate::read_at::{ReadAt, read_exact_at};
use crate::{lzx, pe};

/// Encryption of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The payload is not encrypted.
    None,
    /// AES-128-CBC with a session key.
    Normal,
}

/// Compression of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compression {
    /// The payload is the image.
    None,
    /// Stored runs, each followed by zeros that are not stored.
    Basic(Vec<BasicBlock>),
    /// LZX in a chain of blocks with digests.
    Lzx(Blocks),
    /// A patch for another file's image: records in a chain of blocks with digests.
    Delta(Blocks),
}

/// A chain of blocks with digests, and the LZX window size of their contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Base-2 logarithm of the window size, 15 to 25.
    pub window_bits: u32,
    /// Size of the first block in bytes; 0 if there are no blocks.
    pub first_size: u32,
    /// SHA-1 of the first block.
    pub first_digest: [u8; 20],
}

/// A run of stored bytes and the zeros that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicBlock {
    /// Number of stored bytes.
    pub data_size: u32,
    /// Number of zero bytes that are not stored.
    pub zero_size: u32,
}

/// Largest number of LZX blocks of an image. Blocks usually hold 32 KiB, so the largest image has
/// 8,192; but a block without chunks takes only 26 bytes, and each block adds a digest check to the
/// report.
const MAX_LZX_BLOCKS: u64 = 0x2_0000;

/// Size of an LZX block's header in bytes: the next block's size and digest.
pub(super) const LZX_BLOCK_HEADER: usize = 24;
/// Bytes decrypted to test a key; PE headers lie within them.
const KEY_PROBE: usize = 0x1_0000;
/// Incompressible data grows a little under LZX, but never by more than this.
pub(super) const MAX_PAYLOAD: u64 = MAX_IMAGE_SIZE as u64 + (64 << 20);

/// Reads the body of the file format header.
pub(super) fn read_format(
    body: Fields<'_>,
    image_size: u32,
) -> Result<(Encryption, Compression), FormatError> {
    let body = Fields { what: "XEX file format info", ..body };
    let encryption = match body.u16(4)? {
        0 => Encryption::None,
        1 => Encryption::Normal,
        other => return Err(FormatError::unexpected("XEX encryption", body.origin + 4, other, "0 or 1")),
    };
    let compression = match body.u16(6)? {
        0 => Compression::None,
        1 => Compression::Basic(read_basic_blocks(body, image_size)?),
        2 => Compression::Lzx(read_blocks(body)?),
        3 => Compression::Delta(read_blocks(body)?),
        other => {
            return Err(FormatError::unexpected("XEX compression", body.origin + 6, other, "0 to 3"));
        }
    };
    Ok((encryption, compression))
}

fn read_blocks(body: Fields<'_>) -> Result<Blocks, FormatError> {
    let window = body.u32(8)?;
    let Some(window_bits) = lzx::window_bits(window) else {
        return Err(FormatError::unexpected(
            "XEX LZX window size",
            body.origin + 8,
            window,
            "a power of two from 32 KiB to 32 MiB",
        ));
    };
    Ok(Blocks { window_bits, first_size: body.u32(0xC)?, first_digest: body.array(0x10)? })
}

fn read_basic_blocks(body: Fields<'_>, image_size: u32) -> Result<Vec<BasicBlock>, FormatError> {
    let mut blocks = Vec::with_capacity(body.bytes.len() / 8);
    let mut total = 0_u64;
    for at in (8..).step_by(8).take(body.bytes.len().saturating_sub(8) / 8) {
        let block = BasicBlock { data_size: body.u32(at)?, zero_size: body.u32(at + 4)? };
        total += u64::from(block.data_size) + u64::from(block.zero_size);
        if total > u64::from(image_size) {
            return Err(
                body.invalid(at, format!("blocks of {total:#x} bytes in an image of {image_size:#x} bytes"))
            );
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// Decrypts and decompresses the image; the result has `image_size` bytes.
pub(super) fn read(
    xex: &Xex,
    source: &dyn ReadAt,
    keys: &KeyRing,
    digests: &mut Vec<DigestCheck>,
) -> Result<Vec<u8>, FormatError> {
    const WHAT: &str = "XEX payload";
    let start = u64::from(xex.header_size);
    let file_size = source.size().map_err(|error| FormatError::new(WHAT, start, Reason::Io(error)))?;
    let stored = file_size.saturating_sub(start);
    let image_size = xex.security.image_size as usize;
    match &xex.compression {
        Compression::None => {
            let mut image = read_exact_at(source, WHAT, start, stored.min(image_size as u64))?;
            decrypt(xex, keys, &mut image, KEY_PROBE, pe::looks_like_image)?;
            image.resize(image_size, 0);
            Ok(image)
        }
        Compression::Basic(blocks) => {
            let total: u64 = blocks.iter().map(|block| u64::from(block.data_size)).sum();
            // The cipher works on 16-byte blocks, so the last one can extend past the data.
            let whole = match xex.encryption {
                Encryption::None => total,
                Encryption::Normal => total.next_multiple_of(16),
            };
            let mut data = read_exact_at(source, WHAT, start, whole)?;
            decrypt(xex, keys, &mut data, KEY_PROBE, pe::looks_like_image)?;
            Ok(expand_blocks(blocks, &data, image_size))
        }
        &Compression::Lzx(Blocks { window_bits, first_size, first_digest }) => {
            FormatError::check_limit("XEX payload size", start, stored, MAX_PAYLOAD)?;
            let mut data = read_exact_at(source, WHAT, start, stored)?;
            let first = first_size as usize;
            if first > data.len() {
                return Err(FormatError::truncated("XEX LZX block 0", start, first as u64, file_size));
            }
            decrypt_lzx(xex, keys, &mut data, first, first_digest)?;
            let stream = gather_chunks(&data, start, first, first_digest, digests)?;
            let mut image = vec![0; image_size];
            lzx::decode(window_bits, &stream, &mut image).map_err(|error| {
                FormatError::invalid(
                    "XEX LZX data",
                    start,
                    format!("{} at byte {:#x} of the compressed stream", error.reason, error.offset),
                )
            })?;
            Ok(image)
        }
        Compression::Delta(_) => {
            Err(FormatError::unsupported("XEX compression", 0, "delta compression outside a patch"))
        }
    }
}

/// Puts the zeros between the blocks of a payload with basic compression.
fn expand_blocks(blocks: &[BasicBlock], data: &[u8], image_size: usize) -> Vec<u8> {
    let mut image = vec![0; image_size];
    let mut from = 0;
    let mut to = 0;
    for block in blocks {
        let size = block.data_size as usize;
        // Cannot fail: `read_basic_blocks` limits the sums to the image, and `data` has all stored
        // bytes.
        image[to..to + size].copy_from_slice(&data[from..from + size]);
        from += size;
        to += size + block.zero_size as usize;
    }
    image
}

/// Decrypts in place with the first key for which `accepts` returns true for the first `probe`
/// bytes.
fn decrypt(
    xex: &Xex,
    keys: &KeyRing,
    data: &mut [u8],
    probe: usize,
    accepts: impl Fn(&[u8]) -> bool,
) -> Result<(), FormatError> {
    if xex.encryption == Encryption::None {
        return Ok(());
    }
    // Bytes after the last whole cipher block are left unchanged: padding at the end of an LZX
    // file.
    let whole = data.len() / 16 * 16;
    let probe = probe.min(data.len());
    let fits = |session: &[u8; 16]| {
        // Decrypt a copy: a wrong key must leave `data` unchanged for the next one.
        let mut start = data[..probe.next_multiple_of(16).min(whole)].to_vec();
        cbc_decrypt(session, &mut start);
        start.truncate(probe);
        accepts(&start)
    };
    let session = keys
        .master_keys()
        .map(|master| {
            let mut session = xex.security.file_key;
            cbc_decrypt(&master, &mut session);
            session
        })
        .find(fits);
    let Some(session) = session else {
        let reason = if keys.has_retail() { Reason::NoKeyFits } else { Reason::RetailKeyMissing };
        return Err(FormatError::new("XEX payload", u64::from(xex.header_size), reason));
    };
    cbc_decrypt(&session, &mut data[..whole]);
    Ok(())
}

/// As [`decrypt`], with the key for which the first block of LZX data has its digest. If no key has
/// this, the block is damaged, and its chunk list still shows that a key is right. Noise can have
/// such a list, too (one wrong key in 36,000), so the digest decides first.
fn decrypt_lzx(
    xex: &Xex,
    keys: &KeyRing,
    data: &mut [u8],
    first_size: usize,
    first_digest: Sha1Digest,
) -> Result<(), FormatError> {
    if decrypt(xex, keys, data, first_size, |block| sha1(&[block]) == first_digest).is_ok() {
        return Ok(());
    }
    decrypt(xex, keys, data, first_size, |block| for_each_chunk(block, |_| {}).is_ok())
}

/// AES-128-CBC with a zero initialization vector over whole blocks.
pub(super) fn cbc_decrypt(key: &[u8; 16], data: &mut [u8]) {
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), &[0; 16].into());
    let whole = data.len() / 16 * 16;
    // Without padding, decryption of whole blocks cannot fail.
    let _ = cipher.decrypt_padded::<NoPadding>(&mut data[..whole]);
}

/// Walks the chain of blocks, checks all digests, and joins the chunks to one LZX stream.
fn gather_chunks(
    data: &[u8],
    start: u64,
    first_size: usize,
    first_digest: Sha1Digest,
    digests: &mut Vec<DigestCheck>,
) -> Result<Vec<u8>, FormatError> {
    let mut stream = Vec::with_capacity(data.len());
    let mut at = 0;
    let mut size = first_size;
    let mut digest = first_digest;
    let mut index = 0;
    while size != 0 {
        let offset = start + at as u64;
        FormatError::check_limit("XEX LZX block count", offset, index + 1, MAX_LZX_BLOCKS)?;
        let refuse = |why: String| FormatError::invalid(format!("XEX LZX block {index}"), offset, why);
        let block = data
            .get(at..at + size)
            .ok_or_else(|| refuse(format!("its {size} bytes reach beyond the {} stored", data.len())))?;
        digests.push(DigestCheck {
            what: format!("LZX block {index}"),
            offset,
            ok: sha1(&[block]) == digest,
        });
        for_each_chunk(block, |chunk| stream.extend_from_slice(chunk)).map_err(refuse)?;
        at += size;
        size = u32::from_be_bytes([block[0], block[1], block[2], block[3]]) as usize;
        digest.copy_from_slice(&block[4..LZX_BLOCK_HEADER]);
        index += 1;
    }
    Ok(stream)
}

/// Calls `each` with each chunk of a block: a length and that many bytes, up to a zero length.
fn for_each_chunk<'a>(block: &'a [u8], mut each: impl FnMut(&'a [u8])) -> Result<(), String> {
    if block.len() < LZX_BLOCK_HEADER {
        return Err(format!("{} bytes hold no block header", block.len()));
    }
    let mut at = LZX_BLOCK_HEADER;
    while let Some(length) = block.get(at..at + 2) {
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length == 0 {
            return Ok(());
        }
        let chunk = block
            .get(at + 2..at + 2 + length)
            .ok_or_else(|| format!("the chunk of {length} bytes at {at:#x} reaches beyond it"))?;
        each(chunk);
        at += 2 + length;
    }
    Err("its chunk list has no end".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_matching_keys_the_digest_selects_one() {
        let file: &[u8] = include_bytes!("../../../../guest/bin/hello.xex");
        let mut xex = Xex::read(&file).unwrap();
        xex.encryption = Encryption::Normal;
        // A session key under the retail key, and a block of zeros under the session key. By the
        // development key, its chunk list ends as well (computed by Python's cryptography).
        xex.security.file_key = 0x50B8_1990_15B7_CB1C_B494_BCED_FF6A_50BB_u128.to_be_bytes();
        let stored: [u128; 2] =
            [0x2D46_43C1_2AD5_1389_C5BB_D4FB_1A74_467F, 0x566E_321D_42A4_5A7B_450E_82BD_09F4_1807];
        let decrypted = |digest| {
            let mut data = stored.map(u128::to_be_bytes).concat();
            decrypt_lzx(&xex, &KeyRing::with_retail([1; 16]), &mut data, 32, digest).unwrap();
            data
        };
        assert_eq!(decrypted(sha1(&[&[0; 32]])), [0; 32]);
        assert_ne!(decrypted([0; 20]), [0; 32], "both have a chunk list");
    }

    /// A chain of empty blocks.
    fn empty_blocks(count: u64) -> Vec<u8> {
        let blocks = (1..=count).rev().flat_map(|left| {
            let next: u32 = if left > 1 { 26 } else { 0 };
            let mut block = [0; 26];
            block[..4].copy_from_slice(&next.to_be_bytes());
            block
        });
        blocks.collect()
    }

    #[test]
    fn empty_blocks_are_limited() {
        let gathered = |count| {
            let mut digests = Vec::new();
            let stream = gather_chunks(&empty_blocks(count), 0, 26, [0; 20], &mut digests);
            stream.map(|stream| (stream.len(), digests.len() as u64))
        };
        assert_eq!(gathered(MAX_LZX_BLOCKS).unwrap(), (0, MAX_LZX_BLOCKS));
        let error = gathered(MAX_LZX_BLOCKS + 1).unwrap_err().to_string();
        assert!(error.contains("XEX LZX block count"), "{error}");
    }
}
