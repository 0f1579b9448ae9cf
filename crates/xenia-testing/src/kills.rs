//! Number of times that tests kill a program that writes.

use crate::is_long;

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
    std::env::var(KILLS)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{KILLS}={text}: not a number")))
}
