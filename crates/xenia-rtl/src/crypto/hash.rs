//! Message digests with state in guest memory between calls, and HMAC.
//!
//! A state has the console's layout: a 32-bit byte count, the state words, the partial block.
//! RustCrypto provides the compression functions; buffering and padding are implemented here,
//! because the title owns the state.

use super::long_bytes;
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Bytes of guest memory read at a time.
const CHUNK: usize = 0x1_0000;

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// Block size in bytes.
    pub const fn block_size(self) -> usize {
        if self.is_wide() { 128 } else { 64 }
    }

    const fn is_wide(self) -> bool {
        matches!(self, Self::Sha384 | Self::Sha512)
    }

    const fn words(self) -> usize {
        match self {
            Self::Md5 => 4,
            Self::Sha1 => 5,
            Self::Sha256 | Self::Sha384 | Self::Sha512 => 8,
        }
    }

    /// Digest size in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn word_bytes(self) -> u32 {
        if self.is_wide() { 8 } else { 4 }
    }

    /// Offset of the state words: after the count, naturally aligned.
    const fn words_at(self) -> u32 {
        self.word_bytes()
    }

    const fn buffer_at(self) -> u32 {
        self.words_at() + self.words() as u32 * self.word_bytes()
    }

    /// State size in guest memory, in bytes.
    pub const fn state_size(self) -> u32 {
        self.buffer_at() + self.block_size() as u32
    }

    fn initial(self) -> [u64; 8] {
        const MD: [u64; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
        match self {
            Self::Md5 => [MD[0], MD[1], MD[2], MD[3], 0, 0, 0, 0],
            Self::Sha1 => [MD[0], MD[1], MD[2], MD[3], MD[4], 0, 0, 0],
            Self::Sha256 => [
                0x6A09_E667,
                0xBB67_AE85,
                0x3C6E_F372,
                0xA54F_F53A,
                0x510E_527F,
                0x9B05_688C,
                0x1F83_D9AB,
                0x5BE0_CD19,
            ],
            Self::Sha384 => [
                0xCBBB_9D5D_C105_9ED8,
                0x629A_292A_367C_D507,
                0x9159_015A_3070_DD17,
                0x152F_ECD8_F70E_5939,
                0x6733_2667_FFC0_0B31,
                0x8EB4_4A87_6858_1511,
                0xDB0C_2E0D_64F9_8FA7,
                0x47B5_481D_BEFA_4FA4,
            ],
            Self::Sha512 => [
                0x6A09_E667_F3BC_C908,
                0xBB67_AE85_84CA_A73B,
                0x3C6E_F372_FE94_F82B,
                0xA54F_F53A_5F1D_36F1,
                0x510E_527F_ADE6_82D1,
                0x9B05_688C_2B3E_6C1F,
                0x1F83_D9AB_FB41_BD6B,
                0x5BE0_CD19_137E_2179,
            ],
        }
    }
}

/// An incremental digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hash {
    algorithm: Algorithm,
    count: u32,
    words: [u64; 8],
    #[serde(with = "long_bytes")]
    buffer: [u8; 128],
}

