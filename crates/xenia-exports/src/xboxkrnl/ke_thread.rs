//! Threads by their objects (`Ex*Thread`, `Ke*Thread`).

use crate::abi::{Call, Flow, OptionalOut, Out, Ptr};
use crate::exceptions::raise_from_call;
use crate::named_objects::{store_handle, store_object};
use crate::status::failure::{Failure, Fallible};
use crate::thread::life::{CREATE_SUSPENDED, MadeThread, NewThread};
use crate::thread::notification;
use crate::thread::records::{ThreadRecord, Threads};
use xenia_cpu::msr_bit;
use xenia_guest::layout::{kpcr, kprocess, kthread};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::GuestMemory;
use xenia_sched::{MAX_PRIORITY, base_from_increment};

/// The exports for threads by address of their object.
pub struct KeThread;

/// Creation flag: the result is the thread's object instead of a handle.
const RETURN_OBJECT: u32 = 0x80;
/// Creation flag: the thread's priority is one above its process's base priority.
const RAISED: u32 = 0x20;

/// MSR bits that enable floating-point exceptions, in precise mode.
const FPU_EXCEPTIONS: u64 = msr_bit::FE0 | msr_bit::FE1;

/// Suspends a thread once and writes the count to its object; returns the previous count.
pub(super) fn suspend(call: &mut Call, id: u32) -> Fallible<u32> {
    // Held until the object is written, so that it shows the later of two changes.
    let threads = call.kernel.threads.lock();
    let record = alive(&threads, id).ok_or(NtStatus::THREAD_IS_TERMINATING)?;
    let before = call.cpu.suspend(record.reference)?;
    show_suspensions(call.memory(), record.kthread, before + 1)?;
    Ok(before)
}

/// Drops one suspension and writes the count to the thread's object; returns the previous count. As
/// on NT, a thread that has ended counts as not suspended, though suspending it fails.
pub(super) fn resume(call: &mut Call, id: u32) -> Fallible<u32> {
    let threads = call.kernel.threads.lock();
    let Some(record) = alive(&threads, id) else { return Ok(0) };
    let before = call.cpu.resume(record.reference)?;
    show_suspensions(call.memory(), record.kthread, before.saturating_sub(1))?;
    Ok(before)
}

fn alive(threads: &Threads, id: u32) -> Option<&ThreadRecord> {
    threads.get(id).filter(|record| !record.ended)
}

fn show_suspensions(memory: &GuestMemory, kthread: GuestAddr, count: u32) -> Fallible<()> {
    Ok(memory.write(kthread.offset(kthread::SUSPEND_COUNT), count as u8)?)
}

/// Addresses for the results of a thread's creation.
pub(crate) struct CreatedThread {
    /// For the handle, or for the object if [`RETURN_OBJECT`] is set.
    pub(crate) handle: Option<Out<u32>>,
    /// For the thread ID.
    pub(crate) id: Option<Out<u32>>,
}

/// Code that a created thread runs.
pub(crate) struct ThreadStart {
    /// Where it begins, with the other two as arguments; `None`: at `address`, with `context`.
    pub(crate) startup: Option<GuestAddr>,
    /// Its code: the first argument, or where it begins.
    pub(crate) address: GuestAddr,
    /// Its last argument.
    pub(crate) context: u32,
}

/// Creates a thread for `ExCreateThread` and for tasks of `xam`.
pub(crate) fn create(
    call: &mut Call,
    stack_size: u32,
    start: ThreadStart,
    flags: u32,
    results: CreatedThread,
) -> Fallible<Flow<NtStatus>> {
    let ThreadStart { startup, address: start_address, context } = start;
    let context = u64::from(context);
    let (pc, args) = match startup {
        Some(startup) => (startup, [u64::from(start_address.0), context]),
        None => (start_address, [context, 0]),
    };
    let hw_id = call.hw_id();
    let priority_increment = i32::from(flags & RAISED != 0);
    // It must not run before its results are stored; on one host thread it can't.
    let may_run_at_once = call.cpu.has_workers();
    let new = NewThread {
        args,
        start_address,
        flags,
        priority: base_from_increment(priority_increment),
        priority_increment,
        held: may_run_at_once || !call.kernel.threads.lock().notifications.is_empty(),
        ..NewThread::new(pc, call.kernel.imports.own_stubs.thread_return, hw_id)
    };
    let process = call.kernel.threads.lock().process_of(&new);
    let stack_size = match stack_size {
        0 => call.memory().read(process.offset(kprocess::KERNEL_STACK_SIZE))?,
        size => size,
    };
    let made = call.kernel.thread_life().create(call.cpu, &NewThread { stack_size, ..new })?;
    if let Err(failure) = store(call, &made, flags, &results) {
        call.kernel.end_thread(call.cpu, made.id, failure.status().0)?;
        call.kernel.dereference(made.kthread)?;
        return Err(failure);
    }
    // The caller's reference goes to the object pointer, or is dropped after a handle was opened.
    if flags & RETURN_OBJECT == 0 {
        call.kernel.dereference(made.kthread)?;
    }
    let resume = new.held && flags & CREATE_SUSPENDED == 0;
    Ok(notification::notify_created(call, &made, resume))
}

