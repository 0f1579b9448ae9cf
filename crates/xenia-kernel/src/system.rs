//! The kernel's face towards the scheduler: system calls, interrupts, time.

use crate::Kernel;
use crate::abi::{Call, Continuation, Flow, GuestCall, MAXIMUM_LOCALS};
use crate::exceptions::{self, crash, return_addresses};
use crate::exports::failure_of;
use crate::files::COMPLETION_WAIT;
use crate::imports::ordinals;
use crate::imports::thunks::Target;
use crate::layout::{RED_ZONE, kthread};
use crate::limits::Limit;
use crate::loader::begin;
use crate::net::SOCKET_WAIT;
use crate::objects::spin_lock;
use crate::objects::timer::Expiry;
use crate::status::failure::{Failure, Fallible};
use crate::thread::apc::{Apc, ApcSource};
use crate::thread::deferred::Mode;
use crate::thread::frames::Frame;
use crate::thread::notification;
use crate::thread::records::Threads;
use std::sync::Arc;
use xenia_cpu::{GuestException, PpcContext};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{Device, DeviceStore};
use xenia_sched::{
    BlockReason, Cpu, Disposition, EndKind, Event, GuestTicks, Holder, Place, Running, System, Wait,
    WaitTicket, Woken, WorkReport, ticks_to_100ns,
};

/// LEV of the system calls that patched thunks make.
const KERNEL_CALL: u8 = 2;
/// Bytes of the frame that the kernel makes for a function it calls: linkage, parameter save area, locals.
const CALL_FRAME: u64 = 0x80;
/// Where the locals are in it.
const LOCALS: u32 = 0x70;

/// The frame of a call that is made at this stack pointer.
fn call_frame(stack_pointer: u64) -> u64 {
    (stack_pointer as u32 as u64).saturating_sub(RED_ZONE + CALL_FRAME) & !15
}

/// Where the locals of a call lie that was made at this stack pointer.
pub(crate) fn call_frame_locals(stack_pointer: u64) -> GuestAddr {
    GuestAddr(call_frame(stack_pointer) as u32).offset(LOCALS)
}

/// A [`Kernel`] as the executor's [`System`].
#[derive(Clone)]
pub struct KernelSystem {
    /// The kernel.
    pub kernel: Arc<Kernel>,
}

impl KernelSystem {
    /// Wraps a kernel.
    pub fn new(kernel: Arc<Kernel>) -> Self {
        Self { kernel }
    }
}

