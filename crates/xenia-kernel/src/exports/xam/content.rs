//! Saved games and downloads (`XamContent*`). There is no storage device: what a console without one answers.

use crate::abi::{Call, Handle, Out};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, complete};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Content;

/// A device that is not there.
const NO_DEVICE: Win32Error = Win32Error::DEVICE_NOT_CONNECTED;

#[exports(xam)]
impl Content {
    /// Opens or makes a package: there is no device for it.
    #[export(Stub)]
    fn XamContentCreate(
        call: &mut Call,
        _user: u32,
        _root: GuestAddr,
        _content: GuestAddr,
        _flags: u32,
        disposition: Option<Out<u32>>,
        _license: GuestAddr,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if let Some(disposition) = disposition {
            disposition.set(call.memory(), 0)?;
        }
        complete(call, overlapped, Completed::with(NO_DEVICE))
    }

    /// Opens or makes a package: there is no device for it.
    #[export(Stub)]
    fn XamContentCreateEx(
        call: &mut Call,
        _user: u32,
        _root: GuestAddr,
        _content: GuestAddr,
        _flags: u32,
        disposition: Option<Out<u32>>,
        _license: GuestAddr,
        _cache_size: u32,
        _content_size: u64,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if let Some(disposition) = disposition {
            disposition.set(call.memory(), 0)?;
        }
        complete(call, overlapped, Completed::with(NO_DEVICE))
    }

    /// Closes a package: none is open.
    #[export(Stub)]
    fn XamContentClose(
        call: &mut Call,
        _root: GuestAddr,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete(call, overlapped, Completed::with(Win32Error::FILE_NOT_FOUND))
    }

    /// Deletes a package: there is none.
    #[export(Stub)]
    fn XamContentDelete(
        call: &mut Call,
        _user: u32,
        _content: GuestAddr,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete(call, overlapped, Completed::with(NO_DEVICE))
    }

    /// Lists packages: there are none.
    #[export(Stub)]
    fn XamContentCreateEnumerator(
        call: &mut Call,
        _user: u32,
        _device: u32,
        _content_type: u32,
        _flags: u32,
        _items: u32,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let memory = call.memory();
        if let Some(size) = size {
            size.set(memory, 0)?;
        }
        if let Some(handle) = handle {
            handle.set(memory, Handle::NULL)?;
        }
        Ok(Win32Error::NO_MORE_FILES)
    }

    /// Facts about a storage device: there is none.
    #[export(Stub)]
    fn XamContentGetDeviceData(_call: &mut Call, _device: u32, _data: GuestAddr) -> Win32Error {
        Win32Error::DEVICE_NOT_CONNECTED
    }

    /// Name of a storage device: there is none.
    #[export(Stub)]
    fn XamContentGetDeviceName(_call: &mut Call, _device: u32, _name: GuestAddr, _length: u32) -> Win32Error {
        Win32Error::DEVICE_NOT_CONNECTED
    }

    /// Whether a storage device is there: there is none.
    #[export(Stub)]
    fn XamContentGetDeviceState(
        call: &mut Call,
        _device: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete(call, overlapped, Completed::with(NO_DEVICE))
    }

    /// Who made a package: there is none.
    #[export(Stub)]
    fn XamContentGetCreator(
        call: &mut Call,
        _user: u32,
        _content: GuestAddr,
        _is_creator: GuestAddr,
        _creator: GuestAddr,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        complete(call, overlapped, Completed::with(NO_DEVICE))
    }

    /// The next items of an enumeration: enumerators are not made yet, so every handle is wrong.
    #[export(Stub)]
    fn XamEnumerate(
        call: &mut Call,
        _enumerator: Handle,
        _flags: u32,
        _buffer: GuestAddr,
        _size: u32,
        items: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if let Some(items) = items {
            items.set(call.memory(), 0)?;
        }
        complete(call, overlapped, Completed::with(Win32Error::INVALID_HANDLE))
    }
}