/// Stores the results of a thread's creation.
fn store(call: &Call, made: &MadeThread, flags: u32, results: &CreatedThread) -> Fallible<()> {
    let memory = call.memory();
    results.id.set(memory, made.id)?;
    match results.handle {
        Some(out) if flags & RETURN_OBJECT != 0 => Ok(out.set(memory, made.kthread.0)?),
        Some(out) => {
            let opened = call.kernel.objects.open(made.kthread)?;
            store_handle(call, opened, Out::new(out.addr()))
        }
        None => Ok(()),
    }
}

#[exports(xboxkrnl)]
impl KeThread {
    /// Creates a thread. With `startup` it begins there, with the start address and context as
    /// arguments; otherwise it begins at the start address with the context. A stack size of 0
    /// means the default of the process; for the title, the one in its header. Flags: 1 suspended,
    /// 2 in the system process, 0x20 priority raised by one, 0x80 return the object, bits 31–24
    /// hardware threads (0: the caller's).
    #[export(Done)]
    fn ExCreateThread(
        call: &mut Call,
        handle: Option<Out<u32>>,
        stack_size: u32,
        thread_id: Option<Out<u32>>,
        startup: Option<GuestAddr>,
        start_address: GuestAddr,
        start_context: u32,
        flags: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let start = ThreadStart { startup, address: start_address, context: start_context };
        create(call, stack_size, start, flags, CreatedThread { handle, id: thread_id })
    }

    /// Registers a notification routine for the title's threads with its priority, or unregisters
    /// it.
    #[export(Done)]
    fn ExRegisterThreadNotification(call: &mut Call, registration: Ptr<u32>, create: bool) -> Fallible<()> {
        let list = &mut call.kernel.threads.lock().notifications;
        Ok(list.change(call.memory(), registration.addr(), create)?)
    }

    /// Ends the calling thread.
    #[export(Done)]
    fn ExTerminateThread(_call: &mut Call, exit_code: u32) -> Flow<()> {
        Flow::Exit { code: exit_code }
    }

    /// Resumes a thread once; returns the previous suspend count.
    #[export(Done)]
    fn KeResumeThread(call: &mut Call, thread: GuestAddr) -> Fallible<u32> {
        let (id, _object) = call.kernel.thread_life().find(thread)?;
        resume(call, id)
    }

    /// Suspends a thread once; returns the previous suspend count. Beyond the limit it raises
    /// `SUSPEND_COUNT_EXCEEDED` in the caller.
    #[export(Done)]
    fn KeSuspendThread(call: &mut Call, thread: GuestAddr) -> Fallible<Flow<u32>> {
        let (id, _object) = call.kernel.thread_life().find(thread)?;
        match suspend(call, id) {
            Err(Failure::Status(status @ NtStatus::SUSPEND_COUNT_EXCEEDED)) => {
                Ok(raise_from_call(call, status).map(|value| value as u32))
            }
            suspended => suspended.map(Flow::Return),
        }
    }

    /// Sets the affinity mask of a thread, and stores the previous mask.
    #[export(Done)]
    fn KeSetAffinityThread(
        call: &mut Call,
        thread: GuestAddr,
        affinity: u32,
        previous: Option<Out<u32>>,
    ) -> Fallible<NtStatus> {
        let (id, _object) = call.kernel.thread_life().find(thread)?;
        let threads = call.kernel.threads.lock();
        let before = threads.set_affinity(call.memory(), call.cpu, id, affinity)?;
        previous.set(call.memory(), u32::from(before))?;
        Ok(NtStatus::SUCCESS)
    }

    /// Returns the base priority increment of a thread, −15…+15.
    #[export(Done)]
    fn KeQueryBasePriorityThread(call: &mut Call, thread: GuestAddr) -> Fallible<i32> {
        let threads = call.kernel.threads.lock();
        Ok(threads.by_kthread(thread).ok_or(NtStatus::INVALID_PARAMETER)?.priority_increment)
    }

    /// Sets the base priority increment of a thread, −15…+15; returns the previous increment.
    #[export(Done)]
    fn KeSetBasePriorityThread(call: &mut Call, thread: GuestAddr, increment: i32) -> Fallible<i32> {
        let (id, object) = call.kernel.thread_life().find(thread)?;
        let kthread = object.body();
        // Held until the object is written, here and below.
        let mut threads = call.kernel.threads.lock();
        let record = threads.get_mut(id).ok_or(NtStatus::INVALID_PARAMETER)?;
        let before = std::mem::replace(&mut record.priority_increment, increment.clamp(-15, 15));
        let base = base_from_increment(increment);
        // The scheduler may have freed an ended thread; the object has its priority nevertheless,
        // and below whether it is boosted.
        if !record.ended {
            call.cpu.set_base_priority(record.reference, base)?;
        }
        call.memory().write(kthread.offset(kthread::PRIORITY), base)?;
        Ok(before)
    }

