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
//! controller = "racing"      # a named assignment, also in [input]
//!
//! [controller.racing]        # the same settings under a name
//! kind = "wheel"
//!
//! [pad]                      # assignments of single pads, by SDL's GUID or by name
//! 030000005e0400008e02000014010000 = "racing"
//! ```

pub mod edit;
mod pad;
#[cfg(test)]
mod tests;

use super::control::PadControl;
use super::hotkeys::HotkeyTable;
use super::keys::{self, NamedKey};
use super::one_or_many::OneOrMany;
use anyhow::{Context, Result, bail};
pub use pad::{PadName, PadTuning};
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
        let most = f64::from(edit::MAX_ZONE) / 100.0;
        if (0.0..=most).contains(&number) {
            Ok(Self(number as f32))
        } else {
            Err(format!("{number} is not between 0 and {most}"))
        }
    }
}

/// One of four users, counted from 1; 0 is not a user.
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

/// Longest name of an assignment in bytes.
const MAX_NAME_LENGTH: usize = 32;

/// Name of an assignment, which needs no quotes in a settings file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct ControllerName(String);

impl TryFrom<String> for ControllerName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_plain && (1..=MAX_NAME_LENGTH).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a name of 1 to {MAX_NAME_LENGTH} letters, digits, `-` and `_`"))
        }
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
    /// The named assignment.
    controller: Option<ControllerName>,
    keys: BTreeMap<PadControl, OneOrMany<NamedKey>>,
    buttons: BTreeMap<PadControl, PadControl>,
    title: BTreeMap<TitleId, Table>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    input: Table,
    #[serde(default)]
    controller: BTreeMap<ControllerName, Table>,
    #[serde(default)]
    pad: BTreeMap<String, ControllerName>,
    #[serde(default)]
    hotkeys: HotkeyTable,
}

/// The tables `[input]`, `[controller]`, `[pad]` and `[hotkeys]` of the settings.
#[derive(Clone, Debug, Default)]
pub struct InputConfig {
    table: Table,
    /// The assignments that have names.
    controllers: BTreeMap<ControllerName, Table>,
    /// The named assignments of single pads, by GUID or name.
    pads: BTreeMap<String, ControllerName>,
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
    /// Settings of pads with assignments of their own, by GUID or name.
    pub own: BTreeMap<String, PadTuning>,
}

impl Tuning {
    /// The keys of a part.
    pub fn keys_of(&self, part: PadControl) -> impl Iterator<Item = KeyCode> {
        self.keys.iter().filter(move |(_, control)| *control == part).map(|(key, _)| *key)
    }
}

impl Tuning {
    /// Settings of a pad: its own, or those of all.
    pub fn pad_tuning(&self, pad: Option<&PadName>) -> PadTuning {
        let own = pad.and_then(|pad| self.own.get(&pad.guid).or_else(|| self.own.get(&pad.name)));
        own.cloned().unwrap_or_else(|| PadTuning {
            stick_zone: self.stick_zone,
            trigger_zone: self.trigger_zone,
            rumble: self.rumble,
            kind: self.kind,
            buttons: self.buttons.clone(),
        })
    }
}

impl Default for Tuning {
    fn default() -> Self {
        InputConfig::default().for_title(None)
    }
}

/// Parses the tables `[input]`, `[controller]`, `[pad]` and `[hotkeys]` of a settings file. Errors
/// name the line.
pub fn parse(text: &str, path: &Path) -> Result<InputConfig> {
    let Document { input: table, controller: controllers, pad: pads, hotkeys } = toml::from_str(text)
        .map_err(|error| anyhow::anyhow!("{}", error.to_string().trim_end()))
        .with_context(|| format!("{}: keys and pads", path.display()))?;
    let hotkeys = hotkeys.hotkeys().with_context(|| format!("{}: [hotkeys]", path.display()))?;
    for (id, of_title) in &table.title {
        if !of_title.title.is_empty() {
            bail!("{}: [input.title.{:08X}]: a title has no titles", path.display(), id.0);
        }
        if of_title.mappings.is_some() || of_title.pads.is_some() {
            bail!(
                "{}: [input.title.{:08X}]: `mappings` and `pads` are for all titles: set them in [input]",
                path.display(),
                id.0
            );
        }
    }
    for (ControllerName(name), of_name) in &controllers {
        let is_of_all = of_name.mappings.is_some() || of_name.pads.is_some() || of_name.keyboard.is_some();
        if is_of_all || !of_name.title.is_empty() || of_name.controller.is_some() {
            bail!(
                "{}: [controller.{name}]: `mappings`, `pads`, `keyboard`, `controller` and titles belong to \
                 [input]",
                path.display()
            );
        }
    }
    let of_tables =
        [&table].into_iter().chain(table.title.values()).filter_map(|table| table.controller.as_ref());
    for ControllerName(name) in of_tables.chain(pads.values()) {
        if !controllers.keys().any(|known| known.0 == *name) {
            let known: Vec<&str> = controllers.keys().map(|known| known.0.as_str()).collect();
            let others = if known.is_empty() {
                String::new()
            } else {
                format!(", or name one of {}", known.join(", "))
            };
            bail!("{}: there is no [controller.{name}]: add that table{others}", path.display());
        }
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let config = InputConfig { table, controllers, pads, hotkeys, folder };
    config.check_all().with_context(|| format!("{}: [input.keys]", path.display()))?;
    Ok(config)
}

impl InputConfig {
    /// The file of mappings that the table names.
    pub fn mappings(&self) -> Option<PathBuf> {
        self.table.mappings.as_ref().map(|path| self.folder.join(path))
    }

    /// The title's own table, if there is one.
    fn title_table(&self, title: Option<u32>) -> Option<&Table> {
        title.and_then(|id| self.table.title.get(&TitleId(id)))
    }

    /// Name of the assignment that is in use for a title.
    fn controller(&self, title: Option<u32>) -> Option<&ControllerName> {
        self.title_table(title).into_iter().chain([&self.table]).find_map(|table| table.controller.as_ref())
    }

    /// The tables that act on a title, from the one that comes first.
    fn tables(&self, title: Option<u32>) -> impl DoubleEndedIterator<Item = &Table> {
        let named = self.controller(title).and_then(|name| self.controllers.get(name));
        [self.title_table(title), named, Some(&self.table)].into_iter().flatten()
    }

    /// Refuses an assignment that a title, or a named one in use for all titles, must not have.
    fn check_all(&self) -> Result<()> {
        for id in [None].into_iter().chain(self.table.title.keys().map(|id| Some(id.0))) {
            let checked = self.check_keys(id);
            match id {
                Some(id) => checked.with_context(|| format!("in the settings of title {id:08X}"))?,
                None => checked?,
            }
        }
        for name in self.controllers.keys() {
            // A named assignment that is not in use now can be chosen while a title runs.
            let mut used = self.clone();
            used.table.controller = Some(name.clone());
            used.check_keys(None).with_context(|| format!("[controller.{}]", name.0))?;
        }
        Ok(())
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
        let PadTuning { stick_zone, trigger_zone, rumble, kind, buttons } =
            pad::tuning(&self.tables(title).collect::<Vec<_>>());
        Tuning {
            stick_zone,
            trigger_zone,
            rumble,
            keyboard: self.tables(title).find_map(|table| table.keyboard).map_or(Some(0), |place| place.0),
            pads: self.table.pads.unwrap_or(true),
            kind,
            keys,
            buttons,
            own: self.pad_tunings(title),
        }
    }
}
