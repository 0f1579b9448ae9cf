//! `[input]` of config.toml: the mapping of keys and pads, for all titles and for single ones.
//!
//! ```toml
//! [input]
//! dead-zone = 0.1            # of a stick's range, from the middle
//! trigger-dead-zone = 0.05
//! rumble = 1.0               # factor on the motor speeds that titles request
//! keyboard = 1               # user of the keyboard, 1 to 4; 0: no user
//! pads = true                # whether the host's controllers are used
//! mappings = "gamecontrollerdb.txt"
//! kind = "gamepad"           # kind of controller that titles see
//!
//! [input.keys]               # replaces the built-in keys of the parts named
//! a = ["Space", "KeyZ"]
//!
//! [input.buttons]            # button on the pad = button that titles see
//! a = "b"
//!
//! [input.title.454108CF]     # the same settings for one title
//! dead-zone = 0.2
//! ```

pub mod edit;

use super::control::PadControl;
use super::hotkeys::HotkeyTable;
use super::keys::{self, NamedKey};
use super::one_or_many::OneOrMany;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xenia_kernel::ports::PadKind;
use xenia_render::{Hotkeys, KeyCode};

/// A fraction, from 0 to 1.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Fraction(f32);

impl TryFrom<f64> for Fraction {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&number) {
            Ok(Self(number as f32))
        } else {
            Err(format!("{number} is not between 0 and 1"))
        }
    }
}

/// A dead zone, which must leave a part of the range.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "f64")]
struct Zone(f32);

impl TryFrom<f64> for Zone {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=0.9).contains(&number) {
            Ok(Self(number as f32))
        } else {
            Err(format!("{number} is not between 0 and 0.9"))
        }
    }
}

/// One of four users, counted from 1; 0 is no user.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
struct Place(Option<u32>);

impl TryFrom<u32> for Place {
    type Error = String;
    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            0 => Ok(Self(None)),
            1..=4 => Ok(Self(Some(number - 1))),
            _ => Err(format!("{number} is not a user: users are 1 to 4, and 0 is none")),
        }
    }
}

/// Kind of controller that titles see.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Gamepad,
    Wheel,
    ArcadeStick,
    FlightStick,
    DancePad,
    Guitar,
    Drums,
}

impl From<Kind> for PadKind {
    fn from(kind: Kind) -> Self {
        Self::ALL[kind as usize]
    }
}

/// A title's id, in eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct TitleId(u32);

impl TryFrom<String> for TitleId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let id = u32::from_str_radix(&text, 16).ok().filter(|_| digits);
        id.map(Self).ok_or_else(|| format!("`{text}` is not a title ID of eight digits, such as 454108CF"))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Table {
    dead_zone: Option<Zone>,
    trigger_dead_zone: Option<Zone>,
    rumble: Option<Fraction>,
    keyboard: Option<Place>,
    pads: Option<bool>,
    mappings: Option<PathBuf>,
    kind: Option<Kind>,
    keys: BTreeMap<PadControl, OneOrMany<NamedKey>>,
    buttons: BTreeMap<PadControl, PadControl>,
    title: BTreeMap<TitleId, Table>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    input: Table,
    #[serde(default)]
    hotkeys: HotkeyTable,
}

/// The tables `[input]` and `[hotkeys]` of the settings.
#[derive(Clone, Debug, Default)]
pub struct InputConfig {
    table: Table,
    hotkeys: Hotkeys,
    /// Folder that its paths are relative to.
    folder: PathBuf,
}

/// Settings that apply to one title.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Dead zone of sticks, as a fraction of the range.
    pub stick_zone: f32,
    /// Dead zone of triggers, as a fraction of the range.
    pub trigger_zone: f32,
    /// Factor on the motor speeds that titles request.
    pub rumble: f32,
    /// User of the keyboard.
    pub keyboard: Option<u32>,
    /// Whether the host's controllers are used.
    pub pads: bool,
    /// Kind of controller that titles see instead of the detected one.
    pub kind: Option<PadKind>,
    /// Assignment of keys to parts of the controller.
    pub keys: Vec<(KeyCode, PadControl)>,
    /// Parts of pads that are remapped to other parts.
    pub buttons: BTreeMap<PadControl, PadControl>,
}

impl Tuning {
    /// The keys of a part.
    pub fn keys_of(&self, part: PadControl) -> impl Iterator<Item = KeyCode> {
        self.keys.iter().filter(move |(_, control)| *control == part).map(|(key, _)| *key)
    }
}

impl Default for Tuning {
    fn default() -> Self {
        InputConfig::default().for_title(None)
    }
}

