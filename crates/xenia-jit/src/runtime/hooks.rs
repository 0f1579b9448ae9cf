//! Hooks: functions that compiled code calls, and the handler of its memory faults.
//!
//! Each hook is a row of [`hook_rows`]; [`services`] implements them in safe Rust.
//!
//! # Safety rules
//! - Only compiled code calls hooks, with the value that the pinned register has in the run of a
//!   context that was passed to `enter`. While a hook runs, no other code uses the context or the
//!   [`Run`].
//! - Guest code runs with the guest's MXCSR. A hook that may compute with floating point restores
//!   Rust's before anything else, and the guest's before it returns ([`RustFloat`]).
//! - [`on_fault`] runs in a signal handler: it only copies numbers. The fault exit is looked up
//!   after the handler has returned ([`Hook::Landing`]).

#[deny(unsafe_code)]
mod services;

use crate::arch::conditions::condition_word;
use crate::arch::float;
use crate::arch::hooks::{hook_function, preserving_entry};
use crate::code::cache::CodeCache;
use crate::runtime::enter::{land, leave_missing, leave_region};
use std::hint::black_box;
use xenia_cpu::{CR_FIELDS, ESTIMATE_TABLES, Exit, HOST_WORDS, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::OP_COUNT;
use xenia_lifter::float::float_state::DEFAULT_MXCSR;
use xenia_lifter::hook::Hook;
use xenia_lifter::hook_rows;
use xenia_lifter::host::{AHEAD, BYTE_SWAP, Word};
use xenia_lifter::thunks::CONTEXT_REGISTER;
use xenia_memory::{
    AccessKind, Action, CurrentQueue, Exclusive, FaultKind, GuestMemory, HostFault, MemoryFault,
};
use xenia_sync::Mutex;

/// Defines the functions behind the hooks ([`hook_rows`]).
macro_rules! define_functions {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident($($argument:ident),*) [$($counter:literal)?] => $service:ident;)*) => {
        /// The address that compiled code calls for a hook.
        fn address(hook: Hook) -> u64 {
            match hook { $(Hook::$name => entry!($kind $name $service),)* }
        }

        $(preserving!($kind $name);)*

        #[allow(non_snake_case)] // named after the hooks
        mod shells {
            use super::{Call, Hook, PpcContext, RustFloat, black_box, computes, hook_function, lend, services};
            $(shell!($kind $name($($argument),*) $service);)*
        }
    };
}

/// Whether a hook may execute floating-point arithmetic, or changes MXCSR.
const fn computes(hook: Hook) -> bool {
    !matches!(hook, Hook::Widen | Hook::Written | Hook::Landing)
}

/// Defines the function that converts a hook's registers to the arguments of its service.
macro_rules! shell {
    (bare $name:ident() $service:ident) => {};
    ($kind:ident $name:ident($($argument:ident),*) $service:ident) => {
        hook_function! {
        pub(crate) fn $name(pinned: *mut PpcContext $(, $argument: u64)*) -> u64 {
            let mut float = RustFloat::begin(computes(Hook::$name));
            // SAFETY: compiled code passes its pinned register, as the module's safety rules
            // require.
            let (ctx, run) = unsafe { lend(pinned) };
            run.counts.calls[Hook::$name as usize] += 1;
            // Arithmetic touches no memory, so the compiler could move it to where MXCSR is the
            // guest's, where it would raise the guest's flags. `black_box` keeps it here: the
            // operands are unknown before, and the result is needed at once.
            $(let $argument = black_box($argument);)*
            black_box(services::$service(&mut Call { ctx, run, mxcsr: &mut float.guest } $(, $argument)*))
        }
        }
    };
}

/// The address that compiled code calls for a hook.
macro_rules! entry {
    (warm $name:ident $service:ident) => {
        shells::$name as *const () as u64
    };
    (cold $name:ident $service:ident) => {
        Preserving::$name as *const () as u64
    };
    (bare $name:ident $service:ident) => {
        $service as *const () as u64
    };
}

/// Wraps a cold hook's function: the processor's code saves all registers that it may clobber.
macro_rules! preserving {
    (warm $name:ident) => {};
    (bare $name:ident) => {};
    (cold $name:ident) => {
        impl Preserving {
            preserving_entry!($name, shells::$name);
        }
    };
}

/// Namespace of the entries of cold hooks.
struct Preserving;

hook_rows!(define_functions);

/// State that a run lends to its hooks.
pub(crate) struct Run<'a, 'q> {
    /// The guard rather than the queue, since the fault handler uses the queue if an access of
    /// compiled code faults.
    pub(crate) devices: &'a mut CurrentQueue<'q>,
    pub(crate) memory: &'a GuestMemory,
    /// The optimizing tier's code in the run's mode.
    pub(crate) code: &'a Mutex<CodeCache>,
    /// Strict reservations: each store updates the machine's table of reservations.
    pub(crate) strict: bool,
    pub(crate) counts: &'a mut HookCounts,
    /// The exit of the run, if a hook ended it.
    pub(crate) exit: Option<Exit>,
    /// Lines that the current store holds exclusively, with strict reservations.
    pub(crate) taken: Option<Exclusive>,
    /// The memory's code epoch at the last entry into compiled code.
    pub(crate) epoch: u64,
}

/// Arguments common to all services.
struct Call<'a, 'r> {
    ctx: &'a mut PpcContext,
    run: &'a mut Run<'r, 'r>,
    /// The guest's MXCSR, which is restored afterwards. No reserved bit may be set.
    mxcsr: &'a mut u32,
}

