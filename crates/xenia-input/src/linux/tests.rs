//! Tests with a virtual pad (uinput): connecting, moving, rumble, disconnecting.

use super::super::config::Tuning;
use super::*;
use evdevil::event::{AbsEvent, EventKind, KeyEvent, KeyState, UinputCode};
use evdevil::ff::EffectKind;
use evdevil::uinput::{AbsSetup, UinputDevice};
use evdevil::{AbsInfo, Bus, InputId};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;
use xenia_kernel::ports::Input;
use xenia_testing::{Tool, obtain};

/// Timeout, longer than anything here takes on a busy host.
const LIMIT: Duration = Duration::from_mins(1);

/// Creates a pad with one button, one stick and two motors.
fn device(name: &str) -> io::Result<UinputDevice> {
    let axis = |axis| AbsSetup::new(axis, AbsInfo::new(-32768, 32767));
    UinputDevice::builder()?
        .with_input_id(InputId::new(Bus::USB, 0x045E, 0x028E, 0x0110))?
        .with_keys([Key::from_raw(code::BTN_SOUTH)])?
        .with_abs_axes([axis(Abs::X), axis(Abs::Y)])?
        .with_ff_features([Feature::RUMBLE])?
        .with_ff_effects_max(4)?
        .build(name)
}

/// Polls until there is a value.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "{what}: it did not come to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Acts as the pad's driver: reports the motor speeds that it receives, until `ended` is set.
fn drive(device: &UinputDevice, speeds: &Sender<(u16, u16)>, ended: &AtomicBool) -> io::Result<()> {
    let mut effect = (0, 0);
    let mut events = [InputEvent::zeroed(); 8];
    while !ended.load(Relaxed) {
        if !device.is_readable()? {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        let count = device.read_events(&mut events)?;
        for event in &events[..count] {
            match event.kind() {
                EventKind::Uinput(request) if request.code() == UinputCode::FF_UPLOAD => {
                    device.ff_upload(&request, |upload| {
                        if let EffectKind::Rumble(rumble) = upload.effect().kind() {
                            effect = (rumble.strong_magnitude(), rumble.weak_magnitude());
                        }
                        Ok(())
                    })?;
                }
                EventKind::Uinput(request) => device.ff_erase(&request, |_| Ok(()))?,
                EventKind::ForceFeedback(_) => {
                    let _ = speeds.send(if event.raw_value() == 0 { (0, 0) } else { effect });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[test]
fn a_pad_of_the_hosts_kernel_is_plugged_in_moved_shaken_and_pulled_out() {
    let name = format!("xenia-rs test {}", std::process::id());
    let Some(device) = obtain(Tool::Uinput, device(&name)) else { return };
    let mut controllers = Controllers::default();
    controllers.tune(Tuning { keyboard: None, ..Tuning::default() });
    start(&controllers);
    let user_of = |controllers: &Controllers| {
        let state = controllers.0.lock();
        state.pads.values().find(|pad| pad.shape.name == name).map(|pad| pad.user)
    };
    let user = wait_for("plugged in", || user_of(&controllers)).expect("there are at most three other pads");
    let model = controllers.model(user, 0).expect("it is there");
    assert!(model.has_motors && !model.wireless);

    let moved = [
        KeyEvent::new(Key::from_raw(code::BTN_SOUTH), KeyState::PRESSED).into(),
        AbsEvent::new(Abs::X, 32767).into(),
    ];
    device.write_events(&moved).expect("the kernel takes it");
    wait_for("pressed and moved", || {
        let pad = controllers.gamepad(user, 0)?;
        (pad.buttons == 0x1000 && pad.left_x == 32767).then_some(())
    });
    let released = KeyEvent::new(Key::from_raw(code::BTN_SOUTH), KeyState::RELEASED).into();
    device.write_events(&[released]).expect("the kernel takes it");
    wait_for("released", || (controllers.gamepad(user, 0)?.buttons == 0).then_some(()));

    let (sink, speeds): (_, Receiver<_>) = channel();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let driver = scope.spawn(|| drive(&device, &sink, &ended));
        for wanted in [(0x8000, 0xFFFF), (0x1234, 0), (0, 0)] {
            assert!(controllers.set_vibration(user, wanted.0, wanted.1, 0));
            while speeds.recv_timeout(LIMIT).expect("the motors get a speed") != wanted {}
        }
        ended.store(true, Relaxed);
        driver.join().expect("no panic").expect("the kernel answers");
    });
    drop(device);
    wait_for("pulled out", || user_of(&controllers).is_none().then_some(()));
    assert_eq!(controllers.gamepad(user, 0), None);
}
