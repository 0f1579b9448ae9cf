//! Compiling beside the guest: a host thread makes the code while the guest goes on in the
//! interpreter.
//!
//! ```text
//!  engines ── what has become warm ──▶ orders, the hottest first ──▶ compiler's thread ── publishes ──▶ tables
//!     ▲                                                                                                  │
//!     └────────── the interpreter stops where there is an entry ◀────────────────────────────────────────┘
//! ```
//!
//! Compiled code and the interpreter do the same, and count the same, so when code turns up is no
//! difference to the guest. All that publishing needs is done by whoever compiles, as if it were
//! one more engine ([`crate::compile`]): nothing here is shared with engines but the orders.
//!
//! How much a function has to be run before it is compiled depends on its size, which takes a while
//! to find out: that, too, is done by the thread. What it finds not to be worth it yet has to come
//! back with so much more work behind it.
//!
//! - At most [`MOST_ORDERS`] wait. What is refused then has to become warm again.
//! - An order is made once: the same is not taken again before it has been carried out.
//! - The thread ends with the last engine. Should it end before, engines compile for themselves.

use crate::compile::Workbench;
use crate::config::Tiers;
use crate::function_tier::Compiler;
use crate::idle::Idle;
use crate::jit::CompileCounts;
use crate::mode::Mode;
use crate::plan::Wanted;
use crate::region::REGION_LIMIT;
use crate::shared::{ModeCode, Shared};
use parking_lot::{Condvar, Mutex};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Orders that wait at most. Each is a function that ran for a millisecond or more.
const MOST_ORDERS: usize = 1024;
/// Functions whose size is known at most; when there are more, all are forgotten.
const MOST_SIZES: usize = 1 << 14;
/// The longest delay that a test may ask for, and one more.
const LONGEST_DELAY: u64 = 4000;

/// What is to be compiled.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) mode: Mode,
    pub(crate) wanted: Wanted,
    /// What it is in: a function or a piece of one.
    pub(crate) unit: u32,
    /// Starts of blocks around it that the interpreter has reached.
    pub(crate) reached: Vec<u32>,
    /// Instructions that the interpreter has executed in its unit: the more, the sooner its turn.
    pub(crate) work: u64,
}

impl Order {
    fn key(&self) -> (Mode, Wanted) {
        (self.mode, self.wanted)
    }

    /// Whether it has been carried out by now, as part of something else.
    fn is_done(&self, code: &ModeCode) -> bool {
        let Wanted { pc, as_entry } = self.wanted;
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
        // Where compiled code has been and found nothing, all of it waits for this.
        (self.wanted.as_entry, self.work).cmp(&(other.wanted.as_entry, other.work))
    }
}

/// What is known of a unit that was not worth it.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// The work that it takes.
    needed: u64,
    /// What of that has been done when it was looked at.
    work: u64,
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is taken, or there are too many: the unit's work is counted from 0 again.
    Taken,
    /// The unit has not done enough yet.
    NotYet,
    /// There is nobody to carry it out.
    Nobody,
}

#[derive(Default)]
struct State {
    waiting: BinaryHeap<Order>,
    /// Waiting or being carried out.
    known: HashSet<(Mode, Wanted)>,
    sizes: HashMap<(Mode, u32), Size>,
    counts: CompileCounts,
    is_ending: bool,
}

/// Orders that wait for the thread.
#[derive(Default)]
pub(crate) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
}

impl Orders {
    /// Whether none waits, and none is being carried out.
    pub(crate) fn are_done(&self) -> bool {
        self.state.lock().known.is_empty()
    }

    /// The next order, when there is one. `None` if there will be none.
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

    /// Whether the order's unit, of this size, has done enough; notes how much is to be done
    /// otherwise.
    fn is_worth_it(&self, order: &Order, needed: u64) -> bool {
        let mut state = self.state.lock();
        let unit = (order.mode, order.unit);
        if order.work >= needed {
            state.sizes.remove(&unit);
            return true;
        }
        if state.sizes.len() >= MOST_SIZES {
            state.sizes.clear();
        }
        state.sizes.insert(unit, Size { needed, work: order.work });
        false
    }

    fn is_carried_out(&self, order: &Order, counts: CompileCounts) {
        let mut state = self.state.lock();
        state.known.remove(&order.key());
        state.counts += counts;
    }
}

/// See the module's documentation.
pub(crate) struct Background {
    orders: Arc<Orders>,
    thread: Option<JoinHandle<()>>,
    /// Compiles ahead where there are no orders.
    _idle: Option<Idle>,
}

