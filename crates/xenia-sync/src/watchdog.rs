//! Names who holds a lock for which others wait too long, and finds circles of threads that wait
//! for each other.
//!
//! It looks and tells; it takes nobody's lock away: what the holder was about to write would then
//! be half written. Whoever is told may end the guest thread in question, or go back to a saved
//! state.
//!
//! What it looks at is what the order checker keeps of each thread, so it sees nothing in builds
//! without the checker ([`WATCHES`]), and costs nothing in those with it: times are taken where a
//! thread has to wait anyway.

use std::fmt;
use std::panic::Location;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Whether this build keeps what the watchdog looks at: it does with debug assertions or the
/// feature `check-order`.
pub const WATCHES: bool = cfg!(any(debug_assertions, feature = "check-order"));

/// A thread that holds a lock or waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The thread's name.
    pub thread: String,
    /// Where it took the lock, or waits for it.
    pub site: Option<&'static Location<'static>>,
    /// How long it has waited; zero for who holds it.
    pub waited: Duration,
}

/// A lock for which somebody has waited too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Level and ordinal.
    pub rank: String,
    /// Which one of that rank.
    pub address: usize,
    /// Who holds it: several readers, perhaps. Nobody if it was given back just now.
    pub holders: Vec<Party>,
    /// Who waits for it, the longest first.
    pub waiters: Vec<Party>,
    /// The threads of a circle that goes through this lock, each waiting for the next and the last
    /// for the first. Empty where there is none.
    pub circle: Vec<String>,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.thread)?;
        self.site.map_or(Ok(()), |site| write!(f, " at {site}"))?;
        if self.waited.is_zero() { Ok(()) } else { write!(f, " for {:.1?}", self.waited) }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |parties: &[Party]| {
            let words: Vec<String> = parties.iter().map(Party::to_string).collect();
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
        if self.circle.is_empty() {
            return Ok(());
        }
        write!(f, "; they wait in a circle: {}", self.circle.join(" -> "))
    }
}

/// The locks for which somebody has waited for `limit` or longer, at this moment.
pub fn stuck(limit: Duration) -> Vec<Stuck> {
    #[cfg(any(debug_assertions, feature = "check-order"))]
    return look::stuck(limit);
    #[cfg(not(any(debug_assertions, feature = "check-order")))]
    {
        let _ = limit;
        Vec::new()
    }
}

/// A thread that looks every so often, until this is dropped.
#[derive(Debug)]
pub struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Tells `report` of each lock that somebody has waited for longer than `limit`, once while the
    /// same waits go on.
    pub fn start(limit: Duration, mut report: impl FnMut(&Stuck) + Send + 'static) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let look = move || {
            let mut told: Vec<usize> = Vec::new();
            while stopped.recv_timeout(limit / 2) == Err(RecvTimeoutError::Timeout) {
                let found = stuck(limit);
                told.retain(|address| found.iter().any(|stuck| stuck.address == *address));
                for stuck in &found {
                    if !told.contains(&stuck.address) {
                        told.push(stuck.address);
                        report(stuck);
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("lock watchdog".to_owned()).spawn(look)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If `report` panicked, its message is out already.
            let _ = thread.join();
        }
    }
}

#[cfg(any(debug_assertions, feature = "check-order"))]
mod look {
    use super::{Party, Stuck};
    use crate::record::{Holding, Record, Wait};
    use std::time::{Duration, Instant};

    /// A thread at one moment.
    struct Thread {
        name: String,
        /// If it has waited for long enough. The threads are looked at one after another, which
        /// takes less than that: so all these waits go on at the same time, and while they
        /// do, what these threads hold doesn't change.
        waits: Option<Wait>,
        holds: Vec<Holding>,
    }

    pub(super) fn stuck(limit: Duration) -> Vec<Stuck> {
        let now = Instant::now();
        let threads: Vec<Thread> = Record::all()
            .into_iter()
            .map(|record| {
                let (wait, holds) = record.look();
                let waits = wait.filter(|wait| now.saturating_duration_since(wait.since) >= limit);
                Thread { name: record.name(), waits, holds }
            })
            .collect();
        let mut locks: Vec<Holding> = threads.iter().filter_map(|thread| Some(thread.waits?.on)).collect();
        locks.sort_by_key(|on| (on.rank, on.lock));
        locks.dedup_by_key(|on| on.lock);
        locks.into_iter().map(|on| describe(on, &threads, now)).collect()
    }

    fn describe(on: Holding, threads: &[Thread], now: Instant) -> Stuck {
        let mut waiters: Vec<Party> = waiting_for(on.lock, threads)
            .map(|(thread, wait)| Party {
                thread: thread.name.clone(),
                site: wait.on.site,
                waited: now.saturating_duration_since(wait.since),
            })
            .collect();
        waiters.sort_by_key(|waiter| std::cmp::Reverse(waiter.waited));
        let holders = threads.iter().flat_map(|thread| {
            let held = thread.holds.iter().filter(|held| held.lock == on.lock);
            held.map(|held| Party { thread: thread.name.clone(), site: held.site, waited: Duration::ZERO })
        });
        Stuck {
            rank: format!("{:?}", on.rank),
            address: on.lock,
            holders: holders.collect(),
            waiters,
            circle: circle(on.lock, threads),
        }
    }

    fn waiting_for(lock: usize, threads: &[Thread]) -> impl Iterator<Item = (&Thread, Wait)> {
        threads
            .iter()
            .filter_map(move |thread| Some((thread, thread.waits.filter(|wait| wait.on.lock == lock)?)))
    }

    /// The threads on the way from a lock over who holds it, what that one waits for, who holds
    /// that, and so on, back to the lock. Each lock is gone through once, so this ends.
    fn circle(lock: usize, threads: &[Thread]) -> Vec<String> {
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
