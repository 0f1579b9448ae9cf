//! Controllers (`XamInput*`), and the timer that dims the screen.
//!
//! Questions to the host carry the guest time of the call, by which lockstep runs are recorded and
//! replayed. The guide button is never reported, and while a dialog is open the title sees a
//! controller at rest.

use crate::abi::{Call, Ptr};
use crate::ports::{Gamepad, PadModel};
use crate::status::failure::Fallible;
use crate::user_index;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_memory::MemoryFault;
use xenia_user::notifications::{Notification, id};
use xenia_user::profile_settings::{SettingId, Value};

/// Exports of controllers.
pub struct XamInput;

/// Flag for any user.
const ANY_USER_FLAG: u32 = 1 << 30;
/// Flags that select kinds of devices; no such flag selects controllers.
const KINDS: u32 = 0xFF;
const CONTROLLERS: u32 = 1;
/// The guide button, which titles never see.
const GUIDE: u16 = 0x400;
/// Size in bytes of `INPUT_CAPABILITIES`.
const CAPABILITIES: u32 = 0x14;
/// Capability flags: force feedback, wireless.
const FORCE_FEEDBACK: u16 = 1;
const WIRELESS: u16 = 2;
/// Profile setting for the strength of vibration.
const VIBRATION: SettingId = SettingId(0x1004_0003);
/// Size in bytes of `INPUT_STATE`.
const STATE: u32 = 0x10;
/// Size in bytes of `INPUT_KEYSTROKE`.
const KEYSTROKE: u32 = 8;

/// Numbers of the devices other than controllers: a portal, and another one.
const PORTAL: u32 = 5;
const OTHER_DEVICES: [u32; 2] = [PORTAL, 6];
/// Maximum size in bytes of a transfer with such a device (xenia-canary).
const MAX_TRANSFER_SIZE: u32 = 0x20;

/// Returns the result of a transfer with a device other than a controller.
fn absent_device(device: u32, buffer: Option<GuestAddr>, length: u32) -> Win32Error {
    let has_data = buffer.is_some() && (1..=MAX_TRANSFER_SIZE).contains(&length);
    let is_valid = OTHER_DEVICES.contains(&device) && has_data;
    if is_valid { Win32Error::DEVICE_NOT_CONNECTED } else { Win32Error::INVALID_PARAMETER }
}

/// Returns the result of reading from a device other than a controller. The buffer's length is at
/// `length`.
fn read_other_device(
    call: &Call,
    device: u32,
    buffer: Option<GuestAddr>,
    length: Option<Ptr<u32>>,
    state: Option<GuestAddr>,
) -> Fallible<Win32Error> {
    let Some((length, _)) = length.zip(state) else { return Ok(Win32Error::INVALID_PARAMETER) };
    Ok(absent_device(device, buffer, length.read(call.memory())?))
}

/// Returns whether flags select controllers; keyboards and other devices are never connected.
fn means_controllers(flags: u32) -> bool {
    flags & KINDS == 0 || flags & CONTROLLERS != 0
}

/// Returns the requested user; any user means the first one with a controller.
fn user_of(call: &Call, user: u32, flags: u32) -> u32 {
    if user & user_index::ANY != user_index::ANY && flags & ANY_USER_FLAG == 0 {
        return user;
    }
    let connected = call.kernel.devices.input.lock().connected(call.now());
    if connected == 0 { 0 } else { connected.trailing_zeros() }
}

/// Notifies listeners that a controller was connected or removed, if that happened.
fn notify_if_changed(call: &mut Call, has_changed: bool) -> Fallible<()> {
    if has_changed {
        let changed = Notification { id: id::INPUT_DEVICES_CHANGED, parameter: 0 };
        call.kernel.notifier().notify(call.cpu, changed)?;
    }
    Ok(())
}

/// Polls which controllers are connected, and notifies listeners of a change.
pub(super) fn poll_connections(call: &mut Call) -> Fallible<()> {
    let connected = call.kernel.devices.input.lock().connected(call.now());
    let has_changed = call.kernel.user.connections.lock().observe_all(connected);
    notify_if_changed(call, has_changed)
}

/// Returns the state of this user's controller, as titles see it.
fn gamepad(call: &mut Call, user: u32) -> Fallible<Option<Gamepad>> {
    if user >= USERS {
        return Ok(None);
    }
    let pad = call.kernel.devices.input.lock().gamepad(user, call.now());
    let has_changed = call.kernel.user.connections.lock().observe(user, pad.is_some());
    notify_if_changed(call, has_changed)?;
    // While a dialog is open, input belongs to it and not to the title.
    let rests = call.kernel.user.dialog.is_open();
    let for_title = |pad: Gamepad| {
        if rests {
            Gamepad { packet: pad.packet, ..Gamepad::default() }
        } else {
            Gamepad { buttons: pad.buttons & !GUIDE, ..pad }
        }
    };
    Ok(pad.map(for_title))
}