/// Parses the tables `[input]` and `[hotkeys]` of a settings file. Errors name the line.
pub fn parse(text: &str, path: &Path) -> Result<InputConfig> {
    let Document { input: table, hotkeys } = toml::from_str(text)
        .map_err(|error| anyhow::anyhow!("{}", error.to_string().trim_end()))
        .with_context(|| format!("{}: keys and pads", path.display()))?;
    let hotkeys = hotkeys.hotkeys().with_context(|| format!("{}: [hotkeys]", path.display()))?;
    for (id, of_title) in &table.title {
        if !of_title.title.is_empty() {
            bail!("{}: [input.title.{:08X}]: a title has no titles", path.display(), id.0);
        }
        if of_title.mappings.is_some() || of_title.pads.is_some() {
            bail!(
                "{}: [input.title.{:08X}]: `mappings` and `pads` are for all titles: say them in [input]",
                path.display(),
                id.0
            );
        }
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let config = InputConfig { table, hotkeys, folder };
    for id in [None].into_iter().chain(config.table.title.keys().map(|id| Some(id.0))) {
        config.check_keys(id).with_context(|| format!("{}: [input.keys]", path.display()))?;
    }
    Ok(config)
}

impl InputConfig {
    /// The file of mappings that the table names.
    pub fn mappings(&self) -> Option<PathBuf> {
        self.table.mappings.as_ref().map(|path| self.folder.join(path))
    }

    fn tables(&self, title: Option<u32>) -> impl Iterator<Item = &Table> {
        let own = title.and_then(|id| self.table.title.get(&TitleId(id)));
        own.into_iter().chain([&self.table])
    }

    /// The keys of the window.
    pub fn hotkeys(&self) -> &Hotkeys {
        &self.hotkeys
    }

    /// Refuses a key that is assigned to two parts, or to a part and the window.
    fn check_keys(&self, title: Option<u32>) -> Result<()> {
        let keys = self.for_title(title).keys;
        for (index, (key, control)) in keys.iter().enumerate() {
            let mut windows = self.hotkeys.keys().iter().filter(|binding| binding.is_reserved());
            if let Some(binding) = windows.find(|binding| binding.key == *key) {
                bail!(
                    "{} is the window's (`{}` in [hotkeys]: it {}), and cannot be `{}` too",
                    keys::name(*key),
                    binding.action.name(),
                    binding.action.meaning(),
                    control.name()
                );
            }
            if let Some((_, other)) = keys[..index].iter().find(|(known, _)| known == key) {
                bail!("{} is both `{}` and `{}`", keys::name(*key), other.name(), control.name());
            }
        }
        Ok(())
    }

    /// Settings for a title: those of its table, then those for all titles, then the built-in ones.
    pub fn for_title(&self, title: Option<u32>) -> Tuning {
        let named = |control: PadControl| self.tables(title).find_map(|table| table.keys.get(&control));
        let mut keys: Vec<(KeyCode, PadControl)> = Vec::new();
        for (_, control) in super::control::CONTROLS {
            if let Some(named) = named(control) {
                keys.extend(named.0.iter().map(|key| (key.0, control)));
            }
        }
        // A built-in key is dropped if its part or the key itself was assigned otherwise.
        for &(key, control) in keys::BUILT_IN {
            if named(control).is_none() && keys.iter().all(|(taken, _)| *taken != key) {
                keys.push((key, control));
            }
        }
        let mut buttons = self.table.buttons.clone();
        for table in self.tables(title).take(usize::from(title.is_some())) {
            buttons.extend(table.buttons.iter().map(|(from, to)| (*from, *to)));
        }
        let zone = |of: fn(&Table) -> Option<Zone>| self.tables(title).find_map(of).map(|zone| zone.0);
        Tuning {
            stick_zone: zone(|table| table.dead_zone).unwrap_or(0.1),
            trigger_zone: zone(|table| table.trigger_dead_zone).unwrap_or(0.05),
            rumble: self.tables(title).find_map(|table| table.rumble).map_or(1.0, |part| part.0),
            keyboard: self.tables(title).find_map(|table| table.keyboard).map_or(Some(0), |place| place.0),
            pads: self.table.pads.unwrap_or(true),
            kind: self.tables(title).find_map(|table| table.kind).map(Into::into),
            keys,
            buttons,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::control::{Side, StickDirection};

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
        let (all, one) = (config.for_title(Some(1)), config.for_title(Some(0x4541_08CF)));
        assert_eq!((all.stick_zone, all.trigger_zone, all.rumble, all.keyboard), (0.2, 0.05, 1.0, Some(1)));
        assert_eq!((one.stick_zone, one.rumble, one.keyboard), (0.0, 0.5, None));
        assert_eq!((all.kind, one.kind), (None, Some(PadKind::ArcadeStick)));
        let (a, b, x) = (PadControl::Button(0x1000), PadControl::Button(0x2000), PadControl::Button(0x4000));
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
        for (text, said) in [
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
            ("[input.keys]\na = 'F1'", &["F1", "window", "`help`"]),
            ("[hotkeys]\npause = 'KeyZ'", &["KeyZ", "window", "`pause`", "`a`"]),
            ("[hotkeys]\npause = 'F5'\nmute = 'F5'", &["[hotkeys]", "F5 is both `pause` and `mute`"]),
            ("[hotkeys]\npuase = 'F5'", &["line 2", "did you mean `pause`"]),
            ("[hotkeys]\npause = ['F5', 'Ctrl+Spacee']", &["line 2", "did you mean `Space`"]),
            ("[hotkeys]\npause = 'pad:guide'", &["line 2", "two buttons"]),
            ("[hotkeys]\npause = 'pad:a+left-trigger'", &["line 2", "`left-trigger` is not a button"]),
            ("[hotkeys]\npause = 5", &["line 2", "a key or a list of keys"]),
        ] {
            let error = refusal(text);
            for part in said {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }
}
