//! Tests of controllers that are connected and removed, and of their notifications.

use crate::harness::Harness;
use crate::ports::{Gamepad, Input, PadKind, PadModel};
use std::sync::{Arc, Mutex};
use xenia_sched::GuestTicks;

const EMPTY: u64 = 0x10D2;
const NOT_CONNECTED: u64 = 0x48F;
const BAD_ARGUMENTS: u64 = 0xA0;
const DRUMS: PadModel = PadModel { kind: PadKind::Drums, has_motors: true, wireless: true, battery: Some(1) };

/// A fake input port: the connected controllers, and the motor values they were sent.
#[derive(Clone, Default)]
struct Pads(Arc<Mutex<Plugged>>);

#[derive(Default)]
struct Plugged {
    pads: [Option<Gamepad>; 4],
    motors: Vec<(u32, u16, u16)>,
}

impl Pads {
    fn plug(&self, user: usize, pad: impl Into<Option<Gamepad>>) {
        self.0.lock().unwrap().pads[user] = pad.into();
    }
}

impl Input for Pads {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        self.0.lock().unwrap().pads[user as usize]
    }
    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.gamepad(user, now).map(|_| if user == 2 { DRUMS } else { PadModel::default() })
    }
    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool {
        self.0.lock().unwrap().motors.push((user, left, right));
        self.gamepad(user, now).is_some()
    }
}

fn harness() -> (Harness, Pads, u64) {
    let b = Harness::new();
    let pads = Pads::default();
    *b.kernel.devices.input.lock() = Box::new(pads.clone());
    let base = u64::from(b.scratch.0);
    (b, pads, base)
}

fn held(buttons: u16) -> Gamepad {
    Gamepad { packet: 7, buttons, left_x: -2, right_trigger: 9, ..Gamepad::default() }
}

#[test]
fn key_strokes_are_stored_with_their_user() {
    let (mut b, pads, base) = harness();
    pads.plug(2, held(0x2000));
    for user in [0, 4, 0xFFFF_FF00] {
        assert_eq!(b.xam_call("XamInputGetKeystroke", &[user, 0, base]), NOT_CONNECTED);
    }
    assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 2, base]), NOT_CONNECTED, "a keyboard's");
    b.memory().write(b.scratch.offset(8), 0xFF_u32).unwrap();
    assert_eq!(b.xam_call("XamInputGetKeystrokeEx", &[base + 8, 0, base]), 0);
    assert_eq!([b.word(0), b.word(4), b.word(8)], [0x5801_0000, 0x0001_0200, 2]);
    for (name, user) in [("XamInputGetKeystroke", 0xFF), ("XamInputGetKeystrokeEx", base + 8)] {
        b.memory().write(b.scratch, u64::MAX).unwrap();
        assert_eq!(b.xam_call(name, &[user, 0, base]), EMPTY);
        assert_eq!([b.word(0), b.word(4)], [0, 0], "{name}: no key is left");
    }
    pads.plug(2, held(0x400));
    assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 0, base]), 0);
    assert_eq!(b.word(4), 0x0002_0200);
    assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 0, base]), EMPTY, "the guide button is not a key");
    assert_eq!(b.xam_call("XamInputGetKeystroke", &[2, 0, 0]), BAD_ARGUMENTS);
    assert_eq!(b.xam_call("XamInputGetKeystrokeEx", &[0, 0, base]), BAD_ARGUMENTS);
}

