//! How often tests kill a program that writes.

/// The environment variable that says how often, wherever it is not as often as usual.
const KILLS: &str = "XENIA_TEST_KILLS";

/// How often to kill a program: as `XENIA_TEST_KILLS` says, or else `usual` times.
///
/// # Panics
/// Where the variable is no number.
#[must_use]
pub fn kills(usual: u64) -> u64 {
    std::env::var(KILLS)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{KILLS}={text}: not a number")))
}
