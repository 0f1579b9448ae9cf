//! Device registers, and the queue that defers a hardware slot's device stores to the end of its
//! visit.
//!
//! A device's register block is 64 KiB of 32-bit registers. A register's value is the word that a
//! big-endian load returns; narrower and wider accesses take the bytes that they address. A device
//! load sees the slot's newest queued store to that register, otherwise the register itself, so no
//! result depends on when other slots or the device run within a visit. A load reads each register
//! once: in parallel mode the device may store at any moment.
//!
//! The fault handler finds the queue of the interrupted host thread through
//! [`DeviceQueue::make_current`]. It does not allocate: the queue's memory is reserved in advance.
//!
//! # A full queue
//! An instruction that finds the queue full is executed again after the device has taken the
//! stores, so it must not have queued a part of them: the device would see that part twice.
//! Instructions with several stores (`stmw`, string stores, `dcbz`) store contiguously, in
//! ascending order. A full queue therefore still accepts a store that begins where the last one
//! ended, and refuses only stores that may be the first of an instruction. Such a sequence of
//! stores ends at the end of the device's block at the latest; the queue has room for that many.

mod sites;
mod state;

use crate::layout::{DEVICE_BLOCK, GPU_REGISTERS, XMA_REGISTERS};
use sites::SiteCounts;
pub use state::{DeviceQueueState, DeviceStore};
use std::cell::Cell;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::process;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering::*};
use xenia_guest::GuestAddr;
use xenia_host::signal_stack;

/// Registers of one device.
pub const REGISTERS: usize = DEVICE_BLOCK as usize / 4;

/// A device that guest code accesses by loads and stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MmioDevice {
    /// The graphics chip, at 0x7FC80000.
    Gpu,
    /// The XMA decoder, at 0x7FEA0000.
    Xma,
}

impl MmioDevice {
    /// Every device of the console.
    pub const ALL: [Self; 2] = [Self::Gpu, Self::Xma];

    /// First address of the device's registers.
    pub fn base(self) -> GuestAddr {
        match self {
            Self::Gpu => GPU_REGISTERS,
            Self::Xma => XMA_REGISTERS,
        }
    }

    /// The device whose register block contains `addr`.
    #[inline]
    pub fn of(addr: GuestAddr) -> Option<Self> {
        Self::ALL.into_iter().find(|d| addr.0.wrapping_sub(d.base().0) < DEVICE_BLOCK)
    }
}

/// The registers of one device as guest code reads them; the device writes its results here.
pub struct DeviceRegisters {
    regs: Box<[AtomicU32]>,
}

impl DeviceRegisters {
    pub(crate) fn new() -> Self {
        Self { regs: (0..REGISTERS).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Value of register `index` (taken modulo [`REGISTERS`]).
    #[inline]
    pub fn load(&self, index: u32) -> u32 {
        // Pairs with `store`: code that polls a register sees what the device wrote before.
        self.regs[index as usize % REGISTERS].load(Acquire)
    }

    /// Sets register `index` (taken modulo [`REGISTERS`]).
    #[inline]
    pub fn store(&self, index: u32, value: u32) {
        self.regs[index as usize % REGISTERS].store(value, Release);
    }
}

/// Result of queueing a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum QueuedStore {
    Queued,
    /// The queue is full; nothing was queued.
    Full,
    /// The range is not inside one device's block.
    NoDevice,
}

/// The device stores of one hardware slot's visit, in program order.
pub struct DeviceQueue {
    stores: Vec<DeviceStore>,
    /// For each register of both devices: the newest queued value and the visit that queued it.
    newest: Box<[(u32, u32)]>,
    visit: u32,
    /// End address of the last store.
    end: u32,
    sites: SiteCounts,
}

thread_local! {
    static CURRENT: Cell<*mut DeviceQueue> = const { Cell::new(ptr::null_mut()) };
}

impl DeviceQueue {
    /// Number of stores after which the queue is full: it then accepts only stores contiguous with
    /// the last one.
    pub const CAPACITY: usize = 1 << 20;
    /// Upper bound on queued stores. A store of n bytes changes at most n registers, except that a
    /// store of a single byte changes one as well; so contiguous stores through a device's whole
    /// block are as many as the block has bytes.
    const MAX_STORES: usize = Self::CAPACITY + DEVICE_BLOCK as usize;

