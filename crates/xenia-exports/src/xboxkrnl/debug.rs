//! Debugging: breakpoints, failed assertions and bug checks (`Dbg*`, `RtlRip`, `KeBugCheck*`).

use super::crt_print::write_debug_text;
use crate::abi::{Call, Flow, Text};
use crate::exceptions::crash;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for debugging.
pub struct Debug;

/// Ends the machine where the console would halt.
fn bug_check(call: &Call, code: u32, parameters: &[u32]) -> Flow<()> {
    let at = GuestAddr(call.ctx().lr as u32);
    let text = format!("{at}: bug check {code:#x} with {parameters:#x?}");
    Flow::End(crash(call, at, &text))
}

#[exports(xboxkrnl)]
impl Debug {
    /// Breaks into the debugger. Without a debugger the console's debug kernel would halt; titles
    /// call it when an assertion fails. Here the call is logged and the title continues, as on a
    /// retail console.
    #[export(Done)]
    fn DbgBreakPoint(call: &mut Call) {
        tracing::warn!(target: "kernel", "break point at {:#010x}", call.ctx().lr as u32);
    }

    /// Prints a failed assertion: its function, expression and message. A debugger would stop the
    /// title; here it continues.
    #[export(Done)]
    fn RtlRip(
        call: &mut Call,
        function: Option<Text>,
        expression: Option<Text>,
        message: Option<Text>,
    ) -> Fallible<()> {
        let parts = [function, expression, message].into_iter().flatten();
        let parts: Vec<String> = parts.map(|part| part.text(call.memory())).collect::<Result<_, _>>()?;
        let text = format!("RIP: {}\n", parts.join(" "));
        write_debug_text(call, &text);
        Ok(())
    }

    /// Halts the console with a bug check code.
    #[export(Done)]
    fn KeBugCheck(call: &mut Call, code: u32) -> Flow<()> {
        bug_check(call, code, &[])
    }

    /// Halts the console with a bug check code and four parameters.
    #[export(Done)]
    fn KeBugCheckEx(call: &mut Call, code: u32, p1: u32, p2: u32, p3: u32, p4: u32) -> Flow<()> {
        bug_check(call, code, &[p1, p2, p3, p4])
    }
}
