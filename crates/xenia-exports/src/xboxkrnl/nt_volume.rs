//! Volume information (`NtQueryVolumeInformationFile`).
//!
//! Sizes are constants of the machine, and serial numbers depend on the volume's path only, so that
//! a title sees the same values on every host. Volumes have no labels; no call sets one.

use super::driver_file::{self, FileRequest};
use super::driver_request::file_of;
use super::nt_file_information::answer;
use crate::abi::{Call, Flow, Handle};
use crate::files::information;
use crate::status::failure::Fallible;
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for volume information.
pub struct NtVolume;

/// Volume information classes: the complete list of the console.
mod class {
    pub(super) const VOLUME: u32 = 1;
    pub(super) const SIZE: u32 = 3;
    pub(super) const DEVICE: u32 = 4;
    pub(super) const ATTRIBUTE: u32 = 5;
}

#[exports(xboxkrnl)]
impl NtVolume {
    /// Queries information about the volume of an open file.
    #[export(Done)]
    fn NtQueryVolumeInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let minimum = match class {
            class::VOLUME | class::SIZE => 0x18,
            class::DEVICE => 8,
            class::ATTRIBUTE => 0x10,
            _ => return Ok(Flow::Return(NtStatus::INVALID_INFO_CLASS)),
        };
        if length < minimum {
            return Ok(Flow::Return(NtStatus::INFO_LENGTH_MISMATCH));
        }
        if let Some(object) = file_of(call, file) {
            let parameters = [length, class, 0, 0];
            let buffer = Buffer { at: buffer, length };
            let request =
                FileRequest { major: major::QUERY_VOLUME_INFORMATION, flags: 0, parameters, buffer };
            return driver_file::wait_for(call, status_block, &object, &request);
        }
        let object = call.kernel.file_requests().resolve(file)?;
        let (volume, name) = {
            let files = call.kernel.files.lock();
            let location = &files.get(object.body())?.location;
            (files.vfs.volume(location)?, files.vfs.volume_name(location))
        };
        let bytes = match class {
            class::VOLUME => information::volume(information::index_number(&name) as u32),
            class::SIZE => information::volume_size(&volume),
            class::DEVICE => information::volume_device(&volume),
            _ => information::volume_attributes(&volume),
        };
        answer(call, status_block, Buffer { at: buffer, length }, &bytes).map(Flow::Return)
    }
}
