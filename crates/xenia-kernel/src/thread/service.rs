//! Service threads: run interrupt callbacks and DPCs on their hardware threads.
//!
//! Each has a control region of its own, in which titles see that a DPC runs
//! (docs/src/decisions/0008-threads-timers-waits.md). Invariant: a call that has left its queue
//! is made, even if its object's memory was freed meanwhile.

use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use crate::thread::interrupt_level::DISPATCH_LEVEL;
use crate::thread::interrupts::{ServiceCall, ServiceKind, ServiceThread};
use crate::thread::life::{NewThread, ThreadLife};
use crate::thread::pending_count::PendingCount;
use crate::thread::records::Threads;
use xenia_cpu::PpcContext;
use xenia_guest::layout::{kdpc, kpcr};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{
    Alertable, BlockReason, Cpu, Event, HW_THREADS, MAX_PRIORITY, ThreadRef, Wait, WakeResult,
};
use xenia_sync::Mutex;

/// Process types in `KPCR`.
const IDLE_PROCESS: u8 = 0;
const TITLE_PROCESS: u8 = 1;

impl ServiceCall {
    /// Updates a DPC's object after the call was taken from its queue: the DPC may be queued again,
    /// and titles see that. The caller holds the queues' lock, so the DPC can't be queued again
    /// before.
    fn show_taken(&self, memory: &GuestMemory) {
        if let ServiceKind::Dpc(dpc) = self.kind {
            // The call is made although its object's memory was freed: it has left the queue.
            let _ = memory.write(dpc.offset(kdpc::SELECTED_CPU), 0_u8);
        }
    }
}

/// Service threads: one for each hardware thread, created on first use.
#[derive(Clone, Copy)]
pub struct ServiceThreads<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) threads: &'k Mutex<Threads>,
    /// Locks that are held while a service thread is started or stopped.
    pub(crate) turns: &'k [Mutex<()>; HW_THREADS],
    /// Number of calls saved for threads whose wait ended before they parked.
    pub(crate) pending_calls: &'k PendingCount,
    pub(crate) life: ThreadLife<'k>,
    /// Address to which a service thread's calls return.
    pub(crate) service_return: GuestAddr,
}

