//! Ciphers: AES-128, DES and triple DES in ECB and CBC mode; RC4.

use super::long_bytes;
use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use des::{Des, TdesEde3};
use serde::{Deserialize, Serialize};

/// Largest block size in bytes (that of AES).
const MAX_BLOCK: usize = 16;

/// Block ciphers that titles choose by their functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockCipher {
    /// AES with a 128-bit key.
    Aes,
    Des,
    /// Triple DES with three keys: encrypt, decrypt, encrypt.
    Des3,
}

impl BlockCipher {
    /// Key size in bytes.
    pub const fn key_size(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::Des => 8,
            Self::Des3 => 24,
        }
    }

    /// Block size in bytes.
    pub const fn block_size(self) -> usize {
        if matches!(self, Self::Aes) { 16 } else { 8 }
    }

    /// The cipher with a key; `None` if the key has a wrong length.
    pub fn with_key(self, key: &[u8]) -> Option<Keyed> {
        Some(match self {
            Self::Aes => Keyed::Aes(Box::new(Aes128::new_from_slice(key).ok()?)),
            Self::Des => Keyed::Des(Box::new(Des::new_from_slice(key).ok()?)),
            Self::Des3 => Keyed::Des3(Box::new(TdesEde3::new_from_slice(key).ok()?)),
        })
    }
}

/// Direction in which a block cipher is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherDirection {
    Encrypt,
    Decrypt,
}

impl From<bool> for CipherDirection {
    /// Converts the argument of a title's call: whether to encrypt.
    fn from(encrypt: bool) -> Self {
        if encrypt { Self::Encrypt } else { Self::Decrypt }
    }
}

/// A block cipher with its key schedule.
pub enum Keyed {
    Aes(Box<Aes128>),
    Des(Box<Des>),
    Des3(Box<TdesEde3>),
}

fn one<C>(cipher: &C, block: &mut [u8], direction: CipherDirection)
where
    C: BlockSizeUser + BlockCipherEncrypt + BlockCipherDecrypt,
{
    // A slice of another length is not a block.
    let Ok(block) = <&mut Array<u8, C::BlockSize>>::try_from(block) else { return };
    match direction {
        CipherDirection::Encrypt => cipher.encrypt_block(block),
        CipherDirection::Decrypt => cipher.decrypt_block(block),
    }
}

impl Keyed {
    /// Encrypts or decrypts one block.
    pub fn block(&self, block: &mut [u8], direction: CipherDirection) {
        match self {
            Self::Aes(cipher) => one(&**cipher, block, direction),
            Self::Des(cipher) => one(&**cipher, block, direction),
            Self::Des3(cipher) => one(&**cipher, block, direction),
        }
    }

    /// Encrypts or decrypts whole blocks in CBC mode; `feed` holds the initialization vector and
    /// then the last ciphertext block.
    pub fn chained(&self, bytes: &mut [u8], feed: &mut [u8], direction: CipherDirection) {
        let mut secret = [0; MAX_BLOCK];
        // A feedback of another length is not a block.
        let Some(secret) = secret.get_mut(..feed.len()).filter(|secret| !secret.is_empty()) else { return };
        for block in bytes.chunks_exact_mut(feed.len()) {
            match direction {
                CipherDirection::Encrypt => {
                    mix(block, feed);
                    self.block(block, direction);
                    feed.copy_from_slice(block);
                }
                CipherDirection::Decrypt => {
                    secret.copy_from_slice(block);
                    self.block(block, direction);
                    mix(block, feed);
                    feed.copy_from_slice(secret);
                }
            }
        }
    }
}

fn mix(block: &mut [u8], with: &[u8]) {
    for (byte, other) in block.iter_mut().zip(with) {
        *byte ^= other;
    }
}

/// The byte with its lowest bit set for odd parity, as in DES keys.
pub fn odd_parity(byte: u8) -> u8 {
    byte & !1 | u8::from((byte >> 1).count_ones().is_multiple_of(2))
}

/// State of an RC4 stream: permutation and two indices, laid out as in guest memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rc4 {
    /// The permutation, followed by the two indices.
    #[serde(with = "long_bytes")]
    pub state: [u8; Self::SIZE],
}

