//! Long calls: the state from which a call that is too long for one turn continues.
//!
//! The state is plain data, stored with the thread, so that a stopped machine holds no closure.
//! `continue_long_call` of `xenia_exports::resume` continues each kind.

use super::Out;
use serde::{Deserialize, Serialize};
use xenia_guest::{Buffer, GuestAddr};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_rtl::crypto::cipher::Rc4;
use xenia_rtl::crypto::hash::{Hash, Hmac};
use xenia_rtl::crypto::rot_sum::RotSum;
use xenia_state::{Impossible, check};

/// The rest of a call that is too long for one turn, with its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Rest {
    /// RC4 over the remaining data, in place.
    Rc4 {
        /// State of the stream.
        cipher: Box<Rc4>,
        /// Data that is not yet encrypted.
        data: Buffer,
    },
    /// A digest of a message in parts.
    Digest(Box<DigestCall>),
    /// The digest of `XeCryptRotSumSha`.
    RotSumSha(Box<RotSumSha>),
    /// A comparison of memory.
    Compare(MemoryComparison),
    /// A conversion of text.
    Convert(TextConversion),
    /// AES in CBC mode without a place for the last block.
    AesChain(AesChain),
}

/// A hash, or an HMAC, over the remaining parts of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DigestCall {
    /// State of the computation.
    pub function: DigestFunction,
    /// Parts of the message that are not yet processed; each may be null.
    pub parts: [Buffer; 3],
    /// Use of the digest.
    pub purpose: DigestPurpose,
    /// Buffer that the digest is stored in or compared with.
    pub buffer: Buffer,
}

/// A digest of two parts that are read twice: for a checksum, then for a hash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RotSumSha {
    /// The checksum of the first pass.
    pub sum: RotSum,
    /// The hash, from the second pass on.
    pub hash: Option<Hash>,
    /// The parts that are not yet processed in this pass.
    pub left: [Buffer; 2],
    /// The whole parts, for the second pass.
    pub parts: [Buffer; 2],
    /// Buffer for the digest.
    pub out: Buffer,
}

/// Function of a digest, with its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DigestFunction {
    /// A hash of the message.
    Hash(Hash),
    /// A keyed code of the message.
    Hmac(Hmac),
}

impl DigestFunction {
    /// The hash that takes the message bytes.
    pub fn inner(&mut self) -> &mut Hash {
        match self {
            Self::Hash(hash) => hash,
            Self::Hmac(hmac) => &mut hmac.inner,
        }
    }

    /// Stores the state in guest memory.
    ///
    /// # Errors
    /// The memory can't be written.
    pub fn store(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        match self {
            Self::Hash(hash) => hash.store(memory, at),
            Self::Hmac(hmac) => hmac.store(memory, at),
        }
    }

    /// Finishes; returns the digest or code.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Hash(hash) => hash.finish(),
            Self::Hmac(hmac) => hmac.finish(),
        }
    }
}

/// Use of a digest at the end of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DigestPurpose {
    /// Stored, unless the buffer is null; the call has no result.
    Store,
    /// Stored; the call returns a status.
    StoreWithStatus,
    /// Compared with the buffer's bytes; the call returns whether they are equal.
    Verify,
}

/// A count of equal bytes at the start of memory.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MemoryComparison {
    /// Bytes that are equal so far.
    pub done: u32,
    /// Length of the ranges in bytes.
    pub length: u32,
    /// The memory that is compared.
    pub operands: ComparedMemory,
}

/// The memory that is compared.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum ComparedMemory {
    /// Two ranges of the same length.
    Ranges(GuestAddr, GuestAddr),
    /// A range, with a word that it may repeat.
    Word(GuestAddr, u32),
}

/// A conversion of text between 8 bits and UTF-16.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TextConversion {
    /// Address of the next character of the result.
    pub destination: GuestAddr,
    /// Address of the next character of the source.
    pub source: GuestAddr,
    /// Number of characters that are left.
    pub count: u32,
    /// Direction of the conversion.
    pub encoding: TargetEncoding,
    /// Address of the result's size, and that size in bytes.
    pub written: Option<(Out<u32>, u32)>,
}

/// Encoding of the result of a conversion of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetEncoding {
    /// UTF-16, from 8 bits.
    Utf16,
    /// 8 bits, from UTF-16.
    Narrow,
}

impl TargetEncoding {
    /// Bytes of a character of the source and of the result.
    pub const fn widths(self) -> (u32, u32) {
        match self {
            Self::Utf16 => (1, 2),
            Self::Narrow => (2, 1),
        }
    }
}

/// AES in CBC mode over the remaining data, under a key that has a number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AesChain {
    /// Number of the key.
    pub key: u32,
    /// Data that is not yet processed.
    pub input: Buffer,
    /// Address of its result.
    pub out: GuestAddr,
    /// The encrypted block before it.
    pub before: [u8; 16],
    /// Whether it is encrypted, or else decrypted.
    pub encrypts: bool,
}

impl Rest {
    /// Checks the rest of a call of a saved state.
    pub(crate) fn check(&self) -> Result<(), Impossible> {
        match self {
            // Any bytes, count and buffer are possible, and a key may be missing.
            Self::Rc4 { .. }
            | Self::Digest(_)
            | Self::RotSumSha(_)
            | Self::Convert(_)
            | Self::AesChain(_) => Ok(()),
            Self::Compare(MemoryComparison { done, length, operands: _ }) => {
                check(done <= length, "a comparison of memory is beyond its end")
            }
        }
    }
}
