//! Programs for Miri: four that do what no program may, one that doesn't.

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

/// A number that two threads share, with a flag that is set once it is valid.
struct Shared {
    number: UnsafeCell<u32>,
    ready: AtomicBool,
}
// SAFETY: the thread that sets the flag has written the number, and the thread that reads the
// number has seen the flag set; `race` violates this.
unsafe impl Sync for Shared {}

fn main() {
    let mut words = [7_u32; 4];
    match std::env::args().nth(1).as_deref() {
        Some("freed") => {
            let word = Box::into_raw(Box::new(7_u32));
            // SAFETY: none for the second: it reads what the first has freed. That is its purpose.
            drop(unsafe { Box::from_raw(word) });
            black_box(unsafe { word.read() });
        }
        Some("unset") => {
            // SAFETY: none: nobody has written it.
            black_box(unsafe { MaybeUninit::<u32>::uninit().assume_init() });
        }
        Some("alias") => {
            let first = &raw mut words;
            // SAFETY: none for the use of the first reference after the second's.
            let (one, other) = unsafe { (&mut *first, &mut *first) };
            other[0] = 1;
            one[0] = 2;
            black_box(other[0]);
        }
        Some("race") => share(Ordering::Relaxed, Ordering::Relaxed),
        Some("right") => share(Ordering::Release, Ordering::Acquire),
        _ => panic!("freed, unset, alias, race or right"),
    }
}

impl Shared {
    fn put(&self, number: u32, order: Ordering) {
        // SAFETY: the other thread reads it after the flag.
        unsafe { self.number.get().write(number) };
        self.ready.store(true, order);
    }

    fn take(&self, order: Ordering) -> u32 {
        while !self.ready.load(order) {
            std::thread::yield_now();
        }
        // SAFETY: see above.
        unsafe { self.number.get().read() }
    }
}

/// One thread hands a number to another, with these orders of the flag.
fn share(store: Ordering, load: Ordering) {
    let shared = Shared { number: UnsafeCell::new(0), ready: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        scope.spawn(|| shared.put(7, store));
        assert_eq!(shared.take(load), 7);
    });
}
