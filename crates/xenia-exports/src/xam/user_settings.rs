//! Settings of profiles (`XamUserReadProfileSettings`, `XamUserWriteProfileSettings`).
//!
//! All values are checked before the first is stored. Values with a length lie behind the list of
//! items, in room for their maximum size, so the size of a result depends on the request alone.

use crate::abi::{Call, Ptr};
use crate::files::win32_error;
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, admit, complete};
use std::collections::BTreeSet;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_user::notifications::{Notification, id};
use xenia_user::profile::Xuid;
use xenia_user::profile_settings::{DASHBOARD, Kind, SettingId, Value};

/// Exports of profile settings.
pub struct UserSettings;

/// Maximum number of settings in one call.
const MAX_SETTINGS: u32 = 32;
/// Maximum number of user ids in one call.
const MAX_XUIDS: u32 = 100;

/// Offsets in `XUSER_PROFILE_SETTING`.
mod item {
    pub(super) const SOURCE: u32 = 0;
    /// The user's id, or the place and all ones.
    pub(super) const USER: u32 = 8;
    pub(super) const ID: u32 = 0x10;
    pub(super) const DATA: u32 = 0x18;
    pub(super) const SIZE: u32 = 0x28;
}
/// Offsets in `XUSER_DATA`.
mod data {
    pub(super) const KIND: u32 = 0;
    /// A number, or the length of bytes outside the item, followed by their address.
    pub(super) const VALUE: u32 = 8;
    pub(super) const ADDRESS: u32 = 0xC;
    /// No value: skipped when settings are written.
    pub(super) const UNSET: u8 = 0xFF;
}
/// Size in bytes of the header before the items: their number and address.
const HEAD: u32 = 8;

/// Source of a value.
#[derive(Clone, Copy)]
enum Source {
    Nowhere = 0,
    Default = 1,
    Title = 2,
}

/// A user whose settings are read.
#[derive(Clone, Copy)]
struct Reader {
    place: u32,
    /// The id, if the call names the user by id.
    xuid: Option<Xuid>,
}

/// Arguments of a read.
struct Reading {
    title: u32,
    user: u32,
    xuid_count: u32,
    xuids: Ptr<u64>,
    count: u32,
    ids: Option<Ptr<u32>>,
    size: Option<Ptr<u32>>,
    buffer: Option<GuestAddr>,
    overlapped: Option<GuestAddr>,
}

impl Reading {
    /// Returns the requested users; an error if one of them is not signed in.
    fn readers(&self, call: &Call) -> Fallible<Result<Vec<Reader>, Win32Error>> {
        let named = (0..self.xuid_count).map(|index| self.xuids.at(index).read(call.memory()));
        let named: Vec<u64> = named.collect::<Result<_, _>>()?;
        let profiles = call.kernel.user.profiles.lock();
        if self.xuid_count == 0 {
            let reader = Reader { place: self.user, xuid: None };
            return Ok(profiles.get(self.user).map(|_| vec![reader]).ok_or(Win32Error::NO_SUCH_USER));
        }
        let found = named
            .into_iter()
            .map(|xuid| profiles.place_of(Xuid(xuid)).map(|place| Reader { place, xuid: Some(Xuid(xuid)) }));
        Ok(found.collect::<Option<Vec<_>>>().ok_or(Win32Error::NO_SUCH_USER))
    }

    fn read(self, call: &mut Call) -> Fallible<Win32Error> {
        let (Some(size), Some(at)) = (self.size, self.ids) else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        let count = self.count;
        if !(1..=MAX_SETTINGS).contains(&count) || self.xuid_count > MAX_XUIDS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let memory = call.memory();
        let ids: Vec<SettingId> =
            (0..count).map(|index| at.at(index).read(memory).map(SettingId)).collect::<Result<_, _>>()?;
        // The size is checked first: titles ask for it for any user, and before one is signed in.
        let outside: u32 = ids.iter().map(|id| id.room_outside()).sum();
        let needed = HEAD + self.xuid_count.max(1) * (count * item::SIZE + outside);
        let room = size.read(memory)?;
        let buffer = match self.buffer {
            None if room != 0 => return Ok(Win32Error::INVALID_PARAMETER),
            Some(buffer) if room >= needed => buffer,
            _ => {
                if room == 0 {
                    size.write(memory, needed)?;
                }
                return Ok(Win32Error::INSUFFICIENT_BUFFER);
            }
        };
        if self.xuid_count == 0 && self.user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let readers = match self.readers(call)? {
            Ok(readers) => readers,
            Err(error) => return complete(call, self.overlapped, Completed::refused(error)),
        };
        admit(call, self.overlapped)?;
        let known: Vec<SettingId> = ids.into_iter().filter(|id| id.exists()).collect();
        write_items(call, buffer, self.title, &readers, &known)?;
        complete(call, self.overlapped, Completed::wrapped(Win32Error::SUCCESS, 0))
    }
}

