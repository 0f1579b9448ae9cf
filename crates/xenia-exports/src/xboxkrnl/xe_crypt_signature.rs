//! RSA signatures (`XeCryptBnQwBeSig*`), the digest that they usually sign (`XeCryptRotSumSha`),
//! and the padded digests of other RSA signatures (`XeCryptBnDwLePkcs1*`).

use super::rtl_memory::for_each_chunk;
use super::xe_crypt_hash::store_digest;
use super::xe_crypt_number::public_key;
use crate::abi::rest::RotSumSha;
use crate::abi::{Call, Flow, Rest};
use crate::status::failure::Fallible;
use crate::turns::TURN;
use xenia_guest::{Buffer, GuestAddr};
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::hash::{Algorithm, Hash};
use xenia_rtl::crypto::number::{load, store};
use xenia_rtl::crypto::pkcs1::{ENCODED_SIZES, encoded_digest, is_encoded_digest};
use xenia_rtl::crypto::rot_sum::RotSum;
use xenia_rtl::crypto::signature::{DIGEST, SALT, SIGNATURE_WORDS, padded, prepare, verify};

/// The exports for signatures.
pub struct XeCryptSignature;

/// The digest and the salt of a signature.
fn signed(call: &Call, digest: GuestAddr, salt: GuestAddr) -> Fallible<([u8; DIGEST], [u8; SALT])> {
    let mut of_digest = [0; DIGEST];
    let mut of_salt = [0; SALT];
    call.memory().read_bytes(digest, &mut of_digest)?;
    call.memory().read_bytes(salt, &mut of_salt)?;
    Ok((of_digest, of_salt))
}

/// Digests two parts in turns: first their checksum, then the hash of checksum, parts and inverted
/// checksum.
pub(crate) fn rot_sum_sha(call: &Call, mut rest: Box<RotSumSha>) -> Fallible<Flow<()>> {
    let mut turn = TURN;
    loop {
        for part in &mut rest.left {
            // The checksum's words begin at the part's start, so a turn of it ends with a word.
            let most = if rest.hash.is_some() { turn } else { turn & !7 };
            let (now, left) = part.split(most);
            match &mut rest.hash {
                Some(hash) => hash.update_from(call.memory(), now.at, now.length)?,
                None => for_each_chunk(call.memory(), now.at, now.length, |_, bytes| {
                    rest.sum.update(bytes);
                    Ok(true)
                })?,
            }
            *part = left;
            turn -= now.length;
            if left.length > 0 {
                return Ok(Flow::Later(Rest::RotSumSha(rest)));
            }
        }
        let sum = rest.sum.bytes();
        match rest.hash.take() {
            None => {
                let mut hash = Hash::new(Algorithm::Sha1);
                hash.update(&sum);
                hash.update(&sum);
                rest.hash = Some(hash);
                rest.left = rest.parts;
            }
            Some(mut hash) => {
                let inverted = sum.map(|byte| !byte);
                hash.update(&inverted);
                hash.update(&inverted);
                return store_digest(call, &hash.finish(), rest.out).map(Flow::Return);
            }
        }
    }
}

#[exports(xboxkrnl)]
impl XeCryptSignature {
    /// Stores a digest of two concatenated parts, each of which may be null, truncated to the
    /// buffer: SHA-1 over a checksum, the parts, and the inverted checksum.
    #[export(Done)]
    fn XeCryptRotSumSha(call: &mut Call, parts: [Buffer; 2], out: Buffer) -> Fallible<Flow<()>> {
        let parts = parts.map(Buffer::or_empty);
        let rest = RotSumSha { sum: RotSum::default(), hash: None, left: parts, parts, out };
        rot_sum_sha(call, Box::new(rest))
    }

    /// Stores the padded form of a digest of 20 bytes with a salt of 10.
    #[export(Done)]
    fn XeCryptBnQwBeSigFormat(
        call: &mut Call,
        out: GuestAddr,
        digest: GuestAddr,
        salt: GuestAddr,
    ) -> Fallible<()> {
        let (digest, salt) = signed(call, digest, salt)?;
        Ok(store(call.memory(), out, SIGNATURE_WORDS, &padded(&digest, &salt))?)
    }

    /// Stores the number that a private key turns into the signature of a digest. Returns false if
    /// the key is not one of 2,048 bits with the exponent 3 or 65,537.
    #[export(Done)]
    fn XeCryptBnQwBeSigCreate(
        call: &mut Call,
        out: GuestAddr,
        digest: GuestAddr,
        salt: GuestAddr,
        key: GuestAddr,
    ) -> Fallible<bool> {
        let (digest, salt) = signed(call, digest, salt)?;
        let Some((exponent, modulus)) = public_key(call, key, SIGNATURE_WORDS)? else { return Ok(false) };
        let Some(number) = prepare(&digest, &salt, exponent, &modulus) else { return Ok(false) };
        store(call.memory(), out, SIGNATURE_WORDS, &number)?;
        Ok(true)
    }

    /// Returns whether a signature is that of a digest under a public key of 2,048 bits.
    #[export(Done)]
    fn XeCryptBnQwBeSigVerify(
        call: &mut Call,
        signature: GuestAddr,
        digest: GuestAddr,
        salt: GuestAddr,
        key: GuestAddr,
    ) -> Fallible<bool> {
        let (digest, salt) = signed(call, digest, salt)?;
        let signature = load(call.memory(), signature, SIGNATURE_WORDS)?;
        let Some((exponent, modulus)) = public_key(call, key, SIGNATURE_WORDS)? else { return Ok(false) };
        Ok(verify(&signature, &digest, &salt, exponent, &modulus))
    }

    /// Stores a digest of 20 bytes in PKCS #1 padding, as a number of little-endian words. Format 0
    /// has an ASN.1 header, format 1 one without parameters, format 2 none. A buffer of less than
    /// 39 or more than 512 bytes stays unchanged.
    #[export(Done)]
    fn XeCryptBnDwLePkcs1Format(
        call: &mut Call,
        digest: GuestAddr,
        format: u32,
        out: Buffer,
    ) -> Fallible<()> {
        let mut of_digest = [0; DIGEST];
        call.memory().read_bytes(digest, &mut of_digest)?;
        if let Some(bytes) = encoded_digest(&of_digest, format, out.length as usize) {
            call.memory().write_bytes(out.at, &bytes)?;
        }
        Ok(())
    }

    /// Returns whether a number of little-endian words, usually a decrypted signature, is a digest
    /// of 20 bytes in PKCS #1 padding of any format.
    #[export(Done)]
    fn XeCryptBnDwLePkcs1Verify(call: &mut Call, digest: GuestAddr, given: Buffer) -> Fallible<bool> {
        let size = given.length as usize;
        if !ENCODED_SIZES.contains(&size) {
            return Ok(false);
        }
        let mut of_digest = [0; DIGEST];
        let mut bytes = vec![0; size];
        call.memory().read_bytes(digest, &mut of_digest)?;
        call.memory().read_bytes(given.at, &mut bytes)?;
        Ok(is_encoded_digest(&of_digest, &bytes))
    }
}
