//! The SIGSEGV handler.
//!
//! ```text
//! fault ─► hooked code, in a guest view? ─┬─ device ──────────────► emulate on the DeviceQueue
//!                                         ├─ watched, or lagging ─► bump, open, retry
//!                                         │                         (or emulate on the alias view)
//!                                         ├─ a store to code ─┐
//!                                         └─ refused ─────────┤
//!          hooked code elsewhere ─────────────────────────────┴► its hook ─► previous handler
//! ```
//!
//! Only faults of hooked code are handled. A fault of other code, or one in an instruction fetch,
//! is a bug of the emulator that must not be hidden.
//!
//! # Safety rules
//! - Everything that [`on_signal`] calls is async-signal-safe: atomics, mprotect, sched_yield, and
//!   memory allocated beforehand. It does not allocate, lock, or panic deliberately.
//! - It accesses guest memory through the alias view only, so it cannot fault itself.
//! - It restores errno.

use crate::device::DeviceQueue;
use crate::emulate::{self, Bus, General, MAX_INSTRUCTION, Vectors};
use crate::error::{Access, FaultKind, MemoryError};
use crate::hook::{Action, FaultHook, HOOKS, HostFault};
use crate::host;
use crate::mapping::GUARD;
use crate::memory::GuestMemory;
use crate::page_table::{DEVICE, READ, WRITE};
use crate::registry::Registry;
use crate::watch::FaultOutcome;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering::*};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_host::HostError;

/// Limit on the address spaces of a process at a time.
const MAX_SPACES: usize = 256;
pub(crate) static SPACES: Registry<GuestMemory, MAX_SPACES> = Registry::new();

/// The previous signal action; leaked, and set before the handler is installed.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// Installs the handler, once per process.
pub(crate) fn install() -> Result<(), MemoryError> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = *INSTALLED.get_or_init(|| {
        emulate::warm_up();
        // SAFETY: zero is a value of `sigaction`.
        let mut previous: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: only queries the current action.
        if unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), &raw mut previous) } != 0 {
            return false;
        }
        PREVIOUS.store(Box::into_raw(Box::new(previous)), Release);
        // SAFETY: as above.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler follows the module's rules and forwards foreign faults.
        unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) == 0 }
    });
    if installed { Ok(()) } else { Err(HostError::last("sigaction for SIGSEGV").into()) }
}

/// Indexes into `gregs`, by register number in machine code.
const GENERAL: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];
/// Bits of the page fault's error code: a store, an instruction fetch.
const ERROR_WRITE: i64 = 2;
const ERROR_FETCH: i64 = 16;

/// The interrupted thread's registers.
struct Interrupted<'a>(&'a mut libc::mcontext_t);

impl Interrupted<'_> {
    fn rip(&self) -> u64 {
        self.0.gregs[libc::REG_RIP as usize] as u64
    }

    fn set_rip(&mut self, rip: u64) {
        self.0.gregs[libc::REG_RIP as usize] = rip as i64;
    }

    fn write(&self) -> bool {
        self.0.gregs[libc::REG_ERR as usize] & ERROR_WRITE != 0
    }

    fn fetch(&self) -> bool {
        self.0.gregs[libc::REG_ERR as usize] & ERROR_FETCH != 0
    }

    fn general(&self) -> General {
        GENERAL.map(|index| self.0.gregs[index as usize] as u64)
    }

    fn set_general(&mut self, general: &General) {
        for (index, value) in GENERAL.into_iter().zip(general) {
            self.0.gregs[index as usize] = *value as i64;
        }
    }

    /// The vector registers' save area, which the kernel always fills and restores.
    fn vectors(&mut self) -> Option<&mut [libc::_libc_xmmreg; 16]> {
        // SAFETY: null, or the signal frame's save area, which has no other user now.
        unsafe { self.0.fpregs.as_mut() }.map(|state| &mut state._xmm)
    }

    /// Emulates the faulting instruction. False if that is not possible; the state is then
    /// unchanged.
    fn emulate(&mut self, bus: &mut impl Bus) -> bool {
        let rip = self.rip();
        // The instruction was fetched, so its bytes are readable; the next page may not be.
        let to_page_end = (u64::from(PAGE_SIZE) - rip % u64::from(PAGE_SIZE)) as usize;
        let mut code = [0_u8; MAX_INSTRUCTION];
        let first = to_page_end.min(MAX_INSTRUCTION);
        let decoded = [first, MAX_INSTRUCTION].into_iter().find_map(|len| {
            // SAFETY: reads to the end of the page, and into the next one only if the instruction
            // continues there.
            unsafe { ptr::copy_nonoverlapping(rip as *const u8, code.as_mut_ptr(), len) };
            emulate::decode(&code[..len], rip)
        });
        let Some(instruction) = decoded else { return false };
        let mut general = self.general();
        let Some(saved) = self.vectors() else { return false };
        let mut vectors: Vectors = [0; 16];
        for (vector, saved) in vectors.iter_mut().zip(saved.iter()) {
            let [a, b, c, d] = saved.element.map(u128::from);
            *vector = a | b << 32 | c << 64 | d << 96;
        }
        if !emulate::execute(&instruction, &mut general, &mut vectors, bus) {
            return false;
        }
        for (vector, saved) in vectors.iter().zip(saved.iter_mut()) {
            saved.element = [0, 32, 64, 96].map(|shift| (vector >> shift) as u32);
        }
        self.set_general(&general);
        self.set_rip(instruction.next_ip());
        true
    }
}

