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

#[exports(xboxkrnl)]
impl ExReadWriteLock {
    /// Initialises a free read/write lock.
    #[export(Done)]
    fn ExInitializeReadWriteLock(call: &mut Call, lock: Ptr<()>) -> Fallible<()> {
        initialize_lock(call.memory(), lock.addr())
    }

    /// Acquires a read/write lock as a writer.
    #[export(Done, ExAcquireReadWriteLockExclusive, LockMode::Exclusive)]
    /// Acquires a read/write lock as a reader.
    #[export(Done, ExAcquireReadWriteLockShared, LockMode::Shared)]
    fn acquire(call: &mut Call, mode: LockMode, lock: Ptr<()>) -> Fallible<Flow<()>> {
        let acquired = call.kernel.read_write_locks.acquire(call.memory(), lock.addr(), mode)?;
        let Some(object) = acquired else { return Ok(Flow::Return(())) };
        let set = WaitSet::one(&object);
        let keep = KeepAlive::Unseen;
        let request = WaitRequest { set, alertable: Alertable::No, deadline: None, keep };
        Ok(wait(call, request)?.map(|_| ()))
    }

    /// Acquires a read/write lock as a writer if that needs no wait; returns whether it did.
    #[export(Done, ExTryToAcquireReadWriteLockExclusive, LockMode::Exclusive)]
    /// Acquires a read/write lock as a reader if that needs no wait; returns whether it did.
    #[export(Done, ExTryToAcquireReadWriteLockShared, LockMode::Shared)]
    fn try_acquire(call: &mut Call, mode: LockMode, lock: Ptr<()>) -> Fallible<bool> {
        call.kernel.read_write_locks.try_acquire(call.memory(), lock.addr(), mode)
    }

    /// Releases one hold of a read/write lock.
    #[export(Done)]
    fn ExReleaseReadWriteLock(call: &mut Call, lock: Ptr<()>) -> Fallible<()> {
        let Kernel { read_write_locks, dispatcher, memory, .. } = call.kernel;
        read_write_locks.release(dispatcher, memory, call.cpu, lock.addr())
    }
}
