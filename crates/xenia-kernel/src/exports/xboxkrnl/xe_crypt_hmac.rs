//! Codes over digests (`XeCryptHmac*`).

use super::xe_crypt_hash::{Part, end, go_on, of_parts, whole};
use crate::abi::{Call, Flow, Ptr};
use crate::crypto::hash::{Algorithm, Hmac};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct XeCryptHmac;

/// Bytes of a key that are read: a longer one stands for its digest, and nobody has one of this size.
const MOST_KEY: u32 = 0x1_0000;

/// A code under way, with a title's key.
fn keyed(call: &Call, algorithm: Algorithm, (at, size): Part) -> Fallible<Hmac> {
    let mut key = vec![0; if at.is_null() { 0 } else { size.min(MOST_KEY) as usize }];
    call.memory()
        .read_bytes(at, &mut key)
        .or_else(|fault| if key.is_empty() { Ok(()) } else { Err(fault) })?;
    Ok(Hmac::new(algorithm, &key))
}

fn begin(call: &Call, algorithm: Algorithm, state: Ptr<()>, key: Part) -> Fallible<()> {
    keyed(call, algorithm, key)?.store(call.memory(), state.addr())
}

#[exports(xboxkrnl)]
impl XeCryptHmac {
    /// Begins a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaInit(call: &mut Call, state: Ptr<()>, key: GuestAddr, size: u32) -> Fallible<()> {
        begin(call, Algorithm::Sha1, state, (key, size))
    }

    /// Takes more into a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaUpdate(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        size: u32,
    ) -> Fallible<Flow<()>> {
        go_on::<Hmac>(call, Algorithm::Sha1, state, (input, size))
    }

    /// Ends a code by HMAC over SHA-1, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacShaFinal(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end::<Hmac>(call, Algorithm::Sha1, state, (out, room))
    }

    /// The code by HMAC over SHA-1 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptHmacSha(
        call: &mut Call,
        key: GuestAddr,
        key_size: u32,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<Flow<()>> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, keyed(call, Algorithm::Sha1, (key, key_size))?, parts, (out, room))
    }

    /// Begins a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Init(call: &mut Call, state: Ptr<()>, key: GuestAddr, size: u32) -> Fallible<()> {
        begin(call, Algorithm::Md5, state, (key, size))
    }

    /// Takes more into a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Update(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        size: u32,
    ) -> Fallible<Flow<()>> {
        go_on::<Hmac>(call, Algorithm::Md5, state, (input, size))
    }

    /// Ends a code by HMAC over MD5, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacMd5Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end::<Hmac>(call, Algorithm::Md5, state, (out, room))
    }

    /// The code by HMAC over MD5 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptHmacMd5(
        call: &mut Call,
        key: GuestAddr,
        key_size: u32,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<Flow<()>> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, keyed(call, Algorithm::Md5, (key, key_size))?, parts, (out, room))
    }

    /// Whether the code by HMAC over SHA-1 of three parts is this one, as far as it is given.
    #[export(Done)]
    fn XeCryptHmacShaVerify(
        call: &mut Call,
        key: GuestAddr,
        key_size: u32,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        given: GuestAddr,
        size: u32,
    ) -> Fallible<Flow<bool>> {
        let hmac = keyed(call, Algorithm::Sha1, (key, key_size))?;
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        of_parts(call, hmac, parts, move |call, expected| {
            let mut found = vec![0; expected.len().min(size as usize)];
            call.memory().read_bytes(given, &mut found)?;
            Ok(!found.is_empty() && expected.starts_with(&found))
        })
    }
}
