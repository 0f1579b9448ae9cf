//! What compiled code calls, and what the fault handler calls for it.
//!
//! # Safety rules
//! - Hooks are called by compiled code only, with the context that `enter` was given. While they run,
//!   nobody else uses the context or the [`Run`].
//! - Guest code runs with its own MXCSR; a hook puts Rust's back before anything else
//!   and the guest's when it is done.
//! - [`on_fault`] runs in a signal handler: it only moves numbers.

use crate::enter::{DEFAULT_MXCSR, leave_after_fault};
use crate::exact_vector::{self, NON_JAVA};
use crate::float_state::bits::CONTROL;
use crate::float_state::{self, FLAGS};
use crate::host::{Leave, Word};
use crate::{reservations, strings};
use std::arch::asm;
use xenia_cpu::{ExceptionKind, Exit, GuestException, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, OP_COUNT, Op, decode};
use xenia_memory::{Action, DeviceQueue, FaultKind, GuestMemory, HostFault, MemoryFault};

/// MXCSR's flush-to-zero and denormals-are-zeros.
const FLUSH_DENORMALS: u32 = 0x8040;

/// What a run lends to its hooks.
pub(crate) struct Run<'a> {
    pub(crate) devices: &'a mut DeviceQueue,
    pub(crate) memory: &'a GuestMemory,
    /// Every store tells the machine's table of reservations.
    pub(crate) strict: bool,
    pub(crate) counts: &'a mut HookCounts,
    /// How the run ended, when a hook ended it.
    pub(crate) exit: Option<Exit>,
    /// Page version bumps when compiled code was last entered.
    pub(crate) bumps: u64,
}

/// How often hooks were called.
#[derive(Clone, Debug)]
pub(crate) struct HookCounts {
    /// Instructions that inline code did not decide, or that have none, by row: done in software, in which the
    /// interpreter has no part.
    pub(crate) software: Vec<u64>,
    /// Reservations made or used that the machine's table keeps.
    pub(crate) reservations: u64,
    /// Instructions that the interpreter ran for compiled code, other than those that raised an exception: none.
    pub(crate) fallbacks: u64,
    /// Looks for written code at `isync` and `icbi`.
    pub(crate) synchronizations: u64,
    /// Times that FPSCR had to be exact for an instruction that moves it.
    pub(crate) statuses: u64,
}

impl Default for HookCounts {
    fn default() -> Self {
        Self {
            software: vec![0; OP_COUNT + 1],
            reservations: 0,
            fallbacks: 0,
            synchronizations: 0,
            statuses: 0,
        }
    }
}

/// Swaps MXCSR for Rust's while it lives.
struct RustFloat {
    guest: u32,
}

impl RustFloat {
    fn begin() -> Self {
        let mut guest = 0_u32;
        // SAFETY: stores MXCSR to a local and loads the value that Rust expects.
        unsafe {
            asm!("stmxcsr [{}]", "ldmxcsr [{}]", in(reg) &raw mut guest, in(reg) &DEFAULT_MXCSR, options(nostack));
        }
        Self { guest }
    }

    /// Guest MXCSR, for who looks at its flags or clears them.
    fn guest(&mut self) -> &mut u32 {
        &mut self.guest
    }
}

impl Drop for RustFloat {
    fn drop(&mut self) {
        // SAFETY: puts back a value that was in MXCSR, perhaps with flags cleared: no reserved bit is set.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const self.guest, options(nostack)) };
    }
}

