//! Tests the assignment of users, and the effects of the keyboard, settings, motors and mappings.

use super::motors::MotorCommand;
use super::*;
use crate::shape::console_pad;
use std::time::Duration;
use xenia_kernel::ports::{Input, PadKind};

fn buttons(controllers: &mut Controllers) -> [Option<u16>; 4] {
    std::array::from_fn(|user| controllers.gamepad(user as u32, 0).map(|pad| pad.buttons))
}

fn without_keyboard() -> Controllers {
    let controllers = Controllers::default();
    controllers.tune(Tuning { keyboard: None, ..Tuning::default() });
    controllers
}

#[test]
fn pads_take_the_first_place_that_is_free_and_a_fifth_waits() {
    let mut controllers = without_keyboard();
    assert_eq!((controllers.connected(0), buttons(&mut controllers)), (0, [None; 4]));
    let pads: Vec<PadId> = (0..5).map(|_| controllers.plug(console_pad(), Motors::default())).collect();
    for (index, &pad) in pads.iter().enumerate() {
        controllers.key(pad, 0x130 + index.min(1) as u16, true);
    }
    assert_eq!(buttons(&mut controllers), [Some(0x1000), Some(0x2000), Some(0x2000), Some(0x2000)]);
    controllers.unplug(pads[0]);
    assert_eq!(buttons(&mut controllers)[0], Some(0x2000), "the fifth has its place");
    controllers.unplug(pads[2]);
    controllers.unplug(pads[2]);
    assert_eq!((controllers.connected(0), controllers.gamepad(2, 0)), (0b1011, None));
    controllers.key(pads[2], 0x130, true);
    controllers.plug(console_pad(), Motors::default());
    assert_eq!(buttons(&mut controllers)[2], Some(0), "another begins anew");
    assert_eq!(controllers.gamepad(4, 0), None);
}

#[test]
fn pads_operate_the_menu_and_the_machine_sees_nothing_of_that() {
    let mut controllers = without_keyboard();
    let (sender, received) = std::sync::mpsc::channel();
    controllers.watch_pads(move |held| {
        let _ = sender.send(held.buttons);
    });
    let pad = controllers.plug(console_pad(), Motors::default());
    controllers.key(pad, 0x130, true);
    controllers.key(pad, 0x130, true);
    controllers.axis(pad, 0, -32768);
    controllers.axis(pad, 0, -32760);
    assert_eq!(received.try_iter().collect::<Vec<_>>(), [0x1000, 0x1004], "each change, once");
    assert_eq!(buttons(&mut controllers)[0], Some(0x1000));
    controllers.set_in_menu(true);
    assert_eq!(buttons(&mut controllers)[0], Some(0));
    controllers.set_in_menu(false);
    assert_eq!(buttons(&mut controllers)[0], Some(0), "what closed the menu is the menu's");
    controllers.key(pad, 0x130, false);
    assert_eq!(buttons(&mut controllers)[0], Some(0));
    controllers.key(pad, 0x130, true);
    assert_eq!(buttons(&mut controllers)[0], Some(0x1000));
    controllers.unplug(pad);
    assert_eq!(received.try_iter().last(), Some(0));
}

#[test]
fn what_is_pressed_after_a_dialog_or_menu_has_closed_is_the_machines() {
    let mut controllers = without_keyboard();
    let pad = controllers.plug(console_pad(), Motors::default());
    controllers.key(pad, 0x130, true);
    controllers.take_held_buttons();
    controllers.key(pad, 0x131, true);
    assert_eq!(buttons(&mut controllers)[0], Some(Gamepad::B), "the machine looks only now");
    controllers.key(pad, 0x131, false);
    controllers.set_in_menu(true);
    controllers.set_in_menu(false);
    controllers.key(pad, 0x131, true);
    assert_eq!(buttons(&mut controllers)[0], Some(Gamepad::B));
}

