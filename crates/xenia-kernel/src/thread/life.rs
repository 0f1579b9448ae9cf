//! Thread creation and termination, by NT's rules
//! (docs/src/decisions/0008-threads-timers-waits.md).
//!
//! A thread is its structures in guest memory, a thread of the scheduler and a [`ThreadRecord`].
//! Invariants: a creation that fails frees all of its pieces; the table of records is locked until
//! the record exists, so a thread's first call finds it.

mod blocks;

use crate::abi::Handle;
use crate::objects::dispatcher::{Dispatcher, set_signal_state};
use crate::objects::{KernelPool, ObjectKind, ObjectRef, Objects};
use crate::ports::Clock;
use crate::status::failure::{Failure, Fallible};
use crate::thread::apc::Apcs;
use crate::thread::frames::{FrameCount, Frames};
use crate::thread::lists;
use crate::thread::records::{Stack, ThreadRecord, Threads};
use crate::thread::tls::Tls;
use blocks::{Blocks, allocate_stack, fill_kpcr, fill_kthread, write_processor};
use xenia_cpu::PpcContext;
use xenia_guest::layout::{kpcr, kprocess, kthread};
use xenia_guest::{ALL_HW_THREADS, GuestAddr, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sched::{
    BASE_PRIORITY, BlockReason, Cpu, GuestTicks, HW_THREADS, Placement, SpawnParameters, ThreadRef, Wait,
};
use xenia_sync::Mutex;

/// Bytes reserved above the first stack frame.
const STACK_TOP: u32 = 0x100;

/// Parameters of a new thread.
#[derive(Clone, Copy, Debug)]
pub struct NewThread {
    /// Stack size in bytes; at least 16 KiB, rounded up to 64 KiB.
    pub stack_size: u32,
    /// Address of the first instruction.
    pub pc: GuestAddr,
    /// Initial values of r3 and r4.
    pub args: [u64; 2],
    /// Initial link register: the address to which the function returns.
    pub return_to: GuestAddr,
    /// Start address in the thread object.
    pub start_address: GuestAddr,
    /// Flags of `ExCreateThread`: 1 suspended, 2 in the system process, bits 31–24 hardware
    /// threads.
    pub flags: u32,
    /// Hardware thread if the flags name none.
    pub hw_id: u8,
    pub priority: u8,
    /// The increment that yields that priority, −15…+15.
    pub priority_increment: i32,
    /// Whether it is one of the kernel's service threads.
    pub service: bool,
    /// Whether it must not run until its creator resumes it. The title does not see this as a
    /// suspension.
    pub held: bool,
}

/// `ExCreateThread` flag: starts suspended.
pub const CREATE_SUSPENDED: u32 = 1;
/// `ExCreateThread` flag: belongs to the system process.
const CREATE_SYSTEM: u32 = 2;

impl NewThread {
    /// A thread of the title on `hw_id`, with default priority.
    pub fn new(pc: GuestAddr, return_to: GuestAddr, hw_id: u8) -> Self {
        Self {
            stack_size: 0x4_0000,
            pc,
            args: [0; 2],
            return_to,
            start_address: pc,
            flags: 0,
            hw_id,
            priority: BASE_PRIORITY,
            priority_increment: 0,
            service: false,
            held: false,
        }
    }
}

/// A thread that was created.
#[derive(Clone, Copy, Debug)]
pub struct MadeThread {
    pub reference: ThreadRef,
    /// The guest thread ID.
    pub id: u32,
    /// Body of the thread's object; the caller owns one reference.
    pub kthread: GuestAddr,
}

/// Creation, look-up and end of threads.
#[derive(Clone, Copy)]
pub struct ThreadLife<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) limits: &'k ResourceLimits,
    pub(crate) clock: Clock,
    pub(crate) pool: &'k KernelPool,
    pub(crate) objects: &'k Objects,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) threads: &'k Mutex<Threads>,
    pub(crate) tls: &'k Tls,
    /// Number of frames of all threads.
    pub(crate) frame_count: &'k FrameCount,
}

