//! The watchdog polls a running machine once per second: it flushes the event log and updates the
//! status line. If a host thread has not finished a time slice for five seconds, it reports once
//! the thread's activity, and unless that is GPU work, prints the guest's threads as soon as the
//! slice ends. In builds that check the order of locks it also names locks that a thread has waited
//! for as long, in the run's report and, because a machine whose lock stays stuck makes none, in
//! the log. It also requests the report of the guest's threads that is due after a given time.

use crate::event_log::EventLog;
use crate::interrupt::Interrupt;
use crate::wording::count;
use crate::{lock_order, status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use xenia_kernel::Kernel;
use xenia_sched::{Activity, Doing, FIELDS_PER_SECOND, GuestTicks, TICKS_PER_SECOND};
use xenia_sync::watchdog::{Stuck, StuckLocks};
use xenia_sync::{Condvar, Level, Mutex};

/// Interval between polls.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Time without the end of a slice after which a report is due.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest number of stuck locks in a run's report.
const MAX_STUCK_LOCKS: usize = 16;

/// Descriptions of the stuck locks that were found in a run; clones share one list.
#[derive(Clone)]
pub(crate) struct StuckLockList(Arc<Mutex<Vec<String>>>);

impl Default for StuckLockList {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Level::Leaf, Vec::new())))
    }
}

impl StuckLockList {
    /// Adds a lock, unless the list is full.
    fn note(&self, stuck: &Stuck) {
        let mut list = self.0.lock();
        if list.len() < MAX_STUCK_LOCKS {
            list.push(stuck.to_string());
        }
    }

    /// The descriptions, in the order in which the locks were found.
    pub(crate) fn to_vec(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    /// Empties the list.
    fn clear(&self) {
        self.0.lock().clear();
    }
}

/// The parts of a machine that the watchdog polls.
pub(crate) struct WatchedMachine {
    /// Activity of the executor's host threads.
    pub activity: Arc<Activity>,
    /// Address that the compiler is compiling, or 0.
    pub compiling: Option<Arc<AtomicU32>>,
    /// The kernel, for the names of its calls.
    pub kernel: Arc<Kernel>,
    /// The event log to flush.
    pub event_log: Option<EventLog>,
    /// Used to request a report of the guest's threads.
    pub interrupt: Interrupt,
    /// Whether progress is shown on a terminal.
    pub has_status: bool,
    /// Whether guest time is the host's clock.
    pub has_host_clock: bool,
    /// Host time after which a report of the guest's threads is requested.
    pub dump_threads_after: Option<Duration>,
    /// Receives the stuck locks.
    pub stuck_locks: StuckLockList,
}

impl WatchedMachine {
    fn figures(&self, elapsed: Duration) -> Figures {
        Figures {
            elapsed,
            frames: self.kernel.frames(),
            instructions: self.activity.instructions(),
            guest_time: self.activity.now(),
            has_host_clock: self.has_host_clock,
        }
    }

    /// Description of a host thread's activity, if it is busy.
    fn busy_with(&self, doing: Doing) -> Option<String> {
        let compiling = self.compiling.as_ref().map(|pc| pc.load(Relaxed)).filter(|&pc| pc != 0);
        Some(match (doing, compiling) {
            (Doing::Nothing, _) => return None,
            (Doing::Guest(_), Some(pc)) => format!("compiling the code at {pc:#010x}"),
            (Doing::Guest(pc), None) => format!("running the code at {pc:#010x}"),
            (Doing::Kernel(pc), _) => match self.kernel.imports.call_name(pc.wrapping_sub(4)) {
                Some(name) => format!("carrying out the kernel call {name}"),
                None => format!("carrying out the kernel call at {:#010x}", pc.wrapping_sub(4)),
            },
            (Doing::Devices, _) => "drawing, or with other work of a device".to_owned(),
        })
    }
}

/// Progress of a machine at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    /// Host time since its start.
    elapsed: Duration,
    frames: u64,
    instructions: u64,
    guest_time: GuestTicks,
    /// Whether guest time is the host's clock.
    has_host_clock: bool,
}

