//! Hashes (`XeCryptSha*`, `XeCryptMd5*`), and the digests of parts that other families use.
//!
//! Unfinished hashes lie in the title's memory, in the console's layout, and may have been changed
//! there. Lengths come from the guest, so long inputs are processed in turns ([`crate::turns`]).

use crate::abi::rest::{DigestCall, DigestFunction, DigestPurpose};
use crate::abi::{Call, Flow, IntoFlow, Ptr, Rest};
use crate::status::failure::Fallible;
use crate::turns::{TURN, repeat};
use xenia_guest::{Buffer, NtStatus};
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::hash::{Algorithm, Hash};

/// The exports for hashes.
pub struct XeCryptHash;

/// The unfinished hash in a title's memory.
fn hash_at(call: &Call, algorithm: Algorithm, state: Ptr<()>) -> Fallible<DigestFunction> {
    Ok(DigestFunction::Hash(Hash::load(algorithm, call.memory(), state.addr())?))
}

/// Processes the parts of a digest in turns, and passes the result and the buffer to `end`.
fn process_parts<T>(
    call: &Call,
    mut digest: Box<DigestCall>,
    end: fn(&Call, &[u8], Buffer) -> Fallible<T>,
) -> Fallible<Flow<T>> {
    let mut turn = TURN;
    for part in &mut digest.parts {
        let (now, left) = part.or_empty().split(turn);
        digest.function.inner().update_from(call.memory(), now.at, now.length)?;
        *part = left;
        turn -= now.length;
        if left.length > 0 {
            return Ok(Flow::Later(Rest::Digest(digest)));
        }
    }
    let DigestCall { function, buffer, .. } = *digest;
    end(call, &function.finish(), buffer).map(Flow::Return)
}

/// Begins or continues a digest; its purpose determines the result.
pub(crate) fn run_digest(call: &Call, digest: Box<DigestCall>) -> Flow {
    match digest.purpose {
        DigestPurpose::Store => process_parts(call, digest, store_digest).into_flow(),
        DigestPurpose::StoreWithStatus => process_parts(call, digest, store_with_status).into_flow(),
        DigestPurpose::Verify => process_parts(call, digest, verify).into_flow(),
    }
}

/// Stores a digest, truncated to the buffer.
pub(super) fn store_digest(call: &Call, digest: &[u8], out: Buffer) -> Fallible<()> {
    if out.at.is_null() {
        return Ok(());
    }
    let length = digest.len().min(out.length as usize);
    Ok(call.memory().write_bytes(out.at, &digest[..length])?)
}

/// Stores a digest, truncated to the buffer, which must not be null.
fn store_with_status(call: &Call, digest: &[u8], out: Buffer) -> Fallible<NtStatus> {
    let length = digest.len().min(out.length as usize);
    call.memory().write_bytes(out.at, &digest[..length])?;
    Ok(NtStatus::SUCCESS)
}

/// Returns whether the digest begins with the given bytes.
fn verify(call: &Call, digest: &[u8], given: Buffer) -> Fallible<bool> {
    let mut found = vec![0; digest.len().min(given.length as usize)];
    call.memory().read_bytes(given.at, &mut found)?;
    Ok(!found.is_empty() && digest.starts_with(&found))
}

/// Stores the digest or code of three parts, each of which may be null.
pub(super) fn store_of(
    call: &Call,
    function: DigestFunction,
    parts: [Buffer; 3],
    buffer: Buffer,
) -> Flow<()> {
    let purpose = DigestPurpose::Store;
    run_digest(call, Box::new(DigestCall { function, parts, purpose, buffer })).map(|_| ())
}

/// Adds a part to an unfinished computation. The call's other argument is `state`.
pub(super) fn continue_digest(
    call: &mut Call,
    mut function: DigestFunction,
    state: Ptr<()>,
    input: Buffer,
) -> Fallible<Flow<()>> {
    let (now, left) = input.or_empty().split(TURN);
    function.inner().update_from(call.memory(), now.at, now.length)?;
    function.store(call.memory(), state.addr())?;
    Ok(repeat(call, (), left.length, 4, left.arguments()))
}

