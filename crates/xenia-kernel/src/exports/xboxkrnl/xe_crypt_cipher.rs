//! Ciphers (`XeCryptAes*`, `XeCryptDes*`, `XeCryptRc4*`) and random bytes.
//!
//! What the console keeps of a key, its schedule, is nobody's business: here the key itself lies in the title's structure.

use crate::abi::{Call, Flow, IntoFlow, Ptr, Rest};
use crate::crypto::cipher::{Block, Keyed, Rc4, odd_parity};
use crate::exports::turns::{TURN, repeat};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct XeCryptCipher;

/// Bytes that are worked on at once: whole blocks of every cipher.
const CHUNK: u32 = 0x1_0000;

/// What the structure of a title says that the key is.
fn keyed(call: &Call, cipher: Block, state: Ptr<()>) -> Fallible<Option<Keyed>> {
    let mut key = vec![0; cipher.key()];
    call.memory().read_bytes(state.addr(), &mut key)?;
    Ok(cipher.with_key(&key))
}

fn set_key(call: &Call, cipher: Block, state: Ptr<()>, key: GuestAddr) -> Fallible<()> {
    let mut bytes = vec![0; cipher.key()];
    call.memory().read_bytes(key, &mut bytes)?;
    Ok(call.memory().write_bytes(state.addr(), &bytes)?)
}

fn block(
    call: &Call,
    cipher: Block,
    state: Ptr<()>,
    (input, out): (GuestAddr, GuestAddr),
    encrypt: bool,
) -> Fallible<()> {
    let Some(keyed) = keyed(call, cipher, state)? else { return Ok(()) };
    let mut bytes = vec![0; cipher.block()];
    call.memory().read_bytes(input, &mut bytes)?;
    keyed.block(&mut bytes, encrypt);
    Ok(call.memory().write_bytes(out, &bytes)?)
}

/// Whole blocks, each chained to the one before: the work of a `Xe*Cbc` call whose arguments behind the key are these, in their
/// order. All that it goes on from is in its arguments and in `feed`.
pub(super) fn chain(
    call: &mut Call,
    keyed: &Keyed,
    (input, size, out): (GuestAddr, u32, GuestAddr),
    feed: (GuestAddr, usize),
    encrypt: bool,
) -> Fallible<Flow<()>> {
    let memory = call.memory();
    let mut before = vec![0; feed.1];
    memory.read_bytes(feed.0, &mut before)?;
    let now = size.min(TURN);
    let whole = now - now % feed.1 as u32;
    change(call, (input, whole, out), |part| keyed.chained(part, &mut before, encrypt))?;
    memory.write_bytes(feed.0, &before)?;
    let left = size - now;
    Ok(repeat(call, (), left, (4, [input.offset(now).0, left, out.offset(now).0])))
}

/// [`chain`] under a key that a title has set.
fn keyed_chain(
    call: &mut Call,
    cipher: Block,
    state: Ptr<()>,
    work: (GuestAddr, u32, GuestAddr),
    feed: GuestAddr,
    encrypt: bool,
) -> Fallible<Flow<()>> {
    let Some(keyed) = keyed(call, cipher, state)? else { return Ok(Flow::Return(())) };
    chain(call, &keyed, work, (feed, cipher.block()), encrypt)
}

/// Changes bytes from `input` on, in pieces, on their way to `out`.
fn change(
    call: &Call,
    (input, size, out): (GuestAddr, u32, GuestAddr),
    mut change: impl FnMut(&mut [u8]),
) -> Fallible<()> {
    let mut chunk = vec![0; size.min(CHUNK) as usize];
    let mut done = 0;
    while done < size {
        let length = (size - done).min(CHUNK);
        let part = &mut chunk[..length as usize];
        call.memory().read_bytes(input.offset(done), part)?;
        change(part);
        call.memory().write_bytes(out.offset(done), part)?;
        done += length;
    }
    Ok(())
}

/// Applies a cipher that nobody else has.
fn rc4(call: &Call, mut cipher: Rc4, (at, size): (GuestAddr, u32)) -> Fallible<Flow<()>> {
    let now = size.min(TURN);
    change(call, (at, now, at), |part| cipher.apply(part))?;
    if size == now {
        return Ok(Flow::Return(()));
    }
    let left = (at.offset(now), size - now);
    Ok(Flow::Later(Rest::new(move |call| rc4(call, cipher.clone(), left).into_flow())))
}

fn rc4_of(call: &Call, (key, size): (GuestAddr, u32)) -> Fallible<Rc4> {
    // The permutation takes in 256 bytes of a key, and no more.
    let mut bytes = vec![0; size.min(0x100) as usize];
    call.memory().read_bytes(key, &mut bytes)?;
    Ok(Rc4::new(&bytes))
}

#[exports(xboxkrnl)]
impl XeCryptCipher {
    /// Sets a key of AES.
    #[export(Done)]
    fn XeCryptAesKey(call: &mut Call, state: Ptr<()>, key: GuestAddr) -> Fallible<()> {
        set_key(call, Block::Aes, state, key)
    }

