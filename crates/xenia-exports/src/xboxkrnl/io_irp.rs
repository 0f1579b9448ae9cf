//! Requests that drivers make and pass on (`IoAllocateIrp`, `IoBuild*Request`, `IoCallDriver`).
//!
//! Such an IRP is memory of the title, as on the console, where it is pool memory. Arguments are
//! those of the original Xbox's kernel, from which this one descends.

use super::driver_request::{self, is_callable, plain};
use super::irp_stack::{self, FLAGS, FREED_BY_KERNEL};
use crate::abi::{Call, Flow, Ptr};
use crate::files::drivers::{MAX_STACK, NewRequest, RequestPurpose};
use crate::status::failure::Fallible;
use xenia_guest::layout::{device_object, driver_object, io_stack_location, irp, major};
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for requests that drivers make.
pub struct IoIrp;

/// Where the end of a request that a driver makes is reported; each may be null.
#[derive(Clone, Copy, Default)]
struct Report {
    event: GuestAddr,
    status_block: GuestAddr,
}

/// Parameters of a request that a driver makes.
struct Parameters {
    major: u8,
    words: [u32; 4],
    buffer: Buffer,
}

impl Parameters {
    /// Parameters of a transfer; a request of another kind has none.
    fn of_transfer(call: &Call, kind: u32, buffer: Buffer, offset: Option<Ptr<u64>>) -> Fallible<Self> {
        let major = u8::try_from(kind).map_err(|_| NtStatus::INVALID_PARAMETER)?;
        if !matches!(major, major::READ | major::WRITE) {
            return Ok(Self { major, words: [0; 4], buffer: Buffer::default() });
        }
        let offset = offset.map_or(Ok(0), |offset| offset.read(call.memory()))?;
        let words = [buffer.length, 0, (offset >> 32) as u32, offset as u32];
        Ok(Self { major, words, buffer })
    }
}

fn allocate(call: &Call, stack: u8) -> Fallible<GuestAddr> {
    if stack > MAX_STACK {
        return Err(NtStatus::INSUFFICIENT_RESOURCES.into());
    }
    let size = irp_stack::size_of(stack);
    let packet = call.kernel.pool.allocate_for_title(size)?;
    irp_stack::initialize(call.memory(), packet, size as u16, stack)?;
    Ok(packet)
}

/// Makes an IRP for a device, whose driver gets it by `IoCallDriver`. Returns null if there is not
/// enough memory.
fn build(call: &Call, device: GuestAddr, new: &Parameters, report: Report) -> Fallible<GuestAddr> {
    let memory = call.memory();
    let flags: u32 = memory.read(device.offset(device_object::FLAGS))?;
    let packet = allocate(call, memory.read::<u8>(device.offset(device_object::STACK_SIZE))?.max(1))?;
    for (offset, word) in [
        (irp::USER_BUFFER, new.buffer.at.0),
        (irp::USER_STATUS_BLOCK, report.status_block.0),
        (irp::USER_EVENT, report.event.0),
        (
            irp::LOCKED_BUFFER_LENGTH,
            if flags & device_object::flag::DO_DIRECT_IO != 0 { new.buffer.length } else { 0 },
        ),
        (irp::THREAD, call.kthread()?.0),
    ] {
        memory.write(packet.offset(offset), word)?;
    }
    let next = irp_stack::next_location(memory, packet)?;
    memory.write(next.offset(io_stack_location::MAJOR), new.major)?;
    for (index, word) in (0..).zip(new.words) {
        memory.write(next.offset(io_stack_location::PARAMETERS + 4 * index), word)?;
    }
    Ok(packet)
}

/// Like [`build`], for a request that the kernel frees once its end is reported.
fn build_synchronous(
    call: &Call,
    device: GuestAddr,
    new: &Parameters,
    report: Report,
) -> Fallible<GuestAddr> {
    let packet = build(call, device, new, report)?;
    call.memory().write(packet.offset(FLAGS), FREED_BY_KERNEL)?;
    Ok(packet)
}

#[exports(xboxkrnl)]
impl IoIrp {
    /// Allocates an IRP with up to 16 stack locations; null if there is not enough memory.
    #[export(Done)]
    fn IoAllocateIrp(call: &mut Call, stack: u8) -> Fallible<GuestAddr> {
        allocate(call, stack)
    }