/// Stores the result of a read: the header, the items, and then the values outside the items, each
/// with its maximum size reserved.
fn write_items(
    call: &Call,
    buffer: GuestAddr,
    title: u32,
    readers: &[Reader],
    ids: &[SettingId],
) -> Fallible<()> {
    let memory = call.memory();
    let title = if title == 0 { call.kernel.title_id() } else { title };
    let mut settings = call.kernel.gamer_data().settings_of(title);
    let count = (readers.len() * ids.len()) as u32;
    let mut at = buffer.offset(HEAD);
    let mut outside = at.offset(count * item::SIZE);
    memory.write(buffer, count)?;
    memory.write(buffer.offset(4), at)?;
    for reader in readers {
        for &id in ids {
            let set = settings.get(reader.place, id);
            memory.fill(at, item::SIZE, 0)?;
            let user = reader.xuid.map_or(u64::from(reader.place) << 32 | 0xFFFF_FFFF, |xuid| xuid.0);
            memory.write(at.offset(item::USER), user)?;
            memory.write(at.offset(item::ID), id.0)?;
            let (source, value) = match set {
                Some(value) => (Source::Title, Some(value)),
                None => match id.default() {
                    Some(value) => (Source::Default, Some(value)),
                    None => (Source::Nowhere, None),
                },
            };
            memory.write(at.offset(item::SOURCE), source as u32)?;
            write_value(memory, at.offset(item::DATA), id, value, outside)?;
            at = at.offset(item::SIZE);
            outside = outside.offset(id.room_outside());
        }
    }
    Ok(())
}

fn write_value(
    memory: &GuestMemory,
    at: GuestAddr,
    id: SettingId,
    value: Option<Value>,
    outside: GuestAddr,
) -> Result<(), MemoryFault> {
    let kind = id.kind().map_or(0, |kind| kind as u8);
    memory.write(at.offset(data::KIND), kind)?;
    let mut bytes = match value {
        Some(Value::Bits(bits)) => return memory.write(at.offset(data::VALUE), bits),
        Some(Value::Bytes(bytes)) => bytes,
        None => Vec::new(),
    };
    if id.kind() == Some(Kind::Text) {
        bytes.extend([0, 0]);
    }
    memory.write(at.offset(data::VALUE), bytes.len() as u32)?;
    if !bytes.is_empty() {
        memory.write_bytes(outside, &bytes)?;
        memory.write(at.offset(data::ADDRESS), outside)?;
    }
    Ok(())
}

/// Reads the value in an item that a title writes; `None` if the item has no value. An error if its
/// type differs from the id's, or if it is too long.
fn read_value(
    memory: &GuestMemory,
    at: GuestAddr,
) -> Fallible<Result<Option<(SettingId, Value)>, Win32Error>> {
    let id = SettingId(memory.read(at.offset(item::ID))?);
    let at = at.offset(item::DATA);
    let kind: u8 = memory.read(at.offset(data::KIND))?;
    if kind == data::UNSET {
        return Ok(Ok(None));
    }
    if !id.exists() || id.kind().is_none_or(|expected| expected as u8 != kind) {
        return Ok(Err(Win32Error::INVALID_PARAMETER));
    }
    if !id.is_outside() {
        return Ok(Ok(Some((id, Value::Bits(memory.read(at.offset(data::VALUE))?)))));
    }
    let size: u32 = memory.read(at.offset(data::VALUE))?;
    if size > id.room() {
        return Ok(Err(Win32Error::INVALID_PARAMETER));
    }
    let mut bytes = vec![0; size as usize];
    let address: GuestAddr = memory.read(at.offset(data::ADDRESS))?;
    if !address.is_null() {
        memory.read_bytes(address, &mut bytes)?;
    }
    if id.kind() == Some(Kind::Text) {
        let end = bytes
            .chunks(2)
            .position(|unit| unit.len() < 2 || unit == [0, 0])
            .map_or(bytes.len(), |at| 2 * at);
        bytes.truncate(end);
    }
    let value = Value::Bytes(bytes);
    Ok(if id.accepts(&value) { Ok(Some((id, value))) } else { Err(Win32Error::INVALID_PARAMETER) })
}

