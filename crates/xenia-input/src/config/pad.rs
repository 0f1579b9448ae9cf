//! Assignments of single pads: `[pad]` names a `[controller.NAME]` for each.
//!
//! A setting comes from the first table that has it: the title's own, the pad's assignment, the
//! assignment for all pads, and `[input]`.

use super::edit::{ChangedInput, InputFraction, InputKey, InputName, InputOwner};
use super::{ControllerName, InputConfig, MAX_NAME_LENGTH, Table, Zone};
use crate::control::PadControl;
use std::collections::BTreeMap;
use xenia_kernel::ports::PadKind;

/// Name of the table.
pub(super) const TABLE: &str = "pad";

/// Dead zones without a setting, as fractions of the range.
const DEFAULT_STICK_ZONE: f32 = 0.1;
const DEFAULT_TRIGGER_ZONE: f32 = 0.05;

/// Settings of a pad.
#[derive(Clone, Debug, PartialEq)]
pub struct PadTuning {
    /// Dead zone of sticks, as a fraction of the range.
    pub stick_zone: f32,
    /// Dead zone of triggers, as a fraction of the range.
    pub trigger_zone: f32,
    /// Factor on the motor speeds that titles request.
    pub rumble: f32,
    /// Kind of controller that titles see instead of the detected one.
    pub kind: Option<PadKind>,
    /// Parts that are remapped to other parts.
    pub buttons: BTreeMap<PadControl, PadControl>,
}

/// Identity of a pad in settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PadName {
    /// SDL's GUID, which pads of one model share.
    pub guid: String,
    /// The name that the device reports.
    pub name: String,
}

/// Settings of a pad, each from the first table that has it.
pub(super) fn tuning(tables: &[&Table]) -> PadTuning {
    let zone = |of: fn(&Table) -> Option<Zone>| tables.iter().find_map(|table| of(table)).map(|zone| zone.0);
    let mut buttons = BTreeMap::new();
    for table in tables.iter().rev() {
        buttons.extend(table.buttons.iter().map(|(from, to)| (*from, *to)));
    }
    PadTuning {
        stick_zone: zone(|table| table.dead_zone).unwrap_or(DEFAULT_STICK_ZONE),
        trigger_zone: zone(|table| table.trigger_dead_zone).unwrap_or(DEFAULT_TRIGGER_ZONE),
        rumble: tables.iter().find_map(|table| table.rumble).map_or(1.0, |part| part.0),
        kind: tables.iter().find_map(|table| table.kind).map(Into::into),
        buttons,
    }
}

impl InputConfig {
    /// Settings of the pads that have assignments of their own. A title's own table comes before
    /// the pad's assignment, and that before the one in use for all pads.
    pub(super) fn pad_tunings(&self, title: Option<u32>) -> BTreeMap<String, PadTuning> {
        let of_pad = |(key, name): (&String, &ControllerName)| {
            let own = self.controllers.get(name);
            let in_use = self.controller(title).and_then(|name| self.controllers.get(name));
            let tables = [self.title_table(title), own, in_use, Some(&self.table)];
            (key.clone(), tuning(&tables.into_iter().flatten().collect::<Vec<_>>()))
        };
        self.pads.iter().map(of_pad).collect()
    }

    /// Key of a pad in the table: its GUID, unless the table has its name.
    fn key_of(&self, pad: &PadName) -> String {
        let is_by_name = !self.pads.contains_key(&pad.guid) && self.pads.contains_key(&pad.name);
        if is_by_name { pad.name.clone() } else { pad.guid.clone() }
    }

    /// Name of a pad's own assignment.
    pub(super) fn assignment_of(&self, pad: &PadName) -> Option<&ControllerName> {
        self.pads.get(&self.key_of(pad))
    }

    /// As [`Self::assignment_of`], as text.
    pub fn pad_assignment(&self, pad: &PadName) -> Option<&str> {
        self.assignment_of(pad).map(|name| name.0.as_str())
    }

