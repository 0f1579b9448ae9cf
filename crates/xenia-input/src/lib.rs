//! The controllers of a machine in a window: the host's pads and its keyboard.
//!
//! ```text
//!  linux or windows, pipes ──plug, keys, axes──▶ Controllers ◀──keys── window
//!        ▲                                           │
//!        └────────────── motors ◀────────────────────┴──▶ Input, the kernel's port
//! ```
//!
//! A pad that is plugged in is assigned to the first user without one; a fifth pad waits for a free
//! place. The keyboard belongs to one user, in addition to the user's pad. Keys and axes are mapped
//! when the machine polls, so the settings of the running title also apply to pads that were
//! plugged in before.

#![forbid(unsafe_code)]

pub mod config;
pub mod control;
mod hotkeys;
pub mod key_page;
pub mod keys;
#[cfg(all(feature = "pads", target_os = "linux"))]
mod linux;
#[doc(hidden)]
pub mod lock_order;
pub mod motors;
mod one_or_many;
mod pad_watch;
mod pipes;
mod port;
mod remap;
pub mod sdl;
pub mod shape;
mod taken;
#[cfg(all(feature = "pads", windows))]
mod windows;

pub use pad_watch::{HeldPads, PluggedPad, held};
pub use remap::{AssignedPart, LiveInput};

use config::{PadName, PadTuning, Tuning};
use control::{PartSet, Pressed};
use motors::Motors;
use pad_watch::{ForeignHeld, PadNews, PadWatcher};
use shape::{ControlBinding, PadInputs, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Weak};
use taken::TakenButtons;
use xenia_guest::USERS;
use xenia_host::input_pipe;
use xenia_kernel::ports::Gamepad;
use xenia_render::KeyCode;
use xenia_sync::{Level, Mutex};

/// Names of the settings tables for keys and pads: the controllers' and the window's.
pub const TABLES: [&str; 4] = ["input", "controller", "pad", "hotkeys"];

/// Identifies a pad while it is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PadId(u64);

#[derive(Debug)]
struct Pad {
    user: Option<u32>,
    shape: Shape,
    bindings: Vec<ControlBinding>,
    parts: PadInputs,
    motors: Motors,
    battery: Option<u8>,
    /// Identity in settings.
    name: PadName,
    /// Its settings for the title that runs.
    tuning: Arc<PadTuning>,
    /// The parts that were pressed at the last poll.
    meant: PartSet,
}

impl Pad {
    /// Its state, with the title's own meaning of its parts.
    fn pressed(&self) -> Pressed {
        let meant = |&(source, control): &ControlBinding| {
            (source, *self.tuning.buttons.get(&control).unwrap_or(&control))
        };
        let bindings: Vec<ControlBinding> = self.bindings.iter().map(meant).collect();
        self.parts.pressed(&self.shape, &bindings)
    }
}

#[derive(Debug, Default)]
struct State {
    tuning: Tuning,
    mappings: Vec<sdl::SdlMapping>,
    pads: BTreeMap<PadId, Pad>,
    plugged: u64,
    keys_down: BTreeSet<KeyCode>,
    /// The states that titles read last, and a count of their changes.
    reported: [Gamepad; USERS as usize],
    /// Motor speeds that titles requested.
    wanted: [(u16, u16); USERS as usize],
    /// The machine is paused, so no motor runs.
    still: bool,
    /// Receiver of the parts that are held on pads, and the last ones received.
    watcher: Option<(PadWatcher, HeldPads)>,
    /// Receiver of messages about pads that come and go.
    news: Option<PadNews>,
    /// The pad on which a part was pressed last.
    last: Option<PadId>,
    /// Whether pads operate a menu, and not the machine.
    in_menu: bool,
    /// Whether another window has the keyboard, and this one has released the pads.
    in_background: bool,
    /// Held input that the watcher does not get.
    foreign: ForeignHeld,
    /// Held buttons that are not the machine's until they are released.
    taken: TakenButtons,
}

