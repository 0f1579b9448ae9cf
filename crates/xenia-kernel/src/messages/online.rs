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
    /// Asks how the connection is: it is not there.
    Constant 0x5_8003 XLiveBaseGetLogonResult = |_, _| Ok(DISCONNECTED);
    /// The number of the connection, which titles only hand back.
    Done 0x5_8004 XLiveBaseGetLogonId = logon_id;
    /// How others reach the console: nobody does.
    Constant 0x5_8006 XLiveBaseGetNatType = |_, _| Ok(NOT_LOGGED_ON);
    /// Where a service is: there is none.
    Constant 0x5_8007 XOnlineGetServiceInfo = |_, _| Ok(NOT_LOGGED_ON);
    /// Mutes a player: nobody is heard.
    Constant 0x5_800C XUserMuteListAdd = |_, _| Ok(HResult::OK);
    /// Lets a player speak again: nobody is heard.
    Constant 0x5_800D XUserMuteListRemove = |_, _| Ok(HResult::OK);
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
