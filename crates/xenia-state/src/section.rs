//! Sections: the parts of a state, each with its own name and version.

use crate::counted;
use crate::error::StateError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that is stored as one section. Its version grows with each change of its encoding: also
/// with a new variant at the end, which earlier programs can't read.
pub trait StateSection: Serialize + DeserializeOwned {
    /// Name: 1 to 48 lower-case letters, digits, `-`, `.` or `/`.
    const NAME: &'static str;
    /// Version of the encoding.
    const VERSION: u16;
}

/// A section as it is stored, without compression.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSection {
    /// Name of the section.
    pub name: String,
    /// Version of its encoding.
    pub version: u16,
    /// The encoded content.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for StoredSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} v{}: {} bytes", self.name, self.version, self.bytes.len())
    }
}

impl StoredSection {
    /// Encodes `section`.
    ///
    /// # Errors
    /// A map or sequence of unknown length, which no section has.
    pub fn encode<S: StateSection>(section: &S) -> Result<Self, StateError> {
        let bytes = postcard::to_allocvec(section).map_err(|error| StateError::contents(S::NAME, &error))?;
        Ok(Self { name: S::NAME.to_owned(), version: S::VERSION, bytes })
    }

    /// Encodes `section`, one of several of its type, with its number in the name.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_numbered<S: StateSection>(section: &S, number: usize) -> Result<Self, StateError> {
        let encoded = Self::encode(section)?;
        Ok(Self { name: numbered(S::NAME, number), ..encoded })
    }

    /// Decodes a section of type `S`. All bytes must be used.
    ///
    /// # Errors
    /// Another version, bytes that are not a value of `S`, or a value that takes too much memory.
    pub fn decode<S: StateSection>(&self) -> Result<S, StateError> {
        if self.version != S::VERSION {
            return Err(StateError::SectionVersion {
                section: S::NAME,
                found: self.version,
                reads: S::VERSION,
            });
        }
        let (value, rest) =
            counted::decode(&self.bytes).map_err(|reason| StateError::contents(S::NAME, &reason))?;
        if rest.is_empty() {
            return Ok(value);
        }
        Err(StateError::contents(S::NAME, &format!("{} bytes follow its content", rest.len())))
    }
}

/// The section with this name.
pub fn find<'a>(sections: &'a [StoredSection], name: &str) -> Option<&'a StoredSection> {
    sections.iter().find(|section| section.name == name)
}

/// Decodes the section of type `S`.
///
/// # Errors
/// The section is missing, has another version or cannot be decoded.
pub fn get<S: StateSection>(sections: &[StoredSection]) -> Result<S, StateError> {
    find(sections, S::NAME).ok_or(StateError::MissingSection(S::NAME))?.decode()
}

/// Name of the section with this number, of several with one type.
pub(crate) fn numbered(name: &str, number: usize) -> String {
    format!("{name}/{number}")
}

/// Whether these digits are a section's number.
pub(crate) fn is_number(digits: &str) -> bool {
    // Leading zeros or a sign would give a section a second name.
    digits.parse::<u16>().is_ok_and(|number| number.to_string() == digits)
}

/// Whether `name` is allowed as a section's name.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte);
    (1..=48).contains(&name.len()) && name.bytes().all(allowed)
}
