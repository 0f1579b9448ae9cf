//! Changes of the assignment while titles run, and how they are written in a settings file.
//!
//! A change acts where the running title's assignment comes from: in the title's own table if that
//! names the part, else in the table of the named assignment that is in use, else in the table of
//! all titles. A change after which a key would be assigned to
//! two parts of any title is refused, as it would be in a file.

use super::pad::TABLE;
use super::{ControllerName, Fraction, InputConfig, PadName, Table, TitleId, Zone};
use crate::control::{CONTROLS, PadControl};
use crate::keys::{self, NamedKey};
use crate::one_or_many::OneOrMany;
use anyhow::Result;
use std::collections::BTreeSet;
use xenia_render::KeyCode;

/// Largest dead zone in percent.
pub const MAX_ZONE: u16 = 90;

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

/// A table of the settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InputOwner {
    /// The table `[input]`.
    All,
    /// A table `[controller.NAME]`.
    Named(ControllerName),
    /// A table `[input.title.ID]`.
    Title(u32),
    /// A pad's line in the table `[pad]`, by its key.
    Pad(String),
}

/// A setting that was changed: its table, and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputKey {
    pub(super) owner: InputOwner,
    pub(super) name: InputName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InputName {
    /// Keys of a part.
    Keys(PadControl),
    /// The part that a button of pads is.
    Button(PadControl),
    Fraction(InputFraction),
    /// The named assignment in use.
    Controller,
}

/// Settings that were changed.
pub type ChangedInput = BTreeSet<InputKey>;

impl InputConfig {
    /// The table of an owner, which is made if it is missing.
    fn table(&mut self, owner: &InputOwner) -> &mut Table {
        match owner {
            InputOwner::Title(id) => self.table.title.entry(TitleId(*id)).or_default(),
            InputOwner::Named(name) => self.controllers.entry(name.clone()).or_default(),
            InputOwner::All | InputOwner::Pad(_) => &mut self.table,
        }
    }

    /// The table of an owner, if it exists.
    fn table_of(&self, owner: &InputOwner) -> Option<&Table> {
        match owner {
            InputOwner::Title(id) => self.table.title.get(&TitleId(*id)),
            InputOwner::Named(name) => self.controllers.get(name),
            InputOwner::All => Some(&self.table),
            InputOwner::Pad(_) => None,
        }
    }

    /// The tables that apply to a title, the one for all titles first.
    fn owners(&self, title: Option<u32>) -> Vec<InputOwner> {
        let named = self.controller(title).cloned().map(InputOwner::Named);
        let all = [Some(InputOwner::All), named, title.map(InputOwner::Title)];
        all.into_iter().flatten().filter(|owner| self.table_of(owner).is_some()).collect()
    }

    /// The table in which a setting of a title acts: its own if that has the setting, else that of
    /// the named assignment in use, else that of all titles.
    fn owner(&self, title: Option<u32>, has: impl Fn(&Table) -> bool) -> InputOwner {
        let own = title.map(InputOwner::Title).filter(|owner| self.table_of(owner).is_some_and(has));
        let named = self.controller(title).cloned().map(InputOwner::Named);
        own.or(named).unwrap_or(InputOwner::All)
    }

    /// Makes a change, unless it leads to an assignment that a file must not have.
    fn try_change(&mut self, change: impl FnOnce(&mut Self) -> ChangedInput) -> Result<ChangedInput> {
        let mut new = self.clone();
        let changed = change(&mut new);
        new.check_all()?;
        *self = new;
        Ok(changed)
    }

    /// Name of the assignment in use for a title; `None`: no named one.
    pub fn controller_name(&self, title: Option<u32>) -> Option<&str> {
        self.controller(title).map(|name| name.0.as_str())
    }

    /// Whether there are named assignments.
    pub fn has_controllers(&self) -> bool {
        !self.controllers.is_empty()
    }

    /// Uses the next named assignment, for the title if its own table names one, else for all
    /// titles. The last one is followed by none where no title names one.
    pub fn next_controller(&mut self, title: Option<u32>) -> ChangedInput {
        let owner = match self.owner(title, |table| table.controller.is_some()) {
            owner @ InputOwner::Title(_) => owner,
            InputOwner::All | InputOwner::Named(_) | InputOwner::Pad(_) => InputOwner::All,
        };
        let names: Vec<ControllerName> = self.controllers.keys().cloned().collect();
        let now = self.controller(title).and_then(|now| names.iter().position(|name| name == now));
        let next = names.get(now.map_or(0, |now| now + 1)).cloned();
        // A title without a name of its own would get that of all titles.
        let next = if owner == InputOwner::All { next } else { next.or_else(|| names.first().cloned()) };
        self.table(&owner).controller = next;
        [InputKey { owner, name: InputName::Controller }].into()
    }

