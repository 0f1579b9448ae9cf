//! Programs for the sanitizer: three that use memory wrongly, one that doesn't.

use std::hint::black_box;

fn main() {
    let words = Box::into_raw(vec![7_u32; 16].into_boxed_slice());
    let first = black_box(words.cast::<u32>());
    match std::env::args().nth(1).as_deref() {
        Some("freed") => {
            // SAFETY: none for the second: it reads what the first has freed. That is its purpose.
            drop(unsafe { Box::from_raw(words) });
            black_box(unsafe { first.read() });
        }
        Some("beyond") => {
            // SAFETY: none: it reads the seventeenth of sixteen words.
            black_box(unsafe { first.add(16).read() });
        }
        Some("leak") => return,
        Some("right") => {
            // SAFETY: it's the box's own pointer, and in bounds.
            black_box(unsafe { first.add(15).read() });
        }
        _ => panic!("freed, beyond, leak or right"),
    }
    // SAFETY: the box's own pointer, which has not been freed; `freed` does not get here, because
    // the sanitizer has ended it.
    drop(unsafe { Box::from_raw(words) });
}
