//! Queue of asynchronous transfers for worker threads.
//!
//! Transfers of one file object run one at a time in the order of the calls, as on a drive: titles
//! extend a file by several writes at once, and read into one buffer repeatedly. File objects are
//! served round-robin. Each transfer that is taken is followed by [`TransferQueue::finish`], after
//! the guest was notified of its completion.
//!
//! Writes still queued when the machine ends are executed without notification, so a run that the
//! user ends loses no data that a title has given to the kernel. A machine that is discarded drops
//! them.

use super::request::{IoStatus, Reply};
use super::stream::Stream;
use super::transfer::Direction;
use crate::objects::HeldObject;
use crate::status::failure::Fallible;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::{Buffer, GuestAddr};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::GuestMemory;
use xenia_sync::{Condvar, Level, Mutex};

/// A transfer, with its completion targets.
pub(super) struct Transfer {
    pub(super) reply: Reply,
    pub(super) stream: Arc<Stream>,
    pub(super) direction: Direction,
    pub(super) pieces: Vec<Buffer>,
    pub(super) offset: u64,
    /// Keeps file and event alive until the end, even if they are closed.
    pub(super) _held: Vec<HeldObject>,
}

impl Transfer {
    /// Executes the transfer.
    pub(super) fn run(&self, memory: &GuestMemory) -> IoStatus {
        let Self { stream, direction, pieces, offset, .. } = self;
        IoStatus::of(stream.transfer(memory, *direction, pieces, Some(*offset)))
    }
}

/// The transfers of one file object.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Transfer>,
    under_way: Option<Reply>,
}

#[derive(Default)]
struct State {
    lines: BTreeMap<GuestAddr, Line>,
    /// File objects with a queued transfer and none in progress.
    ready: VecDeque<GuestAddr>,
    /// Total number of queued pieces.
    pieces: usize,
}

/// Asynchronous transfers that are queued or in progress.
pub struct TransferQueue {
    state: Mutex<State>,
    /// Number of transfers queued or in progress. Changes under the state's lock.
    count: AtomicUsize,
    over: Condvar,
    limits: Arc<ResourceLimits>,
    memory: Arc<GuestMemory>,
}

impl TransferQueue {
    /// An empty queue for transfers between files and `memory`; refusals are counted in `limits`.
    pub fn new(limits: Arc<ResourceLimits>, memory: Arc<GuestMemory>) -> Self {
        let state = Mutex::numbered(Level::Files, 3, State::default());
        Self { state, count: AtomicUsize::new(0), over: Condvar::new(), limits, memory }
    }

    /// Whether no transfer is queued or in progress. Lock-free.
    pub fn is_empty(&self) -> bool {
        self.count.load(Acquire) == 0
    }

    /// Queues a transfer. Fails if the queue is full.
    pub(super) fn push(&self, transfer: Transfer) -> Fallible<()> {
        let mut state = self.state.lock();
        self.limits.admit(Limit::PendingTransfers, state.pieces)?;
        state.pieces += transfer.pieces.len();
        let file = transfer.reply.file;
        let line = state.lines.entry(file).or_default();
        line.waiting.push_back(transfer);
        if line.waiting.len() == 1 && line.under_way.is_none() {
            state.ready.push_back(file);
        }
        self.count.fetch_add(1, Release);
        Ok(())
    }

    /// Takes the next transfer and marks its file object as busy.
    pub(super) fn take(&self) -> Option<Transfer> {
        let mut state = self.state.lock();
        let file = state.ready.pop_front()?;
        let line = state.lines.get_mut(&file)?;
        let transfer = line.waiting.pop_front()?;
        line.under_way = Some(transfer.reply);
        state.pieces -= transfer.pieces.len();
        Some(transfer)
    }

    /// Marks the file object as idle after its transfer.
    pub(super) fn finish(&self, file: GuestAddr) {
        let mut state = self.state.lock();
        if let Some(line) = state.lines.get_mut(&file) {
            line.under_way = None;
            if line.waiting.is_empty() {
                state.lines.remove(&file);
            } else {
                state.ready.push_back(file);
            }
        }
        self.count.fetch_sub(1, Release);
        drop(state);
        self.over.notify_all();
    }

    /// Removes the queued transfers selected by `which`, in call order per file object. Also
    /// returns whether a selected transfer is in progress.
    pub(super) fn take_back(&self, which: impl Fn(&Reply) -> bool) -> (Vec<Transfer>, bool) {
        let mut taken = Vec::new();
        let mut others = false;
        if self.is_empty() {
            return (taken, others);
        }
        let mut state = self.state.lock();
        let State { lines, ready, pieces } = &mut *state;
        lines.retain(|file, line| {
            others |= line.under_way.as_ref().is_some_and(&which);
            let before = taken.len();
            let waiting = std::mem::take(&mut line.waiting).into_iter();
            let (back, stay): (VecDeque<_>, VecDeque<_>) =
                waiting.partition(|transfer| which(&transfer.reply));
            taken.extend(back);
            line.waiting = stay;
            if taken.len() > before && line.waiting.is_empty() && line.under_way.is_none() {
                ready.retain(|waiting| waiting != file);
            }
            !line.waiting.is_empty() || line.under_way.is_some()
        });
        *pieces -= taken.iter().map(|transfer| transfer.pieces.len()).sum::<usize>();
        self.count.fetch_sub(taken.len(), Release);
        (taken, others)
    }

    /// Drops the queued transfers, and waits for those in progress.
    pub(crate) fn discard(&self) {
        drop(self.take_back(|_| true));
        self.wait_for(|_| true);
    }

    /// Waits for the selected transfers in progress. The caller must hold no lock.
    pub(super) fn wait_for(&self, which: impl Fn(&Reply) -> bool) {
        if self.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        while state.lines.values().any(|line| line.under_way.as_ref().is_some_and(&which)) {
            self.over.wait(&mut state);
        }
    }
}

impl Drop for TransferQueue {
    fn drop(&mut self) {
        for line in self.state.get_mut().lines.values() {
            // Queued reads are dropped: their guest memory goes with the machine.
            for write in line.waiting.iter().filter(|transfer| transfer.direction == Direction::Write) {
                let IoStatus { status, .. } = write.run(&self.memory);
                if !status.is_success() {
                    tracing::warn!(target: "vfs", "a write that was under way when the machine ended: {status:?}");
                }
            }
        }
    }
}