    /// Creates an empty queue. Its memory is reserved, but not touched before use.
    pub fn new() -> Self {
        Self {
            stores: Vec::with_capacity(Self::MAX_STORES),
            newest: vec![(0, 0); REGISTERS * MmioDevice::ALL.len()].into(),
            visit: 1,
            end: 0,
            sites: SiteCounts::default(),
        }
    }

    /// The queued stores, oldest first.
    pub fn stores(&self) -> &[DeviceStore] {
        &self.stores
    }

    /// Whether the queue is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.stores.is_empty()
    }

    /// Removes all stores, after the device has taken them.
    pub fn clear(&mut self) {
        self.stores.clear();
        // Continues nothing, as devices don't begin at address 0.
        self.end = 0;
        if self.visit == u32::MAX {
            // The numbers begin again, so entries of the previous round would pass for new ones.
            self.newest.fill((0, 0));
            self.visit = 0;
        }
        self.visit += 1;
    }

    /// The device of a register, and the register's index in `newest`.
    fn place(addr: GuestAddr) -> Option<(MmioDevice, usize)> {
        let device = MmioDevice::of(addr)?;
        let register = (addr.0 - device.base().0) as usize / 4;
        Some((device, device as usize * REGISTERS + register))
    }

    /// The word that a load of a register returns; `read` reads the device's register.
    fn word(&self, place: usize, read: impl FnOnce() -> u32) -> u32 {
        match self.newest[place] {
            (value, visit) if visit == self.visit => value,
            _ => read(),
        }
    }

    /// Loads `size` ≤ 16 bytes of registers, as the low bytes of a big-endian number. The range
    /// must lie inside one device's block.
    pub(crate) fn load(&self, addr: u32, size: u32, devices: &[DeviceRegisters; 2]) -> Option<u128> {
        self.load_by(addr, size, |device, register| devices[device as usize].load(register))
    }

    /// [`Self::load`]; `read` reads a device's register.
    fn load_by(&self, addr: u32, size: u32, mut read: impl FnMut(MmioDevice, u32) -> u32) -> Option<u128> {
        let end = addr.checked_add(size)?;
        let mut value = 0;
        for register in (addr & !3..end).step_by(4) {
            let (device, place) = Self::place(GuestAddr(register))?;
            let word = self.word(place, || read(device, (place % REGISTERS) as u32)).to_be_bytes();
            for at in register.max(addr)..(register + 4).min(end) {
                value = value << 8 | u128::from(word[(at - register) as usize]);
            }
        }
        Some(value)
    }

    /// Queues a store of `size` ≤ 16 bytes, the low bytes of a big-endian number.
    pub(crate) fn store(
        &mut self,
        addr: u32,
        size: u32,
        value: u128,
        devices: &[DeviceRegisters; 2],
    ) -> QueuedStore {
        let Some(end) = addr.checked_add(size) else { return QueuedStore::NoDevice };
        let device = MmioDevice::of(GuestAddr(addr));
        if device.is_none() || device != MmioDevice::of(GuestAddr(end - 1)) {
            return QueuedStore::NoDevice;
        }
        if self.stores.len() >= Self::CAPACITY && addr != self.end {
            return QueuedStore::Full;
        }
        self.end = end;
        let bytes = value.to_be_bytes();
        for register in (addr & !3..end).step_by(4) {
            let Some((device, place)) = Self::place(GuestAddr(register)) else {
                return QueuedStore::NoDevice;
            };
            let read = || devices[device as usize].load((place % REGISTERS) as u32);
            let mut word = self.word(place, read).to_be_bytes();
            for at in register.max(addr)..(register + 4).min(end) {
                word[(at - register) as usize] = bytes[(16 - size + (at - addr)) as usize];
            }
            let value = u32::from_be_bytes(word);
            self.newest[place] = (value, self.visit);
            self.stores.push(DeviceStore { addr: GuestAddr(register), value });
        }
        QueuedStore::Queued
    }

