//! Messages that set and read the presence of users.

use super::MessageWords;
use crate::abi::Call;
use crate::status::failure::Fallible;
use crate::user::presence::UserPresence;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_user::profile::Xuid;
use xenia_user::profile_settings::{Kind, SettingId};

/// Maximum size of a property in bytes.
const MAX_PROPERTY_SIZE: u32 = 0x3E8;
/// Size of an `XUSER_PROPERTY` in bytes.
const PROPERTY: u32 = 0x18;

/// Returns the id of a message's user: the given one if that is not 0, otherwise by index. `None`
/// if no such user is signed in.
fn user_of(call: &Call, words: MessageWords) -> Fallible<Option<Xuid>> {
    let index: u32 = words.field(call, 0)?;
    let xuid = Xuid(words.field(call, 8)?);
    let profiles = call.kernel.user.profiles.lock();
    Ok(match xuid {
        Xuid::NOBODY => profiles.xuid_at(index),
        xuid => profiles.place_of(xuid).map(|_| xuid),
    })
}

/// Reads or changes a user's contexts and properties. `None` if the user is not signed in any more.
fn with_user<R>(call: &Call, user: Xuid, f: impl FnOnce(&mut UserPresence) -> R) -> Option<R> {
    // Locked until the end: another user who came to the place would get the value.
    let profiles = call.kernel.user.profiles.lock();
    let place = profiles.place_of(user)?;
    call.kernel.user.presence.lock().user_mut(place).map(f)
}

/// Error for an unknown user.
fn unknown_user() -> HResult {
    Win32Error::NOT_FOUND.to_hresult()
}

pub(super) fn set_context(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(user) = user_of(call, words)? else { return Ok(unknown_user()) };
    let id = words.field(call, 0x10)?;
    let value = words.field(call, 0x14)?;
    if call.kernel.gamer_data().has_context(id, value) {
        with_user(call, user, |user| user.set_context(id, value));
    }
    Ok(HResult::OK)
}

pub(super) fn set_property(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(user) = user_of(call, words)? else { return Ok(unknown_user()) };
    let id: u32 = words.field(call, 0x10)?;
    let size: u32 = words.field(call, 0x14)?;
    let Some(at) = words.pointer(call, 0x18)?.filter(|_| size <= MAX_PROPERTY_SIZE) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let mut bytes = vec![0; size as usize];
    call.memory().read_bytes(at, &mut bytes)?;
    if call.kernel.gamer_data().has_property(id) {
        with_user(call, user, |user| user.set_property(id, bytes));
    }
    Ok(HResult::OK)
}

pub(super) fn get(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(user) = user_of(call, words)? else { return Ok(unknown_user()) };
    if let Some(at) = words.pointer(call, 0x14)? {
        let id: u32 = call.memory().read(at)?;
        let value = with_user(call, user, |user| user.context(id)).flatten();
        let Some(value) = value else { return Ok(HResult::INVALID_ARGUMENT) };
        call.memory().write(at.offset(4), value)?;
        return Ok(HResult::OK);
    }
    let Some(at) = words.pointer(call, 0x18)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let size = words.pointer(call, 0x10)?;
    get_property(call, user, at, size)
}

/// Fills an `XUSER_PROPERTY`: the id, and at offset 8 an `XUSER_DATA` with its type and, 8 bytes
/// further, the number. The types are numbered as those of settings.
fn get_property(call: &Call, user: Xuid, at: GuestAddr, size: Option<GuestAddr>) -> Fallible<HResult> {
    let id: u32 = call.memory().read(at)?;
    let stored = with_user(call, user, |user| user.property(id).map(<[u8]>::to_vec)).flatten();
    let Some(kind) = SettingId(id).kind() else { return Ok(HResult::INVALID_ARGUMENT) };
    let Some(bytes) = stored else { return Ok(HResult::INVALID_ARGUMENT) };
    match size {
        Some(size) if SettingId(id).is_outside() => store_outside(call, at, size, kind, &bytes),
        _ if SettingId(id).is_outside() || bytes.len() > 8 => Ok(HResult::INVALID_ARGUMENT),
        _ => {
            call.memory().write(at.offset(8), kind as u8)?;
            call.memory().write(at.offset(0x10), 0_u64)?;
            call.memory().write_bytes(at.offset(0x10), &bytes)?;
            Ok(HResult::OK)
        }
    }
}

/// Stores a text or bytes behind the `XUSER_PROPERTY`, which has their length and address. The size
/// of both is at `size`, before the call that of the room.
fn store_outside(call: &Call, at: GuestAddr, size: GuestAddr, kind: Kind, bytes: &[u8]) -> Fallible<HResult> {
    let memory = call.memory();
    let needed = PROPERTY + bytes.len() as u32;
    let room: u32 = memory.read(size)?;
    memory.write(size, needed)?;
    if room < needed {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    let behind = at.offset(PROPERTY);
    memory.write_bytes(behind, bytes)?;
    memory.write(at.offset(8), kind as u8)?;
    memory.write(at.offset(0x10), bytes.len() as u32)?;
    memory.write(at.offset(0x14), behind)?;
    Ok(HResult::OK)
}
