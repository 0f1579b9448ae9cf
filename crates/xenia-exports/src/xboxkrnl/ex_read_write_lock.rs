//! Read/write locks (`Ex*ReadWriteLock*`).

use crate::Kernel;
use crate::abi::{Call, Flow, Ptr};
use crate::objects::dispatcher::WaitSet;
use crate::objects::read_write_lock::{LockMode, initialize_lock};
use crate::status::failure::Fallible;
use crate::thread::waiting::{KeepAlive, WaitRequest, wait};
use xenia_kernel_macros::exports;
use xenia_sched::Alertable;

/// The exports for read/write locks.
pub struct ExReadWriteLock;

fn acquire(call: &mut Call, lock: Ptr<()>, mode: LockMode) -> Fallible<Flow<()>> {
    match call.kernel.read_write_locks.acquire(call.memory(), lock.addr(), mode)? {
        Some(object) => {
            let set = WaitSet::one(&object);
            let keep = KeepAlive::Unseen;
            let request = WaitRequest { set, alertable: Alertable::No, deadline: None, keep };
            Ok(wait(call, request)?.map(|_| ()))
        }
        None => Ok(Flow::Return(())),
    }
}

#[exports(xboxkrnl)]
impl ExReadWriteLock {
    /// Initialises a free read/write lock.
    #[export(Done)]
    fn ExInitializeReadWriteLock(call: &mut Call, lock: Ptr<()>) -> Fallible<()> {
        initialize_lock(call.memory(), lock.addr())
    }

    /// Acquires a read/write lock as a writer.
    #[export(Done)]
    fn ExAcquireReadWriteLockExclusive(call: &mut Call, lock: Ptr<()>) -> Fallible<Flow<()>> {
        acquire(call, lock, LockMode::Exclusive)
    }

    /// Acquires a read/write lock as a reader.
    #[export(Done)]
    fn ExAcquireReadWriteLockShared(call: &mut Call, lock: Ptr<()>) -> Fallible<Flow<()>> {
        acquire(call, lock, LockMode::Shared)
    }

    /// Acquires a read/write lock as a writer if that needs no wait; returns whether it did.
    #[export(Done)]
    fn ExTryToAcquireReadWriteLockExclusive(call: &mut Call, lock: Ptr<()>) -> Fallible<bool> {
        call.kernel.read_write_locks.try_acquire(call.memory(), lock.addr(), LockMode::Exclusive)
    }

    /// Acquires a read/write lock as a reader if that needs no wait; returns whether it did.
    #[export(Done)]
    fn ExTryToAcquireReadWriteLockShared(call: &mut Call, lock: Ptr<()>) -> Fallible<bool> {
        call.kernel.read_write_locks.try_acquire(call.memory(), lock.addr(), LockMode::Shared)
    }

    /// Releases one hold of a read/write lock.
    #[export(Done)]
    fn ExReleaseReadWriteLock(call: &mut Call, lock: Ptr<()>) -> Fallible<()> {
        let Kernel { read_write_locks, dispatcher, memory, .. } = call.kernel;
        read_write_locks.release(dispatcher, memory, call.cpu, lock.addr())
    }
}
