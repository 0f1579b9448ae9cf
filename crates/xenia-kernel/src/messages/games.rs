//! What titles ask the games' application (XGI) for: what users do, what they achieve, what is played together.

use super::presence::{get, set_context, set_property};
use super::{Message, achievements, messages};
use xenia_guest::HResult;

/// `XONLINE_E_LOGON_NOT_LOGGED_ON`.
const NOT_LOGGED_ON: HResult = HResult(0x8015_1802);

/// The rows.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Sets a context of a user's.
    Done 0xB_0006 XUserSetContextEx = set_context;
    /// Sets a property of a user's. A user has 256 of each at most; what is more is dropped.
    Done 0xB_0007 XUserSetPropertyEx = set_property;
    /// Writes down what users have achieved. What the title's resources do not list is left out; what was achieved before stays.
    Done 0xB_0008 XUserWriteAchievements = achievements::write;
    /// Reads the online service's tables: it is not there.
    Constant 0xB_0021 XUserReadStats = |_, _| Ok(NOT_LOGGED_ON);
    /// A number that advertisers know the user by: there is none.
    Constant 0xB_003D XUserGetCachedANID = |_, _| Ok(HResult::FAIL);
    /// A context or a property that was set. Properties are numbers; texts and bytes are refused.
    Partial 0xB_0041 XUserGetContext = get;
};
