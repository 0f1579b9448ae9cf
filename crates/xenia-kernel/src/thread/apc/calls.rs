//! APC delivery: the guest calls of an APC, which are its kernel routine, then its normal routine.
//! The continuation of each call determines the next step.

use super::{Apc, ApcQueues, ApcSource};
use crate::abi::{AfterApc, Call, Continuation, Flow, GuestCall, KernelResumption, ProcessorMode};
use crate::status::failure::Fallible;
use crate::thread::frames::call_frame_locals;
use crate::thread::interrupt_level::APC_LEVEL;
use crate::thread::records::{ThreadRecord, Threads};
use crate::thread::waiting;
use xenia_guest::layout::{kapc, kpcr, kthread};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// An APC routine that a thread runs or is about to run.
pub(super) struct ApcCall {
    /// Whether it is the normal routine.
    is_normal: bool,
    mode: ProcessorMode,
    /// Continuation of the thread after the APC.
    pub(super) after: AfterApc,
}

impl ApcCall {
    /// The APC routine after which a call continues in this way, if it is one.
    fn of(then: &Continuation) -> Option<Self> {
        match *then {
            Continuation::Kernel(KernelResumption::ApcKernelRoutine { level: _, mode, after }) => {
                Some(Self { is_normal: false, mode, after })
            }
            Continuation::Kernel(KernelResumption::ApcNormalRoutine { mode, after }) => {
                Some(Self { is_normal: true, mode, after })
            }
            _ => None,
        }
    }
}

impl ApcQueues<'_> {
    /// Delivers a kernel-mode APC that may run now, as the calling thread returns from a kernel
    /// call.
    #[inline]
    pub fn before_return(&self, call: &Call, value: u64) -> Flow {
        if self.pending_apcs.is_any() { self.deliver(call, value) } else { Flow::Return(value) }
    }

    fn deliver(&self, call: &Call, value: u64) -> Flow {
        call.forget_abandoned_calls();
        let next = self.next_kernel(&mut self.threads.lock(), call.thread_id(), AfterApc::Return(value));
        match next {
            Ok(Some(guest)) => Flow::CallGuest(guest),
            Ok(None) => Flow::Return(value),
            Err(failure) => {
                tracing::debug!(target: "kernel", "an APC of thread {}: {failure}", call.thread_id());
                Flow::Return(value)
            }
        }
    }

    /// Takes the next kernel-mode APC that may run now.
    pub(super) fn next_kernel(
        &self,
        threads: &mut Threads,
        thread_id: u32,
        after: AfterApc,
    ) -> Fallible<Option<GuestCall>> {
        loop {
            let Some(record) = threads.get_mut(thread_id) else { return Ok(None) };
            let Some(first) = record.apcs.kernel.front() else { return Ok(None) };
            let level: u8 = self.memory.read(record.kpcr.offset(kpcr::CURRENT_IRQL))?;
            let disabled: i32 = self.memory.read(record.kthread.offset(kthread::APC_DISABLE_COUNT))?;
            let held_back = !first.routine.is_null() && (disabled != 0 || record.is_in_kernel_apc());
            if level != 0 || held_back {
                return Ok(None);
            }
            let Some(apc) = record.apcs.kernel.pop_front() else { return Ok(None) };
            self.pending_apcs.remove(1);
            if let Some(guest) = begin(self.memory, record, apc, ProcessorMode::Kernel, after)? {
                return Ok(Some(guest));
            }
        }
    }

    /// Takes the call of the next rundown routine of a thread that is about to end with `code`. Its
    /// remaining APCs are not delivered otherwise.
    pub(crate) fn next_rundown(&self, thread_id: u32, code: u32) -> Option<GuestCall> {
        let mut threads = self.threads.lock();
        let apcs = &mut threads.get_mut(thread_id)?.apcs;
        apcs.run_down = true;
        loop {
            let apc = match apcs.kernel.pop_front() {
                Some(apc) => {
                    self.pending_apcs.remove(1);
                    apc
                }
                None => apcs.user.pop_front()?,
            };
            let ApcSource::Object(object) = apc.source else { continue };
            // An object whose memory was freed has no rundown routine.
            let _ = self.memory.write(object.offset(kapc::INSERTED), 0_u8);
            let routine: GuestAddr =
                self.memory.read(object.offset(kapc::RUNDOWN_ROUTINE)).unwrap_or(GuestAddr::NULL);
            if !routine.is_null() {
                let then = Continuation::Kernel(KernelResumption::ApcRundown { code });
                return Some(GuestCall { args: vec![u64::from(object.0)], ..GuestCall::new(routine, then) });
            }
        }
    }
}

