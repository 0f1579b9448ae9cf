//! Stack locations of IRPs: how a request goes down to the next driver, and up again through the
//! completion routines.
//!
//! The state is in guest memory only, because drivers change it by macros of their headers
//! (`IoSetCompletionRoutine`, `IoSkipCurrentIrpStackLocation`). Offsets of the control byte, the
//! routine and its context are those of xkelib, and the meanings of the bits are NT's.

use crate::abi::Call;
use crate::files::IoStatus;
use crate::files::drivers::MAX_STACK;
use crate::status::failure::Fallible;
use xenia_guest::layout::{io_stack_location, irp, list_entry};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{GuestMemory, MemoryFault};

/// Offset in an IRP of its flags, and the flag of one that the kernel frees at its end.
pub(super) const FLAGS: u32 = 4;
pub(super) const FREED_BY_KERNEL: u32 = 4;
/// Offset in an IRP of the byte that records whether the driver below has returned `PENDING`.
const PENDING_RETURNED: u32 = 0x1A;
/// Offset in a stack location of its control byte.
const CONTROL: u32 = 3;
/// Offset in a stack location of the completion routine, and of the routine's argument.
const ROUTINE: u32 = 0x1C;
const CONTEXT: u32 = 0x20;

/// Bits of a stack location's control byte.
mod control {
    /// The driver has returned `PENDING`.
    pub(super) const PENDING: u8 = 1;
    /// The routine is called for a cancelled request, for a success, for a failure.
    pub(super) const ON_CANCEL: u8 = 0x20;
    pub(super) const ON_SUCCESS: u8 = 0x40;
    pub(super) const ON_ERROR: u8 = 0x80;
}

/// A completion routine to call: `routine(device, irp, context)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CompletionRoutine {
    pub(super) pc: GuestAddr,
    /// The device of the driver that has set the routine; null for the one that made the request.
    pub(super) device: GuestAddr,
    pub(super) context: u32,
}

/// A step of a request's way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CompletionStep {
    /// A routine is to be called.
    Call(CompletionRoutine),
    /// The request has left its last location.
    Top,
    /// The memory is not that of a request on its way.
    NoRequest,
}

/// Size in bytes of an IRP with this number of stack locations.
pub(super) const fn size_of(stack: u8) -> u32 {
    irp::SIZE + io_stack_location::SIZE * stack as u32
}

/// Address of a stack location by its number from 1; the highest is that of the first driver.
const fn location(packet: GuestAddr, number: u8) -> GuestAddr {
    packet
        .offset(irp::SIZE.wrapping_add(io_stack_location::SIZE.wrapping_mul((number as u32).wrapping_sub(1))))
}

/// Fills an IRP of `size` bytes, which has not reached a driver yet.
pub(super) fn initialize(
    memory: &GuestMemory,
    packet: GuestAddr,
    size: u16,
    stack: u8,
) -> Result<(), MemoryFault> {
    let at = |offset| packet.offset(offset);
    memory.fill(packet, size.into(), 0)?;
    memory.write(packet, irp::TYPE_NUMBER)?;
    memory.write(at(irp::OBJECT_SIZE), size)?;
    for link in [list_entry::FLINK, list_entry::BLINK] {
        memory.write(at(irp::THREAD_LIST + link), at(irp::THREAD_LIST))?;
    }
    memory.write(at(irp::STACK_COUNT), stack)?;
    go_to(memory, packet, stack.wrapping_add(1))
}

/// The stack location of the next driver, which the caller of `IoCallDriver` fills.
pub(super) fn next_location(memory: &GuestMemory, packet: GuestAddr) -> Result<GuestAddr, MemoryFault> {
    let number: u8 = memory.read(packet.offset(irp::CURRENT_LOCATION))?;
    Ok(location(packet, number.wrapping_sub(1)))
}

fn go_to(memory: &GuestMemory, packet: GuestAddr, number: u8) -> Result<(), MemoryFault> {
    memory.write(packet.offset(irp::CURRENT_LOCATION), number)?;
    memory.write(packet.offset(irp::CURRENT_STACK_LOCATION), location(packet, number))
}

/// Place of an IRP in its stack.
struct IrpPlace {
    /// Number of stack locations.
    stack: u8,
    /// Number of the current one, from 1; `stack + 1` before the first driver has the IRP and after
    /// all have left it.
    number: u8,
}

