//! Devices of drivers that a title brings along (`Io*Device`): the file system that its library keeps on a scratch disk.
//!
//! Only the object is made, as such a driver fills it. Nothing calls the driver: its names for the scratch disk's files lead to ours
//! ([`crate::files::mounts`]). Offsets as in xenia-canary, which has them from the console's kernel.

use crate::abi::{AnsiString, Call, Out, Ptr};
use crate::layout::device_object;
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct IoDevice;

/// Most bytes of a driver's own in a device.
const LARGEST_EXTENSION: u32 = 0x1_0000;
/// What kernel objects of this kind begin with.
const DEVICE: u8 = 3;
/// Flags of a device: it is being made, and it has a name.
const BEING_MADE: u32 = 0x10;
const HAS_NAME: u32 = 8;

#[exports(xboxkrnl)]
impl IoDevice {
    /// Makes a device object with room for the driver's own data behind it. The driver is never called, and the name leads nowhere.
    #[export(Partial)]
    fn IoCreateDevice(
        call: &mut Call,
        driver: GuestAddr,
        extension_size: u32,
        name: Option<Ptr<AnsiString>>,
        device_type: u32,
        _attributes: u32,
        device: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        if extension_size > LARGEST_EXTENSION {
            return Ok(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let size = device_object::SIZE + extension_size.next_multiple_of(8);
        let body = call.kernel.objects.create(&call.kernel.pool, ObjectKind::Device, size)?;
        let memory = call.memory();
        let at = |offset| body.offset(offset);
        memory.fill(body, size, 0)?;
        memory.write(body, DEVICE)?;
        memory.write(at(device_object::OBJECT_SIZE), (device_object::SIZE + extension_size) as u16)?;
        memory.write(at(device_object::DRIVER), driver)?;
        memory.write(at(device_object::FLAGS), BEING_MADE | if name.is_some() { HAS_NAME } else { 0 })?;
        if extension_size > 0 {
            memory.write(at(device_object::EXTENSION), at(device_object::SIZE))?;
        }
        memory.write(at(device_object::DEVICE_TYPE), device_type as u8)?;
        memory.write(at(device_object::STACK_SIZE), 1_u8)?;
        let stored = device.set(memory, body);
        if stored.is_err() {
            call.kernel.dereference(body)?;
        }
        Ok(stored.map(|()| NtStatus::SUCCESS)?)
    }

    /// Gives a device object back.
    #[export(Done)]
    fn IoDeleteDevice(call: &mut Call, device: GuestAddr) -> Fallible<()> {
        let is_one =
            call.kernel.objects.by_pointer(device).is_some_and(|object| object.kind() == ObjectKind::Device);
        if is_one {
            call.kernel.dereference(device)?;
        }
        Ok(())
    }
}
