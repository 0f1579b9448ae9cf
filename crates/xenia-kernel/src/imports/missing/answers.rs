//! Settings of the results of missing exports; `xenia-exports` reads them from text.
//!
//! The default is the documented failure, see [`super::failure_of`]. A title that was only tried in
//! xenia-canary may need r3 as it was, since a missing call there changes no register.

use super::{failure_of, last_error_of};
use crate::abi::Flow;
use std::collections::BTreeMap;
use std::fmt;
use xenia_guest::Win32Error;
use xenia_imports::Library;
use xenia_imports::ordinals::OrdinalRow;

/// A setting of the results of missing exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingAnswer {
    /// All return their documented failure.
    Fail,
    /// All return 0.
    Zero,
    /// All leave r3 as it was: the first argument.
    Keep,
    /// The export with this name returns this value in r3.
    Named(String, u64),
}

impl MissingAnswer {
    /// Whether both set the result of the same exports, to different values.
    pub fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(name, value), Self::Named(other, other_value)) => {
                name == other && value != other_value
            }
            (Self::Named(..), _) | (_, Self::Named(..)) => false,
            (Self::Fail | Self::Zero | Self::Keep, _) => self != other,
        }
    }
}

impl fmt::Display for MissingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::Zero => f.write_str("zero"),
            Self::Keep => f.write_str("keep"),
            Self::Named(name, value) => write!(f, "{name}={value:#x}"),
        }
    }
}

/// Results of missing exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingAnswers {
    unnamed: Unnamed,
    named: BTreeMap<String, u64>,
}

/// Result of the missing exports that no setting names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Unnamed {
    #[default]
    Fail,
    Zero,
    Keep,
}

impl<'a> FromIterator<&'a MissingAnswer> for MissingAnswers {
    /// Later settings replace earlier ones of the same exports.
    fn from_iter<T: IntoIterator<Item = &'a MissingAnswer>>(settings: T) -> Self {
        let mut answers = Self::default();
        for setting in settings {
            match setting {
                MissingAnswer::Fail => answers.unnamed = Unnamed::Fail,
                MissingAnswer::Zero => answers.unnamed = Unnamed::Zero,
                MissingAnswer::Keep => answers.unnamed = Unnamed::Keep,
                MissingAnswer::Named(name, value) => {
                    answers.named.insert(name.clone(), *value);
                }
            }
        }
        answers
    }
}

impl MissingAnswers {
    /// The result of a call of the missing export with this name; `first` is its first argument.
    pub(crate) fn result_of(
        &self,
        name: &str,
        first: u64,
        library: Option<Library>,
        row: Option<&OrdinalRow>,
    ) -> Flow {
        match (self.named.get(name), self.unnamed) {
            (Some(&value), _) => Flow::Return(value),
            (None, Unnamed::Zero) => Flow::Return(0),
            (None, Unnamed::Keep) => Flow::Return(first),
            (None, Unnamed::Fail) => failure_of(library, row),
        }
    }

    /// The last error that a call of the missing export with this name sets; `None` if it sets none
    /// or its result is a setting.
    pub(crate) fn last_error_of(
        &self,
        name: &str,
        library: Option<Library>,
        row: Option<&OrdinalRow>,
    ) -> Option<Win32Error> {
        let is_setting = self.unnamed != Unnamed::Fail || self.named.contains_key(name);
        if is_setting { None } else { last_error_of(library, row) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_same_exports_contradict_each_other_unless_they_are_equal() {
        let named = |name: &str, value| MissingAnswer::Named(name.into(), value);
        let fail = MissingAnswer::Fail;
        let zero = MissingAnswer::Zero;
        assert!(fail.contradicts(&zero) && zero.contradicts(&fail));
        assert!(MissingAnswer::Keep.contradicts(&zero) && fail.contradicts(&MissingAnswer::Keep));
        assert!(!fail.contradicts(&fail) && !zero.contradicts(&zero));
        assert!(named("a", 1).contradicts(&named("a", 2)));
        assert!(!named("a", 1).contradicts(&named("a", 1)) && !named("a", 1).contradicts(&named("b", 2)));
        assert!(!named("a", 1).contradicts(&zero) && !fail.contradicts(&named("a", 1)));
    }

    #[test]
    fn later_settings_replace_earlier_ones() {
        let of = |settings: &[MissingAnswer], name: &str| {
            let answers: MissingAnswers = settings.iter().collect();
            match answers.result_of(name, 7, None, None) {
                Flow::Return(value) => value,
                other => panic!("{other:?}"),
            }
        };
        let named = |value| MissingAnswer::Named("a".into(), value);
        assert_eq!(of(&[], "a"), 0xFFFF_FFFF_C000_0002);
        assert_eq!(of(&[MissingAnswer::Zero], "a"), 0);
        assert_eq!(of(&[MissingAnswer::Zero, MissingAnswer::Keep], "a"), 7);
        assert_eq!(of(&[named(1), MissingAnswer::Zero, named(2)], "a"), 2);
        assert_eq!(of(&[named(1), MissingAnswer::Zero], "b"), 0);
        assert_eq!(of(&[MissingAnswer::Zero, MissingAnswer::Fail, named(1)], "b"), 0xFFFF_FFFF_C000_0002);
    }
}