#[test]
fn the_state_is_that_of_the_user_without_the_guide_button() {
    let (mut b, pads, base) = harness();
    pads.plug(1, held(0x1400));
    for (user, flags, result) in [
        (1, 0, 0),
        (1, 1, 0),
        (0xFF, 0, 0),
        (3, 1 << 30, 0),
        (1, 2, NOT_CONNECTED),
        (0, 0, NOT_CONNECTED),
        (4, 0, NOT_CONNECTED),
    ] {
        b.memory().fill(b.scratch, 0x10, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamInputGetState", &[user, flags, base]), result, "{user} {flags:x}");
        let state = if result == 0 { [7, 0x1000_0009, 0xFFFE_0000, 0] } else { [0; 4] };
        assert_eq!([0, 4, 8, 12].map(|at| b.word(at)), state);
        assert_eq!(b.xam_call("XamInputGetState", &[user, flags, 0]), result);
    }
}

#[test]
fn controller_kinds_report_their_capabilities() {
    let (mut b, pads, base) = harness();
    pads.plug(0, held(0));
    pads.plug(2, held(0));
    for (user, first, motors) in [(0, 0x0101_0000, 0), (2, 0x0108_0003, u32::MAX)] {
        assert_eq!(b.xam_call("XamInputGetCapabilities", &[user, 1, base]), 0);
        assert_eq!([0, 4, 8, 12, 16].map(|at| b.word(at)), [first, 0xF3FF_FFFF, u32::MAX, u32::MAX, motors]);
        assert_eq!(b.xam_call("XamInputGetCapabilitiesEx", &[1, user, 0, base]), 0);
    }
    assert_eq!(b.xam_call("XamInputGetCapabilities", &[0, 2, base]), NOT_CONNECTED);
    assert_eq!(b.xam_call("XamInputGetCapabilities", &[1, 0, base]), NOT_CONNECTED);
    assert_eq!(b.word(0), 0);
    for (user, stats) in [(0, [3, 1, 3, 1]), (2, [1, 3, 3, 8])] {
        assert_eq!(b.xam_call("XamInputGetDeviceStats", &[user, base]), 0);
        assert_eq!([0, 4, 8, 12].map(|at| b.word(at)), stats);
    }
    assert_eq!(b.xam_call("XamInputGetDeviceStats", &[1, base]), NOT_CONNECTED);
    assert_eq!(b.xam_call("XamInputGetDeviceStats", &[0, 0]), BAD_ARGUMENTS);
    assert_eq!(b.xam_call("XamInputGetUserVibrationLevel", &[0]), 3);
    assert_eq!(b.xam_call("XamInputGetUserVibrationLevel", &[3]), 0);
}

#[test]
fn motors_are_those_of_the_user() {
    let (mut b, pads, base) = harness();
    pads.plug(3, held(0));
    b.memory().write(b.scratch, 0x1234_FFFF_u32).unwrap();
    assert_eq!(b.xam_call("XamInputSetState", &[3, 0, base]), 0);
    assert_eq!(b.xam_call("XamInputSetState", &[0xFF, 0, base]), 0);
    assert_eq!(b.xam_call("XamInputSetState", &[1, 0, base]), NOT_CONNECTED);
    assert_eq!(b.xam_call("XamInputSetState", &[4, 0, base]), NOT_CONNECTED);
    assert_eq!(b.xam_call("XamInputSetState", &[3, 0, 0]), BAD_ARGUMENTS);
    let speeds = (0x1234, 0xFFFF);
    assert_eq!(
        pads.0.lock().unwrap().motors,
        [(3, speeds.0, speeds.1), (3, speeds.0, speeds.1), (1, speeds.0, speeds.1)]
    );
}

#[test]
fn listeners_are_notified_of_controller_changes() {
    let (mut b, pads, base) = harness();
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let next = |b: &mut Harness| {
        b.xam_call("XNotifyGetNext", &[listener, 0x12, base, base + 4]) == 1 && b.word(0) == 0x12
    };
    assert!(!next(&mut b));
    pads.plug(1, held(0));
    assert!(next(&mut b) && !next(&mut b), "seen by the question itself");
    pads.plug(1, None);
    pads.plug(3, held(0));
    assert_eq!(b.xam_call("XamInputGetState", &[1, 0, 0]), NOT_CONNECTED);
    assert!(next(&mut b) && next(&mut b) && !next(&mut b), "one is seen gone, one there");
}
