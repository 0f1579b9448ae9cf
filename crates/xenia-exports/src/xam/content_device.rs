//! Storage devices for content: the hard disk, and the disc drive, whose packages are read-only.

use super::enumerate::{self, Kind};
use crate::abi::{Call, Flow, Handle, OptionalOut, Out, WideText};
use crate::messages::{SYSTEM_APPLICATION, TYPE_DISC, TYPE_HARD_DISK};
use crate::status::failure::Fallible;
use crate::user::dialogs::{self, AnswerAction, AnswerRecipient};
use crate::user::overlapped::{Completed, admit, complete, set_extended_error};
use crate::user_index;
use crate::xam::ui;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::content::{DiskSpace, PUBLISHER, SAVED_GAME};
use xenia_user::enumerators::Enumerator;

/// Exports of storage devices.
pub struct ContentDevice;

/// Device id for any device.
const ANY: u32 = 0;
/// Device id of the hard disk.
pub(super) const HARD_DISK: u32 = 1;
/// Size in bytes of `XDEVICE_DATA`: id, type, size, free bytes, name.
const DEVICE_DATA: u32 = 0x50;
/// Device id of the disc drive.
pub(super) const DISC_DRIVE: u32 = 2;
/// Serial number of the hard disk: 20 characters, as ATA disks have.
const SERIAL_NUMBER: &[u8] = b"00000000000000000000";
/// Rough capacity of a disc in bytes.
const DISC_BYTES: u64 = 7 << 30;
/// Flag: shows the dialog even if there is no choice.
const ASK: u32 = 0x200;
/// Flags that the dialog does not support.
const UNKNOWN_FLAGS: u32 = 0x83F0_0008;

/// Returns whether a device id is known.
pub(super) fn is_known(device: u32) -> bool {
    has_disk(device) || has_disc(device)
}

/// Returns whether a device id means the hard disk, or also the hard disk.
pub(super) fn has_disk(device: u32) -> bool {
    matches!(device, ANY | HARD_DISK)
}

/// Returns whether a device id means the disc drive, or also the disc drive.
pub(super) fn has_disc(device: u32) -> bool {
    matches!(device, ANY | DISC_DRIVE)
}

/// Name of a device shown to users; `None` if the id is not that of one device.
fn name_of(device: u32) -> Option<&'static str> {
    match device {
        HARD_DISK => Some("Hard Drive"),
        DISC_DRIVE => Some("Disc Drive"),
        _ => None,
    }
}

