//! Background compilation: a host thread compiles while the guest continues in the interpreter.
//!
//! ```text
//!  engines ─ warm functions ─▶ orders, hottest first ─▶ compiler thread ─ publishes ─▶ tables
//!     ▲                                                                                │
//!     └────────── the interpreter stops at addresses that have entries ◀───────────────┘
//! ```
//!
//! Compiled code and the interpreter have the same effects and the same instruction counts, so the
//! guest can't observe when code is published. The compiler thread publishes code like an engine
//! ([`crate::compile`]). The only other state that it shares with engines is the queue of orders.
//!
//! The execution count at which a function is worth compiling depends on its size. Finding the size
//! is slow, so the compiler thread does it. It drops an order that is not yet worth compiling, and
//! accepts a new one once the function has run often enough.
//!
//! - At most [`MAX_ORDERS`] wait. An order refused for that reason has to become warm again.
//! - Orders are deduplicated: an equal one is ignored while the first waits or is being compiled.
//! - The thread ends with the last engine. If it ends earlier, engines compile for themselves.

use crate::compile::Workbench;
use crate::config::Tiers;
use crate::counts::CompileCounts;
use crate::lock_order;
use crate::plan::CodeRequest;
use crate::shared::{ModeCode, Shared};
use crate::tiering::idle::Idle;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use xenia_lifter::cfg::region::MAX_REGION_LENGTH;
use xenia_lifter::{Compiler, Mode};
use xenia_sync::{Condvar, Level, Mutex};

/// Limit of waiting orders. Each is a function that ran for a millisecond or more.
const MAX_ORDERS: usize = 1024;
/// Limit of remembered unit sizes; all are forgotten when it is reached.
const MAX_SIZES: usize = 1 << 14;
/// Upper bound of the delays that tests ask for, in microseconds, exclusive.
const MAX_DELAY: u64 = 4000;

/// A unit of compilation: a function, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UnitKey {
    pub(crate) mode: Mode,
    /// Its first address.
    pub(crate) start: u32,
}

/// A request to compile the code around an address.
#[derive(Debug)]
pub(crate) struct Order {
    /// The function, or the piece of one, that contains the address.
    pub(crate) unit: UnitKey,
    pub(crate) wanted: CodeRequest,
    /// Starts of blocks around the address that the interpreter has reached.
    pub(crate) reached: Vec<u32>,
    /// Instructions that the interpreter has executed in the unit. Orders with more come first.
    pub(crate) work: u64,
}

impl Order {
    fn key(&self) -> (Mode, CodeRequest) {
        (self.unit.mode, self.wanted)
    }

    /// Whether the address has got code meanwhile, as part of another region.
    fn is_done(&self, code: &ModeCode) -> bool {
        let CodeRequest { pc, as_entry } = self.wanted;
        // An entry that leads to the store counts as well: its code is published when it is
        // executed.
        code.entries.offset(pc) != 0 || !as_entry && code.cache.lock().place(pc).is_covered
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Order {}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> Ordering {
        // Compiled code that ran into a missing entry waits for exactly this one.
        (self.wanted.as_entry, self.work).cmp(&(other.wanted.as_entry, other.work))
    }
}

/// The size of a unit that was not worth compiling yet.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Instructions to execute before the unit is worth compiling.
    needed: u64,
    /// Instructions executed by the time its size was found.
    work: u64,
}

/// The queue's reply to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Accepted, known already, or dropped because the queue is full: the caller counts the unit's
    /// work from 0 again.
    Taken,
    /// The unit has not executed enough instructions yet.
    NotYet,
    /// The compiler thread has ended.
    Ended,
}

#[derive(Default)]
struct State {
    waiting: BinaryHeap<Order>,
    /// Orders that wait or are being compiled.
    known: HashSet<(Mode, CodeRequest)>,
    sizes: HashMap<UnitKey, Size>,
    counts: CompileCounts,
    is_ending: bool,
}

/// The queue of orders for the compiler thread.
pub(crate) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
}

impl Default for Orders {
    fn default() -> Self {
        let state = Mutex::numbered(Level::Compiler, lock_order::ORDERS, State::default());
        Self { state, changed: Condvar::new() }
    }
}

