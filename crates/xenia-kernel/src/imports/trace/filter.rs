//! Choice of the exports whose calls are traced: rules in the order of the text, of which the last
//! that matches decides. A rule that chooses no export is an error, as it is a
//! typing mistake.

use std::str::FromStr;
use xenia_imports::Library;

/// Exports by name: a list of rules, of which the last that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFilter(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    excludes: bool,
    /// Exports of this library only.
    library: Option<Library>,
    /// Name in lower case; `*` matches any characters.
    pattern: String,
}

/// Error in the text of a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFilterError {
    /// A rule without a name.
    #[error("a name is empty; `all` means all calls")]
    Empty,
    /// The part before a colon is not a library.
    #[error("{0:?} is not a library: they are xboxkrnl and xam")]
    UnknownLibrary(String),
    /// A rule that chooses nothing.
    #[error("no export is named {0:?}; * matches any characters")]
    UnknownExport(String),
}

impl Rule {
    fn parse(text: &str) -> Result<Self, CallFilterError> {
        let (excludes, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
        let (library, name) = match name.split_once(':') {
            Some((library, name)) => {
                let unknown = || CallFilterError::UnknownLibrary(library.to_owned());
                (Some(Library::of_file(library).ok_or_else(unknown)?), name)
            }
            None => (None, name),
        };
        if name.is_empty() {
            return Err(CallFilterError::Empty);
        }
        let pattern = if name == "all" { "*".to_owned() } else { name.to_ascii_lowercase() };
        let rule = Self { excludes, library, pattern };
        let mut names = Library::ALL.iter().flat_map(|&of| of.rows().iter().map(move |row| (of, row.name)));
        if !names.any(|(of, name)| rule.matches(Some(of), name)) {
            return Err(CallFilterError::UnknownExport(text.to_owned()));
        }
        Ok(rule)
    }

    fn matches(&self, library: Option<Library>, name: &str) -> bool {
        (self.library.is_none() || self.library == library)
            && is_like(&self.pattern, &name.to_ascii_lowercase())
    }
}

/// Whether `name` fits a pattern, in which `*` matches any characters.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    for part in middle.split('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.split_at(at + part.len()).1;
    }
    rest.ends_with(last)
}

impl FromStr for CallFilter {
    type Err = CallFilterError;

    fn from_str(text: &str) -> Result<Self, CallFilterError> {
        text.split(',').map(|rule| Rule::parse(rule.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl CallFilter {
    /// Whether calls of this export are traced. Without a rule that matches, they are if the first
    /// rule is an exclusion.
    pub fn admits(&self, library: Option<Library>, name: &str) -> bool {
        match self.0.iter().rfind(|rule| rule.matches(library, name)) {
            Some(rule) => !rule.excludes,
            None => self.0.first().is_some_and(|rule| rule.excludes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let admitted = |filter: &str| -> Vec<&str> {
            let filter: CallFilter = filter.parse().unwrap();
            let names = [
                (Library::xboxkrnl, "NtCreateFile"),
                (Library::xboxkrnl, "NtCreateEvent"),
                (Library::xboxkrnl, "KeSetEvent"),
                (Library::xam, "XamAlloc"),
            ];
            names
                .iter()
                .filter(|&&(library, name)| filter.admits(Some(library), name))
                .map(|row| row.1)
                .collect()
        };
        assert_eq!(admitted("all").len(), 4);
        assert_eq!(admitted("*").len(), 4);
        assert_eq!(admitted("ntcreatefile"), ["NtCreateFile"]);
        assert_eq!(admitted("Nt*,-*Event"), ["NtCreateFile"]);
        assert_eq!(admitted("-xam:*"), ["NtCreateFile", "NtCreateEvent", "KeSetEvent"]);
        assert_eq!(admitted("-*, *Event"), ["NtCreateEvent", "KeSetEvent"]);
        assert_eq!(admitted("xam:*,K*t*Event"), ["KeSetEvent", "XamAlloc"]);
        assert!("all".parse::<CallFilter>().unwrap().admits(None, ""));
    }

    #[test]
    fn a_rule_that_chooses_nothing_is_an_error() {
        let error = |text: &str| text.parse::<CallFilter>().unwrap_err().to_string();
        assert!(error("NtCreateFiel").contains("\"NtCreateFiel\""));
        assert!(error("xam:NtCreateFile").contains("no export is named"));
        assert!(error("game:*").contains("\"game\" is not a library"));
        for empty in ["", "Nt*,", "-", "xam:"] {
            assert_eq!(empty.parse::<CallFilter>(), Err(CallFilterError::Empty), "{empty:?}");
        }
    }

    #[test]
    fn stars_match_any_characters() {
        for (pattern, name, fits) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*b*", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("abc", "abcd", false),
        ] {
            assert_eq!(is_like(pattern, name), fits, "{pattern} {name}");
        }
    }
}