impl<'k> ThreadLife<'k> {
    /// Creates a thread. It has two references: one for the thread until it ends, and the caller's.
    pub fn create(&self, cpu: &mut dyn Cpu, new: &NewThread) -> Fallible<MadeThread> {
        let mask = new.flags >> 24 & u32::from(ALL_HW_THREADS);
        let affinity = if mask == 0 { 1 << (usize::from(new.hw_id) % HW_THREADS) } else { mask };
        let (id, process) = {
            let mut threads = self.threads.lock();
            (threads.next_id()?, threads.process_of(new))
        };
        let mut pieces = Pieces::default();
        let hw_id = affinity.trailing_zeros() as u8;
        let identity = Identity { id, process, hw_id };
        let built = self.build(cpu.now(), new, identity, &mut pieces);
        // Held until the record exists: the thread's first call may look for it.
        let mut threads = self.threads.lock();
        let spawned = built.and_then(|blocks| {
            let reference = self.spawn(cpu, new, affinity, &blocks)?;
            Ok((reference, blocks))
        });
        let (reference, Blocks { kpcr, kthread, stack, tls, .. }) = match spawned {
            Ok(made) => made,
            Err(failure) => {
                drop(threads);
                self.discard(pieces);
                return Err(failure);
            }
        };
        threads.insert(ThreadRecord {
            reference,
            id,
            kthread,
            kpcr,
            stack,
            tls,
            name: None,
            frames: Frames::new(self.frame_count),
            apcs: Apcs::default(),
            alerted: [false; 2],
            priority_increment: new.priority_increment,
            exit_is_notified: false,
            ended: false,
        });
        Ok(MadeThread { reference, id, kthread })
    }

    /// Allocates and fills a thread's structures in guest memory. On failure, `pieces` has those
    /// that were allocated.
    fn build(
        &self,
        now: GuestTicks,
        new: &NewThread,
        identity: Identity,
        pieces: &mut Pieces,
    ) -> Fallible<Blocks> {
        let memory = self.memory;
        let layout = self.tls.layout();
        let Identity { id, process, hw_id } = identity;
        let stack = allocate_stack(memory, self.limits, new.stack_size)?;
        pieces.stack = Some(stack);
        let tls = self.pool.allocate(layout.data_size.saturating_add(layout.slots.saturating_mul(4)))?;
        pieces.blocks.push(tls);
        if !layout.template.is_null() {
            let mut data = vec![0; layout.template_size.min(layout.data_size) as usize];
            memory.read_bytes(layout.template, &mut data)?;
            memory.write_bytes(tls, &data)?;
        }
        let kpcr = self.pool.allocate(kpcr::SIZE)?;
        pieces.blocks.push(kpcr);
        let kthread = self.objects.create(self.pool, ObjectKind::Thread, kthread::SIZE)?;
        pieces.object = Some(kthread);
        self.objects.reference(kthread)?;
        let blocks = Blocks { id, kpcr, kthread, stack, tls, process, hw_id };
        fill_kpcr(memory, &blocks)?;
        fill_kthread(memory, &blocks, new, self.clock.system_time(now))?;
        Ok(blocks)
    }

