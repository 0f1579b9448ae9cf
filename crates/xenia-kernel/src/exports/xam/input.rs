//! Controllers (`XamInput*`), and the timer that dims the screen.

use crate::abi::{Call, Ptr};
use crate::ports::Gamepad;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_memory::MemoryFault;

/// See the module's documentation.
pub struct Input;

/// User number that means any.
const ANY_USER: u32 = 0xFF;
/// Flag that means any user.
const ANY_USER_FLAG: u32 = 1 << 30;
/// Controllers.
const USERS: u32 = 4;
/// Bytes of `INPUT_CAPABILITIES`.
const CAPABILITIES: u32 = 0x14;
/// Bytes of `INPUT_STATE`.
const STATE: u32 = 0x10;

/// The user that is meant; any user means the first.
fn user_of(user: u32, flags: u32) -> u32 {
    if user & ANY_USER == ANY_USER || flags & ANY_USER_FLAG != 0 { 0 } else { user }
}

/// The controller of a user.
fn gamepad(call: &Call, user: u32, flags: u32) -> Option<Gamepad> {
    let user = user_of(user, flags);
    if user < USERS { call.kernel.devices.input.lock().gamepad(user, call.now()) } else { None }
}

/// `INPUT_GAMEPAD`.
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

fn capabilities(call: &Call, user: u32, flags: u32, at: Option<Ptr<()>>) -> Fallible<Win32Error> {
    // Everything that the pad of the console has.
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
    let (memory, at) = (call.memory(), at.addr());
    memory.fill(at, CAPABILITIES, 0)?;
    if gamepad(call, user, flags).is_none() {
        return Ok(Win32Error::DEVICE_NOT_CONNECTED);
    }
    // Type and subtype: a gamepad.
    memory.write(at, 0x0101_u16)?;
    write_gamepad(call, at.offset(4), &ALL)?;
    memory.write(at.offset(0x10), u32::MAX)?;
    Ok(Win32Error::SUCCESS)
}

/// Stores the next key stroke (`INPUT_KEYSTROKE`) of a user, or of the first user who has one; says whose it was.
fn keystroke_of(call: &Call, user: u32, flags: u32, at: Ptr<()>) -> Fallible<(Win32Error, Option<u32>)> {
    let is_any = user & ANY_USER == ANY_USER || flags & ANY_USER_FLAG != 0;
    let users = if is_any { 0..USERS } else { user..user.saturating_add(1).min(USERS) };
    let mut result = Win32Error::DEVICE_NOT_CONNECTED;
    for user in users {
        let pad = call.kernel.devices.input.lock().gamepad(user, call.now());
        let mut keystrokes = call.kernel.user.keystrokes.lock();
        let Some(pad) = pad else {
            keystrokes.disconnected(user);
            continue;
        };
        result = Win32Error::EMPTY;
        let Some(stroke) = keystrokes.next(user, &pad, call.now()) else { continue };
        let (memory, at) = (call.memory(), at.addr());
        memory.write(at, stroke.key)?;
        // A controller's keys are no characters.
        memory.write(at.offset(2), 0_u16)?;
        memory.write(at.offset(4), stroke.flags)?;
        memory.write(at.offset(6), user as u8)?;
        memory.write(at.offset(7), 0_u8)?;
        return Ok((Win32Error::SUCCESS, Some(user)));
    }
    Ok((result, None))
}

#[exports(xam)]
impl Input {
    /// State of a user's controller; without a place for it only whether there is one.
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
        let Some(pad) = gamepad(call, user, flags) else { return Ok(Win32Error::DEVICE_NOT_CONNECTED) };
        if let Some(at) = state {
            call.memory().write(at, pad.packet)?;
            write_gamepad(call, at.offset(4), &pad)?;
        }
        Ok(Win32Error::SUCCESS)
    }

    /// What a user's controller can do.
    #[export(Done)]
    fn XamInputGetCapabilities(
        call: &mut Call,
        user: u32,
        flags: u32,
        capabilities: Option<Ptr<()>>,
    ) -> Fallible<Win32Error> {
        self::capabilities(call, user, flags, capabilities)
    }

    /// What a user's controller can do; the first argument is a version, 0 or 1.
    #[export(Done)]
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

    /// Runs the motors of a user's controller.
    #[export(Done)]
    fn XamInputSetState(
        call: &mut Call,
        user: u32,
        flags: u32,
        vibration: Option<Ptr<u16>>,
    ) -> Fallible<Win32Error> {
        let Some(vibration) = vibration else { return Ok(Win32Error::BAD_ARGUMENTS) };
        let (left, right) = (vibration.read(call.memory())?, vibration.at(1).read(call.memory())?);
        let user = user_of(user, flags);
        let connected =
            user < USERS && call.kernel.devices.input.lock().set_vibration(user, left, right, call.now());
        Ok(if connected { Win32Error::SUCCESS } else { Win32Error::DEVICE_NOT_CONNECTED })
    }

    /// The next key stroke of a user's controller.
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

    /// The next key stroke of a user's controller; stores whose it was.
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

    /// Tells that somebody is there. Nothing here dims the screen.
    #[export(Constant)]
    fn XamResetInactivity(_call: &mut Call) {}

    /// Says whether the screen may be dimmed, which nothing here does.
    #[export(Constant)]
    fn XamEnableInactivityProcessing(_call: &mut Call, _unknown: u32, _enable: bool) -> Win32Error {
        Win32Error::SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use crate::exports::bench::Bench;
    use crate::ports::{Gamepad, Input};
    use std::sync::{Arc, Mutex};
    use xenia_sched::GuestTicks;

    /// One controller, of user 2.
    struct Third(Arc<Mutex<Gamepad>>);

    impl Input for Third {
        fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
            (user == 2).then(|| *self.0.lock().unwrap())
        }
        fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
            false
        }
    }

    #[test]
    fn key_strokes_are_stored_with_their_user() {
        const EMPTY: u64 = 0x10D2;
        const NOT_CONNECTED: u64 = 0x48F;
        const BAD_ARGUMENTS: u64 = 0xA0;
        let mut b = Bench::new();
        let pad = Arc::new(Mutex::new(Gamepad { buttons: 0x2000, ..Gamepad::default() }));
        *b.kernel.devices.input.lock() = Box::new(Third(pad.clone()));
        let base = u64::from(b.scratch.0);
        for user in [0, 4, 0xFFFF_FF00] {
            assert_eq!(b.xam_call("XamInputGetKeystroke", &[user, 0, base]), NOT_CONNECTED);
        }
        b.memory().write(b.scratch.offset(8), 0xFF_u32).unwrap();
        assert_eq!(b.xam_call("XamInputGetKeystrokeEx", &[base + 8, 0, base]), 0);
        assert_eq!([b.word(0), b.word(4), b.word(8)], [0x5801_0000, 0x0001_0200, 2]);
        assert_eq!(b.xam_call("XamInputGetKeystroke", &[0xFF, 0, base]), EMPTY);
        pad.lock().unwrap().buttons = 0;
        assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 0, base]), 0);
        assert_eq!(b.word(4), 0x0002_0200);
        assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 0, 0]), BAD_ARGUMENTS);
        assert_eq!(b.xam_call("XamInputGetKeystrokeEx", &[0, 0, base]), BAD_ARGUMENTS);
    }
}
