//! Idle-time compilation: a low-priority thread compiles worthwhile functions ahead, into the
//! store.
//!
//! ```text
//!  baseline samples ──► units that have run, most work first ──┐
//!                                                              ├──► low-priority thread ──► store
//!  known functions and their callees ──────────────────────────┘
//! ```
//!
//! The code is not published: when samples find a function hot, its code is ready
//! ([`Shared::restore_ahead`]), in this run or a later one. Published at once it would be slower
//! than baseline code wherever loops are short, because calls between the tiers cost more than it
//! gains.
//!
//! - Compilation starts only while no orders of hot code wait ([`crate::tiering::background`]).
//! - The thread sleeps until there is something to compile.
//! - A run compiles at most [`MAX_AHEAD`] instructions.
//! - The machine waits for the thread when it ends: the thread finishes one piece of a function,
//!   at most some 40 ms, and then exits. A thread that outlived its machine would hold the guest's
//!   memory, and the next machine of the process could not have the address for which stored code
//!   is compiled.
//! - Used in parallel runs only, since a lockstep run must not depend on the host's timing.

use crate::shared::Shared;
use crate::tiering::ahead::{AheadCompiler, Finder, Pieces};
use crate::tiering::background::Orders;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle, Thread};
use xenia_host::thread::lower_priority;
use xenia_lifter::{Compiler, Mode};

/// Limit of instructions that are compiled ahead during one run: some 10 s of one processor, and 80
/// MB of stored code.
const MAX_AHEAD: u64 = 1 << 20;
/// The thread's nice value. It is not the lowest priority, because the thread holds locks that the
/// guest's threads need, if only for microseconds.
const NICENESS: u8 = 10;

/// The thread of idle-time compilation.
pub(crate) struct Idle {
    is_ending: Arc<AtomicBool>,
    /// `None` once it has been joined.
    thread: Option<JoinHandle<()>>,
}

impl Idle {
    /// Starts the thread. Returns `None` if the host can't start one.
    pub(crate) fn start(shared: &Arc<Shared>, orders: &Arc<Orders>, compiler: Compiler) -> Option<Self> {
        let is_ending = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(shared);
        let orders = Arc::clone(orders);
        let ending = Arc::clone(&is_ending);
        let thread = thread::Builder::new()
            .name("compile-ahead".to_owned())
            .spawn(move || {
                lower_priority(NICENESS);
                shared.begin_idle(thread::current());
                // The title is in memory only once its functions have been named.
                while shared.named.lock().is_none() {
                    if ending.load(Relaxed) {
                        return;
                    }
                    thread::park();
                }
                let mode = Mode::default();
                if let (Some(code), Some(learned)) = (shared.code(mode), &shared.aside()) {
                    let ahead = AheadCompiler { shared: &shared, code, learned, mode, compiler };
                    compile_ahead(&shared, ahead, &orders, &ending);
                }
            })
            .inspect_err(|error| tracing::warn!(%error, "no thread that compiles ahead"))
            .ok()?;
        Some(Self { is_ending, thread: Some(thread) })
    }
}

impl Shared {
    /// Makes `thread` the one that is woken once there is something to compile ahead.
    fn begin_idle(&self, thread: Thread) {
        if let Some(baseline) = &self.baseline {
            baseline.ran.lock().set_taker(thread.clone());
        }
        self.idle_thread.get_or_init(|| thread);
    }

    /// Wakes the thread that compiles ahead.
    pub(crate) fn wake_idle(&self) {
        if let Some(thread) = self.idle_thread.get() {
            thread.unpark();
        }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        // `unpark` and `park` order this store before the thread's next load.
        self.is_ending.store(true, Relaxed);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("the thread that compiles ahead has panicked; code was compiled when it was hot");
        }
    }
}

fn compile_ahead(shared: &Shared, mut ahead: AheadCompiler<'_>, orders: &Orders, is_ending: &AtomicBool) {
    let mut finder: Option<Finder> = None;
    let mut instructions = 0;
    let mut is_said = false;
    let goes_on = || !is_ending.load(Relaxed) && orders.are_done();
    while !is_ending.load(Relaxed) && instructions < MAX_AHEAD {
        let named = shared.named.lock().take();
        if let Some(named) = named {
            let finder = finder.get_or_insert_with(|| Finder::new(shared));
            for start in named {
                finder.add(ahead.learned, start);
            }
            is_said = false;
        }
        // The compiler thread wakes this one when no order is left.
        if !goes_on() {
            thread::park();
            continue;
        }
        let ran = shared.baseline.as_ref().and_then(|baseline| baseline.ran.lock().take());
        if let Some(pc) = ran {
            instructions += ahead.compile_around(pc).instructions;
            continue;
        }
        match finder.as_mut().and_then(|finder| finder.next(shared, ahead.learned)) {
            Some((start, Some(scanned))) if shared.is_worth_it(&scanned) && !ahead.has_code(start) => {
                let Pieces { instructions: more, .. } = ahead.function(start, &goes_on);
                instructions += more;
            }
            Some(_) => {}
            None => {
                if finder.is_some() && !std::mem::replace(&mut is_said, true) {
                    tracing::info!(
                        instructions,
                        "all functions that are known and worth it are compiled ahead"
                    );
                }
                thread::park();
            }
        }
    }
    tracing::info!(instructions, "compiled ahead");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::JitConfig;
    use crate::jit::Jit;
    use crate::plan::CodeRequest;
    use crate::tiering::background::{Answer, Background, Order, UnitKey};
    use std::sync::mpsc;
    use std::time::{Duration, Instant};
    use xenia_memory::GuestMemory;

    const LIMIT: Duration = Duration::from_mins(1);

    fn machine() -> Jit {
        Jit::new(GuestMemory::new().unwrap(), JitConfig::default()).unwrap()
    }

    /// Checks that `wakes` wakes the thread that it is given.
    fn check_wakes(wakes: impl FnOnce(&Thread)) {
        let (wake, is_awake) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            thread::park();
            wake.send(()).unwrap();
        });
        wakes(sleeper.thread());
        is_awake.recv_timeout(LIMIT).unwrap();
        sleeper.join().unwrap();
    }

    #[test]
    fn named_functions_wake_the_thread() {
        let jit = machine();
        check_wakes(|thread| {
            jit.shared.begin_idle(thread.clone());
            jit.ahead().name_functions(&[]);
        });
    }

    #[test]
    fn the_end_of_the_last_order_wakes_the_thread() {
        let jit = machine();
        let compiler = jit.engine.compiler.lock().fork();
        let background = Background::start(&jit.shared, compiler).unwrap();
        check_wakes(|thread| {
            jit.shared.begin_idle(thread.clone());
            let unit = UnitKey { mode: Mode::default(), start: 4 };
            let wanted = CodeRequest { pc: 4, as_entry: true };
            let order = |work| Order { unit, wanted, reached: Vec::new(), work };
            assert_eq!(background.request(unit, 1, order), Answer::Taken);
        });
    }

    #[test]
    fn the_thread_takes_the_named_functions_and_ends_with_nothing_to_compile() {
        let jit = machine();
        let compiler = jit.engine.compiler.lock().fork();
        let idle = Idle::start(&jit.shared, &Arc::default(), compiler).unwrap();
        jit.ahead().name_functions(&[]);
        let began = Instant::now();
        while jit.shared.named.lock().is_some() {
            assert!(began.elapsed() < LIMIT);
            thread::yield_now();
        }
        drop(idle);
    }
}
