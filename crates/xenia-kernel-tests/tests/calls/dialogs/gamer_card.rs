//! Tests of gamer cards.

use super::*;
use xenia_user::profile_settings::{SettingId, Value};

#[test]
fn a_gamer_card_shows_a_player_of_this_console() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    let mut profile = b.kernel.user.profiles.lock().get(0).cloned().unwrap();
    profile.set(0, SettingId::GAMERSCORE, Value::Bits(120 << 32));
    let xuid = profile.xuid.0;
    b.kernel.user.profiles.lock().update(profile);
    let own = "Player 1\n120 G, 0 achievements in 0 titles";
    for (name, arguments, text) in [
        ("XamShowGamerCardUI", &[0][..], own),
        ("XamShowGamerCardUIForXUID", &[0, xuid], own),
        ("XamShowGamerCardUIForXUID", &[0, xuid + 1], "This console is not connected."),
    ] {
        assert_eq!(b.xam_call(name, arguments), SUCCESS, "{name}");
        assert_eq!(answers.boxes().last().unwrap().text, text, "{name}");
        b.pass_a_field();
    }
}
