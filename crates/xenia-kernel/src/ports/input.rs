//! Input port: game controllers.

use xenia_guest::USERS;
use xenia_sched::GuestTicks;

/// State of a controller, with the values that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gamepad {
    /// Packet number, incremented with each change.
    pub packet: u32,
    /// Held buttons, as a mask of their bits, such as [`Gamepad::A`].
    pub buttons: u16,
    /// Left trigger, 0–255.
    pub left_trigger: u8,
    /// Right trigger, 0–255.
    pub right_trigger: u8,
    /// −32768–32767; right is positive.
    pub left_x: i16,
    /// −32768–32767; up is positive.
    pub left_y: i16,
    /// −32768–32767; right is positive.
    pub right_x: i16,
    /// −32768–32767; up is positive.
    pub right_y: i16,
}

/// Bits of the buttons in [`Gamepad::buttons`], as titles see them.
impl Gamepad {
    /// Up on the directional pad.
    pub const UP: u16 = 0x0001;
    /// Down on the directional pad.
    pub const DOWN: u16 = 0x0002;
    /// Left on the directional pad.
    pub const LEFT: u16 = 0x0004;
    /// Right on the directional pad.
    pub const RIGHT: u16 = 0x0008;
    /// The start button.
    pub const START: u16 = 0x0010;
    /// The back button.
    pub const BACK: u16 = 0x0020;
    /// Click of the left stick.
    pub const LEFT_STICK: u16 = 0x0040;
    /// Click of the right stick.
    pub const RIGHT_STICK: u16 = 0x0080;
    /// The left shoulder button.
    pub const LEFT_SHOULDER: u16 = 0x0100;
    /// The right shoulder button.
    pub const RIGHT_SHOULDER: u16 = 0x0200;
    /// The guide button.
    pub const GUIDE: u16 = 0x0400;
    /// The A button.
    pub const A: u16 = 0x1000;
    /// The B button.
    pub const B: u16 = 0x2000;
    /// The X button.
    pub const X: u16 = 0x4000;
    /// The Y button.
    pub const Y: u16 = 0x8000;
}

/// Controller subtype; the values are those that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PadKind {
    /// The standard gamepad.
    #[default]
    Gamepad = 1,
    /// A steering wheel.
    Wheel = 2,
    /// An arcade stick.
    ArcadeStick = 3,
    /// A flight stick.
    FlightStick = 4,
    /// A dance mat.
    DancePad = 5,
    /// A guitar controller.
    Guitar = 6,
    /// A drum kit.
    Drums = 8,
}

impl PadKind {
    pub const ALL: [Self; 7] = [
        Self::Gamepad,
        Self::Wheel,
        Self::ArcadeStick,
        Self::FlightStick,
        Self::DancePad,
        Self::Guitar,
        Self::Drums,
    ];
}

/// Capabilities of a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadModel {
    /// Subtype of the controller.
    pub kind: PadKind,
    /// Whether it has rumble motors.
    pub has_motors: bool,
    /// Whether it is wireless.
    pub wireless: bool,
    /// Battery level, 0 (empty) to 3 (full); `None` if it has no battery or does not report the
    /// level.
    pub battery: Option<u8>,
}

/// Controllers of users 0–3. `now` is the guest time of the call; a recording only has to contain
/// the answers and their times.
pub trait Input: Send {
    /// State of `user`'s controller; `None` if it is not connected.
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad>;

    /// Connected controllers as a bit mask of users.
    fn connected(&mut self, now: GuestTicks) -> u8 {
        (0..USERS).filter(|&user| self.gamepad(user, now).is_some()).map(|user| 1 << user).sum()
    }

    /// Capabilities of `user`'s controller; `None` if it is not connected. By default a wired
    /// standard gamepad.
    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.gamepad(user, now).map(|_| PadModel { has_motors: true, ..PadModel::default() })
    }

    /// Sets the speed of the two rumble motors, 0–65535 each, until the next call; returns `false`
    /// if no controller is connected.
    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool;

    /// Stops all motors: the machine goes back to another moment, or another kernel follows.
    /// Recordings do not count it, since it is not a call of the title.
    fn start_over(&mut self) {}
}

/// Input port without controllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInput;

impl Input for NoInput {
    fn connected(&mut self, _: GuestTicks) -> u8 {
        0
    }
    fn gamepad(&mut self, _: u32, _: GuestTicks) -> Option<Gamepad> {
        None
    }
    fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        false
    }
}
