//! What titles ask the games' application (XGI) for: what users do, what they achieve, what is
//! played together.

use super::presence::{get, set_context, set_property};
use super::sessions::{self, NOT_LOGGED_ON as SESSION_NOT_LOGGED_ON};
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
    /// Makes a session of this console or its network. One that the online service would arrange fails as without it.
    Done 0xB_0010 XSessionCreate = sessions::create;
    /// A session is over.
    Done 0xB_0011 XSessionDelete = sessions::delete;
    /// Takes users of this console, or of others, into a session.
    Done 0xB_0012 XSessionJoin = sessions::join;
    /// Lets users go.
    Done 0xB_0013 XSessionLeave = sessions::leave;
    /// The game begins.
    Done 0xB_0014 XSessionStart = sessions::start;
    /// The game is over.
    Done 0xB_0015 XSessionEnd = sessions::end;
    /// Looks for sessions that the online service knows: it is not there.
    Constant 0xB_0016 XSessionSearch = |_, _| Ok(NOT_LOGGED_ON);
    /// Changes how many may take part.
    Done 0xB_0018 XSessionModify = sessions::modify;
    /// The session of an invitation: there is none.
    Constant 0xB_0019 XSessionGetInvitationData = |_, _| Ok(HResult::FAIL);
    /// Registers for a game that counts, which the online service arbitrates.
    Constant 0xB_001A XSessionArbitrationRegister = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Looks for a session that the online service knows by its id.
    Constant 0xB_001B XSessionSearchByID = |_, _| Ok(NOT_LOGGED_ON);
    /// As `XSessionSearch`, for several users.
    Constant 0xB_001C XSessionSearchEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Who takes part in a session, and how far it is.
    Done 0xB_001D XSessionGetDetails = sessions::describe;
    /// Another user of this console holds the session, under another id.
    Done 0xB_001E XSessionMigrateHost = sessions::migrate;
    /// Computes how well players match, which the online service knows.
    Constant 0xB_001F XSessionModifySkill = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Empties one of the online service's tables.
    Constant 0xB_0020 XUserResetStatsView = |_, _| Ok(NOT_LOGGED_ON);
    /// Reads the online service's tables: it is not there.
    Constant 0xB_0021 XUserReadStats = |_, _| Ok(NOT_LOGGED_ON);
    /// Writes to the online service's tables.
    Constant 0xB_0025 XSessionWriteStats = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Sends what was written to the online service's tables.
    Constant 0xB_0026 XSessionFlushStats = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// A number that advertisers know the user by: there is none.
    Constant 0xB_003D XUserGetCachedANID = |_, _| Ok(HResult::FAIL);
    /// A context or a property that was set. Properties are numbers; texts and bytes are refused.
    Partial 0xB_0041 XUserGetContext = get;
    /// Looks for sessions that the online service knows by their ids.
    Constant 0xB_0060 XSessionSearchByIds = |_, _| Ok(NOT_LOGGED_ON);
    /// As `XSessionSearch`, with what matters more and what less.
    Constant 0xB_0065 XSessionSearchWeighted = |_, _| Ok(NOT_LOGGED_ON);
};