/// Runs `lswx` or `stswx` at `ctx.pc`; `word` holds the instruction and above it the effective address. 0: go on
/// after it; else the region's second result.
pub(crate) unsafe extern "sysv64" fn move_string(ctx: *mut PpcContext, word: u64) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: compiled code passes its context, which `enter` borrowed exclusively.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: `Jit::run` put it there, and it lives until `enter` returns.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    let i = Instruction(word as u32);
    run.counts.software[decode(i.0).map_or(OP_COUNT, |op| op as usize)] += 1;
    match strings::move_string(ctx, i, (word >> 32) as u32, run.memory, run.devices) {
        Ok(()) => {
            if run.strict && decode(i.0) == Some(Op::stswx) {
                let size = u32::from(ctx.xer_count & 127);
                reservations::stored(ctx, run.memory.reservations(), (word >> 32) as u32, size);
            }
            0
        }
        Err(fault) => {
            let kind = ExceptionKind::Memory(fault);
            run.exit = Some(Exit::Exception(GuestException { pc: GuestAddr(ctx.pc), kind }));
            u64::from(Leave::Exit as u32) << 32 | u64::from(ctx.pc)
        }
    }
}

/// Enters a reservation of the line that holds `addr` into the machine's table, and gives its generation.
pub(crate) unsafe extern "sysv64" fn reserve(ctx: *mut PpcContext, addr: u64) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    run.counts.reservations += 1;
    reservations::reserve(ctx, run.memory.reservations(), addr as u32).into()
}

/// Whether the table lets a conditional store to the address in the low half of `word` go on. Bit 32 says whether the
/// context's reservation is one for it; if not, it ends.
pub(crate) unsafe extern "sysv64" fn commit(ctx: *mut PpcContext, word: u64) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    run.counts.reservations += 1;
    reservations::commit(ctx, run.memory.reservations(), word as u32, word >> 32 & 1 != 0).into()
}

/// Tells the machine's table of a store: its address, and above that its size.
pub(crate) unsafe extern "sysv64" fn stored(ctx: *mut PpcContext, word: u64) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    reservations::stored(ctx, run.memory.reservations(), word as u32, (word >> 32) as u32);
    0
}

/// Does a floating-point instruction in software, for a case that inline code does not decide. `word` is the
/// instruction; the values of frA, frB and frC follow, as far as it has them. Gives the result's bits, or the nibble of a compare.
pub(crate) unsafe extern "sysv64" fn float_in_software(
    ctx: *mut PpcContext,
    word: u64,
    a: u64,
    b: u64,
    c: u64,
) -> u64 {
    let mut float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    let i = Instruction(word as u32);
    run.counts.software[decode(i.0).map_or(OP_COUNT, |op| op as usize)] += 1;
    if ctx.fpscr & CONTROL != 0 {
        float_state::settle(ctx, float.guest());
    } else if let Some(bits) = float_state::perform_single(ctx, i, [a, b, c]) {
        return bits;
    }
    float_state::perform(ctx, i, [a, b, c])
}

/// Runs a vector instruction whose inline code met a case that it does not decide, or that has no inline code; its
/// operands are in the context.
pub(crate) unsafe extern "sysv64" fn exact_lanes(ctx: *mut PpcContext, word: u64) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    let op = exact_vector::execute(ctx, Instruction(word as u32));
    debug_assert!(op.is_some(), "compiled code asks for the rows that are there");
    run.counts.software[op.map_or(OP_COUNT, |op| op as usize)] += 1;
    0
}

/// Puts MXCSR into the mode of vector arithmetic, and keeps the flags that scalar arithmetic raised.
pub(crate) unsafe extern "sysv64" fn vector_mode(ctx: *mut PpcContext) -> u64 {
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    let mut mxcsr = 0_u32;
    // SAFETY: stores MXCSR to a local.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr, options(nostack)) };
    ctx.host[Word::ScalarFlags as usize] |= u64::from(mxcsr & FLAGS);
    ctx.host[Word::VectorMode as usize] = 1;
    let mode = if ctx.vscr & NON_JAVA != 0 { DEFAULT_MXCSR | FLUSH_DENORMALS } else { DEFAULT_MXCSR };
    // SAFETY: a valid MXCSR; guest code goes on with it, and hooks put Rust's back.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mode, options(nostack)) };
    0
}

/// Puts MXCSR into the mode of scalar arithmetic.
pub(crate) unsafe extern "sysv64" fn scalar_mode(ctx: *mut PpcContext) -> u64 {
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    ctx.host[Word::VectorMode as usize] = 0;
    // SAFETY: as in `vector_mode`.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &DEFAULT_MXCSR, options(nostack)) };
    0
}

