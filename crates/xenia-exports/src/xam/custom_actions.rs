//! Actions that titles add to the gamer cards of the console's guide (`XCustom*`).
//!
//! There is no guide here, so no gamer card is shown and no action is pressed.

use crate::abi::{Call, WideText};
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of actions on gamer cards.
pub struct CustomActions;

#[exports(xam)]
impl CustomActions {
    /// Sets the text of an action on all gamer cards, none of which is ever shown.
    #[export(Constant)]
    fn XCustomSetAction(_call: &mut Call, _action: u32, _text: Option<WideText>, _flags: u32) -> Win32Error {
        Win32Error::SUCCESS
    }

    /// Returns whether an action was pressed: never.
    #[export(Constant)]
    fn XCustomGetLastActionPress(
        _call: &mut Call,
        _user: GuestAddr,
        _action: GuestAddr,
        _xuid: GuestAddr,
    ) -> bool {
        false
    }

    /// Sets the actions on the gamer card of one player, which is never shown.
    #[export(Constant)]
    fn XCustomSetDynamicActions(
        _call: &mut Call,
        user: u32,
        _xuid: u64,
        _actions: GuestAddr,
        _count: u32,
    ) -> Win32Error {
        if user < USERS { Win32Error::SUCCESS } else { Win32Error::INVALID_PARAMETER }
    }

    /// Returns the action that was pressed last: there is none. Titles test the result for 0.
    #[export(Constant)]
    fn XCustomGetLastActionPressEx(
        _call: &mut Call,
        _user: GuestAddr,
        _action: GuestAddr,
        _xuid: GuestAddr,
        _payload: GuestAddr,
        _size: GuestAddr,
    ) -> Win32Error {
        Win32Error::NOT_FOUND
    }

    /// Registers the title for notifications of shown gamer cards, of which there are none.
    #[export(Constant)]
    fn XCustomRegisterDynamicActions(_call: &mut Call) {}

    /// Unregisters the title from notifications of shown gamer cards.
    #[export(Constant)]
    fn XCustomUnregisterDynamicActions(_call: &mut Call) {}

    /// Returns whether a gamer card is shown: never.
    #[export(Constant)]
    fn XCustomGetCurrentGamercard(_call: &mut Call, _user: GuestAddr, _xuid: GuestAddr) -> bool {
        false
    }
}