impl Orders {
    /// Whether the queue is empty and no order is being compiled.
    pub(crate) fn are_done(&self) -> bool {
        self.state.lock().known.is_empty()
    }

    /// Blocks until there is an order, and removes it. Returns `None` once the queue is closed.
    fn next(&self) -> Option<Order> {
        let mut state = self.state.lock();
        loop {
            if state.is_ending {
                return None;
            }
            if let Some(order) = state.waiting.pop() {
                return Some(order);
            }
            self.changed.wait(&mut state);
        }
    }

    /// Whether the order's unit has executed the `needed` instructions. If not, remembers how many
    /// are needed.
    fn is_worth_it(&self, order: &Order, needed: u64) -> bool {
        let mut state = self.state.lock();
        if order.work >= needed {
            state.sizes.remove(&order.unit);
            return true;
        }
        if state.sizes.len() >= MAX_SIZES {
            state.sizes.clear();
        }
        state.sizes.insert(order.unit, Size { needed, work: order.work });
        false
    }

    fn finish(&self, order: &Order, counts: CompileCounts) {
        let mut state = self.state.lock();
        state.known.remove(&order.key());
        state.counts += counts;
    }
}

/// Background compilation ([module documentation](self)): the queue of orders and the thread that
/// compiles them.
pub(crate) struct Background {
    orders: Arc<Orders>,
    thread: Option<JoinHandle<()>>,
    /// Compiles ahead of time while the queue is empty.
    _idle: Option<Idle>,
}

impl Background {
    /// Starts the thread. Returns `None` if the host can't start one.
    pub(crate) fn start(shared: &Arc<Shared>, compiler: Compiler) -> Option<Self> {
        let orders = Arc::new(Orders::default());
        let compiles_ahead =
            shared.config.ahead && shared.config.tiers == Tiers::Both && shared.store.is_some();
        let idle = compiles_ahead.then(|| Idle::start(shared, &orders, compiler.fork())).flatten();
        let shared = Arc::clone(shared);
        let theirs = Arc::clone(&orders);
        let thread = thread::Builder::new()
            .name("compiler".to_owned())
            .spawn(move || carry_out(&shared, &theirs, compiler))
            .inspect_err(
                |error| tracing::warn!(%error, "could not start the compiler thread; compiling synchronously"),
            )
            .ok()?;
        Some(Self { orders, thread: Some(thread), _idle: idle })
    }

    /// Queues an order for a unit that has executed `work` instructions since the last call for it.
    pub(crate) fn request(&self, unit: UnitKey, work: u64, order: impl FnOnce(u64) -> Order) -> Answer {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Answer::Ended;
        }
        let mut state = self.orders.state.lock();
        let mut done = work;
        if let Some(size) = state.sizes.get(&unit) {
            done += size.work;
            if done < size.needed {
                return Answer::NotYet;
            }
        }
        if state.waiting.len() < MAX_ORDERS {
            let order = order(done);
            if state.known.insert(order.key()) {
                state.waiting.push(order);
                self.orders.changed.notify_one();
            }
        }
        Answer::Taken
    }

    /// Counters of the code compiled so far.
    pub(crate) fn counts(&self) -> CompileCounts {
        self.orders.state.lock().counts
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.orders.state.lock().is_ending = true;
        self.orders.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the compiler thread has panicked; engines compiled the rest themselves");
        }
    }
}

/// Body of the compiler thread.
fn carry_out(shared: &Shared, orders: &Orders, mut compiler: Compiler) {
    let mut delay = shared.config.testing.compile_delays;
    while let Some(order) = orders.next() {
        if let Some(seed) = &mut delay {
            thread::sleep(next_delay(seed));
        }
        let mut counts = CompileCounts::default();
        if let Some(code) = shared.code(order.unit.mode)
            && !order.is_done(code)
        {
            let reached = |from, to| {
                let inside = |pc: &u32| (from..to).contains(pc);
                order.reached.iter().copied().filter(inside).collect()
            };
            if let Some(plan) = shared.plan(code, order.wanted, &reached, MAX_REGION_LENGTH) {
                let size = plan.region.instructions as u64;
                if orders.is_worth_it(&order, size.saturating_mul(u64::from(shared.config.warm_up))) {
                    let mut work = Workbench { compiler: &mut compiler, counts: &mut counts };
                    shared.compile(code, order.wanted, Some(plan), &reached, &mut work);
                }
            }
        }
        orders.finish(&order, counts);
        if orders.are_done() {
            shared.wake_idle();
        }
    }
}

