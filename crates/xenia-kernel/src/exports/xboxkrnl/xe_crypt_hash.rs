//! Digests (`XeCryptSha*`, `XeCryptMd5*`) and codes over them (`XeCryptHmac*`).

use crate::abi::{Call, Ptr};
use crate::crypto::hash::{Algorithm, Hash, Hmac};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct XeCryptHash;

/// Bytes of a key that are read: a longer one stands for its digest, and nobody has one of this size.
const MOST_KEY: u32 = 0x1_0000;

/// Memory that a title names: where, and how many bytes. Null is none.
type Part = (GuestAddr, u32);

fn take_in(call: &Call, hash: &mut Hash, parts: &[Part]) -> Fallible<()> {
    for &(at, size) in parts.iter().filter(|(at, _)| !at.is_null()) {
        hash.update_from(call.memory(), at, size)?;
    }
    Ok(())
}

/// Stores what of a digest has room.
fn give(call: &Call, digest: &[u8], (at, size): Part) -> Fallible<()> {
    if at.is_null() {
        return Ok(());
    }
    let length = digest.len().min(size as usize);
    Ok(call.memory().write_bytes(at, &digest[..length])?)
}

fn whole(call: &Call, algorithm: Algorithm, parts: &[Part], out: Part) -> Fallible<()> {
    let mut hash = Hash::new(algorithm);
    take_in(call, &mut hash, parts)?;
    give(call, &hash.finish(), out)
}

fn begin(call: &Call, algorithm: Algorithm, state: Ptr<()>) -> Fallible<()> {
    Hash::new(algorithm).store(call.memory(), state.addr())
}

fn go_on(call: &Call, algorithm: Algorithm, state: Ptr<()>, part: Part) -> Fallible<()> {
    let mut hash = Hash::load(algorithm, call.memory(), state.addr())?;
    take_in(call, &mut hash, &[part])?;
    hash.store(call.memory(), state.addr())
}

fn end(call: &Call, algorithm: Algorithm, state: Ptr<()>, out: Part) -> Fallible<()> {
    give(call, &Hash::load(algorithm, call.memory(), state.addr())?.finish(), out)
}

/// A code under way, with a title's key.
pub(super) fn keyed(call: &Call, algorithm: Algorithm, (at, size): Part) -> Fallible<Hmac> {
    let mut key = vec![0; if at.is_null() { 0 } else { size.min(MOST_KEY) as usize }];
    call.memory()
        .read_bytes(at, &mut key)
        .or_else(|fault| if key.is_empty() { Ok(()) } else { Err(fault) })?;
    Ok(Hmac::new(algorithm, &key))
}

/// The code of three parts.
pub(super) fn code(call: &Call, mut hmac: Hmac, parts: &[Part]) -> Fallible<Vec<u8>> {
    take_in(call, &mut hmac.inner, parts)?;
    Ok(hmac.finish())
}

fn whole_code(call: &Call, algorithm: Algorithm, key: Part, parts: &[Part], out: Part) -> Fallible<()> {
    let hmac = keyed(call, algorithm, key)?;
    give(call, &code(call, hmac, parts)?, out)
}

fn begin_code(call: &Call, algorithm: Algorithm, state: Ptr<()>, key: Part) -> Fallible<()> {
    keyed(call, algorithm, key)?.store(call.memory(), state.addr())
}

fn go_on_code(call: &Call, algorithm: Algorithm, state: Ptr<()>, part: Part) -> Fallible<()> {
    let mut hmac = Hmac::load(algorithm, call.memory(), state.addr())?;
    take_in(call, &mut hmac.inner, &[part])?;
    hmac.store(call.memory(), state.addr())
}

fn end_code(call: &Call, algorithm: Algorithm, state: Ptr<()>, out: Part) -> Fallible<()> {
    give(call, &Hmac::load(algorithm, call.memory(), state.addr())?.finish(), out)
}

#[exports(xboxkrnl)]
impl XeCryptHash {
    /// Begins a digest by SHA-1.
    #[export(Done)]
    fn XeCryptShaInit(call: &mut Call, state: Ptr<()>) -> Fallible<()> {
        begin(call, Algorithm::Sha1, state)
    }

    /// Takes more into a digest by SHA-1.
    #[export(Done)]
    fn XeCryptShaUpdate(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on(call, Algorithm::Sha1, state, (input, size))
    }

    /// Ends a digest by SHA-1, and stores what of it has room.
    #[export(Done)]
    fn XeCryptShaFinal(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end(call, Algorithm::Sha1, state, (out, room))
    }