    /// Makes this the queue for device accesses of compiled code on this host thread, until the
    /// returned guard is dropped (which restores the previous queue). The guard gives access to the
    /// queue in between. References obtained from it must not be alive while compiled code runs, so
    /// the code's entry point takes the guard.
    ///
    /// A thread must drop its guards in reverse order, which is checked, and leak none.
    ///
    /// Also gives the thread a signal stack that is large enough for the fault handler.
    #[inline]
    pub fn make_current(&mut self) -> CurrentQueue<'_> {
        signal_stack::install();
        let queue = NonNull::from(self);
        let previous = CURRENT.replace(queue.as_ptr());
        CurrentQueue { queue, previous, _borrow: PhantomData }
    }

    /// The queue of this host thread. Async-signal-safe.
    ///
    /// # Safety
    /// No reference handed out by a [`CurrentQueue`] of this thread is alive, or is created while
    /// the result is; and each guard of this thread was dropped, none leaked. This holds in the
    /// fault handler for an access of compiled code: the caller of compiled code holds only the
    /// guard.
    pub(crate) unsafe fn current<'a>() -> Option<&'a mut Self> {
        // SAFETY: the pointer comes from the exclusive borrow that a guard keeps: those that were
        // dropped have taken theirs back (`CurrentQueue::drop`). The caller guarantees that no
        // other reference made from it is alive.
        unsafe { CURRENT.get().as_mut() }
    }
}

impl Default for DeviceQueue {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps a [`DeviceQueue`] current; see [`DeviceQueue::make_current`].
pub struct CurrentQueue<'a> {
    queue: NonNull<DeviceQueue>,
    previous: *mut DeviceQueue,
    _borrow: PhantomData<&'a mut DeviceQueue>,
}

impl Deref for CurrentQueue<'_> {
    type Target = DeviceQueue;

    #[inline]
    fn deref(&self) -> &DeviceQueue {
        // SAFETY: the guard holds the exclusive borrow; the fault handler interrupts compiled code
        // only, so its reference is gone.
        unsafe { self.queue.as_ref() }
    }
}

impl DerefMut for CurrentQueue<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut DeviceQueue {
        // SAFETY: the guard holds the exclusive borrow; the fault handler interrupts compiled code
        // only, so its reference is gone.
        unsafe { self.queue.as_mut() }
    }
}

impl Drop for CurrentQueue<'_> {
    #[inline]
    fn drop(&mut self) {
        if CURRENT.replace(self.previous) != self.queue.as_ptr() {
            end_process();
        }
    }
}