#[test]
fn pads_in_the_background_press_nothing_until_they_are_released() {
    let mut controllers = without_keyboard();
    let (sender, received) = std::sync::mpsc::channel();
    controllers.watch_pads(move |held| {
        let _ = sender.send(held);
    });
    let motors = Motors::default();
    let pad = controllers.plug(console_pad(), motors.clone());
    controllers.set_vibration(0, 1000, 0, 0);
    controllers.key(pad, 0x130, true);
    controllers.axis(pad, 0, -32768);
    assert_eq!(buttons(&mut controllers)[0], Some(Gamepad::A));
    controllers.set_in_background(true);
    assert_eq!(received.try_iter().last(), Some(HeldPads::default()));
    let seen = controllers.gamepad(0, 0).unwrap();
    assert_eq!(Gamepad { packet: 0, ..seen }, Gamepad::default());
    assert_eq!(motors.next(Duration::ZERO), MotorCommand::Run(0, 0));
    controllers.key(pad, 0x131, true);
    controllers.set_in_background(false);
    assert_eq!(received.try_iter().count(), 0, "what is held was meant for another window");
    let seen = controllers.gamepad(0, 0).unwrap();
    assert!(seen.buttons == 0 && seen.left_x < 0, "{seen:?}");
    assert_eq!(motors.next(Duration::ZERO), MotorCommand::Run(1000, 0));
    controllers.key(pad, 0x131, false);
    assert_eq!(buttons(&mut controllers)[0], Some(0));
    controllers.key(pad, 0x131, true);
    assert_eq!(received.try_iter().last().map(|held| held.buttons), Some(Gamepad::B));
    assert_eq!(buttons(&mut controllers)[0], Some(Gamepad::B));
}

#[test]
fn buttons_pressed_while_guide_is_held_belong_to_the_window() {
    let mut controllers = without_keyboard();
    let pad = controllers.plug(console_pad(), Motors::default());
    // The keys are BTN_EAST, BTN_MODE and BTN_TR.
    for (key, down, seen) in [
        (0x131, true, Gamepad::B),
        (0x13C, true, Gamepad::B | Gamepad::GUIDE),
        (0x137, true, Gamepad::B | Gamepad::GUIDE),
        (0x13C, false, Gamepad::B),
        (0x137, false, Gamepad::B),
        (0x137, true, Gamepad::B | Gamepad::RIGHT_SHOULDER),
    ] {
        controllers.key(pad, key, down);
        assert_eq!(buttons(&mut controllers)[0], Some(seen), "{key:#x} {down}");
    }
}

#[test]
fn the_keyboard_is_one_users_beside_a_pad() {
    let mut controllers = Controllers::default();
    assert_eq!(buttons(&mut controllers), [Some(0), None, None, None]);
    for key in [KeyCode::KeyZ, KeyCode::KeyZ, KeyCode::Enter, KeyCode::Digit2, KeyCode::KeyJ, KeyCode::F1] {
        controllers.keyboard(key, true);
    }
    let pad = controllers.gamepad(0, 0).unwrap();
    assert_eq!((pad.buttons, pad.right_trigger, pad.left_x, pad.left_y), (0x1010, 255, -32768, 0));
    assert_eq!(
        (pad.packet, controllers.gamepad(0, 0).unwrap().packet),
        (1, 1),
        "each change that is seen, once"
    );
    controllers.keyboard(KeyCode::KeyL, true);
    assert_eq!(controllers.gamepad(0, 0).unwrap().left_x, 0, "opposite directions cancel out");
    let pad = controllers.plug(console_pad(), Motors::default());
    controllers.key(pad, 0x131, true);
    assert_eq!(controllers.gamepad(0, 0).unwrap().buttons, 0x3010);
    controllers.release_keyboard();
    assert_eq!(controllers.gamepad(0, 0).unwrap().buttons, 0x2000);
}

#[test]
fn settings_of_the_running_title_apply_immediately() {
    let mut controllers = without_keyboard();
    let pad = controllers.plug(console_pad(), Motors::default());
    controllers.key(pad, 0x130, true);
    controllers.axis(pad, 0, 6553);
    let read = |controllers: &mut Controllers| {
        let pad = controllers.gamepad(0, 0).unwrap();
        (pad.buttons, pad.left_x, controllers.model(0, 0).unwrap().kind)
    };
    assert_eq!(read(&mut controllers), (0x1000, 3640, PadKind::Gamepad));
    let config = "[input]\ndead-zone = 0.2\nkind = 'guitar'\nkeyboard = 0\n[input.buttons]\na = 'y'";
    controllers.tune(config::parse(config, Path::new("c")).unwrap().for_title(None));
    assert_eq!(read(&mut controllers), (0x8000, 0, PadKind::Guitar));
}

