//! LZX decompression (`LDI*`), one frame of at most 32 KiB at a time.
//!
//! A context lies in the title's memory: its [`Owner`], then the decoder between two frames. So
//! saved states contain it, and no host memory is needed. The layout is this emulator's own; a
//! title that changes the bytes gets an error or wrong data.
//!
//! Sources: xkelib, kernel/_kernelext.h (arguments and results); Microsoft, Cabinet SDK, ldi.h
//! (their meaning); uses of the same interface in xcompress: memory for a context is the window and
//! 0x3200 bytes.

use crate::abi::{Call, OptionalOut, Out, Ptr};
use crate::status::failure::Fallible;
use xenia_formats::lzx::{LzxFrameDecoder, window_bits};
use xenia_guest::{Buffer, GuestAddr, HResult};
use xenia_kernel_macros::exports;

/// The exports for LZX decompression.
pub struct Ldi;

/// Limit of a frame's size in bytes.
const MAX_FRAME: u32 = LzxFrameDecoder::MAX_FRAME as u32;
/// Bytes by which compression may enlarge a frame (ldi.h).
const MAX_GROWTH: u32 = 6144;
/// Size of the first field of a context.
const OWNER_SIZE: u32 = 4;

/// Owner of a context's memory: the first field of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The title passed the memory.
    Title = 1,
    /// It is a block of the pool, which is freed with the context.
    Pool = 2,
}

/// A context in the title's memory.
struct Context {
    at: GuestAddr,
    owner: Owner,
    decoder: LzxFrameDecoder,
}

impl Context {
    /// The context at a handle; `None` if there is none.
    fn load(call: &Call, at: GuestAddr) -> Fallible<Option<Self>> {
        let owner = match call.memory().read::<u32>(at)? {
            1 => Owner::Title,
            2 => Owner::Pool,
            _ => return Ok(None),
        };
        let start = at.offset(OWNER_SIZE);
        let mut header = [0; LzxFrameDecoder::STORED_HEADER];
        call.memory().read_bytes(start, &mut header)?;
        let Some(size) = LzxFrameDecoder::stored_size(&header) else { return Ok(None) };
        let mut bytes = vec![0; size];
        call.memory().read_bytes(start, &mut bytes)?;
        Ok(LzxFrameDecoder::from_bytes(&bytes).map(|decoder| Self { at, owner, decoder }))
    }

    fn store(&self, call: &Call) -> Fallible<()> {
        call.memory().write(self.at, self.owner as u32)?;
        Ok(call.memory().write_bytes(self.at.offset(OWNER_SIZE), &self.decoder.to_bytes())?)
    }
}

#[exports(xboxkrnl)]
impl Ldi {
    /// Creates a context for streams with a window size, and stores the largest sizes of a frame:
    /// decompressed, and compressed. Without a place for the handle it only stores the sizes.
    /// Partial: the title's own allocator is not called; a context without memory of the title is
    /// a block of the pool.
    #[export(Partial)]
    fn LDICreateDecompression(
        call: &mut Call,
        frame_size: Out<u32>,
        window_size: Ptr<u32>,
        allocate: GuestAddr,
        _free: GuestAddr,
        memory: GuestAddr,
        compressed_size: Option<Out<u32>>,
        handle: Option<Out<GuestAddr>>,
    ) -> Fallible<HResult> {
        let Some(decoder) =
            window_bits(window_size.read(call.memory())?).and_then(|bits| LzxFrameDecoder::new(bits).ok())
        else {
            return Ok(HResult::INVALID_ARGUMENT);
        };
        let wanted: u32 = call.memory().read(frame_size.addr())?;
        let allowed = wanted.min(MAX_FRAME);
        frame_size.set(call.memory(), allowed)?;
        compressed_size.set(call.memory(), allowed + MAX_GROWTH)?;
        let Some(handle) = handle else { return Ok(HResult::OK) };
        handle.set(call.memory(), GuestAddr::NULL)?;
        let size = OWNER_SIZE + decoder.max_stored_size() as u32;
        let context = if !memory.is_null() {
            Context { at: memory, owner: Owner::Title, decoder }
        } else if allocate.is_null() {
            return Ok(HResult::INVALID_ARGUMENT);
        } else {
            match call.kernel.pool.allocate_for_title(size) {
                Ok(at) if !at.is_null() => Context { at, owner: Owner::Pool, decoder },
                _ => return Ok(HResult::OUT_OF_MEMORY),
            }
        };
        context.store(call)?;
        handle.set(call.memory(), context.at)?;
        Ok(HResult::OK)
    }

    /// Decompresses the next frame of a stream. `size` holds the frame's decompressed size, which
    /// it must have.
    #[export(Done)]
    fn LDIDecompress(
        call: &mut Call,
        handle: GuestAddr,
        input: Buffer,
        output: GuestAddr,
        size: Out<u32>,
    ) -> Fallible<HResult> {
        let expected: u32 = call.memory().read(size.addr())?;
        if expected > MAX_FRAME || input.length > MAX_FRAME + MAX_GROWTH {
            return Ok(HResult::INVALID_ARGUMENT);
        }
        let Some(mut context) = Context::load(call, handle)? else { return Ok(HResult::INVALID_ARGUMENT) };
        let mut compressed = vec![0; input.length as usize];
        call.memory().read_bytes(input.at, &mut compressed)?;
        let mut frame = vec![0; expected as usize];
        if let Err(error) = context.decoder.decode(&compressed, &mut frame) {
            tracing::debug!(target: "kernel", "LDIDecompress({handle}): {error}");
            size.set(call.memory(), 0)?;
            return Ok(HResult::FAIL);
        }
        call.memory().write_bytes(output, &frame)?;
        context.store(call)?;
        Ok(HResult::OK)
    }

    /// Makes a context ready for another stream with the same window size.
    #[export(Done)]
    fn LDIResetDecompression(call: &mut Call, handle: GuestAddr) -> Fallible<HResult> {
        let Some(mut context) = Context::load(call, handle)? else { return Ok(HResult::INVALID_ARGUMENT) };
        context.decoder.reset();
        context.store(call)?;
        Ok(HResult::OK)
    }

    /// Ends a context.
    #[export(Done)]
    fn LDIDestroyDecompression(call: &mut Call, handle: GuestAddr) -> Fallible<HResult> {
        let Some(context) = Context::load(call, handle)? else { return Ok(HResult::INVALID_ARGUMENT) };
        call.memory().write(context.at, 0_u32)?;
        if context.owner == Owner::Pool {
            // A title can have freed the block itself.
            let _ = call.kernel.pool.release_of_title(context.at);
        }
        Ok(HResult::OK)
    }
}
