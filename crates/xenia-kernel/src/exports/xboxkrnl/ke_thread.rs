//! Threads by their objects (`Ex*Thread`, `Ke*Thread`).

use crate::abi::{Call, Flow, OptionalOut, Out, Ptr};
use crate::layout::{kpcr, kprocess, kthread};
use crate::notification_list::NotificationRoutine;
use crate::status::failure::Fallible;
use crate::thread::life::{CREATE_SUSPENDED, NewThread};
use crate::thread::notification;
use crate::thread::records::{ThreadRecord, Threads};
use xenia_cpu::msr_bit;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::GuestMemory;
use xenia_sched::{MAX_PRIORITY, base_from_increment};

/// See the module's documentation.
pub struct KeThread;

/// Creation flag: the result is the thread's object, not a handle.
const RETURN_OBJECT: u32 = 0x80;
/// Creation flag: the thread begins one step above its process's base priority.
const RAISED: u32 = 0x20;

/// Both bits of the machine state that let floating-point exceptions through: the precise mode.
const FPU_EXCEPTIONS: u64 = msr_bit::FE0 | msr_bit::FE1;

/// Suspends a thread once more and shows the count in its object; returns the count before.
pub(super) fn suspend(call: &mut Call, id: u32) -> Fallible<u32> {
    // Held until the object shows it: of two changes the later is seen.
    let threads = call.kernel.threads.lock();
    let record = alive(&threads, id)?;
    let before = call.cpu.suspend(record.reference)?;
    show_suspensions(call.memory(), record.kthread, before + 1)?;
    Ok(before)
}

/// Takes one suspension back and shows the count in its object; returns the count before.
pub(super) fn resume(call: &mut Call, id: u32) -> Fallible<u32> {
    let threads = call.kernel.threads.lock();
    let record = alive(&threads, id)?;
    let before = call.cpu.resume(record.reference)?;
    show_suspensions(call.memory(), record.kthread, before.saturating_sub(1))?;
    Ok(before)
}

fn alive(threads: &Threads, id: u32) -> Fallible<&ThreadRecord> {
    let record = threads.get(id).filter(|record| !record.ended);
    record.ok_or(NtStatus::THREAD_IS_TERMINATING.into())
}

fn show_suspensions(memory: &GuestMemory, kthread: GuestAddr, count: u32) -> Fallible<()> {
    Ok(memory.write(kthread.offset(kthread::SUSPEND_COUNT), count as u8)?)
}

/// Where what is told of a made thread goes.
pub(in crate::exports) struct Made {
    /// Its handle, or its object.
    pub(in crate::exports) handle: Option<Out<u32>>,
    /// Its id.
    pub(in crate::exports) id: Option<Out<u32>>,
}

/// See `ExCreateThread`.
pub(in crate::exports) fn create(
    call: &mut Call,
    stack_size: u32,
    startup: Option<GuestAddr>,
    start_address: GuestAddr,
    start_context: u32,
    flags: u32,
    told: Made,
) -> Fallible<Flow<NtStatus>> {
    let context = u64::from(start_context);
    let (pc, args) = match startup {
        Some(startup) => (startup, [u64::from(start_address.0), context]),
        None => (start_address, [context, 0]),
    };
    let hw_id = call.hw_id();
    let priority_increment = i32::from(flags & RAISED != 0);
    let new = NewThread {
        args,
        start_address,
        flags,
        priority: base_from_increment(priority_increment),
        priority_increment,
        held: !call.kernel.threads.lock().notifications.is_empty(),
        ..NewThread::new(pc, call.kernel.imports.own_stubs.thread_return, hw_id)
    };
    let process = call.kernel.threads.lock().process_of(&new);
    let stack_size = match stack_size {
        0 => call.memory().read(process.offset(kprocess::KERNEL_STACK_SIZE))?,
        size => size,
    };
    let made = call.kernel.create_thread(call.cpu, &NewThread { stack_size, ..new })?;
    let memory = call.memory();
    told.id.set(memory, made.id)?;
    // The caller's reference goes to the object pointer, or is replaced by the handle's.
    if flags & RETURN_OBJECT != 0 {
        told.handle.set(memory, made.kthread.0)?;
    } else {
        if let Some(out) = told.handle {
            let opened = call.kernel.objects.open(made.kthread)?;
            out.set(memory, opened.0)?;
        }
        call.kernel.dereference(made.kthread)?;
    }
    let resume = new.held && flags & CREATE_SUSPENDED == 0;
    Ok(notification::tell_made(call, &made, resume))
}