/// Whether a page version moved since compiled code was entered.
pub(crate) unsafe extern "sysv64" fn code_written(ctx: *mut PpcContext) -> u64 {
    let _float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    run.counts.synchronizations += 1;
    u64::from(run.memory.counters().page_version_bumps != run.bumps)
}

/// Makes FPSCR exact and gives it; only its exceptions and summaries if `exceptions` is not 0.
pub(crate) unsafe extern "sysv64" fn exact_status(ctx: *mut PpcContext, exceptions: u64) -> u64 {
    let mut float = RustFloat::begin();
    // SAFETY: as in `move_string`.
    let ctx = unsafe { &mut *ctx };
    // SAFETY: as in `move_string`.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_>) };
    run.counts.statuses += 1;
    if exceptions == 0 {
        float_state::settle(ctx, float.guest());
    } else {
        float_state::settle_exceptions(ctx, float.guest());
    }
    u64::from(ctx.fpscr)
}

/// Puts the addresses of the hooks and of `run` where compiled code looks for them.
pub(crate) fn install(ctx: &mut PpcContext, run: &mut Run<'_>) {
    ctx.host[Word::Run as usize] = std::ptr::from_mut(run) as u64;
    ctx.host[Word::HookString as usize] = move_string as *const () as u64;
    ctx.host[Word::HookReserve as usize] = reserve as *const () as u64;
    ctx.host[Word::HookCommit as usize] = commit as *const () as u64;
    ctx.host[Word::HookStored as usize] = stored as *const () as u64;
    ctx.host[Word::HookWritten as usize] = code_written as *const () as u64;
    ctx.host[Word::HookFloat as usize] = float_in_software as *const () as u64;
    ctx.host[Word::HookVector as usize] = exact_lanes as *const () as u64;
    ctx.host[Word::Roots as usize] = exact_vector::ROOTS.as_ptr() as u64;
    ctx.host[Word::HookScalarMode as usize] = scalar_mode as *const () as u64;
    ctx.host[Word::HookVectorMode as usize] = vector_mode as *const () as u64;
    ctx.host[Word::HookStatus as usize] = exact_status as *const () as u64;
    ctx.host[Word::Memory as usize] = run.memory.guest_base() as u64;
    ctx.host[Word::Versions as usize] = run.memory.versions_ptr() as u64;
}

/// A guest access of compiled code was refused: notes it and leaves.
pub(crate) fn on_fault(fault: &mut HostFault) -> Action {
    let Some(guest) = fault.guest_addr else { return Action::NotMine };
    // SAFETY: the instruction that faulted is in code memory, where r15 is the context that `enter` was given
    // and that only this thread uses.
    let ctx = unsafe { &mut *(fault.registers[15] as *mut PpcContext) };
    let kind = match fault.kind {
        FaultKind::Unmapped => 0,
        FaultKind::ReadProtected => 1,
        FaultKind::WriteProtected => 2,
        FaultKind::Misaligned => 3,
        FaultKind::DeviceQueueFull => 4,
    };
    ctx.host[Word::FaultCode as usize] = fault.rip;
    ctx.host[Word::FaultAddress as usize] = u64::from(guest.0) | u64::from(fault.write) << 32 | kind << 40;
    fault.registers[4] = ctx.host[Word::SavedStack as usize];
    Action::Resume(leave_after_fault as *const () as u64)
}

/// What [`on_fault`] noted.
pub(crate) fn noted_fault(ctx: &PpcContext) -> MemoryFault {
    let noted = ctx.host[Word::FaultAddress as usize];
    let kind = match noted >> 40 {
        0 => FaultKind::Unmapped,
        1 => FaultKind::ReadProtected,
        2 => FaultKind::WriteProtected,
        3 => FaultKind::Misaligned,
        _ => FaultKind::DeviceQueueFull,
    };
    MemoryFault { addr: GuestAddr(noted as u32), kind, write: noted >> 32 & 1 != 0 }
}