    /// Assigns a key to a part, as its only key; other parts lose the key.
    pub fn bind_key(&mut self, title: Option<u32>, part: PadControl, key: KeyCode) -> Result<ChangedInput> {
        let named = NamedKey::try_from(keys::name(key).to_owned()).map_err(anyhow::Error::msg)?;
        self.try_change(|config| {
            let mut changed = ChangedInput::new();
            for owner in config.owners(title) {
                for (other, keys) in &mut config.table(&owner).keys {
                    if *other != part && keys.0.contains(&named) {
                        keys.0.retain(|known| *known != named);
                        changed.insert(InputKey { owner: owner.clone(), name: InputName::Keys(*other) });
                    }
                }
            }
            let owner = config.owner(title, |table| table.keys.contains_key(&part));
            config.table(&owner).keys.insert(part, OneOrMany(vec![named]));
            changed.insert(InputKey { owner, name: InputName::Keys(part) });
            changed
        })
    }

    /// Takes all keys from a part.
    pub fn unbind(&mut self, title: Option<u32>, part: PadControl) -> Result<ChangedInput> {
        self.try_change(|config| {
            let owner = config.owner(title, |table| table.keys.contains_key(&part));
            config.table(&owner).keys.insert(part, OneOrMany(Vec::new()));
            [InputKey { owner, name: InputName::Keys(part) }].into()
        })
    }

