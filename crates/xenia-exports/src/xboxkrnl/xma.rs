//! Contexts of the XMA audio decoder (`XMA*`).
//!
//! The calls do what titles can also do directly: they change words of a context, and store to
//! registers of the decoder. Words that the decoder writes too are changed atomically.

use crate::abi::{Call, Out, Ptr};
use crate::memory::physical_memory::address_of;
use crate::ports::ChipPorts;
use crate::status::failure::Fallible;
use xenia_guest::xma::{CONTEXT_SIZE, ContextField, field, register};
use xenia_guest::{GuestAddr, HResult, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::GuestMemory;
use xenia_sched::GuestTicks;

/// The exports for XMA contexts.
pub struct XmaExports;

/// Offset of the `XMA_LOOP_DATA` in `XMA_CONTEXT_INIT`.
const INIT_LOOP: u32 = 0x2C;

fn put(memory: &GuestMemory, context: GuestAddr, field: ContextField, value: u32) -> Fallible<()> {
    let changed = memory.atomic_u32(context.offset(4 * field.word), |word| Some(field.put(word, value)))?;
    debug_assert!(changed.is_ok(), "it always changes");
    Ok(())
}

/// Stores the bit of a context to a group of registers.
fn store(chips: &ChipPorts, group: u32, context: u32, now: GuestTicks) {
    chips.xma.lock().store_register(group + context / 32, 1 << (context % 32), now);
}

/// Like [`store`], for the context at an address.
fn store_for(call: &Call, context: GuestAddr, group: u32) -> Fallible<HResult> {
    let index = call.kernel.xma_contexts.lock().index_of(context).ok_or(NtStatus::INVALID_PARAMETER)?;
    store(&call.kernel.chips, group, index, call.now());
    Ok(HResult::OK)
}

/// Sets the loop fields of a context from `XMA_LOOP_DATA`.
fn set_loop(call: &Call, context: GuestAddr, data: GuestAddr) -> Fallible<HResult> {
    let memory = call.memory();
    let byte = |offset| memory.read::<u8>(data.offset(offset)).map(u32::from);
    put(memory, context, field::LOOP_START, memory.read(data)?)?;
    put(memory, context, field::LOOP_END, memory.read(data.offset(4))?)?;
    put(memory, context, field::LOOP_COUNT, byte(8)?)?;
    put(memory, context, field::LOOP_SUBFRAME_END, byte(9)?)?;
    put(memory, context, field::LOOP_SUBFRAME_SKIP, byte(0xA)?)?;
    Ok(HResult::OK)
}

#[exports(xboxkrnl)]
impl XmaExports {
    /// Allocates a zeroed context of the decoder; stores null and fails if all 320 are in use.
    #[export(Done)]
    fn XMACreateContext(call: &mut Call, context: Out<GuestAddr>) -> Fallible<HResult> {
        context.set(call.memory(), GuestAddr::NULL)?;
        let (at, array) = call.kernel.xma_contexts.lock().take(call.memory())?;
        if let Some(array) = array {
            let now = call.now();
            call.kernel.chips.xma.lock().store_register(register::CONTEXT_ARRAY, array, now);
        }
        context.set(call.memory(), at)?;
        Ok(HResult::OK)
    }

    /// Initialises a context from `XMA_CONTEXT_INIT`, whose pointers are virtual addresses, and
    /// clears its decoder state.
    #[export(Done)]
    fn XMAInitializeContext(call: &mut Call, context: GuestAddr, init: Ptr<u32>) -> Fallible<HResult> {
        store_for(call, context, register::CLEAR)?;
        let memory = call.memory();
        let mut words = [0; 11];
        for (index, word) in words.iter_mut().enumerate() {
            *word = init.at(index as u32).read(memory)?;
        }
        let [input0, packets0, input1, packets1, offset, output, blocks, work, count, channels, rate] = words;
        memory.fill(context, CONTEXT_SIZE, 0)?;
        let physical = |addr: u32| if addr == 0 { 0 } else { address_of(GuestAddr(addr)) };
        for (field, value) in [
            (field::INPUT0, physical(input0)),
            (field::INPUT0_PACKETS, packets0),
            (field::INPUT1, physical(input1)),
            (field::INPUT1_PACKETS, packets1),
            (field::INPUT_READ_OFFSET, offset),
            (field::OUTPUT, physical(output)),
            (field::OUTPUT_BLOCKS, blocks),
            (field::WORK_BUFFER, physical(work)),
            (field::SUBFRAME_DECODE_COUNT, count),
            (field::IS_STEREO, u32::from(channels > 0)),
            (field::SAMPLE_RATE, rate),
        ] {
            put(memory, context, field, value)?;
        }
        set_loop(call, context, init.addr().offset(INIT_LOOP))
    }

    /// Stops a context and frees it.
    #[export(Done)]
    fn XMAReleaseContext(call: &mut Call, context: GuestAddr) -> Fallible<HResult> {
        let kernel = call.kernel;
        let index = kernel.xma_contexts.lock().index_of(context).ok_or(NtStatus::INVALID_PARAMETER)?;
        for group in [register::LOCK, register::CLEAR] {
            store(&kernel.chips, group, index, call.now());
        }
        call.memory().fill(context, CONTEXT_SIZE, 0)?;
        kernel.xma_contexts.lock().give_back(index);
        Ok(HResult::OK)
    }

    /// Enables a context: it decodes as far as its input and output ring allow, before the call
    /// returns.
    #[export(Done)]
    fn XMAEnableContext(call: &mut Call, context: GuestAddr) -> Fallible<HResult> {
        store_for(call, context, register::KICK)
    }

    /// Stops a context. Decoding is not in progress between calls, so there is nothing to wait for.
    #[export(Done)]
    fn XMADisableContext(call: &mut Call, context: GuestAddr, _wait: u32) -> Fallible<HResult> {
        store_for(call, context, register::LOCK)
    }

    /// Waits until a context is not decoding, which is always the case between calls.
    #[export(Done)]
    fn XMABlockWhileInUse(_call: &mut Call, _context: GuestAddr) -> HResult {
        HResult::OK
    }

    /// Returns the block of the output ring that the decoder writes next.
    #[export(Done, XMAGetOutputBufferWriteOffset, field::OUTPUT_WRITE_OFFSET)]
    /// Returns the block of the output ring that the title reads next.
    #[export(Done, XMAGetOutputBufferReadOffset, field::OUTPUT_READ_OFFSET)]
    /// Returns the bit offset in the current input buffer that the decoder reads next.
    #[export(Done, XMAGetInputBufferReadOffset, field::INPUT_READ_OFFSET)]
    /// Returns the metadata of the packet that is being decoded.
    #[export(Done, XMAGetPacketMetadata, field::PACKET_METADATA)]
    fn get(call: &mut Call, field: ContextField, context: GuestAddr) -> Fallible<u32> {
        Ok(field.of(call.memory().read(context.offset(4 * field.word))?))
    }

    /// Sets the block of the output ring that the title reads next.
    #[export(Done, XMASetOutputBufferReadOffset, field::OUTPUT_READ_OFFSET)]
    /// Sets the bit offset in the current input buffer that the decoder reads next.
    #[export(Done, XMASetInputBufferReadOffset, field::INPUT_READ_OFFSET)]
    fn set_offset(
        call: &mut Call,
        field: ContextField,
        context: GuestAddr,
        offset: u32,
    ) -> Fallible<HResult> {
        put(call.memory(), context, field, offset)?;
        Ok(HResult::OK)
    }

    /// Passes the output ring to the decoder.
    #[export(Done, XMASetOutputBufferValid, field::OUTPUT_VALID)]
    /// Passes the first input buffer to the decoder.
    #[export(Done, XMASetInputBuffer0Valid, field::INPUT0_VALID)]
    /// Passes the second input buffer to the decoder.
    #[export(Done, XMASetInputBuffer1Valid, field::INPUT1_VALID)]
    fn set_valid(call: &mut Call, field: ContextField, context: GuestAddr) -> Fallible<HResult> {
        put(call.memory(), context, field, 1)?;
        Ok(HResult::OK)
    }

    /// Returns whether the decoder owns the output ring.
    #[export(Done, XMAIsOutputBufferValid, field::OUTPUT_VALID)]
    /// Returns whether the decoder owns the first input buffer.
    #[export(Done, XMAIsInputBuffer0Valid, field::INPUT0_VALID)]
    /// Returns whether the decoder owns the second input buffer.
    #[export(Done, XMAIsInputBuffer1Valid, field::INPUT1_VALID)]
    fn is_valid(call: &mut Call, field: ContextField, context: GuestAddr) -> Fallible<bool> {
        Ok(Self::get(call, field, context)? != 0)
    }

    /// Sets the address and the number of packets of the first input buffer, without passing it to
    /// the decoder.
    #[export(Done, XMASetInputBuffer0, field::INPUT0, field::INPUT0_PACKETS)]
    /// Sets the address and the number of packets of the second input buffer.
    #[export(Done, XMASetInputBuffer1, field::INPUT1, field::INPUT1_PACKETS)]
    fn set_input_buffer(
        call: &mut Call,
        address_field: ContextField,
        packets_field: ContextField,
        context: GuestAddr,
        buffer: GuestAddr,
        packets: u32,
    ) -> Fallible<HResult> {
        put(call.memory(), context, address_field, address_of(buffer))?;
        put(call.memory(), context, packets_field, packets)?;
        Ok(HResult::OK)
    }

    /// Sets the loop of a context from `XMA_LOOP_DATA`.
    #[export(Done)]
    fn XMASetLoopData(call: &mut Call, context: GuestAddr, data: GuestAddr) -> Fallible<HResult> {
        set_loop(call, context, data)
    }
}
