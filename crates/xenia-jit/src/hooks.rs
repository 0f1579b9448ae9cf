//! What compiled code calls, and what the fault handler calls for it.
//!
//! A hook is one row of the table below; the work is done in [`services`], in plain safe Rust.
//!
//! # Safety rules
//! - Hooks are called by compiled code only, with what r15 is in the run of a context that `enter`
//!   was given. While they run, nobody else uses the context or the [`Run`].
//! - Guest code runs with its own MXCSR; a hook puts Rust's back before anything else and the
//!   guest's when it is done.
//! - [`on_fault`] runs in a signal handler: it only moves numbers, and looks at the code that
//!   faulted.

mod conditions;
#[deny(unsafe_code)]
mod services;

use crate::code_memory::CODE_SIZE;
use crate::enter::{DEFAULT_MXCSR, leave_after_fault, leave_region};
use crate::fault_exit;
use crate::host::{AHEAD, Word};
use conditions::condition_word;
use std::arch::{asm, naked_asm};
use std::hint::black_box;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use xenia_cpu::{CR_FIELDS, Exit, HOST_WORDS, PpcContext, VRSQRTEFP};
use xenia_guest::GuestAddr;
use xenia_isa::OP_COUNT;
use xenia_memory::{Action, CurrentQueue, Exclusive, FaultKind, GuestMemory, HostFault, MemoryFault};

/// Makes of each row `doc, kind Name(arguments after the context) [counter in reports] => what does
/// the work;` the [`Hook`], the function that compiled code calls, and all that is known of it. The
/// kind is `cold` where the call preserves all registers: from a cold block it would otherwise cost
/// the hot ones theirs. It is `bare` where what does the work preserves them itself, and is called
/// as it is.
macro_rules! hooks {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident($($argument:ident),*) [$($counter:literal)?] => $service:ident;)*) => {
        /// What compiled code calls. All take the context and up to four more words, and give a word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        pub(crate) enum Hook { $($(#[doc = $doc])+ $name,)* }

        impl Hook {
            /// Every hook, in order.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// Words that it takes beside the context.
            pub(crate) const fn arguments(self) -> usize {
                match self { $(Self::$name => <[&str]>::len(&[$(stringify!($argument)),*]),)* }
            }

            /// What reports call its calls; `None` if they don't count them, or not here.
            pub(crate) fn counter(self) -> Option<&'static str> {
                match self { $(Self::$name => [$($counter)?].first().copied(),)* }
            }

            /// Whether a call preserves all registers, and leaves its result in [`Word::HookResult`].
            pub(crate) fn is_cold(self) -> bool {
                match self { $(Self::$name => stringify!($kind) != "warm",)* }
            }

            /// Whether it may compute with floating point, or changes MXCSR.
            const fn computes(self) -> bool {
                !matches!(self, Self::Widen | Self::Written)
            }

            fn address(self) -> u64 {
                match self { $(Self::$name => entry!($kind $name $service),)* }
            }
        }

        $(preserving!($kind $name);)*

        #[allow(non_snake_case)] // named after the hooks
        mod shells {
            use super::{Call, Hook, PpcContext, RustFloat, black_box, lend, services};
            $(shell!($kind $name($($argument),*) $service);)*
        }
    };
}