impl Hash {
    /// Digest of the empty message.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, count: 0, words: algorithm.initial(), buffer: [0; 128] }
    }

    /// Reads a state from guest memory.
    pub fn load(algorithm: Algorithm, memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        let mut hash = Self::new(algorithm);
        hash.count = memory.read(at)?;
        for (index, word) in hash.words.iter_mut().enumerate().take(algorithm.words()) {
            let at = at.offset(algorithm.words_at() + index as u32 * algorithm.word_bytes());
            *word = if algorithm.is_wide() { memory.read(at)? } else { u64::from(memory.read::<u32>(at)?) };
        }
        memory.read_bytes(at.offset(algorithm.buffer_at()), &mut hash.buffer[..algorithm.block_size()])?;
        Ok(hash)
    }

    /// Writes the state to guest memory.
    pub fn store(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        let algorithm = self.algorithm;
        memory.write(at, self.count)?;
        for (index, &word) in self.words.iter().enumerate().take(algorithm.words()) {
            let at = at.offset(algorithm.words_at() + index as u32 * algorithm.word_bytes());
            if algorithm.is_wide() {
                memory.write(at, word)?;
            } else {
                memory.write(at, word as u32)?;
            }
        }
        memory.write_bytes(at.offset(algorithm.buffer_at()), &self.buffer[..algorithm.block_size()])
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        let block = self.algorithm.block_size();
        while !bytes.is_empty() {
            let filled = self.count as usize % block;
            let taken = bytes.len().min(block - filled);
            self.buffer[filled..filled + taken].copy_from_slice(&bytes[..taken]);
            self.count = self.count.wrapping_add(taken as u32);
            bytes = &bytes[taken..];
            if filled + taken == block {
                self.compress();
            }
        }
    }

    /// Updates the digest with guest memory.
    pub fn update_from(&mut self, memory: &GuestMemory, at: GuestAddr, size: u32) -> Result<(), MemoryFault> {
        let mut chunk = vec![0; CHUNK.min(size as usize)];
        let mut done = 0;
        while done < size {
            let length = (size - done).min(CHUNK as u32);
            let part = &mut chunk[..length as usize];
            memory.read_bytes(at.offset(done), part)?;
            self.update(part);
            done += length;
        }
        Ok(())
    }

    /// Pads the message and returns the digest.
    pub fn finish(mut self) -> Vec<u8> {
        let algorithm = self.algorithm;
        let bits = u64::from(self.count) * 8;
        let block = algorithm.block_size();
        let length_bytes = algorithm.block_size() / 8;
        self.update(&[0x80]);
        while self.count as usize % block != block - length_bytes {
            self.update(&[0]);
        }
        let mut length = [0; 16];
        if algorithm == Algorithm::Md5 {
            length[..8].copy_from_slice(&bits.to_le_bytes());
        } else {
            length[length_bytes - 8..length_bytes].copy_from_slice(&bits.to_be_bytes());
        }
        self.update(&length[..length_bytes]);
        let words = self.words.iter().take(algorithm.words());
        let mut digest: Vec<u8> = match algorithm {
            Algorithm::Md5 => words.flat_map(|word| (*word as u32).to_le_bytes()).collect(),
            Algorithm::Sha1 | Algorithm::Sha256 => {
                words.flat_map(|word| (*word as u32).to_be_bytes()).collect()
            }
            Algorithm::Sha384 | Algorithm::Sha512 => words.flat_map(|word| word.to_be_bytes()).collect(),
        };
        digest.truncate(algorithm.length());
        digest
    }

    fn compress(&mut self) {
        fn narrow<const N: usize>(words: &mut [u64; 8], compress: impl FnOnce(&mut [u32; N])) {
            let mut state = [0; N];
            for (narrow, wide) in state.iter_mut().zip(words.iter()) {
                *narrow = *wide as u32;
            }
            compress(&mut state);
            for (narrow, wide) in state.iter().zip(words.iter_mut()) {
                *wide = u64::from(*narrow);
            }
        }
        let Self { algorithm, words, buffer, .. } = self;
        let mut block = [0; 64];
        block.copy_from_slice(&buffer[..64]);
        match algorithm {
            Algorithm::Md5 => narrow(words, |state| md5::block_api::compress(state, &[block])),
            Algorithm::Sha1 => narrow(words, |state| sha1::block_api::compress(state, &[block])),
            Algorithm::Sha256 => narrow(words, |state| sha2::block_api::compress256(state, &[block])),
            Algorithm::Sha384 | Algorithm::Sha512 => sha2::block_api::compress512(words, &[*buffer]),
        }
    }
}

/// An incremental HMAC (RFC 2104): the inner digest and the outer one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hmac {
    /// Digest of the message.
    pub inner: Hash,
    outer: Hash,
}

