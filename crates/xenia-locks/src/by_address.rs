//! Sleeping on a lock's address: `unsafe` calls of parking_lot.

#[cfg(not(feature = "modelled"))]
use std::time::Duration;

/// Upper bits of our sleepers' park tokens, with a number in the lower 16 bits; no other user of
/// parking_lot has such tokens.
#[cfg(not(feature = "modelled"))]
const OURS: usize = 0x5E1F_0000;

/// Locks of this crate, whose addresses threads may sleep on.
pub(crate) trait Ours {}

/// Puts the thread to sleep on `key` with a number that [`wake`] can select, unless `stays` returns
/// false. `stays` is called while no [`wake`] for the same key can run; it must neither panic nor
/// sleep. `before` is called between that and the sleep, with the same restrictions. With a
/// `timeout` the thread may wake by itself.
#[cfg(not(feature = "modelled"))]
pub(crate) fn sleep(
    key: &impl Ours,
    number: u16,
    stays: impl FnOnce() -> bool,
    before: impl FnOnce(),
    timeout: Option<Duration>,
) {
    use parking_lot_core::ParkToken;
    let until = timeout.map(|timeout| std::time::Instant::now() + timeout);
    let key = std::ptr::from_ref(key).addr();
    // SAFETY: the key is the address of a lock of this crate, whose bytes no other primitive sleeps
    // on. `stays` only loads atomics, `before` neither panics nor sleeps, the last callback is
    // empty.
    unsafe {
        parking_lot_core::park(key, stays, before, |_, _| {}, ParkToken(OURS | usize::from(number)), until);
    }
}

/// Wakes those sleepers on `key` whose numbers `which` selects; it must neither panic nor sleep.
///
/// `key` is only used as an address: the lock may have been freed.
#[cfg(not(feature = "modelled"))]
pub(crate) fn wake(key: *const impl Ours, mut which: impl FnMut(u16) -> bool) {
    use parking_lot_core::{DEFAULT_UNPARK_TOKEN, FilterOp};
    let pick = |token: parking_lot_core::ParkToken| {
        let picked = token.0 & !0xFFFF == OURS && which(token.0 as u16);
        if picked { FilterOp::Unpark } else { FilterOp::Skip }
    };
    // SAFETY: the key is, or was, the address of a lock of this crate. If another lock is there by
    // now, only our sleepers are selected, and they check their condition again. The callbacks
    // neither panic nor sleep.
    unsafe {
        parking_lot_core::unpark_filter(key.addr(), pick, |_| DEFAULT_UNPARK_TOKEN);
    }
}

#[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
pub(crate) use model::sleepers;
#[cfg(feature = "modelled")]
pub(crate) use model::{sleep, wake};

/// The implementation for models: a list of sleepers. A timeout can come at any moment, so a sleep
/// with a timeout does not sleep.
#[cfg(feature = "modelled")]
mod model {
    use super::Ours;
    use explorer::sync::{Condvar, Mutex};
    use std::time::Duration;
    use xenia_sync::atomic::explorer;

    explorer::lazy_static! {
        static ref SLEEPERS: (Mutex<Vec<(usize, u16)>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());
    }

    pub(crate) fn sleep(
        key: &impl Ours,
        number: u16,
        stays: impl FnOnce() -> bool,
        before: impl FnOnce(),
        timeout: Option<Duration>,
    ) {
        if timeout.is_some() {
            return explorer::thread::yield_now();
        }
        let me = (std::ptr::from_ref(key).addr(), number);
        let mut sleepers = SLEEPERS.0.lock().expect("no panic");
        if stays() {
            sleepers.push(me);
            before();
            while sleepers.contains(&me) {
                sleepers = SLEEPERS.1.wait(sleepers).expect("no panic");
            }
        }
    }

    pub(crate) fn wake(key: *const impl Ours, mut which: impl FnMut(u16) -> bool) {
        let mut sleepers = SLEEPERS.0.lock().expect("no panic");
        sleepers.retain(|&(at, number)| at != key.addr() || !which(number));
        SLEEPERS.1.notify_all();
    }

    /// Number of sleepers on `key`.
    #[cfg(all(test, feature = "model-shuttle", not(feature = "model-loom")))]
    pub(crate) fn sleepers(key: &impl Ours) -> usize {
        let sleepers = SLEEPERS.0.lock().expect("no panic");
        sleepers.iter().filter(|(at, _)| *at == std::ptr::from_ref(key).addr()).count()
    }
}
