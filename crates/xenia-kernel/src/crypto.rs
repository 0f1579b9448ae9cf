//! What `XeCrypt*` computes: digests whose state is the guest's, ciphers, large numbers. No key of
//! any console is in here.
//!
//! - [`hash`]: digests that go on from call to call, and HMAC over them.
//! - [`cipher`]: AES, DES and triple DES by blocks and chained, RC4.
//! - [`number`]: numbers in 64-bit words, and RSA with them.
//! - [`random`]: bytes that nobody can tell from random ones, the same in every run that begins
//!   alike.
//! - [`uniform`]: numbers that follow from a seed of the caller's.

pub mod cipher;
pub mod hash;
pub mod number;
pub mod random;
pub mod uniform;
