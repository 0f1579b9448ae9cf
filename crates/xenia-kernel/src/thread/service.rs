//! Running interrupt callbacks and deferred calls on their hardware threads.

use crate::Kernel;
use crate::layout::{kdpc, kpcr};
use crate::ports::VideoEvent;
use crate::status::failure::Fallible;
use crate::thread::interrupt_level::DISPATCH_LEVEL;
use crate::thread::interrupts::{ServiceCall, ServiceKind};
use crate::thread::life::NewThread;
use xenia_guest::{ALL_HW_THREADS, GuestAddr, NtStatus};
use xenia_sched::{BlockReason, Event, HW_THREADS, MAX_PRIORITY, Scheduler, ThreadRef, Wait};

/// Hardware thread that gets interrupts which name none.
const DEFAULT_INTERRUPT_CPU: u8 = 2;
/// Process types.
const IDLE_PROCESS: u8 = 0;
const TITLE_PROCESS: u8 = 1;

impl Kernel {
    /// Queues a call on a hardware thread's service thread, and starts that if it is idle.
    pub(crate) fn post_service(
        &self,
        scheduler: &mut Scheduler,
        hw_id: u8,
        call: ServiceCall,
    ) -> Fallible<()> {
        if !self.threads.lock().interrupts.push(hw_id, call)? {
            return Ok(());
        }
        let known = self.threads.lock().interrupts.thread(hw_id);
        let thread = match known {
            Some(thread) => thread,
            None => self.make_service_thread(scheduler, hw_id)?,
        };
        let idle = scheduler.thread(thread)?.wait().is_some_and(|wait| wait.reason == BlockReason::Idle);
        if idle && let Some(first) = self.begin_service(scheduler, hw_id, thread)? {
            scheduler.wake_ref(thread, first, 0)?;
        }
        Ok(())
    }

    fn make_service_thread(&self, scheduler: &mut Scheduler, hw_id: u8) -> Fallible<ThreadRef> {
        let made = self.create_thread(
            scheduler,
            &NewThread {
                stack_size: 0x1_0000,
                priority: MAX_PRIORITY,
                service: true,
                ..NewThread::new(
                    self.imports.own_stubs.service_return,
                    self.imports.own_stubs.service_return,
                    hw_id,
                )
            },
        )?;
        scheduler.park(made.reference, Wait::forever(BlockReason::Idle))?;
        self.threads.lock().interrupts.set_thread(hw_id, made.reference);
        Ok(made.reference)
    }

    /// Sets a service thread's registers for its next call. Returns the first argument (r3), or `None`
    /// if nothing is queued.
    fn begin_service(
        &self,
        scheduler: &mut Scheduler,
        hw_id: u8,
        thread: ThreadRef,
    ) -> Fallible<Option<u64>> {
        let next = self.threads.lock().interrupts.pop(hw_id);
        let kpcr = GuestAddr(scheduler.thread(thread)?.ctx.gpr[13] as u32);
        let active = u32::from(next.is_some());
        self.memory.write(kpcr.offset(kpcr::DPC_ACTIVE), active)?;
        let irql = if next.is_some() { DISPATCH_LEVEL } else { 0 };
        self.memory.write(kpcr.offset(kpcr::CURRENT_IRQL), irql)?;
        // Callbacks and deferred calls are the title's, and count as part of its process.
        let process_type = if next.is_some() { TITLE_PROCESS } else { IDLE_PROCESS };
        self.memory.write(kpcr.offset(kpcr::PROCESS_TYPE_IN_DPC), process_type)?;
        scheduler.hold_slot(thread, next.is_some())?;
        let Some(call) = next else { return Ok(None) };
        if let ServiceKind::Dpc(dpc) = call.kind {
            // It may be queued again from now on.
            self.memory.write(dpc.offset(kdpc::SELECTED_CPU), 0_u8)?;
        }
        let ctx = scheduler.context_mut(thread)?;
        ctx.pc = call.pc.0;
        ctx.lr = u64::from(self.imports.own_stubs.service_return.0);
        ctx.gpr[3..7].copy_from_slice(&call.args);
        let kind = match call.kind {
            ServiceKind::Graphics => "graphics",
            ServiceKind::Dpc(_) => "dpc",
        };
        scheduler.emit(&Event::Interrupt { hw_id, kind, pc: call.pc.0 });
        Ok(Some(call.args[0]))
    }

    /// A service thread's call has returned: the next one, or idle.
    pub(crate) fn end_service(&self, scheduler: &mut Scheduler, thread: ThreadRef) -> Fallible<()> {
        let hw_id = scheduler.thread(thread)?.slot();
        if self.threads.lock().interrupts.thread(hw_id) != Some(thread) {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        if self.begin_service(scheduler, hw_id, thread)?.is_none() {
            scheduler.park(thread, Wait::forever(BlockReason::Idle))?;
        }
        Ok(())
    }

    /// Lets the graphics chip catch up with guest time, and passes on what it did.
    pub(crate) fn advance_video(&self, scheduler: &mut Scheduler) -> Fallible<()> {
        let events = {
            let mut video = self.devices.video.lock();
            video.advance(scheduler.now());
            video.take_events()
        };
        for event in events {
            match event {
                VideoEvent::Swap => {
                    let frame = self.display.lock().show_frame(&self.memory);
                    scheduler.emit(&Event::Swap { frame });
                }
                VideoEvent::Interrupt { source, cpu_mask } => {
                    self.graphics_interrupt(scheduler, source, cpu_mask)?;
                }
            }
        }
        Ok(())
    }

    fn graphics_interrupt(&self, scheduler: &mut Scheduler, source: u32, cpu_mask: u8) -> Fallible<()> {
        let Some(callback) = self.threads.lock().interrupts.callback else { return Ok(()) };
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
            self.post_service(scheduler, hw_id, call)?;
        }
        Ok(())
    }

    /// Queues a deferred call with the arguments its object holds, on the hardware thread that it asks for, otherwise
    /// on `hw_id`.
    pub(crate) fn post_dpc(&self, scheduler: &mut Scheduler, dpc: GuestAddr, hw_id: u8) -> Fallible<()> {
        let memory = &self.memory;
        let desired: u8 = memory.read(dpc.offset(kdpc::DESIRED_CPU))?;
        let cpu = desired.checked_sub(1).filter(|&cpu| usize::from(cpu) < HW_THREADS).unwrap_or(hw_id);
        let word = |offset| memory.read::<u32>(dpc.offset(offset)).map(u64::from);
        let call = ServiceCall {
            kind: ServiceKind::Dpc(dpc),
            pc: memory.read(dpc.offset(kdpc::ROUTINE))?,
            args: [u64::from(dpc.0), word(kdpc::CONTEXT)?, word(kdpc::ARG1)?, word(kdpc::ARG2)?],
        };
        // Titles see there that it is queued.
        memory.write(dpc.offset(kdpc::SELECTED_CPU), cpu + 1)?;
        let posted = self.post_service(scheduler, cpu, call);
        if posted.is_err() {
            memory.write(dpc.offset(kdpc::SELECTED_CPU), 0_u8)?;
        }
        posted
    }
}
