//! Connects the GPU's command processor to the kernel's video port.
//!
//! Kernel and GPU do not depend on each other; this module is their only connection. All work is
//! done by the thread that pumps the port (the machine's, or the graphics thread of `--parallel`),
//! at guest times that the executor gives.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use xenia_gpu::packets::swap_commands;
use xenia_gpu::{CommandProcessor, GpuEvent, SwapPicture};
use xenia_kernel::ports::{DisplayMode, SwapCommands, Video, VideoEvent};
use xenia_memory::{GuestMemory, MmioDevice};
use xenia_sched::GuestTicks;
use xenia_sync::Mutex;

/// Sink for captured pictures, with the swap's number from 1 and its guest time.
pub type FrameSink = Box<dyn FnMut(u64, GuestTicks, SwapPicture) + Send>;

/// Swaps that are captured as pictures. A capture costs host time and does not affect the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// Capture no swap.
    Nothing,
    /// Capture every swap.
    Every,
    /// Capture only the swap with this number, from 1.
    Swap(u64),
}

/// Progress of the chip that other threads can read at any time: the processor is locked for as
/// long as it works.
#[derive(Debug, Default)]
pub struct VideoProgress {
    /// Guest time of the first swap, once there was one.
    pub first_swap: OnceLock<GuestTicks>,
    /// Number of draws, as of the last pump.
    pub draws: AtomicU64,
}

/// The kernel's video port, implemented by the GPU's command processor.
pub struct GpuPort {
    processor: Arc<Mutex<CommandProcessor>>,
    memory: Arc<GuestMemory>,
    capture: Capture,
    sink: FrameSink,
    events: Vec<VideoEvent>,
    mode: DisplayMode,
    progress: Arc<VideoProgress>,
}

impl GpuPort {
    /// Connects a processor to the port. `processor` is shared with the machine, for reports, GPU
    /// recordings and states.
    pub fn new(
        processor: Arc<Mutex<CommandProcessor>>,
        memory: Arc<GuestMemory>,
        capture: Capture,
        sink: FrameSink,
        mode: DisplayMode,
    ) -> Self {
        if capture == Capture::Swap(1) {
            processor.lock().capture_next();
        }
        let events = Vec::new();
        let progress = Arc::default();
        let port = Self { processor, memory, capture, sink, events, mode, progress };
        port.publish(0);
        port
    }

    /// The progress, which other threads can read.
    pub fn progress(&self) -> Arc<VideoProgress> {
        self.progress.clone()
    }

    /// Updates the progress, and the registers that the CPU can load to their state at `now`.
    fn publish(&self, now: GuestTicks) {
        let registers = self.memory.device_registers(MmioDevice::Gpu);
        let mut processor = self.processor.lock();
        processor.refresh_registers(now, |index, value| registers.store(index, value));
        self.progress.draws.store(processor.statistics().draws, Relaxed);
    }

    fn wants_next(&self, swaps_done: u64) -> bool {
        matches!(self.capture, Capture::Swap(number) if number == swaps_done + 1)
    }
}

impl Video for GpuPort {
    fn display_mode(&self) -> DisplayMode {
        self.mode
    }

    fn initialize_ring(&mut self, physical: u32, size_log2: u32) {
        self.processor.lock().initialize_ring(physical, size_log2);
    }

    fn enable_read_pointer_write_back(&mut self, physical: u32, block_log2: u32) {
        self.processor.lock().enable_rptr_writeback(physical, block_log2);
    }

    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks) {
        self.processor.lock().store_register(index, value, now);
    }

    fn advance(&mut self, now: GuestTicks) {
        let events = self.processor.lock().pump(now);
        for event in events {
            match event {
                GpuEvent::Interrupt { cpu_mask, source } => {
                    self.events.push(VideoEvent::Interrupt { source, cpu_mask: cpu_mask as u8 & 0x3F });
                }
                GpuEvent::Swap { number, .. } => {
                    self.events.push(VideoEvent::Swap);
                    self.progress.first_swap.get_or_init(|| now);
                    let mut processor = self.processor.lock();
                    if let Some(picture) = processor.take_picture(number) {
                        drop(processor);
                        (self.sink)(number, now, picture);
                    } else if self.wants_next(number) {
                        processor.capture_next();
                    }
                }
            }
        }
        self.publish(now);
    }

    fn set_field_period(&mut self, period: GuestTicks) {
        self.processor.lock().set_vblank_period(period);
    }

    fn next_event(&self) -> Option<GuestTicks> {
        self.processor.lock().next_event_time()
    }

    fn take_events(&mut self) -> Vec<VideoEvent> {
        std::mem::take(&mut self.events)
    }

    fn swap_commands(&self) -> SwapCommands {
        |request| swap_commands(request.fetch, request.front_buffer, request.width, request.height)
    }
}
