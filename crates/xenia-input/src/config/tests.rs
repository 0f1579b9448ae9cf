//! Tests of the tables of keys and pads.

use super::*;
use crate::control::{Side, StickDirection};

fn config(text: &str) -> InputConfig {
    parse(text, Path::new("/etc/x/config.toml")).unwrap()
}

fn refusal(text: &str) -> String {
    format!("{:#}", parse(text, Path::new("config.toml")).expect_err("accepted"))
}

#[test]
fn title_input_settings_override_global_and_default_ones() {
    let config = config(
        "[exec]\nheadless = true\n[input]\ndead-zone = 0.2\nkeyboard = 2\nmappings = 'db.txt'\n\
         [input.keys]\na = 'Space'\nleft-stick-up = ['KeyI', 'Numpad8']\n[input.buttons]\na = 'b'\nb = 'a'\n\
         [input.title.454108cf]\ndead-zone = 0\nkind = 'arcade-stick'\nkeyboard = 0\nrumble = 0.5\n\
         [input.title.454108cf.keys]\na = 'KeyQ'\n[input.title.454108cf.buttons]\nb = 'x'\n",
    );
    assert_eq!(config.mappings(), Some("/etc/x/db.txt".into()));
    let all = config.for_title(Some(1));
    let one = config.for_title(Some(0x4541_08CF));
    assert_eq!((all.stick_zone, all.trigger_zone, all.rumble, all.keyboard), (0.2, 0.05, 1.0, Some(1)));
    assert_eq!((one.stick_zone, one.rumble, one.keyboard), (0.0, 0.5, None));
    assert_eq!((all.kind, one.kind), (None, Some(PadKind::ArcadeStick)));
    let a = PadControl::Button(0x1000);
    let b = PadControl::Button(0x2000);
    let x = PadControl::Button(0x4000);
    let of = |tuning: &Tuning, control| -> Vec<KeyCode> {
        tuning.keys.iter().filter(|(_, known)| *known == control).map(|(key, _)| *key).collect()
    };
    assert_eq!((of(&all, a), of(&one, a)), (vec![KeyCode::Space], vec![KeyCode::KeyQ]));
    assert_eq!(
        of(&all, PadControl::Stick(Side::Left, StickDirection::Up)),
        [KeyCode::KeyI, KeyCode::Numpad8]
    );
    assert!(of(&one, PadControl::Button(0x100)).is_empty(), "its built-in key is A now");
    assert_eq!((all.buttons[&a], all.buttons[&b], one.buttons[&a], one.buttons[&b]), (b, a, b, x));
    assert_eq!(Tuning::default().keys.len(), keys::BUILT_IN.len());
}

#[test]
fn a_named_assignment_comes_before_that_of_all_titles_and_after_a_titles_own() {
    let config = config(
        "[input]\ncontroller = 'pad'\nrumble = 0.5\n[input.keys]\na = 'Space'\nb = 'KeyO'\n\
         [controller.pad]\ndead-zone = 0.3\n[controller.pad.keys]\na = 'KeyQ'\n\
         [controller.pad.buttons]\na = 'b'\n[controller.race-1]\nkind = 'wheel'\n\
         [input.title.454108CF]\ncontroller = 'race-1'\n[input.title.454108CF.keys]\nb = 'Digit5'\n",
    );
    let a = PadControl::Button(0x1000);
    let b = PadControl::Button(0x2000);
    let all = config.for_title(None);
    let one = config.for_title(Some(0x4541_08CF));
    let of = |tuning: &Tuning, part| tuning.keys_of(part).collect::<Vec<_>>();
    assert_eq!((of(&all, a), of(&all, b)), (vec![KeyCode::KeyQ], vec![KeyCode::KeyO]));
    assert_eq!((all.stick_zone, all.rumble, all.buttons.get(&a)), (0.3, 0.5, Some(&b)));
    assert_eq!((of(&one, a), of(&one, b)), (vec![KeyCode::Space], vec![KeyCode::Digit5]));
    assert_eq!((one.stick_zone, one.kind, one.buttons.get(&a)), (0.1, Some(PadKind::Wheel), None));
}