#[test]
fn motors_follow_their_user_and_stop_with_the_machine() {
    let mut controllers = without_keyboard();
    let motors = Motors::default();
    let order = || motors.next(Duration::ZERO);
    assert!(!controllers.set_vibration(0, 1, 1, 0));
    let pad = controllers.plug(console_pad(), motors.clone());
    assert_eq!(order(), MotorCommand::Run(0, 0), "an order without a receiver is forgotten");
    assert!(controllers.set_vibration(0, 1000, 65535, 0));
    assert_eq!(order(), MotorCommand::Run(1000, 65535));
    controllers.set_still(true);
    assert_eq!(order(), MotorCommand::Run(0, 0));
    controllers.set_still(false);
    assert_eq!(order(), MotorCommand::Run(1000, 65535));
    let half = "[input]\nrumble = 0.5\nkeyboard = 0";
    controllers.tune(config::parse(half, Path::new("c")).unwrap().for_title(None));
    assert_eq!(order(), MotorCommand::Run(0, 0), "another title has asked for nothing");
    controllers.set_vibration(0, 1000, 65535, 0);
    assert_eq!(order(), MotorCommand::Run(500, 32768));
    controllers.start_over();
    assert_eq!(order(), MotorCommand::Run(0, 0), "the machine goes back");
    controllers.set_vibration(0, 1000, 65535, 0);
    assert_eq!(order(), MotorCommand::Run(500, 32768));
    controllers.unplug(pad);
    controllers.plug(console_pad(), motors.clone());
    assert_eq!(order(), MotorCommand::Run(0, 0));
    assert!(!controllers.set_vibration(4, 1, 1, 0));
}

#[test]
fn a_mapping_that_is_given_comes_before_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db.txt");
    std::fs::write(&file, "rubbish\n030000005e0400008e02000014010000,p,a:b1,b:b0,platform:Linux,\n").unwrap();
    let mut controllers = without_keyboard();
    controllers.look_for_pads(&[&file]).unwrap();
    let pad = controllers.plug(console_pad(), Motors::default());
    controllers.key(pad, 0x130, true);
    assert_eq!(controllers.gamepad(0, 0).unwrap().buttons, 0x2000);
    assert!(controllers.look_for_pads(&[&dir.path().join("none")]).is_err());
}

#[test]
fn connected_and_removed_pads_are_reported() {
    let controllers = without_keyboard();
    let (sender, received) = std::sync::mpsc::channel();
    controllers.set_news_receiver(move |text| {
        let _ = sender.send(text);
    });
    let pad = controllers.plug(console_pad(), Motors::default());
    let name = console_pad().name;
    assert_eq!(controllers.pads().len(), 1);
    controllers.unplug(pad);
    assert_eq!(controllers.pads(), []);
    let expected = [format!("{name} is controller 1"), format!("{name}, controller 1, is gone")];
    assert_eq!(received.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_pad_has_the_settings_of_its_assignment_or_the_common_ones() {
    let mut controllers = without_keyboard();
    let guid = sdl::guid_text(&console_pad());
    let other = Shape { product: 1, ..console_pad() };
    let one = Motors::default();
    let two = Motors::default();
    let pads = [controllers.plug(console_pad(), one.clone()), controllers.plug(other, two.clone())];
    let text = format!(
        "[input]\nkeyboard = 0\n[controller.own]\nrumble = 0.5\ndead-zone = 0.5\nkind = 'wheel'\n\
         [controller.own.buttons]\na = 'left-trigger'\nleft-trigger = 'a'\n[pad]\n{guid} = 'own'\n"
    );
    controllers.tune(config::parse(&text, Path::new("c")).unwrap().for_title(None));
    for pad in pads {
        controllers.key(pad, 0x130, true);
        controllers.axis(pad, 0, 13_000);
    }
    let mut read = |user| {
        let pad = controllers.gamepad(user, 0).unwrap();
        (pad.buttons, pad.left_trigger, pad.left_x != 0, controllers.model(user, 0).unwrap().kind)
    };
    assert_eq!(read(0), (0, 255, false, PadKind::Wheel));
    assert_eq!(read(1), (0x1000, 0, true, PadKind::Gamepad));
    controllers.set_vibration(0, 1000, 0, 0);
    controllers.set_vibration(1, 1000, 0, 0);
    assert_eq!(one.next(Duration::ZERO), MotorCommand::Run(500, 0));
    assert_eq!(two.next(Duration::ZERO), MotorCommand::Run(1000, 0));
    // The trigger is a button now.
    controllers.key(pads[0], 0x130, false);
    controllers.axis(pads[0], 2, 255);
    let pad = controllers.gamepad(0, 0).unwrap();
    assert_eq!((pad.buttons, pad.left_trigger), (0x1000, 0));
    assert_eq!(controllers.last_pad().unwrap().guid, guid);
}
