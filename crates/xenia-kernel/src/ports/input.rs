//! Input port: game controllers.

use xenia_guest::USERS;
use xenia_sched::GuestTicks;

/// State of a controller, with the values that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gamepad {
    /// Packet number, incremented with each change.
    pub packet: u32,
    /// Button mask: 1 up, 2 down, 4 left, 8 right, 0x10 start, 0x20 back, 0x40 left stick, 0x80
    /// right stick, 0x100 left shoulder, 0x200 right shoulder, 0x400 guide, 0x1000 A, 0x2000 B,
    /// 0x4000 X, 0x8000 Y.
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