impl Background {
    /// Starts the thread. `None` if the host has none to give.
    pub(crate) fn start(shared: &Arc<Shared>, compiler: Compiler) -> Option<Self> {
        let orders = Arc::new(Orders::default());
        let compiles_ahead =
            shared.config.ahead && shared.config.tiers == Tiers::Both && shared.store.is_some();
        let idle = compiles_ahead.then(|| Idle::start(shared, &orders, compiler.fork())).flatten();
        let (shared, theirs) = (Arc::clone(shared), Arc::clone(&orders));
        let thread = thread::Builder::new()
            .name("compiler".to_owned())
            .spawn(move || carry_out(&shared, &theirs, compiler))
            .inspect_err(
                |error| tracing::warn!(%error, "no thread that compiles: the guest waits for its code"),
            )
            .ok()?;
        Some(Self { orders, thread: Some(thread), _idle: idle })
    }

    /// Leaves the order to compile something in a unit that has done so much work since it was last
    /// asked for.
    pub(crate) fn ask(&self, unit: (Mode, u32), work: u64, order: impl FnOnce(u64) -> Order) -> Answer {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Answer::Nobody;
        }
        let mut state = self.orders.state.lock();
        let mut done = work;
        if let Some(size) = state.sizes.get(&unit) {
            done += size.work;
            if done < size.needed {
                return Answer::NotYet;
            }
        }
        if state.waiting.len() < MOST_ORDERS {
            let order = order(done);
            if state.known.insert(order.key()) {
                state.waiting.push(order);
                self.orders.changed.notify_one();
            }
        }
        Answer::Taken
    }

    /// What has been compiled.
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
            tracing::error!(
                "the compiler has panicked; what it had not compiled by then was compiled by those who needed it"
            );
        }
    }
}

/// The compiler's thread.
fn carry_out(shared: &Shared, orders: &Orders, mut compiler: Compiler) {
    let mut delay = shared.config.compile_delays;
    while let Some(order) = orders.next() {
        if let Some(seed) = &mut delay {
            thread::sleep(next_delay(seed));
        }
        let mut counts = CompileCounts::default();
        if let Some(code) = shared.code(order.mode)
            && !order.is_done(code)
        {
            let reached = |from, to| {
                let inside = |pc: &u32| (from..to).contains(pc);
                order.reached.iter().copied().filter(inside).collect()
            };
            if let Some(plan) = shared.plan(code, order.wanted, &reached, REGION_LIMIT) {
                let size = plan.region.instructions as u64;
                if orders.is_worth_it(&order, size.saturating_mul(u64::from(shared.config.warm_up))) {
                    let mut work = Workbench { compiler: &mut compiler, counts: &mut counts };
                    shared.compile(order.mode, code, order.wanted, Some(plan), &reached, &mut work);
                }
            }
        }
        orders.is_carried_out(&order, counts);
    }
}

/// The next of a row of delays.
fn next_delay(seed: &mut u64) -> Duration {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_micros((*seed >> 33) % LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(pc: u32, as_entry: bool, work: u64) -> Order {
        let wanted = Wanted { pc, as_entry };
        Order { mode: Mode::default(), wanted, unit: pc, reached: Vec::new(), work }
    }

    /// Orders with nobody at them.
    fn idle() -> Background {
        Background { orders: Arc::default(), thread: Some(thread::spawn(thread::park)), _idle: None }
    }

    fn ask(background: &Background, pc: u32, as_entry: bool, work: u64) -> Answer {
        background.ask((Mode::default(), pc), work, |work| order(pc, as_entry, work))
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
        background.orders.is_carried_out(&order(4, false, 0), CompileCounts::default());
        ask(&background, 4, false, 1);
        ask(&background, 8, true, 1);
        assert_eq!(next(), Some(4), "8 is still being carried out");
        end(background);
    }

    #[test]
    fn what_is_not_worth_it_comes_back_with_the_rest_of_the_work() {
        let background = idle();
        ask(&background, 4, false, 10);
        let first = background.orders.next().unwrap();
        assert!(!background.orders.is_worth_it(&first, 100));
        background.orders.is_carried_out(&first, CompileCounts::default());
        assert_eq!(ask(&background, 4, false, 89), Answer::NotYet);
        assert_eq!(ask(&background, 4, false, 90), Answer::Taken);
        let second = background.orders.next().unwrap();
        assert!(background.orders.is_worth_it(&second, 100));
        background.orders.is_carried_out(&second, CompileCounts::default());
        assert_eq!(ask(&background, 4, false, 1), Answer::Taken, "the next time is a new one");
        assert!(!background.orders.is_worth_it(&background.orders.next().unwrap(), 100));
        end(background);
    }

    #[test]
    fn a_guest_that_is_warm_everywhere_does_not_fill_memory() {
        let background = idle();
        for pc in 0..2 * MOST_ORDERS as u32 {
            assert_eq!(ask(&background, 4 * pc, false, 1), Answer::Taken);
        }
        for pc in 0..2 * MOST_SIZES as u32 {
            background.orders.is_worth_it(&order(4 * pc, false, 1), 2);
        }
        let state = background.orders.state.lock();
        assert_eq!((state.waiting.len(), state.known.len()), (MOST_ORDERS, MOST_ORDERS));
        assert!(state.sizes.len() <= MOST_SIZES);
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
        assert_eq!(ask(&background, 4, false, 1), Answer::Nobody);
    }
}