    /// The digest by SHA-1 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptSha(
        call: &mut Call,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, Algorithm::Sha1, &parts, (out, room))
    }

    /// Begins a digest by SHA-256.
    #[export(Done)]
    fn XeCryptSha256Init(call: &mut Call, state: Ptr<()>) -> Fallible<()> {
        begin(call, Algorithm::Sha256, state)
    }

    /// Takes more into a digest by SHA-256.
    #[export(Done)]
    fn XeCryptSha256Update(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on(call, Algorithm::Sha256, state, (input, size))
    }

    /// Ends a digest by SHA-256, and stores what of it has room.
    #[export(Done)]
    fn XeCryptSha256Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end(call, Algorithm::Sha256, state, (out, room))
    }

    /// The digest by SHA-256 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptSha256(
        call: &mut Call,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, Algorithm::Sha256, &parts, (out, room))
    }

    /// Begins a digest by SHA-384.
    #[export(Done)]
    fn XeCryptSha384Init(call: &mut Call, state: Ptr<()>) -> Fallible<()> {
        begin(call, Algorithm::Sha384, state)
    }

    /// Takes more into a digest by SHA-384.
    #[export(Done)]
    fn XeCryptSha384Update(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on(call, Algorithm::Sha384, state, (input, size))
    }

    /// Ends a digest by SHA-384, and stores what of it has room.
    #[export(Done)]
    fn XeCryptSha384Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end(call, Algorithm::Sha384, state, (out, room))
    }

    /// The digest by SHA-384 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptSha384(
        call: &mut Call,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, Algorithm::Sha384, &parts, (out, room))
    }

    /// Begins a digest by SHA-512.
    #[export(Done)]
    fn XeCryptSha512Init(call: &mut Call, state: Ptr<()>) -> Fallible<()> {
        begin(call, Algorithm::Sha512, state)
    }

    /// Takes more into a digest by SHA-512.
    #[export(Done)]
    fn XeCryptSha512Update(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on(call, Algorithm::Sha512, state, (input, size))
    }

    /// Ends a digest by SHA-512, and stores what of it has room.
    #[export(Done)]
    fn XeCryptSha512Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end(call, Algorithm::Sha512, state, (out, room))
    }

    /// The digest by SHA-512 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptSha512(
        call: &mut Call,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, Algorithm::Sha512, &parts, (out, room))
    }

    /// Begins a digest by MD5.
    #[export(Done)]
    fn XeCryptMd5Init(call: &mut Call, state: Ptr<()>) -> Fallible<()> {
        begin(call, Algorithm::Md5, state)
    }

    /// Takes more into a digest by MD5.
    #[export(Done)]
    fn XeCryptMd5Update(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on(call, Algorithm::Md5, state, (input, size))
    }

    /// Ends a digest by MD5, and stores what of it has room.
    #[export(Done)]
    fn XeCryptMd5Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end(call, Algorithm::Md5, state, (out, room))
    }

    /// The digest by MD5 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptMd5(
        call: &mut Call,
        first: GuestAddr,
        first_size: u32,
        second: GuestAddr,
        second_size: u32,
        third: GuestAddr,
        third_size: u32,
        out: GuestAddr,
        room: u32,
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole(call, Algorithm::Md5, &parts, (out, room))
    }

    /// Begins a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaInit(call: &mut Call, state: Ptr<()>, key: GuestAddr, size: u32) -> Fallible<()> {
        begin_code(call, Algorithm::Sha1, state, (key, size))
    }

    /// Takes more into a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaUpdate(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on_code(call, Algorithm::Sha1, state, (input, size))
    }

    /// Ends a code by HMAC over SHA-1, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacShaFinal(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end_code(call, Algorithm::Sha1, state, (out, room))
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
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole_code(call, Algorithm::Sha1, (key, key_size), &parts, (out, room))
    }

    /// Begins a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Init(call: &mut Call, state: Ptr<()>, key: GuestAddr, size: u32) -> Fallible<()> {
        begin_code(call, Algorithm::Md5, state, (key, size))
    }

    /// Takes more into a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Update(call: &mut Call, state: Ptr<()>, input: GuestAddr, size: u32) -> Fallible<()> {
        go_on_code(call, Algorithm::Md5, state, (input, size))
    }

    /// Ends a code by HMAC over MD5, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacMd5Final(call: &mut Call, state: Ptr<()>, out: GuestAddr, room: u32) -> Fallible<()> {
        end_code(call, Algorithm::Md5, state, (out, room))
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
    ) -> Fallible<()> {
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        whole_code(call, Algorithm::Md5, (key, key_size), &parts, (out, room))
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
    ) -> Fallible<bool> {
        let hmac = keyed(call, Algorithm::Sha1, (key, key_size))?;
        let parts = [(first, first_size), (second, second_size), (third, third_size)];
        let expected = code(call, hmac, &parts)?;
        let mut found = vec![0; expected.len().min(size as usize)];
        call.memory().read_bytes(given, &mut found)?;
        Ok(!found.is_empty() && expected.starts_with(&found))
    }
}
