//! Enumeration of the console's profiles, signed in or not, for system programs (`XamProfile*`).

use super::content_device::{HARD_DISK, has_disk};
use super::enumerate::{self, Kind, next_items};
use crate::abi::{Call, Handle, OptionalOut, Out};
use crate::messages::SYSTEM_APPLICATION;
use crate::status::failure::Fallible;
use crate::user_index;
use xenia_guest::{Buffer, GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::enumerators::Enumerator;
use xenia_user::profile::{Profile, Xuid};

/// Exports of profiles.
pub struct Accounts;

/// The application's messages for opening and closing a list of profiles.
const OPEN_MESSAGE: u32 = 0x2_3001;
const CLOSE_MESSAGE: u32 = 0x2_3003;

/// Offsets in `XAMACCOUNTINFO`. Fields that offline profiles lack are 0: flags, the online id and
/// keys, a passcode.
mod account {
    /// The name in UTF-16.
    pub(super) const NAME: usize = 8;
    pub(super) const SIZE: usize = 0x17C;
}

/// Offsets in an item of a list: id, account, device.
mod item {
    pub(super) const DEVICE: usize = 0x184;
    pub(super) const SIZE: usize = 0x188;
}

/// Encodes a profile's account.
fn account_of(profile: &Profile) -> Vec<u8> {
    let mut bytes = vec![0; account::NAME];
    bytes.extend(profile.name().encode_utf16().flat_map(u16::to_be_bytes));
    bytes.resize(account::SIZE, 0);
    bytes
}

/// Encodes a profile as an item of a list.
fn item_of(profile: &Profile) -> Vec<u8> {
    let mut bytes = profile.xuid.0.to_be_bytes().to_vec();
    bytes.extend(account_of(profile));
    bytes.resize(item::DEVICE, 0);
    bytes.extend(HARD_DISK.to_be_bytes());
    bytes
}

#[exports(xam)]
impl Accounts {
    /// Creates an enumerator of the profiles on a device, by id; all are on the hard disk.
    #[export(Done)]
    fn XamProfileCreateEnumerator(
        call: &mut Call,
        device: u32,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = handle else { return Ok(Win32Error::INVALID_PARAMETER) };
        let items = match call.kernel.user.profiles.lock().all() {
            profiles if has_disk(device) => profiles.into_iter().flat_map(item_of).collect(),
            _ => Vec::new(),
        };
        let kind = Kind {
            user: user_index::ANY,
            application: SYSTEM_APPLICATION,
            open_message: OPEN_MESSAGE,
            close_message: CLOSE_MESSAGE,
            private: 0,
            items: 1,
            flags: 0,
        };
        enumerate::create(call, kind, &Enumerator::new(&items, item::SIZE, kind.items), out)
    }

    /// Returns the next profile of a list.
    #[export(Done)]
    fn XamProfileEnumerate(
        call: &mut Call,
        enumerator: Handle,
        _flags: u32,
        buffer: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(at) = buffer else { return Ok(Win32Error::INVALID_PARAMETER) };
        let buffer = Buffer { at, length: item::SIZE as u32 };
        next_items(call, enumerator, buffer, None, overlapped)
    }

    /// Returns the account and the device of the profile with an id; zeros if there is none.
    #[export(Done)]
    fn XamProfileFindAccount(
        call: &mut Call,
        xuid: u64,
        account: Option<GuestAddr>,
        device: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        let Some(at) = account else { return Ok(Win32Error::INVALID_PARAMETER) };
        let found = call.kernel.user.profiles.lock().find(Xuid(xuid)).map(account_of);
        let memory = call.memory();
        memory.write_bytes(at, found.as_deref().unwrap_or(&[0; account::SIZE]))?;
        if found.is_none() {
            return Ok(Win32Error::NO_SUCH_USER);
        }
        device.set(memory, HARD_DISK)?;
        Ok(Win32Error::SUCCESS)
    }
}
