//! Call history: the last calls of each guest thread, and the calls of exports that are not
//! complete, with callers and arguments. Reports that users send contain it.
//!
//! It exists only in machines that keep one ([`crate::KernelConfig::call_history`]). A thread runs
//! on one hardware thread at a time, so threads share a lock only if their ids share a shard.
//!
//! Invariants: it holds registers, never guest memory; the guest can't observe it; its size is
//! bounded by [`SHARDS`], [`THREADS`] and [`CALLS`], and by the number of imports.

use super::Export;
use super::thunks::Target;
use crate::abi::Call;
use std::collections::BTreeMap;
use xenia_guest::Ordinal;
use xenia_imports::{Library, Status, ordinals};
use xenia_sched::GuestTicks;
use xenia_sync::{Level, Mutex};

/// Number of locks that the threads are spread over.
const SHARDS: usize = 16;
/// Threads of a shard whose calls are kept; beyond it, the thread whose last call is the oldest is
/// dropped.
const THREADS: usize = 64;
/// Calls kept of each thread.
const CALLS: usize = 32;
/// Registers that carry arguments: r3 to r10.
const ARGUMENTS: usize = 8;

/// The function that a call is made to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callee {
    /// An implemented export.
    Export(&'static Export),
    /// An unimplemented export.
    Missing {
        /// Library; `None` if the console has no library with the imported name.
        library: Option<Library>,
        /// Ordinal in the library.
        ordinal: Ordinal,
    },
}

impl Callee {
    /// The callee of a system call; `None` if it is a return to the kernel.
    #[inline]
    pub(crate) fn of(target: Option<Target>) -> Option<Self> {
        match target? {
            Target::Export(export) => Some(Self::Export(export)),
            Target::Missing { library, ordinal } => Some(Self::Missing { library, ordinal }),
            _ => None,
        }
    }

    /// Library and ordinal; no library if the console has no library with the imported name.
    pub(super) fn place(self) -> (Option<Library>, Ordinal) {
        match self {
            Self::Export(export) => (Some(export.library), Ordinal(export.ordinal)),
            Self::Missing { library, ordinal } => (library, ordinal),
        }
    }

    /// The export's name, or library and ordinal.
    pub(super) fn name(self) -> String {
        match self {
            Self::Export(export) => export.name.to_owned(),
            Self::Missing { library, ordinal } => missing_name(library, ordinal),
        }
    }

    /// The number of arguments to show.
    fn arguments(self) -> usize {
        match self {
            Self::Export(export) => export.parameters.len().min(ARGUMENTS),
            Self::Missing { .. } => ARGUMENTS,
        }
    }

    /// The implementation status, if it is not complete.
    fn unfinished(self) -> Option<(Key, Status)> {
        match self {
            Self::Export(export) if export.status.is_finished() => None,
            Self::Export(export) => Some(((Some(export.library), export.ordinal), export.status)),
            Self::Missing { library, ordinal } => Some(((library, ordinal.0), Status::Missing)),
        }
    }
}

/// Name of an unimplemented export, or library and ordinal.
pub(super) fn missing_name(library: Option<Library>, ordinal: Ordinal) -> String {
    let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
    match (row, library) {
        (Some(row), _) => row.name.to_owned(),
        (None, Some(library)) => format!("{}#{ordinal}", library.name()),
        (None, None) => format!("unknown#{ordinal}"),
    }
}

/// Library and ordinal of an export.
type Key = (Option<Library>, u16);

/// A call, as it was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    at: GuestTicks,
    callee: Callee,
    thread: u32,
    caller: u32,
    registers: [u64; ARGUMENTS],
}

impl Made {
    fn past_call(&self) -> PastCall {
        PastCall {
            at: self.at,
            name: self.callee.name(),
            thread: self.thread,
            caller: self.caller,
            arguments: self.registers[..self.callee.arguments()].to_vec(),
        }
    }
}

/// The calls of one thread: a ring that replaces the oldest.
#[derive(Debug, Default)]
struct Ring {
    calls: Vec<Made>,
    next: usize,
}

impl Ring {
    fn add(&mut self, made: Made) {
        match self.calls.get_mut(self.next) {
            Some(oldest) => *oldest = made,
            None => self.calls.push(made),
        }
        self.next = (self.next + 1) % CALLS;
    }

    /// Time of the newest call.
    fn newest(&self) -> GuestTicks {
        self.calls.get((self.next + CALLS - 1) % CALLS).map_or(0, |made| made.at)
    }

    /// The calls, oldest first.
    fn oldest_first(&self) -> impl Iterator<Item = &Made> {
        let (newer, older) = self.calls.split_at(self.next.min(self.calls.len()));
        older.iter().chain(newer)
    }
}

/// Calls of one export that is not complete.
#[derive(Clone, Copy, Debug)]
struct Tally {
    status: Status,
    count: u64,
    first: Made,
    last: Made,
}

impl Tally {
    /// Adds the calls that another shard has counted.
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        if other.first.at < self.first.at {
            self.first = other.first;
        }
        if other.last.at > self.last.at {
            self.last = other.last;
        }
    }

    fn report(&self) -> UnfinishedCall {
        UnfinishedCall {
            status: self.status,
            count: self.count,
            first: self.first.past_call(),
            last: self.last.past_call(),
        }
    }
}

