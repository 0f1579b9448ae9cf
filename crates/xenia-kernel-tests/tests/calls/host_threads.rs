//! Harness for tests with real concurrency: each guest thread runs on a host thread, over a [`Cpu`]
//! that parks and wakes them.
//!
//! The test is the guest code: it makes kernel calls through [`Guest::call`], and guest calls that
//! the kernel makes are passed to the machine's `routine`. Each guest thread has a hardware thread
//! to itself, so threads are not preempted. Guest time advances only by [`Machine::keep_time`], and
//! only [`Machine::work`] runs the work that calls leave for workers. A thread that sleeps longer
//! than [`TIMEOUT`] has lost its wake-up.

mod cpu;

use super::*;
use cpu::{Gate, HostCpu, Seat, Seats, lock};
use std::sync::atomic::Ordering::{AcqRel, Acquire, SeqCst};
use std::time::Duration;
use xenia_kernel::ports::Chipset;
use xenia_sched::{Commit, GuestTicks, System, Wait, WaitTicket};

/// Maximum time that a thread sleeps in a test that passes, with a large margin for a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// pc of guest code that has made a call and is not running a guest call.
const HOME: u32 = 0x8200_0004;

/// Stands for guest code that the kernel calls: takes the pc and the first arguments, returns the
/// result.
type Routine<'a> = dyn Fn(&mut Guest, u32, [u64; 4]) -> u64 + Sync + 'a;

/// A kernel and its threads.
pub(super) struct HostThreads<'a> {
    pub(super) kernel: Arc<Kernel>,
    pub(super) scratch: GuestAddr,
    seats: Arc<Seats>,
    routine: &'a Routine<'a>,
}

/// A guest thread that runs, on its host thread.
pub(super) struct Guest<'a> {
    pub(super) machine: &'a HostThreads<'a>,
    seat: Arc<Seat>,
    cpu: HostCpu,
    /// `None` only while the thread is parked.
    running: Option<Running>,
}

impl<'a> HostThreads<'a> {
    /// Creates a machine without threads. `routine` takes the place of all guest code that the
    /// kernel calls.
    pub(super) fn new(routine: &'a Routine<'a>) -> Self {
        let memory = GuestMemory::new().unwrap();
        let config = KernelConfig::default();
        let kernel = Kernel::new(memory.clone(), config, Chipset::default(), Arc::default(), registry());
        let kernel = kernel.unwrap();
        let scratch = memory.alloc(Heap::Virtual4K, 0x2_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
        Self { kernel, scratch, seats: Arc::default(), routine }
    }

    /// Creates a thread that does not run yet. Returns its reference and its object.
    pub(super) fn add_thread(&self) -> (ThreadRef, u64) {
        let new = NewThread::new(GuestAddr(HOME), self.kernel.imports.own_stubs.thread_return, 0);
        let made = self.kernel.thread_life().create(&mut HostCpu(self.seats.clone()), &new).unwrap();
        (made.reference, u64::from(made.kthread.0))
    }

    /// Runs `code` as a guest thread on this host thread until it returns.
    pub(super) fn run<R>(&'a self, thread: ThreadRef, code: impl FnOnce(&mut Guest<'a>) -> R) -> R {
        let mut guest = self.enter(thread);
        let ctx = lock(&guest.seat.ctx).take().expect("nobody runs for it yet");
        guest.running = Some(Running { thread, id: guest.seat.id, hw_id: thread.hw_id, ctx });
        code(&mut guest)
    }

