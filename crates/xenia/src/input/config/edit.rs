//! Changes of the assignment while titles run, and how they stand in a settings file.
//!
//! A change acts where the running title's assignment comes from: in the title's own table if that
//! names the part, else in the table of all titles. A change after which a key would be assigned to
//! two parts of any title is refused, as it would be in a file.

use super::{Fraction, InputConfig, Table, TitleId, Zone};
use crate::input::control::{CONTROLS, PadControl};
use crate::input::keys::{self, NamedKey};
use crate::input::one_or_many::OneOrMany;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use xenia_render::KeyCode;

/// Largest dead zone in percent.
pub const MOST_ZONE: u16 = 90;

/// A fraction of `[input]` that a page changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputFraction {
    /// Dead zone of sticks.
    StickZone,
    /// Dead zone of triggers.
    TriggerZone,
    /// Factor on the motor speeds that titles request.
    Rumble,
}

impl InputFraction {
    /// All, in the order of the page.
    pub const ALL: [Self; 3] = [Self::StickZone, Self::TriggerZone, Self::Rumble];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::StickZone => "dead-zone",
            Self::TriggerZone => "trigger-dead-zone",
            Self::Rumble => "rumble",
        }
    }

    fn get(self, table: &Table) -> Option<f32> {
        match self {
            Self::StickZone => table.dead_zone.map(|zone| zone.0),
            Self::TriggerZone => table.trigger_dead_zone.map(|zone| zone.0),
            Self::Rumble => table.rumble.map(|part| part.0),
        }
    }

    fn set(self, table: &mut Table, part: Option<f32>) {
        match self {
            Self::StickZone => table.dead_zone = part.map(Zone),
            Self::TriggerZone => table.trigger_dead_zone = part.map(Zone),
            Self::Rumble => table.rumble = part.map(Fraction),
        }
    }
}

/// A setting that was changed: the title of its table, and its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputKey {
    title: Option<u32>,
    name: InputName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum InputName {
    /// Keys of a part.
    Keys(PadControl),
    /// The part that a button of pads is.
    Button(PadControl),
    Fraction(InputFraction),
}

/// Settings that were changed.
pub type ChangedInput = BTreeSet<InputKey>;

impl InputConfig {
    /// The table of a title, or of all titles.
    fn table(&mut self, title: Option<u32>) -> &mut Table {
        match title {
            Some(id) => self.table.title.entry(TitleId(id)).or_default(),
            None => &mut self.table,
        }
    }

    /// Whether there is a table of a title, or of all titles.
    fn has_table(&self, title: Option<u32>) -> bool {
        title.is_none_or(|id| self.table.title.contains_key(&TitleId(id)))
    }

    /// The title in whose table a setting acts, if that has it: `None` for the table of all titles.
    fn owner(&self, title: Option<u32>, has: impl Fn(&Table) -> bool) -> Option<u32> {
        title.filter(|id| self.table.title.get(&TitleId(*id)).is_some_and(has))
    }

    /// Makes a change, unless it leads to an assignment that a file must not have.
    fn try_change(&mut self, change: impl FnOnce(&mut Self) -> ChangedInput) -> Result<ChangedInput> {
        let mut new = self.clone();
        let changed = change(&mut new);
        for id in [None].into_iter().chain(new.table.title.keys().map(|id| Some(id.0))) {
            let checked = new.check_keys(id);
            match id {
                Some(id) => checked.with_context(|| format!("in the settings of title {id:08X}"))?,
                None => checked?,
            }
        }
        *self = new;
        Ok(changed)
    }

    /// Assigns a key to a part, as its only key; other parts lose the key.
    pub fn bind_key(&mut self, title: Option<u32>, part: PadControl, key: KeyCode) -> Result<ChangedInput> {
        let named = NamedKey::try_from(keys::name(key).to_owned()).map_err(anyhow::Error::msg)?;
        self.try_change(|config| {
            let mut changed = ChangedInput::new();
            for owner in [None, title].into_iter().take(1 + usize::from(title.is_some())) {
                if !config.has_table(owner) {
                    continue;
                }
                for (other, keys) in &mut config.table(owner).keys {
                    if *other != part && keys.0.contains(&named) {
                        keys.0.retain(|known| *known != named);
                        changed.insert(InputKey { title: owner, name: InputName::Keys(*other) });
                    }
                }
            }
            let owner = config.owner(title, |table| table.keys.contains_key(&part));
            config.table(owner).keys.insert(part, OneOrMany(vec![named]));
            changed.insert(InputKey { title: owner, name: InputName::Keys(part) });
            changed
        })
    }