#[derive(Debug, Default)]
struct Shard {
    threads: BTreeMap<u32, Ring>,
    unfinished: BTreeMap<Key, Tally>,
}

impl Shard {
    fn add(&mut self, made: Made) {
        if !self.threads.contains_key(&made.thread) && self.threads.len() >= THREADS {
            let oldest = self.threads.iter().min_by_key(|(_, ring)| ring.newest()).map(|(&id, _)| id);
            oldest.and_then(|id| self.threads.remove(&id));
        }
        self.threads.entry(made.thread).or_default().add(made);
        if let Some((key, status)) = made.callee.unfinished() {
            let new = Tally { status, count: 0, first: made, last: made };
            let tally = self.unfinished.entry(key).or_insert(new);
            tally.count += 1;
            tally.last = made;
        }
    }
}

/// The call history of a machine.
#[derive(Debug)]
pub struct CallHistory {
    shards: [Mutex<Shard>; SHARDS],
}

impl Default for CallHistory {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::new(Level::Leaf, Shard::default())) }
    }
}

impl CallHistory {
    /// Notes a call before it is made.
    pub(crate) fn note(&self, call: &Call, callee: Callee) {
        let ctx = call.ctx();
        let mut registers = [0; ARGUMENTS];
        registers.copy_from_slice(&ctx.gpr[3..3 + ARGUMENTS]);
        let thread = call.thread_id();
        let made = Made { at: call.now(), callee, thread, caller: ctx.lr as u32, registers };
        self.shards[thread as usize % SHARDS].lock().add(made);
    }

    /// The last calls of each thread, by its id, oldest first.
    pub fn last_calls(&self) -> BTreeMap<u32, Vec<PastCall>> {
        let mut all = BTreeMap::new();
        for shard in &self.shards {
            let shard = shard.lock();
            all.extend(
                shard
                    .threads
                    .iter()
                    .map(|(&id, ring)| (id, ring.oldest_first().map(Made::past_call).collect())),
            );
        }
        all
    }

    /// Calls of exports that are not complete, by library and ordinal.
    pub fn unfinished(&self) -> Vec<UnfinishedCall> {
        let mut all: BTreeMap<Key, Tally> = BTreeMap::new();
        for shard in &self.shards {
            for (&key, tally) in &shard.lock().unfinished {
                all.entry(key).and_modify(|sum| sum.add(tally)).or_insert(*tally);
            }
        }
        all.values().map(Tally::report).collect()
    }
}

/// A call that a guest thread has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCall {
    /// Guest time of the call.
    pub at: GuestTicks,
    /// The export's name, or library and ordinal.
    pub name: String,
    /// Id of the calling thread.
    pub thread: u32,
    /// Address to which the call returns.
    pub caller: u32,
    /// The registers of its parameters; of missing exports, r3 to r10.
    pub arguments: Vec<u64>,
}

/// Calls of an export that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedCall {
    /// Implementation status of the export.
    pub status: Status,
    /// Number of calls of this export.
    pub count: u64,
    /// The first call that was made.
    pub first: PastCall,
    /// The last call that was made.
    pub last: PastCall,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(at: GuestTicks, thread: u32, ordinal: u16) -> Made {
        let callee = Callee::Missing { library: Some(Library::xam), ordinal: Ordinal(ordinal) };
        Made { at, callee, thread, caller: 0x8201_0000, registers: [at; ARGUMENTS] }
    }

    #[test]
    fn a_ring_keeps_the_newest_calls_in_order() {
        let mut ring = Ring::default();
        assert_eq!((ring.newest(), ring.oldest_first().count()), (0, 0));
        for at in 0..CALLS as u64 + 5 {
            ring.add(made(at, 1, 1));
            assert_eq!(ring.newest(), at);
        }
        let times: Vec<u64> = ring.oldest_first().map(|made| made.at).collect();
        assert_eq!(times, (5..CALLS as u64 + 5).collect::<Vec<_>>());
    }

    #[test]
    fn threads_and_calls_are_bounded_and_counts_are_not_lost() {
        let history = CallHistory::default();
        let threads = (SHARDS * THREADS) as u32 + 100;
        for thread in 0..threads {
            let made = made(u64::from(thread), thread, 0xFFE);
            history.shards[thread as usize % SHARDS].lock().add(made);
        }
        let last = history.last_calls();
        assert_eq!(last.len(), SHARDS * THREADS);
        assert!(!last.contains_key(&0) && last.contains_key(&(threads - 1)));
        let unfinished = history.unfinished();
        let [call] = &unfinished[..] else { panic!("{unfinished:?}") };
        assert_eq!((call.status, call.count), (Status::Missing, u64::from(threads)));
        assert_eq!((call.first.at, call.last.at), (0, u64::from(threads) - 1));
        assert_eq!((call.first.name.as_str(), call.first.arguments.len()), ("xam#0FFE", ARGUMENTS));
    }
}
