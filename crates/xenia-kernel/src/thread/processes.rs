//! Process objects: one each for the idle threads, the title and the system. They never move.

use super::lists;
use crate::objects::KernelPool;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::kprocess;
use xenia_memory::GuestMemory;

/// Guest addresses of the process objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processes {
    /// Process of the idle threads.
    pub idle: GuestAddr,
    /// Process of the title.
    pub title: GuestAddr,
    /// Process of the system.
    pub system: GuestAddr,
}

impl Processes {
    /// Allocates and fills the objects.
    pub(crate) fn new(memory: &GuestMemory, pool: &KernelPool) -> Fallible<Self> {
        let make = |kind: u8, unknown_0c: u32, unknown_18: [u8; 4]| -> Fallible<GuestAddr> {
            let at = pool.allocate(kprocess::SIZE)?;
            lists::initialize(memory, at.offset(kprocess::THREAD_LIST))?;
            lists::initialize(memory, at.offset(kprocess::UNKNOWN_54))?;
            memory.write(at.offset(kprocess::UNKNOWN_0C), unknown_0c)?;
            memory.write_bytes(at.offset(kprocess::UNKNOWN_18), &unknown_18)?;
            memory.write(at.offset(kprocess::KERNEL_STACK_SIZE), 0x4000_u32)?;
            memory.write(at.offset(kprocess::TLS_SLOT_SIZE), 0x80_u16)?;
            memory.write(at.offset(kprocess::PROCESS_TYPE), kind)?;
            Ok(at)
        };
        Ok(Self {
            idle: make(0, 0x7F, [0, 0, 0, 6])?,
            title: make(1, 60, [10, 13, 17, 6])?,
            system: make(2, 60, [2, 5, 9, 6])?,
        })
    }
}
