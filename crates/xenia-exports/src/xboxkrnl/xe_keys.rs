//! The console's keys (`XeKeys*`), where a real console's secrets are not needed.
//!
//! A console has secret keys. This machine has one key instead, which is the same on every host, so
//! that data that a title has encrypted or signed here can be decrypted and verified here. It
//! offers no secrecy.

use super::xe_crypt_cipher::{CipherData, FeedBlock, chain, chain_from};
use super::xe_crypt_hash::run_digest;
use crate::abi::rest::{AesChain, DigestCall, DigestFunction, DigestPurpose};
use crate::abi::{Call, Flow, OptionalOut, Out, Ptr, Rest};
use crate::status::failure::Fallible;
use crate::title::TITLE_KEYS;
use crate::turns::TURN;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::cipher::{BlockCipher, CipherDirection, Keyed};
use xenia_rtl::crypto::hash::{Algorithm, Hash, Hmac};

/// The exports for the console's keys.
pub struct XeKeys;

/// Size of a key in bytes.
const KEY: usize = 16;
/// Size in bytes of a digest to be signed.
const DIGEST: u32 = 20;
/// Sizes in bytes of a signature's parts: the console's certificate, then the signature proper.
const CERTIFICATE: u32 = 0x1A8;
const SIGNATURE: usize = 0x80;

/// The key of this machine.
fn own_key() -> Vec<u8> {
    let mut hash = Hash::new(Algorithm::Sha256);
    hash.update(b"the key of a console that is none");
    let mut key = hash.finish();
    key.truncate(KEY);
    key
}

/// Number of the only shared console key that titles may use by number (profiles are protected with
/// it). Without the user's, this machine has another key in its place.
const ROAMABLE_KEY: u32 = 0x19;
/// Number of the console's serial number.
const SERIAL_NUMBER: u32 = 0x14;
/// Number of the mask of regions whose titles run.
const GAME_REGION: u32 = 0x16;
/// Serial number of this machine: as many digits as on a console.
const OWN_SERIAL_NUMBER: &[u8] = b"000000000000";

/// An entry of the key vault: the user's, otherwise this machine's, if there is one. Numbers and
/// sizes: Free60, "Keyvault".
fn vault_entry(call: &Call, number: u16) -> Option<Vec<u8>> {
    if let Some(entry) = call.kernel.config.keys.vault_entry(number) {
        return Some(entry.to_vec());
    }
    match u32::from(number) {
        SERIAL_NUMBER => Some(OWN_SERIAL_NUMBER.to_vec()),
        GAME_REGION => Some((call.kernel.config.locale.game_region as u16).to_be_bytes().to_vec()),
        ROAMABLE_KEY => Some(own_key_of(ROAMABLE_KEY)),
        _ => None,
    }
}

/// The key that calls may name by this number: the roamable one, or one that the title has set.
fn named_key(call: &Call, number: u32) -> Option<Vec<u8>> {
    let entry = match number {
        ROAMABLE_KEY => vault_entry(call, ROAMABLE_KEY as u16)?,
        number => call.kernel.title.lock().keys.get(&number)?.to_vec(),
    };
    (entry.len() == KEY).then_some(entry)
}

/// AES with the key that calls name by this number.
fn aes_with(call: &Call, number: u32) -> Option<Keyed> {
    BlockCipher::Aes.with_key(&named_key(call, number)?)
}

/// CBC mode of a call without a place for the last block, in turns.
pub(crate) fn aes_chain(call: &Call, chain: AesChain) -> Fallible<Flow<NtStatus>> {
    let AesChain { key, input, out, mut before, encrypts } = chain;
    let Some(keyed) = aes_with(call, key) else { return Ok(Flow::Return(NtStatus::UNSUCCESSFUL)) };
    let (now, left) = input.split(TURN);
    chain_from(call, &keyed, CipherData { input: now, out }, &mut before, encrypts.into())?;
    if left.length == 0 {
        return Ok(Flow::Return(NtStatus::SUCCESS));
    }
    let out = out.offset(now.length);
    Ok(Flow::Later(Rest::AesChain(AesChain { key, input: left, out, before, encrypts })))
}