    /// Creates the scheduler's thread, and links it into its process.
    fn spawn(
        &self,
        cpu: &mut dyn Cpu,
        new: &NewThread,
        affinity: u32,
        blocks: &Blocks,
    ) -> Fallible<ThreadRef> {
        let memory = self.memory;
        let process = blocks.process;
        let count: u32 = memory.read(process.offset(kprocess::THREAD_COUNT))?;
        let entry = blocks.kthread.offset(kthread::PROCESS_THREADS);
        lists::insert_tail(memory, process.offset(kprocess::THREAD_LIST), entry)?;
        let mut ctx = Box::new(PpcContext::default());
        ctx.pc = new.pc.0;
        ctx.lr = u64::from(new.return_to.0);
        ctx.gpr[1] = u64::from(blocks.stack.base.0 - STACK_TOP);
        ctx.gpr[3] = new.args[0];
        ctx.gpr[4] = new.args[1];
        ctx.gpr[13] = u64::from(blocks.kpcr.0);
        let spawned = cpu.spawn(SpawnParameters {
            ctx,
            id: blocks.id,
            priority: new.priority,
            affinity,
            ideal: blocks.hw_id,
            suspended: new.held || new.flags & CREATE_SUSPENDED != 0,
            service: new.service,
            // A service thread is idle until a call is posted to it.
            wait: new.service.then(|| Wait::forever(BlockReason::Idle)),
        });
        let reference = match spawned {
            Ok(reference) => reference,
            Err(error) => {
                lists::remove(memory, entry)?;
                return Err(error.into());
            }
        };
        memory.write(process.offset(kprocess::THREAD_COUNT), count.wrapping_add(1))?;
        Ok(reference)
    }

    /// Frees the structures of a thread that could not be created.
    fn discard(&self, pieces: Pieces) {
        let Pieces { stack, blocks, object } = pieces;
        if let Some(stack) = stack {
            let _ = self.memory.free(stack.allocation);
        }
        for block in blocks {
            let _ = self.pool.release(block);
        }
        if let Some(object) = object {
            // Both references, if it got as far as the second.
            let _ = self.objects.dereference(object);
            let _ = self.objects.dereference(object);
        }
    }

    /// Marks a thread as ended: it makes no further guest call and gets no further APC.
    pub(crate) fn mark_ended(&self, id: u32) -> Fallible<Ending> {
        let mut threads = self.threads.lock();
        let record = threads.get_mut(id).filter(|record| !record.ended).ok_or(NtStatus::INVALID_HANDLE)?;
        record.ended = true;
        record.frames.clear();
        record.drop_stale_waits();
        let &mut ThreadRecord { reference, kthread, kpcr, stack, tls, .. } = record;
        Ok(Ending { id, reference, kthread, kpcr, stack, tls })
    }

    /// Ends a thread that was marked: wakes its waiters, abandons its mutants, cancels the timers
    /// with APCs to it, frees its memory and drops its own reference.
    pub(crate) fn end(&self, cpu: &mut dyn Cpu, ending: Ending, code: u32) -> Fallible<()> {
        let memory = self.memory;
        let Ending { id, reference, kthread, kpcr, stack, tls } = ending;
        cpu.exit(reference, code)?;
        memory.write(kthread.offset(kthread::TERMINATED), 1_u8)?;
        memory.write(kthread.offset(kthread::EXIT_STATUS), code)?;
        memory.write(kthread.offset(kthread::EXIT_TIME), self.clock.system_time(cpu.now()))?;
        // The title may have damaged the list; the thread's memory is freed nevertheless.
        let left = {
            // This lock guards the processes' thread lists.
            let _threads = self.threads.lock();
            leave_process(memory, kthread)
        };
        let notified = {
            {
                let mut wait = self.dispatcher.wait_of(reference);
                drop(wait.take(memory));
                wait.turn.clear_interruption();
            }
            self.dispatcher.cancel_timers_of(memory, id);
            let abandoned = self.dispatcher.abandon_mutants(memory, cpu, kthread);
            let mut held = self.dispatcher.hold_around(kthread, &[]);
            let served =
                set_signal_state(memory, kthread, 1).and_then(|()| held.serve(memory, cpu, kthread, 0));
            abandoned.and(served)
        };
        cpu.release(reference)?;
        // Likewise if the title has freed the stack itself.
        let freed = memory.free(stack.allocation).map(drop).map_err(Failure::from);
        let released = [self.pool.release(kpcr), self.pool.release(tls), self.objects.dereference(kthread)];
        let failed = [left, notified, freed].into_iter().chain(released).find_map(Result::err);
        if let Some(failure) = failed {
            tracing::debug!(target: "kernel", "thread {id} has ended with damaged lists or memory: {failure}");
        }
        Ok(())
    }

