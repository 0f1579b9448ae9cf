//! Actions of keys and of combinations of pad buttons.

use super::Events;
use crate::picture::{Appearance, FramePacing, Scaling};
use crate::window::keys::KeyAction;
use crate::window::mailbox::NumberedPicture;
use crate::window::{VolumeChange, live};
use winit::event_loop::ActiveEventLoop;
use xenia_ui::MenuPage;

impl Events {
    /// Carries out an action that acts once per key press.
    pub(super) fn act(&mut self, event_loop: &ActiveEventLoop, action: KeyAction) {
        self.unsaved_settings.extend(live::changed_by(action));
        if self.view.is_none() {
            return;
        }
        match action {
            KeyAction::Menu if self.mailbox.open().stopped.is_some() => self.leave_stopped(event_loop),
            KeyAction::Menu => self.open_page(MenuPage::Menu),
            KeyAction::Restart if self.is_running() => {
                if self.config.can_restart {
                    self.open_page(MenuPage::AskRestart);
                }
            }
            KeyAction::Again | KeyAction::Restart => self.start_again(),
            KeyAction::Pause | KeyAction::Step if !self.is_running() => {}
            KeyAction::Pause => self.toggle_pause(),
            KeyAction::Step => {
                self.set_paused(true);
                self.client.step();
            }
            KeyAction::Turbo | KeyAction::Rewind => {}
            KeyAction::TurboSwitch => self.toggle_turbo(),
            KeyAction::Louder => self.change_volume(VolumeChange::Up),
            KeyAction::Quieter => self.change_volume(VolumeChange::Down),
            KeyAction::Mute => self.change_volume(VolumeChange::Mute),
            KeyAction::Screenshot => self.screenshot(),
            KeyAction::Video if !self.is_running() => {}
            KeyAction::Video => self.toggle_video(),
            KeyAction::SaveState => self.save_state(),
            KeyAction::LoadState => self.load_state(Some(self.state_slot)),
            KeyAction::Report => self.write_report(),
            KeyAction::FullScreen
            | KeyAction::Help
            | KeyAction::Overlay
            | KeyAction::Scaling
            | KeyAction::AspectRatio
            | KeyAction::Overscan
            | KeyAction::Filter
            | KeyAction::Smooth
            | KeyAction::Sharpness
            | KeyAction::Brighter
            | KeyAction::Darker
            | KeyAction::GammaUp
            | KeyAction::GammaDown
            | KeyAction::Vsync
            | KeyAction::LowLatency => self.change_view(action),
        }
        self.refresh();
    }

    /// Starts a title that has stopped again, if it can be.
    fn start_again(&mut self) {
        let stopped = self.mailbox.open().stopped.take_if(|why| why.again);
        if stopped.is_some() {
            self.set_paused(false);
            self.client.again();
        }
    }

    fn toggle_pause(&mut self) {
        let Some(view) = &self.view else { return };
        let paused = !view.osd.paused;
        self.paused_unfocused = false;
        self.set_paused(paused);
    }

    fn toggle_turbo(&mut self) {
        let Some(view) = &self.view else { return };
        let on = !view.osd.turbo;
        self.set_turbo(on);
    }

    fn change_volume(&mut self, change: VolumeChange) {
        let Some(view) = &mut self.view else { return };
        let text = self.client.volume(change);
        view.say(&self.mailbox, text);
    }

    fn write_report(&mut self) {
        let Some(view) = &mut self.view else { return };
        let frame = view.frame.as_ref().and_then(|frame| frame.picture.read());
        if let Some(text) = self.client.report(frame.as_deref()) {
            view.say(&self.mailbox, text);
        }
    }