/// What makes of a hook's registers what its service takes.
macro_rules! shell {
    (bare $name:ident() $service:ident) => {};
    ($kind:ident $name:ident($($argument:ident),*) $service:ident) => {
        pub(super) unsafe extern "sysv64" fn $name(r15: *mut PpcContext $(, $argument: u64)*) -> u64 {
            let mut float = RustFloat::begin(Hook::$name.computes());
            // SAFETY: compiled code passes what it has in r15, as the module's rules have it.
            let (ctx, run) = unsafe { lend(r15) };
            run.counts.calls[Hook::$name as usize] += 1;
            // Arithmetic touches no memory, so the compiler may move it to where MXCSR is the guest's and raises the guest's
            // flags, unless it does not know the operands before and the result afterwards is wanted here.
            $(let $argument = black_box($argument);)*
            black_box(services::$service(&mut Call { ctx, run, mxcsr: &mut float.guest } $(, $argument)*))
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

/// Around the shell of a cold hook: saves what it may clobber. Compiled code has no vectors wider
/// than these.
macro_rules! preserving {
    (warm $name:ident) => {};
    (bare $name:ident) => {};
    (cold $name:ident) => {
        impl Preserving {
            #[allow(non_snake_case)] // named after the hook
            #[unsafe(naked)]
            unsafe extern "sysv64" fn $name() {
                naked_asm!(
                    "push rax",
                    "push rcx",
                    "push rdx",
                    "push rsi",
                    "push rdi",
                    "push r8",
                    "push r9",
                    "push r10",
                    "push r11",
                    "sub rsp, 256",
                    "movups [rsp], xmm0",
                    "movups [rsp + 16], xmm1",
                    "movups [rsp + 32], xmm2",
                    "movups [rsp + 48], xmm3",
                    "movups [rsp + 64], xmm4",
                    "movups [rsp + 80], xmm5",
                    "movups [rsp + 96], xmm6",
                    "movups [rsp + 112], xmm7",
                    "movups [rsp + 128], xmm8",
                    "movups [rsp + 144], xmm9",
                    "movups [rsp + 160], xmm10",
                    "movups [rsp + 176], xmm11",
                    "movups [rsp + 192], xmm12",
                    "movups [rsp + 208], xmm13",
                    "movups [rsp + 224], xmm14",
                    "movups [rsp + 240], xmm15",
                    "call {shell}",
                    "mov [r15 + {result}], rax",
                    "movups xmm0, [rsp]",
                    "movups xmm1, [rsp + 16]",
                    "movups xmm2, [rsp + 32]",
                    "movups xmm3, [rsp + 48]",
                    "movups xmm4, [rsp + 64]",
                    "movups xmm5, [rsp + 80]",
                    "movups xmm6, [rsp + 96]",
                    "movups xmm7, [rsp + 112]",
                    "movups xmm8, [rsp + 128]",
                    "movups xmm9, [rsp + 144]",
                    "movups xmm10, [rsp + 160]",
                    "movups xmm11, [rsp + 176]",
                    "movups xmm12, [rsp + 192]",
                    "movups xmm13, [rsp + 208]",
                    "movups xmm14, [rsp + 224]",
                    "movups xmm15, [rsp + 240]",
                    "add rsp, 256",
                    "pop r11",
                    "pop r10",
                    "pop r9",
                    "pop r8",
                    "pop rdi",
                    "pop rsi",
                    "pop rdx",
                    "pop rcx",
                    "pop rax",
                    "ret",
                    shell = sym shells::$name,
                    result = const Word::HookResult.offset(),
                )
            }
        }
    };
}

/// Holds the entries of cold hooks.
struct Preserving;

hooks! {
    /// Runs `lswx`, `stswx` or `lmw` at pc; `word` holds the instruction and above it the effective address. 0: go on
    /// after it; else the region's second result.
    warm String(word) [] => move_string;
    /// Enters a reservation of the line that holds `addr` into the machine's table, and gives its generation.
    warm Reserve(addr) ["reservation_table"] => reserve;
    /// Makes a conditional store of `value` (in host order) to the address in the low half of `word`, of 4 bytes, or of 8 if
    /// bit 33 is set, where the machine keeps a table; bit 32 says whether the context's reservation is one for it. Gives 1 if it
    /// was made, 0 if not, else the region's second result.
    warm Commit(word, value) ["reservation_table"] => commit;
    /// Takes a store's lines in the machine's table: its address, and above that its size.
    warm StoreBegins(word) [] => store_begins;
    /// Gives them back, and ends what others have reserved there.
    warm Stored() [] => stored;
    /// Whether a page version moved since compiled code was entered.
    warm Written() ["code_written"] => code_written;
    /// Does a floating-point instruction in software, for a case that inline code does not decide. `word` is the
    /// instruction; the values of frA, frB and frC are in [`Word::Operands`]. Bits 33 to 35 say which of them are
    /// singles. Gives the result's bits (a single's, if bit 36 says so), or the nibble of a compare.
    cold Float(word) [] => float_in_software;
    /// Gives the bits of the single whose double has these, or bit 32 if there is none.
    cold Narrow(bits) [] => narrow;
    /// Makes doubles of the singles that the context holds of these registers, a bit for each, and of those of `open` that
    /// [`Word::Shorts`] names, which it names no more.
    cold Widen(registers, open) [] => widen;
    /// Runs a vector instruction whose inline code met a case that it does not decide, or that has no inline code; its
    /// operands are in the context.
    cold Vector(word) [] => exact_lanes;
    /// Puts MXCSR into the mode of scalar arithmetic.
    cold ScalarMode() [] => scalar_mode;
    /// Puts MXCSR into the mode of vector arithmetic, and keeps the flags that scalar arithmetic raised.
    cold VectorMode() [] => vector_mode;
    /// Gives the context's CR as a word of nibbles.
    bare Conditions() [] => condition_word;
    /// Makes FPSCR exact and gives it; only its exceptions and summaries if `exceptions` is not 0.
    cold Status(exceptions) ["exact_status"] => exact_status;
}

impl Hook {
    /// Byte offset of its address from the context.
    pub(crate) const fn offset(self) -> i32 {
        Word::Hooks.offset() + 8 * self as i32
    }
}

const _: () = assert!(Word::Hooks as usize + Hook::ALL.len() <= HOST_WORDS, "PpcContext::host is too short");

/// What a run lends to its hooks.
pub(crate) struct Run<'a, 'q> {
    /// The guard, not the queue: an access of compiled code that faults has the handler use that.
    pub(crate) devices: &'a mut CurrentQueue<'q>,
    pub(crate) memory: &'a GuestMemory,
    /// Every store tells the machine's table of reservations.
    pub(crate) strict: bool,
    pub(crate) counts: &'a mut HookCounts,
    /// How the run ended, when a hook ended it.
    pub(crate) exit: Option<Exit>,
    /// Lines that a store under way has to itself, where reservations are strict.
    pub(crate) taken: Option<Exclusive>,
    /// The memory's epoch when compiled code was last entered.
    pub(crate) epoch: u64,
}

/// What a hook works on.
struct Call<'a, 'r> {
    ctx: &'a mut PpcContext,
    run: &'a mut Run<'r, 'r>,
    /// The guest's MXCSR, which comes back into force afterwards. No reserved bit may be set.
    mxcsr: &'a mut u32,
}

/// How often hooks were called.
#[derive(Clone, Debug)]
pub(crate) struct HookCounts {
    /// By [`Hook`].
    pub(crate) calls: [u64; Hook::ALL.len()],
    /// Instructions that inline code did not decide, or that have none, by row: done in software,
    /// in which the interpreter has no part.
    pub(crate) software: Vec<u64>,
    /// Instructions that the interpreter ran for compiled code, other than those that raised an
    /// exception: none.
    pub(crate) fallbacks: u64,
}

impl Default for HookCounts {
    fn default() -> Self {
        Self { calls: [0; Hook::ALL.len()], software: vec![0; OP_COUNT + 1], fallbacks: 0 }
    }
}

/// Swaps MXCSR for Rust's while it lives, if the hook computes with it: reading and loading it both
/// wait for all arithmetic that is under way.
struct RustFloat {
    guest: u32,
    swapped: bool,
}

impl RustFloat {
    fn begin(swapped: bool) -> Self {
        let mut guest = DEFAULT_MXCSR;
        if swapped {
            // SAFETY: stores MXCSR to a local and loads the value that Rust expects.
            unsafe {
                asm!("stmxcsr [{}]", "ldmxcsr [{}]", in(reg) &raw mut guest, in(reg) &DEFAULT_MXCSR, options(nostack));
            }
        }
        Self { guest, swapped }
    }
}

impl Drop for RustFloat {
    fn drop(&mut self) {
        if self.swapped {
            // SAFETY: puts back a value that was in MXCSR, perhaps with flags or modes changed: no reserved
            // bit is set.
            unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const self.guest, options(nostack)) };
        }
    }
}

/// The context that `r15` points into.
///
/// # Safety
/// Compiled code had that in r15, and nobody else uses the context while the result lives.
unsafe fn context<'a>(r15: *mut PpcContext) -> &'a mut PpcContext {
    // SAFETY: `enter` borrowed it exclusively for all of the run, and put this into r15, which never
    // changes.
    unsafe { &mut *r15.byte_sub(AHEAD) }
}

/// The context of a hook's caller, and the run that it belongs to.
///
/// # Safety
/// As [`context`]; nobody else uses its run either.
unsafe fn lend<'a>(r15: *mut PpcContext) -> (&'a mut PpcContext, &'a mut Run<'a, 'a>) {
    // SAFETY: the caller's promise.
    let ctx = unsafe { context(r15) };
    // SAFETY: `lend_run` put it there for this run; it lives until `enter` returns.
    let run = unsafe { &mut *(ctx.host[Word::Run as usize] as *mut Run<'_, '_>) };
    (ctx, run)
}

