//! Interrupt request levels, spin locks, critical regions (`Kf*`, `Ke*SpinLock*`,
//! `Ke*CriticalRegion`).
//!
//! [`crate::thread::interrupt_level`] describes the effects of levels.

use crate::abi::{Call, Flow, Ptr};
use crate::objects::lock_queue::LockWaiter;
use crate::objects::spin_lock::{self, acquire_or_join, try_acquire};
use crate::status::failure::Fallible;
use crate::thread::interrupt_level::{DISPATCH_LEVEL, is_processor};
use xenia_guest::GuestAddr;
use xenia_guest::layout::kthread;
use xenia_kernel_macros::exports;
use xenia_sched::{BlockReason, Cpu, Wait};

/// The exports for interrupt request levels.
pub struct KeIrql;

/// Acquires a lock, or parks until it is handed over. The call's result is `result` in both cases.
fn acquire(call: &mut Call, lock: GuestAddr, result: u8) -> Fallible<Flow<u32>> {
    let kpcr = call.kpcr();
    if try_acquire(call.memory(), lock, kpcr)?.is_ok() {
        return Ok(Flow::Return(u32::from(result)));
    }
    let kernel = call.kernel;
    let thread = call.thread();
    let hw_id = call.hw_id();
    let waiter = LockWaiter { thread, owner: kpcr, result: u64::from(result) };
    let waits = |cpu: &mut dyn Cpu, holder| {
        // The holder runs on this hardware thread: give up the slot, or the holder could not run
        // and release the lock.
        if is_processor(&kernel.memory, holder, hw_id) {
            cpu.hold_slot(thread, false)?;
        }
        Ok(())
    };
    if acquire_or_join(&kernel.memory, call.cpu, &kernel.spin_locks, lock, waiter, waits)? {
        return Ok(Flow::Return(u32::from(result)));
    }
    Ok(Flow::Block(Wait::forever(BlockReason::SpinLock { lock: lock.0 })))
}

fn release(call: &mut Call, lock: GuestAddr) -> Fallible<()> {
    let kernel = call.kernel;
    spin_lock::release(&kernel.memory, call.cpu, &kernel.spin_locks, lock)
}

#[exports(xboxkrnl)]
impl KeIrql {
    /// Raises the level to that of DPCs and acquires a spin lock; returns the previous level.
    #[export(Done)]
    fn KfAcquireSpinLock(call: &mut Call, lock: Ptr<u32>) -> Fallible<Flow<u32>> {
        let before = call.set_level(DISPATCH_LEVEL)?;
        acquire(call, lock.addr(), before)
    }

    /// Releases a spin lock and restores a level.
    #[export(Done)]
    fn KfReleaseSpinLock(call: &mut Call, lock: Ptr<u32>, level: u32) -> Fallible<()> {
        release(call, lock.addr())?;
        call.set_level(level as u8).map(|_| ())
    }

    /// Acquires a spin lock at the current level.
    #[export(Done)]
    fn KeAcquireSpinLockAtRaisedIrql(call: &mut Call, lock: Ptr<u32>) -> Fallible<Flow<()>> {
        Ok(acquire(call, lock.addr(), 0)?.map(|_| ()))
    }

    /// Acquires a spin lock if it is free; returns whether it was.
    #[export(Done)]
    fn KeTryToAcquireSpinLockAtRaisedIrql(call: &mut Call, lock: Ptr<u32>) -> Fallible<bool> {
        let kpcr = call.kpcr();
        Ok(try_acquire(call.memory(), lock.addr(), kpcr)?.is_ok())
    }

    /// Releases a spin lock without changing the level.
    #[export(Done)]
    fn KeReleaseSpinLockFromRaisedIrql(call: &mut Call, lock: Ptr<u32>) -> Fallible<()> {
        release(call, lock.addr())
    }

    /// Raises the level to that of DPCs; returns the previous level.
    #[export(Done)]
    fn KeRaiseIrqlToDpcLevel(call: &mut Call) -> Fallible<u8> {
        call.set_level(DISPATCH_LEVEL)
    }

    /// Raises the level; returns the previous level.
    #[export(Done)]
    fn KfRaiseIrql(call: &mut Call, level: u32) -> Fallible<u8> {
        call.set_level(level as u8)
    }

    /// Lowers the interrupt request level.
    #[export(Done)]
    fn KfLowerIrql(call: &mut Call, level: u32) -> Fallible<()> {
        call.set_level(level as u8).map(|_| ())
    }

    /// Defers kernel-mode APCs of the calling thread, except special ones.
    #[export(Done, KeEnterCriticalRegion, -1)]
    /// Ends a critical region; after the outermost, deferred APCs run.
    #[export(Done, KeLeaveCriticalRegion, 1)]
    fn change_disable_count(call: &mut Call, change: i32) -> Fallible<()> {
        let at = call.kthread()?.offset(kthread::APC_DISABLE_COUNT);
        let count: i32 = call.memory().read(at)?;
        Ok(call.memory().write(at, count.wrapping_add(change))?)
    }
}
