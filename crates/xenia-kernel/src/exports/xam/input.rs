//! Controllers (`XamInput*`), and the timer that dims the screen.

use crate::abi::{Call, Ptr};
use crate::failure::Fallible;
use crate::ports::Gamepad;
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
    if user < USERS { call.kernel.input.lock().gamepad(user, call.now()) } else { None }
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
        let connected = user < USERS && call.kernel.input.lock().set_vibration(user, left, right, call.now());
        Ok(if connected { Win32Error::SUCCESS } else { Win32Error::DEVICE_NOT_CONNECTED })
    }

    /// The next key stroke of a user's controller: there are none, buttons are told as state only.
    #[export(Partial)]
    fn XamInputGetKeystroke(call: &mut Call, user: u32, flags: u32, _keystroke: Ptr<()>) -> Win32Error {
        match gamepad(call, user, flags) {
            Some(_) => Win32Error::EMPTY,
            None => Win32Error::DEVICE_NOT_CONNECTED,
        }
    }

    /// The next key stroke of some user's controller: there are none, buttons are told as state only.
    #[export(Partial)]
    fn XamInputGetKeystrokeEx(
        call: &mut Call,
        user: Ptr<u32>,
        flags: u32,
        _keystroke: Ptr<()>,
    ) -> Fallible<Win32Error> {
        let number = user.read(call.memory())?;
        Ok(match gamepad(call, number, flags) {
            Some(_) => Win32Error::EMPTY,
            None => Win32Error::DEVICE_NOT_CONNECTED,
        })
    }

    /// Tells that somebody is there. Nothing dims the screen.
    #[export(Done)]
    fn XamResetInactivity(_call: &mut Call) {}

    /// Whether the screen may be dimmed. It never is.
    #[export(Done)]
    fn XamEnableInactivityProcessing(_call: &mut Call, _unknown: u32, _enable: bool) -> Win32Error {
        Win32Error::SUCCESS
    }
}