/// Device registers behind the guest view.
struct DeviceBus<'a> {
    memory: &'a GuestMemory,
    queue: &'a mut DeviceQueue,
    /// Reason why the device refused the access.
    refused: Option<FaultKind>,
}

impl DeviceBus<'_> {
    fn done<T>(&mut self, result: Access<T>) -> Option<T> {
        result.inspect_err(|fault| self.refused = Some(fault.kind)).ok()
    }
}

impl Bus for DeviceBus<'_> {
    fn segment_base(&self) -> u64 {
        self.memory.mapping.guest_base() as u64
    }

    fn load(&mut self, host_addr: u64, size: usize) -> Option<[u8; 16]> {
        let addr = self.memory.guest_addr(host_addr as usize)?;
        let loaded = self.memory.device_load(addr, size as u32, self.queue);
        let value = self.done(loaded)?;
        let mut bytes = [0; 16];
        bytes[..size].copy_from_slice(&value.to_be_bytes()[16 - size..]);
        Some(bytes)
    }

    fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()> {
        let addr = self.memory.guest_addr(host_addr as usize)?;
        let value = bytes.iter().fold(0, |value, &byte| value << 8 | u128::from(byte));
        let stored = self.memory.device_store(addr, bytes.len() as u32, value, self.queue);
        self.done(stored)
    }
}

/// Memory behind the guest view, for pages that the host refuses to open.
struct AliasBus<'a>(&'a GuestMemory);

impl Bus for AliasBus<'_> {
    fn segment_base(&self) -> u64 {
        self.0.mapping.guest_base() as u64
    }

    fn load(&mut self, host_addr: u64, size: usize) -> Option<[u8; 16]> {
        let addr = self.0.guest_addr(host_addr as usize)?;
        self.0.check(addr, size as u32, READ, false).ok()?;
        let mut bytes = [0; 16];
        // SAFETY: the whole range is committed.
        unsafe { host::copy_out(self.0.alias.0, addr, &mut bytes[..size]) };
        Some(bytes)
    }

    fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()> {
        let addr = self.0.guest_addr(host_addr as usize)?;
        self.0.check(addr, bytes.len() as u32, WRITE, true).ok()?;
        // SAFETY: the whole range is committed.
        unsafe { host::copy_in(self.0.alias.0, addr, bytes) };
        self.0.bump_watched(addr, bytes.len() as u32);
        Some(())
    }
}

impl GuestMemory {
    /// The guest address that the guest view maps at `host_addr`.
    fn guest_addr(&self, host_addr: usize) -> Option<u32> {
        u32::try_from(host_addr.checked_sub(self.mapping.guest_base() as usize)?).ok()
    }

    /// Tries to let a faulting access to `addr` by the code of `hook` continue. On failure, returns
    /// the reason.
    fn resolve(
        &self,
        addr: u32,
        hook: &dyn FaultHook,
        interrupted: &mut Interrupted<'_>,
    ) -> Result<(), FaultKind> {
        let write = interrupted.write();
        let refused = || self.fault(addr, write).kind;
        if self.pages.flags(addr) & DEVICE != 0 {
            // SAFETY: called by the fault handler for an access in a guest view, which only
            // compiled code makes; the caller of compiled code holds only the guard.
            let Some(queue) = (unsafe { DeviceQueue::current() }) else { return Err(refused()) };
            let rip = interrupted.rip();
            let mut bus = DeviceBus { memory: self, queue, refused: None };
            if interrupted.emulate(&mut bus) {
                hook.on_device_access(rip);
                return Ok(());
            }
            return Err(bus.refused.unwrap_or_else(refused));
        }
        match self.fault_outcome(addr, write) {
            FaultOutcome::Retry => Ok(()),
            FaultOutcome::HoldsCode => Err(FaultKind::HoldsCode),
            FaultOutcome::Emulate if interrupted.emulate(&mut AliasBus(self)) => Ok(()),
            FaultOutcome::Emulate | FaultOutcome::Refused => Err(refused()),
        }
    }
}