/// Counts of hook calls.
#[derive(Clone, Debug)]
pub(crate) struct HookCounts {
    /// Calls, by [`Hook`].
    pub(crate) calls: [u64; Hook::ALL.len()],
    /// Instructions executed in software because inline code did not decide them or does not exist,
    /// by row. The interpreter is not involved.
    pub(crate) software: Vec<u64>,
    /// Moves to FPSCR that the interpreter completed for compiled code
    /// ([`xenia_lifter::host::Leave::Raise`]): they enable an exception that MSR delivers.
    pub(crate) fallbacks: u64,
}

impl Default for HookCounts {
    fn default() -> Self {
        Self { calls: [0; Hook::ALL.len()], software: vec![0; OP_COUNT + 1], fallbacks: 0 }
    }
}

/// Guard that replaces the guest's MXCSR by Rust's while it lives, if the hook computes. Other
/// hooks skip it, since reading and loading MXCSR both wait for all arithmetic in flight.
struct RustFloat {
    guest: u32,
    swapped: bool,
}

impl RustFloat {
    fn begin(swapped: bool) -> Self {
        let guest = if swapped { float::exchange_for_rust() } else { DEFAULT_MXCSR };
        Self { guest, swapped }
    }
}

impl Drop for RustFloat {
    fn drop(&mut self) {
        if self.swapped {
            // SAFETY: `begin` read the state; services change flags and modes only. The hook is
            // done.
            unsafe { float::restore(self.guest) };
        }
    }
}

/// The context that `pinned` points into.
///
/// # Safety
/// `pinned` must be compiled code's pinned register, and no other code may use the context while
/// the result lives.
unsafe fn context<'a>(pinned: *mut PpcContext) -> &'a mut PpcContext {
    // SAFETY: `enter` borrowed the context exclusively for the whole run and put this value into
    // the register, which never changes.
    unsafe { &mut *pinned.byte_sub(AHEAD) }
}

/// The context of a hook's caller, and its run.
///
/// # Safety
/// As for [`context`]; likewise no other code may use its run.
unsafe fn lend<'a>(pinned: *mut PpcContext) -> (&'a mut PpcContext, &'a mut Run<'a, 'a>) {
    // SAFETY: the caller guarantees that `pinned` is the pinned register, and that no other code
    // uses the context.
    let ctx = unsafe { context(pinned) };
    // SAFETY: `lend_run` stored it for this run; it lives until `enter` returns.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_, '_>) };
    (ctx, run)
}

/// Initial words of [`PpcContext::host`]: addresses of the hooks and of parts of `memory`; the
/// others are 0.
pub(crate) fn words(memory: &GuestMemory) -> [u64; HOST_WORDS] {
    let mut words = [0; HOST_WORDS];
    words[Word::Fields as usize] = CR_FIELDS.as_ptr() as u64;
    words[Word::Estimates as usize] = std::ptr::from_ref(&ESTIMATE_TABLES) as u64;
    words[Word::Magnitude as usize] = i64::MAX as u64;
    let byte_swap = Word::ByteSwap as usize;
    words[byte_swap..byte_swap + BYTE_SWAP.len()].copy_from_slice(&BYTE_SWAP);
    words[Word::SmallestDouble as usize] = f64::MIN_POSITIVE.to_bits();
    words[Word::SmallestSingle as usize] = f32::MIN_POSITIVE.to_bits().into();
    words[Word::Memory as usize] = memory.guest_base() as u64;
    words[Word::Out as usize] = leave_region as *const () as u64;
    words[Word::Missing as usize] = leave_missing as *const () as u64;
    for &hook in Hook::ALL {
        words[Word::Hooks as usize + hook as usize] = address(hook);
    }
    words
}

/// Stores `run` where the hooks find it.
pub(crate) fn lend_run(ctx: &mut PpcContext, run: &mut Run<'_, '_>) {
    ctx.host[Word::Run as usize] = std::ptr::from_mut(run) as u64;
}

/// Kinds of faults, indexed by their numbers.
const KINDS: [FaultKind; 7] = [
    FaultKind::Unmapped,
    FaultKind::ReadProtected,
    FaultKind::WriteProtected,
    FaultKind::Misaligned,
    FaultKind::DeviceQueueFull,
    FaultKind::HoldsCode,
    FaultKind::DeviceSite,
];

/// Handles a refused guest access of compiled code: records the fault and leaves.
pub(crate) fn on_fault(fault: &mut HostFault) -> Action {
    let Some(guest) = fault.guest_addr else { return Action::NotMine };
    // SAFETY: the faulting instruction is in code memory, and only this thread uses the context
    // that was passed to `enter`.
    let ctx = unsafe { context(fault.registers[CONTEXT_REGISTER] as *mut PpcContext) };
    ctx.host[Word::FaultCode as usize] = fault.pc;
    // One word, which `noted_fault` decodes: the address, the access in bit 32, the kind above.
    ctx.host[Word::FaultAddress as usize] =
        u64::from(guest.0) | u64::from(fault.access == AccessKind::Store) << 32 | (fault.kind as u64) << 40;
    Action::Resume(land as *const () as u64)
}

/// The fault that [`on_fault`] recorded.
pub(crate) fn noted_fault(ctx: &PpcContext) -> MemoryFault {
    let noted = ctx.host[Word::FaultAddress as usize];
    let kind = KINDS.get((noted >> 40) as usize).copied();
    debug_assert!(kind.is_some(), "the noted fault {noted:#x} has an unknown kind");
    let kind = kind.unwrap_or(FaultKind::Unmapped);
    let access = if noted >> 32 & 1 != 0 { AccessKind::Store } else { AccessKind::Load };
    MemoryFault { addr: GuestAddr(noted as u32), kind, access }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_faults_are_numbered_in_order() {
        for (number, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
    }
}
