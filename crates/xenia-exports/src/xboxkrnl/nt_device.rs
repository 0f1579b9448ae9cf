//! Control of devices (`NtDeviceIoControlFile`).

use super::driver_file::{self, FileRequest};
use super::driver_request::file_of;
use crate::abi::{Call, Flow};
use crate::files::{IoArguments, IoStatus};
use crate::status::failure::Fallible;
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for device control.
pub struct NtDevice;

/// `IOCTL_DISK_GET_DRIVE_GEOMETRY`: number of sectors, bytes per sector.
const DRIVE_GEOMETRY: u32 = 0x7_0000;
/// `IOCTL_DISK_GET_PARTITION_INFO`: offset of the first byte, size in bytes.
const PARTITION_INFORMATION: u32 = 0x7_4004;

#[exports(xboxkrnl)]
impl NtDevice {
    /// Controls the device of an open file. Devices of this emulator support the codes for the
    /// geometry (0x70000) and the partition (0x74004) and refuse others; all codes are passed to a
    /// title's driver.
    #[export(Partial)]
    fn NtDeviceIoControlFile(
        call: &mut Call,
        file: IoArguments,
        code: u32,
        input: GuestAddr,
        input_length: u32,
        output: GuestAddr,
        output_length: u32,
    ) -> Fallible<Flow<NtStatus>> {
        if let Some(object) = file_of(call, file.file()) {
            let parameters = [output_length, input.0, input_length, code];
            let buffer = Buffer { at: output, length: output_length };
            let request = FileRequest { major: major::DEVICE_CONTROL, flags: 0, parameters, buffer };
            return driver_file::request(call, file, &object, &request);
        }
        let request = file.resolve(call.kernel.file_requests())?;
        let (volume, partition) = {
            let files = call.kernel.files.lock();
            let file = files.get(request.file.body())?;
            (files.vfs.volume(&file.location)?, file.stream.clone())
        };
        // The size of a partition does not depend on the allocation unit of the volume on it.
        let bytes = match partition.partition_size()? {
            Some(bytes) => bytes,
            None => volume.total_units.saturating_mul(volume.unit()),
        };
        let answer = match code {
            DRIVE_GEOMETRY => {
                let sectors = (bytes / u64::from(volume.bytes_per_sector.max(1))) as u32;
                [sectors.to_be_bytes(), volume.bytes_per_sector.to_be_bytes()].concat()
            }
            PARTITION_INFORMATION => [0_u64.to_be_bytes(), bytes.to_be_bytes()].concat(),
            _ => {
                tracing::warn!(target: "kernel", "device control code {code:#x} is not supported");
                return Ok(Flow::Return(NtStatus::INVALID_DEVICE_REQUEST));
            }
        };
        if (output_length as usize) < answer.len() {
            return Ok(Flow::Return(NtStatus::BUFFER_TOO_SMALL));
        }
        let result = call.memory().write_bytes(output, &answer).map(|()| answer.len() as u32);
        let outcome = IoStatus::of(result.map_err(Into::into));
        let thread_id = call.thread_id();
        call.kernel.file_requests().complete(call.cpu, thread_id, &request, outcome).map(Flow::Return)
    }
}