    /// Changes how the window shows the picture, and displays a message over it.
    fn change_view(&mut self, action: KeyAction) {
        let Some(view) = &mut self.view else { return };
        let osd = &mut view.osd;
        let text = match action {
            KeyAction::FullScreen => {
                view.set_full_screen(!view.is_full_screen(), self.mailbox.now());
                return;
            }
            KeyAction::Help => {
                view.help = !view.help;
                return;
            }
            KeyAction::Overlay => {
                osd.overlay = osd.overlay.next();
                return;
            }
            KeyAction::Scaling => {
                osd.scaling = osd.scaling.next();
                format!("scaling: {}", osd.scaling.name())
            }
            KeyAction::Filter => {
                osd.filter = osd.filter.next();
                format!("filter: {}", osd.filter.name())
            }
            KeyAction::Vsync => {
                let pacing = view.osd.pacing;
                view.set_pacing(FramePacing { vsync: !pacing.vsync, ..pacing });
                format!("vertical synchronisation: {}", on_or_off(view.osd.pacing.vsync))
            }
            KeyAction::LowLatency => {
                let pacing = view.osd.pacing;
                view.set_pacing(FramePacing { low_latency: !pacing.low_latency, ..pacing });
                format!("low latency: {}", on_or_off(view.osd.pacing.low_latency))
            }
            _ => match change_appearance(action, &mut osd.appearance) {
                Some(text) if action == KeyAction::AspectRatio && osd.scaling != Scaling::Aspect => {
                    format!("{text}, not used with scaling: {}", osd.scaling.name())
                }
                Some(text) => text,
                None => return,
            },
        };
        view.say(&self.mailbox, text);
    }

    /// Writes the frame that is shown to a file.
    pub(super) fn screenshot(&mut self) {
        let Some(view) = &mut self.view else { return };
        let kept = match &view.frame {
            Some(NumberedPicture { number, picture }) => match picture.read() {
                Some(frame) => self.client.keep(*number, &frame),
                None => Err("the frame was lost with the graphics device".to_owned()),
            },
            None => Err("there is no frame yet".to_owned()),
        };
        let text = match kept {
            Ok(place) => format!("kept as {place}"),
            Err(reason) => format!("no screenshot: {reason}"),
        };
        view.say(&self.mailbox, text);
    }
}

/// Changes the picture's appearance by a key. Returns a message; `None` for other keys.
fn change_appearance(action: KeyAction, appearance: &mut Appearance) -> Option<String> {
    Some(match action {
        KeyAction::AspectRatio => {
            appearance.aspect = appearance.aspect.next();
            format!("aspect ratio: {}", appearance.aspect)
        }
        KeyAction::Overscan => {
            appearance.crop();
            format!("overscan: {}%", appearance.overscan)
        }
        KeyAction::Smooth => {
            appearance.smooths_edges = !appearance.smooths_edges;
            format!("smooth edges: {}", on_or_off(appearance.smooths_edges))
        }
        KeyAction::Sharpness => {
            appearance.sharpen();
            format!("sharpness: {}%", appearance.sharpness)
        }
        KeyAction::Brighter | KeyAction::Darker => {
            appearance.brighten(action == KeyAction::Brighter);
            format!("brightness: {}%", appearance.brightness)
        }
        KeyAction::GammaUp | KeyAction::GammaDown => {
            appearance.lighten(action == KeyAction::GammaUp);
            format!("gamma: {}%", appearance.gamma)
        }
        _ => return None,
    })
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::live::{Outside, SoundVolume};
    use crate::window::osd::OsdState;

    #[test]
    fn keys_of_the_appearance_change_the_setting_that_is_kept_for_them() {
        let outside = Outside { volume: SoundVolume { percent: 100, muted: false }, full_screen: false };
        let mut keys = 0;
        for action in KeyAction::ALL {
            let mut osd = OsdState::default();
            let before = live::settings(&osd, outside);
            if change_appearance(*action, &mut osd.appearance).is_some() {
                let after = live::settings(&osd, outside);
                let pairs = before.iter().zip(&after).filter(|(old, new)| old != new);
                let changed: Vec<&str> = pairs.map(|(old, _)| old.key).collect();
                assert_eq!(changed, live::changed_by(*action), "{action:?}");
                keys += 1;
            }
        }
        assert_eq!(keys, 8);
    }
}