impl ThreadRecord {
    /// APC routines that the thread runs or is about to run.
    pub(super) fn apc_calls(&self) -> impl Iterator<Item = ApcCall> + '_ {
        let before_park = self.apcs.before_park.iter().map(|call| &call.then);
        let calls = self.frames.iter().map(|frame| &frame.then).chain(before_park);
        calls.filter_map(ApcCall::of)
    }

    /// Whether the thread runs the normal routine of a kernel-mode APC.
    fn is_in_kernel_apc(&self) -> bool {
        self.apc_calls().any(|call| call.is_normal && call.mode == ProcessorMode::Kernel)
    }
}

impl Threads {
    /// Takes a thread's next user APC and returns its call.
    pub(crate) fn next_apc(&mut self, memory: &GuestMemory, thread_id: u32) -> Fallible<Option<GuestCall>> {
        let Some(record) = self.get_mut(thread_id) else { return Ok(None) };
        while let Some(apc) = record.apcs.user.pop_front() {
            if let Some(guest) = begin(memory, record, apc, ProcessorMode::User, AfterApc::AlertableWait)? {
                return Ok(Some(guest));
            }
        }
        Ok(None)
    }
}

/// The first call of an APC that was taken from its queue; `None` if it has no routine.
fn begin(
    memory: &GuestMemory,
    record: &mut ThreadRecord,
    apc: Apc,
    mode: ProcessorMode,
    after: AfterApc,
) -> Fallible<Option<GuestCall>> {
    let mut object = GuestAddr::NULL;
    if let ApcSource::Object(at) = apc.source {
        // The APC runs although its object's memory was freed: it has left the queue.
        let _ = memory.write(at.offset(kapc::INSERTED), 0_u8);
        object = at;
    }
    if apc.kernel_routine.is_null() {
        if apc.routine.is_null() {
            return Ok(None);
        }
        let flags = (apc.source == ApcSource::Socket).then_some(0);
        let args = apc.args.into_iter().chain(flags).collect();
        return Ok(Some(normal_routine(apc.routine, args, mode, after)));
    }
    let level_at = record.kpcr.offset(kpcr::CURRENT_IRQL);
    let level: u8 = memory.read(level_at)?;
    memory.write(level_at, level.max(APC_LEVEL))?;
    let then = Continuation::Kernel(KernelResumption::ApcKernelRoutine { level, mode, after });
    Ok(Some(GuestCall {
        args: vec![u64::from(object.0)],
        // The kernel routine gets the addresses of these, and may change them.
        locals: [apc.routine.0].into_iter().chain(apc.args.iter().map(|&word| word as u32)).collect(),
        ..GuestCall::new(apc.kernel_routine, then)
    }))
}

/// The call of an APC's normal routine.
fn normal_routine(routine: GuestAddr, args: Vec<u64>, mode: ProcessorMode, after: AfterApc) -> GuestCall {
    let then = Continuation::Kernel(KernelResumption::ApcNormalRoutine { mode, after });
    GuestCall { args, ..GuestCall::new(routine, then) }
}

/// Continuation of an APC's kernel routine: calls the normal routine that it has left in the
/// locals.
pub(crate) fn after_kernel_routine(call: &mut Call, level: u8, mode: ProcessorMode, after: AfterApc) -> Flow {
    let words = || -> Fallible<[u32; 4]> {
        let at = call_frame_locals(call.ctx().gpr[1]);
        call.memory().write(call.kpcr().offset(kpcr::CURRENT_IRQL), level)?;
        let mut words = [0; 4];
        for (index, word) in (0..).zip(&mut words) {
            *word = call.memory().read(at.offset(4 * index))?;
        }
        Ok(words)
    };
    match words() {
        Ok([0, ..]) => finish(call, after),
        Ok([routine, args @ ..]) => {
            let args = args.map(u64::from).to_vec();
            Flow::CallGuest(normal_routine(GuestAddr(routine), args, mode, after))
        }
        // The kernel routine has freed its own stack.
        Err(_) => finish(call, after),
    }
}

/// Continues the thread after an APC's last routine.
pub(crate) fn finish(call: &mut Call, after: AfterApc) -> Flow {
    let id = call.thread_id();
    match after {
        AfterApc::Return(value) => Flow::Return(value),
        AfterApc::AlertableWait => match call.kernel.threads.lock().next_apc(call.memory(), id) {
            Ok(Some(guest)) => Flow::CallGuest(guest),
            Ok(None) => Flow::Return(NtStatus::USER_APC.to_register()),
            Err(failure) => Flow::Return(failure.status().to_register()),
        },
        AfterApc::WaitAgain(number) => {
            let next = call.kernel.apcs().next_kernel(&mut call.kernel.threads.lock(), id, after);
            if let Ok(Some(guest)) = next {
                return Flow::CallGuest(guest);
            }
            let mut threads = call.kernel.threads.lock();
            let wait = threads.get_mut(id).and_then(|record| record.apcs.interrupted.remove(&number));
            drop(threads);
            match wait {
                Some(wait) => waiting::wait_again(call, wait),
                None => Flow::Return(NtStatus::SUCCESS.to_register()),
            }
        }
    }
}
