//! Codes over digests (`XeCryptHmac*`).

use super::xe_crypt_hash::{end, go_on, of_parts, whole};
use crate::abi::{Buffer, Call, Flow, Ptr};
use crate::crypto::hash::{Algorithm, Hmac};
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct XeCryptHmac;

/// Bytes of a key that are read: a longer one stands for its digest, and nobody has one of this
/// size.
const MOST_KEY: u32 = 0x1_0000;

/// A code under way, with a title's key.
fn keyed(call: &Call, algorithm: Algorithm, key: Buffer) -> Fallible<Hmac> {
    let (key, _) = key.or_empty().split(MOST_KEY);
    let mut bytes = vec![0; key.length as usize];
    if !bytes.is_empty() {
        call.memory().read_bytes(key.at, &mut bytes)?;
    }
    Ok(Hmac::new(algorithm, &bytes))
}

fn begin(call: &Call, algorithm: Algorithm, state: Ptr<()>, key: Buffer) -> Fallible<()> {
    keyed(call, algorithm, key)?.store(call.memory(), state.addr())
}

#[exports(xboxkrnl)]
impl XeCryptHmac {
    /// Begins a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaInit(call: &mut Call, state: Ptr<()>, key: Buffer) -> Fallible<()> {
        begin(call, Algorithm::Sha1, state, key)
    }

    /// Takes more into a code by HMAC over SHA-1.
    #[export(Done)]
    fn XeCryptHmacShaUpdate(call: &mut Call, state: Ptr<()>, input: Buffer) -> Fallible<Flow<()>> {
        go_on::<Hmac>(call, Algorithm::Sha1, state, input)
    }

    /// Ends a code by HMAC over SHA-1, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacShaFinal(call: &mut Call, state: Ptr<()>, out: Buffer) -> Fallible<()> {
        end::<Hmac>(call, Algorithm::Sha1, state, out)
    }

    /// The code by HMAC over SHA-1 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptHmacSha(call: &mut Call, key: Buffer, parts: [Buffer; 3], out: Buffer) -> Fallible<Flow<()>> {
        whole(call, keyed(call, Algorithm::Sha1, key)?, parts, out)
    }

    /// Begins a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Init(call: &mut Call, state: Ptr<()>, key: Buffer) -> Fallible<()> {
        begin(call, Algorithm::Md5, state, key)
    }

    /// Takes more into a code by HMAC over MD5.
    #[export(Done)]
    fn XeCryptHmacMd5Update(call: &mut Call, state: Ptr<()>, input: Buffer) -> Fallible<Flow<()>> {
        go_on::<Hmac>(call, Algorithm::Md5, state, input)
    }

    /// Ends a code by HMAC over MD5, and stores what of it has room.
    #[export(Done)]
    fn XeCryptHmacMd5Final(call: &mut Call, state: Ptr<()>, out: Buffer) -> Fallible<()> {
        end::<Hmac>(call, Algorithm::Md5, state, out)
    }

    /// The code by HMAC over MD5 of three parts, after each other; each may be null.
    #[export(Done)]
    fn XeCryptHmacMd5(call: &mut Call, key: Buffer, parts: [Buffer; 3], out: Buffer) -> Fallible<Flow<()>> {
        whole(call, keyed(call, Algorithm::Md5, key)?, parts, out)
    }

    /// Whether the code by HMAC over SHA-1 of three parts is this one, as far as it is given.
    #[export(Done)]
    fn XeCryptHmacShaVerify(
        call: &mut Call,
        key: Buffer,
        parts: [Buffer; 3],
        given: Buffer,
    ) -> Fallible<Flow<bool>> {
        let hmac = keyed(call, Algorithm::Sha1, key)?;
        of_parts(call, hmac, parts, move |call, expected| {
            let mut found = vec![0; expected.len().min(given.length as usize)];
            call.memory().read_bytes(given.at, &mut found)?;
            Ok(!found.is_empty() && expected.starts_with(&found))
        })
    }
}
