//! Ciphers (`XeCryptAes*`, `XeCryptDes*`, `XeCryptRc4*`) and random bytes.
//!
//! The layout of the console's key schedules is internal: here the title's structure holds the key
//! itself.

use crate::abi::{Call, Flow, Ptr, Rest};
use crate::random::store_random;
use crate::status::failure::Fallible;
use crate::turns::{TURN, repeat};
use xenia_guest::{Buffer, GuestAddr};
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::cipher::{BlockCipher, CipherDirection, Keyed, Rc4, odd_parity};

/// The exports for ciphers.
pub struct XeCryptCipher;

/// Number of bytes processed at a time: whole blocks of every cipher.
const CHUNK: u32 = 0x1_0000;

/// Bytes that a cipher reads and writes.
#[derive(Clone, Copy)]
pub(super) struct CipherData {
    pub(super) input: Buffer,
    /// The result, of the same length; may be the input.
    pub(super) out: GuestAddr,
}

/// The last block of a call in CBC mode, which the next call continues from.
#[derive(Clone, Copy)]
pub(super) struct FeedBlock {
    pub(super) at: GuestAddr,
    pub(super) length: usize,
}

/// The cipher with the key in a title's structure.
fn load_cipher(call: &Call, cipher: BlockCipher, state: Ptr<()>) -> Fallible<Option<Keyed>> {
    let mut key = vec![0; cipher.key_size()];
    call.memory().read_bytes(state.addr(), &mut key)?;
    Ok(cipher.with_key(&key))
}

/// CBC mode of whole blocks: the work of a `Xe*Cbc` call that has these arguments after the key, in
/// this order. The arguments and `feed` hold all state from which the call continues.
pub(super) fn chain(
    call: &mut Call,
    keyed: &Keyed,
    data: CipherData,
    feed: FeedBlock,
    direction: CipherDirection,
) -> Fallible<Flow<()>> {
    let memory = call.memory();
    let mut before = vec![0; feed.length];
    memory.read_bytes(feed.at, &mut before)?;
    let CipherData { input, out } = data;
    let (now, left) = input.split(TURN);
    chain_from(call, keyed, CipherData { input: now, out }, &mut before, direction)?;
    memory.write_bytes(feed.at, &before)?;
    Ok(repeat(call, (), left.length, 4, [left.at.0, left.length, out.offset(now.length).0]))
}

/// CBC mode of whole blocks, at once: for at most [`TURN`] bytes.
pub(super) fn chain_from(
    call: &Call,
    keyed: &Keyed,
    data: CipherData,
    before: &mut [u8],
    direction: CipherDirection,
) -> Fallible<()> {
    let CipherData { input, out } = data;
    let input = Buffer { length: input.length - input.length % before.len() as u32, ..input };
    change(call, CipherData { input, out }, |part| keyed.chained(part, before, direction))
}

/// Applies `change` to bytes, in chunks.
fn change(call: &Call, data: CipherData, mut change: impl FnMut(&mut [u8])) -> Fallible<()> {
    let CipherData { mut input, mut out } = data;
    let mut chunk = vec![0; input.length.min(CHUNK) as usize];
    while input.length > 0 {
        let (now, left) = input.split(CHUNK);
        let part = &mut chunk[..now.length as usize];
        call.memory().read_bytes(now.at, part)?;
        change(part);
        call.memory().write_bytes(out, part)?;
        input = left;
        out = out.offset(now.length);
    }
    Ok(())
}

/// Applies a cipher whose state is not in guest memory, in turns.
pub(crate) fn rc4(call: &Call, mut cipher: Box<Rc4>, data: Buffer) -> Fallible<Flow<()>> {
    let (now, left) = data.split(TURN);
    change(call, CipherData { input: now, out: now.at }, |part| cipher.apply(part))?;
    if left.length == 0 {
        return Ok(Flow::Return(()));
    }
    Ok(Flow::Later(Rest::Rc4 { cipher, data: left }))
}

fn rc4_of(call: &Call, key: Buffer) -> Fallible<Rc4> {
    // The key setup uses only 256 bytes of a key.
    let mut bytes = vec![0; key.length.min(0x100) as usize];
    call.memory().read_bytes(key.at, &mut bytes)?;
    Ok(Rc4::new(&bytes))
}