/// Finishes a computation and stores its digest or code.
pub(super) fn end(call: &Call, function: DigestFunction, out: Buffer) -> Fallible<()> {
    store_digest(call, &function.finish(), out)
}

#[exports(xboxkrnl)]
impl XeCryptHash {
    /// Begins a SHA-1 hash.
    #[export(Done, XeCryptShaInit, Algorithm::Sha1)]
    /// Begins a SHA-256 hash.
    #[export(Done, XeCryptSha256Init, Algorithm::Sha256)]
    /// Begins a SHA-384 hash.
    #[export(Done, XeCryptSha384Init, Algorithm::Sha384)]
    /// Begins a SHA-512 hash.
    #[export(Done, XeCryptSha512Init, Algorithm::Sha512)]
    /// Begins an MD5 hash.
    #[export(Done, XeCryptMd5Init, Algorithm::Md5)]
    fn begin(call: &mut Call, algorithm: Algorithm, state: Ptr<()>) -> Fallible<()> {
        Ok(Hash::new(algorithm).store(call.memory(), state.addr())?)
    }

    /// Adds bytes to a SHA-1 hash.
    #[export(Done, XeCryptShaUpdate, Algorithm::Sha1)]
    /// Adds bytes to a SHA-256 hash.
    #[export(Done, XeCryptSha256Update, Algorithm::Sha256)]
    /// Adds bytes to a SHA-384 hash.
    #[export(Done, XeCryptSha384Update, Algorithm::Sha384)]
    /// Adds bytes to a SHA-512 hash.
    #[export(Done, XeCryptSha512Update, Algorithm::Sha512)]
    /// Adds bytes to an MD5 hash.
    #[export(Done, XeCryptMd5Update, Algorithm::Md5)]
    fn update(call: &mut Call, algorithm: Algorithm, state: Ptr<()>, input: Buffer) -> Fallible<Flow<()>> {
        continue_digest(call, hash_at(call, algorithm, state)?, state, input)
    }

    /// Finishes a SHA-1 hash, and stores the digest, truncated to the buffer.
    #[export(Done, XeCryptShaFinal, Algorithm::Sha1)]
    /// Finishes a SHA-256 hash, and stores the digest, truncated to the buffer.
    #[export(Done, XeCryptSha256Final, Algorithm::Sha256)]
    /// Finishes a SHA-384 hash, and stores the digest, truncated to the buffer.
    #[export(Done, XeCryptSha384Final, Algorithm::Sha384)]
    /// Finishes a SHA-512 hash, and stores the digest, truncated to the buffer.
    #[export(Done, XeCryptSha512Final, Algorithm::Sha512)]
    /// Finishes an MD5 hash, and stores the digest, truncated to the buffer.
    #[export(Done, XeCryptMd5Final, Algorithm::Md5)]
    fn finish(call: &mut Call, algorithm: Algorithm, state: Ptr<()>, out: Buffer) -> Fallible<()> {
        end(call, hash_at(call, algorithm, state)?, out)
    }

    /// Stores the SHA-1 digest of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptSha, Algorithm::Sha1)]
    /// Stores the SHA-256 digest of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptSha256, Algorithm::Sha256)]
    /// Stores the SHA-384 digest of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptSha384, Algorithm::Sha384)]
    /// Stores the SHA-512 digest of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptSha512, Algorithm::Sha512)]
    /// Stores the MD5 digest of three concatenated parts, each of which may be null.
    #[export(Done, XeCryptMd5, Algorithm::Md5)]
    fn digest_parts(call: &mut Call, algorithm: Algorithm, parts: [Buffer; 3], out: Buffer) -> Flow<()> {
        store_of(call, DigestFunction::Hash(Hash::new(algorithm)), parts, out)
    }
}