/// Stores an `INPUT_GAMEPAD`.
fn write_gamepad(call: &Call, at: GuestAddr, pad: &Gamepad) -> Result<(), MemoryFault> {
    let memory = call.memory();
    memory.write(at, pad.buttons)?;
    memory.write(at.offset(2), pad.left_trigger)?;
    memory.write(at.offset(3), pad.right_trigger)?;
    for (offset, axis) in [(4, pad.left_x), (6, pad.left_y), (8, pad.right_x), (10, pad.right_y)] {
        memory.write(at.offset(offset), axis)?;
    }
    Ok(())
}

fn capabilities(call: &mut Call, user: u32, flags: u32, at: Option<Ptr<()>>) -> Fallible<Win32Error> {
    // All buttons and axes of the console's controller.
    const ALL: Gamepad = Gamepad {
        packet: 0,
        buttons: 0xF3FF,
        left_trigger: 0xFF,
        right_trigger: 0xFF,
        left_x: -1,
        left_y: -1,
        right_x: -1,
        right_y: -1,
    };
    let Some(at) = at else { return Ok(Win32Error::BAD_ARGUMENTS) };
    let memory = call.memory();
    let at = at.addr();
    memory.fill(at, CAPABILITIES, 0)?;
    let Some(model) = model(call, user, flags) else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
    let can = if model.has_motors { FORCE_FEEDBACK } else { 0 } | if model.wireless { WIRELESS } else { 0 };
    // Type 1 is a controller; its kind is the subtype.
    memory.write(at, 0x0100_u16 | model.kind as u16)?;
    memory.write(at.offset(2), can)?;
    write_gamepad(call, at.offset(4), &ALL)?;
    if model.has_motors {
        memory.write(at.offset(0x10), u32::MAX)?;
    }
    Ok(Win32Error::SUCCESS)
}

/// Returns the model of the requested user's controller.
fn model(call: &Call, user: u32, flags: u32) -> Option<PadModel> {
    let user = user_of(call, user, flags);
    let asks = means_controllers(flags) && user < USERS;
    if asks { call.kernel.devices.input.lock().model(user, call.now()) } else { None }
}

/// Stores the next keystroke (`INPUT_KEYSTROKE`) of a user, or of the first user with one; returns
/// the user. Without a keystroke it stores zeros.
fn keystroke_of(call: &mut Call, user: u32, flags: u32, at: Ptr<()>) -> Fallible<(Win32Error, Option<u32>)> {
    let is_any = user & user_index::ANY == user_index::ANY || flags & ANY_USER_FLAG != 0;
    let users = if is_any { 0..USERS } else { user..user.saturating_add(1).min(USERS) };
    let mut result = Win32Error::DEVICE_NOT_CONNECTED;
    // Some programs look only at the structure, and would see the last key again.
    call.memory().fill(at.addr(), KEYSTROKE, 0)?;
    if !means_controllers(flags) {
        return Ok((result, None));
    }
    for user in users {
        let pad = gamepad(call, user)?;
        let mut keystrokes = call.kernel.user.keystrokes.lock();
        let Some(pad) = pad else {
            keystrokes.disconnected(user);
            continue;
        };
        result = Win32Error::EMPTY;
        let Some(stroke) = keystrokes.next(user, &pad, call.now()) else { continue };
        let memory = call.memory();
        let at = at.addr();
        memory.write(at, stroke.key)?;
        // Keystrokes of controllers have no character.
        memory.write(at.offset(2), 0_u16)?;
        memory.write(at.offset(4), stroke.flags)?;
        memory.write(at.offset(6), user as u8)?;
        memory.write(at.offset(7), 0_u8)?;
        return Ok((Win32Error::SUCCESS, Some(user)));
    }
    Ok((result, None))
}