impl Rc4 {
    /// State size in bytes.
    pub const SIZE: usize = 0x102;

    /// Key schedule; an empty key leaves the identity permutation.
    pub fn new(key: &[u8]) -> Self {
        let mut state = [0; Self::SIZE];
        for (index, byte) in state.iter_mut().enumerate().take(0x100) {
            *byte = index as u8;
        }
        if !key.is_empty() {
            let mut other = 0_u8;
            for index in 0..0x100 {
                other = other.wrapping_add(state[index]).wrapping_add(key[index % key.len()]);
                state.swap(index, usize::from(other));
            }
        }
        Self { state }
    }

    /// Encrypts or decrypts, which is the same operation.
    pub fn apply(&mut self, bytes: &mut [u8]) {
        let [mut first, mut second] = [self.state[0x100], self.state[0x101]];
        for byte in bytes {
            first = first.wrapping_add(1);
            second = second.wrapping_add(self.state[usize::from(first)]);
            self.state.swap(usize::from(first), usize::from(second));
            let sum = self.state[usize::from(first)].wrapping_add(self.state[usize::from(second)]);
            *byte ^= self.state[usize::from(sum)];
        }
        self.state[0x100] = first;
        self.state[0x101] = second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// FIPS 197 appendix C, the usual example of DES, SP 800-67 appendix B.
    #[test]
    fn blocks_equal_published_examples() {
        for (cipher, key, plain, secret) in [
            (
                BlockCipher::Aes,
                "000102030405060708090a0b0c0d0e0f",
                "00112233445566778899aabbccddeeff",
                "69c4e0d86a7b0430d8cdb78070b4c55a",
            ),
            (BlockCipher::Des, "133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"),
            (
                BlockCipher::Des3,
                "0123456789abcdef23456789abcdef01456789abcdef0123",
                "5468652071756663",
                "a826fd8ce53b855f",
            ),
        ] {
            let keyed = cipher.with_key(&bytes(key)).unwrap();
            let mut block = bytes(plain);
            assert_eq!((bytes(key).len(), block.len()), (cipher.key_size(), cipher.block_size()));
            keyed.block(&mut block, CipherDirection::Encrypt);
            assert_eq!(block, bytes(secret), "{cipher:?}");
            keyed.block(&mut block, CipherDirection::Decrypt);
            assert_eq!(block, bytes(plain), "{cipher:?}");
            assert!(cipher.with_key(&[0; 5]).is_none());
        }
    }

    /// SP 800-38A, F.2.1 and F.2.2.
    #[test]
    fn cbc_chains_equal_published_examples() {
        let keyed = BlockCipher::Aes.with_key(&bytes("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let secret = bytes("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
        let start = bytes("000102030405060708090a0b0c0d0e0f");
        let mut text = plain.clone();
        let mut feed = start.clone();
        // In two calls, to test that the feedback is passed on.
        keyed.chained(&mut text[..16], &mut feed, CipherDirection::Encrypt);
        keyed.chained(&mut text[16..], &mut feed, CipherDirection::Encrypt);
        assert_eq!((text.clone(), feed), (secret.clone(), secret[16..].to_vec()));
        let mut feed = start;
        keyed.chained(&mut text, &mut feed, CipherDirection::Decrypt);
        assert_eq!((text, feed), (plain, secret[16..].to_vec()));
    }

    /// RFC 6229 with a 40-bit key, and the commonly cited example.
    #[test]
    fn rc4_streams_equal_published_examples() {
        let mut stream = [0; 16];
        Rc4::new(&bytes("0102030405")).apply(&mut stream);
        assert_eq!(stream.to_vec(), bytes("b2396305f03dc027ccc3524a0a1118a8"));
        let mut text = b"Plaintext".to_vec();
        let mut rc4 = Rc4::new(b"Key");
        rc4.apply(&mut text[..4]);
        rc4.apply(&mut text[4..]);
        assert_eq!(text, bytes("bbf316e8d940af0ad3"));
    }

    #[test]
    fn keys_of_des_have_odd_bytes() {
        for byte in 0..=255 {
            let odd = odd_parity(byte);
            assert!(odd.count_ones() % 2 == 1 && odd & !1 == byte & !1);
        }
    }
}
