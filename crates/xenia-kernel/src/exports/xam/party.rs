//! Parties (`XamParty*`): nobody is in one on a console that is not connected.

use crate::abi::Call;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Party;

/// What the online service calls it. Titles ask for this number, and go on.
const NOT_IN_A_PARTY: HResult = HResult(0x807D_0003);

#[exports(xam)]
impl Party {
    /// Lists who is in a user's party.
    #[export(Constant)]
    fn XamPartyGetUserList(_call: &mut Call, _user: u32, _list: Option<GuestAddr>) -> HResult {
        NOT_IN_A_PARTY
    }

    /// Asks all of a party to join the title.
    #[export(Constant)]
    fn XamPartySendGameInvites(
        _call: &mut Call,
        _user: u32,
        _second: u32,
        _overlapped: Option<GuestAddr>,
    ) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }

    /// Sets what a party's members see of a user.
    #[export(Constant)]
    fn XamPartySetCustomData(_call: &mut Call, _user: u32, _second: u32, _third: u32) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }

    /// Tells what the party takes of the connection.
    #[export(Constant)]
    fn XamPartyGetBandwidth(_call: &mut Call, _first: u32, _second: u32) -> Win32Error {
        Win32Error::FUNCTION_FAILED
    }
}
