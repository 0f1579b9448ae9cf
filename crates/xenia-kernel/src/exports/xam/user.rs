//! Users (`XamUser*`). Nobody is signed in: what a console without a profile answers.

use crate::abi::{Call, Out};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, complete};
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct User;

/// Bytes of `USER_SIGNIN_INFO`.
const SIGN_IN_INFO: u32 = 0x28;
/// Users.
const USERS: u32 = 4;

#[exports(xam)]
impl User {
    /// Whether a user is signed in: 0, not.
    #[export(Stub)]
    fn XamUserGetSigninState(_call: &mut Call, _user: u32) -> u32 {
        0
    }

    /// Facts about who is signed in: there is no such user.
    #[export(Stub)]
    fn XamUserGetSigninInfo(
        call: &mut Call,
        _user: u32,
        _flags: u32,
        information: Option<GuestAddr>,
    ) -> Fallible<HResult> {
        let Some(information) = information else { return Ok(HResult::INVALID_ARGUMENT) };
        call.memory().fill(information, SIGN_IN_INFO, 0)?;
        Ok(HResult::NO_SUCH_USER)
    }

    /// A user's id: there is no such user.
    #[export(Stub)]
    fn XamUserGetXUID(call: &mut Call, user: u32, _kinds: u32, id: Option<Out<u64>>) -> Fallible<HResult> {
        let Some(id) = id else { return Ok(HResult::INVALID_ARGUMENT) };
        id.set(call.memory(), 0)?;
        Ok(if user < USERS { HResult::NO_SUCH_USER } else { HResult::INVALID_ARGUMENT })
    }

    /// The number of the user with an id: there is no such user.
    #[export(Stub)]
    fn XamUserGetIndexFromXUID(_call: &mut Call, _id: u64, _flags: u32, index: Option<Out<u32>>) -> HResult {
        if index.is_some() { HResult::NO_SUCH_USER } else { HResult::INVALID_ARGUMENT }
    }

    /// A user's name: there is no such user, the name is empty.
    #[export(Stub)]
    fn XamUserGetName(call: &mut Call, user: u32, buffer: GuestAddr, length: u32) -> Fallible<Win32Error> {
        if user >= USERS {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        if length > 0 {
            call.memory().write(buffer, 0_u8)?;
        }
        Ok(Win32Error::NO_SUCH_USER)
    }

    /// A user's name in UTF-16: there is no such user.
    #[export(Stub)]
    fn XamUserGetGamerTag(_call: &mut Call, user: u32, buffer: Option<GuestAddr>, length: u32) -> HResult {
        if buffer.is_none() || length < 16 || user >= USERS {
            HResult::INVALID_ARGUMENT
        } else {
            HResult::NO_SUCH_USER
        }
    }

    /// A user's flags: none.
    #[export(Stub)]
    fn XamUserGetUserFlags(_call: &mut Call, _user: u32) -> u32 {
        0
    }

    /// Whether a user may do something: nobody is signed in.
    #[export(Stub)]
    fn XamUserCheckPrivilege(
        call: &mut Call,
        _user: u32,
        _privilege: u32,
        result: Option<Out<u32>>,
    ) -> Fallible<Win32Error> {
        if let Some(result) = result {
            result.set(call.memory(), 0)?;
        }
        Ok(Win32Error::NOT_LOGGED_ON)
    }

    /// Reads settings of a user's profile: there is no such user.
    #[export(Stub)]
    fn XamUserReadProfileSettings(
        call: &mut Call,
        _title: u32,
        _user: u32,
        _id_count: u32,
        _ids: GuestAddr,
        setting_count: u32,
        settings: Option<GuestAddr>,
        _size: GuestAddr,
        _buffer: GuestAddr,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if setting_count == 0 || setting_count > 32 || settings.is_none() {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        complete(call, overlapped, Completed::with(Win32Error::NO_SUCH_USER))
    }

    /// Writes settings of a user's profile: there is no such user.
    #[export(Stub)]
    fn XamUserWriteProfileSettings(
        call: &mut Call,
        _title: u32,
        _user: u32,
        setting_count: u32,
        settings: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if setting_count == 0 || settings.is_none() {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        complete(call, overlapped, Completed::with(Win32Error::NO_SUCH_USER))
    }
}
