//! Controllers on Linux: input devices, read through the kernel's evdev interface.
//!
//! One thread scans for devices every second. Each controller has a thread that waits for its
//! events, and if it has motors, another one that drives them. These threads never block the
//! machine.

use super::motors::{MotorCommand, Motors};
use super::shape::{Range, Shape, code};
use super::{Controllers, PadId, WatchedControllers};
use evdevil::Evdev;
use evdevil::event::{Abs, EventType, InputEvent, Key};
use evdevil::ff::{Effect, Feature, Replay, Rumble};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Folder of the system's input devices.
const FOLDER: &str = "/dev/input";
/// Interval between scans. Scans repeat because access rights to a device often arrive after the
/// device.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Duration of a rumble effect.
const EFFECT_MS: u16 = 30_000;
/// Interval after which a running effect is restarted, before its end.
const EFFECT_RENEWAL: Duration = Duration::from_secs(20);
/// Events of one device that are handled before the lock on the controllers is released.
const MAX_AT_ONCE: usize = 64;
/// Event that marks lost events.
const SYN_DROPPED: u16 = 3;

/// Starts the scan for controllers; it ends when `controllers` is dropped.
pub(super) fn start(controllers: &Controllers) {
    let watched = controllers.downgrade();
    let started = std::thread::Builder::new().name("pads".to_owned()).spawn(move || {
        let mut known: BTreeMap<PathBuf, Option<Arc<AtomicBool>>> = BTreeMap::new();
        while let Some(controllers) = watched.upgrade() {
            let found = devices();
            // A new device may have taken the path of one that is gone.
            known.retain(|path, alive| {
                found.contains(path) && alive.as_ref().is_none_or(|alive| alive.load(Relaxed))
            });
            for path in found {
                if known.contains_key(&path) {
                    continue;
                }
                match plug(&path, &controllers) {
                    Ok(alive) => drop(known.insert(path, alive)),
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                    Err(error) => {
                        tracing::debug!(target: "pads", "{}: {error}", path.display());
                        known.insert(path, None);
                    }
                }
            }
            // The controllers must not live for another second because of this thread.
            drop(controllers);
            std::thread::sleep(POLL_INTERVAL);
        }
    });
    if let Err(error) = started {
        tracing::warn!(target: "pads", "controllers are not looked for: {error}");
    }
}

/// Paths of the system's input devices.
fn devices() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_device =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"event"));
    let mut found: Vec<PathBuf> = entries.filter(is_device).collect();
    found.sort();
    found
}

/// Starts reading a device if it is a controller; the flag turns false when it is gone. `None`: the
/// device is not a controller.
fn plug(path: &Path, controllers: &Controllers) -> io::Result<Option<Arc<AtomicBool>>> {
    let device = Evdev::open(path)?;
    let shape = shape_of(&device)?;
    if !shape.is_controller() {
        return Ok(None);
    }
    let motors = Motors::default();
    let pad = controllers.plug(shape.clone(), motors.clone());
    let started = show(&device, &shape, controllers, pad).and_then(|()| {
        controllers.set_battery(pad, battery(path));
        if shape.has_motors {
            let device = device.try_clone()?;
            let motors = motors.clone();
            std::thread::Builder::new().name("pad motors".to_owned()).spawn(move || {
                if let Err(error) = run_motors(&device, &motors) {
                    tracing::debug!(target: "pads", "motors: {error}");
                }
            })?;
        }
        let alive = Arc::new(AtomicBool::new(true));
        let flag = alive.clone();
        let watched = controllers.downgrade();
        let motors = motors.clone();
        std::thread::Builder::new().name("pad".to_owned()).spawn(move || {
            let ended = read(&device, &shape, &watched, pad);
            tracing::debug!(target: "pads", "{}: {ended:?}", shape.name);
            motors.end();
            if let Some(controllers) = watched.upgrade() {
                controllers.unplug(pad);
            }
            flag.store(false, Relaxed);
        })?;
        Ok(alive)
    });
    if started.is_err() {
        motors.end();
        controllers.unplug(pad);
    }
    started.map(Some)
}

/// Reads the state of all parts of a device.
fn show(device: &Evdev, shape: &Shape, controllers: &Controllers, pad: PadId) -> io::Result<()> {
    let down = device.key_state()?;
    for &key in &shape.keys {
        controllers.key(pad, key, down.contains(Key::from_raw(key)));
    }
    for &(axis, _) in &shape.axes {
        controllers.axis(pad, axis, device.abs_info(Abs::from_raw(axis))?.raw_value());
    }
    Ok(())
}

/// Reads a device's events until it is gone or the controllers are dropped.
fn read(device: &Evdev, shape: &Shape, watched: &WatchedControllers, pad: PadId) -> io::Result<()> {
    let mut events = [InputEvent::zeroed(); MAX_AT_ONCE];
    loop {
        // This blocks, so no reference to the controllers may be held here.
        let count = device.read_events(&mut events)?;
        let Some(controllers) = watched.upgrade() else { return Ok(()) };
        let events = events.get(..count).unwrap_or_default();
        controllers.with(pad, |parts| {
            for event in events {
                match event.event_type() {
                    EventType::KEY => parts.key(event.raw_code(), event.raw_value() != 0),
                    EventType::ABS => parts.axis(event.raw_code(), event.raw_value()),
                    _ => {}
                }
            }
        });
        // The kernel dropped events because its buffer overflowed: read the whole state again.
        if events.iter().any(|event| event.event_type() == EventType::SYN && event.raw_code() == SYN_DROPPED)
        {
            show(device, shape, &controllers, pad)?;
        }
    }
}

fn shape_of(device: &Evdev) -> io::Result<Shape> {
    let id = device.input_id()?;
    let mut axes = Vec::new();
    for axis in device.supported_abs_axes()?.into_iter().filter(|axis| axis.raw() < code::ABS_MISC) {
        let info = device.abs_info(axis)?;
        axes.push((axis.raw(), Range { minimum: info.minimum(), maximum: info.maximum() }));
    }
    Ok(Shape {
        name: device.name()?,
        bus: id.bus().raw(),
        vendor: id.vendor(),
        product: id.product(),
        version: id.version(),
        keys: device.supported_keys()?.into_iter().map(Key::raw).collect(),
        axes,
        has_motors: device.supported_ff_features()?.contains(Feature::RUMBLE),
    })
}

/// Charge of a device's battery, 0 to 3, if the system reports it.
fn battery(path: &Path) -> Option<u8> {
    let name = path.file_name()?.to_str()?;
    let supplies = format!("/sys/class/input/{name}/device/device/power_supply");
    let supply = std::fs::read_dir(supplies).ok()?.flatten().next()?.path();
    let percent: u32 = std::fs::read_to_string(supply.join("capacity")).ok()?.trim().parse().ok()?;
    // The console's four levels: 100 / 26 is 3.
    Some((percent.min(100) / 26) as u8)
}

/// Drives a device's motors according to `motors`, until these end.
fn run_motors(device: &Evdev, motors: &Motors) -> io::Result<()> {
    let effect = |left, right| Effect::from(Rumble::new(left, right)).with_replay(Replay::new(EFFECT_MS, 0));
    let id = device.upload_ff_effect(effect(0, 0))?;
    let mut running = false;
    while let MotorCommand::Run(left, right) = motors.next(EFFECT_RENEWAL) {
        let run = (left, right) != (0, 0);
        if run {
            device.upload_ff_effect(effect(left, right).with_id(id))?;
        }
        // A stop is sent once: a pad at rest gets no commands.
        if run || running {
            device.control_ff(id, run)?;
        }
        running = run;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
