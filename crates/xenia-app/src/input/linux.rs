//! The host's controllers on Linux: its input devices, read through the kernel's own interface.
//!
//! One thread looks for devices each second; each controller has a thread that waits for what it
//! says and, if it has motors, one that tells it what they are to do. None of them ever holds a
//! machine up.

use super::motors::{Motors, Order};
use super::shape::{Range, Shape, code};
use super::{Controllers, PadId, Watched};
use evdevil::event::{Abs, EventType, InputEvent, Key};
use evdevil::ff::{Effect, Feature, Replay, Rumble};
use evdevil::{Bus, Evdev};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Where the system has its input devices.
const FOLDER: &str = "/dev/input";
/// How often it is looked for new ones: rights to a device often come a moment after it.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// How long an effect lasts. It is begun anew before.
const EFFECT_MS: u16 = 30_000;
const EFFECT_AGAIN: Duration = Duration::from_secs(20);
/// Events of one device that are taken before another thread may have the controllers.
const MOST_AT_ONCE: usize = 64;
/// The mark that events were lost.
const SYN_DROPPED: u16 = 3;

/// Starts to look for controllers, until nobody has `controllers` any more.
pub fn start(controllers: &Controllers) {
    let watched = controllers.downgrade();
    let started = std::thread::Builder::new().name("pads".to_owned()).spawn(move || {
        let mut known: BTreeMap<PathBuf, Option<Arc<AtomicBool>>> = BTreeMap::new();
        while let Some(controllers) = watched.upgrade() {
            let found = devices();
            // One that is gone, and another that has its name now, are two.
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
            drop(controllers);
            std::thread::sleep(LOOK_EACH);
        }
    });
    if let Err(error) = started {
        tracing::warn!(target: "pads", "controllers are not looked for: {error}");
    }
}

/// The system's input devices.
fn devices() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_device =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"event"));
    let mut found: Vec<PathBuf> = entries.filter(is_device).collect();
    found.sort();
    found
}

/// Begins to read a device, if it is a controller: the flag goes down when it is gone. `None`: it
/// is something else.
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
            let (device, motors) = (device.try_clone()?, motors.clone());
            std::thread::Builder::new().name("pad motors".to_owned()).spawn(move || {
                if let Err(error) = run_motors(&device, &motors) {
                    tracing::debug!(target: "pads", "motors: {error}");
                }
            })?;
        }
        let alive = Arc::new(AtomicBool::new(true));
        let (flag, watched, motors) = (alive.clone(), controllers.downgrade(), motors.clone());
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

/// Takes in where all of a device's parts are.
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

/// Takes in what a device says until it is gone, or nobody has the controllers.
fn read(device: &Evdev, shape: &Shape, watched: &Watched, pad: PadId) -> io::Result<()> {
    let mut events = [InputEvent::zeroed(); MOST_AT_ONCE];
    loop {
        // Waits without holding the controllers.
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
        // The system has thrown some away, because they came too fast.
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

/// Whether a device on this bus has no wire.
pub fn is_wireless(bus: u16) -> bool {
    bus == Bus::BLUETOOTH.raw()
}

/// How full a device's battery is, 0 to 3, if the system knows.
fn battery(path: &Path) -> Option<u8> {
    let name = path.file_name()?.to_str()?;
    let supplies = format!("/sys/class/input/{name}/device/device/power_supply");
    let supply = std::fs::read_dir(supplies).ok()?.flatten().next()?.path();
    let percent: u32 = std::fs::read_to_string(supply.join("capacity")).ok()?.trim().parse().ok()?;
    Some((percent.min(100) / 26) as u8)
}

/// Does what `motors` say until they end.
fn run_motors(device: &Evdev, motors: &Motors) -> io::Result<()> {
    let effect = |left, right| Effect::from(Rumble::new(left, right)).with_replay(Replay::new(EFFECT_MS, 0));
    let id = device.upload_ff_effect(effect(0, 0))?;
    let mut running = false;
    while let Order::Run(left, right) = motors.next(EFFECT_AGAIN) {
        let run = (left, right) != (0, 0);
        if run {
            device.upload_ff_effect(effect(left, right).with_id(id))?;
        }
        if run || running {
            device.control_ff(id, run)?;
        }
        running = run;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