    /// Takes all keys from a part.
    pub fn unbind(&mut self, title: Option<u32>, part: PadControl) -> Result<ChangedInput> {
        self.try_change(|config| {
            let owner = config.owner(title, |table| table.keys.contains_key(&part));
            config.table(owner).keys.insert(part, OneOrMany(Vec::new()));
            [InputKey { title: owner, name: InputName::Keys(part) }].into()
        })
    }

    /// Makes a button of pads, as it is printed on them, a part for titles. The button that was
    /// this part becomes what the other one was, so that no part is lost.
    pub fn bind_button(&mut self, title: Option<u32>, part: PadControl, button: PadControl) -> ChangedInput {
        let buttons = self.for_title(title).buttons;
        let meant = |printed: PadControl| buttons.get(&printed).copied().unwrap_or(printed);
        let before = meant(button);
        let other = CONTROLS.iter().map(|(_, control)| *control).find(|control| meant(*control) == part);
        let owner = self.owner(title, |table| !table.buttons.is_empty());
        let mut changed = ChangedInput::new();
        for (printed, now) in [(other.unwrap_or(part), before), (button, part)] {
            self.table(owner).buttons.insert(printed, now);
            changed.insert(InputKey { title: owner, name: InputName::Button(printed) });
        }
        changed
    }

    /// Sets a fraction, in percent.
    pub fn set_fraction(
        &mut self,
        title: Option<u32>,
        fraction: InputFraction,
        percent: u16,
    ) -> ChangedInput {
        let most = if fraction == InputFraction::Rumble { 100 } else { MOST_ZONE };
        let owner = self.owner(title, |table| fraction.get(table).is_some());
        fraction.set(self.table(owner), Some(f32::from(percent.min(most)) / 100.0));
        [InputKey { title: owner, name: InputName::Fraction(fraction) }].into()
    }

    /// Goes back to the built-in assignment, also for one title.
    pub fn reset(&mut self, title: Option<u32>) -> ChangedInput {
        let mut changed = ChangedInput::new();
        for owner in [None, title].into_iter().take(1 + usize::from(title.is_some())) {
            if self.has_table(owner) {
                let table = self.table(owner);
                let keys = std::mem::take(&mut table.keys).into_keys().map(InputName::Keys);
                let buttons = std::mem::take(&mut table.buttons).into_keys().map(InputName::Button);
                let fractions = InputFraction::ALL.into_iter().filter(|fraction| {
                    let is_set = fraction.get(table).is_some();
                    fraction.set(table, None);
                    is_set
                });
                let names = keys.chain(buttons).chain(fractions.map(InputName::Fraction));
                changed.extend(names.map(|name| InputKey { title: owner, name }));
            }
        }
        changed
    }

