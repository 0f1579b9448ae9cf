//! The kernel as the scheduler's [`System`]: system calls, interrupts and the passing of time.

mod calls;
mod resume;
mod time;

use crate::Kernel;
use crate::abi::{Call, Flow};
use crate::breakpoints;
use crate::exceptions::{handle_exception, return_addresses};
use crate::objects::spin_lock;
use crate::status::failure::housekeeping;
use calls::end_damaged;
use std::sync::Arc;
use xenia_cpu::{ExceptionKind, GuestException, PpcContext};
use xenia_guest::layout::kthread;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{DeviceStore, MmioDevice};
use xenia_sched::{
    BlockReason, Cpu, Disposition, GuestTicks, Holder, Running, SymbolicAddress, System, Wait, WaitTicket,
    Woken, WorkReport,
};

/// LEV field of the `sc` instructions in patched import thunks.
const KERNEL_CALL: u8 = 2;

/// The executor's [`System`], implemented by a [`Kernel`].
#[derive(Clone)]
pub struct KernelSystem {
    pub kernel: Arc<Kernel>,
}

impl KernelSystem {
    pub fn new(kernel: Arc<Kernel>) -> Self {
        Self { kernel }
    }
}

/// Runs the deferred deletions of a call when it is over. A drop guard, so that the call's result
/// is built in place: copying it afterwards took an eighth of an empty call's time.
struct RunDeferredDeletions<'a>(&'a Kernel);

impl Drop for RunDeferredDeletions<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.run_deferred_deletions();
    }
}

