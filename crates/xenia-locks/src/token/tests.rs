//! Tests of tokens across waits.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;

fn panics(act: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

#[test]
fn a_token_is_released_only_while_its_holder_blocks() {
    let token = Token::new(Level::Objects, 1);
    let (ask, asked) = channel();
    let (answer, answered) = channel();
    std::thread::scope(|scope| {
        let token = &token;
        scope.spawn(move || {
            asked.recv().expect("asked");
            // Waits for the token, which is released when the other thread blocks.
            let hold = token.hold();
            hold.with(|value| *value += 10);
            drop(hold);
            answer.send(()).expect("awaited");
        });
        let hold = token.hold();
        ask.send(()).expect("alive");
        for _ in 0..1000 {
            assert_eq!(hold.with(|value| *value), 1, "while it runs nobody else is there");
        }
        assert!(!hold.was_given_up());
        blocking(|| answered.recv().expect("an answer"));
        assert!(hold.was_given_up() && !hold.was_given_up());
        assert_eq!(hold.with(|value| *value), 11);
        assert!(!token.lock.lock.try_acquire(), "held again");
    });
}

#[test]
fn all_tokens_of_the_thread_are_given_up_and_taken_again() {
    let tokens: Vec<_> = (0..4).map(|number| Token::numbered(Level::Slot, number, number)).collect();
    let free = |number: usize| {
        let lock = &tokens[number].lock.lock;
        let free = lock.try_acquire();
        if free {
            lock.release();
        }
        free
    };
    let holds: Vec<_> = tokens[..3].iter().map(Token::hold).collect();
    blocking(|| {
        assert!((0..4).all(free));
        // A nested call has no tokens left to release or acquire.
        blocking(|| assert!((0..4).all(free)));
        assert!((0..4).all(free));
        // Another token may be acquired while blocking.
        tokens[3].hold().with(|number| assert_eq!(*number, 3));
    });
    assert_eq!((0..4).map(free).collect::<Vec<_>>(), [false, false, false, true]);
    drop(holds);
    assert!((0..4).all(free));
}

#[test]
fn token_dropped_while_blocking_stays_released() {
    let kept = Token::new(Level::Objects, ());
    let dropped = Token::new(Level::Files, ());
    let hold = kept.hold();
    let gone = dropped.hold();
    blocking(move || drop(gone));
    assert!(dropped.lock.lock.try_acquire());
    assert!(!kept.lock.lock.try_acquire());
    drop(hold);
    assert!(kept.lock.lock.try_acquire());
}

#[test]
fn misuse_of_a_token_panics_and_leaves_it_usable() {
    let token = Token::new(Level::Objects, 5);
    let other = Token::new(Level::Files, 6);
    let hold = token.hold();
    assert!(panics(|| hold.with(|_| blocking(|| ()))));
    assert!(panics(|| blocking(|| hold.with(|_| ()))));
    assert!(panics(|| blocking(|| panic!("the wait fails"))));
    let mut left = None;
    assert!(panics(|| blocking(|| left = Some(other.hold()))));
    drop(left);
    drop(hold);
    assert_eq!(token.hold().with(|value| *value), 5);
    assert_eq!(other.hold().with(|value| *value), 6);
}

#[test]
#[cfg(debug_assertions)]
fn tokens_have_their_place_in_the_order() {
    let token = Token::new(Level::Files, ());
    let lock = xenia_sync::Mutex::new(Level::Objects, ());
    let hold = token.hold();
    assert!(panics(|| drop(lock.lock())));
    blocking(|| drop(lock.lock()));
    drop(hold);
    let _guard = lock.lock();
    // A lock that is not a token would be held while the thread blocks.
    assert!(panics(|| blocking(|| ())));
}

#[test]
fn many_threads_count_exactly() {
    let tokens = [Token::new(Level::Objects, 0_u64), Token::new(Level::Files, 0_u64)];
    let rounds = crate::rounds(20_000);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let tokens = &tokens;
            scope.spawn(move || {
                for round in 0..rounds {
                    let first = tokens[0].hold();
                    let second = tokens[1].hold();
                    let before = first.with(|count| {
                        *count += 1;
                        *count
                    });
                    if (round + thread) % 64 == 0 {
                        blocking(std::thread::yield_now);
                    } else {
                        assert_eq!(first.with(|count| *count), before);
                    }
                    second.with(|count| *count += 1);
                }
            });
        }
    });
    let [first, second] = tokens.map(|mut token| *token.get_mut());
    assert_eq!((first, second), (4 * rounds, 4 * rounds));
}
