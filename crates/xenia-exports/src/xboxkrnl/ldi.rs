//! LZX decompression (`LDI*`), one frame of at most 32 KiB at a time.
//!
//! A context lies in the title's memory: its [`Owner`], then the decoder between two frames. So
//! saved states contain it, and no host memory is needed. The layout is this emulator's own; a
//! title that changes the bytes gets an error or wrong data.
//!
//! Sources: xkelib, kernel/_kernelext.h (arguments and results); Microsoft, Cabinet SDK, ldi.h
//! (their meaning, `PFNALLOC` and `PFNFREE`); uses of the same interface in xcompress: memory for a
//! context is the window and 0x3200 bytes.

use crate::abi::{Call, Continuation, ExportResumption, Flow, GuestCall, IntoFlow, OptionalOut, Out, Ptr};
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
    Title,
    /// The title's allocator made it; this function of the title, or null, frees it with the
    /// context.
    Allocator(GuestAddr),
}

impl Owner {
    /// Values of the field besides the address of a function.
    const TITLE: u32 = 1;
    const UNFREED: u32 = 2;

    fn of(word: u32) -> Option<Self> {
        match word {
            0 => None,
            Self::TITLE => Some(Self::Title),
            Self::UNFREED => Some(Self::Allocator(GuestAddr::NULL)),
            free => free.is_multiple_of(4).then_some(Self::Allocator(GuestAddr(free))),
        }
    }

    fn word(self) -> u32 {
        match self {
            Self::Title => Self::TITLE,
            Self::Allocator(GuestAddr::NULL) => Self::UNFREED,
            Self::Allocator(free) => free.0 & !3,
        }
    }
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
        let Some(owner) = Owner::of(call.memory().read(at)?) else { return Ok(None) };
        let start = at.offset(OWNER_SIZE);
        let mut header = [0; LzxFrameDecoder::STORED_HEADER];
        call.memory().read_bytes(start, &mut header)?;
        let Some(size) = LzxFrameDecoder::stored_size(&header) else { return Ok(None) };
        let mut bytes = vec![0; size];
        call.memory().read_bytes(start, &mut bytes)?;
        Ok(LzxFrameDecoder::from_bytes(&bytes).map(|decoder| Self { at, owner, decoder }))
    }

    fn store(&self, call: &Call) -> Fallible<()> {
        call.memory().write(self.at, self.owner.word())?;
        Ok(call.memory().write_bytes(self.at.offset(OWNER_SIZE), &self.decoder.to_bytes())?)
    }
}

/// A decoder of streams with this window size, if there can be one.
fn decoder_of(window_size: u32) -> Option<LzxFrameDecoder> {
    window_bits(window_size).and_then(|bits| LzxFrameDecoder::new(bits).ok())
}

/// Continues the creation of a context after the title's allocator has returned.
pub(crate) fn after_allocation(
    call: &mut Call,
    window_size: u32,
    free: GuestAddr,
    handle: GuestAddr,
    at: GuestAddr,
) -> Flow {
    let Some(decoder) = decoder_of(window_size).filter(|_| !at.is_null()) else {
        return HResult::OUT_OF_MEMORY.into_flow();
    };
    make(call, Context { at, owner: Owner::Allocator(free), decoder }, Out::new(handle)).into_flow()
}

fn make(call: &Call, context: Context, handle: Out<GuestAddr>) -> Fallible<HResult> {
    context.store(call)?;
    handle.set(call.memory(), context.at)?;
    Ok(HResult::OK)
}

#[exports(xboxkrnl)]
impl Ldi {
    /// Creates a context for streams with a window size, and stores the largest sizes of a frame:
    /// decompressed, and compressed. Without a place for the handle it only stores the sizes.
    /// Without memory for the context, the title's allocator is called.
    #[export(Done)]
    fn LDICreateDecompression(
        call: &mut Call,
        frame_size: Out<u32>,
        window_size: Ptr<u32>,
        allocate: GuestAddr,
        free: GuestAddr,
        memory: GuestAddr,
        compressed_size: Option<Out<u32>>,
        handle: Option<Out<GuestAddr>>,
    ) -> Fallible<Flow<HResult>> {
        let window_size = window_size.read(call.memory())?;
        let Some(decoder) = decoder_of(window_size) else {
            return Ok(Flow::Return(HResult::INVALID_ARGUMENT));
        };
        let wanted: u32 = call.memory().read(frame_size.addr())?;
        let allowed = wanted.min(MAX_FRAME);
        frame_size.set(call.memory(), allowed)?;
        compressed_size.set(call.memory(), allowed + MAX_GROWTH)?;
        let Some(handle) = handle else { return Ok(Flow::Return(HResult::OK)) };
        handle.set(call.memory(), GuestAddr::NULL)?;
        if !memory.is_null() {
            let context = Context { at: memory, owner: Owner::Title, decoder };
            return make(call, context, handle).map(Flow::Return);
        }
        if allocate.is_null() {
            return Ok(Flow::Return(HResult::INVALID_ARGUMENT));
        }
        let args = vec![u64::from(OWNER_SIZE) + decoder.max_stored_size() as u64];
        let handle = handle.addr();
        let then = Continuation::Export(ExportResumption::LdiAllocation { window_size, free, handle });
        Ok(Flow::CallGuest(GuestCall { args, ..GuestCall::new(allocate, then) }))
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

    /// Ends a context. The title's function frees the memory that its allocator has made.
    #[export(Done)]
    fn LDIDestroyDecompression(call: &mut Call, handle: GuestAddr) -> Fallible<Flow<HResult>> {
        let Some(context) = Context::load(call, handle)? else {
            return Ok(Flow::Return(HResult::INVALID_ARGUMENT));
        };
        call.memory().write(context.at, 0_u32)?;
        match context.owner {
            Owner::Title | Owner::Allocator(GuestAddr::NULL) => Ok(Flow::Return(HResult::OK)),
            Owner::Allocator(free) => {
                let args = vec![u64::from(context.at.0)];
                let then = Continuation::Export(ExportResumption::LdiRelease);
                Ok(Flow::CallGuest(GuestCall { args, ..GuestCall::new(free, then) }))
            }
        }
    }
}
