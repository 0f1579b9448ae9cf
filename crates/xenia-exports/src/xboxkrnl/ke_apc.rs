//! Asynchronous procedure calls and alerts (`Ke*Apc`, `Ke*AlertThread`, `NtQueueApcThread`).
//!
//! [`crate::thread::apc`] describes when APCs run.

use crate::abi::{Call, Handle, ProcessorMode, Ptr};
use crate::status::failure::{Failure, Fallible};
use crate::thread::apc::{Apc, ApcSource};
use xenia_guest::layout::kapc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for APCs and alerts.
pub struct KeApc;

#[exports(xboxkrnl)]
impl KeApc {
    /// Initialises an APC object for a thread.
    #[export(Done)]
    fn KeInitializeApc(
        call: &mut Call,
        apc: Ptr<()>,
        thread: GuestAddr,
        kernel_routine: GuestAddr,
        rundown_routine: GuestAddr,
        normal_routine: GuestAddr,
        mode: u32,
        context: u32,
    ) -> Fallible<()> {
        let memory = call.memory();
        let at = apc.addr();
        // Without a normal routine it is a special kernel APC, whatever the mode.
        let user = !normal_routine.is_null();
        memory.write(at.offset(kapc::TYPE), kapc::TYPE_APC)?;
        memory.write(at.offset(kapc::MODE), if user { mode as u8 } else { 0 })?;
        memory.write(at.offset(kapc::INSERTED), 0_u8)?;
        memory.write(at.offset(kapc::THREAD), thread)?;
        memory.write(at.offset(kapc::KERNEL_ROUTINE), kernel_routine)?;
        memory.write(at.offset(kapc::RUNDOWN_ROUTINE), rundown_routine)?;
        memory.write(at.offset(kapc::NORMAL_ROUTINE), normal_routine)?;
        memory.write(at.offset(kapc::NORMAL_CONTEXT), if user { context } else { 0 })?;
        Ok(())
    }

    /// Queues an APC with these arguments to its thread; returns false if it is queued already or
    /// the thread has ended. A kernel-mode APC interrupts only waits for objects: it reaches a
    /// thread that computes or waits for anything else when that is over. The priority boost is
    /// ignored.
    #[export(Partial)]
    fn KeInsertQueueApc(call: &mut Call, apc: Ptr<()>, arg1: u32, arg2: u32, _boost: u32) -> Fallible<bool> {
        let memory = call.memory();
        let at = apc.addr();
        if memory.read::<u8>(at.offset(kapc::INSERTED))? != 0 {
            return Ok(false);
        }
        let kthread: GuestAddr = memory.read(at.offset(kapc::THREAD))?;
        let id = call.kernel.threads.lock().id_of(kthread)?;
        let routine: GuestAddr = memory.read(at.offset(kapc::NORMAL_ROUTINE))?;
        let kernel_routine: GuestAddr = memory.read(at.offset(kapc::KERNEL_ROUTINE))?;
        let context: u32 = memory.read(at.offset(kapc::NORMAL_CONTEXT))?;
        let mode: u8 = memory.read(at.offset(kapc::MODE))?;
        let mode = if routine.is_null() { ProcessorMode::Kernel } else { ProcessorMode::of(u32::from(mode)) };
        let args = [u64::from(context), u64::from(arg1), u64::from(arg2)];
        let apc = Apc { source: ApcSource::Object(at), kernel_routine, routine, args };
        Ok(call.kernel.apcs().queue(call.cpu, id, mode, apc).unwrap_or_else(|failure| {
            // The thread has ended, or its queue is full. A fault may be one of the other thread's
            // own memory, so it is not the caller's exception.
            tracing::debug!(target: "kernel", "the APC {at} of thread {id} is not queued: {failure}");
            false
        }))
    }

    /// Removes an APC from its thread's queue; returns false if it is not queued.
    #[export(Done)]
    fn KeRemoveQueueApc(call: &mut Call, apc: Ptr<()>) -> Fallible<bool> {
        let memory = call.memory();
        let at = apc.addr();
        let kthread: GuestAddr = memory.read(at.offset(kapc::THREAD))?;
        let id = call.kernel.threads.lock().id_of(kthread)?;
        call.kernel.apcs().remove(id, at)
    }

    /// Alerts a thread in a processor mode: its current or next alertable wait ends with `ALERTED`.
    /// Returns whether it was already alerted. As on NT, an alertable wait in kernel mode ends by
    /// kernel-mode alerts only, and leaves user-mode alerts and user APCs to a later wait.
    #[export(Done)]
    fn KeAlertThread(call: &mut Call, thread: GuestAddr, mode: u32) -> Fallible<bool> {
        let id = call.kernel.threads.lock().id_of(thread)?;
        call.kernel.apcs().alert(call.cpu, id, ProcessorMode::of(mode))
    }

    /// Consumes the caller's alert of a processor mode; returns whether there was one. Without an
    /// alert, NT lets queued user APCs end any next wait in user mode; here it must be alertable.
    #[export(Partial)]
    fn KeTestAlertThread(call: &mut Call, mode: u32) -> bool {
        call.kernel.threads.lock().take_alert(call.thread_id(), ProcessorMode::of(mode))
    }

    /// Does nothing: the normal routine of APCs that only end a wait.
    #[export(Done)]
    fn KiApcNormalRoutineNop(_call: &mut Call) {}

    /// Queues `routine(context, arg1, arg2)` to a thread, which calls it in an alertable wait in
    /// user mode. Fails with `UNSUCCESSFUL` if the thread has ended.
    #[export(Done)]
    fn NtQueueApcThread(
        call: &mut Call,
        thread: Handle,
        routine: GuestAddr,
        context: u32,
        arg1: u32,
        arg2: u32,
    ) -> Fallible<NtStatus> {
        let (id, _object) = call.kernel.thread_life().resolve(thread, call.thread_id())?;
        let args = [u64::from(context), u64::from(arg1), u64::from(arg2)];
        let apc = Apc::new(ApcSource::Kernel, routine, args);
        match call.kernel.apcs().queue(call.cpu, id, ProcessorMode::User, apc) {
            Err(Failure::Status(NtStatus::THREAD_IS_TERMINATING)) => Ok(NtStatus::UNSUCCESSFUL),
            queued => queued.map(|_| NtStatus::SUCCESS),
        }
    }
}