impl Kernel {
    /// Carries out what an export asked for.
    pub(crate) fn apply(&self, call: &mut Call, flow: Flow) -> Disposition {
        match flow {
            Flow::Return(value) => {
                call.ctx_mut().gpr[3] = value;
                Disposition::Continue
            }
            Flow::Yield(value) => {
                call.ctx_mut().gpr[3] = value;
                Disposition::EndVisit
            }
            Flow::Repeat => {
                let ctx = call.ctx_mut();
                ctx.pc = ctx.pc.wrapping_sub(4);
                Disposition::EndVisit
            }
            Flow::Later(rest) => {
                let guest = GuestCall::new(self.imports.own_stubs.call_return, Continuation::Rest(rest));
                match self.push_frame(call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::EndVisit,
                    Err(error) => self.broken(call, &format!("a long call: {error}")),
                }
            }
            Flow::Block(wait) => Disposition::Park(wait),
            Flow::Exit { code } => {
                let id = call.thread_id();
                let first = notification::tell_end(call, code).or_else(|| self.next_rundown(id, code));
                if let Some(guest) = first {
                    return self.apply(call, Flow::CallGuest(guest));
                }
                match self.end_thread(call.cpu, id, code) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => self.broken(call, &format!("thread exit: {error}")),
                }
            }
            Flow::CallGuest(guest) => {
                let pc = guest.pc;
                match self.push_frame(call.thread_id(), call.ctx_mut(), guest) {
                    Ok(()) => Disposition::Continue,
                    Err(error) => self.broken(call, &format!("calling {pc}: {error}")),
                }
            }
            Flow::Fault(fault) => {
                let flow = exceptions::raise_fault(call, &fault);
                self.apply(call, flow)
            }
            Flow::End(kind) => Disposition::End(kind),
        }
    }

    /// The guest has broken something that the kernel needs: the machine ends.
    fn broken(&self, call: &Call, what: &str) -> Disposition {
        let pc = GuestAddr(call.ctx().pc.wrapping_sub(4));
        Disposition::End(crash(self, call.running(), pc, &format!("{pc}: {what}")))
    }

    /// Makes a thread call guest code from where it is, and remembers where that is. The caller has its registers.
    pub(crate) fn push_frame(&self, id: u32, ctx: &mut PpcContext, guest: GuestCall) -> Fallible<()> {
        self.push_frame_of(&mut self.threads.lock(), id, ctx, guest)
    }

    /// As [`Self::push_frame`], for one who holds the threads.
    pub(crate) fn push_frame_of(
        &self,
        threads: &mut Threads,
        id: u32,
        ctx: &mut PpcContext,
        guest: GuestCall,
    ) -> Fallible<()> {
        let (kpcr, at) = (GuestAddr(ctx.gpr[13] as u32), ctx.gpr[1] as u32);
        let frame = Frame { pc: ctx.pc, lr: ctx.lr, stack_pointer: ctx.gpr[1], then: guest.then };
        let stack_pointer = call_frame(ctx.gpr[1]);
        self.memory.write(GuestAddr(stack_pointer as u32), frame.stack_pointer as u32)?;
        ctx.gpr[1] = stack_pointer;
        ctx.pc = guest.pc.0;
        ctx.lr = u64::from(self.imports.own_stubs.call_return.0);
        let mut registers = ctx.gpr[3..11].iter_mut();
        // In this order: what ends first must not have taken a register.
        for (&value, register) in guest.args.iter().zip(registers.by_ref()) {
            *register = value;
        }
        let mut local = GuestAddr(stack_pointer as u32).offset(LOCALS);
        for (&word, register) in guest.locals.iter().take(MAXIMUM_LOCALS).zip(registers) {
            self.memory.write(local, word)?;
            *register = u64::from(local.0);
            local = local.offset(4);
        }
        if let Some(link) = guest.link {
            ctx.gpr[12] = u64::from(link.0);
        }
        let record = threads.get_on_stack(&self.memory, id, kpcr, at).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit(Limit::NestedCalls, record.frames.len())?;
        record.frames.push(frame);
        Ok(())
    }

    /// Guest code that an export called has returned.
    fn pop_frame(&self, call: &mut Call) -> Disposition {
        let (id, at) = (call.thread_id(), call.ctx().gpr[1] as u32);
        let mut threads = self.threads.lock();
        let record = threads.get_on_stack(&self.memory, id, call.kpcr(), at);
        let frame = record.and_then(|record| record.frames.pop());
        drop(threads);
        let Some(frame) = frame else { return self.broken(call, "return to a call that nobody made") };
        let ctx = call.ctx_mut();
        let result = ctx.gpr[3];
        ctx.pc = frame.pc;
        ctx.lr = frame.lr;
        ctx.gpr[1] = frame.stack_pointer;
        let flow = match frame.then {
            Continuation::Export { run, state, .. } => run(call, result, state),
            Continuation::Rest(rest) => rest.go_on(call),
            Continuation::Exception(activity) => {
                let flow = exceptions::resume(call, result, *activity);
                return self.apply(call, flow);
            }
        };
        let flow = match flow {
            Flow::Return(value) => self.before_return(call, value),
            flow => flow,
        };
        self.apply(call, flow)
    }

    /// A call through a thunk or stub.
    fn kernel_call(&self, call: &mut Call) -> Disposition {
        let at = GuestAddr(call.ctx().pc.wrapping_sub(4));
        let target = self.imports.target(at);
        match target {
            Some(Target::Export(export)) => {
                let behind = call.ctx().pc;
                let flow = match (export.shim)(call) {
                    // One that goes on elsewhere needs all of its registers.
                    Flow::Return(value) if call.ctx().pc == behind => self.before_return(call, value),
                    flow => flow,
                };
                self.apply(call, flow)
            }
            Some(Target::Missing { library, ordinal }) => {
                let mut arguments = [0; 8];
                arguments.copy_from_slice(&call.ctx().gpr[3..11]);
                let name = self.imports.note_missing(library, ordinal, &arguments);
                let event = Event::Call {
                    thread: call.thread_id(),
                    hw_id: call.hw_id(),
                    name: &name,
                    arguments: "?",
                };
                call.cpu.emit(&event);
                let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
                self.apply(call, failure_of(library, row))
            }
            Some(Target::CallReturn) => self.pop_frame(call),
            Some(Target::ThreadReturn) => {
                let code = call.ctx().gpr[3] as u32;
                self.apply(call, Flow::Exit { code })
            }
            Some(Target::ProgramReturn) => {
                let code = call.ctx().gpr[3] as u32;
                Disposition::End(EndKind::Exit { code })
            }
            Some(Target::ServiceReturn) => match self.end_service(call) {
                Ok(disposition) => disposition,
                Err(error) => self.broken(call, &format!("service thread: {error}")),
            },
            Some(Target::TitleBegin) => match begin(call) {
                Ok(flow) => self.apply(call, flow),
                Err(error) => self.broken(call, &format!("start of the title: {error}")),
            },
            None => self.broken(call, "sc 2 at an address that calls nothing"),
        }
    }

    /// A plain ELF's system call: r0 = 0 writes r4 bytes at r3 as text.
    fn program_call(&self, call: &mut Call) -> Disposition {
        const LIMIT: u64 = 0x10_0000;
        let ctx = call.ctx();
        let (number, text, length) = (ctx.gpr[0], GuestAddr(ctx.gpr[3] as u32), ctx.gpr[4] & 0xFFFF_FFFF);
        if number != 0 || length > LIMIT {
            return self.broken(call, &format!("system call {number} with r4 = {length:#x}"));
        }
        let mut bytes = vec![0; length as usize];
        if let Err(fault) = self.memory.read_bytes(text, &mut bytes) {
            return self.broken(call, &format!("text call: {fault}"));
        }
        let text = String::from_utf8_lossy(&bytes);
        self.devices.write_text(&text);
        call.cpu.emit(&Event::Text { thread: call.thread_id(), text: &text });
        Disposition::Continue
    }

    /// What guest time alone brings, beside what devices do.
    fn advance(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        housekeeping("timers", self.expire_timers(cpu));
        self.play_due_frames(cpu);
        housekeeping("a dialog", self.look_at_dialog(cpu));
        self.look_at_requests(cpu);
        self.look_at_sockets(cpu);
        if self.spin_locks.has_waiters() {
            housekeeping("spin locks", spin_lock::hand_over_free(&self.memory, cpu, &self.spin_locks));
        }
        if let Some(bundle) = self.imports.time_stamp_bundle() {
            // The console updates it every millisecond.
            let milliseconds = ticks_to_100ns(now) / 10_000;
            let tick_count = bundle.offset(0x10);
            if self.memory.read::<u32>(tick_count)? != milliseconds as u32 {
                self.memory.write(bundle, milliseconds * 10_000)?;
                self.memory.write(bundle.offset(8), self.clock.system_time(0) + milliseconds * 10_000)?;
                self.memory.write(tick_count, milliseconds as u32)?;
            }
        }
        Ok(())
    }

    pub(crate) fn expire_timers(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        let expiries = self.dispatcher.expire_timers(&self.memory, cpu, now);
        self.queue_calls_of(cpu, &expiries)
    }

    /// A timer has been set: it expires at once if it is due.
    pub(crate) fn expire_if_due(&self, cpu: &mut dyn Cpu, timer: GuestAddr) {
        let now = cpu.now();
        let expiry = self.dispatcher.expire_if_due(&self.memory, cpu, now, timer);
        housekeeping("a timer's calls", self.queue_calls_of(cpu, expiry.as_slice()));
        cpu.time_has_more();
    }

    fn queue_calls_of(&self, cpu: &mut dyn Cpu, expiries: &[Expiry]) -> Fallible<()> {
        let mut result = Ok(());
        for expiry in expiries {
            // A timer whose calls can't be queued does not keep the others from theirs.
            match self.queue_calls(cpu, expiry) {
                Err(Failure::Fault(fault)) => result = Err(fault.into()),
                // The thread has ended, or a limit was reached, which has been said.
                Ok(()) | Err(Failure::Status(_)) => {}
            }
        }
        result
    }

    /// Queues the deferred call and the APC of a timer that has expired.
    fn queue_calls(&self, cpu: &mut dyn Cpu, expiry: &Expiry) -> Fallible<()> {
        let Expiry { timer, setting } = *expiry;
        let due = self.clock.system_time(setting.due);
        if !setting.dpc.is_null() {
            self.queue_dpc(cpu, setting.dpc, due as u32, (due >> 32) as u32, 0)?;
        }
        let Some(apc) = setting.apc else { return Ok(()) };
        let source = ApcSource::Timer(timer);
        let args = [u64::from(apc.context), due & 0xFFFF_FFFF, due >> 32];
        self.queue_apc(cpu, apc.thread_id, Mode::User, Apc::new(source, apc.routine, args)).map(|_| ())
    }
}

