//! Cryptography of `XeCrypt*`: digests with state in guest memory, ciphers, big integers. It
//! contains no keys of any console.
//!
//! - [`hash`]: incremental digests, and HMAC.
//! - [`cipher`]: AES, DES and triple DES in ECB and CBC mode, RC4.
//! - [`number`]: big integers in 64-bit words, and RSA.
//! - [`pkcs1`]: digests in PKCS #1 padding.
//! - [`rot_sum`]: the checksum of `XeCryptRotSum`.
//! - [`signature`]: padded digests, and RSA signatures of them.
//! - [`random`]: a deterministic generator of random bytes.
//! - [`uniform`]: linear congruential numbers with a seed from the caller.

pub mod cipher;
pub mod hash;
mod long_bytes;
pub mod number;
pub mod pkcs1;
pub mod random;
pub mod rot_sum;
pub mod signature;
pub mod uniform;
