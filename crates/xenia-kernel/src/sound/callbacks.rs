//! Render-driver callbacks: each client is called on a separate guest thread, which waits between
//! calls.

use super::render_driver::{Entry, Next, Removed};
use crate::Kernel;
use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use crate::thread::life::NewThread;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{BlockReason, Cpu, Event, ThreadRef, Wait, Woken};

/// Hardware thread for the callbacks: the one that the titles' sound library uses by default.
const HW_ID: u8 = 4;
/// Priority of the callback threads: above every thread of a title that has no deadline.
const PRIORITY: u8 = 24;
/// Stack size of a callback thread in bytes.
const STACK: u32 = 0x1_0000;

impl Kernel {
    /// Adds a client of the render driver; the driver calls `callback(cell)` for each frame, with
    /// `context` stored in the cell. Returns the client's handle.
    pub(crate) fn add_render_client(
        &self,
        cpu: &mut dyn Cpu,
        callback: GuestAddr,
        context: u32,
    ) -> Fallible<u32> {
        self.render_driver.admit()?;
        let cell = self.pool.allocate(4)?;
        let added = self.memory.write(cell, context).map_err(Into::into).and_then(|()| {
            let returns = self.imports.own_stubs.service_return;
            let new = NewThread {
                stack_size: STACK,
                priority: PRIORITY,
                service: true,
                start_address: callback,
                ..NewThread::new(returns, returns, HW_ID)
            };
            let made = self.thread_life().create(cpu, &new)?;
            // Thread notification routines were not told of this thread's start, so they are not
            // told of its end.
            if let Some(record) = self.threads.lock().get_mut(made.id) {
                record.end_is_told = true;
            }
            self.dereference(made.kthread)?;
            self.render_driver.add(Entry { callback, cell, thread: made.reference }, cpu.now())
        });
        match added {
            Ok(handle) => {
                cpu.time_has_more();
                Ok(handle)
            }
            Err(failure) => {
                self.pool.release(cell)?;
                Err(failure)
            }
        }
    }

    /// Removes a client: no further calls are made, and its queued frames are dropped. A call in
    /// progress runs to its end.
    pub(crate) fn remove_render_client(&self, cpu: &mut dyn Cpu, handle: u32) -> Fallible<()> {
        if let Removed::Waiting(thread) = self.render_driver.remove(handle).ok_or(NtStatus::INVALID_HANDLE)? {
            self.wake_render_thread(cpu, thread);
        }
        Ok(())
    }

    /// Plays the frames that are due by now and wakes clients for the next ones.
    pub(crate) fn play_due_frames(&self, cpu: &mut dyn Cpu) {
        while let Some(due) = self.render_driver.take_due(cpu.now()) {
            self.devices.audio.lock().play(&due.frames, self.user.music.heard());
            for thread in due.woken {
                self.wake_render_thread(cpu, thread);
            }
        }
    }

    fn wake_render_thread(&self, cpu: &mut dyn Cpu, thread: ThreadRef) {
        self.pending_calls.add();
        if cpu.logs_events() {
            let pc = self.imports.own_stubs.service_return.0;
            cpu.emit(&Event::Interrupt { hw_id: thread.hw_id, kind: "sound", pc });
        }
        let woken = cpu.wake_with(thread, 0, 0, &mut |ctx| self.enter_render_call(thread, ctx));
        if !matches!(woken, Ok(Woken::Yes | Woken::BeforePark)) {
            // The title has terminated this thread.
            self.pending_calls.remove(1);
            tracing::debug!(target: "kernel", "thread {thread:?} of the render driver did not wait");
        }
    }

    /// Sets the registers of a woken render-driver thread for its next call.
    pub(crate) fn enter_render_call(&self, thread: ThreadRef, ctx: &mut PpcContext) {
        if let Some(next) = self.render_driver.begin(thread) {
            self.pending_calls.remove(1);
            match next {
                Next::Call(entry) => self.set_render_call(ctx, &entry),
                Next::Wait => {}
                Next::End(cell) => {
                    self.release_cell(cell);
                    ctx.pc = self.imports.own_stubs.thread_return.0;
                    ctx.gpr[3] = 0;
                }
            }
        }
    }

    fn set_render_call(&self, ctx: &mut PpcContext, entry: &Entry) {
        ctx.pc = entry.callback.0;
        ctx.lr = u64::from(self.imports.own_stubs.service_return.0);
        ctx.gpr[3] = u64::from(entry.cell.0);
    }

    fn release_cell(&self, cell: GuestAddr) {
        if let Err(failure) = self.pool.release(cell) {
            tracing::debug!(target: "kernel", "the cell of a client of the render driver: {failure}");
        }
    }

    /// Handles the return of a render-driver callback; `None` if the thread is not one of the
    /// driver's.
    pub(crate) fn end_render_call(&self, call: &mut Call) -> Option<Flow> {
        let thread = call.thread();
        let mut opened = Ok(());
        let cpu = &mut *call.cpu;
        let next = self.render_driver.returned(thread, || opened = cpu.open_wait(thread, false).map(drop))?;
        if let Err(error) = opened {
            tracing::error!(target: "kernel", "thread {thread:?} of the render driver can't wait: {error}");
            return Some(Flow::Exit { code: 0 });
        }
        Some(match next {
            Next::Call(entry) => {
                self.set_render_call(call.ctx_mut(), &entry);
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