    /// Encrypts or decrypts one block by AES.
    #[export(Done)]
    fn XeCryptAesEcb(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        out: GuestAddr,
        encrypt: bool,
    ) -> Fallible<()> {
        block(call, Block::Aes, state, (input, out), encrypt)
    }

    /// Encrypts or decrypts whole blocks by AES, each chained to the one before; the last is kept for the next call.
    #[export(Done)]
    fn XeCryptAesCbc(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        size: u32,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<()>> {
        keyed_chain(call, Block::Aes, state, (input, size, out), feed, encrypt)
    }

    /// Sets a key of DES.
    #[export(Done)]
    fn XeCryptDesKey(call: &mut Call, state: Ptr<()>, key: GuestAddr) -> Fallible<()> {
        set_key(call, Block::Des, state, key)
    }

    /// Encrypts or decrypts one block by DES.
    #[export(Done)]
    fn XeCryptDesEcb(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        out: GuestAddr,
        encrypt: bool,
    ) -> Fallible<()> {
        block(call, Block::Des, state, (input, out), encrypt)
    }

    /// Encrypts or decrypts whole blocks by DES, each chained to the one before; the last is kept for the next call.
    #[export(Done)]
    fn XeCryptDesCbc(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        size: u32,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<()>> {
        keyed_chain(call, Block::Des, state, (input, size, out), feed, encrypt)
    }

    /// Sets a key of triple DES.
    #[export(Done)]
    fn XeCryptDes3Key(call: &mut Call, state: Ptr<()>, key: GuestAddr) -> Fallible<()> {
        set_key(call, Block::Des3, state, key)
    }

    /// Encrypts or decrypts one block by triple DES.
    #[export(Done)]
    fn XeCryptDes3Ecb(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        out: GuestAddr,
        encrypt: bool,
    ) -> Fallible<()> {
        block(call, Block::Des3, state, (input, out), encrypt)
    }

    /// Encrypts or decrypts whole blocks by triple DES, each chained to the one before; the last is kept for the next call.
    #[export(Done)]
    fn XeCryptDes3Cbc(
        call: &mut Call,
        state: Ptr<()>,
        input: GuestAddr,
        size: u32,
        out: GuestAddr,
        feed: GuestAddr,
        encrypt: bool,
    ) -> Fallible<Flow<()>> {
        keyed_chain(call, Block::Des3, state, (input, size, out), feed, encrypt)
    }

    /// Gives each byte of a key of DES the lowest bit that makes it odd.
    #[export(Done)]
    fn XeCryptDesParity(call: &mut Call, input: GuestAddr, size: u32, out: GuestAddr) -> Fallible<Flow<()>> {
        let now = size.min(TURN);
        change(call, (input, now, out), |part| {
            for byte in part {
                *byte = odd_parity(*byte);
            }
        })?;
        let left = size - now;
        Ok(repeat(call, (), left, (3, [input.offset(now).0, left, out.offset(now).0])))
    }

    /// Sets a key of RC4.
    #[export(Done)]
    fn XeCryptRc4Key(call: &mut Call, state: Ptr<()>, key: GuestAddr, size: u32) -> Fallible<()> {
        let cipher = rc4_of(call, (key, size))?;
        Ok(call.memory().write_bytes(state.addr(), &cipher.state)?)
    }

    /// Encrypts or decrypts by RC4, where it is, going on from the call before.
    #[export(Done)]
    fn XeCryptRc4Ecb(call: &mut Call, state: Ptr<()>, data: GuestAddr, size: u32) -> Fallible<Flow<()>> {
        let mut cipher = Rc4 { state: [0; Rc4::SIZE] };
        call.memory().read_bytes(state.addr(), &mut cipher.state)?;
        let now = size.min(TURN);
        change(call, (data, now, data), |part| cipher.apply(part))?;
        call.memory().write_bytes(state.addr(), &cipher.state)?;
        let left = size - now;
        Ok(repeat(call, (), left, (4, [data.offset(now).0, left])))
    }

    /// Encrypts or decrypts by RC4, where it is.
    #[export(Done)]
    fn XeCryptRc4(
        call: &mut Call,
        key: GuestAddr,
        key_size: u32,
        data: GuestAddr,
        size: u32,
    ) -> Fallible<Flow<()>> {
        let cipher = rc4_of(call, (key, key_size))?;
        rc4(call, cipher, (data, size))
    }

    /// Stores random bytes: of the machine's own, which begin alike in every run that begins at the same time.
    #[export(Done)]
    fn XeCryptRandom(call: &mut Call, out: GuestAddr, size: u32) -> Fallible<Flow<()>> {
        let now = size.min(TURN);
        call.kernel.store_random(out, now)?;
        let left = size - now;
        Ok(repeat(call, (), left, (3, [out.offset(now).0, left])))
    }
}
