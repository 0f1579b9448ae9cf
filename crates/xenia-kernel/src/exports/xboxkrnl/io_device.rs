//! Devices of drivers that a title brings along (`Io*Device`): the file system that its library
//! keeps on a scratch disk.
//!
//! Only the object is made, as such a driver fills it. Nothing calls the driver: its names for the
//! scratch disk's files lead to ours ([`crate::files::mounts`]). Offsets as in xenia-canary, which
//! has them from the console's kernel.

use crate::abi::{AnsiString, Call, Handle, Out, Ptr};
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
    /// Makes a device object with room for the driver's own data behind it. The driver is never
    /// called, and the name leads nowhere.
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

    /// Takes the volume off a device of a driver's: none is ever on it.
    #[export(Constant)]
    fn IoDismountVolume(call: &mut Call, device: GuestAddr) -> NtStatus {
        let object = call.kernel.objects.by_pointer(device);
        match object.filter(|object| object.kind() == ObjectKind::Device) {
            Some(_) => NtStatus::SUCCESS,
            None => NtStatus::INVALID_PARAMETER,
        }
    }

    /// Takes the volume that a file is on off its device. It stays: nothing of a volume is kept
    /// that its device hasn't got.
    #[export(Partial)]
    fn IoDismountVolumeByFileHandle(call: &mut Call, file: Handle) -> Fallible<NtStatus> {
        let _file = call.kernel.objects.resolve_kind(file, ObjectKind::File)?;
        Ok(NtStatus::SUCCESS)
    }

    /// How many blocks of files the title lets the system keep in memory. The number is kept, and
    /// nothing else: the host does that.
    #[export(Partial)]
    fn FscSetCacheElementCount(call: &mut Call, _device: u32, count: u32) -> NtStatus {
        call.kernel.files.lock().cached_blocks = count;
        NtStatus::SUCCESS
    }

    /// How many blocks of files the system may keep in memory, as the title has said; 0 before
    /// that.
    #[export(Partial)]
    fn FscGetCacheElementCount(call: &mut Call, _device: u32) -> u32 {
        call.kernel.files.lock().cached_blocks
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
