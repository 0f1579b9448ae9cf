//! Processor exceptions: debug-service traps that the kernel handles itself, and the crash report
//! of unhandled exceptions.

use super::dispatch::raise_at_instruction;
use super::fault;
use crate::abi::{Call, Flow};
use std::fmt::Write;
use xenia_cpu::{ExceptionKind, GuestException, PpcContext};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{CodeAddress, EndKind, Event, Running};

/// Number of return addresses in reports.
const STACK_DEPTH: usize = 24;
/// Maximum number of characters that one debug-service trap prints.
const MAX_PRINTED: u32 = 0x1000;

/// Debug services that titles request by `twi 31, r0, N`.
mod service {
    pub(super) const PRINT: u32 = 20;
    pub(super) const PRINT_ANSI: u32 = 26;
    pub(super) const BREAK: u32 = 22;
    pub(super) const PROMPT: u32 = 23;
    pub(super) const LOAD_SYMBOLS: u32 = 25;
}

/// The service number of a debug-service trap, which is unconditional.
fn debug_service(word: u32) -> Option<u32> {
    (word & 0xFFFF_0000 == 0x0FE0_0000).then_some(word & 0xFFFF)
}

/// Handles debug-service traps. For any other exception, dispatches it to the guest's handlers;
/// without one the machine ends with a report.
pub fn handle_exception(call: &mut Call, exception: GuestException) -> Flow {
    let kernel = call.kernel;
    if let ExceptionKind::Trap { word } = exception.kind
        && let Some(number) = debug_service(word)
    {
        let ctx = call.ctx_mut();
        let text = GuestAddr(ctx.gpr[3] as u32);
        let length = ctx.gpr[4] as u32;
        match number {
            service::PRINT | service::PRINT_ANSI => {
                ctx.pc = ctx.pc.wrapping_add(4);
                let mut bytes = vec![0; length.min(MAX_PRINTED) as usize];
                if kernel.memory.read_bytes(text, &mut bytes).is_ok() {
                    let text: String = bytes.into_iter().map(char::from).collect();
                    kernel.devices.write_text(&text);
                    call.cpu.emit(&Event::Text { thread: call.thread_id(), text: &text });
                }
                return Flow::Return(0);
            }
            service::PROMPT | service::LOAD_SYMBOLS => {
                ctx.pc = ctx.pc.wrapping_add(4);
                return Flow::Return(ctx.gpr[3]);
            }
            service::BREAK => tracing::warn!(target: "kernel", "breakpoint at {}", exception.pc),
            _ => {}
        }
    }
    let fpscr = call.ctx().fpscr;
    let Some(record) = fault::processor_record(&kernel.memory, &exception, fpscr) else {
        return Flow::Yield(call.ctx().gpr[3]);
    };
    let mut text = describe(&exception);
    if let ExceptionKind::Memory(fault) = exception.kind
        && let Some(bytes) = kernel.threads.lock().full_stack(call.thread_id(), fault.addr)
    {
        let _ = write!(text, ": the thread's stack of {bytes} bytes is full");
    }
    raise_at_instruction(call, exception.pc, record, text)
}

/// Builds the report with which a machine ends because of an unhandled error of its guest.
pub fn crash(call: &Call, pc: GuestAddr, what: &str) -> EndKind {
    let Running { id, hw_id, ctx, .. } = call.running();
    let symbolizer = call.kernel.symbolizer();
    let of_return = |address| CodeAddress { address, place: symbolizer.return_address(address) };
    let mut text = what.to_owned();
    let _ = write!(
        text,
        "\n  thread {id} hw{hw_id} pc {} lr {} ctr {:#010x} cr {:#010x}",
        CodeAddress { address: pc.0, place: symbolizer.instruction(pc.0) },
        of_return(ctx.lr as u32),
        ctx.ctr as u32,
        ctx.cr_word()
    );
    for (index, value) in ctx.gpr.iter().enumerate() {
        let _ = write!(text, "{}r{index:<2} {value:016x}", if index % 4 == 0 { "\n  " } else { "  " });
    }
    text.push_str("\n  stack");
    let stack = return_addresses(call.memory(), ctx);
    for &address in &stack {
        let _ = write!(text, "\n    {}", of_return(address));
    }
    EndKind::Crash { thread: *id, pc: pc.0, lr: ctx.lr as u32, access: None, stack, text }
}

/// Return addresses along the back chain, innermost first.
pub fn return_addresses(memory: &GuestMemory, ctx: &PpcContext) -> Vec<u32> {
    let mut addresses = Vec::new();
    let mut frame = GuestAddr(ctx.gpr[1] as u32);
    while addresses.len() < STACK_DEPTH {
        let Ok(next) = memory.read::<GuestAddr>(frame) else { break };
        // The caller's link register is saved just below its frame.
        let Ok(address) = memory.read::<u32>(GuestAddr(next.0.wrapping_sub(8))) else { break };
        if next <= frame {
            break;
        }
        addresses.push(address);
        frame = next;
    }
    addresses
}

/// Text of an exception, for the report.
fn describe(exception: &GuestException) -> String {
    let pc = exception.pc;
    match exception.kind {
        ExceptionKind::IllegalInstruction { word } => format!("{pc}: {word:#010x} is an illegal instruction"),
        ExceptionKind::Trap { word } => format!("{pc}: trap {word:#010x}"),
        ExceptionKind::Privileged { word } => format!("{pc}: privileged instruction {word:#010x}"),
        ExceptionKind::Memory(fault) => format!("{pc}: {fault}"),
        ExceptionKind::Fetch(fault) => format!("{pc}: instruction fetch: {fault}"),
        ExceptionKind::FloatingPoint => format!("{pc}: floating-point exception"),
        ExceptionKind::Unavailable { word } => format!("{pc}: unit not available for {word:#010x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_services_are_unconditional_traps_on_r0() {
        assert_eq!(debug_service(0x0FE0_0014), Some(20));
        assert_eq!(debug_service(0x0FE0_0016), Some(22));
        assert_eq!(debug_service(0x0CA0_0000), None);
    }
}
