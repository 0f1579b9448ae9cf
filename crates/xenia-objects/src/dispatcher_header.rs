//! `DISPATCHER_HEADER` in guest memory: object types and signal states.

use crate::failure::Fallible;
use xenia_guest::layout::{dispatcher_header as header, kmutant};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// Dispatcher object types, as in the header's first byte.
pub mod kind {
    /// Event that stays signalled until it is reset.
    pub const MANUAL_EVENT: u8 = 0;
    /// Event that one waiter consumes.
    pub const AUTO_EVENT: u8 = 1;
    /// Lock with an owner.
    pub const MUTANT: u8 = 2;
    /// Semaphore, whose signal state is its count.
    pub const SEMAPHORE: u8 = 5;
    /// Thread: signalled once it has ended.
    pub const THREAD: u8 = 6;
    /// Timer that stays signalled until it is set again.
    pub const MANUAL_TIMER: u8 = 8;
    /// Timer that one waiter consumes.
    pub const AUTO_TIMER: u8 = 9;
}

/// Reads an object's signal state.
pub fn signal_state(memory: &GuestMemory, object: GuestAddr) -> Fallible<i32> {
    Ok(memory.read(object.offset(header::SIGNAL_STATE))?)
}

/// Writes an object's signal state without waking waiters.
pub fn set_signal_state(memory: &GuestMemory, object: GuestAddr, state: i32) -> Fallible<()> {
    Ok(memory.write(object.offset(header::SIGNAL_STATE), state)?)
}

/// Refuses a misaligned dispatcher header: the console accesses its words atomically.
pub fn check_header(object: GuestAddr) -> Fallible<()> {
    if object.0.is_multiple_of(4) { Ok(()) } else { Err(NtStatus::DATATYPE_MISALIGNMENT.into()) }
}

/// Initialises a dispatcher header with an empty wait list.
pub fn initialize(memory: &GuestMemory, object: GuestAddr, kind: u8, size: u32, state: i32) -> Fallible<()> {
    check_header(object)?;
    memory.write(object.offset(header::TYPE), kind)?;
    memory.write(object.offset(header::ABSOLUTE), 0_u8)?;
    memory.write(object.offset(header::SIZE_WORDS), (size / 4) as u8)?;
    memory.write(object.offset(header::INSERTED), 0_u8)?;
    set_signal_state(memory, object, state)?;
    let list = object.offset(header::WAIT_LIST);
    memory.write(list, list)?;
    memory.write(list.offset(4), list)?;
    Ok(())
}

/// Whether a wait of `kthread` for this object would be satisfied.
pub(crate) fn signalled(memory: &GuestMemory, object: GuestAddr, kthread: GuestAddr) -> Fallible<bool> {
    let state = signal_state(memory, object)?;
    if memory.read::<u8>(object)? == kind::MUTANT && state <= 0 {
        return Ok(memory.read::<GuestAddr>(object.offset(kmutant::OWNER))? == kthread);
    }
    Ok(state > 0)
}