#[exports(xboxkrnl)]
impl KeThread {
    /// Makes a thread. With `startup` it begins there, with the start address and context as
    /// arguments; otherwise at the start address with the context. Without a stack size it gets
    /// what its process has for that, the title's by its header. Flags: 1 suspended, 2 of the
    /// system's process, 0x20 one step of priority more, 0x80 return the object, bits 31–24
    /// hardware threads (none: the caller's).
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
        create(call, stack_size, startup, start_address, start_context, flags, Made { handle, id: thread_id })
    }

    /// Registers a routine that hears of the title's threads, with its priority, or takes it back.
    #[export(Done)]
    fn ExRegisterThreadNotification(call: &mut Call, registration: Ptr<u32>, create: bool) -> Fallible<()> {
        let routine = GuestAddr(registration.read(call.memory())?);
        let priority = registration.at(1).read(call.memory())? as i32;
        let list = &mut call.kernel.threads.lock().notifications;
        if create && !routine.is_null() {
            list.register(NotificationRoutine { registration: registration.addr(), routine }, priority);
        } else {
            list.unregister(registration.addr());
        }
        Ok(())
    }

    /// Ends the calling thread.
    #[export(Done)]
    fn ExTerminateThread(_call: &mut Call, exit_code: u32) -> Flow<()> {
        Flow::Exit { code: exit_code }
    }

    /// Resumes a thread once; returns its suspend count before.
    #[export(Done)]
    fn KeResumeThread(call: &mut Call, thread: GuestAddr) -> Fallible<u32> {
        let (id, _object) = call.kernel.thread_at(thread)?;
        resume(call, id)
    }

    /// Suspends a thread once more; returns its suspend count before.
    #[export(Done)]
    fn KeSuspendThread(call: &mut Call, thread: GuestAddr) -> Fallible<u32> {
        let (id, _object) = call.kernel.thread_at(thread)?;
        suspend(call, id)
    }

    /// Sets the hardware threads that a thread may run on, and stores the mask before.
    #[export(Done)]
    fn KeSetAffinityThread(
        call: &mut Call,
        thread: GuestAddr,
        affinity: u32,
        previous: Option<Out<u32>>,
    ) -> Fallible<NtStatus> {
        let (id, _object) = call.kernel.thread_at(thread)?;
        let threads = call.kernel.threads.lock();
        let before = threads.set_affinity(call.memory(), call.cpu, id, affinity)?;
        previous.set(call.memory(), u32::from(before))?;
        Ok(NtStatus::SUCCESS)
    }

    /// The base priority increment of a thread, −15…+15.
    #[export(Done)]
    fn KeQueryBasePriorityThread(call: &mut Call, thread: GuestAddr) -> Fallible<i32> {
        let threads = call.kernel.threads.lock();
        Ok(threads.by_kthread(thread).ok_or(NtStatus::INVALID_PARAMETER)?.priority_increment)
    }

    /// Sets the base priority increment of a thread, −15…+15; returns the one before.
    #[export(Done)]
    fn KeSetBasePriorityThread(call: &mut Call, thread: GuestAddr, increment: i32) -> Fallible<i32> {
        let (id, object) = call.kernel.thread_at(thread)?;
        let kthread = object.body();
        // Held until the object shows it, here and below.
        let mut threads = call.kernel.threads.lock();
        let record = threads.get_mut(id).ok_or(NtStatus::INVALID_PARAMETER)?;
        let before = std::mem::replace(&mut record.priority_increment, increment.clamp(-15, 15));
        let base = base_from_increment(increment);
        call.cpu.set_base_priority(record.reference, base)?;
        call.memory().write(kthread.offset(kthread::PRIORITY), base)?;
        Ok(before)
    }

    /// Sets the priority that a thread has now, 1–31; its base priority stays. Returns the priority
    /// before.
    #[export(Done)]
    fn KeSetPriorityThread(call: &mut Call, thread: GuestAddr, priority: i32) -> Fallible<i32> {
        let (id, object) = call.kernel.thread_at(thread)?;
        let kthread = object.body();
        let threads = call.kernel.threads.lock();
        let reference = threads.get(id).map(|record| record.reference);
        let priority = priority.clamp(1, i32::from(MAX_PRIORITY)) as u8;
        let before = call.cpu.set_priority(reference.ok_or(NtStatus::INVALID_PARAMETER)?, priority)?;
        call.memory().write(kthread.offset(kthread::PRIORITY), priority)?;
        Ok(i32::from(before))
    }

    /// Turns priority boosts of a thread off or on; returns whether they were off.
    #[export(Done)]
    fn KeSetDisableBoostThread(call: &mut Call, thread: GuestAddr, disabled: bool) -> Fallible<bool> {
        let (id, object) = call.kernel.thread_at(thread)?;
        let kthread = object.body();
        let threads = call.kernel.threads.lock();
        let reference = threads.get(id).map(|record| record.reference);
        let before = call.cpu.set_boost_disabled(reference.ok_or(NtStatus::INVALID_PARAMETER)?, disabled)?;
        call.memory().write(kthread.offset(kthread::BOOST_DISABLED), u8::from(disabled))?;
        Ok(before)
    }

    /// Moves the calling thread onto another stack.
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

    /// Lets the floating-point exceptions that the calling thread enables in its FPSCR through, or
    /// not: they are raised at the instruction that causes them.
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

    /// The thread object of a title's thread id, with a reference; null if there is none.
    #[export(Done)]
    fn ObLookupThreadByThreadId(
        call: &mut Call,
        thread_id: u32,
        object: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        look_up_thread(call, thread_id, object)
    }

    /// As `ObLookupThreadByThreadId`, for the system's threads as well: all are in one table here.
    #[export(Done)]
    fn ObLookupAnyThreadByThreadId(
        call: &mut Call,
        thread_id: u32,
        object: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        look_up_thread(call, thread_id, object)
    }

    /// Saves the floating-point registers for a deferred call that uses them. Deferred calls have
    /// registers of their own, so nothing is lost without.
    #[export(Constant)]
    fn KeSaveFloatingPointState(_call: &mut Call) {}

    /// Ends what `KeSaveFloatingPointState` began: nothing was saved.
    #[export(Constant)]
    fn KeRestoreFloatingPointState(_call: &mut Call) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// As `KeSaveFloatingPointState`, for the vector registers: deferred calls have their own.
    #[export(Constant)]
    fn KeSaveVectorUnitState(_call: &mut Call) {}

    /// Ends what `KeSaveVectorUnitState` began: nothing was saved.
    #[export(Constant)]
    fn KeRestoreVectorUnitState(_call: &mut Call) {}
}

fn look_up_thread(call: &Call, thread_id: u32, object: Out<GuestAddr>) -> Fallible<NtStatus> {
    let kthread = call.kernel.threads.lock().get(thread_id).map(|record| record.kthread);
    let Some(kthread) = kthread else {
        object.set(call.memory(), GuestAddr::NULL)?;
        return Ok(NtStatus::INVALID_PARAMETER);
    };
    call.kernel.objects.reference(kthread)?;
    object.set(call.memory(), kthread)?;
    Ok(NtStatus::SUCCESS)
}
