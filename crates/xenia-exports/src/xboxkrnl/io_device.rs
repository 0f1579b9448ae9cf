//! Device objects of drivers that a title contains (`Io*Device`), such as the file system library
//! for a scratch disk.
//!
//! The object is created as such a driver expects it. Opens of names below the device go to the
//! driver ([`super::driver_request`]), unless it is a file system for a scratch disk: then they are
//! this emulator's files of the disk ([`crate::files`]). Offsets are those in xenia-canary, taken
//! from the console's kernel.

use super::driver_request;
use crate::abi::{AnsiString, Call, Flow, Handle, Out, Ptr};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::layout::device_object::{self, flag};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for device objects.
pub struct IoDevice;

/// Maximum size in bytes of a driver's extension of a device.
const MAX_EXTENSION: u32 = 0x1_0000;
/// Type number at the start of device objects.
const DEVICE: u8 = 3;
/// Types of devices on which a volume is mounted, so that a new one has none.
const STORAGE: [u32; 17] = [2, 7, 36, 45, 58, 60, 61, 62, 64, 65, 66, 67, 68, 69, 70, 72, 73];
/// Offset of the function that dismounts a volume in a driver object.
const DISMOUNT_VOLUME: u32 = 8;

/// Calls the function of a device's driver that dismounts its volume, if there is one. A scratch
/// disk's device has no volume of its own.
fn dismount(call: &Call, device: GuestAddr) -> Flow<NtStatus> {
    if call.kernel.files.lock().is_disk_device(device) {
        return Flow::Return(NtStatus::SUCCESS);
    }
    driver_request::call_driver(call, device, DISMOUNT_VOLUME)
}

#[exports(xboxkrnl)]
impl IoDevice {
    /// Creates a device object followed by the driver's extension. Opens below the device's name go
    /// to the driver object's functions once the driver has cleared the flag of a new device. The
    /// first device after an open of a scratch disk's raw bytes, and one of the type of packages'
    /// volumes, is for the utility drive: the files below it are those of the scratch disk.
    #[export(Done)]
    fn IoCreateDevice(
        call: &mut Call,
        driver: GuestAddr,
        extension_size: u32,
        name: Option<Ptr<AnsiString>>,
        device_type: u32,
        _attributes: u32,
        device: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        if extension_size > MAX_EXTENSION {
            return Ok(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let memory = call.memory();
        let name = name.map(|name| name.read(memory)?.text(memory)).transpose()?;
        let size = device_object::SIZE + extension_size.next_multiple_of(8);
        let body = call.kernel.objects.create(&call.kernel.pool, ObjectKind::Device, size)?;
        let at = |offset| body.offset(offset);
        memory.fill(body, size, 0)?;
        memory.write(body, DEVICE)?;
        memory.write(at(device_object::OBJECT_SIZE), (device_object::SIZE + extension_size) as u16)?;
        memory.write(at(device_object::DRIVER), driver)?;
        let named = if name.is_some() { flag::DO_DEVICE_HAS_NAME } else { 0 };
        memory.write(at(device_object::FLAGS), flag::DO_DEVICE_INITIALIZING | named)?;
        if extension_size > 0 {
            memory.write(at(device_object::EXTENSION), at(device_object::SIZE))?;
        }
        memory.write(at(device_object::DEVICE_TYPE), device_type as u8)?;
        if !STORAGE.contains(&device_type) {
            memory.write(at(device_object::MOUNTED), body)?;
        }
        memory.write(at(device_object::STACK_SIZE), 1_u8)?;
        let named = match name {
            Some(name) => call.kernel.files.lock().name_device(body, &name, device_type),
            None => Ok(()),
        };
        let stored = named.and_then(|()| Ok(device.set(memory, body)?));
        if stored.is_err() {
            call.kernel.dereference(body)?;
        }
        stored.map(|()| NtStatus::SUCCESS)
    }

    /// Dismounts the volume of a driver's device: calls the driver's function for it, if there is
    /// one. A scratch disk's device has no volume of its own, so it is only checked.
    #[export(Done)]
    fn IoDismountVolume(call: &mut Call, device: GuestAddr) -> Flow<NtStatus> {
        let object = call.kernel.objects.by_pointer(device);
        match object.filter(|object| object.kind() == ObjectKind::Device) {
            Some(_) => dismount(call, device),
            None => Flow::Return(NtStatus::INVALID_PARAMETER),
        }
    }

    /// Dismounts the volume of a file from its device, as `IoDismountVolume` does for a title's
    /// driver. A volume of this emulator has no cached state that must be dropped: it stays
    /// mounted, and other files on it stay open.
    #[export(Partial)]
    fn IoDismountVolumeByFileHandle(call: &mut Call, file: Handle) -> Fallible<Flow<NtStatus>> {
        if let Some(object) = driver_request::file_of(call, file) {
            let device = call.kernel.files.lock().drivers.file(object.body())?.device;
            return Ok(dismount(call, device));
        }
        let _file = call.kernel.objects.resolve_kind(file, ObjectKind::File)?;
        Ok(Flow::Return(NtStatus::SUCCESS))
    }

    /// Dismounts the volume of a device, which is named, as in `IoDismountVolumeByFileHandle`.
    #[export(Partial)]
    fn IoDismountVolumeByName(call: &mut Call, name: Ptr<AnsiString>) -> Fallible<Flow<NtStatus>> {
        let name = name.read(call.memory())?.text(call.memory())?;
        let found = call.kernel.files.lock().driver_device(&name);
        if let Some((device, _)) = found.filter(|(_, below)| below.is_empty()) {
            return Ok(dismount(call, device));
        }
        let _volume = call.kernel.files.lock().vfs.resolve(&name)?;
        Ok(Flow::Return(NtStatus::SUCCESS))
    }

    /// Sets the number of file blocks that the system may cache. The number is only stored, because
    /// the host caches files.
    #[export(Constant)]
    fn FscSetCacheElementCount(call: &mut Call, _device: u32, count: u32) -> NtStatus {
        call.kernel.files.lock().cached_blocks = count;
        NtStatus::SUCCESS
    }

    /// Returns the number of file blocks that the system may cache, as the title has set it;
    /// initially 0.
    #[export(Done)]
    fn FscGetCacheElementCount(call: &mut Call, _device: u32) -> u32 {
        call.kernel.files.lock().cached_blocks
    }

    /// Would mount a package above a title's driver: refuses. Titles import it with the library for
    /// the utility drive. Crackdown goes on if the result is not 0 (xenia-canary pull request 893).
    #[export(Constant)]
    fn StfsCreateDevice(_call: &mut Call, _packet: GuestAddr) -> NtStatus {
        NtStatus::NOT_SUPPORTED
    }

    /// Refuses each request, because no device is one of `StfsCreateDevice`.
    #[export(Constant)]
    fn StfsControlDevice(_call: &mut Call, _device: GuestAddr, _code: u32) -> NtStatus {
        NtStatus::INVALID_DEVICE_REQUEST
    }

    /// Deletes a device object: at once, or when its last file is closed. Its driver's function for
    /// that is called first, if there is one.
    #[export(Done)]
    fn IoDeleteDevice(call: &mut Call, device: GuestAddr) -> Fallible<Flow<()>> {
        let is_one =
            call.kernel.objects.by_pointer(device).is_some_and(|object| object.kind() == ObjectKind::Device);
        if !is_one {
            return Ok(Flow::Return(()));
        }
        Ok(driver_request::delete_device(call, device)?.map(|_| ()))
    }
}