/// All controllers of the host, assigned to users; clones share them.
#[derive(Clone, Debug)]
pub struct Controllers(Arc<Mutex<State>>);

impl Default for Controllers {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::CONTROLLERS, State::default())))
    }
}

/// A weak reference to the controllers.
#[derive(Clone, Debug)]
pub struct WatchedControllers(Weak<Mutex<State>>);

impl WatchedControllers {
    /// The controllers, if they still exist.
    pub fn upgrade(&self) -> Option<Controllers> {
        self.0.upgrade().map(Controllers)
    }
}

impl State {
    fn pad_of(&self, user: u32) -> Option<&Pad> {
        self.pads.values().find(|pad| pad.user == Some(user))
    }

    /// Assigns free users to pads that wait for one.
    fn seat(&mut self) {
        for user in 0..USERS {
            if self.pad_of(user).is_none()
                && let Some(pad) = self.pads.values_mut().find(|pad| pad.user.is_none())
            {
                pad.user = Some(user);
                let text = format!("{} is controller {}", pad.shape.name, user + 1);
                self.report(text);
            }
        }
    }

    /// Logs a message about a pad, and shows it to the user.
    fn report(&self, text: String) {
        tracing::info!(target: "pads", "{text}");
        if let Some(news) = &self.news {
            (news.0)(text);
        }
    }

    /// Passes the held parts of all pads to the watcher, if they have changed.
    fn notify_watcher(&mut self) {
        let mut all = HeldPads::default();
        for (id, pad) in &mut self.pads {
            // The menu uses the labels on the pad, not the title's mapping.
            let pressed = pad.parts.pressed(&pad.shape, &pad.bindings);
            let PadTuning { stick_zone, trigger_zone, .. } = *pad.tuning;
            all.buttons |= held(&pressed.gamepad(stick_zone, trigger_zone));
            let meant = pressed.meant(stick_zone, trigger_zone);
            // Only a new press: a part that is held, or drifts, must not change the last pad.
            if meant.0 & !pad.meant.0 != 0 {
                self.last = Some(*id);
            }
            pad.meant = meant;
            all.parts.0 |= meant.0;
        }
        if self.in_background {
            self.foreign = ForeignHeld(all);
        }
        let all = self.foreign.own(all);
        let Some((watcher, reported)) = &mut self.watcher else { return };
        if *reported != all {
            *reported = all;
            (watcher.0)(all);
        }
    }

    /// State of a user's controller and keyboard; `None` without a controller.
    fn pressed(&self, user: u32) -> Option<Pressed> {
        let pad = self.pad_of(user);
        let pad = pad.map(|pad| if self.in_background { Pressed::default() } else { pad.pressed() });
        let keyboard = (self.tuning.keyboard == Some(user)).then(|| {
            let mut pressed = Pressed::default();
            for &(key, control) in &self.tuning.keys {
                if self.keys_down.contains(&key) {
                    pressed.press(control, 1.0);
                }
            }
            pressed
        });
        match (pad, keyboard) {
            (Some(pad), Some(keyboard)) => Some(pad.with(&keyboard)),
            (pad, keyboard) => pad.or(keyboard),
        }
    }

    /// The same outside dead zones, as titles read it.
    fn gamepad(&self, user: u32) -> Option<Gamepad> {
        let zones = self.pad_of(user).map(|pad| (pad.tuning.stick_zone, pad.tuning.trigger_zone));
        let (stick_zone, trigger_zone) = zones.unwrap_or((self.tuning.stick_zone, self.tuning.trigger_zone));
        Some(self.pressed(user)?.gamepad(stick_zone, trigger_zone))
    }

    fn run_motors(&self) {
        let rests = self.still || self.in_background;
        for pad in self.pads.values() {
            let wanted = pad.user.filter(|_| !rests).map_or((0, 0), |user| self.wanted[user as usize]);
            let part = |speed: u16| (f32::from(speed) * pad.tuning.rumble).round() as u16;
            pad.motors.set(part(wanted.0), part(wanted.1));
        }
    }
}