impl System for KernelSystem {
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, lev: u8) -> Disposition {
        let kernel = &*self.kernel;
        let _after = RunDeferredDeletions(kernel);
        let mut call = Call::new(kernel, cpu, running);
        match lev {
            KERNEL_CALL => kernel.kernel_call(&mut call),
            0 => kernel.program_call(&mut call),
            lev => end_damaged(&call, &format!("sc with LEV {lev}")),
        }
    }

    fn exception(
        &mut self,
        cpu: &mut dyn Cpu,
        running: &mut Running,
        exception: GuestException,
    ) -> Disposition {
        let kernel = &*self.kernel;
        if exception.kind == (ExceptionKind::Trap { word: breakpoints::TRAP })
            && kernel.breakpoints.is_hit(exception.pc, running.id)
        {
            return Disposition::Stop;
        }
        let mut call = Call::new(kernel, cpu, running);
        let flow = handle_exception(&mut call, exception);
        let disposition = kernel.apply(&mut call, flow);
        kernel.run_deferred_deletions();
        disposition
    }

    fn thread_moved(&mut self, running: &Running) {
        let Kernel { threads, memory, .. } = &*self.kernel;
        let stored = threads.lock().publish_processor(memory, running.id, running.hw_id);
        housekeeping("a thread that moved", stored);
    }

    fn priority_changed(&mut self, cpu: &mut dyn Cpu, id: u32) {
        let Kernel { threads, memory, .. } = &*self.kernel;
        // Held until the object is written, so that the last writer has also read last. A thread
        // without a record has no object any more.
        let threads = threads.lock();
        let Some(record) = threads.get(id) else { return };
        let stored = cpu.priority(record.reference).map_err(Into::into).and_then(|priority| {
            memory.write(record.kthread.offset(kthread::PRIORITY), priority).map_err(Into::into)
        });
        housekeeping("a thread's priority", stored);
    }

    fn end_visit(&mut self, cpu: &mut dyn Cpu, _hw_id: u8, stores: &[DeviceStore]) {
        let now = cpu.now();
        let mut graphics = false;
        for store in stores {
            match store.register() {
                Some((MmioDevice::Gpu, index)) => {
                    graphics = true;
                    self.kernel.chips.video.lock().store_register(index, store.value, now);
                }
                Some((MmioDevice::Xma, index)) => {
                    // XMA registers are little-endian: titles store them byte-reversed.
                    let value = store.value.swap_bytes();
                    self.kernel.chips.xma.lock().store_register(index, value, now);
                }
                None => {}
            }
        }
        if graphics {
            housekeeping("graphics", self.kernel.video_events().advance(cpu));
        }
    }

    fn show_stores(&mut self, stores: &[DeviceStore]) {
        for store in stores {
            if let Some((device, index)) = store.register() {
                self.kernel.memory.device_registers(device).store(index, store.value);
            }
        }
    }

    fn resume_unparked(&mut self, cpu: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition {
        let kernel = &*self.kernel;
        // Waits for a thread that is interrupting this wait: it queues the resulting call before it
        // releases the turn.
        drop(kernel.dispatcher.turn(running.thread));
        running.ctx.gpr[3] = value;
        if let Some(trace) = kernel.imports.trace() {
            trace.end_wait(&kernel.memory, cpu.now(), running.id, value);
        }
        let mut left = None;
        if kernel.pending_calls.is_any() {
            kernel.services().enter_begun(running.thread, &mut running.ctx);
            kernel.render_callbacks().enter_call(running.thread, &mut running.ctx);
            left = kernel.apcs().take_pending_call(running.id);
        }
        let disposition = match left {
            Some(guest) => kernel.apply(&mut Call::new(kernel, cpu, running), Flow::CallGuest(guest)),
            None => Disposition::Continue,
        };
        kernel.run_deferred_deletions();
        disposition
    }

    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, wait: &Wait) {
        let status = match wait.reason {
            BlockReason::Delay => NtStatus::SUCCESS,
            _ => NtStatus::TIMEOUT,
        };
        let Kernel { dispatcher, file_tables, sections, spin_locks, memory, .. } = &*self.kernel;
        // Under the lock of its wait list, if it is on one, the wait is either over or cannot end.
        let mut end = || match cpu.time_out(ticket, status.to_register()) {
            Ok(woken) => woken != Woken::NotWaiting,
            Err(error) => {
                tracing::error!(target: "kernel", "timing out a wait: {error}");
                false
            }
        };
        match wait.reason {
            BlockReason::CriticalSection { section } => {
                sections.end_wait(GuestAddr(section), ticket.thread, end);
            }
            BlockReason::SpinLock { lock } => spin_locks.end_wait(GuestAddr(lock), ticket.thread, end),
            BlockReason::Socket => self.kernel.sockets().end_wait(cpu, ticket),
            BlockReason::Completion => {
                let mut ports = file_tables.ports.lock();
                if end() {
                    ports.cancel(ticket.thread);
                }
            }
            BlockReason::Objects { .. }
            | BlockReason::Delay
            | BlockReason::Idle
            | BlockReason::Overlapped
            | BlockReason::Dialog => {
                let mut wait = dispatcher.wait_of(ticket.thread);
                if end() {
                    drop(wait.take(memory));
                }
            }
        }
        self.kernel.run_deferred_deletions();
    }

    fn advance(&mut self, cpu: &mut dyn Cpu) {
        self.kernel.pass_time(cpu);
        self.kernel.run_deferred_deletions();
    }

    fn advance_devices(&mut self, cpu: &mut dyn Cpu) -> bool {
        housekeeping("graphics", self.kernel.video_events().advance(cpu));
        self.kernel.run_deferred_deletions();
        self.kernel.chips.video.lock().next_event().is_some_and(|next| next <= cpu.now())
    }

    fn work(&mut self) -> Option<WorkReport> {
        self.kernel.work()
    }

    fn has_work(&self) -> bool {
        !self.kernel.transfers.is_empty()
    }

    fn watches_memory(&self) -> bool {
        self.kernel.spin_locks.has_waiters()
    }

    fn next_stamp(&self, now: GuestTicks) -> Option<GuestTicks> {
        // Where titles read the time, timers that get their first waiter are in time without a
        // notification, too: all are due at such times.
        self.kernel.imports.time_stamp_bundle().map(|_| time::next_millisecond(now))
    }

    fn next_event(&self) -> Option<GuestTicks> {
        let Kernel { dispatcher, spin_locks, memory, .. } = &*self.kernel;
        let now = spin_locks.has_waiters() && spin_lock::is_one_free(memory, spin_locks);
        if now {
            return Some(0);
        }
        let timer = dispatcher.timers().next_noticed();
        timer.into_iter().chain(self.kernel.next_but_timers()).min()
    }

    fn next_device_event(&self) -> Option<GuestTicks> {
        // Without a callback, interrupts of the graphics chip do not reach guest code.
        let callback = self.kernel.threads.lock().interrupts.callback.is_some();
        if !callback {
            return None;
        }
        // While its thread works, maybe for long, the chip has an event that is due now.
        self.kernel.chips.video.try_lock().map_or(Some(0), |video| video.next_event())
    }

    fn quiet_until(&self, now: GuestTicks) -> Option<GuestTicks> {
        let Kernel { dispatcher, spin_locks, chips, .. } = &*self.kernel;
        if spin_locks.has_waiters() {
            return None;
        }
        // Guest code may poll a timer's state, and reads the time in milliseconds from memory.
        let timer = dispatcher.timers().next_due();
        let blank = chips.video.lock().next_event();
        let others = timer.into_iter().chain(blank).chain(self.kernel.next_but_timers());
        Some(others.fold(time::next_millisecond(now), GuestTicks::min))
    }

    fn frames(&self) -> u64 {
        self.kernel.frames()
    }

    fn call_stack(&self, context: &PpcContext) -> Vec<u32> {
        return_addresses(&self.kernel.memory, context)
    }

    fn holders(&self, reason: &BlockReason) -> Vec<Holder> {
        self.kernel.lock_holders().holders(reason)
    }

    fn place_of(&self, address: u32) -> Option<SymbolicAddress> {
        self.kernel.symbolizer().instruction(address)
    }

    fn place_of_return(&self, address: u32) -> Option<SymbolicAddress> {
        self.kernel.symbolizer().return_address(address)
    }
}
