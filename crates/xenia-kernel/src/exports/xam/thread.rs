//! Threads, as `xam` offers them.

use crate::abi::{Call, Flow};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Thread;

#[exports(xam)]
impl Thread {
    /// Ends the calling thread.
    #[export(Done)]
    fn ExitThread(_call: &mut Call, exit_code: u32) -> Flow<()> {
        Flow::Exit { code: exit_code }
    }
}