    /// The thread that a handle names: its ID and object. The current-thread pseudo handle names
    /// `current`.
    pub fn resolve(&self, handle: Handle, current: u32) -> Fallible<(u32, ObjectRef<'k>)> {
        if handle == Handle::CURRENT_THREAD {
            let kthread = self.threads.lock().get(current).map(|record| record.kthread);
            let object = kthread.and_then(|kthread| self.objects.by_pointer(kthread));
            return Ok((current, object.ok_or(NtStatus::INVALID_HANDLE)?));
        }
        let object = self.objects.resolve_kind(handle, ObjectKind::Thread)?;
        let id = self.threads.lock().id_of(object.body())?;
        Ok((id, object))
    }

    /// The thread whose object lies at `kthread`: its ID and object.
    pub fn find(&self, kthread: GuestAddr) -> Fallible<(u32, ObjectRef<'k>)> {
        let object = self.objects.by_pointer(kthread).ok_or(NtStatus::INVALID_PARAMETER)?;
        let id = self.threads.lock().id_of(kthread)?;
        Ok((id, object))
    }
}

impl Threads {
    /// The process of a new thread.
    pub fn process_of(&self, new: &NewThread) -> GuestAddr {
        let of_system = new.service || new.flags & CREATE_SYSTEM != 0;
        if of_system { self.processes.system } else { self.processes.title }
    }

    /// ID of the thread whose object's body lies at `kthread`.
    pub fn id_of(&self, kthread: GuestAddr) -> Fallible<u32> {
        let record = self.by_kthread(kthread).ok_or(NtStatus::INVALID_PARAMETER)?;
        Ok(record.id)
    }

    /// Moves a thread to other hardware threads and updates its control region. Returns the
    /// previous mask.
    pub fn set_affinity(&self, memory: &GuestMemory, cpu: &mut dyn Cpu, id: u32, mask: u32) -> Fallible<u8> {
        let record = self.get(id).filter(|record| !record.ended).ok_or(NtStatus::INVALID_HANDLE)?;
        let Placement { before, hw_id } = cpu.set_affinity(record.reference, mask)?;
        self.publish_processor(memory, id, hw_id)?;
        Ok(before)
    }

    /// Writes the number of a thread's hardware thread to its control region and object.
    pub(crate) fn publish_processor(&self, memory: &GuestMemory, id: u32, hw_id: u8) -> Fallible<()> {
        let record = self.get(id).ok_or(NtStatus::INVALID_HANDLE)?;
        write_processor(memory, record.kpcr, record.kthread, hw_id)
    }
}

/// Removes a thread from its process's list.
fn leave_process(memory: &GuestMemory, kthread: GuestAddr) -> Fallible<()> {
    let process: GuestAddr = memory.read(kthread.offset(kthread::PROCESS))?;
    lists::remove(memory, kthread.offset(kthread::PROCESS_THREADS))?;
    let count: u32 = memory.read(process.offset(kprocess::THREAD_COUNT))?;
    Ok(memory.write(process.offset(kprocess::THREAD_COUNT), count.saturating_sub(1))?)
}

/// Structures allocated so far for a thread that is being created.
#[derive(Default)]
struct Pieces {
    stack: Option<Stack>,
    blocks: Vec<GuestAddr>,
    object: Option<GuestAddr>,
}

/// Number, process and hardware thread of a thread that is being created.
#[derive(Clone, Copy)]
struct Identity {
    id: u32,
    process: GuestAddr,
    hw_id: u8,
}

/// A thread that is marked as ended, with the resources that must still be released.
pub(crate) struct Ending {
    id: u32,
    reference: ThreadRef,
    kthread: GuestAddr,
    kpcr: GuestAddr,
    stack: Stack,
    tls: GuestAddr,
}
