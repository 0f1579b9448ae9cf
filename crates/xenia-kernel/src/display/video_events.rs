//! Events of the graphics chip: frames that it has shown, and its interrupts.

use super::Display;
use crate::ports::{Video, VideoEvent};
use crate::status::failure::Fallible;
use crate::thread::interrupts::{ServiceCall, ServiceKind};
use crate::thread::service::ServiceThreads;
use xenia_guest::ALL_HW_THREADS;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, Event, HW_THREADS};
use xenia_sync::Mutex;

/// Hardware thread for interrupts that name none.
const DEFAULT_INTERRUPT_CPU: u8 = 2;

/// The graphics chip, the display that it feeds, and the threads that serve its interrupts.
#[derive(Clone, Copy)]
pub struct VideoEvents<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) video: &'k Mutex<Box<dyn Video>>,
    pub(crate) display: &'k Mutex<Display>,
    pub(crate) services: ServiceThreads<'k>,
}

impl VideoEvents<'_> {
    /// Advances the graphics chip to the current guest time, and handles its events.
    pub(crate) fn advance(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let events = {
            let mut video = self.video.lock();
            video.advance(cpu.now());
            video.take_events()
        };
        let mut result = Ok(());
        for event in events {
            match event {
                VideoEvent::Swap => {
                    let frame = self.display.lock().show_frame(self.memory);
                    cpu.emit(&Event::Swap { frame });
                }
                VideoEvent::Interrupt { source, cpu_mask } => {
                    // A failed interrupt must not prevent the others.
                    result = self.interrupt(cpu, source, cpu_mask).and(result);
                }
            }
        }
        result
    }

    fn interrupt(&self, cpu: &mut dyn Cpu, source: u32, cpu_mask: u8) -> Fallible<()> {
        let Some(callback) = self.services.threads.lock().interrupts.callback else { return Ok(()) };
        let mask = match cpu_mask & ALL_HW_THREADS {
            0 => 1 << DEFAULT_INTERRUPT_CPU,
            mask => mask,
        };
        for hw_id in (0..HW_THREADS as u8).filter(|hw_id| mask >> hw_id & 1 != 0) {
            let call = ServiceCall {
                kind: ServiceKind::Graphics,
                pc: callback.pc,
                args: [u64::from(source), u64::from(callback.data), 0, 0],
            };
            self.services.post(cpu, hw_id, call)?;
        }
        Ok(())
    }
}