/// The key of this machine with this number.
fn own_key_of(number: u32) -> Vec<u8> {
    let mut hash = Hash::new(Algorithm::Sha256);
    hash.update(&own_key());
    hash.update(&number.to_be_bytes());
    let mut key = hash.finish();
    key.truncate(KEY);
    key
}

/// Stores the HMAC with SHA-1 of three parts, truncated to the buffer.
fn code_of(call: &Call, key: &[u8], parts: [Buffer; 3], out: Buffer) -> Flow<NtStatus> {
    let function = DigestFunction::Hmac(Hmac::new(Algorithm::Sha1, key));
    let digest = DigestCall { function, parts, purpose: DigestPurpose::StoreWithStatus, buffer: out };
    run_digest(call, Box::new(digest)).map(|status| NtStatus(status as u32))
}

/// Console type: a retail console.
const RETAIL: u32 = 2;

/// Decrypts a key that a title has obscured.
fn revealed(call: &Call, hidden: GuestAddr) -> Fallible<Vec<u8>> {
    let mut key = vec![0; KEY];
    call.memory().read_bytes(hidden, &mut key)?;
    if let Some(own) = BlockCipher::Aes.with_key(&own_key()) {
        own.block(&mut key, CipherDirection::Decrypt);
    }
    Ok(key)
}

/// This machine's signature of a digest.
fn signature(call: &Call, digest: GuestAddr) -> Fallible<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in 0..SIGNATURE.div_ceil(Algorithm::Sha1.length()) {
        let mut hmac = Hmac::new(Algorithm::Sha1, &own_key());
        hmac.inner.update(&[part as u8]);
        hmac.inner.update_from(call.memory(), digest, DIGEST)?;
        bytes.extend(hmac.finish());
    }
    bytes.truncate(SIGNATURE);
    Ok(bytes)
}