#[exports(xam)]
impl XamInput {
    /// Reads the state of a user's controller; without a buffer returns only whether it is
    /// connected. The guide button is reserved for the console and never reported.
    #[export(Done)]
    fn XamInputGetState(
        call: &mut Call,
        user: u32,
        flags: u32,
        state: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        let state = state.map(Ptr::addr);
        if let Some(at) = state {
            call.memory().fill(at, STATE, 0)?;
        }
        if !means_controllers(flags) {
            return Ok(Win32Error::DEVICE_NOT_CONNECTED);
        }
        let user = user_of(call, user, flags);
        let Some(pad) = gamepad(call, user)? else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
        if let Some(at) = state {
            call.memory().write(at, pad.packet)?;
            write_gamepad(call, at.offset(4), &pad)?;
        }
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the capabilities of a user's controller.
    #[export(Done)]
    fn XamInputGetCapabilities(
        call: &mut Call,
        user: u32,
        flags: u32,
        capabilities: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        self::capabilities(call, user, flags, capabilities)
    }

    /// Returns the capabilities of a user's controller; the first argument is a version, 0 or 1.
    /// Of the larger structure of version 1 only the fields of `XamInputGetCapabilities` are
    /// written, since the others and its size are not documented.
    #[export(Partial)]
    fn XamInputGetCapabilitiesEx(
        call: &mut Call,
        version: u32,
        user: u32,
        flags: u32,
        capabilities: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        if version > 1 {
            return Ok(Win32Error::NOT_SUPPORTED);
        }
        self::capabilities(call, user, flags, capabilities)
    }

    /// Sets the motors of a user's controller.
    #[export(Done)]
    fn XamInputSetState(
        call: &mut Call,
        user: u32,
        flags: u32,
        vibration: Option<Ptr<u16>>,
    ) -> Fallible<Win32Error> {
        let Some(vibration) = vibration else { return Ok(Win32Error::BAD_ARGUMENTS) };
        let left = vibration.read(call.memory())?;
        let right = vibration.at(1).read(call.memory())?;
        let user = user_of(call, user, flags);
        let connected =
            user < USERS && call.kernel.devices.input.lock().set_vibration(user, left, right, call.now());
        Ok(if connected { Win32Error::SUCCESS } else { Win32Error::DEVICE_NOT_CONNECTED })
    }

    /// Returns the next keystroke of a user's controller.
    #[export(Done)]
    fn XamInputGetKeystroke(
        call: &mut Call,
        user: u32,
        flags: u32,
        keystroke: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        let Some(keystroke) = keystroke else { return Ok(Win32Error::BAD_ARGUMENTS) };
        keystroke_of(call, user, flags, keystroke).map(|(result, _)| result)
    }

    /// Returns the next keystroke of a user's controller, and the user.
    #[export(Done)]
    fn XamInputGetKeystrokeEx(
        call: &mut Call,
        user: Option<Ptr<u32>>,
        flags: u32,
        keystroke: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        let (Some(user), Some(keystroke)) = (user, keystroke) else { return Ok(Win32Error::BAD_ARGUMENTS) };
        let number = user.read(call.memory())?;
        let (result, whose) = keystroke_of(call, number, flags, keystroke)?;
        if let Some(whose) = whose {
            user.write(call.memory(), whose)?;
        }
        Ok(result)
    }

    /// Returns properties of a user's controller: battery level, power source, signal strength and
    /// model. Of the seven words, port and version are 0, because there is no console radio or
    /// firmware.
    #[export(Partial)]
    fn XamInputGetDeviceStats(call: &mut Call, user: u32, stats: Option<Ptr<u32>>) -> Fallible<Win32Error> {
        const FULL: u32 = 3;
        const WIRE: u32 = 1;
        const RECHARGEABLE: u32 = 3;
        let Some(stats) = stats else { return Ok(Win32Error::BAD_ARGUMENTS) };
        let Some(model) = model(call, user, 0) else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
        let runs_on = if model.battery.is_some() { RECHARGEABLE } else { WIRE };
        let level = model.battery.map_or(FULL, |level| u32::from(level).min(FULL));
        let words = [level, runs_on, FULL, model.kind as u32, 0, 0, 0];
        for (index, word) in words.into_iter().enumerate() {
            stats.at(index as u32).write(call.memory(), word)?;
        }
        Ok(Win32Error::SUCCESS)
    }

    /// Returns the strength of vibration in the user's profile settings: from 3, as titles request
    /// it, to 0, off. Users who are not signed in get 0.
    #[export(Done)]
    fn XamInputGetUserVibrationLevel(call: &mut Call, user: u32) -> u32 {
        let profiles = call.kernel.user.profiles.lock();
        let Some(profile) = profiles.get(user) else { return 0 };
        let set = profile.setting(0, VIBRATION).cloned().or_else(|| VIBRATION.default());
        if let Some(Value::Bits(level)) = set { (level >> 32) as u32 } else { 0 }
    }

    /// Reads data of a portal, a device other than a controller: none is connected.
    #[export(Constant)]
    fn XamInputNonControllerGetRaw(
        call: &mut Call,
        state: Option<GuestAddr>,
        length: Option<Ptr<u32>>,
        buffer: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        read_other_device(call, PORTAL, buffer, length, state)
    }

    /// Like `XamInputNonControllerGetRaw`, for a device that has a number.
    #[export(Constant)]
    fn XamInputNonControllerGetRawEx(
        call: &mut Call,
        device: u32,
        buffer: Option<GuestAddr>,
        length: Option<Ptr<u32>>,
        state: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        read_other_device(call, device, buffer, length, state)
    }

    /// Sends data to a portal: none is connected.
    #[export(Constant)]
    fn XamInputNonControllerSetRaw(_call: &mut Call, length: u32, buffer: Option<GuestAddr>) -> Win32Error {
        absent_device(PORTAL, buffer, length)
    }

    /// Like `XamInputNonControllerSetRaw`, for a device that has a number.
    #[export(Constant)]
    fn XamInputNonControllerSetRawEx(
        _call: &mut Call,
        device: u32,
        buffer: Option<GuestAddr>,
        length: u32,
    ) -> Win32Error {
        absent_device(device, buffer, length)
    }

    /// Resets the inactivity timer. The screen is never dimmed here.
    #[export(Constant)]
    fn XamResetInactivity(_call: &mut Call) {}

    /// Enables or disables dimming of the screen, which never happens here.
    #[export(Constant)]
    fn XamEnableInactivityProcessing(_call: &mut Call, _unknown: u32, _enable: bool) -> Win32Error {
        Win32Error::SUCCESS
    }
}

#[cfg(test)]
mod tests;
