//! Limits of the values in a saved state.

use xenia_sched::{HW_THREADS, ThreadRef};
use xenia_state::{Impossible, check};

/// Largest serial number in a saved state. A machine that counts on from there does not get to the
/// end of 64 bits.
pub const MAX_SERIAL: u64 = 1 << 62;

/// Checks the hardware thread in a thread's name. Whether there is such a thread is checked on each
/// use.
pub fn check_thread(thread: ThreadRef) -> Result<(), Impossible> {
    check(usize::from(thread.hw_id) < HW_THREADS, "a thread is on a hardware thread that does not exist")
}
