//! Asynchronous requests that return `PENDING`: queueing for a worker, execution, completion and
//! cancellation.
//!
//! This applies to unbuffered transfers on handles that were not opened for synchronous access, if
//! there are workers ([`Cpu::has_workers`]). In lockstep there are no workers: such a transfer is
//! executed within its call and still returns `PENDING`, which a title may also see on a console
//! with a fast drive. Transfers that move the handle's position are never queued.

use super::request::{FileRequests, IoRequest, IoStatus, Reply};
use super::stream::{Pends, Stream};
use super::transfer::Direction;
use super::transfer_queue::Transfer;
use crate::Kernel;
use crate::status::failure::Fallible;
use std::sync::Arc;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_sched::{Cpu, WorkReport};

/// A transfer taken from the queue; it is marked as done when it is dropped, on every path.
struct Taken {
    kernel: Arc<Kernel>,
    transfer: Transfer,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.kernel.transfers.finish(self.transfer.reply.file);
    }
}

/// A transfer that a request asks for.
pub struct RequestedTransfer {
    pub direction: Direction,
    /// Offset in the file; `None`: at the handle's position.
    pub offset: Option<u64>,
    /// The guest memory.
    pub pieces: Vec<Buffer>,
}

/// A transfer that is left to a worker.
struct LeftTransfer {
    stream: Arc<Stream>,
    direction: Direction,
    pieces: Vec<Buffer>,
    offset: u64,
}

impl FileRequests<'_> {
    /// Executes a request's transfer, or queues it for a worker; returns the status of the call.
    pub fn transfer(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        request: &IoRequest<'_>,
        transfer: RequestedTransfer,
    ) -> Fallible<NtStatus> {
        let RequestedTransfer { direction, offset, pieces } = transfer;
        let body = request.file.body();
        let stream = self.stream(body)?;
        // Again for a write: the file may have changed since `prepare_write`.
        stream.check_call(direction, &pieces, offset)?;
        let has_data = pieces.iter().any(|piece| piece.length > 0);
        let pends = if has_data { stream.pends(offset) } else { Pends::Never };
        let result = match pends {
            Pends::Later(offset) if cpu.has_workers() => match stream.admit(direction, offset) {
                Ok(()) => {
                    let left = LeftTransfer { stream, direction, pieces, offset };
                    return self.leave(cpu, request.reply(thread_id), left);
                }
                Err(failure) => Err(failure),
            },
            _ => stream.transfer(self.memory, direction, &pieces, offset),
        };
        if let Ok(done) = result {
            self.note_written(body, direction, done, self.clock.system_time(cpu.now()));
        }
        let status = self.complete(cpu, thread_id, request, IoStatus::of(result))?;
        Ok(if pends != Pends::Never && status.is_success() { NtStatus::PENDING } else { status })
    }

    /// Whether a write at `offset` can start in its call, or is queued. The first write to a long
    /// file copies it: then this does a part of the copy, and the call is repeated. Fails if the
    /// call refuses the write, which then copies nothing.
    pub fn prepare_write(
        &self,
        cpu: &dyn Cpu,
        file: GuestAddr,
        offset: Option<u64>,
        pieces: &[Buffer],
    ) -> Fallible<bool> {
        let stream = self.stream(file)?;
        stream.check_call(Direction::Write, pieces, offset)?;
        let is_left = cpu.has_workers() && matches!(stream.pends(offset), Pends::Later(_));
        // A failure occurs again in the write, where it can be reported.
        Ok(is_left || stream.prepare().unwrap_or(true))
    }

    /// Queues a transfer for a worker.
    fn leave(&self, cpu: &mut dyn Cpu, reply: Reply, left: LeftTransfer) -> Fallible<NtStatus> {
        let LeftTransfer { stream, direction, pieces, offset } = left;
        // Reset the event until completion. This can lose the signal of the preceding request;
        // titles that care use separate events.
        for body in reply.signals() {
            self.dispatcher.reset_event(self.memory, body)?;
        }
        let held = reply.signals().filter_map(|body| self.objects.hold(body)).collect();
        self.transfers.push(Transfer { reply, stream, direction, pieces, offset, _held: held })?;
        cpu.notify_workers();
        Ok(NtStatus::PENDING)
    }

    /// Records the time of a write to a file.
    fn note_written(&self, file: GuestAddr, direction: Direction, done: u32, now: u64) {
        if direction == Direction::Write && done > 0 {
            self.files.lock().note_change(file, now);
        }
    }

    /// Reports the completion of an asynchronous transfer to the guest. The time of a write is
    /// noted first: a thread that the reports wake may query it at once.
    fn report_end(&self, cpu: &mut dyn Cpu, transfer: &Transfer, outcome: IoStatus) {
        let reply = &transfer.reply;
        self.note_written(
            reply.file,
            transfer.direction,
            outcome.information,
            self.clock.system_time(cpu.now()),
        );
        // The steps are independent: a failure of one does not stop the others.
        let reports = [
            outcome.write(self.memory, reply.status_block),
            self.signal_completion(cpu, reply),
            self.queue_apc(cpu, reply),
            self.post_to_port(cpu, reply, outcome),
        ];
        for failure in reports.into_iter().filter_map(Result::err) {
            tracing::debug!(target: "kernel", "end of a request of thread {}: {failure}", reply.thread_id);
        }
    }

    /// Cancels the queued transfers selected by `which`, waits for those that a worker has started,
    /// and reports the cancelled ones to the guest. Returns whether there were any.
    pub fn cancel(&self, cpu: &mut dyn Cpu, which: impl Fn(&Reply) -> bool) -> bool {
        let (taken, others) = self.transfers.take_back(&which);
        // Before the reports, as the threads that they wake are notified when the call ends.
        self.transfers.wait_for(which);
        for transfer in &taken {
            self.report_end(cpu, transfer, IoStatus { status: NtStatus::CANCELLED, information: 0 });
        }
        others || !taken.is_empty()
    }

    /// Handles the end of a thread: pending reads are cancelled, because their memory may be
    /// reused; pending writes complete.
    pub(crate) fn end_of_thread(&self, cpu: &mut dyn Cpu, thread_id: u32) {
        self.end_driver_requests_of(thread_id);
        self.finish(cpu, |reply| reply.thread_id == thread_id);
    }

    /// Handles the end of the title: pending writes complete.
    pub(crate) fn end_all(&self, cpu: &mut dyn Cpu) {
        self.finish(cpu, |_| true);
    }

    fn finish(&self, cpu: &mut dyn Cpu, which: impl Fn(&Reply) -> bool) {
        let (taken, _) = self.transfers.take_back(&which);
        // Transfers that a worker has started come first.
        self.transfers.wait_for(which);
        for transfer in taken {
            let outcome = match transfer.direction {
                Direction::Read => IoStatus { status: NtStatus::CANCELLED, information: 0 },
                Direction::Write => transfer.run(self.memory),
            };
            self.report_end(cpu, &transfer, outcome);
        }
    }
}

impl Kernel {
    /// Executes the next queued transfer; the returned report completes it for the guest.
    pub(crate) fn work(self: &Arc<Self>) -> Option<WorkReport> {
        let transfer = self.transfers.take()?;
        let taken = Taken { kernel: self.clone(), transfer };
        let outcome = taken.transfer.run(&self.memory);
        Some(Box::new(move |cpu| {
            taken.kernel.file_requests().report_end(cpu, &taken.transfer, outcome);
            let kernel = taken.kernel.clone();
            drop(taken);
            kernel.run_deferred_deletions();
        }))
    }
}
