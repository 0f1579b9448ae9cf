//! Messages to the online service, answered as on a console that is not connected.

use super::{Message, MessageWords, NOT_LOGGED_ON, messages};
use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_user::notifications::DISCONNECTED;
use xenia_user::profile::Xuid;

/// Logon id of a title without an account: the first number on all consoles.
const LOGON_ID: u32 = 1;
/// Maximum length of a path in the service's storage in UTF-16 units, with the terminator.
const MAX_STORAGE_PATH: u32 = 255;
/// `XONLINE_E_STORAGE_INVALID_FACILITY`: the service has no such storage.
const NO_SUCH_STORAGE: HResult = HResult(0x8015_C009);

/// Messages of the application.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Invites a player: there is no connection.
    Constant 0x5_0002 XInviteSend = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the progress of a download: there is none.
    Constant 0x5_0008 XStorageDownloadToMemoryGetProgress = |_, _| Ok(NOT_LOGGED_ON);
    /// Downloads a file from the service's storage: there is no connection.
    Constant 0x5_0009 XStorageDownloadToMemory = |_, _| Ok(NOT_LOGGED_ON);
    /// Lists the files in the service's storage: there is no connection.
    Constant 0x5_000A XStorageEnumerate = |_, _| Ok(NOT_LOGGED_ON);
    /// Uploads a file to the service's storage: there is no connection.
    Constant 0x5_000B XStorageUploadFromMemory = |_, _| Ok(NOT_LOGGED_ON);
    /// Checks whether the service permits texts: there is no connection.
    Constant 0x5_000C XStringVerify = |_, _| Ok(NOT_LOGGED_ON);
    /// Like `XStringVerify`, under another number.
    Constant 0x5_000D XStringVerifyEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the size of the answer to a search for users: there is no connection.
    Constant 0x5_000E XUserFindUsersResponseSize = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the service's information about an account: there is no connection.
    Constant 0x5_000F XAccountGetUserInfo = |_, _| Ok(NOT_LOGGED_ON);
    /// Like `XAccountGetUserInfo`, under another number.
    Constant 0x5_0010 XAccountGetUserInfoEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Searches the service: there is no connection.
    Constant 0x5_0036 XOnlineQuerySearch = |_, _| Ok(NOT_LOGGED_ON);
    /// Like `XOnlineQuerySearch`, under another number.
    Constant 0x5_0038 XOnlineQuerySearchEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the state of the connection: disconnected.
    Constant 0x5_8003 XLiveBaseGetLogonResult = |_, _| Ok(DISCONNECTED);
    /// Returns the id of the connection, which titles only pass back.
    Done 0x5_8004 XLiveBaseGetLogonId = logon_id;
    /// Returns how other consoles can reach this one: there is no connection.
    Constant 0x5_8006 XLiveBaseGetNatType = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the address of a service: there is none.
    Constant 0x5_8007 XOnlineGetServiceInfo = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the number of marketplace items: there is no connection.
    Constant 0x5_8009 XContentGetMarketplaceCounts = |_, _| Ok(NOT_LOGGED_ON);
    /// Mutes a player: no player is heard.
    Constant 0x5_800C XUserMuteListAdd = |_, _| Ok(HResult::OK);
    /// Unmutes a player: no player is heard.
    Constant 0x5_800D XUserMuteListRemove = |_, _| Ok(HResult::OK);
    /// Returns whether a player is muted: no player is.
    Constant 0x5_800E XUserMuteListQuery = mute_query;
    /// Finds users by name: there is no connection.
    Constant 0x5_8017 XUserFindUsers = |_, _| Ok(NOT_LOGGED_ON);
    /// Lists the presence of other users: there is no connection.
    Constant 0x5_8019 XPresenceCreateEnumerator = |_, _| Ok(NOT_LOGGED_ON);
    /// Subscribes to the presence of other users: no notification ever follows.
    Constant 0x5_801E XPresenceSubscribe = |_, _| Ok(HResult::OK);
    /// Ends a subscription to presence.
    Constant 0x5_801F XPresenceUnsubscribe = |_, _| Ok(HResult::OK);
    /// Lists friends: the user has no account that could have any.
    Constant 0x5_8020 XFriendsCreateEnumerator = |_, _| Ok(HResult::FAIL);
    /// Returns the invitation that was accepted: there is none.
    Constant 0x5_8023 XInviteGetAcceptedInfo = |_, _| Ok(HResult::FAIL);
    /// Builds the path of a file in the service's storage, without asking the service. The form of
    /// the path is our own, because all use of it fails.
    Partial 0x5_8035 XStorageBuildServerPath = storage_path;
    /// Initialises presence notifications.
    Constant 0x5_8037 XPresenceInitialize = |_, _| Ok(HResult::OK);
    /// Ends all subscriptions to presence.
    Constant 0x5_8044 XPresenceUnsubscribeAll = |_, _| Ok(HResult::OK);
    /// Initialises presence notifications.
    Constant 0x5_8046 XPresenceInitializeEx = |_, _| Ok(HResult::OK);
};

fn logon_id(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    call.memory().write(GuestAddr(words.first), LOGON_ID)?;
    Ok(HResult::OK)
}

fn storage_path(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let user: u32 = words.field(call, 0)?;
    let xuid = Xuid(words.field(call, 8)?);
    let facility: u32 = words.field(call, 0x10)?;
    let (Some(file), Some(path), Some(length)) =
        (words.pointer(call, 0x1C)?, words.pointer(call, 0x20)?, words.pointer(call, 0x24)?)
    else {
        return Ok(HResult::INVALID_ARGUMENT);
    };
    let title = call.kernel.title_id();
    let folder = match facility {
        // Clips of games, a title's files, a user's files of a title.
        1 => format!("title/{title:08x}/storage/clips"),
        2 => format!("title/{title:08x}/storage"),
        3 => {
            let own = call.kernel.user.profiles.lock().xuid_at(user);
            let owner = if xuid == Xuid::NOBODY { own.unwrap_or_default() } else { xuid };
            format!("user/{:016x}/title/{title:08x}/storage", owner.0)
        }
        _ => return Ok(NO_SUCH_STORAGE),
    };
    let memory = call.memory();
    let name = memory.read_wide_string(file, MAX_STORAGE_PATH)?;
    let units: Vec<u16> = format!("//{folder}/").encode_utf16().chain(name).chain([0]).collect();
    if units.len() > MAX_STORAGE_PATH as usize {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    // Whether titles set the length to that of their buffer is unknown, so it is only stored.
    memory.write(length, units.len() as u32)?;
    WideText(path).store(memory, units)?;
    Ok(HResult::OK)
}

fn mute_query(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let muted = GuestAddr(words.second);
    if !muted.is_null() {
        call.memory().write(muted, 0_u32)?;
    }
    Ok(HResult::OK)
}
