//! Render-driver callbacks: each client is called on a separate guest thread, which waits between
//! calls.

use super::render_driver::{Entry, Next, Removed, RenderDriver};
use crate::abi::{Call, Flow};
use crate::objects::KernelPool;
use crate::ports::Audio;
use crate::status::failure::Fallible;
use crate::thread::life::{NewThread, ThreadLife};
use crate::thread::pending_count::PendingCount;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{Alertable, BlockReason, Cpu, Event, ThreadRef, Wait, WakeResult, Woken};
use xenia_sync::Mutex;

/// Hardware thread for the callbacks: the one that the titles' sound library uses by default.
const HW_ID: u8 = 4;
/// Priority of the callback threads: above every thread of a title that has no deadline.
const PRIORITY: u8 = 24;
/// Stack size of a callback thread in bytes.
const STACK: u32 = 0x1_0000;

/// Clients of the render driver, and the threads that call them.
#[derive(Clone, Copy)]
pub struct RenderCallbacks<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) pool: &'k KernelPool,
    pub(crate) driver: &'k RenderDriver,
    pub(crate) audio: &'k Mutex<Box<dyn Audio>>,
    pub(crate) life: ThreadLife<'k>,
    /// Number of calls saved for threads whose wait ended before they parked.
    pub(crate) pending_calls: &'k PendingCount,
    /// Address to which a callback returns.
    pub(crate) service_return: GuestAddr,
    /// Address to which a thread returns that ends.
    pub(crate) thread_return: GuestAddr,
}

impl RenderCallbacks<'_> {
    /// Adds a client of the render driver; the driver calls `callback(cell)` for each frame, with
    /// `context` stored in the cell. `store` gives the title the client's handle, before the first
    /// call; if it fails, there is no client.
    pub fn add_client(
        &self,
        cpu: &mut dyn Cpu,
        callback: GuestAddr,
        context: u32,
        store: impl FnOnce(u32) -> Fallible<()>,
    ) -> Fallible<()> {
        self.driver.admit()?;
        let cell = self.pool.allocate(4)?;
        let added = self.memory.write(cell, context).map_err(Into::into).and_then(|()| {
            let returns = self.service_return;
            let new = NewThread {
                stack_size: STACK,
                priority: PRIORITY,
                service: true,
                start_address: callback,
                ..NewThread::new(returns, returns, HW_ID)
            };
            let made = self.life.create(cpu, &new)?;
            // Thread notification routines were not notified of this thread's start, so they are
            // not notified of its end.
            if let Some(record) = self.life.threads.lock().get_mut(made.id) {
                record.exit_is_notified = true;
            }
            self.life.objects.dereference(made.kthread)?;
            Ok((self.driver.add(Entry { callback, cell, thread: made.reference })?, made.reference))
        });
        let (handle, thread) = match added {
            Ok(added) => added,
            Err(failure) => {
                self.pool.release(cell)?;
                return Err(failure);
            }
        };
        let stored = store(handle);
        if stored.is_err() {
            self.driver.remove(handle);
        }
        if self.driver.start(handle, thread, cpu.now()) {
            cpu.notify_time_keeper();
        } else {
            // Removed before it was started: its thread, which waits, is woken to end.
            self.wake(cpu, thread);
        }
        stored
    }

    /// Removes a client: no further calls are made, and its queued frames are dropped. A call in
    /// progress runs to its end.
    pub fn remove_client(&self, cpu: &mut dyn Cpu, handle: u32) -> Fallible<()> {
        if let Removed::Waiting(thread) = self.driver.remove(handle).ok_or(NtStatus::INVALID_HANDLE)? {
            self.wake(cpu, thread);
        }
        Ok(())
    }

    /// Plays the frames that are due by now and wakes clients for the next ones. `song_volume`
    /// returns the volume of the song that is mixed into them, if one plays.
    pub(crate) fn play_due_frames(&self, cpu: &mut dyn Cpu, song_volume: impl Fn() -> Option<f32>) {
        while let Some(due) = self.driver.take_due(cpu.now()) {
            self.audio.lock().play(&due.frames, song_volume());
            for thread in due.woken {
                self.wake(cpu, thread);
            }
        }
    }

    fn wake(&self, cpu: &mut dyn Cpu, thread: ThreadRef) {
        self.pending_calls.add();
        if cpu.logs_events() {
            let pc = self.service_return.0;
            cpu.emit(&Event::Interrupt { hw_id: thread.hw_id, kind: "sound", pc });
        }
        let woken = cpu.wake_with(thread, WakeResult::unboosted(0), &mut |ctx| self.enter_call(thread, ctx));
        if !matches!(woken, Ok(Woken::Yes | Woken::BeforePark)) {
            // The title has terminated this thread.
            self.pending_calls.remove(1);
            tracing::debug!(target: "kernel", "thread {thread:?} of the render driver did not wait");
        }
    }

    /// Sets the registers of a woken render-driver thread for its next call.
    pub(crate) fn enter_call(&self, thread: ThreadRef, ctx: &mut PpcContext) {
        if let Some(next) = self.driver.begin(thread) {
            self.pending_calls.remove(1);
            match next {
                Next::Call(entry) => self.set_call(ctx, &entry),
                Next::Wait => {}
                Next::End(cell) => {
                    self.release_cell(cell);
                    ctx.pc = self.thread_return.0;
                    ctx.gpr[3] = 0;
                }
            }
        }
    }

    fn set_call(&self, ctx: &mut PpcContext, entry: &Entry) {
        ctx.pc = entry.callback.0;
        ctx.lr = u64::from(self.service_return.0);
        ctx.gpr[3] = u64::from(entry.cell.0);
    }

    fn release_cell(&self, cell: GuestAddr) {
        if let Err(failure) = self.pool.release(cell) {
            tracing::debug!(target: "kernel", "the cell of a client of the render driver: {failure}");
        }
    }

    /// Handles the return of a render-driver callback; `None` if the thread is not one of the
    /// driver's.
    pub(crate) fn end_call(&self, call: &mut Call) -> Option<Flow> {
        let thread = call.thread();
        let mut opened = Ok(());
        let cpu = &mut *call.cpu;
        let next =
            self.driver.returned(thread, || opened = cpu.open_wait(thread, Alertable::No).map(drop))?;
        if let Err(error) = opened {
            tracing::error!(target: "kernel", "thread {thread:?} of the render driver can't wait: {error}");
            return Some(Flow::Exit { code: 0 });
        }
        Some(match next {
            Next::Call(entry) => {
                self.set_call(call.ctx_mut(), &entry);
                Flow::Return(u64::from(entry.cell.0))
            }
            Next::Wait => Flow::Block(Wait::forever(BlockReason::Idle)),
            Next::End(cell) => {
                self.release_cell(cell);
                Flow::Exit { code: 0 }
            }
        })
    }
}