/// A failure of the kernel's own housekeeping: the guest overwrote what it should not have. Logged; the machine goes on.
fn housekeeping(what: &str, result: Fallible<()>) {
    if let Err(error) = result {
        tracing::error!(target: "kernel", "{what}: {error}");
    }
}

/// Clears away what a call has left, when it is over. A guard, so that the call's result is made where it is to be: copying it
/// afterwards took an eighth of an empty call's time.
struct ClearAway<'a>(&'a Kernel);

impl Drop for ClearAway<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.clear_away_deleted();
    }
}

impl System for KernelSystem {
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, lev: u8) -> Disposition {
        let kernel = &*self.kernel;
        let _after = ClearAway(kernel);
        let mut call = Call::new(kernel, cpu, running);
        match lev {
            KERNEL_CALL => kernel.kernel_call(&mut call),
            0 => kernel.program_call(&mut call),
            lev => kernel.broken(&call, &format!("sc with LEV {lev}")),
        }
    }

    fn exception(
        &mut self,
        cpu: &mut dyn Cpu,
        running: &mut Running,
        exception: GuestException,
    ) -> Disposition {
        let kernel = &*self.kernel;
        let disposition = kernel.handle_exception(&mut Call::new(kernel, cpu, running), exception);
        kernel.clear_away_deleted();
        disposition
    }

    fn moved(&mut self, running: &Running) {
        let Kernel { threads, memory, .. } = &*self.kernel;
        let told = threads.lock().tell_processor(memory, running.id, running.hw_id);
        housekeeping("a thread that moved", told);
    }

    fn priority_changed(&mut self, cpu: &mut dyn Cpu, id: u32) {
        let Kernel { threads, memory, .. } = &*self.kernel;
        // Held until the object shows it: who writes last has asked last. Without a record the object is gone.
        let threads = threads.lock();
        let Some(record) = threads.get(id) else { return };
        let told = cpu.priority(record.reference).map_err(Into::into).and_then(|priority| {
            memory.write(record.kthread.offset(kthread::PRIORITY), priority).map_err(Into::into)
        });
        housekeeping("a thread's priority", told);
    }

    fn end_visit(&mut self, cpu: &mut dyn Cpu, _hw_id: u8, stores: &[DeviceStore]) {
        let now = cpu.now();
        let mut graphics = false;
        for store in stores {
            match store.register() {
                Some((Device::Gpu, index)) => {
                    graphics = true;
                    self.kernel.devices.video.lock().store_register(index, store.value, now);
                }
                Some((Device::Xma, index)) => {
                    // Its words are little-endian: titles store them byte-reversed.
                    let value = store.value.swap_bytes();
                    self.kernel.devices.xma.lock().store_register(index, value, now);
                }
                None => {}
            }
        }
        if graphics {
            housekeeping("graphics", self.kernel.advance_video(cpu));
        }
    }

    fn show_stores(&mut self, stores: &[DeviceStore]) {
        for store in stores {
            if let Some((device, index)) = store.register() {
                self.kernel.memory.device_registers(device).store(index, store.value);
            }
        }
    }

    fn go_on(&mut self, cpu: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition {
        let kernel = &*self.kernel;
        // Who interrupts a wait leaves the call that comes of it before letting go of this.
        drop(kernel.dispatcher.turn(running.thread));
        running.ctx.gpr[3] = value;
        let mut left = None;
        if kernel.has_left_calls() {
            kernel.enter_begun(running.thread, &mut running.ctx);
            kernel.enter_render_call(running.thread, &mut running.ctx);
            left = kernel.take_left_call(running.id);
        }
        let disposition = match left {
            Some(guest) => kernel.apply(&mut Call::new(kernel, cpu, running), Flow::CallGuest(guest)),
            None => Disposition::Continue,
        };
        kernel.clear_away_deleted();
        disposition
    }

    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, wait: &Wait) {
        let status = match wait.reason {
            BlockReason::Delay => NtStatus::SUCCESS,
            _ => NtStatus::TIMEOUT,
        };
        let Kernel { dispatcher, files, sections, spin_locks, memory, .. } = &*self.kernel;
        // Under the lock of the list that it may be on, it is either over or stays where it is.
        let mut end = || match cpu.time_out(ticket, status.to_register()) {
            Ok(woken) => woken != Woken::NotWaiting,
            Err(error) => {
                tracing::error!(target: "kernel", "a wait whose time has run out: {error}");
                false
            }
        };
        match wait.reason {
            BlockReason::CriticalSection { section } => {
                sections.end_wait(GuestAddr(section), ticket.thread, end);
            }
            BlockReason::SpinLock { lock } => spin_locks.end_wait(GuestAddr(lock), ticket.thread, end),
            _ if wait.reason == SOCKET_WAIT => self.kernel.end_socket_wait(cpu, ticket),
            _ if wait.reason == COMPLETION_WAIT => {
                let mut files = files.lock();
                if end() {
                    files.ports.cancel(ticket.thread);
                }
            }
            _ => {
                let mut wait = dispatcher.wait_of(ticket.thread);
                if end() {
                    drop(wait.take(memory));
                }
            }
        }
        self.kernel.clear_away_deleted();
    }

    fn advance(&mut self, cpu: &mut dyn Cpu) {
        housekeeping("passing of time", self.kernel.advance(cpu));
        self.kernel.clear_away_deleted();
    }

    fn advance_devices(&mut self, cpu: &mut dyn Cpu) {
        housekeeping("graphics", self.kernel.advance_video(cpu));
        self.kernel.clear_away_deleted();
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

    fn next_event(&self) -> Option<GuestTicks> {
        let Kernel { dispatcher, spin_locks, memory, render_driver, user, requests, net, .. } = &*self.kernel;
        let now = spin_locks.has_waiters() && spin_lock::is_one_free(memory, spin_locks);
        if now {
            return Some(0);
        }
        let due = [
            dispatcher.timers().next_noticed(),
            render_driver.next_due(),
            user.dialog.next_due(),
            requests.next_due(),
            net.next_due(),
        ];
        due.into_iter().flatten().min()
    }

    fn next_device_event(&self) -> Option<GuestTicks> {
        // Without a callback, nothing that the chip does by itself reaches guest code.
        let callback = self.kernel.threads.lock().interrupts.callback.is_some();
        if callback { self.kernel.devices.video.lock().next_event() } else { None }
    }

    fn frames(&self) -> u64 {
        self.kernel.frames()
    }

    fn call_stack(&self, context: &PpcContext) -> Vec<u32> {
        return_addresses(&self.kernel.memory, context)
    }

    fn holders(&self, reason: &BlockReason) -> Vec<Holder> {
        self.kernel.holders(reason)
    }

    fn place_of(&self, address: u32) -> Option<Place> {
        self.kernel.place_of(address)
    }

    fn place_of_return(&self, address: u32) -> Option<Place> {
        self.kernel.place_of_return(address)
    }
}