    /// Initialises an IRP in memory of the driver's.
    #[export(Done)]
    fn IoInitializeIrp(call: &mut Call, packet: GuestAddr, size: u16, stack: u8) -> Fallible<()> {
        Ok(irp_stack::initialize(call.memory(), packet, size, stack)?)
    }

    /// Frees an IRP that the driver has allocated.
    #[export(Done)]
    fn IoFreeIrp(call: &mut Call, packet: GuestAddr) {
        if let Err(error) = call.kernel.pool.release_of_title(packet) {
            tracing::warn!(target: "kernel", "IoFreeIrp({packet}): {error}");
        }
    }

    /// Builds a read, a write or a request without parameters; its driver frees it in a completion
    /// routine.
    #[export(Done)]
    fn IoBuildAsynchronousFsdRequest(
        call: &mut Call,
        kind: u32,
        device: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        offset: Option<Ptr<u64>>,
        status_block: GuestAddr,
    ) -> Fallible<GuestAddr> {
        let new = Parameters::of_transfer(call, kind, Buffer { at: buffer, length }, offset)?;
        build(call, device, &new, Report { status_block, ..Report::default() })
    }

    /// Like `IoBuildAsynchronousFsdRequest`, for a request whose end sets an event; the kernel
    /// frees it then.
    #[export(Done)]
    fn IoBuildSynchronousFsdRequest(
        call: &mut Call,
        kind: u32,
        device: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        offset: Option<Ptr<u64>>,
        event: GuestAddr,
        status_block: GuestAddr,
    ) -> Fallible<GuestAddr> {
        let new = Parameters::of_transfer(call, kind, Buffer { at: buffer, length }, offset)?;
        build_synchronous(call, device, &new, Report { event, status_block })
    }

    /// Builds a device control request whose end sets an event; the kernel frees it then. Requests
    /// of drivers among themselves are ordinary ones: a driver of the console has eleven functions,
    /// without the separate one that drivers have on NT.
    #[export(Done)]
    fn IoBuildDeviceIoControlRequest(
        call: &mut Call,
        code: u32,
        device: GuestAddr,
        input: GuestAddr,
        input_length: u32,
        output: GuestAddr,
        output_length: u32,
        _internal: bool,
        event: GuestAddr,
        status_block: GuestAddr,
    ) -> Fallible<GuestAddr> {
        let words = [output_length, input.0, input_length, code];
        let new = Parameters {
            major: major::DEVICE_CONTROL,
            words,
            buffer: Buffer { at: output, length: output_length },
        };
        build_synchronous(call, device, &new, Report { event, status_block })
    }

    /// Passes a request to the driver of a device: the next stack location becomes the current one,
    /// and the driver's function is called, whose result is that of the call. A request that no
    /// driver gets ends with `INVALID_DEVICE_REQUEST`.
    #[export(Done)]
    fn IoCallDriver(call: &mut Call, device: GuestAddr, packet: GuestAddr) -> Fallible<Flow<NtStatus>> {
        let memory = call.memory();
        let Some(kind) = irp_stack::descend(memory, packet, device)? else {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER));
        };
        let function = if kind <= major::CLEANUP && is_callable(call, device) {
            let driver: GuestAddr = memory.read(device.offset(device_object::DRIVER))?;
            let functions = driver.offset(driver_object::MAJOR_FUNCTIONS);
            memory.read(functions.offset(4 * u32::from(kind)))?
        } else {
            GuestAddr::NULL
        };
        if function.is_null() {
            return driver_request::refuse(call, packet);
        }
        Ok(driver_request::pass(function, device, packet))
    }

    /// Sends a read, a write or a request without parameters to the driver of a device, and waits
    /// for its end.
    #[export(Done)]
    fn IoSynchronousFsdRequest(
        call: &mut Call,
        kind: u32,
        device: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        offset: Option<Ptr<u64>>,
    ) -> Fallible<Flow<NtStatus>> {
        if kind > u32::from(major::CLEANUP) || !is_callable(call, device) {
            return Ok(Flow::Return(NtStatus::INVALID_DEVICE_REQUEST));
        }
        let new = Parameters::of_transfer(call, kind, Buffer { at: buffer, length }, offset)?;
        let purpose = RequestPurpose::Internal { returned: GuestAddr::NULL };
        let request = NewRequest {
            parameters: new.words,
            buffer: new.buffer,
            ..plain(call, device, GuestAddr::NULL, new.major, purpose)?
        };
        driver_request::send_to_device(call, &request)
    }
}
