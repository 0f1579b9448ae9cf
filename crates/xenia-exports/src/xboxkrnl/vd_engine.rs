//! Graphics engines, ring buffer and system command buffer (`Vd*`).
//!
//! The chip has no microcode here and always runs, so that starting and stopping it has no effect.
//! Addresses reach the chip as physical ones.

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use crate::thread::interrupts::GraphicsCallback;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{PHYSICAL_SIZE, physical};

/// The exports for the graphics engines.
pub struct VdEngine;

/// Identifiers of the system command buffer, which titles pass back to `VdSwap`.
const SYSTEM_COMMAND_BUFFER: [u32; 2] = [0xBEEF_0000, 0xBEEF_0001];
/// Size in bytes of a system command buffer's description.
const SYSTEM_COMMAND_BUFFER_SIZE: u32 = 0x94;
/// A no-operation packet.
const NO_OPERATION: u32 = 0x8000_0000;
/// Maximum number of words for `VdInitializeScalerCommandBuffer`.
const MAX_SCALER_WORDS: u32 = 0x1_0000;

/// Translates an address to a physical one: some titles pass addresses of a view.
fn to_physical(address: GuestAddr) -> u32 {
    physical(address).unwrap_or(address.0) & (PHYSICAL_SIZE - 1)
}

#[exports(xboxkrnl)]
impl VdEngine {
    /// Starts the engines with the title's microcode. Here the engines always run, without
    /// microcode.
    #[export(Constant)]
    fn VdInitializeEngines(
        _call: &mut Call,
        _unknown: u32,
        _callback: GuestAddr,
        _context: u32,
        _prefetch_microcode: GuestAddr,
        _micro_engine_microcode: GuestAddr,
    ) -> bool {
        true
    }

    /// Stops the engines. The ring's commands have been executed by then.
    #[export(Constant)]
    fn VdShutdownEngines(_call: &mut Call) {}

    /// Enables or disables clock gating, which has no effect here.
    #[export(Constant)]
    fn VdEnableDisableClockGating(_call: &mut Call, _enable: u32) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Sets the graphics interrupt callback, `callback(source, context)`: source 0 is a vertical
    /// blank, 1 an interrupt by the command processor.
    #[export(Done)]
    fn VdSetGraphicsInterruptCallback(call: &mut Call, callback: Option<GuestAddr>, context: u32) {
        let callback = callback.map(|pc| GraphicsCallback { pc, data: context });
        call.kernel.threads.lock().interrupts.callback = callback;
    }

    /// Sets the ring buffer's address and the base-2 logarithm of its size in quadwords.
    #[export(Done)]
    fn VdInitializeRingBuffer(call: &mut Call, ring: GuestAddr, size_log2: u32) {
        call.kernel.chips.video.lock().initialize_ring(to_physical(ring), size_log2);
    }

    /// Sets the address at which the chip writes its read pointer, and the base-2 logarithm of the
    /// interval in quadwords.
    #[export(Done)]
    fn VdEnableRingBufferRPtrWriteBack(call: &mut Call, address: GuestAddr, block_log2: u32) {
        call.kernel.chips.video.lock().enable_read_pointer_write_back(to_physical(address), block_log2);
    }

    /// Stores the system command buffer, which draws over the title's picture and is passed to
    /// `VdSwap`. It is empty: size, pointer and commands are 0, only its identifiers are set.
    #[export(Constant)]
    fn VdGetSystemCommandBuffer(call: &mut Call, buffer: Ptr<u32>, mark: Ptr<u32>) -> Fallible<()> {
        call.memory().fill(buffer.addr(), SYSTEM_COMMAND_BUFFER_SIZE, 0)?;
        buffer.write(call.memory(), SYSTEM_COMMAND_BUFFER[0])?;
        Ok(mark.write(call.memory(), SYSTEM_COMMAND_BUFFER[1])?)
    }

    /// Sets the address at which the chip stores the identifier of the consumed system command
    /// buffer at each swap; null: not stored.
    #[export(Done)]
    fn VdSetSystemCommandBufferGpuIdentifierAddress(call: &mut Call, address: Option<GuestAddr>) {
        call.kernel.display.lock().gpu_identifier = address.map(to_physical);
    }

    /// Writes commands that set up the scaler. They do nothing, because presentation scales
    /// the whole frame to the output. Returns the number of words written, which is all that fit.
    #[export(Constant)]
    fn VdInitializeScalerCommandBuffer(
        call: &mut Call,
        _source_position: u32,
        _source_size: u32,
        _output_position: u32,
        _output_size: u32,
        _front_buffer_size: u32,
        _vertical_filter: u32,
        _vertical_parameters: GuestAddr,
        _horizontal_filter: u32,
        _horizontal_parameters: GuestAddr,
        _unknown: u32,
        commands: Ptr<u32>,
        words: u32,
    ) -> Fallible<u32> {
        let words = words.min(MAX_SCALER_WORDS);
        for index in 0..words {
            commands.at(index).write(call.memory(), NO_OPERATION)?;
        }
        Ok(words)
    }

    /// Returns whether the training of the link between processor and chip has succeeded. There is
    /// no link to train here.
    #[export(Constant)]
    fn VdIsHSIOTrainingSucceeded(_call: &mut Call) -> bool {
        true
    }

    /// Prepares the embedded memory, as titles of the first SDKs do themselves. It is always ready.
    #[export(Constant)]
    fn VdInitializeEDRAM(_call: &mut Call) {}

    /// Trains the link to the embedded memory. There is no link to train here.
    #[export(Constant)]
    fn VdRetrainEDRAM(_call: &mut Call) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Like `VdRetrainEDRAM`, in steps; each step does nothing.
    #[export(Constant)]
    fn VdRetrainEDRAMWorker(_call: &mut Call, _step: u32) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Returns the chip's revision: that of a retail console, whatever the host's chip.
    #[export(Constant)]
    fn VdGetGraphicsAsicID(_call: &mut Call) -> u32 {
        0x11
    }
}
