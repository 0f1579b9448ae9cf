//! Large numbers as titles have them: 64-bit words, the lowest first; and RSA.

use crate::status::failure::Fallible;
use num_bigint::BigUint;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Words of a number that is worked with, at most: those of RSA-4096.
pub const MOST_WORDS: u32 = 64;

/// Reads a number of `words` words.
pub fn load(memory: &GuestMemory, at: GuestAddr, words: u32) -> Fallible<BigUint> {
    let mut digits = Vec::new();
    for index in 0..words {
        let word: u64 = memory.read(at.offset(8 * index))?;
        digits.extend([word as u32, (word >> 32) as u32]);
    }
    Ok(BigUint::new(digits))
}

/// Writes a number to `words` words; what has no room is lost.
pub fn store(memory: &GuestMemory, at: GuestAddr, words: u32, number: &BigUint) -> Fallible<()> {
    let digits = number.to_u64_digits();
    for index in 0..words {
        memory.write(at.offset(8 * index), digits.get(index as usize).copied().unwrap_or(0))?;
    }
    Ok(())
}

/// `base` to the power of `exponent`, modulo `modulus`; `None` without a modulus.
pub fn power(base: &BigUint, exponent: &BigUint, modulus: &BigUint) -> Option<BigUint> {
    if *modulus == BigUint::ZERO { None } else { Some(base.modpow(exponent, modulus)) }
}

/// The private half of an RSA key, in the parts that a title has.
#[derive(Clone, Debug)]
pub struct PrivateKey {
    /// The primes.
    pub primes: [BigUint; 2],
    /// The exponent, modulo each prime less one.
    pub exponents: [BigUint; 2],
    /// The inverse of the second prime, modulo the first.
    pub coefficient: BigUint,
}

impl PrivateKey {
    /// Deciphers, or signs; `None` if the key is none.
    pub fn apply(&self, number: &BigUint) -> Option<BigUint> {
        let [first, second] = &self.primes;
        let of_first = power(number, &self.exponents[0], first)?;
        let of_second = power(number, &self.exponents[1], second)?;
        // Garner: what is to be added to the second's to be the first's, too.
        let difference = (first + &of_first - &of_second % first) % first;
        let times = (&self.coefficient * difference) % first;
        Some(of_second + times * second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RSA that textbooks have: 61 and 53, 17 and 2753.
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
