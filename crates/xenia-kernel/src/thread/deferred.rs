//! Deferred and asynchronous procedure calls: queueing them, and delivering APCs and alerts to threads that wait for them.

use crate::Kernel;
use crate::abi::{Call, Continuation, Flow, GuestCall};
use crate::layout::{kapc, kdpc};
use crate::limits::Limit;
use crate::status::failure::Fallible;
use crate::thread::records::{Apc, ApcSource, Threads};
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, ThreadRef, Woken};

/// A processor mode, as titles name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The kernel's.
    Kernel = 0,
    /// Everybody else's.
    User = 1,
}

impl Mode {
    /// What an argument means.
    pub(crate) fn of(argument: u32) -> Self {
        if argument as u8 == 0 { Self::Kernel } else { Self::User }
    }
}

impl Kernel {
    /// Queues a deferred call with these last two arguments; `false` if it is queued already.
    pub(crate) fn queue_dpc(
        &self,
        cpu: &mut dyn Cpu,
        dpc: GuestAddr,
        arg1: u32,
        arg2: u32,
        hw_id: u8,
    ) -> Fallible<bool> {
        if self.threads.lock().interrupts.has_dpc(dpc) {
            return Ok(false);
        }
        self.memory.write(dpc.offset(kdpc::ARG1), arg1)?;
        self.memory.write(dpc.offset(kdpc::ARG2), arg2)?;
        self.post_dpc(cpu, dpc, hw_id)?;
        Ok(true)
    }

    /// Queues a user APC to a thread. If the thread is in an alertable wait, that ends, and the APC runs.
    pub(crate) fn queue_apc(&self, cpu: &mut dyn Cpu, thread_id: u32, apc: Apc) -> Fallible<()> {
        let reference = {
            let mut threads = self.threads.lock();
            let record = threads.get_mut(thread_id).filter(|record| !record.ended);
            let record = record.ok_or(NtStatus::THREAD_IS_TERMINATING)?;
            self.limits.admit(Limit::Apcs, record.apcs.len())?;
            record.apcs.push_back(apc);
            record.reference
        };
        let mut entered = Ok(());
        self.interrupt(cpu, reference, NtStatus::USER_APC, &mut |ctx| {
            entered = self.enter_apc(thread_id, ctx);
        })?;
        entered
    }

    /// A thread whose wait has been interrupted calls its next APC.
    fn enter_apc(&self, thread_id: u32, ctx: &mut PpcContext) -> Fallible<()> {
        let next = self.threads.lock().next_apc(&self.memory, thread_id)?;
        match next {
            Some(guest) => self.push_frame(thread_id, ctx, guest),
            None => Ok(()),
        }
    }

    /// Ends a thread's wait with `status` if it is alertable, and takes it off its lists; says whether it was.
    fn interrupt(
        &self,
        cpu: &mut dyn Cpu,
        thread: ThreadRef,
        status: NtStatus,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Fallible<bool> {
        // Held from before the wait ends until it is on no list: no signal goes to a wait that is over.
        let mut dispatcher = self.dispatcher.lock();
        let interrupted = cpu.interrupt(thread, status.to_register(), registers)? == Woken::Yes;
        if interrupted {
            dispatcher.cancel(thread);
        }
        Ok(interrupted)
    }

    /// Alerts a thread: its alertable wait, this or the next, ends with `ALERTED`. Returns whether it was alerted already.
    pub(crate) fn alert(&self, cpu: &mut dyn Cpu, thread_id: u32, mode: Mode) -> Fallible<bool> {
        let (reference, before) = {
            let mut threads = self.threads.lock();
            let record = threads.get_mut(thread_id).ok_or(NtStatus::INVALID_PARAMETER)?;
            (record.reference, record.alerted[mode as usize])
        };
        if before {
            return Ok(true);
        }
        if !self.interrupt(cpu, reference, NtStatus::ALERTED, &mut |_| ())?
            && let Some(record) = self.threads.lock().get_mut(thread_id)
        {
            record.alerted[mode as usize] = true;
        }
        Ok(false)
    }
}

impl Threads {
    /// Uses up a thread's alert of one mode; says whether there was one.
    pub(crate) fn take_alert(&mut self, thread_id: u32, mode: Mode) -> bool {
        self.get_mut(thread_id).is_some_and(|record| std::mem::take(&mut record.alerted[mode as usize]))
    }

    /// What ends an alertable wait of the calling thread before it begins: an alert, or an APC.
    pub(crate) fn interruption(
        &mut self,
        memory: &GuestMemory,
        thread_id: u32,
    ) -> Fallible<Option<Flow<NtStatus>>> {
        if self.take_alert(thread_id, Mode::User) {
            return Ok(Some(Flow::Return(NtStatus::ALERTED)));
        }
        if let Some(apc) = self.next_apc(memory, thread_id)? {
            return Ok(Some(Flow::CallGuest(apc)));
        }
        let alerted = self.take_alert(thread_id, Mode::Kernel);
        Ok(alerted.then_some(Flow::Return(NtStatus::ALERTED)))
    }

    /// The call of a thread's next APC, taken from its queue. After the last, the interrupted wait returns `USER_APC`.
    pub(crate) fn next_apc(&mut self, memory: &GuestMemory, thread_id: u32) -> Fallible<Option<GuestCall>> {
        let apc = self.get_mut(thread_id).and_then(|record| record.apcs.pop_front());
        let Some(apc) = apc else { return Ok(None) };
        if let ApcSource::Object(object) = apc.source {
            memory.write(object.offset(kapc::INSERTED), 0_u8)?;
        }
        let then = Continuation::Export { name: "apc_returned", run: apc_returned, state: [0; 4] };
        Ok(Some(GuestCall { pc: apc.routine, args: apc.args.to_vec(), link: None, then }))
    }
}

/// An APC has returned: the next one, or the result of the wait that it interrupted.
fn apc_returned(call: &mut Call, _result: u64, _state: [u64; 4]) -> Flow {
    let next = call.kernel.threads.lock().next_apc(call.memory(), call.thread_id());
    match next {
        Ok(Some(guest)) => Flow::CallGuest(guest),
        Ok(None) => Flow::Return(NtStatus::USER_APC.to_register()),
        Err(failure) => Flow::Return(failure.status().to_register()),
    }
}
