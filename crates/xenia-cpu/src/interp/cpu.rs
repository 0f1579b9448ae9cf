//! The processor state that arms work on: context, memory, and the outcome of an instruction.
//!
//! The documentation of [`crate::interp`] lists the invariants.

use super::watched::{AccessWatch, RefusedStore};
use crate::{CrField, EngineConfig, ExceptionKind, PpcContext, ReservationMode};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, Semantics};
use xenia_memory::{DeviceQueue, GuestMemory, MemoryFault};

mod plain;

pub(crate) use plain::{Plain, StorageAccess};

/// How execution continues after an instruction that completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Retirement {
    /// Continue with the instruction at `ctx.pc`, or the next one of the block.
    Next,
    /// `sc` completed; its LEV is in [`CpuView::lev`].
    Syscall,
    /// The visit ends here: a yield hint, or the last allowed time-base read.
    Yield,
    /// The instruction completed and caused an enabled floating-point exception.
    FloatingPoint,
    /// Continue with the next instruction; MSR has changed.
    Msr,
    /// Continue with the next instruction, once the watch of the page at [`CpuView::stored_at`] has
    /// been ended. Only [`Plain`] stores return it.
    Watched,
}

/// The instruction did not complete; the reason is in [`CpuView::exception`]. Created by
/// [`CpuView::raise`], and by [`Plain`] for an access that is not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raised(());

/// Result of every arm. One byte, so that `?` costs a compare.
pub(crate) type Step = Result<Retirement, Raised>;

/// Address and size of a guest store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBytes {
    /// Address of the first byte.
    pub addr: GuestAddr,
    /// Number of bytes, 1–16. The range may wrap at the top of the address space.
    pub size: u32,
}

/// The processor as seen by an arm.
pub(crate) struct CpuView<'a> {
    pub(crate) ctx: &'a mut PpcContext,
    pub(crate) memory: &'a GuestMemory,
    pub(crate) devices: &'a mut DeviceQueue,
    pub(crate) reservations: ReservationMode,
    pub(crate) exception: ExceptionKind,
    pub(crate) lev: u8,
    /// Number of instructions that follow, in the block, the one that ended the run.
    pub(crate) left: u32,
    /// Address of the store that ended with [`Retirement::Watched`].
    pub(crate) stored_at: u32,
    /// Whether stores take the observed path: strict reservations, or a log.
    observes_stores: bool,
    store_log: Option<&'a mut Vec<StoredBytes>>,
    /// Bytes whose stores are refused.
    pub(super) watch: Option<&'a AccessWatch>,
    /// The watched store that ended the run.
    pub(super) refused: Option<RefusedStore>,
}

impl Semantics for CpuView<'_> {
    type Output = Step;
}

impl<'a> CpuView<'a> {
    pub(crate) fn new(
        ctx: &'a mut PpcContext,
        memory: &'a GuestMemory,
        devices: &'a mut DeviceQueue,
        config: EngineConfig,
    ) -> Self {
        let exception = ExceptionKind::IllegalInstruction { word: 0 };
        let reservations = config.reservations;
        let observes_stores = reservations == ReservationMode::Strict;
        Self {
            ctx,
            memory,
            devices,
            reservations,
            exception,
            lev: 0,
            left: 0,
            stored_at: 0,
            observes_stores,
            store_log: None,
            watch: None,
            refused: None,
        }
    }

    /// Logs every store in `log` from now on.
    pub(crate) fn log_stores(&mut self, log: &'a mut Vec<StoredBytes>) {
        self.store_log = Some(log);
        self.observe_stores();
    }

    /// Lets all stores take the observed path.
    pub(super) fn observe_stores(&mut self) {
        self.observes_stores = true;
    }
}

/// Access to registers.
impl CpuView<'_> {
    #[inline(always)]
    pub(crate) fn gpr(&self, n: usize) -> u64 {
        self.ctx.gpr[n]
    }

    #[inline(always)]
    pub(crate) fn set_gpr(&mut self, n: usize, value: u64) {
        self.ctx.gpr[n] = value;
    }

    /// RA|0: 0 for `r0`, else the register.
    #[inline(always)]
    pub(crate) fn gpr_or_zero(&self, n: usize) -> u64 {
        if n == 0 { 0 } else { self.ctx.gpr[n] }
    }

    /// Sets CR field `field` to the nibble `bits`.
    #[inline(always)]
    pub(crate) fn set_cr(&mut self, field: usize, bits: u8) {
        self.ctx.cr[field] = CrField::from_nibble(bits);
    }

    /// Sets CR0 from a result: signed comparison with 0 of the low word (32-bit mode) or of all of
    /// it (64-bit mode), and a copy of XER\[SO\].
    #[inline(always)]
    pub(crate) fn record(&mut self, result: u64) {
        let difference = if self.ctx.sf() { (result as i64).signum() } else { i64::from(result as i32) };
        self.ctx.cr[0] = CrField::from_difference(difference, self.ctx.xer_so);
    }
}

