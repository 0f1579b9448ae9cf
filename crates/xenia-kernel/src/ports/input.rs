//! Controllers, as the kernel sees them.

use xenia_sched::GuestTicks;

/// State of a controller, in the numbers that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gamepad {
    /// Goes up by 1 with each change.
    pub packet: u32,
    /// 1 up, 2 down, 4 left, 8 right, 0x10 start, 0x20 back, 0x40 left stick, 0x80 right stick,
    /// 0x100 left shoulder, 0x200 right shoulder, 0x400 guide, 0x1000 A, 0x2000 B, 0x4000 X,
    /// 0x8000 Y.
    pub buttons: u16,
    /// 0–255.
    pub left_trigger: u8,
    /// 0–255.
    pub right_trigger: u8,
    /// −32768–32767, right is positive.
    pub left_x: i16,
    /// Up is positive.
    pub left_y: i16,
    /// Right is positive.
    pub right_x: i16,
    /// Up is positive.
    pub right_y: i16,
}

/// What a controller is built as; the numbers are those that titles see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PadKind {
    /// The console's own.
    #[default]
    Gamepad = 1,
    /// A steering wheel.
    Wheel = 2,
    /// An arcade stick.
    ArcadeStick = 3,
    /// A flight stick.
    FlightStick = 4,
    /// A mat.
    DancePad = 5,
    /// A guitar.
    Guitar = 6,
    /// Drums.
    Drums = 8,
}

impl PadKind {
    /// All of them.
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

/// What a controller is, beside where its parts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadModel {
    /// What it is built as.
    pub kind: PadKind,
    /// Whether it can be made to shake.
    pub has_motors: bool,
    /// Whether it has no wire.
    pub wireless: bool,
    /// How full its battery is, 0 empty to 3 full; `None`: it needs none, or does not say.
    pub battery: Option<u8>,
}

/// Users that may have a controller.
pub const PAD_USERS: u32 = 4;

/// Controllers of users 0–3. `now` is the guest time of the call: what a controller answers at
/// which time is all that a recording needs to know of it.
pub trait Input: Send {
    /// The controller of `user`; `None` if there is none.
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad>;

    /// Which users have one: a bit each.
    fn connected(&mut self, now: GuestTicks) -> u8 {
        (0..PAD_USERS).filter(|&user| self.gamepad(user, now).is_some()).map(|user| 1 << user).sum()
    }

    /// What the controller of `user` is; `None` if there is none. Unless somebody says otherwise,
    /// the console's own, on a wire.
    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.gamepad(user, now).map(|_| PadModel { has_motors: true, ..PadModel::default() })
    }

    /// Runs the motors of `user`'s controller, 0–65535 each, until they are told otherwise; `false`
    /// if there is no controller.
    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool;
}

/// No controllers.
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