    /// Maps a button of pads, named by its label, to a part that titles see. The two buttons swap
    /// parts, so that no part is lost. The change applies to the pad's own assignment, if it has
    /// one.
    pub fn bind_button(
        &mut self,
        title: Option<u32>,
        pad: Option<&PadName>,
        part: PadControl,
        button: PadControl,
    ) -> ChangedInput {
        let tuning = self.for_title(title);
        let buttons = tuning.pad_tuning(pad).buttons;
        let meant = |printed: PadControl| buttons.get(&printed).copied().unwrap_or(printed);
        let before = meant(button);
        let other = CONTROLS.iter().map(|(_, control)| *control).find(|control| meant(*control) == part);
        let of_pad = pad.and_then(|pad| self.assignment_of(pad)).cloned().map(InputOwner::Named);
        let owner = match (self.owner(title, |table| !table.buttons.is_empty()), of_pad) {
            (InputOwner::All | InputOwner::Named(_), Some(of_pad)) => of_pad,
            (owner, _) => owner,
        };
        let mut changed = ChangedInput::new();
        for (printed, now) in [(other.unwrap_or(part), before), (button, part)] {
            self.table(&owner).buttons.insert(printed, now);
            changed.insert(InputKey { owner: owner.clone(), name: InputName::Button(printed) });
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
        let most = if fraction == InputFraction::Rumble { 100 } else { MAX_ZONE };
        let owner = self.owner(title, |table| fraction.get(table).is_some());
        fraction.set(self.table(&owner), Some(f32::from(percent.min(most)) / 100.0));
        [InputKey { owner, name: InputName::Fraction(fraction) }].into()
    }

    /// Goes back to the built-in assignment, also in the named one in use and for one title.
    pub fn reset(&mut self, title: Option<u32>) -> ChangedInput {
        let mut changed = ChangedInput::new();
        for owner in self.owners(title) {
            let table = self.table(&owner);
            let keys = std::mem::take(&mut table.keys).into_keys().map(InputName::Keys);
            let buttons = std::mem::take(&mut table.buttons).into_keys().map(InputName::Button);
            let fractions = InputFraction::ALL.into_iter().filter(|fraction| {
                let is_set = fraction.get(table).is_some();
                fraction.set(table, None);
                is_set
            });
            let names: Vec<InputName> =
                keys.chain(buttons).chain(fractions.map(InputName::Fraction)).collect();
            changed.extend(names.into_iter().map(|name| InputKey { owner: owner.clone(), name }));
        }
        changed
    }

    /// A changed setting as a key of the settings file and its value; `None` if it is not set any
    /// more.
    pub fn setting(&self, key: &InputKey) -> (String, Option<String>) {
        let InputKey { owner, name } = key;
        let table = self.table_of(owner);
        let prefix = match owner {
            InputOwner::All => "input".to_owned(),
            InputOwner::Named(name) => format!("controller.{}", name.0),
            InputOwner::Title(id) => format!("input.title.{id:08X}"),
            InputOwner::Pad(key) => {
                let name = self.pad_by_key(key);
                return (format!("{TABLE}.{key}"), name.map(|name| format!("\"{}\"", name.0)));
            }
        };
        let quoted = |key: &NamedKey| format!("\"{}\"", keys::name(key.0));
        match name {
            InputName::Keys(part) => {
                let keys = table.and_then(|table| table.keys.get(part));
                let list =
                    |keys: &OneOrMany<NamedKey>| keys.0.iter().map(quoted).collect::<Vec<_>>().join(", ");
                (format!("{prefix}.keys.{}", part.name()), keys.map(|keys| format!("[{}]", list(keys))))
            }
            InputName::Button(printed) => {
                let now = table.and_then(|table| table.buttons.get(printed));
                (format!("{prefix}.buttons.{}", printed.name()), now.map(|part| part.name().to_owned()))
            }
            InputName::Controller => {
                let name = table.and_then(|table| table.controller.as_ref());
                (format!("{prefix}.controller"), name.map(|name| format!("\"{}\"", name.0)))
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
        changed.iter().map(|key| line(config.setting(key))).collect()
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
    fn changes_go_to_the_named_assignment_in_use() {
        let mut config = config(
            "[input]\ncontroller = 'pad'\n[input.keys]\na = 'Space'\n[controller.pad]\n\
             [controller.race.keys]\na = 'KeyQ'\n[input.title.454108CF]\ncontroller = 'race'\n",
        );
        let changed = config.bind_key(None, B, KeyCode::Space).unwrap();
        assert_eq!(lines(&config, &changed), ["input.keys.a = []", "controller.pad.keys.b = [\"Space\"]"]);
        let changed = config.bind_key(Some(TITLE), A, KeyCode::KeyO).unwrap();
        assert_eq!(lines(&config, &changed), ["controller.race.keys.a = [\"KeyO\"]"]);
        let changed = config.set_fraction(Some(TITLE), InputFraction::StickZone, 20);
        assert_eq!(lines(&config, &changed), ["controller.race.dead-zone = 0.20"]);
        let changed = config.reset(Some(TITLE));
        assert!(lines(&config, &changed).contains(&"no controller.race.keys.a".to_owned()));
        assert_eq!(keys_of(&config, None, B), [KeyCode::Space], "the other one is as it was");
    }

    #[test]
    fn the_next_named_assignment_is_used_and_none_after_the_last() {
        let mut config = config("[controller.a]\n[controller.b]\n[input.title.454108CF]\ncontroller = 'a'\n");
        assert!(config.has_controllers() && config.controller_name(None).is_none());
        let mut next = |title| {
            let changed = config.next_controller(title);
            lines(&config, &changed).concat()
        };
        assert_eq!(next(None), "input.controller = \"a\"");
        assert_eq!(next(None), "input.controller = \"b\"");
        assert_eq!(next(None), "no input.controller");
        assert_eq!(next(Some(TITLE)), "input.title.454108CF.controller = \"b\"");
        assert_eq!(next(Some(TITLE)), "input.title.454108CF.controller = \"a\"");
        assert_eq!(config.controller_name(Some(TITLE)), Some("a"));
    }

    #[test]
    fn keys_of_the_window_are_refused() {
        let error = config("").bind_key(None, A, KeyCode::F1).unwrap_err();
        assert!(error.to_string().contains("F1"), "{error}");
    }

    #[test]
    fn binding_a_button_swaps_two_parts() {
        let mut config = config("");
        let changed = config.bind_button(None, None, A, B);
        assert_eq!(lines(&config, &changed), ["input.buttons.a = b", "input.buttons.b = a"]);
        config.bind_button(None, None, X, B);
        let buttons = config.for_title(None).buttons;
        assert_eq!((buttons[&B], buttons[&X], buttons[&A]), (X, A, B), "each part has a button");
        config.bind_button(None, None, X, B);
        assert_eq!(config.for_title(None).buttons, buttons);
    }

    #[test]
    fn triggers_and_stick_directions_are_bound_and_a_pads_own_assignment_is_changed() {
        let trigger = CONTROLS[15].1;
        let push = CONTROLS[17].1;
        let mut config = config("[controller.own]\nrumble = 1.0\n[pad]\n0300 = 'own'\n");
        let changed = config.bind_button(None, None, A, trigger);
        assert_eq!(
            lines(&config, &changed),
            ["input.buttons.a = left-trigger", "input.buttons.left-trigger = a"]
        );
        let pad = PadName { guid: "0300".to_owned(), name: String::new() };
        let changed = config.bind_button(None, Some(&pad), push, B);
        assert_eq!(
            lines(&config, &changed),
            ["controller.own.buttons.b = left-stick-up", "controller.own.buttons.left-stick-up = b"]
        );
        let tuning = config.for_title(None);
        assert_eq!((tuning.own["0300"].buttons.get(&B), tuning.buttons.get(&B)), (Some(&push), None));
        assert_eq!(tuning.own["0300"].buttons.get(&trigger), Some(&A), "what the others have holds, too");
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
