//! Messages to the games application (XGI): contexts and properties, achievements, and sessions.

use super::presence::{get, set_context, set_property};
use super::sessions::{self, NOT_LOGGED_ON as SESSION_NOT_LOGGED_ON};
use super::{Message, NOT_LOGGED_ON, achievements, messages};
use xenia_guest::HResult;

/// Messages of the application.
pub(super) const MESSAGES: &[Message] = messages! {
    /// Sets a context of a user. One that the title's database does not have, or a value beyond its
    /// largest, is ignored.
    Done 0xB_0006 XUserSetContextEx = set_context;
    /// Sets a property of a user; one that the title's database does not have is ignored. A user
    /// has at most 256 of each; further ones are dropped.
    Done 0xB_0007 XUserSetPropertyEx = set_property;
    /// Records the achievements that users have earned. Achievements that the title's resources do
    /// not list are ignored; earned ones stay earned.
    Done 0xB_0008 XUserWriteAchievements = achievements::write;
    /// Creates a session on this console or its network. Sessions arranged by the online service
    /// fail as without a connection.
    Done 0xB_0010 XSessionCreate = sessions::create;
    /// Deletes a session.
    Done 0xB_0011 XSessionDelete = sessions::delete;
    /// Adds users of this console, or of others, to a session.
    Done 0xB_0012 XSessionJoin = sessions::join;
    /// Removes users from a session.
    Done 0xB_0013 XSessionLeave = sessions::leave;
    /// Starts the game of a session.
    Done 0xB_0014 XSessionStart = sessions::start;
    /// Ends the game of a session.
    Done 0xB_0015 XSessionEnd = sessions::end;
    /// Searches the online service for sessions: there is no connection.
    Constant 0xB_0016 XSessionSearch = |_, _| Ok(NOT_LOGGED_ON);
    /// Changes the flags and the number of slots of a session.
    Done 0xB_0018 XSessionModify = sessions::modify;
    /// Returns the session of an invitation: there is none.
    Constant 0xB_0019 XSessionGetInvitationData = |_, _| Ok(HResult::FAIL);
    /// Registers for a ranked game, which the online service arbitrates: there is no connection.
    Constant 0xB_001A XSessionArbitrationRegister = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Searches the online service for a session by its id: there is no connection.
    Constant 0xB_001B XSessionSearchByID = |_, _| Ok(NOT_LOGGED_ON);
    /// Like `XSessionSearch`, for several users.
    Constant 0xB_001C XSessionSearchEx = |_, _| Ok(NOT_LOGGED_ON);
    /// Returns the members and the state of a session.
    Done 0xB_001D XSessionGetDetails = sessions::describe;
    /// Makes a user of this console the host of the session, under a new session id, or follows the
    /// host to another console.
    Done 0xB_001E XSessionMigrateHost = sessions::migrate;
    /// Computes the skill of players from the online service's data: there is no connection.
    Constant 0xB_001F XSessionModifySkill = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Resets one of the online service's statistics: there is no connection.
    Constant 0xB_0020 XUserResetStatsView = |_, _| Ok(NOT_LOGGED_ON);
    /// Reads the online service's statistics: there is no connection.
    Constant 0xB_0021 XUserReadStats = |_, _| Ok(NOT_LOGGED_ON);
    /// Writes to the online service's statistics: there is no connection.
    Constant 0xB_0025 XSessionWriteStats = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Sends pending writes to the online service's statistics: there is no connection.
    Constant 0xB_0026 XSessionFlushStats = |_, _| Ok(SESSION_NOT_LOGGED_ON);
    /// Returns the user's anonymous id for advertisers: there is none.
    Constant 0xB_003D XUserGetCachedANID = |_, _| Ok(HResult::FAIL);
    /// Reads a context or a property that was set.
    Done 0xB_0041 XUserGetContext = get;
    /// Searches the online service for sessions by their ids: there is no connection.
    Constant 0xB_0060 XSessionSearchByIds = |_, _| Ok(NOT_LOGGED_ON);
    /// Like `XSessionSearch`, with weighted criteria.
    Constant 0xB_0065 XSessionSearchWeighted = |_, _| Ok(NOT_LOGGED_ON);
    /// Gives avatar awards to users. Avatars are not shown, so nothing is recorded.
    Constant 0xB_0071 XUserAwardAvatarAssets = |_, _| Ok(HResult::OK);
};
