//! Tokens: locks that their holder has while it runs, and not while it blocks.
//!
//! A lock must not be held across a long wait; code that calls something which may wait has to give
//! its locks back first, know all of them, and take them again. A token does that by itself:
//! [`blocking`] gives back every token of the thread, runs the wait and takes them again in their
//! order. Between two looks at what a token guards nobody else was there, unless the thread
//! blocked; [`Hold::was_given_up`] says whether it did, for what was read before may be out of date
//! then.
//!
//! What is guarded is reached through [`Hold::with`], so no reference to it lives on while others
//! change it. Blocking in there is refused. Tokens have their place in the lock order as every
//! lock.

use crate::atomic::per_thread;
use crate::level::Level;
use crate::order::{Mark, Rank, assert_nothing_held};
use crate::queued::QueuedLock;
use parking_lot::Mutex;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// A soft lock around a `T`.
pub struct Token<T> {
    lock: Arc<Lock>,
    /// Contended by nobody: whoever is in here has the lock.
    value: Mutex<T>,
}

#[derive(Debug)]
struct Lock {
    rank: Rank,
    lock: QueuedLock,
}

impl Lock {
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    fn take(&self) -> Mark {
        self.rank.take(self, || self.lock.try_acquire().then_some(()), || self.lock.acquire()).0
    }
}

/// A token that this thread holds.
#[derive(Debug)]
struct Held {
    lock: Arc<Lock>,
    mark: Cell<Mark>,
    /// The thread blocks, so it has the lock no longer.
    given_up: Cell<bool>,
    /// It has blocked since it was last asked.
    was_given_up: Cell<bool>,
}

per_thread! {
    /// In the order in which they were taken.
    static HELD: RefCell<Vec<Rc<Held>>> = const { RefCell::new(Vec::new()) };
    /// How many values this thread looks at.
    static LOOKING: Cell<usize> = const { Cell::new(0) };
}

impl<T> Token<T> {
    /// A token of `level` around `value`.
    pub fn new(level: Level, value: T) -> Self {
        Self::numbered(level, 0, value)
    }

    /// One of several tokens of `level`: see [`Mutex::numbered`](crate::Mutex::numbered).
    pub fn numbered(level: Level, ordinal: u32, value: T) -> Self {
        let lock = Lock { rank: Rank::new(level, ordinal), lock: QueuedLock::new() };
        Self { lock: Arc::new(lock), value: Mutex::new(value) }
    }

    /// Takes the token, waiting for it. The thread has it until the [`Hold`] is dropped, but for
    /// the times in which it blocks.
    #[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
    pub fn hold(&self) -> Hold<'_, T> {
        let held = Rc::new(Held {
            mark: Cell::new(self.lock.take()),
            lock: self.lock.clone(),
            given_up: Cell::new(false),
            was_given_up: Cell::new(false),
        });
        HELD.with(|all| all.borrow_mut().push(held.clone()));
        Hold { token: self, held, this_thread: PhantomData }
    }

    /// Exclusive access without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("lock", &self.lock).field("value", &self.value).finish()
    }
}

/// A token that this thread holds, until this is dropped.
#[must_use = "a token that is dropped at once guards nothing"]
#[derive(Debug)]
pub struct Hold<'a, T> {
    token: &'a Token<T>,
    held: Rc<Held>,
    this_thread: PhantomData<*const ()>,
}

impl<T> Hold<'_, T> {
    /// Looks at what the token guards. Panics if the thread blocks at this moment, for then it
    /// isn't the thread's.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        struct Looks;
        impl Drop for Looks {
            fn drop(&mut self) {
                LOOKING.with(|looking| looking.set(looking.get() - 1));
            }
        }
        assert!(!self.held.given_up.get(), "a token is used while its holder blocks");
        LOOKING.with(|looking| looking.set(looking.get() + 1));
        let _looks = Looks;
        look(&mut self.token.value.lock())
    }

    /// Whether the thread has blocked since this was last asked: others may have changed what the
    /// token guards.
    pub fn was_given_up(&self) -> bool {
        self.held.was_given_up.take()
    }
}

impl<T> Drop for Hold<'_, T> {
    fn drop(&mut self) {
        HELD.with(|all| all.borrow_mut().retain(|held| !Rc::ptr_eq(held, &self.held)));
        if !self.held.given_up.get() {
            self.held.mark.get().leave();
            self.held.lock.lock.release();
        }
    }
}

/// Runs something that may wait for long, without the thread's tokens. They are taken again before
/// this returns, also by a panic.
///
/// Panics in debug builds if the thread holds a lock that is no token, and in all builds inside
/// [`Hold::with`] or if `wait` leaves a token behind that it took.
#[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
pub fn blocking<R>(wait: impl FnOnce() -> R) -> R {
    /// The tokens that were given up, in the order in which they were taken.
    struct TakeAgain(Vec<Rc<Held>>);
    impl Drop for TakeAgain {
        fn drop(&mut self) {
            let left = HELD.with(|all| all.borrow().iter().any(|held| !held.given_up.get()));
            assert!(
                !left || std::thread::panicking(),
                "a token was taken while blocking, and not given back"
            );
            for held in &self.0 {
                // One that was dropped meanwhile is nobody's any more.
                if HELD.with(|all| all.borrow().iter().any(|other| Rc::ptr_eq(other, held))) {
                    held.mark.set(held.lock.take());
                    held.given_up.set(false);
                }
            }
        }
    }
    assert!(LOOKING.with(Cell::get) == 0, "blocking while looking at what a token guards");
    let mine: Vec<Rc<Held>> =
        HELD.with(|all| all.borrow().iter().filter(|held| !held.given_up.get()).cloned().collect());
    for held in mine.iter().rev() {
        held.given_up.set(true);
        held.was_given_up.set(true);
        held.mark.get().leave();
        held.lock.lock.release();
    }
    let _take_again = TakeAgain(mine);
    assert_nothing_held();
    wait()
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests;

#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
mod random_models;
