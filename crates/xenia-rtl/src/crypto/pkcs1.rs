//! Digests in PKCS #1 v1.5 padding (`XeCryptBnDwLePkcs1*`), as numbers of little-endian words: the
//! encoded message of RFC 8017, section 9.2, with its bytes in reverse order.
//!
//! Source: the public implementations of the console's cryptography (XeCrypt), which agree.

use super::signature::DIGEST;
use std::ops::RangeInclusive;

/// Sizes in bytes that a padded digest can have: up to that of an RSA key of 4,096 bits.
pub const ENCODED_SIZES: RangeInclusive<usize> = 0x27..=0x200;

/// The ASN.1 header of a digest with SHA-1, after which the padding begins; all in reverse order.
const HEADER: &[u8] = b"\x14\x04\x00\x05\x1A\x02\x03\x0E\x2B\x05\x06\x09\x30\x21\x30\x00";
/// The same without the parameters of the algorithm.
const WITHOUT_PARAMETERS: &[u8] = b"\x14\x04\x1A\x02\x03\x0E\x2B\x05\x06\x07\x30\x1F\x30\x00";
/// The end of the padding alone.
const BARE: &[u8] = b"\x00";
/// Offset of a byte that differs between the formats.
const FORMAT_AT: usize = 0x16;
/// The start of the padding: block type 1, and the number's highest byte.
const START: [u8; 2] = [1, 0];

/// A digest, padded to `size` bytes, in a format: 0 with an ASN.1 header, 1 with one that has no
/// parameters, 2 without a header. `None` if the size is not one of [`ENCODED_SIZES`].
pub fn encoded_digest(digest: &[u8; DIGEST], format: u32, size: usize) -> Option<Vec<u8>> {
    if !ENCODED_SIZES.contains(&size) {
        return None;
    }
    let header = match format {
        0 => HEADER,
        1 => WITHOUT_PARAMETERS,
        2 => BARE,
        _ => &[],
    };
    let mut bytes: Vec<u8> = digest.iter().rev().chain(header).copied().collect();
    bytes.resize(size - START.len(), 0xFF);
    bytes.extend(START);
    Some(bytes)
}

/// Whether these are the bytes of a digest in padding, in any of the three formats.
pub fn is_encoded_digest(digest: &[u8; DIGEST], bytes: &[u8]) -> bool {
    let format = match bytes.get(FORMAT_AT) {
        Some(0) => 0,
        Some(0x1A) => 1,
        _ => 2,
    };
    encoded_digest(digest, format, bytes.len()).is_some_and(|expected| expected == bytes)
}
