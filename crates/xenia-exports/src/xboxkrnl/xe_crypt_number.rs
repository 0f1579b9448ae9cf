//! Big integers and RSA (`XeCryptBnQw*`), on numbers in guest memory
//! ([`xenia_rtl::crypto::number`]).
//!
//! Arithmetic refuses numbers longer than [`MAX_WORDS`], as its time grows faster than their
//! length; copies and comparisons have any length, and are divided into turns ([`crate::turns`]).

use crate::abi::{Call, Flow, Ptr};
use crate::status::failure::Fallible;
use crate::turns::{TURN, repeat};
use num_bigint::BigUint;
use std::cmp::Ordering;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::number::{MAX_WORDS, PrivateKey, load, power, store};

/// The exports for big integers and RSA.
pub struct XeCryptNumber;

/// Number of words that a call processes in one turn.
const TURN_WORDS: u32 = TURN / 8;
/// Offsets in an RSA key: public exponent and numbers. The modulus's number of words is at 0.
const EXPONENT: u32 = 4;
const NUMBERS: u32 = 0x10;

/// Loads a number of a title; `None` if it exceeds the supported length.
fn number(call: &Call, at: GuestAddr, words: u32) -> Fallible<Option<BigUint>> {
    if words > MAX_WORDS { Ok(None) } else { Ok(Some(load(call.memory(), at, words)?)) }
}

/// Stores a result, if there is one; returns whether there was.
fn store_result(call: &Call, out: GuestAddr, words: u32, result: Option<BigUint>) -> Fallible<bool> {
    let Some(result) = result else { return Ok(false) };
    store(call.memory(), out, words, &result)?;
    Ok(true)
}

/// The public exponent and the modulus of a key; `None` if the modulus has not `words` words.
pub(super) fn public_key(call: &Call, key: GuestAddr, words: u32) -> Fallible<Option<(u32, BigUint)>> {
    let found: u32 = call.memory().read(key)?;
    let exponent = call.memory().read(key.offset(EXPONENT))?;
    let modulus = load(call.memory(), key.offset(NUMBERS), words)?;
    Ok((found == words).then_some((exponent, modulus)))
}

fn private_key(call: &Call, key: GuestAddr, words: u32) -> Fallible<PrivateKey> {
    let half = words / 2;
    let part = |index: u32| {
        let at = key.offset(NUMBERS + 8 * (words + index * half));
        load(call.memory(), at, half)
    };
    Ok(PrivateKey { primes: [part(0)?, part(1)?], exponents: [part(2)?, part(3)?], coefficient: part(4)? })
}

#[exports(xboxkrnl)]
impl XeCryptNumber {
    /// Copies 64-bit words.
    #[export(Done, XeCryptBnQw_Copy, std::convert::identity)]
    /// Copies 64-bit words, and reverses the bytes of each. This converts a number of little-endian
    /// 32-bit words to one of big-endian 64-bit words, and back.
    #[export(Done, XeCryptBnQw_SwapDwQwLeBe, u64::swap_bytes)]
    fn copy(
        call: &mut Call,
        change: fn(u64) -> u64,
        from: Ptr<u64>,
        to: Ptr<u64>,
        words: u32,
    ) -> Fallible<Flow<()>> {
        let now = words.min(TURN_WORDS);
        for index in 0..now {
            to.at(index).write(call.memory(), change(from.at(index).read(call.memory())?))?;
        }
        let left = words - now;
        Ok(repeat(call, (), left, 3, [from.at(now).addr().0, to.at(now).addr().0, left]))
    }

    /// Sets 64-bit words to 0.
    #[export(Done)]
    fn XeCryptBnQw_Zero(call: &mut Call, to: Ptr<u64>, words: u32) -> Fallible<Flow<()>> {
        let now = words.min(TURN_WORDS);
        call.memory().fill(to.addr(), 8 * now, 0)?;
        let left = words - now;
        Ok(repeat(call, (), left, 3, [to.at(now).addr().0, left]))
    }

    /// Compares two numbers: returns 1 if the first is larger, −1 if the second is, 0 if they are
    /// equal.
    #[export(Done)]
    fn XeCryptBnQwNeCompare(
        call: &mut Call,
        first: Ptr<u64>,
        second: Ptr<u64>,
        words: u32,
    ) -> Fallible<Flow<i32>> {
        let left = words.saturating_sub(TURN_WORDS);
        for index in (left..words).rev() {
            let [one, other] = [first.at(index).read(call.memory())?, second.at(index).read(call.memory())?];
            match one.cmp(&other) {
                Ordering::Less => return Ok(Flow::Return(-1)),
                Ordering::Greater => return Ok(Flow::Return(1)),
                Ordering::Equal => {}
            }
        }
        Ok(repeat(call, 0, left, 5, [left]))
    }

    /// Computes a modular power. Returns false if the modulus is 0 or the numbers have more than
    /// 4,096 bits.
    #[export(Done)]
    fn XeCryptBnQwNeModExp(
        call: &mut Call,
        out: GuestAddr,
        base: GuestAddr,
        exponent: GuestAddr,
        modulus: GuestAddr,
        words: u32,
    ) -> Fallible<bool> {
        let [base, exponent, modulus] =
            [number(call, base, words)?, number(call, exponent, words)?, number(call, modulus, words)?];
        let (Some(base), Some(exponent), Some(modulus)) = (base, exponent, modulus) else { return Ok(false) };
        store_result(call, out, words, power(&base, &exponent, &modulus))
    }

    /// Encrypts or verifies with a public RSA key. Returns false if the key is invalid or has more
    /// than 4,096 bits.
    #[export(Done)]
    fn XeCryptBnQwNeRsaPubCrypt(
        call: &mut Call,
        input: GuestAddr,
        out: GuestAddr,
        key: GuestAddr,
    ) -> Fallible<bool> {
        let words: u32 = call.memory().read(key)?;
        let exponent: u32 = call.memory().read(key.offset(EXPONENT))?;
        let [base, modulus] = [number(call, input, words)?, number(call, key.offset(NUMBERS), words)?];
        let (Some(base), Some(modulus)) = (base, modulus) else { return Ok(false) };
        store_result(call, out, words, power(&base, &BigUint::from(exponent), &modulus))
    }

    /// Decrypts or signs with a private RSA key. Returns false if the key is invalid or has more
    /// than 4,096 bits.
    #[export(Done)]
    fn XeCryptBnQwNeRsaPrvCrypt(
        call: &mut Call,
        input: GuestAddr,
        out: GuestAddr,
        key: GuestAddr,
    ) -> Fallible<bool> {
        let words: u32 = call.memory().read(key)?;
        let Some(number) = number(call, input, words)? else { return Ok(false) };
        let result = private_key(call, key, words)?.apply(&number);
        store_result(call, out, words, result)
    }
}