/// The words of [`PpcContext::host`] with the addresses of the hooks and of what belongs to
/// `memory`; the others 0.
pub(crate) fn words(memory: &GuestMemory) -> [u64; HOST_WORDS] {
    let mut words = [0; HOST_WORDS];
    words[Word::Fields as usize] = CR_FIELDS.as_ptr() as u64;
    words[Word::Roots as usize] = VRSQRTEFP.as_ptr() as u64;
    words[Word::Magnitude as usize] = i64::MAX as u64;
    words[Word::SmallestDouble as usize] = f64::MIN_POSITIVE.to_bits();
    words[Word::SmallestSingle as usize] = f32::MIN_POSITIVE.to_bits().into();
    words[Word::Memory as usize] = memory.guest_base() as u64;
    words[Word::Out as usize] = leave_region as *const () as u64;
    for &hook in Hook::ALL {
        words[Word::Hooks as usize + hook as usize] = hook.address();
    }
    words
}

/// Puts `run` where the hooks look for it.
pub(crate) fn lend_run(ctx: &mut PpcContext, run: &mut Run<'_, '_>) {
    ctx.host[Word::Run as usize] = std::ptr::from_mut(run) as u64;
}

/// The kinds of faults in the order of their numbers.
const KINDS: [FaultKind; 6] = [
    FaultKind::Unmapped,
    FaultKind::ReadProtected,
    FaultKind::WriteProtected,
    FaultKind::Misaligned,
    FaultKind::DeviceQueueFull,
    FaultKind::HoldsCode,
];

