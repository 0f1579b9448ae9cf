//! The online service, which is not there: what a console answers that is not connected.

use super::{Message, Words, messages};
use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult};

/// `XONLINE_S_LOGON_DISCONNECTED`.
const DISCONNECTED: HResult = HResult(0x0015_10F1);
/// `XONLINE_E_LOGON_NOT_LOGGED_ON`.
const NOT_LOGGED_ON: HResult = HResult(0x8015_1802);
/// The title is nobody's account: the number that all consoles begin with.
const LOGON_ID: u32 = 1;

/// The rows.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Invites a player.
    Constant 0x5_0002 XInviteSend = |_, _| Ok(NOT_LOGGED_ON);
    /// How far a download is: there is none.
    Constant 0x5_0008 XStorageDownloadToMemoryGetProgress = |_, _| Ok(NOT_LOGGED_ON);
    /// Fetches a file that the service keeps.
    Constant 0x5_0009 XStorageDownloadToMemory = |_, _| Ok(NOT_LOGGED_ON);
    /// Lists the files that the service keeps.
    Constant 0x5_000A XStorageEnumerate = |_, _| Ok(NOT_LOGGED_ON);
    /// Gives the service a file to keep.
    Constant 0x5_000B XStorageUploadFromMemory = |_, _| Ok(NOT_LOGGED_ON);
    /// Asks whether texts may be shown.
    Constant 0x5_000C XStringVerify = |_, _| Ok(NOT_LOGGED_ON);
    /// The same under another number.
    Constant 0x5_000D XStringVerifyEx = |_, _| Ok(NOT_LOGGED_ON);
    /// How large the answer to a search for users may be.
    Constant 0x5_000E XUserFindUsersResponseSize = |_, _| Ok(NOT_LOGGED_ON);
    /// What the service knows of an account.
    Constant 0x5_000F XAccountGetUserInfo = |_, _| Ok(NOT_LOGGED_ON);
    /// The same under another number.
    Constant 0x5_0010 XAccountGetUserInfoEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Searches the service.
    Constant 0x5_0036 XOnlineQuerySearch = |_, _| Ok(NOT_LOGGED_ON);
    /// The same under another number.
    Constant 0x5_0038 XOnlineQuerySearchEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Asks how the connection is: it is not there.
    Constant 0x5_8003 XLiveBaseGetLogonResult = |_, _| Ok(DISCONNECTED);
    /// The number of the connection, which titles only hand back.
    Done 0x5_8004 XLiveBaseGetLogonId = logon_id;
    /// How others reach the console: nobody does.
    Constant 0x5_8006 XLiveBaseGetNatType = |_, _| Ok(NOT_LOGGED_ON);
    /// Where a service is: there is none.
    Constant 0x5_8007 XOnlineGetServiceInfo = |_, _| Ok(NOT_LOGGED_ON);
    /// How much the marketplace has.
    Constant 0x5_8009 XContentGetMarketplaceCounts = |_, _| Ok(NOT_LOGGED_ON);
    /// Mutes a player: nobody is heard.
    Constant 0x5_800C XUserMuteListAdd = |_, _| Ok(HResult::OK);
    /// Lets a player speak again: nobody is heard.
    Constant 0x5_800D XUserMuteListRemove = |_, _| Ok(HResult::OK);
    /// Finds users by their names.
    Constant 0x5_8017 XUserFindUsers = |_, _| Ok(NOT_LOGGED_ON);
    /// Lists where others are.
    Constant 0x5_8019 XPresenceCreateEnumerator = |_, _| Ok(NOT_LOGGED_ON);
    /// Asks to be told where others are: nothing is ever told.
    Constant 0x5_801E XPresenceSubscribe = |_, _| Ok(HResult::OK);
    /// Asks not to be told any more.
    Constant 0x5_801F XPresenceUnsubscribe = |_, _| Ok(HResult::OK);
    /// Lists friends: the user has no account that could have some.
    Constant 0x5_8020 XFriendsCreateEnumerator = |_, _| Ok(HResult::FAIL);
    /// The invitation that was accepted: there is none.
    Constant 0x5_8023 XInviteGetAcceptedInfo = |_, _| Ok(HResult::FAIL);
    /// Prepares to be told where others are.
    Constant 0x5_8037 XPresenceInitialize = |_, _| Ok(HResult::OK);
    /// Asks not to be told any more.
    Constant 0x5_8044 XPresenceUnsubscribeAll = |_, _| Ok(HResult::OK);
    /// Prepares to be told where others are.
    Constant 0x5_8046 XPresenceInitializeEx = |_, _| Ok(HResult::OK);
};

fn logon_id(call: &mut Call, words: Words) -> Fallible<HResult> {
    call.memory().write(GuestAddr(words.first), LOGON_ID)?;
    Ok(HResult::OK)
}
