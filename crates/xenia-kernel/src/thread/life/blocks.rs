//! Guest memory of a new thread: its stack, control region and thread object.

use super::{CREATE_SUSPENDED, NewThread};
use crate::memory::virtual_memory::STACKS;
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::Fallible;
use crate::thread::lists;
use crate::thread::records::Stack;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{dispatcher_header as header, kpcr, kprocess, kthread, object_header};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::{AllocRequest, GuestMemory, Heap, HeapError, Protect};

/// Smallest stack size in bytes.
const MIN_STACK_SIZE: u32 = 0x4000;
/// Size in bytes of the guard at each end of a stack.
const STACK_GUARD: u32 = 0x1_0000;
/// MSR bits that a thread may have set, as shown in `KTHREAD` and `KPCR`.
const MSR_MASK: u32 = 0xFDFF_D7FF;

/// Addresses of the structures of a new thread.
pub(super) struct Blocks {
    pub(super) id: u32,
    pub(super) kpcr: GuestAddr,
    pub(super) kthread: GuestAddr,
    pub(super) stack: Stack,
    pub(super) tls: GuestAddr,
    pub(super) process: GuestAddr,
    pub(super) hw_id: u8,
}

/// Allocates a stack with an inaccessible guard at each end.
pub(super) fn allocate_stack(memory: &GuestMemory, limits: &ResourceLimits, size: u32) -> Fallible<Stack> {
    let no_room = || {
        limits.hit(Limit::StackBytes);
        Limit::StackBytes.row().status
    };
    let size = size.max(MIN_STACK_SIZE).checked_next_multiple_of(Heap::Virtual64K.page_size());
    let (size, whole) = size
        .and_then(|size| Some((size, size.checked_add(2 * STACK_GUARD)?)))
        .filter(|&(_, whole)| whole <= STACKS.end().0 - STACKS.start().0)
        .ok_or_else(no_room)?;
    let allocated = memory.alloc_with(&AllocRequest {
        low: *STACKS.start(),
        high: *STACKS.end(),
        ..AllocRequest::new(Heap::Virtual64K, whole, Protect::READ_WRITE)
    });
    let (allocation, _) = match allocated {
        Err(HeapError::NoSpace { .. }) => return Err(no_room().into()),
        allocated => allocated?,
    };
    let limit = allocation.offset(STACK_GUARD);
    let base = limit.offset(size);
    for guard in [allocation, base] {
        if let Err(error) = memory.protect(guard, STACK_GUARD, Protect::NO_ACCESS) {
            memory.free(allocation)?;
            return Err(error.into());
        }
    }
    Ok(Stack { allocation, limit, base })
}

/// Fills a new thread's processor control region (KPCR).
pub(super) fn fill_kpcr(memory: &GuestMemory, blocks: &Blocks) -> Fallible<()> {
    let at = blocks.kpcr;
    memory.write(at.offset(kpcr::TLS), blocks.tls)?;
    memory.write(at.offset(kpcr::MSR_MASK), MSR_MASK)?;
    memory.write(at.offset(kpcr::SELF), u64::from(at.0))?;
    memory.write(at.offset(kpcr::STACK_BASE), blocks.stack.base)?;
    memory.write(at.offset(kpcr::STACK_END), blocks.stack.limit)?;
    memory.write(at.offset(kpcr::CURRENT_THREAD), blocks.kthread)?;
    memory.write(at.offset(kpcr::PRCB_POINTER), at.offset(kpcr::PRCB))?;
    lists::initialize(memory, at.offset(kpcr::QUEUED_DPCS))?;
    write_processor(memory, at, blocks.kthread, blocks.hw_id)
}

/// Writes the number of a thread's hardware thread to its control region and object.
pub(super) fn write_processor(
    memory: &GuestMemory,
    kpcr: GuestAddr,
    kthread: GuestAddr,
    hw_id: u8,
) -> Fallible<()> {
    memory.write(kpcr.offset(kpcr::CURRENT_CPU), hw_id)?;
    memory.write(kpcr.offset(kpcr::PROCESSOR_MASK), 1_u32 << hw_id)?;
    memory.write(kthread.offset(kthread::CURRENT_CPU), hw_id)?;
    Ok(())
}

/// Fills a new thread's object (KTHREAD).
pub(super) fn fill_kthread(
    memory: &GuestMemory,
    blocks: &Blocks,
    new: &NewThread,
    created: u64,
) -> Fallible<()> {
    let at = blocks.kthread;
    let own = |offset: u32| at.offset(offset);
    initialize(memory, at, kind::THREAD, kthread::SIZE, 0)?;
    memory.write(own(header::SIZE_WORDS), 0_u8)?;
    for list in [kthread::MUTANT_LIST, kthread::APC_LISTS, kthread::APC_LISTS + 8] {
        lists::initialize(memory, own(list))?;
    }
    // The word at 0x58, the thread's run time in milliseconds, stays 0: Direct3D ends the title if
    // the GPU makes no progress for five seconds of it, as may happen on a slow host.
    //
    // Of unknown purpose; the values are the console's.
    for (offset, value) in [
        (0x40, own(0x20).0),
        (0x44, own(0x20).0),
        (0x48, at.0),
        (0x4C, own(0x18).0),
        (0x54, 0x0100_0101),
        (kthread::TIMER_LIST, own(kthread::TIMER_LIST).0),
        (kthread::TIMER_LIST + 4, own(kthread::TIMER_LIST).0),
        (kthread::LIST_154, own(kthread::LIST_154).0),
        (kthread::LIST_154 + 4, own(kthread::LIST_154).0),
        (kthread::UNKNOWN_17C, 1),
    ] {
        memory.write(own(offset), value)?;
    }
    memory.write(own(kthread::STACK_BASE), blocks.stack.base)?;
    memory.write(own(kthread::STACK_LIMIT), blocks.stack.limit)?;
    memory.write(own(kthread::STACK_KERNEL), blocks.stack.base.0 - 0xF0)?;
    memory.write(own(kthread::STACK_ALLOC_BASE), blocks.stack.base)?;
    memory.write(own(kthread::TLS), blocks.tls)?;
    memory.write(own(kthread::PRIORITY), new.priority)?;
    let process_type: u8 = memory.read(blocks.process.offset(kprocess::PROCESS_TYPE))?;
    memory.write(own(kthread::PROCESS_TYPE_DUP), process_type)?;
    memory.write(own(kthread::PROCESS_TYPE), process_type)?;
    memory.write(own(kthread::PROCESS), blocks.process)?;
    memory.write(own(kthread::MAY_QUEUE_APCS), 1_u8)?;
    memory.write(own(kthread::MSR_MASK), MSR_MASK)?;
    memory.write(own(kthread::SUSPEND_COUNT), u8::from(new.flags & CREATE_SUSPENDED != 0))?;
    memory.write(own(kthread::PRCB_A), blocks.kpcr.offset(kpcr::PRCB))?;
    memory.write(own(kthread::PRCB_B), blocks.kpcr.offset(kpcr::PRCB))?;
    memory.write(own(kthread::CREATE_TIME), created)?;
    memory.write(own(kthread::THREAD_ID), blocks.id)?;
    memory.write(own(kthread::START_ADDRESS), new.start_address)?;
    memory.write(own(kthread::CREATION_FLAGS), new.flags)?;
    debug_assert_eq!(object_header::SIZE % 8, 0);
    Ok(())
}