/// Stores settings that a title has written, on the disk first: a setting that can't be stored is
/// not changed.
fn set(call: &Call, user: u32, title: u32, values: Vec<(SettingId, Value)>) -> Result<(), Win32Error> {
    // The lock is held throughout, so that changes of settings are serialised.
    let files = call.kernel.files.lock();
    let profile = call.kernel.user.profiles.lock().get(user).cloned();
    let mut profile = profile.ok_or(Win32Error::NO_SUCH_USER)?;
    let owners: BTreeSet<u32> =
        values.iter().map(|(id, _)| if id.is_of_title() { title } else { DASHBOARD }).collect();
    for (id, value) in values {
        profile.set(title, id, value);
    }
    let store = &files.packages.store;
    for owner in owners {
        store.save_options(&profile, owner).map_err(win32_error)?;
        store.save_settings(&profile, owner).map_err(win32_error)?;
    }
    call.kernel.user.profiles.lock().update(profile);
    Ok(())
}

/// Returns whether a title id belongs to the system, as the dashboard's does.
fn is_of_system(title: u32) -> bool {
    title >> 16 == DASHBOARD >> 16
}

#[exports(xam)]
impl UserSettings {
    /// Reads settings of a user's profile, or of several by their ids. With a size of 0 it returns
    /// the size needed; unknown settings are left out.
    #[export(Done)]
    fn XamUserReadProfileSettings(
        call: &mut Call,
        title: u32,
        user: u32,
        xuid_count: u32,
        xuids: Ptr<u64>,
        count: u32,
        ids: Option<Ptr<u32>>,
        size: Option<Ptr<u32>>,
        buffer: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Reading { title, user, xuid_count, xuids, count, ids, size, buffer, overlapped }.read(call)
    }

    /// Like `XamUserReadProfileSettings`, with a second pointer to the size, which counts if the
    /// first is null.
    #[export(Done)]
    fn XamUserReadProfileSettingsEx(
        call: &mut Call,
        title: u32,
        user: u32,
        xuid_count: u32,
        xuids: Ptr<u64>,
        count: u32,
        ids: Option<Ptr<u32>>,
        size: Option<Ptr<u32>>,
        other_size: Option<Ptr<u32>>,
        buffer: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let size = size.or(other_size);
        Reading { title, user, xuid_count, xuids, count, ids, size, buffer, overlapped }.read(call)
    }

    /// Writes settings to a user's profile, all of them or, on any error, none. A title may change
    /// only its own three settings; the others belong to the dashboard.
    #[export(Done)]
    fn XamUserWriteProfileSettings(
        call: &mut Call,
        title: u32,
        user: u32,
        count: u32,
        items: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(items) = items else { return Ok(Win32Error::INVALID_PARAMETER) };
        if !(1..=MAX_SETTINGS).contains(&count) || user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let own = call.kernel.title_id();
        if title != 0 && title != own && title != DASHBOARD {
            return Ok(Win32Error::ACCESS_DENIED);
        }
        let mut values = Vec::new();
        for index in 0..count {
            match read_value(call.memory(), items.offset(index * item::SIZE))? {
                Ok(value) => values.extend(value),
                Err(error) => return Ok(error),
            }
        }
        if !is_of_system(own) && values.iter().any(|(id, _)| !id.may_be_set_by_titles()) {
            return Ok(Win32Error::ACCESS_DENIED);
        }
        admit(call, overlapped)?;
        let changes_avatar = values.iter().any(|(id, _)| *id == SettingId::AVATAR);
        if let Err(error) = set(call, user, own, values) {
            return complete(call, overlapped, Completed::refused(error));
        }
        let mask = 1 << user;
        call.kernel
            .notifier()
            .notify(call.cpu, Notification { id: id::PROFILE_SETTING_CHANGED, parameter: mask })?;
        if changes_avatar {
            call.kernel
                .notifier()
                .notify(call.cpu, Notification { id: id::AVATAR_CHANGED, parameter: mask })?;
        }
        complete(call, overlapped, Completed::wrapped(Win32Error::SUCCESS, 0))
    }
}
