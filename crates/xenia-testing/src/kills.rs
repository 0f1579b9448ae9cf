//! Kills of programs that write: how many, and when.

use crate::{is_long, number_in_environment};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Environment variable that overrides the number.
const KILLS: &str = "XENIA_TEST_KILLS";

/// Factor by which a long run has more kills.
const LONG_TIMES: u64 = 4;

/// Number of times to kill a program: the value of `XENIA_TEST_KILLS`, or `usual`, of which a long
/// run has [`LONG_TIMES`] as many.
///
/// # Panics
/// If the variable is not a number.
#[must_use]
pub fn kills(usual: u64) -> u64 {
    let usual = if is_long() { usual * LONG_TIMES } else { usual };
    number_in_environment(KILLS, usual)
}

/// Kills a program after this time, unless it has ended by then.
///
/// # Panics
/// If the program can't be killed.
pub fn kill_or_reap(child: &mut Child, time: Duration) {
    let start = Instant::now();
    let left = || Some(time.saturating_sub(start.elapsed())).filter(|left| !left.is_zero());
    while let Some(left) = left()
        && child.try_wait().expect("it is our process").is_none()
    {
        sleep(left.min(Duration::from_millis(1)));
    }
    child.kill().expect("it is our process");
    child.wait().expect("it is our process");
}
