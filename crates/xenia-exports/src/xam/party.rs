//! Parties (`XamParty*`): without a connection a user is never in one.

use crate::abi::{Call, OptionalOut, Out};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, admit, complete};
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of parties.
pub struct Party;

/// The online service's error for a user who is not in a party; titles check for it and continue.
const NOT_IN_A_PARTY: HResult = HResult(0x807D_0003);

#[exports(xam)]
impl Party {
    /// Lists the members of a user's party: there is no party. The list has no members.
    #[export(Constant)]
    fn XamPartyGetUserList(call: &mut Call, _user: u32, count: Option<Out<u32>>) -> Fallible<HResult> {
        count.set(call.memory(), 0)?;
        Ok(NOT_IN_A_PARTY)
    }

    /// Invites all members of a party to the title: there is no party.
    #[export(Constant)]
    fn XamPartySendGameInvites(
        call: &mut Call,
        _caller: u32,
        _user: u32,
        _unknown: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        admit(call, overlapped)?;
        complete(call, overlapped, Completed::wrapped(Win32Error::FUNCTION_FAILED, 0))
    }

    /// Sets the data of a user that the party's members see: there is no party.
    #[export(Constant)]
    fn XamPartySetCustomData(_call: &mut Call, _user: u32, _second: u32, _third: u32) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }

    /// Returns the network bandwidth that the party uses: there is no party.
    #[export(Constant)]
    fn XamPartyGetBandwidth(_call: &mut Call, _first: u32, _second: u32) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }
}
