//! Big integers in guest memory (64-bit words, least significant first) and RSA.

use num_bigint::BigUint;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Largest number size in words: that of RSA-4096.
pub const MAX_WORDS: u32 = 64;

/// Reads a number of `words` words.
pub fn load(memory: &GuestMemory, at: GuestAddr, words: u32) -> Result<BigUint, MemoryFault> {
    let mut digits = Vec::new();
    for index in 0..words {
        let word: u64 = memory.read(at.offset(8 * index))?;
        digits.extend([word as u32, (word >> 32) as u32]);
    }
    Ok(BigUint::new(digits))
}

/// Writes a number, truncated to `words` words.
pub fn store(memory: &GuestMemory, at: GuestAddr, words: u32, number: &BigUint) -> Result<(), MemoryFault> {
    let digits = number.to_u64_digits();
    for index in 0..words {
        memory.write(at.offset(8 * index), digits.get(index as usize).copied().unwrap_or(0))?;
    }
    Ok(())
}

/// `base` to the power of `exponent` modulo `modulus`; `None` if the modulus is 0.
pub fn power(base: &BigUint, exponent: &BigUint, modulus: &BigUint) -> Option<BigUint> {
    if *modulus == BigUint::ZERO { None } else { Some(base.modpow(exponent, modulus)) }
}

/// RSA private key in Chinese-remainder form.
#[derive(Clone, Debug)]
pub struct PrivateKey {
    /// The two primes.
    pub primes: [BigUint; 2],
    /// The private exponent modulo each prime minus 1.
    pub exponents: [BigUint; 2],
    /// Inverse of the second prime modulo the first.
    pub coefficient: BigUint,
}

impl PrivateKey {
    /// Decrypts or signs; `None` if the key is invalid.
    pub fn apply(&self, number: &BigUint) -> Option<BigUint> {
        let [first, second] = &self.primes;
        let of_first = power(number, &self.exponents[0], first)?;
        let of_second = power(number, &self.exponents[1], second)?;
        // Garner's algorithm: the multiple of the second prime to add.
        let difference = (first + &of_first - &of_second % first) % first;
        let times = (&self.coefficient * difference) % first;
        Some(of_second + times * second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook example: primes 61 and 53, exponents 17 and 2753.
    #[test]
    fn a_small_key_goes_round() {
        let number = |value: u32| BigUint::from(value);
        let key = PrivateKey {
            primes: [number(61), number(53)],
            exponents: [number(53), number(49)],
            coefficient: number(38),
        };
        for plain in 0..3233 {
            let secret = power(&number(plain), &number(17), &number(3233)).unwrap();
            assert_eq!(key.apply(&secret), Some(number(plain)));
        }
        assert_eq!(power(&number(65), &number(17), &number(3233)), Some(number(2790)));
        assert_eq!(power(&number(65), &number(17), &number(0)), None);
        let broken = PrivateKey { primes: [number(0), number(0)], ..key };
        assert_eq!(broken.apply(&number(5)), None);
    }
}