impl Controllers {
    /// Loads mappings from `SDL_GAMECONTROLLERCONFIG`, `SDL_GAMECONTROLLERCONFIG_FILE` and these
    /// files (the first mapping for a controller is used), and starts looking for controllers.
    pub fn look_for_pads(&self, files: &[&Path]) -> anyhow::Result<()> {
        let mut mappings = Vec::new();
        let mut take = |text: &str, from: &str| {
            let (found, wrong) = sdl::parse(text);
            if let Some((line, why)) = wrong.first() {
                let more = if wrong.len() > 1 { " and others" } else { "" };
                tracing::warn!(target: "pads", "{from}: line {line}{more} left out: {why}");
            }
            mappings.extend(found);
        };
        if let Ok(text) = std::env::var("SDL_GAMECONTROLLERCONFIG") {
            take(&text, "SDL_GAMECONTROLLERCONFIG");
        }
        let named = std::env::var_os("SDL_GAMECONTROLLERCONFIG_FILE");
        for file in files.iter().copied().chain(named.as_deref().map(Path::new)) {
            take(&mapping_text(file)?, &file.display().to_string());
        }
        self.0.lock().mappings = mappings;
        #[cfg(all(feature = "pads", target_os = "linux"))]
        linux::start(self);
        #[cfg(all(feature = "pads", windows))]
        windows::start(self);
        Ok(())
    }

    /// Applies the settings of the title that runs now.
    pub fn tune(&self, tuning: Tuning) {
        let mut state = self.0.lock();
        for pad in state.pads.values_mut() {
            pad.tuning = Arc::new(tuning.pad_tuning(Some(&pad.name)));
        }
        state.tuning = tuning;
        state.wanted = <_>::default();
        state.run_motors();
    }

    /// Makes a weak reference.
    pub fn downgrade(&self) -> WatchedControllers {
        WatchedControllers(Arc::downgrade(&self.0))
    }

    /// Handles a key of the keyboard.
    pub fn keyboard(&self, key: KeyCode, pressed: bool) {
        let mut state = self.0.lock();
        if pressed {
            state.keys_down.insert(key)
        } else {
            state.keys_down.remove(&key)
        };
    }

    /// Releases all keys, because the window lost the keyboard.
    pub fn release_keyboard(&self) {
        self.0.lock().keys_down.clear();
    }

    /// The state of all pads and the keyboard together, before dead zones.
    fn pressed_by_all(&self) -> Pressed {
        let state = self.0.lock();
        let users = (0..USERS).filter_map(|user| state.pressed(user));
        users.fold(Pressed::default(), |all, pressed| all.with(&pressed))
    }

    /// Runs all motors, or stops them, so that a user feels their speed.
    pub fn test_motors(&self, on: bool) {
        let state = self.0.lock();
        for pad in state.pads.values() {
            let speed = if on { (f32::from(u16::MAX) * pad.tuning.rumble).round() as u16 } else { 0 };
            pad.motors.set(speed, speed);
        }
    }

    /// The pads that are plugged in, the oldest first.
    pub fn pads(&self) -> Vec<PluggedPad> {
        let state = self.0.lock();
        let plugged = |pad: &Pad| PluggedPad { name: pad.name.clone(), user: pad.user.map(|user| user + 1) };
        state.pads.values().map(plugged).collect()
    }

    /// The pad on which a part was pressed last, if it is still connected.
    pub fn last_pad(&self) -> Option<PadName> {
        let state = self.0.lock();
        state.last.and_then(|last| state.pads.get(&last)).map(|pad| pad.name.clone())
    }

    /// Calls `receiver` with a message for the user each time that a pad comes or goes.
    pub fn set_news_receiver(&self, receiver: impl Fn(String) + Send + 'static) {
        self.0.lock().news = Some(PadNews(Box::new(receiver)));
    }