/// A guest access of compiled code was refused: notes it and leaves.
pub(crate) fn on_fault(fault: &mut HostFault) -> Action {
    let Some(guest) = fault.guest_addr else { return Action::NotMine };
    // SAFETY: the instruction that faulted is in code memory, and only this thread uses the context
    // that `enter` was given.
    let ctx = unsafe { context(fault.registers[15] as *mut PpcContext) };
    ctx.host[Word::FaultCode as usize] = fault.rip;
    ctx.host[Word::FaultAddress as usize] =
        u64::from(guest.0) | u64::from(fault.write) << 32 | (fault.kind as u64) << 40;
    let end = ctx.host[Word::Code as usize] + CODE_SIZE as u64;
    let size = end.saturating_sub(fault.rip).min(fault_exit::LOOKED_AT as u64) as usize;
    let mut code = [0; fault_exit::LOOKED_AT];
    for (byte, at) in code[..size].iter_mut().zip(fault.rip..) {
        // SAFETY: inside of code memory, which is mapped as a whole and readable. Behind the region's end
        // another thread may be writing code, so bytes are read one by one, as atomics; what is
        // there is not looked at.
        *byte = unsafe { AtomicU8::from_ptr(at as *mut u8) }.load(Relaxed);
    }
    if let Some(distance) = fault_exit::distance(&code[..size]) {
        // Registers are where the cold block finds them, and it leaves by the usual way.
        return Action::Resume(fault.rip + distance);
    }
    fault.registers[4] = ctx.host[Word::SavedStack as usize];
    Action::Resume(leave_after_fault as *const () as u64)
}

/// What [`on_fault`] noted.
pub(crate) fn noted_fault(ctx: &PpcContext) -> MemoryFault {
    let noted = ctx.host[Word::FaultAddress as usize];
    let kind = KINDS.get((noted >> 40) as usize).copied().unwrap_or(FaultKind::Unmapped);
    MemoryFault { addr: GuestAddr(noted as u32), kind, write: noted >> 32 & 1 != 0 }
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

    #[test]
    fn every_hook_has_a_word_of_its_own() {
        let offsets: Vec<i32> = Hook::ALL.iter().map(|hook| hook.offset()).collect();
        assert!(offsets.is_sorted_by(|a, b| a + 8 == *b), "{offsets:?}");
        assert!(Word::Roots.offset() < offsets[0]);
        assert_eq!((Hook::Commit.arguments(), Hook::Written.arguments()), (2, 0));
    }
}
