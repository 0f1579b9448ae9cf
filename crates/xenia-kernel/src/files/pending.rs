//! Requests that return `PENDING` before their transfer has begun: leaving it for a worker,
//! carrying it out, telling the guest of its end, taking it back.
//!
//! That is for handles that were not opened for synchronous access, where there are workers
//! ([`Cpu::has_workers`]). In lockstep there are none, and such a request is carried out in its
//! call and returns `PENDING` all the same: a title may see that on a console, if the drive is
//! fast. Nor is anything left that moves the handle's position.

use super::request::{IoRequest, Outcome, Reply};
use super::stream::Stream;
use super::transfer::{Direction, Piece};
use super::transfer_queue::Transfer;
use crate::Kernel;
use crate::status::failure::Fallible;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::{Cpu, WorkReport};

/// A transfer that has been taken from the queue; it goes back when it is over, however that comes
/// about.
struct Taken {
    kernel: Arc<Kernel>,
    transfer: Transfer,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.kernel.transfers.done(self.transfer.reply.file);
    }
}

impl Kernel {
    /// Reads or writes for a request, or leaves that for a worker; what its call returns.
    pub(crate) fn transfer(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        request: &IoRequest<'_>,
        (direction, offset): (Direction, Option<u64>),
        pieces: Fallible<Vec<Piece>>,
    ) -> Fallible<NtStatus> {
        let body = request.file.body();
        let mut left = None;
        let result = pieces.and_then(|pieces| {
            let stream = self.stream(body)?;
            if let Some(offset) = offset
                && cpu.has_workers()
                && stream.may_wait(direction, &pieces, offset)?
            {
                left = Some((stream, pieces, offset));
                return Ok(0);
            }
            let done = stream.transfer(&self.memory, direction, &pieces, offset)?;
            self.note_written(body, direction, done, self.clock.system_time(cpu.now()));
            Ok(done)
        });
        let Some(left) = left else {
            return self.complete_request(cpu, thread_id, request, Outcome::of(result));
        };
        self.leave_transfer(cpu, request.reply(thread_id), direction, left)
    }

    /// Whether a write at `offset` may begin in its call, or need not. Before the first write to a
    /// long file the file is copied: then a part of that is done, and the call is made again.
    pub(crate) fn prepare_write(&self, cpu: &dyn Cpu, file: GuestAddr, offset: Option<u64>) -> bool {
        let Ok(stream) = self.stream(file) else { return true };
        let is_left = cpu.has_workers() && !stream.is_synchronous() && !Stream::is_position(offset);
        // A failure comes again where it can be told.
        is_left || stream.prepare().unwrap_or(true)
    }

    fn leave_transfer(
        &self,
        cpu: &mut dyn Cpu,
        reply: Reply,
        direction: Direction,
        (stream, pieces, offset): (Arc<Stream>, Vec<Piece>, u64),
    ) -> Fallible<NtStatus> {
        // Not signalled before its end. That of the request before this may be forgotten: titles that care
        // use events.
        for body in reply.signals() {
            self.dispatcher.reset_event(&self.memory, body)?;
        }
        let held = reply.signals().filter_map(|body| self.objects.hold(body)).collect();
        self.transfers.push(Transfer { reply, stream, direction, pieces, offset, _held: held })?;
        cpu.work_has_come();
        Ok(NtStatus::PENDING)
    }

    /// Notes when a file was written to.
    fn note_written(&self, file: GuestAddr, direction: Direction, done: u32, now: u64) {
        if direction == Direction::Write && done > 0 {
            self.files.lock().note_change(file, now);
        }
    }

    /// Tells the guest of the end of a transfer that its call did not wait for.
    fn end_transfer(&self, cpu: &mut dyn Cpu, transfer: &Transfer, outcome: Outcome) {
        let reply = &transfer.reply;
        self.note_written(
            reply.file,
            transfer.direction,
            outcome.information,
            self.clock.system_time(cpu.now()),
        );
        // Each of them is for somebody else.
        let told = [
            outcome.write(&self.memory, reply.status_block),
            self.signal_end(cpu, reply),
            self.call_at_end(cpu, reply),
            self.post_end(cpu, reply, outcome),
        ];
        for failure in told.into_iter().filter_map(Result::err) {
            tracing::debug!(target: "kernel", "end of a request of thread {}: {failure}", reply.thread_id);
        }
    }

    /// Takes back those of `which` that nobody has begun, and tells the guest that they are
    /// cancelled. Waits for what a worker has begun. Says whether there was anything.
    pub(crate) fn cancel_transfers(&self, cpu: &mut dyn Cpu, which: impl Fn(&Reply) -> bool) -> bool {
        let (taken, others) = self.transfers.take_back(&which);
        for transfer in &taken {
            self.end_transfer(cpu, transfer, Outcome { status: NtStatus::CANCELLED, information: 0 });
        }
        self.transfers.wait_for(which);
        others || !taken.is_empty()
    }

    /// A thread ends: nothing is read for it any more, which could be to memory that is somebody
    /// else's next. What it has written is not lost.
    pub(crate) fn end_transfers_of(&self, cpu: &mut dyn Cpu, thread_id: u32) {
        self.finish_transfers(cpu, |reply| reply.thread_id == thread_id);
    }

    /// The title ends: what it has written is not lost.
    pub(crate) fn end_all_transfers(&self, cpu: &mut dyn Cpu) {
        self.finish_transfers(cpu, |_| true);
    }

    fn finish_transfers(&self, cpu: &mut dyn Cpu, which: impl Fn(&Reply) -> bool) {
        let (taken, _) = self.transfers.take_back(&which);
        // What a worker has begun came first.
        self.transfers.wait_for(which);
        for transfer in taken {
            let outcome = match transfer.direction {
                Direction::Read => Outcome { status: NtStatus::CANCELLED, information: 0 },
                Direction::Write => transfer.run(&self.memory),
            };
            self.end_transfer(cpu, &transfer, outcome);
        }
    }

    /// Carries out the next transfer that was left; what is returned tells the guest of its end.
    pub(crate) fn work(self: &Arc<Self>) -> Option<WorkReport> {
        let transfer = self.transfers.take()?;
        let taken = Taken { kernel: self.clone(), transfer };
        let outcome = taken.transfer.run(&self.memory);
        Some(Box::new(move |cpu| {
            taken.kernel.end_transfer(cpu, &taken.transfer, outcome);
            let kernel = taken.kernel.clone();
            drop(taken);
            kernel.run_deferred_deletions();
        }))
    }
}