    /// Sets the current priority of a thread, 1–31, but not its base priority. Returns the previous
    /// priority.
    #[export(Done)]
    fn KeSetPriorityThread(call: &mut Call, thread: GuestAddr, priority: i32) -> Fallible<i32> {
        let (id, object) = call.kernel.thread_life().find(thread)?;
        let kthread = object.body();
        let at = kthread.offset(kthread::PRIORITY);
        let threads = call.kernel.threads.lock();
        let record = threads.get(id).ok_or(NtStatus::INVALID_PARAMETER)?;
        let priority = priority.clamp(1, i32::from(MAX_PRIORITY)) as u8;
        let before = if record.ended {
            call.memory().read(at)?
        } else {
            call.cpu.set_priority(record.reference, priority)?
        };
        call.memory().write(at, priority)?;
        Ok(i32::from(before))
    }

    /// Disables or enables priority boosts of a thread; returns whether they were disabled.
    #[export(Done)]
    fn KeSetDisableBoostThread(call: &mut Call, thread: GuestAddr, disabled: bool) -> Fallible<bool> {
        let (id, object) = call.kernel.thread_life().find(thread)?;
        let kthread = object.body();
        let at = kthread.offset(kthread::BOOST_DISABLED);
        let threads = call.kernel.threads.lock();
        let record = threads.get(id).ok_or(NtStatus::INVALID_PARAMETER)?;
        let before = if record.ended {
            call.memory().read::<u8>(at)? != 0
        } else {
            call.cpu.set_boost_disabled(record.reference, disabled)?
        };
        call.memory().write(at, u8::from(disabled))?;
        Ok(before)
    }

    /// Switches the calling thread to another stack.
    #[export(Done)]
    fn KeSetCurrentStackPointers(
        call: &mut Call,
        stack_pointer: GuestAddr,
        thread: GuestAddr,
        allocation: GuestAddr,
        base: GuestAddr,
        limit: GuestAddr,
    ) -> Fallible<()> {
        let memory = call.memory();
        memory.write(thread.offset(kthread::STACK_ALLOC_BASE), allocation)?;
        memory.write(thread.offset(kthread::STACK_BASE), base)?;
        memory.write(thread.offset(kthread::STACK_LIMIT), limit)?;
        memory.write(call.kpcr().offset(kpcr::STACK_BASE), base)?;
        memory.write(call.kpcr().offset(kpcr::STACK_END), limit)?;
        call.ctx_mut().gpr[1] = u64::from(stack_pointer.0);
        Ok(())
    }

    /// Enables or disables floating-point exceptions of the calling thread. If enabled, those that
    /// its FPSCR enables are raised at the instruction that causes them.
    #[export(Done)]
    fn KeEnableFpuExceptions(call: &mut Call, enable: bool) -> Fallible<()> {
        let at = call.kthread()?.offset(kthread::FPU_EXCEPTIONS_ON);
        call.memory().write(at, u8::from(enable))?;
        let ctx = call.ctx_mut();
        if enable {
            ctx.msr |= FPU_EXCEPTIONS;
        } else {
            ctx.msr &= !FPU_EXCEPTIONS;
        }
        Ok(())
    }

    /// Stores the object of the thread with this ID, with a reference; null if there is no such
    /// thread or it has ended.
    #[export(Done, ObLookupThreadByThreadId)]
    /// Like `ObLookupThreadByThreadId`, but includes threads of the system; here one table has
    /// both.
    #[export(Done, ObLookupAnyThreadByThreadId)]
    fn find_by_id(call: &mut Call, thread_id: u32, object: Out<GuestAddr>) -> Fallible<NtStatus> {
        let kthread = alive(&call.kernel.threads.lock(), thread_id).map(|record| record.kthread);
        let Some(kthread) = kthread else {
            object.set(call.memory(), GuestAddr::NULL)?;
            return Ok(NtStatus::INVALID_PARAMETER);
        };
        store_object(call, kthread, object)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Saves the floating-point registers for a DPC that uses them. Here DPCs run on threads with
    /// separate registers, so this does nothing.
    #[export(Constant)]
    fn KeSaveFloatingPointState(_call: &mut Call) {}

    /// Restores the state of `KeSaveFloatingPointState`; does nothing, as nothing was saved.
    #[export(Constant)]
    fn KeRestoreFloatingPointState(_call: &mut Call) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Like `KeSaveFloatingPointState`, for the vector registers.
    #[export(Constant)]
    fn KeSaveVectorUnitState(_call: &mut Call) {}

    /// Restores the state of `KeSaveVectorUnitState`; does nothing, as nothing was saved.
    #[export(Constant)]
    fn KeRestoreVectorUnitState(_call: &mut Call) {}
}
