//! The console's RSA signatures (`XeCryptBnQwBeSig*`): a padded digest, similar to RSASSA-PSS with
//! SHA-1 and RC4 as its mask generation function.
//!
//! A signature is made with numbers in Montgomery form: each multiplication also divides by
//! 2^2048. Source: the public implementations of the console's cryptography (XeCrypt).

use super::cipher::Rc4;
use super::hash::{Algorithm, Hash};
use num_bigint::BigUint;

/// Number of 64-bit words of a signature and of its key's modulus.
pub const SIGNATURE_WORDS: u32 = 32;
/// Size in bytes of the digest that is signed.
pub const DIGEST: usize = 20;
/// Size in bytes of the salt.
pub const SALT: usize = 10;

/// Offsets in the padded digest: the byte 1, salt, inner digest, end mark.
const MARK_AT: usize = 0xE0;
const SALT_AT: usize = 0xE1;
const INNER_AT: usize = 0xEB;
const END_AT: usize = 0xFF;
/// Value of the end mark.
const END: u8 = 0xBC;

/// The padded digest, as a number.
pub fn padded(digest: &[u8; DIGEST], salt: &[u8; SALT]) -> BigUint {
    let mut hash = Hash::new(Algorithm::Sha1);
    hash.update(&[0; 8]);
    hash.update(digest);
    hash.update(salt);
    let inner = hash.finish();
    let mut bytes = [0; END_AT + 1];
    bytes[MARK_AT] = 1;
    bytes[SALT_AT..INNER_AT].copy_from_slice(salt);
    Rc4::new(&inner).apply(&mut bytes[..INNER_AT]);
    bytes[INNER_AT..END_AT].copy_from_slice(&inner);
    bytes[END_AT] = END;
    // The number must be smaller than the modulus.
    bytes[0] &= 0x7F;
    BigUint::from_bytes_be(&bytes)
}

/// 2^2048 to the power of `exponent`, modulo `modulus`.
fn montgomery_factor(exponent: u64, modulus: &BigUint) -> BigUint {
    let bits = u64::from(SIGNATURE_WORDS) * 64;
    BigUint::from(2_u32).modpow(&(BigUint::from(bits) * exponent), modulus)
}

/// The number to encrypt with the private key for a signature; `None` if the modulus is too small,
/// or the public exponent is neither 3 nor 65,537.
pub fn prepare(
    digest: &[u8; DIGEST],
    salt: &[u8; SALT],
    exponent: u32,
    modulus: &BigUint,
) -> Option<BigUint> {
    let number = padded(digest, salt);
    if !matches!(exponent, 3 | 0x1_0001) || number >= *modulus {
        return None;
    }
    Some(number * montgomery_factor(u64::from(exponent) - 1, modulus) % modulus)
}

/// Whether `signature` is that of a digest. The console squares once for each bit of the exponent
/// but the first, and multiplies once, which is right for 3 and 65,537.
pub fn verify(
    signature: &BigUint,
    digest: &[u8; DIGEST],
    salt: &[u8; SALT],
    exponent: u32,
    modulus: &BigUint,
) -> bool {
    let squarings = 1_u64 << exponent.checked_ilog2().unwrap_or(0);
    if *modulus == BigUint::ZERO {
        return false;
    }
    let factor = montgomery_factor(squarings, modulus).modinv(modulus);
    factor.is_some_and(|factor| {
        signature.modpow(&BigUint::from(squarings + 1), modulus) * factor % modulus == padded(digest, salt)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_the_consoles() {
        let digest = std::array::from_fn(|index| index as u8);
        let number = padded(&digest, b"0123456789").to_bytes_be();
        assert_eq!(number.len(), 0x100);
        assert_eq!(number[..8], [0x15, 0x39, 0x75, 0x89, 0x08, 0xD6, 0xB8, 0x71]);
        let mut hash = Hash::new(Algorithm::Sha1);
        hash.update(&number);
        let digest = hash.finish();
        assert_eq!(digest[..4], [0x44, 0x6D, 0x28, 0xD5]);
        assert_eq!(digest[16..], [0x70, 0x11, 0x0D, 0x44]);
    }

    /// A modulus of 2,047 bits whose factors are known: Mersenne primes.
    fn key() -> (BigUint, BigUint) {
        let one = BigUint::from(1_u32);
        let primes = [1279_u32, 607, 127, 31, 3].map(|bits| (&one << bits) - &one);
        let modulus = primes.iter().product::<BigUint>();
        let order = primes.iter().map(|prime| prime - &one).product::<BigUint>();
        (modulus, BigUint::from(0x1_0001_u32).modinv(&order).unwrap())
    }

    #[test]
    fn a_signature_is_that_of_its_digest_salt_and_key() {
        let (modulus, private) = key();
        let digest = [7; DIGEST];
        let salt = [1; SALT];
        let number = prepare(&digest, &salt, 0x1_0001, &modulus).unwrap();
        let signature = number.modpow(&private, &modulus);
        assert!(verify(&signature, &digest, &salt, 0x1_0001, &modulus));
        let other = &signature + 1_u32;
        assert!(!verify(&other, &digest, &salt, 0x1_0001, &modulus));
        assert!(!verify(&signature, &[8; DIGEST], &salt, 0x1_0001, &modulus));
        assert!(!verify(&signature, &digest, &[2; SALT], 0x1_0001, &modulus));
        assert!(!verify(&signature, &digest, &salt, 3, &modulus));
        assert_eq!(prepare(&digest, &salt, 5, &modulus), None);
        assert_eq!(prepare(&digest, &salt, 3, &BigUint::from(7_u32)), None);
        for (exponent, modulus) in [(0, BigUint::from(0_u32)), (u32::MAX, BigUint::from(6_u32)), (1, modulus)]
        {
            assert!(!verify(&signature, &digest, &salt, exponent, &modulus), "{exponent}");
        }
    }
}