    /// Stops the motors while the machine is paused, and resumes them.
    pub fn set_still(&self, still: bool) {
        let mut state = self.0.lock();
        state.still = still;
        state.run_motors();
    }

    /// Calls `watcher` with what pads hold, each time that it changes.
    pub fn watch_pads(&self, watcher: impl Fn(HeldPads) + Send + 'static) {
        self.0.lock().watcher = Some((PadWatcher(Box::new(watcher)), HeldPads::default()));
    }

    /// Adds a controller that other programs operate through a named pipe.
    pub fn plug_pipe(&self, path: &Path) -> anyhow::Result<()> {
        pipes::plug(self, path)
    }

    /// Adds a pad that was plugged in.
    pub fn plug(&self, shape: Shape, motors: Motors) -> PadId {
        let mapped = {
            let state = self.0.lock();
            let mapping = state.mappings.iter().find(|mapping| mapping.is_for(&shape));
            mapping.map(|mapping| mapping.bindings(&shape))
        };
        let bindings = mapped.or_else(|| shape.default_bindings()).unwrap_or_else(|| {
            tracing::warn!(
                target: "pads",
                setting = "pad-mappings",
                "{} does not identify its keys: it needs a mapping",
                shape.name
            );
            Vec::new()
        });
        self.add(shape, bindings, motors)
    }

    /// Adds a pad with these bindings.
    fn add(&self, shape: Shape, bindings: Vec<ControlBinding>, motors: Motors) -> PadId {
        let mut state = self.0.lock();
        state.plugged += 1;
        let id = PadId(state.plugged);
        let name = PadName { guid: sdl::guid_text(&shape), name: shape.name.clone() };
        let tuning = Arc::new(state.tuning.pad_tuning(Some(&name)));
        let parts = PadInputs::default();
        let meant = PartSet::default();
        let pad = Pad { user: None, shape, bindings, parts, motors, battery: None, name, tuning, meant };
        state.pads.insert(id, pad);
        state.seat();
        state.run_motors();
        id
    }

    /// Removes a pad that was unplugged.
    pub fn unplug(&self, pad: PadId) {
        let mut state = self.0.lock();
        if let Some(Pad { user: Some(user), shape, .. }) = state.pads.remove(&pad) {
            state.report(format!("{}, controller {}, is gone", shape.name, user + 1));
            // A pad that waits for the place must not start with the speeds of the one that is
            // gone.
            state.wanted[user as usize] = (0, 0);
        }
        state.seat();
        state.run_motors();
        state.notify_watcher();
    }

    /// Changes several parts of a pad at once.
    pub fn with(&self, pad: PadId, change: impl FnOnce(&mut PadInputs)) {
        let mut state = self.0.lock();
        if let Some(pad) = state.pads.get_mut(&pad) {
            change(&mut pad.parts);
        }
        state.notify_watcher();
    }

    /// Handles a key of a pad.
    pub fn key(&self, pad: PadId, key: u16, down: bool) {
        self.with(pad, |parts| parts.key(key, down));
    }

    /// Handles an axis of a pad.
    pub fn axis(&self, pad: PadId, axis: u16, value: i32) {
        self.with(pad, |parts| parts.axis(axis, value));
    }

    /// Sets the charge of a pad's battery.
    pub fn set_battery(&self, pad: PadId, level: Option<u8>) {
        if let Some(pad) = self.0.lock().pads.get_mut(&pad) {
            pad.battery = level;
        }
    }
}

/// Largest size in bytes of a file of mappings.
const MAX_MAPPING_BYTES: u64 = 64 << 20;

/// Reads a file of mappings.
fn mapping_text(file: &Path) -> anyhow::Result<String> {
    use anyhow::Context;
    let text =
        input_pipe::open_stream(file).and_then(|stream| input_pipe::read_text(stream, MAX_MAPPING_BYTES));
    text.with_context(|| format!("cannot read the mappings {}", file.display()))
}

#[cfg(test)]
mod tests;