/// Exceptions and exits.
impl CpuView<'_> {
    /// Raises an exception: the instruction does not complete. The context must be unchanged.
    #[cold]
    #[inline(never)]
    pub(crate) fn raise(&mut self, kind: ExceptionKind) -> Raised {
        self.exception = kind;
        Raised(())
    }

    /// Ends an arm whose word is not an instruction.
    #[cold]
    pub(crate) fn illegal(&mut self, i: Instruction) -> Step {
        Err(self.raise(ExceptionKind::IllegalInstruction { word: i.0 }))
    }

    /// Records that `left` instructions follow the one that ended the run.
    #[cold]
    pub(crate) fn end_run(&mut self, left: usize, how: Step) -> Step {
        self.left = left as u32;
        how
    }

    #[cold]
    #[inline(never)]
    pub(super) fn memory_fault(&mut self, fault: MemoryFault) -> Raised {
        self.raise(ExceptionKind::Memory(fault))
    }
}

/// Effective addresses. Storage is addressed with 32 bits in both modes.
impl CpuView<'_> {
    /// `(RA|0) + (RB)`.
    #[inline(always)]
    pub(crate) fn ea_x(&self, i: Instruction) -> u32 {
        self.gpr_or_zero(i.ra()).wrapping_add(self.gpr(i.rb())) as u32
    }

    /// `(RA|0) + D`.
    #[inline(always)]
    pub(crate) fn ea_d(&self, i: Instruction) -> u32 {
        self.gpr_or_zero(i.ra()).wrapping_add(i.disp() as u64) as u32
    }

    /// `(RA|0) + DS`.
    #[inline(always)]
    pub(crate) fn ea_ds(&self, i: Instruction) -> u32 {
        self.gpr_or_zero(i.ra()).wrapping_add(i.disp_ds() as u64) as u32
    }
}

impl CpuView<'_> {
    /// Stores `size` bytes at `ea` with strict reservations, with a log, or with watched bytes.
    #[cold]
    #[inline(never)]
    fn store_observed(
        &mut self,
        ea: u32,
        size: u32,
        store: impl FnOnce(&GuestMemory, &mut DeviceQueue) -> Result<(), MemoryFault>,
    ) -> Result<(), Raised> {
        self.check_watched(ea, size, false)?;
        self.make_store(ea, size, store).map_err(|fault| self.memory_fault(fault))
    }

    fn make_store(
        &mut self,
        ea: u32,
        size: u32,
        store: impl FnOnce(&GuestMemory, &mut DeviceQueue) -> Result<(), MemoryFault>,
    ) -> Result<(), MemoryFault> {
        if self.reservations == ReservationMode::Strict {
            // Atomic with ending other threads' reservations; this thread's reservation stays.
            let table = self.memory.reservations();
            let taken = table.begin_store(GuestAddr(ea), size);
            let stored = store(self.memory, self.devices);
            let hw_id = self.ctx.hw_id;
            table.end_store(taken, hw_id, self.ctx.reservation.held());
            // A fault returns only now, as the banks have to be released first.
            stored?;
        } else {
            store(self.memory, self.devices)?;
        }
        self.log_store(ea, size);
        Ok(())
    }

    /// Logs a store, if there is a log.
    pub(crate) fn log_store(&mut self, ea: u32, size: u32) {
        if let Some(log) = &mut self.store_log {
            log.push(StoredBytes { addr: GuestAddr(ea), size });
        }
    }
}

macro_rules! access {
    ($($load:ident $store:ident $type:ty;)*) => { $(
        /// Loads a big-endian value.
        #[inline(always)]
        pub(crate) fn $load(&mut self, ea: u32) -> Result<$type, Raised> {
            match self.memory.$load(ea, self.devices) {
                Ok(value) => Ok(value),
                Err(fault) => Err(self.memory_fault(fault)),
            }
        }

        /// Stores a big-endian value.
        #[inline(always)]
        pub(crate) fn $store(&mut self, ea: u32, value: $type) -> Result<(), Raised> {
            if self.observes_stores {
                let size = size_of::<$type>() as u32;
                return self.store_observed(ea, size, |memory, devices| memory.$store(ea, value, devices));
            }
            match self.memory.$store(ea, value, self.devices) {
                Ok(()) => Ok(()),
                Err(fault) => Err(self.memory_fault(fault)),
            }
        }
    )* };
}

/// Storage access. Values are in host order; a `u128` is in the order of the vector registers.
impl CpuView<'_> {
    access! {
        load_u8 store_u8 u8;
        load_u16 store_u16 u16;
        load_u32 store_u32 u32;
        load_u64 store_u64 u64;
        load_u128 store_u128 u128;
    }
}