#[test]
fn keys_of_the_window_are_those_of_the_settings() {
    let config = config(
        "[hotkeys]\npause = ['KeyO', 'Ctrl+Space', 'pad:guide+a']\nreport = []\n[input.keys]\na = 'F9'\n",
    );
    let hotkeys = config.hotkeys();
    let of = |action: &str| -> Vec<&str> {
        let keys = hotkeys.keys().iter().filter(|binding| binding.action.name() == action);
        keys.map(|binding| binding.label.as_ref()).collect()
    };
    assert_eq!(of("pause"), ["O", "Ctrl+Space"]);
    assert_eq!((of("report").len(), of("save-state")), (0, vec!["F5"]));
    let chords: Vec<_> = hotkeys.chords().iter().map(|one| (one.buttons, one.label.as_str())).collect();
    assert_eq!(chords, [(0x1400, "pad guide+a")]);
    let a: Vec<KeyCode> = config.for_title(None).keys_of(PadControl::Button(0x1000)).collect();
    assert_eq!(a, [KeyCode::F9], "the window has no use for it");
}

#[test]
fn mistakes_are_named_with_their_line() {
    for (text, expected) in [
        ("[input]\ndead-zone = 2", &["line 2", "between 0 and 0.9"][..]),
        ("[input]\nrumble = -1.0", &["line 2", "between 0 and 1"]),
        ("[input]\nkeyboard = 5", &["line 2", "1 to 4"]),
        ("[input]\ndeadzone = 1", &["line 2", "deadzone", "dead-zone"]),
        ("[input]\nkind = 'sofa'", &["line 2", "sofa", "guitar"]),
        ("[input.keys]\na = 'Keyz'", &["line 2", "`Keyz` is not a key", "did you mean"]),
        ("[input.keys]\nleft-sholder = 'KeyZ'", &["line 2", "left-shoulder"]),
        ("[input.keys]\na = 'KeyZ'\nb = 'KeyZ'", &["KeyZ is both `a` and `b`"]),
        ("[input.buttons]\na = 'bb'", &["line 2", "bb"]),
        ("[input.title.xyz]\nkind = 'wheel'", &["eight digits"]),
        ("[input.title.454108CF]\nmappings = 'a'", &["454108CF", "all titles"]),
        ("[input.title.454108CF.title.454108CF]\nkeyboard = 1", &["no titles"]),
        ("[input]\ncontroller = 'x'\n[controller.y]\n", &["no [controller.x]", "y"]),
        ("[controller.'a b']\n", &["`a b` is not a name"]),
        ("[controller.y]\npads = true", &["[controller.y]", "[input]"]),
        ("[controller.y.keys]\na = 'KeyX'\nb = 'KeyX'", &["[controller.y]", "KeyX is both"]),
        ("[input.keys]\na = 'F1'", &["F1", "window", "`help`"]),
        ("[hotkeys]\npause = 'KeyZ'", &["KeyZ", "window", "`pause`", "`a`"]),
        ("[hotkeys]\npause = 'P'", &["line 2", "did you mean `KeyP`"]),
        ("[input.keys]\na = 'up'", &["line 2", "did you mean `ArrowUp`"]),
        ("[hotkeys]\npause = 'F5'\nmute = 'F5'", &["[hotkeys]", "F5 is both `pause` and `mute`"]),
        ("[hotkeys]\npuase = 'F5'", &["line 2", "did you mean `pause`"]),
        ("[hotkeys]\npause = ['F5', 'Ctrl+Spacee']", &["line 2", "did you mean `Space`"]),
        ("[hotkeys]\npause = 'pad:guide'", &["line 2", "two buttons"]),
        ("[hotkeys]\npause = 'pad:a+left-trigger'", &["line 2", "`left-trigger` is not a button"]),
        ("[hotkeys]\npause = 5", &["line 2", "a key or a list of keys"]),
    ] {
        let error = refusal(text);
        for part in expected {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
