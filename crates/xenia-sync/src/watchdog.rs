//! Detects locks for which threads wait too long, names their holders, and finds cycles of waiting
//! threads.
//!
//! It only reports; it never releases a lock, because the holder may have left data half written.
//! Receivers of a report may end the guest thread in question, or restore a saved state.
//!
//! It reads the records of the order checker, so it finds nothing in builds without the checker
//! (debug assertions or the feature `check-order`), and costs nothing in those with it: times are
//! only taken when a thread has to wait anyway.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A thread that holds a lock or waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockParty {
    /// Name of the thread.
    pub thread: String,
    /// Source location where it acquired the lock, or waits for it.
    pub site: Option<&'static Location<'static>>,
    /// How long it has waited; zero for a holder.
    pub waited: Duration,
}

/// A lock for which a thread has waited too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Level and ordinal of the lock.
    pub rank: String,
    /// Address, which identifies the lock among those of its rank.
    pub address: usize,
    /// The holders: several for readers, none if the lock was released a moment ago.
    pub holders: Vec<LockParty>,
    /// The waiting threads, the longest wait first.
    pub waiters: Vec<LockParty>,
    /// The threads of a cycle through this lock, each waiting for the next and the last for the
    /// first. Empty if there is no cycle.
    pub cycle: Vec<String>,
}

impl fmt::Display for LockParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.thread)?;
        self.site.map_or(Ok(()), |site| write!(f, " at {site}"))?;
        if self.waited.is_zero() { Ok(()) } else { write!(f, " for {:.1?}", self.waited) }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |parties: &[LockParty]| {
            let words: Vec<String> = parties.iter().map(LockParty::to_string).collect();
            if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
        };
        write!(
            f,
            "lock {} ({:#x}): held by {}; waited for by {}",
            self.rank,
            self.address,
            list(&self.holders),
            list(&self.waiters)
        )?;
        if self.cycle.is_empty() {
            return Ok(());
        }
        write!(f, "; wait cycle: {}", self.cycle.join(" -> "))
    }
}

/// The locks for which a thread has been waiting for `limit` or longer.
pub fn stuck(limit: Duration) -> Vec<Stuck> {
    #[cfg(any(debug_assertions, feature = "check-order"))]
    return find_stuck::stuck(limit);
    #[cfg(not(any(debug_assertions, feature = "check-order")))]
    {
        let _ = limit;
        Vec::new()
    }
}

/// The stuck locks that were reported already, for callers that poll.
#[derive(Debug, Default)]
pub struct StuckLocks {
    reported: Vec<usize>,
}

impl StuckLocks {
    /// The locks for which a thread has been waiting for `limit` or longer, except those of earlier
    /// calls that have been stuck since.
    pub fn found_since(&mut self, limit: Duration) -> Vec<Stuck> {
        let found = stuck(limit);
        let before = std::mem::replace(&mut self.reported, found.iter().map(|stuck| stuck.address).collect());
        found.into_iter().filter(|stuck| !before.contains(&stuck.address)).collect()
    }
}

#[cfg(any(debug_assertions, feature = "check-order"))]
mod find_stuck {
    use super::{LockParty, Stuck};
    use crate::record::{Holding, LockRecord, LockWait};
    use std::time::{Duration, Instant};

    /// The state of a thread at one moment.
    struct Thread {
        name: String,
        /// Its wait, if it has lasted for `limit`. The threads are read one after another, which
        /// takes less than that, so all these waits were in progress at the same time; and while a
        /// thread waits, its held locks don't change.
        waits: Option<LockWait>,
        holds: Vec<Holding>,
    }

    pub(super) fn stuck(limit: Duration) -> Vec<Stuck> {
        let now = Instant::now();
        let threads: Vec<Thread> = LockRecord::all()
            .into_iter()
            .map(|record| {
                let (wait, holds) = record.snapshot();
                let waits = wait.filter(|wait| now.saturating_duration_since(wait.since) >= limit);
                Thread { name: record.name(), waits, holds }
            })
            .collect();
        let mut locks: Vec<Holding> = threads.iter().filter_map(|thread| Some(thread.waits?.on)).collect();
        locks.sort_by_key(|on| (on.rank, on.lock));
        // A lock has one rank, so the sort has made all waits for it neighbours.
        locks.dedup_by_key(|on| on.lock);
        locks.into_iter().map(|on| describe(on, &threads, now)).collect()
    }

    fn describe(on: Holding, threads: &[Thread], now: Instant) -> Stuck {
        let mut waiters: Vec<LockParty> = waiting_for(on.lock, threads)
            .map(|(thread, wait)| LockParty {
                thread: thread.name.clone(),
                site: wait.on.site,
                waited: now.saturating_duration_since(wait.since),
            })
            .collect();
        waiters.sort_by_key(|waiter| std::cmp::Reverse(waiter.waited));
        let holders = threads.iter().flat_map(|thread| {
            let held = thread.holds.iter().filter(|held| held.lock == on.lock);
            held.map(|held| LockParty {
                thread: thread.name.clone(),
                site: held.site,
                waited: Duration::ZERO,
            })
        });
        Stuck {
            rank: format!("{:?}", on.rank),
            address: on.lock,
            holders: holders.collect(),
            waiters,
            cycle: cycle(on.lock, threads),
        }
    }

    fn waiting_for(lock: usize, threads: &[Thread]) -> impl Iterator<Item = (&Thread, LockWait)> {
        threads
            .iter()
            .filter_map(move |thread| Some((thread, thread.waits.filter(|wait| wait.on.lock == lock)?)))
    }

    /// Finds a cycle through a lock: its holder, the holder of the lock for which that thread
    /// waits, and so on, back to the lock. Each lock is visited once, so the search ends.
    fn cycle(lock: usize, threads: &[Thread]) -> Vec<String> {
        let mut ways: Vec<(usize, Vec<String>)> = vec![(lock, Vec::new())];
        let mut seen = vec![lock];
        while let Some((at, way)) = ways.pop() {
            for thread in threads.iter().filter(|thread| thread.holds.iter().any(|held| held.lock == at)) {
                let Some(wait) = thread.waits else { continue };
                let way = [&way[..], std::slice::from_ref(&thread.name)].concat();
                if wait.on.lock == lock {
                    return way;
                }
                if !seen.contains(&wait.on.lock) {
                    seen.push(wait.on.lock);
                    ways.push((wait.on.lock, way));
                }
            }
        }
        Vec::new()
    }
}

#[cfg(all(test, debug_assertions, not(feature = "modelled")))]
mod tests;