impl Figures {
    /// The status line, with the rates since `before`, about a second ago.
    fn line(&self, before: &Self, busy: Option<&str>) -> String {
        let seconds = self.elapsed.saturating_sub(before.elapsed).as_secs_f64().max(1e-3);
        let a_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let speed = a_second(self.guest_time, before.guest_time) / TICKS_PER_SECOND as f64;
        let fps = a_second(self.frames, before.frames);
        let rates = if self.has_host_clock {
            format!("({fps:.1} of {:.0} fps)", speed * f64::from(FIELDS_PER_SECOND))
        } else {
            format!("({fps:.1} fps), {:.0} % speed", speed * 100.0)
        };
        format!(
            "{} s: {} {rates}, {:.1} MIPS{}",
            self.elapsed.as_secs(),
            count(self.frames, "frame"),
            a_second(self.instructions, before.instructions) / 1e6,
            busy.map_or_else(String::new, |busy| format!("; {busy}")),
        )
    }
}

/// Detects that a host thread makes no progress.
#[derive(Clone, Copy)]
struct Standstill {
    steps: u64,
    since: Instant,
    is_reported: bool,
}

impl Standstill {
    /// Notes that the thread has finished `steps` at `now`. Returns whether it has been busy for
    /// too long; `true` only once.
    fn take_overdue(&mut self, steps: u64, is_idle: bool, now: Instant) -> bool {
        if is_idle || steps != self.steps {
            *self = Self { steps, since: now, is_reported: false };
        }
        let is_overdue = !self.is_reported && now.duration_since(self.since) >= TIMEOUT;
        self.is_reported |= is_overdue;
        is_overdue
    }
}

/// Detects host threads and locks without progress.
#[derive(Default)]
struct StandstillDetector {
    lanes: Vec<Standstill>,
    locks: StuckLocks,
}

impl StandstillDetector {
    /// Polls all host threads and locks, and reports those without progress.
    fn poll(&mut self, watched: &WatchedMachine, now: Instant) {
        for (lane, (steps, doing)) in watched.activity.lanes().enumerate() {
            if self.lanes.len() == lane {
                self.lanes.push(Standstill { steps, since: now, is_reported: false });
            }
            let busy = watched.busy_with(doing);
            if self.lanes[lane].take_overdue(steps, busy.is_none(), now)
                && let Some(busy) = busy
            {
                tracing::warn!(target: "watchdog", "a host thread has not finished its step for {} seconds: {busy}", TIMEOUT.as_secs());
                if doing != Doing::Devices {
                    watched.interrupt.request_thread_dump();
                }
            }
        }
        self.poll_locks(TIMEOUT, &watched.stuck_locks);
    }

    /// Logs and notes the locks for which a thread has waited for `limit`.
    fn poll_locks(&mut self, limit: Duration, list: &StuckLockList) {
        for stuck in self.locks.found_since(limit) {
            tracing::warn!(target: "watchdog", "{stuck}");
            list.note(&stuck);
        }
    }
}