/// The next delay of the pseudo-random sequence.
fn next_delay(seed: &mut u64) -> Duration {
    // Knuth's generator for MMIX. Its lower bits have short periods, so the upper ones are used.
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_micros((*seed >> 33) % MAX_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(start: u32) -> UnitKey {
        UnitKey { mode: Mode::default(), start }
    }

    fn order(pc: u32, as_entry: bool, work: u64) -> Order {
        let wanted = CodeRequest { pc, as_entry };
        Order { unit: unit(pc), wanted, reached: Vec::new(), work }
    }

    /// A queue whose thread never takes an order.
    fn idle() -> Background {
        Background { orders: Arc::default(), thread: Some(thread::spawn(thread::park)), _idle: None }
    }

    fn ask(background: &Background, pc: u32, as_entry: bool, work: u64) -> Answer {
        background.request(unit(pc), work, |work| order(pc, as_entry, work))
    }

    fn end(mut background: Background) {
        if let Some(thread) = background.thread.take() {
            thread.thread().unpark();
            thread.join().unwrap();
        }
    }

    #[test]
    fn the_hottest_comes_first_and_each_is_made_once() {
        let background = idle();
        for (pc, as_entry, work) in [(4, false, 10), (8, true, 1), (12, false, 20), (4, false, 99)] {
            assert_eq!(ask(&background, pc, as_entry, work), Answer::Taken);
        }
        let next = || background.orders.next().map(|order| order.wanted.pc);
        assert_eq!([next(), next(), next()], [Some(8), Some(12), Some(4)]);
        background.orders.finish(&order(4, false, 0), CompileCounts::default());
        ask(&background, 4, false, 1);
        ask(&background, 8, true, 1);
        assert_eq!(next(), Some(4), "8 is still being carried out");
        end(background);
    }

    #[test]
    fn dropped_order_is_accepted_after_the_missing_work() {
        let background = idle();
        ask(&background, 4, false, 10);
        let first = background.orders.next().unwrap();
        assert!(!background.orders.is_worth_it(&first, 100));
        background.orders.finish(&first, CompileCounts::default());
        assert_eq!(ask(&background, 4, false, 89), Answer::NotYet);
        assert_eq!(ask(&background, 4, false, 90), Answer::Taken);
        let second = background.orders.next().unwrap();
        assert!(background.orders.is_worth_it(&second, 100));
        background.orders.finish(&second, CompileCounts::default());
        assert_eq!(ask(&background, 4, false, 1), Answer::Taken, "the next time is a new one");
        assert!(!background.orders.is_worth_it(&background.orders.next().unwrap(), 100));
        end(background);
    }

    #[test]
    fn a_guest_that_is_warm_everywhere_does_not_fill_memory() {
        let background = idle();
        for pc in 0..2 * MAX_ORDERS as u32 {
            assert_eq!(ask(&background, 4 * pc, false, 1), Answer::Taken);
        }
        for pc in 0..2 * MAX_SIZES as u32 {
            background.orders.is_worth_it(&order(4 * pc, false, 1), 2);
        }
        let state = background.orders.state.lock();
        assert_eq!((state.waiting.len(), state.known.len()), (MAX_ORDERS, MAX_ORDERS));
        assert!(state.sizes.len() <= MAX_SIZES);
        drop(state);
        end(background);
    }

    #[test]
    fn without_the_thread_engines_compile_for_themselves() {
        let background =
            Background { orders: Arc::default(), thread: Some(thread::spawn(|| {})), _idle: None };
        while !background.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            thread::yield_now();
        }
        assert_eq!(ask(&background, 4, false, 1), Answer::Ended);
    }
}