/// The place of an IRP; `None` if the memory is not an IRP's.
fn place(memory: &GuestMemory, packet: GuestAddr) -> Result<Option<IrpPlace>, MemoryFault> {
    let at = |offset| packet.offset(offset);
    let stack: u8 = memory.read(at(irp::STACK_COUNT))?;
    let number: u8 = memory.read(at(irp::CURRENT_LOCATION))?;
    let current: GuestAddr = memory.read(at(irp::CURRENT_STACK_LOCATION))?;
    let is_one = memory.read::<u8>(packet)? == irp::TYPE_NUMBER
        && stack <= MAX_STACK
        && u32::from(memory.read::<u16>(at(irp::OBJECT_SIZE))?) >= size_of(stack)
        && current == location(packet, number)
        && number <= stack + 1;
    Ok(is_one.then_some(IrpPlace { stack, number }))
}

/// Makes the next location current and enters the device in it; returns the kind of request. `None`
/// if the request has no further location.
pub(super) fn descend(
    memory: &GuestMemory,
    packet: GuestAddr,
    device: GuestAddr,
) -> Result<Option<u8>, MemoryFault> {
    let Some(IrpPlace { number: number @ 2.., .. }) = place(memory, packet)? else { return Ok(None) };
    go_to(memory, packet, number - 1)?;
    let current = location(packet, number - 1);
    memory.write(current.offset(io_stack_location::DEVICE), device)?;
    memory.read(current.offset(io_stack_location::MAJOR)).map(Some)
}

/// Whether the memory is an IRP that a driver has.
pub(super) fn is_on_its_way(memory: &GuestMemory, packet: GuestAddr) -> bool {
    let place = place(memory, packet);
    place.is_ok_and(|place| place.is_some_and(|place| (1..=place.stack).contains(&place.number)))
}

/// Leaves locations up to the next completion routine that the request's end calls.
pub(super) fn ascend(memory: &GuestMemory, packet: GuestAddr) -> Result<CompletionStep, MemoryFault> {
    let Some(IrpPlace { stack, mut number }) = place(memory, packet)? else {
        return Ok(CompletionStep::NoRequest);
    };
    if number == 0 || number > stack {
        return Ok(CompletionStep::NoRequest);
    }
    while number <= stack {
        let left = location(packet, number);
        let bits: u8 = memory.read(left.offset(CONTROL))?;
        let pc: GuestAddr = memory.read(left.offset(ROUTINE))?;
        let context: u32 = memory.read(left.offset(CONTEXT))?;
        memory.write(left.offset(CONTROL), 0_u8)?;
        memory.write(packet.offset(PENDING_RETURNED), bits & control::PENDING)?;
        number += 1;
        go_to(memory, packet, number)?;
        let status: NtStatus = memory.read(packet.offset(irp::IO_STATUS)).map(NtStatus)?;
        let is_cancelled = memory.read::<u8>(packet.offset(irp::CANCEL))? != 0;
        let wanted = if status.is_success() { control::ON_SUCCESS } else { control::ON_ERROR }
            | if is_cancelled { control::ON_CANCEL } else { 0 };
        let is_last = number > stack;
        if bits & wanted != 0 && !pc.is_null() {
            let device = if is_last {
                GuestAddr::NULL
            } else {
                memory.read(location(packet, number).offset(io_stack_location::DEVICE))?
            };
            return Ok(CompletionStep::Call(CompletionRoutine { pc, device, context }));
        }
        if bits & control::PENDING != 0 && !is_last {
            let at = location(packet, number).offset(CONTROL);
            memory.write(at, memory.read::<u8>(at)? | control::PENDING)?;
        }
    }
    Ok(CompletionStep::Top)
}

/// Reports the end of a request that a driver has made, once all drivers have left it, and frees
/// it. One that the driver frees itself is left alone.
pub(super) fn report_end(call: &mut Call, packet: GuestAddr, boost: u8) -> Fallible<()> {
    let kernel = call.kernel;
    let memory = call.memory();
    let word = |offset| memory.read::<u32>(packet.offset(offset));
    if word(FLAGS)? & FREED_BY_KERNEL == 0 {
        return Ok(());
    }
    let outcome =
        IoStatus { status: NtStatus(word(irp::IO_STATUS)?), information: word(irp::IO_STATUS + 4)? };
    let block = GuestAddr(word(irp::USER_STATUS_BLOCK)?);
    let event = GuestAddr(word(irp::USER_EVENT)?);
    // Memory that is not one of the title's pool blocks is not freed.
    kernel.pool.release_of_title(packet)?;
    outcome.write(memory, block)?;
    if !event.is_null() {
        kernel.dispatcher.set_event(&kernel.memory, call.cpu, event, boost)?;
    }
    Ok(())
}
