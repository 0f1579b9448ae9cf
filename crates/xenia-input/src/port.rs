//! The kernel's port for controllers: what the machine polls and sets.

use crate::{Controllers, Pad};
use xenia_kernel::ports::{Gamepad, Input, PadModel};
use xenia_sched::GuestTicks;

/// Linux's number of the wireless bus (`BUS_BLUETOOTH`).
const BLUETOOTH: u16 = 5;

impl Input for Controllers {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        let mut state = self.0.lock();
        let mut pad = state.gamepad(user)?;
        if state.in_menu {
            pad = Gamepad::default();
        } else {
            let before = state.reported.get(user as usize)?.buttons;
            pad.buttons = state.taken.seen(user, pad.buttons, before);
        }
        let reported = state.reported.get_mut(user as usize)?;
        if pad != (Gamepad { packet: 0, ..*reported }) {
            *reported = Gamepad { packet: reported.packet.wrapping_add(1), ..pad };
        }
        Some(*reported)
    }

    fn model(&mut self, user: u32, _: GuestTicks) -> Option<PadModel> {
        let state = self.0.lock();
        let model = match state.pad_of(user) {
            Some(Pad { shape, battery, tuning, .. }) => PadModel {
                kind: tuning.kind.unwrap_or_else(|| shape.kind()),
                has_motors: shape.has_motors,
                wireless: shape.bus == BLUETOOTH,
                battery: *battery,
            },
            None if state.tuning.keyboard == Some(user) => {
                let model = PadModel::default();
                PadModel { kind: state.tuning.kind.unwrap_or(model.kind), ..model }
            }
            None => return None,
        };
        Some(model)
    }

    fn set_vibration(&mut self, user: u32, left: u16, right: u16, _: GuestTicks) -> bool {
        let mut state = self.0.lock();
        let is_there = state.pad_of(user).is_some() || state.tuning.keyboard == Some(user);
        if let Some(wanted) = state.wanted.get_mut(user as usize).filter(|_| is_there) {
            *wanted = (left, right);
            state.run_motors();
        }
        is_there
    }

    fn start_over(&mut self) {
        let mut state = self.0.lock();
        state.wanted = <_>::default();
        state.run_motors();
    }
}