    fn enter(&'a self, thread: ThreadRef) -> Guest<'a> {
        let seat = self.seats.seat(thread).unwrap();
        Guest { machine: self, seat, cpu: HostCpu(self.seats.clone()), running: None }
    }

    /// Runs as the service thread of hardware thread 0, which must have been created, until the
    /// machine ends.
    pub(super) fn serve(&'a self) {
        let service = self.kernel.threads.lock().interrupts.thread(0).unwrap().thread;
        let mut guest = self.enter(service);
        while guest.sleep() {
            let pc = self.kernel.imports.own_stubs.service_return.0;
            while guest.running.is_some() {
                guest.call_routine(pc);
            }
        }
    }

    /// Advances guest time by `step` repeatedly and ends the waits that are due, until the machine
    /// ends.
    pub(super) fn keep_time(&self, step: GuestTicks) {
        let mut cpu = HostCpu(self.seats.clone());
        let mut system = KernelSystem::new(self.kernel.clone());
        while !self.seats.over.load(Acquire) {
            let now = self.seats.now.fetch_add(step, AcqRel) + step;
            let seats = lock(&self.seats.all).clone();
            for seat in seats {
                let due = lock(&seat.deadline).take_if(|(due, ..)| *due <= now);
                if let Some((_, ticket, wait)) = due {
                    system.timed_out(&mut cpu, ticket, &wait);
                }
            }
            system.advance(&mut cpu);
            std::thread::yield_now();
        }
    }

    /// From now on, calls may leave work for workers.
    pub(super) fn have_workers(&self) {
        self.seats.has_workers.store(true, SeqCst);
    }

    /// Runs as a worker, until the machine ends.
    pub(super) fn work(&self) {
        let mut system = KernelSystem::new(self.kernel.clone());
        while !self.seats.over.load(Acquire) {
            match system.work() {
                Some(report) => report(&mut HostCpu(self.seats.clone())),
                None => std::thread::yield_now(),
            }
        }
    }

    /// Ends the service thread, the timekeeper and the workers.
    pub(super) fn end(&self) {
        self.seats.over.store(true, SeqCst);
        for seat in &*lock(&self.seats.all) {
            drop(lock(&seat.gate));
            seat.opened.notify_all();
        }
    }
}

impl Guest<'_> {
    /// Calls a kernel function, including its waits. Returns its result.
    pub(super) fn call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        let registry = registry();
        let export = [Library::xboxkrnl, Library::xam]
            .into_iter()
            .find_map(|library| registry.find_by_name(library, name))
            .unwrap();
        let kernel = self.machine.kernel.clone();
        let running = self.running.as_mut().unwrap();
        running.ctx.gpr[3..3 + arguments.len()].copy_from_slice(arguments);
        let home = running.ctx.pc;
        let disposition = {
            let mut call = Call::new(&kernel, &mut self.cpu, running);
            let flow = match (export.shim)(&mut call) {
                Flow::Return(value) => kernel.apcs().before_return(&call, value),
                flow => flow,
            };
            kernel.apply(&mut call, flow)
        };
        kernel.run_deferred_deletions();
        assert!(self.settle(disposition), "{name}: the machine is over");
        let call_return = kernel.imports.own_stubs.call_return.0;
        while self.running.as_ref().unwrap().ctx.pc != home {
            self.call_routine(call_return);
        }
        self.running.as_ref().unwrap().ctx.gpr[3]
    }

    /// Calls a kernel function through its stub, as guest code does. The function must not wait.
    pub(super) fn call_through(&mut self, stub: GuestAddr, arguments: &[u64]) -> u64 {
        let mut system = KernelSystem::new(self.machine.kernel.clone());
        let running = self.running.as_mut().unwrap();
        running.ctx.gpr[3..3 + arguments.len()].copy_from_slice(arguments);
        let home = std::mem::replace(&mut running.ctx.pc, stub.0 + 4);
        let disposition = system.syscall(&mut self.cpu, running, 2);
        running.ctx.pc = home;
        assert!(matches!(disposition, Disposition::Continue), "{disposition:?}");
        running.ctx.gpr[3]
    }

    /// Terminates the title.
    pub(super) fn end_title(&mut self) {
        let kernel = self.machine.kernel.clone();
        let mut call = Call::new(&kernel, &mut self.cpu, self.running.as_mut().unwrap());
        assert!(matches!(xenia_kernel::title::terminate(&mut call), Flow::End(_)));
    }

    /// Like [`Self::call`], with the result as a status.
    pub(super) fn status(&mut self, name: &str, arguments: &[u64]) -> NtStatus {
        NtStatus(self.call(name, arguments) as u32)
    }

    pub(super) fn memory(&self) -> &GuestMemory {
        &self.machine.kernel.memory
    }

    /// Runs the guest code that the kernel makes the thread call, and returns from it through
    /// `stub`.
    fn call_routine(&mut self, stub: u32) {
        let ctx = &mut self.running.as_mut().unwrap().ctx;
        let pc = ctx.pc;
        let mut arguments = [0; 4];
        arguments.copy_from_slice(&ctx.gpr[3..7]);
        let result = (self.machine.routine)(self, pc, arguments);
        let mut system = KernelSystem::new(self.machine.kernel.clone());
        let running = self.running.as_mut().unwrap();
        running.ctx.gpr[3] = result;
        running.ctx.pc = stub + 4;
        let disposition = system.syscall(&mut self.cpu, running, 2);
        self.settle(disposition);
    }

    /// Carries out the disposition of a call; returns `false` if the machine ended while the thread
    /// slept.
    fn settle(&mut self, mut disposition: Disposition) -> bool {
        loop {
            match disposition {
                Disposition::Continue => break,
                Disposition::EndVisit => {
                    std::thread::yield_now();
                    break;
                }
                Disposition::Park(wait) => {
                    let Some(value) = self.park(wait) else {
                        if !self.sleep() {
                            return false;
                        }
                        break;
                    };
                    let mut system = KernelSystem::new(self.machine.kernel.clone());
                    let running = self.running.as_mut().unwrap();
                    disposition = system.resume_unparked(&mut self.cpu, running, value);
                }
                Disposition::Stop => panic!("no call stops the run"),
                Disposition::End(end) => panic!("{end:?}"),
            }
        }
        self.stop_while_suspended();
        true
    }

    /// Parks the thread; returns the value to continue with if the wait is over already.
    fn park(&mut self, wait: Wait) -> Option<u64> {
        let Running { thread, id, hw_id, ctx } = self.running.take().unwrap();
        assert!(lock(&self.seat.ctx).replace(ctx).is_none());
        if !self.seat.word.is_open() {
            self.seat.word.open(wait.alertable);
        }
        let ticket = self.seat.word.waiting().map(|serial| WaitTicket { thread, serial });
        *lock(&self.seat.deadline) =
            ticket.zip(wait.deadline).map(|(ticket, deadline)| (deadline, ticket, wait));
        match self.seat.word.commit() {
            Commit::Parked => None,
            Commit::GoOn(value) => {
                let ctx = lock(&self.seat.ctx).take().unwrap();
                self.running = Some(Running { thread, id, hw_id, ctx });
                Some(value)
            }
        }
    }

    /// Sleeps until the thread is woken; returns `false` if the machine ends before that.
    fn sleep(&mut self) -> bool {
        let seat = self.seat.clone();
        let over = &self.machine.seats.over;
        let waits = |gate: &mut Gate| !gate.ready && !over.load(SeqCst);
        let (mut gate, slept) = seat.opened.wait_timeout_while(lock(&seat.gate), TIMEOUT, waits).unwrap();
        assert!(!slept.timed_out(), "thread {} has been forgotten", seat.id);
        if !std::mem::take(&mut gate.ready) {
            return false;
        }
        drop(gate);
        *lock(&seat.deadline) = None;
        let ctx = lock(&seat.ctx).take().unwrap();
        let thread = seat.reference;
        self.running = Some(Running { thread, id: seat.id, hw_id: thread.hw_id, ctx });
        true
    }

    fn stop_while_suspended(&self) {
        let stops = |gate: &mut Gate| gate.suspended > 0;
        let (_gate, slept) =
            self.seat.opened.wait_timeout_while(lock(&self.seat.gate), TIMEOUT, stops).unwrap();
        assert!(!slept.timed_out(), "thread {} has not been resumed", self.seat.id);
    }
}