/// Encodes the `XDEVICE_DATA` of a device; `None` if the id is not that of one device.
fn device_data(call: &Call, device: u32) -> Option<Vec<u8>> {
    let name = name_of(device)?;
    let is_disk = device == HARD_DISK;
    let kind = if is_disk { TYPE_HARD_DISK } else { TYPE_DISC };
    let space = if is_disk {
        call.kernel.files.lock().packages.store.space()
    } else {
        DiskSpace { total: DISC_BYTES, free: 0 }
    };
    let words = [device, kind].into_iter().flat_map(u32::to_be_bytes);
    let sizes = [space.total, space.free].into_iter().flat_map(u64::to_be_bytes);
    let mut data: Vec<u8> =
        words.chain(sizes).chain(name.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    data.resize(DEVICE_DATA as usize, 0);
    Some(data)
}

#[exports(xam)]
impl ContentDevice {
    /// Returns the properties of a storage device.
    #[export(Done)]
    fn XamContentGetDeviceData(
        call: &mut Call,
        device: u32,
        data: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(data) = data else { return Ok(Win32Error::INVALID_PARAMETER) };
        let Some(bytes) = device_data(call, device) else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
        call.memory().write_bytes(data, &bytes)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the name of a storage device.
    #[export(Done)]
    fn XamContentGetDeviceName(
        call: &mut Call,
        device: u32,
        name: Option<GuestAddr>,
        length: u32,
    ) -> Fallible<Win32Error> {
        let Some(name) = name else { return Ok(Win32Error::INVALID_PARAMETER) };
        let Some(text) = name_of(device) else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
        if (length as usize) <= text.len() {
            return Ok(Win32Error::INSUFFICIENT_BUFFER);
        }
        WideText(name).store(call.memory(), text.encode_utf16().chain([0]))?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the serial number of a storage device, as much of it as fits: that of the hard disk
    /// is 0. The disc drive has none.
    #[export(Constant)]
    fn XamContentGetDeviceSerialNumber(
        call: &mut Call,
        device: u32,
        number: Option<GuestAddr>,
        size: u32,
    ) -> Fallible<Win32Error> {
        let Some(number) = number else { return Ok(Win32Error::INVALID_PARAMETER) };
        if device != HARD_DISK {
            return Ok(Win32Error::DEVICE_NOT_CONNECTED);
        }
        let length = SERIAL_NUMBER.len().min(size as usize);
        call.memory().write_bytes(number, &SERIAL_NUMBER[..length])?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns whether a storage device is available.
    #[export(Done)]
    fn XamContentGetDeviceState(
        call: &mut Call,
        device: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let state =
            if name_of(device).is_some() { Win32Error::SUCCESS } else { Win32Error::DEVICE_NOT_CONNECTED };
        complete(call, overlapped, Completed::with(state))
    }

    /// Lists the storage devices: for content that titles write, the hard disk; for other content
    /// also the disc drive.
    #[export(Done)]
    fn XamContentCreateDeviceEnumerator(
        call: &mut Call,
        content_type: u32,
        flags: u32,
        items: u32,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = handle.filter(|_| items > 0) else { return Ok(Win32Error::INVALID_PARAMETER) };
        size.set(call.memory(), DEVICE_DATA.saturating_mul(items))?;
        let open_message = 0x2_000A;
        let close_message = 0x2_0009;
        let kind = Kind {
            user: 0,
            application: SYSTEM_APPLICATION,
            open_message,
            close_message,
            private: 0,
            items,
            flags,
        };
        let is_written = matches!(content_type, SAVED_GAME | PUBLISHER);
        let devices =
            [HARD_DISK, DISC_DRIVE].into_iter().filter(|&device| device == HARD_DISK || !is_written);
        let devices: Vec<u8> = devices.filter_map(|device| device_data(call, device)).flatten().collect();
        enumerate::create(call, kind, &Enumerator::new(&devices, DEVICE_DATA as usize, items), out)
    }

    /// Lets a user choose a storage device. The only one that can be written is chosen without a
    /// dialog, unless the title asks for one or the device lacks room. Listeners are notified as of
    /// a dialog.
    #[export(Done)]
    fn XamShowDeviceSelectorUI(
        call: &mut Call,
        user: u32,
        _content_type: u32,
        content_flags: u32,
        bytes: u64,
        device: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        let Some(overlapped) = overlapped else { return Ok(Flow::Return(Win32Error::INVALID_PARAMETER)) };
        let is_known = content_flags & UNKNOWN_FLAGS == 0 && (user < USERS || user == user_index::ANY);
        let Some(device) = device.filter(|_| is_known) else {
            // The code itself, although titles find an HRESULT there otherwise.
            set_extended_error(call, overlapped, Win32Error::INVALID_PARAMETER.0)?;
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        if user != user_index::ANY && call.kernel.user.profiles.lock().get(user).is_none() {
            let refused = Completed::with(Win32Error::NO_SUCH_USER);
            return complete(call, Some(overlapped), refused).map(Flow::Return);
        }
        let free = call.kernel.files.lock().packages.store.space().free;
        if content_flags & ASK == 0 && bytes <= free {
            admit(call, Some(overlapped))?;
            device.set(call.memory(), HARD_DISK)?;
            dialogs::flash(call);
            return complete(call, Some(overlapped), Completed::with(Win32Error::SUCCESS)).map(Flow::Return);
        }
        let name = name_of(HARD_DISK).unwrap_or_default();
        let label = format!("{name}, {} MB free", free >> 20);
        let request = ui::own_message("Storage device", "Where is it to be kept?", vec![label]);
        let action = AnswerAction::StoreWord { at: device.addr(), word: HARD_DISK };
        dialogs::open(call, request, action, AnswerRecipient::Overlapped(overlapped))
    }
}
