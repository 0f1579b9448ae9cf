//! Settings of the results of missing exports (`--missing`).
//!
//! The default is the documented failure, see [`super::failure_of`]. Titles that were only tried
//! where a missing call returns 0 may need 0, for all such calls or for single ones.

use super::failure_of;
use crate::abi::Flow;
use crate::exports::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use xenia_guest::Ordinal;
use xenia_imports::ordinals::{self, ExportKind, OrdinalRow};
use xenia_imports::{Library, Status};

/// A setting of the results of missing exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingAnswer {
    /// All return their documented failure.
    Fail,
    /// All return 0.
    Zero,
    /// The export with this name returns this value in r3.
    Named(String, u64),
}

impl fmt::Display for MissingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::Zero => f.write_str("zero"),
            Self::Named(name, value) => write!(f, "{name}={value:#x}"),
        }
    }
}

impl FromStr for MissingAnswer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fail" => return Ok(Self::Fail),
            "zero" => return Ok(Self::Zero),
            _ => {}
        }
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not fail, zero or NAME=VALUE"))?;
        let parsed = value_of(value).ok_or_else(|| format!("`{value}` is not a number of 64 bits"))?;
        let found = by_ordinal(name).map_or_else(|| by_name(name), |found| vec![found]);
        if found.is_empty() {
            return Err(format!("`{name}` is no function of the console: `xenia-rs exports` lists them"));
        }
        let is_missing = |&&(library, ordinal): &&(Library, Ordinal)| {
            Registry::get().status(library, ordinal) == Status::Missing
        };
        let Some(&(library, ordinal)) = found.iter().find(is_missing) else {
            return Err(format!("`{name}` is there; only missing calls have a set answer"));
        };
        // The name that calls have in reports.
        let row = ordinals::find(library.rows(), ordinal);
        let name = row.map_or_else(|| format!("{}#{ordinal}", library.name()), |row| row.name.to_owned());
        Ok(Self::Named(name, parsed))
    }
}

/// An export by library and ordinal, as reports name it if its name is unknown: `xam#0FFE`.
fn by_ordinal(name: &str) -> Option<(Library, Ordinal)> {
    let (library, ordinal) = name.split_once('#')?;
    let ordinal = u16::from_str_radix(ordinal, 16).ok().filter(|_| !ordinal.starts_with('+'))?;
    Some((Library::of_file(library)?, Ordinal(ordinal)))
}

/// The functions with this name; libraries may share one.
fn by_name(name: &str) -> Vec<(Library, Ordinal)> {
    let rows =
        Library::ALL.into_iter().flat_map(|library| library.rows().iter().map(move |row| (library, row)));
    rows.filter(|(_, row)| row.name == name && row.kind == ExportKind::Function)
        .map(|(library, row)| (library, row.ordinal))
        .collect()
}

/// A value of r3 in decimal or hexadecimal, maybe negative, underscores allowed.
fn value_of(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    if let Some(digits) = text.strip_prefix('-') {
        let negative: i64 = digits.parse().ok().filter(|_| !digits.starts_with(['+', '-']))?;
        return Some(negative.wrapping_neg() as u64);
    }
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')),
        None => text.parse().ok().filter(|_| !text.starts_with('+')),
    }
}

/// Results of missing exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingAnswers {
    is_zero: bool,
    named: BTreeMap<String, u64>,
}

impl<'a> FromIterator<&'a MissingAnswer> for MissingAnswers {
    /// Later settings replace earlier ones of the same exports.
    fn from_iter<T: IntoIterator<Item = &'a MissingAnswer>>(settings: T) -> Self {
        let mut answers = Self::default();
        for setting in settings {
            match setting {
                MissingAnswer::Fail => answers.is_zero = false,
                MissingAnswer::Zero => answers.is_zero = true,
                MissingAnswer::Named(name, value) => {
                    answers.named.insert(name.clone(), *value);
                }
            }
        }
        answers
    }
}

impl MissingAnswers {
    /// The result of a call of the missing export with this name.
    pub(crate) fn of(&self, name: &str, library: Option<Library>, row: Option<&OrdinalRow>) -> Flow {
        match self.named.get(name) {
            Some(&value) => Flow::Return(value),
            None if self.is_zero => Flow::Return(0),
            None => failure_of(library, row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_mistakes_are_named() {
        for (text, expected) in [
            ("fail", MissingAnswer::Fail),
            ("zero", MissingAnswer::Zero),
            ("MmDoubleMapMemory=0x1_0", MissingAnswer::Named("MmDoubleMapMemory".into(), 16)),
            ("xam#0FFE=7", MissingAnswer::Named("xam#0FFE".into(), 7)),
            ("MmDoubleMapMemory=-1", MissingAnswer::Named("MmDoubleMapMemory".into(), u64::MAX)),
        ] {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected), "{text}");
        }
        for (text, said) in [
            ("one", "`one` is not fail, zero or NAME=VALUE"),
            ("MmDoubleMapMemory=x", "`x` is not a number of 64 bits"),
            ("MmDoubleMapMemory=--1", "not a number"),
            ("MmDoubleMapMemory=0x+1", "not a number"),
            ("MmDoubleMapMemory=0x1_0000_0000_0000_0000", "not a number"),
            ("MmDoubleMap=1", "`MmDoubleMap` is no function of the console"),
            ("XboxHardwareInfo=1", "is no function"),
            ("NtClose=0", "`NtClose` is there; only missing calls"),
            ("xan#1=0", "is no function"),
            ("xam#10000=0", "is no function"),
            ("xboxkrnl#CF=0", "`xboxkrnl#CF` is there"),
        ] {
            let error = text.parse::<MissingAnswer>().unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn later_settings_replace_earlier_ones() {
        let of = |settings: &[MissingAnswer], name: &str| {
            let answers: MissingAnswers = settings.iter().collect();
            match answers.of(name, None, None) {
                Flow::Return(value) => value,
                other => panic!("{other:?}"),
            }
        };
        let named = |value| MissingAnswer::Named("a".into(), value);
        assert_eq!(of(&[], "a"), 0xFFFF_FFFF_C000_0002);
        assert_eq!(of(&[MissingAnswer::Zero], "a"), 0);
        assert_eq!(of(&[named(1), MissingAnswer::Zero, named(2)], "a"), 2);
        assert_eq!(of(&[named(1), MissingAnswer::Zero], "b"), 0);
        assert_eq!(of(&[MissingAnswer::Zero, MissingAnswer::Fail, named(1)], "b"), 0xFFFF_FFFF_C000_0002);
    }
}
