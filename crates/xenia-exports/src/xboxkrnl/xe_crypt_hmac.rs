//! HMAC message authentication codes (`XeCryptHmac*`).

use super::xe_crypt_hash::{continue_digest, end, run_digest, store_of};
use crate::abi::rest::{DigestCall, DigestFunction, DigestPurpose};
use crate::abi::{Call, Flow, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::Buffer;
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::hash::{Algorithm, Hmac};

/// The exports for HMACs.
pub struct XeCryptHmac;

/// Maximum number of key bytes that are read. Longer keys are truncated; titles are assumed to have
/// none.
const MAX_KEY: u32 = 0x1_0000;

/// Begins an HMAC with a title's key.
fn begin_hmac(call: &Call, algorithm: Algorithm, key: Buffer) -> Fallible<Hmac> {
    let (key, _) = key.or_empty().split(MAX_KEY);
    let mut bytes = vec![0; key.length as usize];
    if !bytes.is_empty() {
        call.memory().read_bytes(key.at, &mut bytes)?;
    }
    Ok(Hmac::new(algorithm, &bytes))
}

/// The unfinished HMAC in a title's memory.
fn hmac_at(call: &Call, algorithm: Algorithm, state: Ptr<()>) -> Fallible<DigestFunction> {
    Ok(DigestFunction::Hmac(Hmac::load(algorithm, call.memory(), state.addr())?))
}

#[exports(xboxkrnl)]
impl XeCryptHmac {
    /// Begins an HMAC with SHA-1.
    #[export(Done, XeCryptHmacShaInit, Algorithm::Sha1)]
    /// Begins an HMAC with MD5.
    #[export(Done, XeCryptHmacMd5Init, Algorithm::Md5)]
    fn begin(call: &mut Call, algorithm: Algorithm, state: Ptr<()>, key: Buffer) -> Fallible<()> {
        Ok(begin_hmac(call, algorithm, key)?.store(call.memory(), state.addr())?)
    }

    /// Adds bytes to an HMAC with SHA-1.
    #[export(Done, XeCryptHmacShaUpdate, Algorithm::Sha1)]
    /// Adds bytes to an HMAC with MD5.
    #[export(Done, XeCryptHmacMd5Update, Algorithm::Md5)]
    fn update(call: &mut Call, algorithm: Algorithm, state: Ptr<()>, input: Buffer) -> Fallible<Flow<()>> {
        continue_digest(call, hmac_at(call, algorithm, state)?, state, input)
    }

    /// Finishes an HMAC with SHA-1, and stores the code, truncated to the buffer.
    #[export(Done, XeCryptHmacShaFinal, Algorithm::Sha1)]
    /// Finishes an HMAC with MD5, and stores the code, truncated to the buffer.
    #[export(Done, XeCryptHmacMd5Final, Algorithm::Md5)]
    fn finish(call: &mut Call, algorithm: Algorithm, state: Ptr<()>, out: Buffer) -> Fallible<()> {
        end(call, hmac_at(call, algorithm, state)?, out)
    }

    /// Stores the HMAC with SHA-1 of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptHmacSha, Algorithm::Sha1)]
    /// Stores the HMAC with MD5 of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptHmacMd5, Algorithm::Md5)]
    fn digest_parts(
        call: &mut Call,
        algorithm: Algorithm,
        key: Buffer,
        parts: [Buffer; 3],
        out: Buffer,
    ) -> Fallible<Flow<()>> {
        Ok(store_of(call, DigestFunction::Hmac(begin_hmac(call, algorithm, key)?), parts, out))
    }

    /// Returns whether the HMAC with SHA-1 of three parts begins with the given bytes.
    #[export(Done)]
    fn XeCryptHmacShaVerify(
        call: &mut Call,
        key: Buffer,
        parts: [Buffer; 3],
        given: Buffer,
    ) -> Fallible<Flow<bool>> {
        let function = DigestFunction::Hmac(begin_hmac(call, Algorithm::Sha1, key)?);
        let digest = DigestCall { function, parts, purpose: DigestPurpose::Verify, buffer: given };
        Ok(run_digest(call, Box::new(digest)).map(|equal| equal != 0))
    }
}