#[exports(xboxkrnl)]
impl XeCryptCipher {
    /// Sets an AES key.
    #[export(Done, XeCryptAesKey, BlockCipher::Aes)]
    /// Sets a DES key.
    #[export(Done, XeCryptDesKey, BlockCipher::Des)]
    /// Sets a triple DES key.
    #[export(Done, XeCryptDes3Key, BlockCipher::Des3)]
    fn set_key(call: &mut Call, cipher: BlockCipher, state: Ptr<()>, key: GuestAddr) -> Fallible<()> {
        let mut bytes = vec![0; cipher.key_size()];
        call.memory().read_bytes(key, &mut bytes)?;
        Ok(call.memory().write_bytes(state.addr(), &bytes)?)
    }

    /// Encrypts or decrypts one block with AES.
    #[export(Done, XeCryptAesEcb, BlockCipher::Aes)]
    /// Encrypts or decrypts one block with DES.
    #[export(Done, XeCryptDesEcb, BlockCipher::Des)]
    /// Encrypts or decrypts one block with triple DES.
    #[export(Done, XeCryptDes3Ecb, BlockCipher::Des3)]
    fn apply_block(
        call: &mut Call,
        cipher: BlockCipher,
        state: Ptr<()>,
        input: GuestAddr,
        out: GuestAddr,
        encrypt: bool,
    ) -> Fallible<()> {
        let Some(keyed) = load_cipher(call, cipher, state)? else { return Ok(()) };
        let mut bytes = vec![0; cipher.block_size()];
        call.memory().read_bytes(input, &mut bytes)?;
        keyed.block(&mut bytes, encrypt.into());
        Ok(call.memory().write_bytes(out, &bytes)?)
    }

    /// Encrypts or decrypts whole blocks with AES in CBC mode; the last block is kept for the next
    /// call.
    #[export(Done, XeCryptAesCbc, BlockCipher::Aes)]
    /// Encrypts or decrypts whole blocks with DES in CBC mode; the last block is kept for the next
    /// call.
    #[export(Done, XeCryptDesCbc, BlockCipher::Des)]
    /// Encrypts or decrypts whole blocks with triple DES in CBC mode; the last block is kept for
    /// the next call.
    #[export(Done, XeCryptDes3Cbc, BlockCipher::Des3)]
    fn chain_blocks(
        call: &mut Call,
        cipher: BlockCipher,
        state: Ptr<()>,
        input: Buffer,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<()>> {
        let Some(keyed) = load_cipher(call, cipher, state)? else { return Ok(Flow::Return(())) };
        let feed = FeedBlock { at: feed, length: cipher.block_size() };
        chain(call, &keyed, CipherData { input, out }, feed, encrypt.into())
    }

    /// Sets the lowest bit of each byte of a DES key to odd parity.
    #[export(Done)]
    fn XeCryptDesParity(call: &mut Call, input: Buffer, out: GuestAddr) -> Fallible<Flow<()>> {
        let (now, left) = input.split(TURN);
        change(call, CipherData { input: now, out }, |part| {
            for byte in part {
                *byte = odd_parity(*byte);
            }
        })?;
        Ok(repeat(call, (), left.length, 3, [left.at.0, left.length, out.offset(now.length).0]))
    }

    /// Sets an RC4 key.
    #[export(Done)]
    fn XeCryptRc4Key(call: &mut Call, state: Ptr<()>, key: Buffer) -> Fallible<()> {
        let cipher = rc4_of(call, key)?;
        Ok(call.memory().write_bytes(state.addr(), &cipher.state)?)
    }

    /// Encrypts or decrypts in place with RC4, continuing from the previous call.
    #[export(Done)]
    fn XeCryptRc4Ecb(call: &mut Call, state: Ptr<()>, data: Buffer) -> Fallible<Flow<()>> {
        let mut cipher = Rc4 { state: [0; Rc4::SIZE] };
        call.memory().read_bytes(state.addr(), &mut cipher.state)?;
        let (now, left) = data.split(TURN);
        change(call, CipherData { input: now, out: now.at }, |part| cipher.apply(part))?;
        call.memory().write_bytes(state.addr(), &cipher.state)?;
        Ok(repeat(call, (), left.length, 4, left.arguments()))
    }

    /// Encrypts or decrypts in place with RC4.
    #[export(Done)]
    fn XeCryptRc4(call: &mut Call, key: Buffer, data: Buffer) -> Fallible<Flow<()>> {
        let cipher = rc4_of(call, key)?;
        rc4(call, Box::new(cipher), data)
    }

    /// Stores random bytes of the machine's generator, which is seeded by the start time of the
    /// run.
    #[export(Done)]
    fn XeCryptRandom(call: &mut Call, out: Buffer) -> Fallible<Flow<()>> {
        let (now, left) = out.split(TURN);
        store_random(&call.kernel.random, call.memory(), now.at, now.length)?;
        Ok(repeat(call, (), left.length, 3, left.arguments()))
    }
}