impl ServiceThreads<'_> {
    /// Queues a DPC with these last two arguments, on the hardware thread that its object names,
    /// otherwise on `hw_id`. Returns `false` if it is queued already.
    pub fn queue_dpc(
        &self,
        cpu: &mut dyn Cpu,
        dpc: GuestAddr,
        arg1: u32,
        arg2: u32,
        hw_id: u8,
    ) -> Fallible<bool> {
        let queued = self.threads.lock().push_dpc(self.memory, dpc, [arg1, arg2], hw_id)?;
        let Some(hw_id) = queued else { return Ok(false) };
        if let Err(failure) = self.start(cpu, hw_id) {
            self.threads.lock().take_back_dpc(self.memory, dpc)?;
            return Err(failure);
        }
        Ok(true)
    }

    /// Queues a call on a hardware thread's service thread, and wakes that if it is idle.
    pub(crate) fn post(&self, cpu: &mut dyn Cpu, hw_id: u8, call: ServiceCall) -> Fallible<()> {
        if !self.threads.lock().interrupts.push(hw_id, call)? {
            return Ok(());
        }
        self.start(cpu, hw_id)
    }

    /// Gives a hardware thread's service thread its next call if it is idle. Creates the service
    /// thread on first use.
    pub(crate) fn start(&self, cpu: &mut dyn Cpu, hw_id: u8) -> Fallible<()> {
        // Serialises the creator of the thread, its wakers, and the thread itself as it becomes
        // idle.
        let _turn = self.turns[usize::from(hw_id) % HW_THREADS].lock();
        if self.threads.lock().interrupts.thread(hw_id).is_none() {
            self.make_thread(cpu, hw_id)?;
        }
        let (service, first) = {
            let mut threads = self.threads.lock();
            let Some((service, first)) = threads.interrupts.begin(hw_id) else { return Ok(()) };
            self.pending_calls.add();
            first.show_taken(self.memory);
            (service, first)
        };
        if let Err(failure) = self.show(cpu, hw_id, service.kpcr, Some(&first)) {
            self.threads.lock().interrupts.set_thread(hw_id, service);
            self.pending_calls.remove(1);
            return Err(failure);
        }
        cpu.hold_slot(service.thread, true)?;
        let woken = cpu.wake_with(service.thread, WakeResult::unboosted(first.args[0]), &mut |ctx| {
            self.enter_begun(service.thread, ctx);
        })?;
        woken.by_owner(service.thread);
        Ok(())
    }

    fn make_thread(&self, cpu: &mut dyn Cpu, hw_id: u8) -> Fallible<()> {
        let returns = self.service_return;
        let made = self.life.create(
            cpu,
            &NewThread {
                stack_size: 0x1_0000,
                priority: MAX_PRIORITY,
                service: true,
                ..NewThread::new(returns, returns, hw_id)
            },
        )?;
        let mut threads = self.threads.lock();
        let kpcr = threads.get(made.id).ok_or(NtStatus::INVALID_HANDLE)?.kpcr;
        threads
            .interrupts
            .set_thread(hw_id, ServiceThread { thread: made.reference, kpcr, idle: true, begun: None });
        Ok(())
    }

    /// Publishes in guest memory and in the event log which call a service thread runs.
    fn show(
        &self,
        cpu: &mut dyn Cpu,
        hw_id: u8,
        kpcr: GuestAddr,
        call: Option<&ServiceCall>,
    ) -> Fallible<()> {
        self.memory.write(kpcr.offset(kpcr::DPC_ACTIVE), u32::from(call.is_some()))?;
        let irql = if call.is_some() { DISPATCH_LEVEL } else { 0 };
        self.memory.write(kpcr.offset(kpcr::CURRENT_IRQL), irql)?;
        // Callbacks and DPCs are the title's code and run as part of its process.
        let process_type = if call.is_some() { TITLE_PROCESS } else { IDLE_PROCESS };
        self.memory.write(kpcr.offset(kpcr::PROCESS_TYPE_IN_DPC), process_type)?;
        let Some(call) = call else { return Ok(()) };
        let kind = match call.kind {
            ServiceKind::Graphics => "graphics",
            ServiceKind::Dpc(_) => "dpc",
        };
        cpu.emit(&Event::Interrupt { hw_id, kind, pc: call.pc.0 });
        Ok(())
    }

    /// Sets a service thread's registers for its next call.
    fn enter(&self, ctx: &mut PpcContext, call: &ServiceCall) {
        ctx.pc = call.pc.0;
        ctx.lr = u64::from(self.service_return.0);
        ctx.gpr[3..7].copy_from_slice(&call.args);
    }

    /// Sets a service thread's registers for the call for which it was woken.
    pub(crate) fn enter_begun(&self, thread: ThreadRef, ctx: &mut PpcContext) {
        let begun = self.threads.lock().interrupts.take_begun(thread);
        if let Some(call) = begun {
            self.pending_calls.remove(1);
            self.enter(ctx, &call);
        }
    }

    /// Ends a service thread's call: begins the next one, or makes the thread idle.
    pub(crate) fn end_call(&self, call: &mut Call) -> Fallible<Flow> {
        let hw_id = call.hw_id();
        let _turn = self.turns[usize::from(hw_id) % HW_THREADS].lock();
        let next = {
            let mut threads = self.threads.lock();
            if threads.interrupts.thread(hw_id).is_none_or(|service| service.thread != call.thread()) {
                return Err(NtStatus::INVALID_PARAMETER.into());
            }
            let next = threads.interrupts.next_call(hw_id);
            if let Some(next) = next {
                next.show_taken(self.memory);
            } else {
                let thread = call.thread();
                call.cpu.open_wait(thread, Alertable::No)?;
            }
            next
        };
        let thread = call.thread();
        let kpcr = call.kpcr();
        self.show(call.cpu, hw_id, kpcr, next.as_ref())?;
        call.cpu.hold_slot(thread, next.is_some())?;
        Ok(match next {
            Some(next) => {
                self.enter(call.ctx_mut(), &next);
                Flow::Return(next.args[0])
            }
            None => Flow::Block(Wait::forever(BlockReason::Idle)),
        })
    }
}
