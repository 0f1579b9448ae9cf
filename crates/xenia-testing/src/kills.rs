//! Number of times that tests kill a program that writes.

/// Environment variable that overrides the number.
const KILLS: &str = "XENIA_TEST_KILLS";

/// Number of times to kill a program: the value of `XENIA_TEST_KILLS`, or `usual`.
///
/// # Panics
/// If the variable is not a number.
#[must_use]
pub fn kills(usual: u64) -> u64 {
    std::env::var(KILLS)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{KILLS}={text}: not a number")))
}
