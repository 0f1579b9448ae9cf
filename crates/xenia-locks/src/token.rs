//! Tokens: locks that are released automatically while their holder blocks.
//!
//! A lock must not be held across a long wait, so code that may block would have to know all its
//! locks, release them first, and acquire them again. Tokens do that automatically: [`blocking`]
//! releases every token of the thread, runs the wait and acquires them again in their order.
//! Between two accesses to a token's value no other thread had it, unless the thread blocked;
//! [`Hold::was_given_up`] returns whether it did, so that values read before may be outdated.
//!
//! The value is accessed through [`Hold::with`], so no reference to it exists while others change
//! it. Blocking inside is refused. Tokens have a place in the lock order like all locks.

use crate::queued::QueuedLock;
use parking_lot::Mutex;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use xenia_sync::Level;
use xenia_sync::atomic::per_thread;
use xenia_sync::order::{Mark, Rank, assert_nothing_held};

/// A lock around a `T` that is released while its holder blocks.
pub struct Token<T> {
    lock: Arc<Lock>,
    /// Never contended: its user holds `lock`.
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
    /// Whether the token is released because the thread blocks.
    given_up: Cell<bool>,
    /// Whether the thread has blocked since the last query.
    was_given_up: Cell<bool>,
}

per_thread! {
    /// Tokens of this thread, in the order of acquisition.
    static HELD: RefCell<Vec<Rc<Held>>> = const { RefCell::new(Vec::new()) };
    /// Number of values that this thread is accessing.
    static LOOKING: Cell<usize> = const { Cell::new(0) };
}

impl<T> Token<T> {
    /// Creates a token of `level` for `value`.
    pub fn new(level: Level, value: T) -> Self {
        Self::numbered(level, 0, value)
    }

    /// Creates one of several tokens of `level`: see
    /// [`Mutex::numbered`](xenia_sync::Mutex::numbered).
    pub fn numbered(level: Level, ordinal: u32, value: T) -> Self {
        let lock = Lock { rank: Rank::new(level, ordinal), lock: QueuedLock::new() };
        Self { lock: Arc::new(lock), value: Mutex::new(value) }
    }

    /// Acquires the token, waiting for it. The thread holds it until the [`Hold`] is dropped,
    /// except while it blocks.
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

/// A token that this thread holds until this guard is dropped.
#[must_use = "a token that is dropped at once guards nothing"]
#[derive(Debug)]
pub struct Hold<'a, T> {
    token: &'a Token<T>,
    held: Rc<Held>,
    this_thread: PhantomData<*const ()>,
}

impl<T> Hold<'_, T> {
    /// Accesses the value of the token. Panics while the thread is blocking, because the token is
    /// released then.
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

    /// Whether the thread has blocked since the last query, so that others may have changed the
    /// value of the token.
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

/// Runs a function that may wait for long, without the thread's tokens. They are acquired again
/// before this returns, also after a panic.
///
/// Panics in debug builds if the thread holds a lock that is not a token, and in all builds inside
/// [`Hold::with`] or if `wait` leaks a token that it acquired.
#[cfg_attr(any(debug_assertions, feature = "check-order"), track_caller)]
pub fn blocking<R>(wait: impl FnOnce() -> R) -> R {
    /// The released tokens, in the order of acquisition.
    struct TakeAgain(Vec<Rc<Held>>);
    impl Drop for TakeAgain {
        fn drop(&mut self) {
            let left = HELD.with(|all| all.borrow().iter().any(|held| !held.given_up.get()));
            assert!(
                !left || std::thread::panicking(),
                "a token was taken while blocking, and not given back"
            );
            for held in &self.0 {
                // A token that was dropped meanwhile is not acquired again.
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