    /// A changed setting as a key of the settings file and its value; `None` if it is not set any
    /// more.
    pub fn setting(&self, key: InputKey) -> (String, Option<String>) {
        let InputKey { title, name } = key;
        let table = match title {
            Some(id) => self.table.title.get(&TitleId(id)),
            None => Some(&self.table),
        };
        let prefix = title.map_or_else(|| "input".to_owned(), |id| format!("input.title.{id:08X}"));
        let quoted = |key: &NamedKey| format!("\"{}\"", keys::name(key.0));
        match name {
            InputName::Keys(part) => {
                let keys = table.and_then(|table| table.keys.get(&part));
                let list =
                    |keys: &OneOrMany<NamedKey>| keys.0.iter().map(quoted).collect::<Vec<_>>().join(", ");
                (format!("{prefix}.keys.{}", part.name()), keys.map(|keys| format!("[{}]", list(keys))))
            }
            InputName::Button(printed) => {
                let now = table.and_then(|table| table.buttons.get(&printed));
                (format!("{prefix}.buttons.{}", printed.name()), now.map(|part| part.name().to_owned()))
            }
            InputName::Fraction(fraction) => {
                let part = table.and_then(|table| fraction.get(table));
                // Rounded: 0.15 is not a number of 32 bits.
                let text = |part: f32| format!("{part:.2}");
                (format!("{prefix}.{}", fraction.name()), part.map(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use std::path::Path;

    const A: PadControl = PadControl::Button(0x1000);
    const B: PadControl = PadControl::Button(0x2000);
    const X: PadControl = PadControl::Button(0x4000);
    const TITLE: u32 = 0x4541_08CF;

    fn config(text: &str) -> InputConfig {
        parse(text, Path::new("config.toml")).unwrap()
    }

    /// The changed settings as a settings file would have them.
    fn lines(config: &InputConfig, changed: &ChangedInput) -> Vec<String> {
        let line = |(key, value): (String, Option<String>)| match value {
            Some(value) => format!("{key} = {value}"),
            None => format!("no {key}"),
        };
        changed.iter().map(|key| line(config.setting(*key))).collect()
    }

    fn keys_of(config: &InputConfig, title: Option<u32>, part: PadControl) -> Vec<KeyCode> {
        let keys = config.for_title(title).keys;
        keys.into_iter().filter(|(_, control)| *control == part).map(|(key, _)| key).collect()
    }

    #[test]
    fn a_key_moves_from_part_to_part() {
        let mut config = config("[input.keys]\nb = ['Space', 'KeyO']\n");
        let changed = config.bind_key(None, A, KeyCode::Space).unwrap();
        assert_eq!(lines(&config, &changed), ["input.keys.a = [\"Space\"]", "input.keys.b = [\"KeyO\"]"]);
        assert_eq!(keys_of(&config, None, A), [KeyCode::Space]);
        // X is built-in for B no more, and free for another part.
        let changed = config.bind_key(None, A, KeyCode::KeyX).unwrap();
        assert_eq!(lines(&config, &changed), ["input.keys.a = [\"KeyX\"]"]);
        let changed = config.unbind(None, A).unwrap();
        assert_eq!(lines(&config, &changed), ["input.keys.a = []"]);
        assert!(keys_of(&config, None, A).is_empty());
        let changed = config.reset(None);
        assert_eq!(lines(&config, &changed), ["no input.keys.a", "no input.keys.b"]);
        assert_eq!(keys_of(&config, None, A), [KeyCode::KeyZ]);
    }

    #[test]
    fn a_titles_own_assignment_is_changed_in_its_table() {
        let mut config = config("[input.title.454108CF.keys]\na = 'KeyQ'\n");
        let changed = config.bind_key(Some(TITLE), A, KeyCode::KeyO).unwrap();
        assert_eq!(lines(&config, &changed), ["input.title.454108CF.keys.a = [\"KeyO\"]"]);
        let changed = config.bind_key(Some(TITLE), B, KeyCode::KeyP).unwrap();
        assert_eq!(lines(&config, &changed), ["input.keys.b = [\"KeyP\"]"]);
        assert_eq!(keys_of(&config, None, A), [KeyCode::KeyZ]);
        // Another title would have the key twice.
        let error = config.bind_key(None, X, KeyCode::KeyO).unwrap_err();
        assert!(format!("{error:#}").contains("title 454108CF: KeyO is both"), "{error:#}");
        assert_eq!(keys_of(&config, None, X), [KeyCode::KeyA], "as before");
    }

    #[test]
    fn keys_of_the_window_are_refused() {
        let error = config("").bind_key(None, A, KeyCode::F1).unwrap_err();
        assert!(error.to_string().contains("F1"), "{error}");
    }

    #[test]
    fn buttons_change_places() {
        let mut config = config("");
        let changed = config.bind_button(None, A, B);
        assert_eq!(lines(&config, &changed), ["input.buttons.a = b", "input.buttons.b = a"]);
        config.bind_button(None, X, B);
        let buttons = config.for_title(None).buttons;
        assert_eq!((buttons[&B], buttons[&X], buttons[&A]), (X, A, B), "each part has a button");
        config.bind_button(None, X, B);
        assert_eq!(config.for_title(None).buttons, buttons);
    }

    #[test]
    fn fractions_are_percent_within_their_range() {
        let mut config = config("[input.title.454108CF]\nrumble = 0.5\n");
        let changed = config.set_fraction(Some(TITLE), InputFraction::StickZone, 15);
        assert_eq!(lines(&config, &changed), ["input.dead-zone = 0.15"]);
        let changed = config.set_fraction(Some(TITLE), InputFraction::Rumble, 200);
        assert_eq!(lines(&config, &changed), ["input.title.454108CF.rumble = 1.00"]);
        config.set_fraction(None, InputFraction::TriggerZone, 100);
        assert_eq!(config.for_title(None).trigger_zone, 0.9);
    }
}