impl Hmac {
    /// Starts an HMAC; a key longer than a block is replaced by its digest.
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        let mut padded = vec![0; algorithm.block_size()];
        if key.len() > padded.len() {
            let mut hash = Hash::new(algorithm);
            hash.update(key);
            padded[..algorithm.length()].copy_from_slice(&hash.finish());
        } else {
            padded[..key.len()].copy_from_slice(key);
        }
        let begun = |pad: u8| {
            let mut hash = Hash::new(algorithm);
            hash.update(&padded.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>());
            hash
        };
        Self { inner: begun(0x36), outer: begun(0x5C) }
    }

    /// Reads the two states, inner and outer, from guest memory.
    pub fn load(algorithm: Algorithm, memory: &GuestMemory, at: GuestAddr) -> Result<Self, MemoryFault> {
        let inner = Hash::load(algorithm, memory, at)?;
        let outer = Hash::load(algorithm, memory, at.offset(algorithm.state_size()))?;
        Ok(Self { inner, outer })
    }

    /// Writes the two states to guest memory.
    pub fn store(&self, memory: &GuestMemory, at: GuestAddr) -> Result<(), MemoryFault> {
        self.inner.store(memory, at)?;
        self.outer.store(memory, at.offset(self.inner.algorithm.state_size()))
    }

    /// The authentication code.
    pub fn finish(mut self) -> Vec<u8> {
        self.outer.update(&self.inner.finish());
        self.outer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap();
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    fn digest(algorithm: Algorithm, message: &[u8]) -> String {
        let mut hash = Hash::new(algorithm);
        hash.update(message);
        hex(&hash.finish())
    }

    /// Examples of FIPS 180-4 and RFC 1321.
    #[test]
    fn digests_equal_published_examples() {
        for (algorithm, message, expected) in [
            (Algorithm::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
            (
                Algorithm::Md5,
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
            (Algorithm::Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                Algorithm::Sha1,
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            ),
            (Algorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Algorithm::Sha384,
                "abc",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                Algorithm::Sha512,
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
                 454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            assert_eq!(digest(algorithm, message.as_bytes()), expected, "{algorithm:?} {message}");
        }
        let million = vec![b'a'; 1_000_000];
        assert_eq!(digest(Algorithm::Sha1, &million), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
        assert_eq!(
            digest(Algorithm::Sha256, &million),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }

    /// Test cases of RFC 2202.
    #[test]
    fn hmacs_equal_published_examples() {
        for (algorithm, key, message, expected) in [
            (Algorithm::Md5, vec![0x0B; 16], &b"Hi There"[..], "9294727a3638bb1c13f48ef8158bfc9d"),
            (
                Algorithm::Md5,
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "750c783e6ab0b503eaa86e310a5db738",
            ),
            (Algorithm::Sha1, vec![0x0B; 20], b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
            (
                Algorithm::Sha1,
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                Algorithm::Sha1,
                vec![0xAA; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "aa4ae5e15272d00e95705637ce8a3b55ed402112",
            ),
        ] {
            let mut hmac = Hmac::new(algorithm, &key);
            hmac.inner.update(message);
            assert_eq!(hex(&hmac.finish()), expected);
        }
    }

    #[test]
    fn a_message_in_pieces_is_the_message() {
        let message: Vec<u8> = (0..700).map(|n| (n * 7) as u8).collect();
        for algorithm in
            [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512]
        {
            for length in [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 700] {
                let whole = digest(algorithm, &message[..length]);
                for cut in [0, length / 3, length] {
                    let mut hash = Hash::new(algorithm);
                    hash.update(&message[..cut]);
                    hash.update(&message[cut..length]);
                    assert_eq!(hex(&hash.finish()), whole, "{algorithm:?} {length} {cut}");
                }
            }
        }
        assert_eq!(
            [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
                .map(Algorithm::state_size),
            [0x54, 0x58, 0x64, 0xC8]
        );
    }
}