    /// Gives a pad the next named assignment. After the last one comes a new one with the pad's
    /// name, if there is none yet, and then none.
    pub fn next_pad_assignment(&mut self, pad: &PadName) -> ChangedInput {
        let own = named_after(pad);
        let mut names: Vec<ControllerName> = self.controllers.keys().cloned().collect();
        let is_new = !names.contains(&own);
        if is_new {
            names.push(own.clone());
        }
        let key = self.key_of(pad);
        let now = self.pads.get(&key).and_then(|now| names.iter().position(|name| name == now));
        let mut changed = ChangedInput::new();
        match names.get(now.map_or(0, |now| now + 1)) {
            Some(next) => {
                if is_new && *next == own {
                    // The file needs a table with something in it.
                    let zone = self.for_title(None).stick_zone;
                    let table = Table { dead_zone: Some(Zone(zone)), ..Table::default() };
                    self.controllers.insert(own.clone(), table);
                    let name = InputName::Fraction(InputFraction::StickZone);
                    changed.insert(InputKey { owner: InputOwner::Named(own.clone()), name });
                }
                self.pads.insert(key.clone(), next.clone());
            }
            None => _ = self.pads.remove(&key),
        }
        changed.insert(InputKey { owner: InputOwner::Pad(key), name: InputName::Controller });
        changed
    }

    /// The assignment of a pad by its key in the table.
    pub(super) fn pad_by_key(&self, key: &str) -> Option<&ControllerName> {
        self.pads.get(key)
    }
}

/// Name of a new assignment for a pad.
fn named_after(pad: &PadName) -> ControllerName {
    let mut name = String::new();
    for letter in pad.name.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(MAX_NAME_LENGTH);
    let name = name.trim_end_matches('-');
    ControllerName(if name.is_empty() { TABLE } else { name }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use std::path::Path;

    const A: PadControl = PadControl::Button(0x1000);
    const B: PadControl = PadControl::Button(0x2000);
    const TITLE: u32 = 0x4541_08CF;

    fn config(text: &str) -> InputConfig {
        parse(text, Path::new("config.toml")).unwrap()
    }

    fn pad() -> PadName {
        PadName { guid: "0300".to_owned(), name: "Wheel & Pedals (v1.2)".to_owned() }
    }

    #[test]
    fn a_pads_own_assignment_is_over_the_one_in_use_and_under_the_titles() {
        let config = config(
            "[input]\ncontroller = 'all'\n[controller.all]\nrumble = 0.5\n[controller.all.buttons]\na = 'b'\n\
             [controller.own]\ndead-zone = 0.3\n[pad]\n0300 = 'own'\n'Old Pad' = 'all'\n\
             [input.title.454108CF]\ndead-zone = 0.4\n",
        );
        let of = |title| config.for_title(title).own["0300"].clone();
        assert_eq!((of(None).stick_zone, of(None).rumble, of(None).buttons.get(&A)), (0.3, 0.5, Some(&B)));
        assert_eq!(of(Some(TITLE)).stick_zone, 0.4);
        assert_eq!(config.for_title(None).stick_zone, 0.1);
        let old = PadName { guid: "0500".to_owned(), name: "Old Pad".to_owned() };
        assert_eq!((config.pad_assignment(&old), config.pad_assignment(&pad())), (Some("all"), Some("own")));
        let error = parse("[pad]\n0300 = 'none'\n", Path::new("c")).unwrap_err();
        assert!(format!("{error:#}").contains("there is no [controller.none]"), "{error:#}");
    }

    #[test]
    fn a_pad_cycles_through_the_assignments_and_gets_a_new_one() {
        let mut config = config("[controller.a]\n");
        let mut next = || {
            let changed = config.next_pad_assignment(&pad());
            let line = |(key, value): (String, Option<String>)| format!("{key}: {value:?}");
            changed.iter().map(|key| line(config.setting(key))).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(next(), r#"pad.0300: Some("\"a\"")"#);
        assert_eq!(
            next(),
            r#"controller.wheel-pedals-v1-2.dead-zone: Some("0.10"), pad.0300: Some("\"wheel-pedals-v1-2\"")"#
        );
        assert_eq!(next(), "pad.0300: None");
        assert_eq!(next(), r#"pad.0300: Some("\"a\"")"#);
        assert_eq!(next(), r#"pad.0300: Some("\"wheel-pedals-v1-2\"")"#);
        let strange = PadName { guid: "1".to_owned(), name: "\u{30d1}\u{30c3}\u{30c9}".to_owned() };
        assert_eq!(named_after(&strange).0, "pad");
    }
}
