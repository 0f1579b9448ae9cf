//! Messages to the system application: content of other titles, devices and deployment.

use super::{
    CLOSE_CROSS_TITLE, ENUMERATE_CROSS_TITLE, Message, MessageWords, TYPE_DISC, TYPE_HARD_DISK, messages,
};
use crate::abi::Call;
use crate::deployment::TitleOrigin;
use crate::files::mounts::{CACHES, HARD_DISK, TITLE};
use crate::status::failure::Fallible;
use crate::user::content_data::internal;
use crate::user::overlapped::{Completed, admit, complete};
use xenia_guest::{Buffer, GuestAddr, HResult, Win32Error, code_page};
use xenia_user::content::root_name;
use xenia_user::enumerators::layout;

/// Maximum length in bytes of a root name.
const MAX_ROOT_LENGTH: u32 = 64;

/// Messages of the application.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Returns the next package in a list of titles' content, or that there is none.
    Done ENUMERATE_CROSS_TITLE XEnumerateCrossTitle = next_of_titles;
    /// Closes a list of titles' content.
    Done CLOSE_CROSS_TITLE XCloseCrossTitleEnumerator = end_of_titles;
    /// Returns the device type of a root: disc or hard disk. Packages are where they were opened,
    /// and the title's own is on the hard disk.
    Done 0x2_0021 XContentQueryVolumeDeviceType = volume_device_type;
    /// Enables or disables guest sign-in to the online service: there are no guests.
    Constant 0x2_1012 XEnableGuestSignin = |_, _| Ok(HResult::OK);
    /// Returns how the title was deployed: from its disc, copied from it, or downloaded.
    Done 0x2_2005 XTitleGetDeploymentType = deployment_type;
};

/// Completes a message's overlapped structure, if it has one, with success.
fn complete_with_success(call: &mut Call, overlapped: Option<GuestAddr>) -> Fallible<HResult> {
    complete(call, overlapped, Completed::with(Win32Error::SUCCESS))?;
    Ok(HResult::OK)
}

/// Returns the list that a message names. Titles' libraries pass the address of the creator's
/// private data, which follows the enumerator's body.
fn list_of_titles(call: &Call, words: MessageWords) -> Fallible<Option<GuestAddr>> {
    let Some(at) = words.pointer(call, 8)? else { return Ok(None) };
    let lists = call.kernel.user.enumerators.lock();
    let is_one = |body: &GuestAddr| lists.item_size(*body) == Some(internal::SIZE as usize);
    Ok([at.offset(layout::SIZE.wrapping_neg()), at].into_iter().find(is_one))
}

fn next_of_titles(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let (Some(list), Some(buffer)) = (list_of_titles(call, words)?, words.pointer(call, 0xC)?) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let room: u32 = words.field(call, 0x10)?;
    let returned = words.pointer(call, 0x18)?;
    if room < internal::CROSS_TITLE {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    let mut lists = call.kernel.user.enumerators.lock();
    // A smaller buffer gets a part of the item.
    let next = lists.next(list, Buffer { at: buffer, length: internal::SIZE }).unwrap_or_default();
    let size = if room < internal::SIZE { internal::CROSS_TITLE } else { internal::SIZE };
    call.memory().fill(buffer, size, 0)?;
    // A second piece of a batch would have the items' texts; these items have none.
    if let Some((_, mut item)) = next.pieces.into_iter().next() {
        if size == internal::CROSS_TITLE {
            item.copy_within(
                internal::TITLE as usize..internal::TITLE as usize + 4,
                internal::CROSS_TITLE as usize - 4,
            );
            item.truncate(size as usize);
        }
        call.memory().write_bytes(buffer, &item)?;
    }
    if let Some(returned) = returned {
        call.memory().write(returned, next.count)?;
    }
    lists.advance(list, next.count);
    Ok(if next.count == 0 { Win32Error::NO_MORE_FILES.to_hresult() } else { HResult::OK })
}

fn end_of_titles(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(list) = list_of_titles(call, words)? else { return Ok(HResult::INVALID_ARGUMENT) };
    call.kernel.user.enumerators.lock().remove(list);
    Ok(HResult::OK)
}

fn volume_device_type(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let root = call.memory().read_c_string(GuestAddr(words.first), MAX_ROOT_LENGTH)?;
    let root = code_page::decode(&root);
    let (Some(root), Some(at)) = (root_name(&root), words.pointer(call, 0x44)?) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let overlapped = words.pointer(call, 0x48)?;
    admit(call, overlapped)?;
    let kind = {
        let mut files = call.kernel.files.lock();
        if let Some(is_on_disc) = files.package_is_on_disc(root) {
            Some(if is_on_disc { TYPE_DISC } else { TYPE_HARD_DISK })
        } else {
            match files.vfs.link_target(&format!("{root}:")) {
                Ok(TITLE) if call.kernel.config.deployment.origin == TitleOrigin::Disc => Some(TYPE_DISC),
                Ok(TITLE) => Some(TYPE_HARD_DISK),
                Ok(target) if target == HARD_DISK || CACHES.contains(&target) => Some(TYPE_HARD_DISK),
                _ => None,
            }
        }
    };
    let Some(kind) = kind else { return Ok(HResult::INVALID_ARGUMENT) };
    call.memory().write(at, kind)?;
    complete_with_success(call, overlapped)
}

fn deployment_type(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(at) = words.pointer(call, 0)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let overlapped = words.pointer(call, 4)?;
    admit(call, overlapped)?;
    call.memory().write(at, call.kernel.config.deployment.origin as u32)?;
    complete_with_success(call, overlapped)
}
