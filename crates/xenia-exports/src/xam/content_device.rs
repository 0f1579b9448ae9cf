//! Storage devices for content: only the hard disk.

use super::enumerate::{self, Kind};
use crate::abi::{Call, Flow, Handle, OptionalOut, Out, WideText};
use crate::messages::SYSTEM_APPLICATION;
use crate::named_objects::store_handle;
use crate::status::failure::Fallible;
use crate::user::dialogs::{self, AnswerAction, AnswerRecipient};
use crate::user::overlapped::{Completed, admit, complete, set_extended_error};
use crate::user_index;
use crate::xam::ui;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::enumerators::Enumerator;

/// Exports of storage devices.
pub struct ContentDevice;

/// Device id for any device.
const ANY: u32 = 0;
/// Device id of the hard disk.
pub(super) const HARD_DISK: u32 = 1;
/// Size in bytes of `XDEVICE_DATA`: id, type, size, free bytes, name.
const DEVICE_DATA: u32 = 0x50;
/// Device type of the hard disk.
pub(crate) const TYPE_HARD_DISK: u32 = 1;
/// Name of the hard disk shown to users.
const NAME: &str = "Hard Drive";
/// Flag: asks the user even if there is no choice.
const ASK: u32 = 0x200;
/// Flags that the dialog does not know.
const UNKNOWN_FLAGS: u32 = 0x83F0_0008;

/// Returns whether a device id means the hard disk.
pub(super) fn is_there(device: u32) -> bool {
    matches!(device, ANY | HARD_DISK)
}

fn device_data(call: &Call) -> Vec<u8> {
    let space = call.kernel.files.lock().packages.store.space();
    let words = [HARD_DISK, TYPE_HARD_DISK].into_iter().flat_map(u32::to_be_bytes);
    let sizes = [space.total, space.free].into_iter().flat_map(u64::to_be_bytes);
    let mut data: Vec<u8> =
        words.chain(sizes).chain(NAME.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    data.resize(DEVICE_DATA as usize, 0);
    data
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
        if device != HARD_DISK {
            return Ok(Win32Error::DEVICE_NOT_CONNECTED);
        }
        call.memory().write_bytes(data, &device_data(call))?;
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
        if device != HARD_DISK {
            return Ok(Win32Error::DEVICE_NOT_CONNECTED);
        }
        if (length as usize) <= NAME.len() {
            return Ok(Win32Error::INSUFFICIENT_BUFFER);
        }
        WideText(name).store(call.memory(), NAME.encode_utf16().chain([0]))?;
        Ok(Win32Error::SUCCESS)
    }

    /// Returns whether a storage device is available.
    #[export(Done)]
    fn XamContentGetDeviceState(
        call: &mut Call,
        device: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let is_there = device == HARD_DISK;
        let state = if is_there { Win32Error::SUCCESS } else { Win32Error::DEVICE_NOT_CONNECTED };
        complete(call, overlapped, Completed::with(state))
    }

    /// Lists the storage devices.
    #[export(Done)]
    fn XamContentCreateDeviceEnumerator(
        call: &mut Call,
        _content_type: u32,
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
        let list = Enumerator::new(&device_data(call), DEVICE_DATA as usize, items);
        let handle = enumerate::create(call, kind, &list)?;
        store_handle(call, handle, out)?;
        Ok(Win32Error::SUCCESS)
    }

    /// Lets a user choose a storage device. The only device is chosen without a dialog, unless the
    /// title asks for one or the device lacks room. Listeners are notified as of a dialog.
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
        let label = format!("{NAME}, {} MB free", free >> 20);
        let request = ui::own_message("Storage device", "Where is it to be kept?", vec![label]);
        let action = AnswerAction::StoreWord { at: device.addr(), word: HARD_DISK };
        dialogs::open(call, request, action, AnswerRecipient::Overlapped(overlapped))
    }
}