/// The watchdog's thread; dropping it ends the thread.
pub(crate) struct Watchdog {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts the watchdog. If no thread can be started, the machine runs without it.
    pub(crate) fn start(watched: WatchedMachine) -> Self {
        let over = Mutex::numbered(Level::Program, lock_order::WATCHDOG, false);
        let over = Arc::new((over, Condvar::new()));
        let until = over.clone();
        watched.stuck_locks.clear();
        let thread = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            let start = Instant::now();
            let mut detector = StandstillDetector::default();
            let mut before = Figures::default();
            let mut over = until.0.lock();
            let mut dump_at = watched.dump_threads_after;
            while !*over {
                let to_dump = dump_at.map(|at| at.saturating_sub(start.elapsed()));
                until.1.wait_for(&mut over, to_dump.map_or(POLL_INTERVAL, |rest| rest.min(POLL_INTERVAL)));
                if *over {
                    break;
                }
                if dump_at.take_if(|at| start.elapsed() >= *at).is_some() {
                    watched.interrupt.request_thread_dump();
                    // The rates of the status line are those of about a second.
                    continue;
                }
                if let Some(log) = &watched.event_log {
                    log.flush();
                }
                if watched.has_status {
                    let figures = watched.figures(start.elapsed());
                    let busy = watched.activity.lanes().find_map(|(_, doing)| watched.busy_with(doing));
                    status::show(&figures.line(&before, busy.as_deref()));
                    before = figures;
                }
                detector.poll(&watched, Instant::now());
            }
        });
        Self { over, thread: thread.ok() }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.over.0.lock() = true;
        self.over.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic by design; if it did, its message was printed already.
            let _ = thread.join();
        }
        status::hide();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_has_totals_and_what_the_last_second_brought() {
        let at = |seconds, frames, instructions, guest_seconds| Figures {
            elapsed: Duration::from_secs(seconds),
            frames,
            instructions,
            guest_time: guest_seconds * TICKS_PER_SECOND,
            has_host_clock: false,
        };
        let line = at(12, 1340, 50_000_000, 9).line(&at(10, 1280, 30_000_000, 8), Some("drawing"));
        assert_eq!(line, "12 s: 1,340 frames (30.0 fps), 50 % speed, 10.0 MIPS; drawing");
        assert_eq!(
            at(0, 1, 0, 0).line(&Figures::default(), None),
            "0 s: 1 frame (1000.0 fps), 0 % speed, 0.0 MIPS"
        );
        let parallel = Figures { has_host_clock: true, ..at(12, 16, 0, 12) };
        let line = parallel.line(&Figures { has_host_clock: true, ..at(11, 0, 0, 11) }, None);
        assert_eq!(line, "12 s: 16 frames (16.0 of 60 fps), 0.0 MIPS");
    }

    #[test]
    fn a_standstill_is_reported_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut still = Standstill { steps: 0, since: start, is_reported: false };
        assert!(!still.take_overdue(1, false, at(1)) && !still.take_overdue(1, false, at(5)));
        assert!(still.take_overdue(1, false, at(6)));
        assert!(!still.take_overdue(1, false, at(60)), "it is reported already");
        assert!(!still.take_overdue(2, false, at(61)) && still.take_overdue(2, false, at(66)), "the next");
        assert!(
            !still.take_overdue(2, true, at(80)) && !still.take_overdue(2, false, at(84)),
            "idle until then"
        );
        assert!(still.take_overdue(2, false, at(85)));
    }

    #[test]
    fn a_report_has_a_limited_number_of_stuck_locks() {
        let list = StuckLockList::default();
        for address in 0..=MAX_STUCK_LOCKS {
            let rank = "Leaf[1]".to_owned();
            list.note(&Stuck { rank, address, holders: Vec::new(), waiters: Vec::new(), cycle: Vec::new() });
        }
        assert_eq!(list.to_vec().len(), MAX_STUCK_LOCKS);
        list.clear();
        assert!(list.to_vec().is_empty());
    }

    /// Other builds have no records of locks.
    #[cfg(debug_assertions)]
    #[test]
    fn a_stuck_lock_is_noted_for_the_report() {
        let lock = Mutex::new(Level::Program, ());
        let address = format!("{:#x}", std::ptr::from_ref(&lock).addr());
        let start = Instant::now();
        std::thread::scope(|scope| {
            let _guard = lock.lock();
            scope.spawn(|| drop(lock.lock()));
            // Locks of other tests in this process are found, too: each poll has a list of its own.
            let is_noted = || {
                let list = StuckLockList::default();
                StandstillDetector::default().poll_locks(Duration::from_millis(20), &list);
                list.to_vec().iter().any(|stuck| stuck.contains(&address))
            };
            while !is_noted() {
                assert!(start.elapsed() < Duration::from_mins(1), "it is not noted");
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }
}