/// Ends the process after guards were not dropped in reverse order: the fault handler would use a
/// queue that may be gone.
#[cold]
fn end_process() -> ! {
    let text = "xenia-memory: a thread's device queues were not released in reverse order";
    _ = writeln!(io::stderr(), "{text}");
    // Not a panic, which the caller could catch and go on; `eprintln` panics, too.
    process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> [DeviceRegisters; 2] {
        [DeviceRegisters::new(), DeviceRegisters::new()]
    }

    #[test]
    fn a_load_sees_the_own_newest_store_then_the_register() {
        let devices = devices();
        let mut queue = DeviceQueue::new();
        devices[0].store(0x1C5, 7);
        assert_eq!(queue.load(0x7FC8_0714, 4, &devices), Some(7));
        assert_eq!(queue.store(0x7FC8_0714, 4, 8, &devices), QueuedStore::Queued);
        assert_eq!(queue.store(0x7FC8_0714, 4, 9, &devices), QueuedStore::Queued);
        assert_eq!(queue.load(0x7FC8_0714, 4, &devices), Some(9));
        assert_eq!(devices[0].load(0x1C5), 7, "a queued store has no effect yet");
        assert_eq!(
            queue.stores().iter().map(|s| (s.register(), s.value)).collect::<Vec<_>>(),
            [(Some((MmioDevice::Gpu, 0x1C5)), 8), (Some((MmioDevice::Gpu, 0x1C5)), 9)]
        );
        queue.clear();
        assert_eq!(queue.load(0x7FC8_0714, 4, &devices), Some(7));
        assert!(queue.is_empty());
    }

    #[test]
    fn narrow_and_wide_accesses_take_their_bytes() {
        let devices = devices();
        let mut queue = DeviceQueue::new();
        devices[1].store(0, 0x1122_3344);
        devices[1].store(1, 0x5566_7788);
        assert_eq!(queue.load(0x7FEA_0001, 1, &devices), Some(0x22));
        assert_eq!(queue.load(0x7FEA_0002, 4, &devices), Some(0x3344_5566));
        assert_eq!(queue.load(0x7FEA_0000, 8, &devices), Some(0x1122_3344_5566_7788));
        assert_eq!(queue.store(0x7FEA_0003, 2, 0xAABB, &devices), QueuedStore::Queued);
        assert_eq!(queue.stores()[0], DeviceStore { addr: XMA_REGISTERS, value: 0x1122_33AA });
        assert_eq!(queue.stores()[1].value, 0xBB66_7788);
    }

    /// Two reads of a register that changes in between would make up a value.
    #[test]
    fn a_load_reads_each_register_once() {
        let queue = DeviceQueue::new();
        for (addr, size, expected) in [
            (0x7FC8_6533, 1, 0x01),
            (0x7FC8_6530, 2, 0x0101),
            (0x7FC8_6530, 4, 0x0101_0101),
            (0x7FC8_6532, 4, 0x0101_0202),
            (0x7FEA_0000, 8, 0x0101_0101_0202_0202),
            (0x7FEA_0000, 16, 0x0101_0101_0202_0202_0303_0303_0404_0404),
        ] {
            let mut reads = 0;
            let loaded = queue.load_by(addr, size, |_, _| {
                reads += 1;
                reads * 0x0101_0101
            });
            assert_eq!(loaded, Some(expected), "{size} bytes at {addr:#x}");
        }
    }

    #[test]
    fn ranges_outside_a_device_are_refused() {
        let devices = devices();
        let mut queue = DeviceQueue::new();
        assert_eq!(queue.load(0x7FC8_FFFE, 4, &devices), None);
        assert_eq!(queue.store(0x7FC8_FFFE, 4, 0, &devices), QueuedStore::NoDevice);
        assert_eq!(queue.load(0x7FC7_FFFF, 1, &devices), None);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_full_queue_is_reported() {
        let devices = devices();
        let mut queue = DeviceQueue::new();
        for _ in 0..DeviceQueue::CAPACITY {
            assert_eq!(queue.store(0x7FC8_0000, 4, 1, &devices), QueuedStore::Queued);
        }
        assert_eq!(queue.store(0x7FC8_0000, 4, 1, &devices), QueuedStore::Full);
        queue.clear();
        assert_eq!(queue.store(0x7FC8_0000, 4, 1, &devices), QueuedStore::Queued);
    }

    #[test]
    fn a_full_queue_takes_the_rest_of_a_row_of_stores_and_never_grows() {
        let devices = devices();
        let mut queue = DeviceQueue::new();
        let memory = queue.stores.as_ptr();
        // The longest sequence: each byte but the first changes one more register.
        for size in [1, 2, 4, 8, 16] {
            for _ in 1..DeviceQueue::CAPACITY {
                assert_eq!(queue.store(0x7FEA_0000, 4, 1, &devices), QueuedStore::Queued);
            }
            let row: Vec<u32> = (0x7FC8_0000..=0x7FC9_0000 - size).step_by(size as usize).collect();
            for &addr in &row {
                assert_eq!(queue.store(addr, size, 0, &devices), QueuedStore::Queued, "{addr:x}");
            }
            assert_eq!(queue.store(0x7FC9_0000, size, 0, &devices), QueuedStore::NoDevice, "the block's end");
            assert_eq!(queue.store(0x7FC8_0000, size, 0, &devices), QueuedStore::Full, "another row");
            assert!(queue.stores().len() < DeviceQueue::MAX_STORES);
            assert_eq!(queue.stores.as_ptr(), memory, "no allocation");
            queue.clear();
        }
    }

    #[test]
    fn the_fault_handler_and_the_guard_use_a_queue_by_turns() {
        fn engine(devices: &mut DeviceQueue, registers: &[DeviceRegisters; 2]) {
            let mut guard = devices.make_current();
            assert_eq!(guard.store(0x7FC8_0000, 4, 1, registers), QueuedStore::Queued);
            // SAFETY: the guard is kept, and no reference obtained from it is alive.
            let handlers = unsafe { DeviceQueue::current() }.unwrap();
            assert_eq!(handlers.store(0x7FC8_0000, 4, 2, registers), QueuedStore::Queued);
            assert_eq!(guard.load(0x7FC8_0000, 4, registers), Some(2));
        }
        let registers = devices();
        let mut queue = DeviceQueue::new();
        let mut outer = queue.make_current();
        engine(&mut outer, &registers);
        engine(&mut outer, &registers);
        // SAFETY: the guard `outer` is kept, and no reference obtained from it is alive.
        let handlers = unsafe { DeviceQueue::current() }.unwrap();
        assert_eq!(handlers.store(0x7FC8_0000, 4, 3, &registers), QueuedStore::Queued);
        assert_eq!(outer.stores().len(), 5);
        drop(outer);
        // SAFETY: no guard is left, so there is no queue to refer to.
        assert!(unsafe { DeviceQueue::current() }.is_none());
    }
}
