//! The system itself.

use super::{Message, Words, messages};
use crate::abi::Call;
use crate::content::root_name;
use crate::deployment::Origin;
use crate::files::mounts::{CACHES, HARD_DISK, TITLE};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, complete};
use xenia_guest::{GuestAddr, HResult, Win32Error};

/// Bytes of a root's name.
const ROOT: u32 = 64;
/// Types of devices.
const TYPE_HARD_DISK: u32 = 1;
const TYPE_DISC: u32 = 4;

/// The rows.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Which type of device a root is on: the disc, or the hard disk, where packages are, the title's own as well.
    Done 0x2_0021 XContentQueryVolumeDeviceType = volume_device_type;
    /// Lets guests of the online service sign in, or not: there are none.
    Constant 0x2_1012 XEnableGuestSignin = |_, _| Ok(HResult::OK);
    /// Where the title is installed: on its disc, copied from it, or downloaded.
    Done 0x2_2005 XTitleGetDeploymentType = deployment_type;
};

/// Tells an overlapped structure in a message, if there is one, that all is well.
fn told(call: &mut Call, overlapped: Option<GuestAddr>) -> Fallible<HResult> {
    complete(call, overlapped, Completed::with(Win32Error::SUCCESS))?;
    Ok(HResult::OK)
}

fn volume_device_type(call: &mut Call, words: Words) -> Fallible<HResult> {
    let root = call.memory().read_c_string(GuestAddr(words.first), ROOT)?;
    let root: String = root.into_iter().map(char::from).collect();
    let (Some(root), Some(at)) = (root_name(&root), words.pointer(call, 0x44)?) else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let overlapped = words.pointer(call, 0x48)?;
    let kind = {
        let mut files = call.kernel.files.lock();
        if files.has_package(root) {
            Some(TYPE_HARD_DISK)
        } else {
            match files.vfs.link_target(&format!("{root}:")) {
                Ok(TITLE) if call.kernel.config.deployment.origin == Origin::Disc => Some(TYPE_DISC),
                Ok(TITLE) => Some(TYPE_HARD_DISK),
                Ok(target) if target == HARD_DISK || CACHES.contains(&target) => Some(TYPE_HARD_DISK),
                _ => None,
            }
        }
    };
    let Some(kind) = kind else { return Ok(HResult::INVALID_ARGUMENT) };
    call.memory().write(at, kind)?;
    told(call, overlapped)
}

fn deployment_type(call: &mut Call, words: Words) -> Fallible<HResult> {
    let Some(at) = words.pointer(call, 0)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let overlapped = words.pointer(call, 4)?;
    call.memory().write(at, call.kernel.config.deployment.origin as u32)?;
    told(call, overlapped)
}