/// Calls the hook of the faulting code; `kind` is the reason of the fault, if known.
fn ask_hook(
    hook: &dyn FaultHook,
    host_addr: usize,
    space: Option<&GuestMemory>,
    kind: Option<FaultKind>,
    interrupted: &mut Interrupted<'_>,
) -> bool {
    let rip = interrupted.rip();
    // In the guards, the guest address wraps at 4 GiB.
    let addr = space.map(|s| host_addr.wrapping_sub(s.mapping.guest_base() as usize) as u32);
    let write = interrupted.write();
    let mut fault = HostFault {
        rip,
        registers: interrupted.general(),
        host_addr,
        guest_addr: addr.map(GuestAddr),
        kind: kind
            .unwrap_or_else(|| space.zip(addr).map_or(FaultKind::Unmapped, |(s, a)| s.fault(a, write).kind)),
        write,
    };
    match hook.on_fault(&mut fault) {
        Action::Retry => {}
        Action::Resume(rip) => interrupted.set_rip(rip),
        Action::NotMine => return false,
    }
    interrupted.set_general(&fault.registers);
    true
}

/// # Safety
/// Called by the kernel as a signal handler with `SA_SIGINFO`.
unsafe extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the thread's own errno.
    let errno = unsafe { &mut *libc::__errno_location() };
    let saved = *errno;
    // SAFETY: the kernel passes a full ucontext of the interrupted thread, ours alone meanwhile.
    let mut interrupted = Interrupted(unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext });
    // SAFETY: the kernel passes a filled-in siginfo.
    let (code, host_addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // Faults have positive codes; signals sent by a process do not.
    let hook = HOOKS.find(interrupted.rip() as usize).filter(|_| code > 0 && !interrupted.fetch());
    if let Some((_, hook)) = hook {
        // SAFETY: the fault came from the hook's code (see the registry's rules).
        let hook: &dyn FaultHook = &**unsafe { &*hook };
        let space = SPACES.find(host_addr).map(|(start, space)| {
            // SAFETY: a thread is accessing this space, and so keeps it alive (see the registry's
            // rules).
            (start, unsafe { &*space })
        });
        let mut kind = None;
        if let Some((start, space)) = space
            && let Ok(addr) = u32::try_from(host_addr.wrapping_sub(start + GUARD))
        {
            match space.resolve(addr, hook, &mut interrupted) {
                Ok(()) => {
                    *errno = saved;
                    return;
                }
                Err(refused) => kind = Some(refused),
            }
        }
        if ask_hook(hook, host_addr, space.map(|(_, space)| space), kind, &mut interrupted) {
            *errno = saved;
            return;
        }
    }
    // SAFETY: set before the handler was installed; leaked, so it stays valid.
    let previous = unsafe { &*PREVIOUS.load(Acquire) };
    // SAFETY: the arguments are those passed by the kernel.
    unsafe { pass_on(previous, signal, info, context) };
    *errno = saved;
}

/// Forwards the signal to the previous action.
///
/// # Safety
/// The arguments are those of a signal handler.
unsafe fn pass_on(
    previous: &libc::sigaction,
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // A fault cannot be ignored. With the default action in force the instruction faults
            // again and ends the process, as without this handler; a sent signal is raised again.
            // SAFETY: zero is a value of `sigaction`, and means the default.
            let default: libc::sigaction = unsafe { mem::zeroed() };
            // SAFETY: both calls are async-signal-safe.
            unsafe {
                libc::sigaction(signal, &raw const default, ptr::null_mut());
                if (*info).si_code <= 0 {
                    libc::raise(signal);
                }
            }
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with `SA_SIGINFO` set, the registered function has this signature.
            let handler: unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { mem::transmute(handler) };
            // SAFETY: the handler gets the arguments of its signal.
            unsafe { handler(signal, info, context) };
        }
        handler => {
            // SAFETY: without `SA_SIGINFO`, the registered function has this signature.
            let handler: unsafe extern "C" fn(libc::c_int) = unsafe { mem::transmute(handler) };
            // SAFETY: the handler gets the argument of its signal.
            unsafe { handler(signal) };
        }
    }
}
