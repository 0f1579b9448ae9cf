//! The graphics chip's engines, ring buffer and link (`Vd*`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use crate::thread::interrupts::GraphicsCallback;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_memory::{PHYSICAL_SIZE, physical};

/// See the module's documentation.
pub struct VdEngine;

/// Marks of the system command buffer, which titles pass back to `VdSwap`.
const SYSTEM_COMMAND_BUFFER: [u32; 2] = [0xBEEF_0000, 0xBEEF_0001];
/// Bytes of a system command buffer's description.
const SYSTEM_COMMAND_BUFFER_SIZE: u32 = 0x94;
/// No operation, as a packet.
const NO_OPERATION: u32 = 0x8000_0000;
/// Words that `VdInitializeScalerCommandBuffer` may be asked for.
const SCALER_WORDS: u32 = 0x1_0000;

/// The physical address that a title means: some pass addresses of a view.
fn to_physical(address: GuestAddr) -> u32 {
    physical(address).unwrap_or(address.0) & (PHYSICAL_SIZE - 1)
}

#[exports(xboxkrnl)]
impl VdEngine {
    /// Starts the engines with the title's microcode. This chip's engines run without, and always.
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

    /// Stops the engines. What is in the ring has been carried out by then.
    #[export(Constant)]
    fn VdShutdownEngines(_call: &mut Call) {}

    /// Turns clock gating on or off: this chip draws no current that it could save.
    #[export(Constant)]
    fn VdEnableDisableClockGating(_call: &mut Call, _enable: u32) -> u32 {
        0
    }

    /// Sets the function that graphics interrupts call: `callback(source, context)`, source 0 at
    /// each vertical blank, 1 when the command processor asks for it.
    #[export(Done)]
    fn VdSetGraphicsInterruptCallback(call: &mut Call, callback: Option<GuestAddr>, context: u32) {
        let callback = callback.map(|pc| GraphicsCallback { pc, data: context });
        call.kernel.threads.lock().interrupts.callback = callback;
    }

    /// Says where the ring buffer is, and log2 of its size in quadwords.
    #[export(Done)]
    fn VdInitializeRingBuffer(call: &mut Call, ring: GuestAddr, size_log2: u32) {
        call.kernel.devices.video.lock().initialize_ring(to_physical(ring), size_log2);
    }

    /// Says where the chip writes its read pointer, and log2 of how many words apart.
    #[export(Done)]
    fn VdEnableRingBufferRPtrWriteBack(call: &mut Call, address: GuestAddr, block_log2: u32) {
        call.kernel.devices.video.lock().enable_read_pointer_write_back(to_physical(address), block_log2);
    }

    /// What the system wants drawn over the title's picture, which `VdSwap` is given back: nothing,
    /// so there is no size, no pointer and no command in it, only marks.
    #[export(Constant)]
    fn VdGetSystemCommandBuffer(call: &mut Call, buffer: Ptr<u32>, mark: Ptr<u32>) -> Fallible<()> {
        call.memory().fill(buffer.addr(), SYSTEM_COMMAND_BUFFER_SIZE, 0)?;
        buffer.write(call.memory(), SYSTEM_COMMAND_BUFFER[0])?;
        Ok(mark.write(call.memory(), SYSTEM_COMMAND_BUFFER[1])?)
    }

    /// Says where the chip notes the mark of the system command buffer that it has consumed, at
    /// each swap; null: nowhere.
    #[export(Done)]
    fn VdSetSystemCommandBufferGpuIdentifierAddress(call: &mut Call, address: Option<GuestAddr>) {
        call.kernel.display.lock().gpu_identifier = address.map(to_physical);
    }

    /// Writes the commands that set the scaler: no operations, since whoever shows a frame fits the
    /// whole of it to what it is shown on. Returns the words written, all that there is room
    /// for.
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
        let words = words.min(SCALER_WORDS);
        for index in 0..words {
            commands.at(index).write(call.memory(), NO_OPERATION)?;
        }
        Ok(words)
    }

    /// Whether the link between processor and chip works: here it is no wire that could be out of
    /// tune.
    #[export(Constant)]
    fn VdIsHSIOTrainingSucceeded(_call: &mut Call) -> bool {
        true
    }

    /// Trains the link to the embedded memory: here it is no wire that could be out of tune.
    #[export(Constant)]
    fn VdRetrainEDRAM(_call: &mut Call) -> u32 {
        0
    }

    /// As `VdRetrainEDRAM`, in steps, with nothing to do in each of them.
    #[export(Constant)]
    fn VdRetrainEDRAMWorker(_call: &mut Call, _step: u32) -> u32 {
        0
    }

    /// The chip's revision: a retail console's, whichever chip the host has.
    #[export(Constant)]
    fn VdGetGraphicsAsicID(_call: &mut Call) -> u32 {
        0x11
    }
}
