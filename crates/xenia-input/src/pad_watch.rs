//! News of the controllers: the parts that pads hold, the pads that are plugged in, and messages
//! about those that come and go.

use super::config::PadName;
use super::control::PartSet;
use xenia_kernel::ports::Gamepad;

/// Input of all pads together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldPads {
    /// Buttons that are down, as bits of [`Gamepad`]; a stick acts as the directional pad.
    pub buttons: u16,
    /// Parts that are pressed beyond their dead zones, by their labels on the pads.
    pub parts: PartSet,
}

/// A pad that is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluggedPad {
    /// Identity in settings.
    pub name: PadName,
    /// Its user from 1; `None`: it waits for a place.
    pub user: Option<u32>,
}

/// Input that pads held while another window had the keyboard. It was meant for that window, and
/// does not count here until it is released.
#[derive(Debug, Default)]
pub(super) struct ForeignHeld(pub(super) HeldPads);

impl ForeignHeld {
    /// Returns the part of `held` that is this window's.
    pub(super) fn own(&mut self, held: HeldPads) -> HeldPads {
        let Self(foreign) = self;
        // A part that was released once is this window's when it is pressed again.
        foreign.buttons &= held.buttons;
        foreign.parts.0 &= held.parts.0;
        let parts = PartSet(held.parts.0 & !foreign.parts.0);
        HeldPads { buttons: held.buttons & !foreign.buttons, parts }
    }
}

/// Receives what pads hold when it changes.
pub(super) struct PadWatcher(pub(super) Box<dyn Fn(HeldPads) + Send>);

/// Receives a message for the user.
pub(super) struct PadNews(pub(super) Box<dyn Fn(String) + Send>);

impl std::fmt::Debug for PadNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PadNews")
    }
}

impl std::fmt::Debug for PadWatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PadWatcher")
    }
}

/// Deflection from which a stick counts as the directional pad: half of its range.
const PUSHED: i16 = 0x4000;

/// Buttons that a pad holds down; a stick acts as the directional pad.
pub fn held(pad: &Gamepad) -> u16 {
    let ways = [
        (pad.left_y >= PUSHED, Gamepad::UP),
        (pad.left_y <= -PUSHED, Gamepad::DOWN),
        (pad.left_x <= -PUSHED, Gamepad::LEFT),
        (pad.left_x >= PUSHED, Gamepad::RIGHT),
    ];
    ways.into_iter().filter(|(pushed, _)| *pushed).fold(pad.buttons, |held, (_, bit)| held | bit)
}
