//! The handler of memory faults, called by xenia-host on the signal stack of the faulting thread.
//!
//! ```text
//! fault ─► hooked code, in a guest view? ─┬─ device ──────────────► emulate on the DeviceQueue
//!                                         ├─ watched, or lagging ─► bump, open, retry
//!                                         │                         (or emulate on the alias view)
//!                                         ├─ a device site ───┐
//!                                         ├─ a store to code ─┤
//!                                         └─ refused ─────────┤
//!          hooked code elsewhere ─────────────────────────────┴► its hook ─► previous handler
//! ```
//!
//! Only faults of hooked code are handled. A fault of other code, or one in an instruction fetch,
//! is a bug of the emulator that must not be hidden.
//!
//! # Safety rules
//! - Everything that [`on_fault`] calls is async-signal-safe: atomics, mprotect, sched_yield, and
//!   memory allocated beforehand. It does not allocate, lock, or panic deliberately.
//! - It accesses guest memory through the alias view only, so it cannot fault itself.

use crate::arch::emulate::{self, emulate, is_store};
use crate::device::DeviceQueue;
use crate::emulated::Bus;
use crate::error::{Access, AccessKind, FaultKind, MemoryError};
use crate::fault_hook::{Action, FaultHook, HOOKS, HostFault};
use crate::host;
use crate::mapping::GUARD;
use crate::memory::GuestMemory;
use crate::page_table::{DEVICE, READ, WRITE};
use crate::registry::Registry;
use crate::watch::FaultOutcome;
use std::sync::atomic::Ordering::*;
use xenia_guest::GuestAddr;
use xenia_host::fault::{self, HostAccess, Interrupted};

/// Limit on the address spaces of a process at a time.
const MAX_SPACES: usize = 256;
pub(crate) static SPACES: Registry<GuestMemory, MAX_SPACES> = Registry::new();

/// Installs the handler, once per process.
pub(crate) fn install() -> Result<(), MemoryError> {
    emulate::warm_up();
    // SAFETY: the handler follows the module's rules, and lets only hooked code continue.
    Ok(unsafe { fault::install(on_fault) }?)
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
        // In the order of addresses, the bytes are the big-endian number that devices have.
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
        self.0.check(addr, size as u32, READ, AccessKind::Load).ok()?;
        let mut bytes = [0; 16];
        // SAFETY: the whole range is committed.
        unsafe { host::copy_out(self.0.alias.0, addr, &mut bytes[..size]) };
        Some(bytes)
    }

    fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()> {
        let addr = self.0.guest_addr(host_addr as usize)?;
        self.0.check(addr, bytes.len() as u32, WRITE, AccessKind::Store).ok()?;
        // SAFETY: the whole range is committed.
        unsafe { host::copy_in(self.0.alias.0, addr, bytes) };
        self.0.bump_watched(addr, bytes.len() as u32);
        Some(())
    }
}

/// Kind of the access that faulted.
fn kind_of(interrupted: &Interrupted<'_>) -> AccessKind {
    if is_store(interrupted) { AccessKind::Store } else { AccessKind::Load }
}

impl GuestMemory {
    /// The guest address that the guest view maps at `host_addr`.
    fn guest_addr(&self, host_addr: usize) -> Option<u32> {
        u32::try_from(host_addr.checked_sub(self.mapping.guest_base() as usize)?).ok()
    }

    /// Tries to let a faulting access to `addr` by hooked code continue. On failure, returns the
    /// reason.
    fn resolve(&self, addr: u32, interrupted: &mut Interrupted<'_>) -> Result<(), FaultKind> {
        let access = kind_of(interrupted);
        let refused = || self.fault(addr, access).kind;
        if self.pages.flags(addr) & DEVICE != 0 {
            // SAFETY: called by the fault handler for an access in a guest view, which only
            // compiled code makes; the caller of compiled code holds only the guard.
            let Some(queue) = (unsafe { DeviceQueue::current() }) else { return Err(refused()) };
            self.counts.device_faults.fetch_add(1, Relaxed);
            if self.are_device_sites_refused.load(Acquire) && queue.refuses(interrupted.pc(), addr, access) {
                return Err(FaultKind::DeviceSite);
            }
            let mut bus = DeviceBus { memory: self, queue, refused: None };
            let is_done = emulate(interrupted, &mut bus);
            return if is_done { Ok(()) } else { Err(bus.refused.unwrap_or_else(refused)) };
        }
        match self.fault_outcome(addr, access) {
            FaultOutcome::Retry => Ok(()),
            FaultOutcome::HoldsCode => Err(FaultKind::HoldsCode),
            FaultOutcome::Emulate if emulate(interrupted, &mut AliasBus(self)) => Ok(()),
            // The access goes on to a page that refuses it. Its own page allows it, so a kind of
            // refusal would let the kernel repeat the instruction for ever.
            FaultOutcome::Emulate => Err(FaultKind::Unmapped),
            FaultOutcome::Refused => Err(refused()),
        }
    }
}

/// Calls the hook of the faulting code; `kind` is the reason of the fault, if known.
fn ask_hook(
    hook: &dyn FaultHook,
    space: Option<&GuestMemory>,
    kind: Option<FaultKind>,
    interrupted: &mut Interrupted<'_>,
) -> bool {
    let host_addr = interrupted.address();
    // In the guards, the guest address wraps at 4 GiB.
    let addr = space.map(|s| host_addr.wrapping_sub(s.mapping.guest_base() as usize) as u32);
    let access = kind_of(interrupted);
    let mut fault = HostFault {
        pc: interrupted.pc(),
        registers: interrupted.registers(),
        host_addr,
        guest_addr: addr.map(GuestAddr),
        kind: kind
            .unwrap_or_else(|| space.zip(addr).map_or(FaultKind::Unmapped, |(s, a)| s.fault(a, access).kind)),
        access,
    };
    match hook.on_fault(&mut fault) {
        Action::Retry => {}
        Action::Resume(pc) => interrupted.set_pc(pc),
        Action::NotMine => return false,
    }
    interrupted.set_registers(&fault.registers);
    true
}

/// The handler: true if the thread continues.
fn on_fault(interrupted: &mut Interrupted<'_>) -> bool {
    if interrupted.access() == HostAccess::Fetch {
        return false;
    }
    let Some((_, hook)) = HOOKS.find(interrupted.pc() as usize) else { return false };
    // SAFETY: the fault came from the hook's code (see the registry's rules).
    let hook: &dyn FaultHook = &**unsafe { &*hook };
    let host_addr = interrupted.address();
    let space = SPACES.find(host_addr).map(|(start, space)| {
        // SAFETY: a thread is accessing this space, and so keeps it alive (see the registry's
        // rules).
        (start, unsafe { &*space })
    });
    let mut kind = None;
    if let Some((start, space)) = space
        // Neither guard has a guest address: the lower one wraps to more than 32 bits.
        && let Ok(addr) = u32::try_from(host_addr.wrapping_sub(start + GUARD))
    {
        match space.resolve(addr, interrupted) {
            Ok(()) => return true,
            Err(refused) => kind = Some(refused),
        }
    }
    ask_hook(hook, space.map(|(_, space)| space), kind, interrupted)
}