#[exports(xboxkrnl)]
impl XeKeys {
    /// Encrypts a key with the key of this machine.
    #[export(Done)]
    fn XeKeysObscureKey(call: &mut Call, key: GuestAddr, out: GuestAddr) -> Fallible<NtStatus> {
        let mut bytes = vec![0; KEY];
        call.memory().read_bytes(key, &mut bytes)?;
        if let Some(own) = BlockCipher::Aes.with_key(&own_key()) {
            own.block(&mut bytes, CipherDirection::Encrypt);
        }
        call.memory().write_bytes(out, &bytes)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores the HMAC with SHA-1 of three parts, under an obscured key.
    #[export(Done)]
    fn XeKeysHmacShaUsingKey(
        call: &mut Call,
        hidden: GuestAddr,
        parts: [Buffer; 3],
        out: Buffer,
    ) -> Fallible<Flow<NtStatus>> {
        if hidden.is_null() {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER));
        }
        Ok(code_of(call, &revealed(call, hidden)?, parts, out))
    }

    /// Stores the HMAC with SHA-1 of three parts, under the key with this number: one that the
    /// title has set, or the roamable key, which is the key file's or, without it, this machine's.
    #[export(Done)]
    fn XeKeysHmacSha(call: &mut Call, key: u32, parts: [Buffer; 3], out: Buffer) -> Flow<NtStatus> {
        match named_key(call, key) {
            Some(key) => code_of(call, &key, parts, out),
            None => Flow::Return(NtStatus::UNSUCCESSFUL),
        }
    }

    /// Stores an entry of the key vault, and its size: one of the user's key file, or this
    /// machine's serial number, region or roamable key. The manufacturer's keys are not built in:
    /// without one in the key file, such as the public key (0x39) by which titles verify downloads,
    /// the title is refused, as by a console whose vault lacks the entry.
    #[export(Done)]
    fn XeKeysGetKey(call: &mut Call, key: u16, out: GuestAddr, size: Ptr<u32>) -> Fallible<NtStatus> {
        let Some(entry) = vault_entry(call, key) else { return Ok(NtStatus::UNSUCCESSFUL) };
        let room = size.read(call.memory())?;
        size.write(call.memory(), entry.len() as u32)?;
        if (room as usize) < entry.len() {
            return Ok(NtStatus::BUFFER_TOO_SMALL);
        }
        call.memory().write_bytes(out, &entry)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores the console type, which is retail.
    #[export(Constant)]
    fn XeKeysGetConsoleType(call: &mut Call, kind: Out<u32>) -> Fallible<NtStatus> {
        kind.set(call.memory(), RETAIL)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores a key of the title, to which later calls refer by its number. A console first
    /// decrypts it with a key that all consoles share and that is not public. Here it is stored
    /// unchanged, so a title can decrypt its data only if a patch supplies the decrypted key.
    #[export(Partial)]
    fn XeKeysSetKey(call: &mut Call, number: u32, key: Buffer) -> Fallible<NtStatus> {
        if !TITLE_KEYS.contains(&number) {
            return Ok(NtStatus::UNSUCCESSFUL);
        }
        let mut bytes = [0; KEY];
        if key.length as usize != bytes.len() {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        call.memory().read_bytes(key.at, &mut bytes)?;
        tracing::warn!(target: "kernel", "the title's key {number:#x} is used without a console's decryption");
        call.kernel.title.lock().keys.insert(number, bytes);
        Ok(NtStatus::SUCCESS)
    }

    /// Encrypts or decrypts whole blocks with AES in CBC mode, under a key as in `XeKeysHmacSha`.
    /// Without a place for the last block, the chain begins with zeros.
    #[export(Done)]
    fn XeKeysAesCbc(
        call: &mut Call,
        key: u32,
        input: Buffer,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<NtStatus>> {
        if feed.is_null() {
            return aes_chain(call, AesChain { key, input, out, before: [0; KEY], encrypts: encrypt });
        }
        let Some(keyed) = aes_with(call, key) else { return Ok(Flow::Return(NtStatus::UNSUCCESSFUL)) };
        let feed = FeedBlock { at: feed, length: BlockCipher::Aes.block_size() };
        let flow = chain(call, &keyed, CipherData { input, out }, feed, encrypt.into())?;
        Ok(flow.map(|()| NtStatus::SUCCESS))
    }

    /// Encrypts or decrypts whole blocks with AES in CBC mode, under an obscured key.
    #[export(Done)]
    fn XeKeysAesCbcUsingKey(
        call: &mut Call,
        hidden: GuestAddr,
        input: Buffer,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<NtStatus>> {
        let key = revealed(call, hidden)?;
        let keyed: Option<Keyed> = BlockCipher::Aes.with_key(&key);
        let Some(keyed) = keyed else { return Ok(Flow::Return(NtStatus::INVALID_PARAMETER)) };
        let feed = FeedBlock { at: feed, length: BlockCipher::Aes.block_size() };
        let flow = chain(call, &keyed, CipherData { input, out }, feed, encrypt.into())?;
        Ok(flow.map(|()| NtStatus::SUCCESS))
    }

    /// Signs a digest. The signature is made with this machine's key and has an empty certificate,
    /// so consoles don't accept it.
    #[export(Partial)]
    fn XeKeysConsolePrivateKeySign(call: &mut Call, digest: GuestAddr, out: GuestAddr) -> Fallible<bool> {
        let bytes = signature(call, digest)?;
        call.memory().fill(out, CERTIFICATE, 0)?;
        call.memory().write_bytes(out.offset(CERTIFICATE), &bytes)?;
        Ok(true)
    }

    /// Returns whether a signature of a digest is valid, and stores whether it is this machine's.
    /// Both are the same here, as a console's signature can't be verified.
    #[export(Partial)]
    fn XeKeysConsoleSignatureVerification(
        call: &mut Call,
        digest: GuestAddr,
        signed: GuestAddr,
        is_own: Option<Out<u32>>,
    ) -> Fallible<bool> {
        let mut found = vec![0; SIGNATURE];
        call.memory().read_bytes(signed.offset(CERTIFICATE), &mut found)?;
        let is_right = found == signature(call, digest)?;
        is_own.set(call.memory(), u32::from(is_right))?;
        Ok(is_right)
    }
}
