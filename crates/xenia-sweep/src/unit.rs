//! Units: what is run, and the file that lists them.
//!
//! The file's first line is the [`Header`], each other line a [`Unit`]. Paths are relative to the
//! header's root where they lie below it, so that a folder that is mounted elsewhere on another
//! machine is still right.

use crate::error::{Error, Result};
use crate::judge::Verdict;
use crate::lines::{self, Torn};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The file of units, in the folder of a plan and in that of its results.
pub const UNITS: &str = "units.jsonl";
/// The layout of that file.
const SCHEMA: &str = "xenia-rs/sweep-units/1";
/// Units of a sweep, at most.
pub(crate) const MOST_UNITS: u64 = 1_000_000;
/// States that `fuzz --states` runs a sequence from at most: beyond, another sequence tells more.
pub const MOST_STATES: u64 = 1000;
/// Words of a unit, at most.
const MOST_WORDS: usize = 4096;

/// The first line of a file of units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// `xenia-rs/sweep-units/1`.
    pub schema: String,
    /// The program's name and version.
    pub program: String,
    /// BLAKE3 of the program's file: another build is another sweep.
    pub build: String,
    /// What relative paths begin at.
    pub root: PathBuf,
    /// How many units follow.
    pub units: u64,
}

impl Header {
    pub(crate) fn new(program: &str, build: &str, root: &Path, units: usize) -> Self {
        let (program, build) = (program.to_owned(), build.to_owned());
        Self { schema: SCHEMA.to_owned(), program, build, root: root.to_owned(), units: units as u64 }
    }
}

/// What a unit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `exec` of a title.
    Title,
    /// `check` against a golden file.
    Check,
    /// `conformance`.
    Conformance,
    /// `fuzz`.
    Fuzz,
}

/// How a title may be said to end, where that is not the usual way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// By a fault of its own that nobody handles.
    GuestFault,
    /// With all of its threads waiting for ever.
    Deadlock,
}

impl End {
    /// What a unit that ends so is called.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::GuestFault => Verdict::GuestFault,
            Self::Deadlock => Verdict::Deadlock,
        }
    }
}

/// A word of a unit's command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Word {
    /// As it is.
    Text(String),
    /// The path of the input of this number.
    Input {
        /// From 0.
        input: usize,
    },
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A file or folder that goes into a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Where it is; relative to the header's root.
    pub path: PathBuf,
    /// BLAKE3 of its bytes; of a folder, of the names and bytes in it.
    pub blake3: String,
}

/// What a unit may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bounds {
    /// Seconds of the host's time.
    pub seconds: u64,
    /// MiB of memory that is really used.
    pub memory_mib: u64,
    /// KiB that it prints.
    pub output_kib: u64,
}

/// One run of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// BLAKE3 of all that decides the result, in hexadecimal.
    pub id: String,
    /// What people call it; the same in sweeps of two builds, which is how `diff` pairs them.
    pub name: String,
    /// What it is of.
    pub kind: Kind,
    /// The program's arguments.
    pub words: Vec<Word>,
    /// What goes in.
    pub inputs: Vec<Input>,
    /// The digest that it must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// How it must end, if by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<End>,
    /// Whether its last frame is kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub picture: bool,
    /// What it may take.
    pub limits: Bounds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Unit {
    /// BLAKE3 of what decides the result under the program of this build. Each part is preceded by
    /// its length, so that no two units spell the same.
    pub(crate) fn id_under(&self, build: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(b"xenia-rs sweep unit 2");
        part(build.as_bytes());
        part(&[self.kind as u8, u8::from(self.picture)]);
        part(self.expect.as_deref().unwrap_or_default().as_bytes());
        part(self.ends.map_or("", |ends| ends.verdict().name()).as_bytes());
        let Bounds { seconds, memory_mib, output_kib } = self.limits;
        for number in [seconds, memory_mib, output_kib] {
            part(&number.to_le_bytes());
        }
        for word in &self.words {
            match word {
                Word::Text(text) => {
                    part(b"text");
                    part(text.as_bytes());
                }
                Word::Input { input } => {
                    part(b"input");
                    part(self.inputs.get(*input).map(|input| input.blake3.as_bytes()).unwrap_or_default());
                }
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// What is wrong with it, if anything is, under this build.
    fn fault(&self, build: &str) -> Option<String> {
        if !is_hash(&self.id) {
            return Some("`id` is no 64 hexadecimal digits".to_owned());
        }
        if self.words.len() > MOST_WORDS || self.inputs.len() > MOST_WORDS {
            return Some(format!("more than {MOST_WORDS} words or inputs"));
        }
        let known = |word: &Word| !matches!(word, Word::Input { input } if *input >= self.inputs.len());
        if !self.words.iter().all(known) {
            return Some("a word names an input that is not there".to_owned());
        }
        if self.words.iter().any(|word| matches!(word, Word::Text(text) if text.contains('\0'))) {
            return Some("a word has a zero byte".to_owned());
        }
        if self.id_under(build) != self.id {
            return Some("the unit is not what its id says: write the plan again".to_owned());
        }
        None
    }
}

/// Whether this is a BLAKE3 in hexadecimal. Ids become names of files, so nothing else may pass.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A line of a file of units.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Unit(Unit),
    Other(serde_json::Value),
}

/// Reads a file of units, and holds each unit to its id.
pub(crate) fn read(path: &Path) -> Result<(Header, Vec<Unit>)> {
    let mut header: Option<Header> = None;
    let mut units: Vec<Unit> = Vec::new();
    let mut ids = BTreeSet::new();
    lines::read(path, Torn::Refused, |number, line| {
        let Some(header) = &header else {
            let Line::Other(value) = line else {
                return Err(Error::line(path, number, "the first line must be the header"));
            };
            let found: Header = serde_json::from_value(value)
                .map_err(|error| Error::line(path, number, format!("no header: {error}")))?;
            if found.schema != SCHEMA {
                let reason = format!("the schema is {:?}, not {SCHEMA:?}", found.schema);
                return Err(Error::line(path, number, reason));
            }
            header = Some(found);
            return Ok(());
        };
        let unit = match line {
            Line::Unit(unit) => unit,
            // Once more, for what is wrong with it.
            Line::Other(value) => serde_json::from_value(value)
                .map_err(|error| Error::line(path, number, format!("no unit: {error}")))?,
        };
        if let Some(fault) = unit.fault(&header.build) {
            return Err(Error::line(path, number, fault));
        }
        if units.len() as u64 >= MOST_UNITS {
            return Err(Error::TooMany { path: path.to_owned(), what: "units", limit: MOST_UNITS });
        }
        if !ids.insert(unit.id.clone()) {
            return Err(Error::line(path, number, "the same unit stands before"));
        }
        units.push(unit);
        Ok(())
    })?;
    let header = header.ok_or_else(|| Error::file(path, "it is empty"))?;
    if header.units != units.len() as u64 {
        let reason = format!("it has {} units, its header says {}", units.len(), header.units);
        return Err(Error::file(path, reason));
    }
    Ok((header, units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        let mut unit = Unit {
            id: String::new(),
            name: "n".into(),
            kind: Kind::Title,
            words: vec!["exec".into(), Word::Input { input: 0 }],
            inputs: vec![Input { path: "a.xex".into(), blake3: "11".into() }],
            expect: None,
            ends: None,
            picture: false,
            limits: Bounds { seconds: 1, memory_mib: 2, output_kib: 3 },
        };
        unit.id = unit.id_under("b");
        unit
    }

    #[test]
    fn the_id_is_of_what_decides_the_result() {
        let id = unit().id;
        let with = |change: fn(&mut Unit)| {
            let mut unit = unit();
            change(&mut unit);
            unit.id_under("b")
        };
        assert_eq!(with(|_| {}), id);
        assert_eq!(with(|unit| unit.name = "m".into()), id, "a name decides nothing");
        assert_eq!(with(|unit| unit.inputs[0].path = "b.xex".into()), id, "a place decides nothing");
        assert_ne!(unit().id_under("c"), id);
        for change in [
            (|unit| unit.inputs[0].blake3 = "12".into()) as fn(&mut Unit),
            |unit| unit.words[0] = "check".into(),
            |unit| unit.words.push("".into()),
            |unit| unit.kind = Kind::Check,
            |unit| unit.expect = Some("d".into()),
            |unit| unit.ends = Some(End::GuestFault),
            |unit| unit.picture = true,
            |unit| unit.limits.seconds = 9,
            |unit| unit.limits.memory_mib = 9,
            |unit| unit.limits.output_kib = 9,
        ] {
            assert_ne!(with(change), id);
        }
        let split = |words: [&str; 2]| {
            let mut unit = unit();
            unit.words = words.map(Word::from).to_vec();
            unit.id_under("b")
        };
        assert_ne!(split(["ab", "c"]), split(["a", "bc"]));
    }

    #[test]
    fn hostile_files_of_units_are_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("u");
        let header = |units| serde_json::to_string(&Header::new("p", "b", Path::new("/"), units)).unwrap();
        let line = serde_json::to_string(&unit()).unwrap();
        let said = |text: String| {
            std::fs::write(&path, text).unwrap();
            read(&path).map(|(_, units)| units.len()).map_err(|error| error.to_string())
        };
        assert_eq!(said(format!("{}\n{line}\n", header(1))).unwrap(), 1);
        let escape = line.replace(&unit().id, "../../../../etc/passwd");
        for (text, part) in [
            (String::new(), "it is empty"),
            (format!("{line}\n"), "line 1: the first line must be the header"),
            ("{}\n".to_owned(), "line 1: no header: missing field `schema`"),
            (format!("{}\n{line}", header(1)), "line 2: it has no end"),
            (format!("{}\n{{}}\n", header(1)), "line 2: no unit: missing field `id`"),
            (format!("{}\n[1]\n", header(1)), "line 2: no unit"),
            (format!("{}\n{line}\n{line}\n", header(2)), "line 3: the same unit stands before"),
            (format!("{}\n{line}\n", header(7)), "it has 1 units, its header says 7"),
            (format!("{}\n{escape}\n", header(1)), "line 2: `id` is no 64"),
            (
                format!("{}\n{}\n", header(1), line.replace("exec", "fuzz")),
                "line 2: the unit is not what its id",
            ),
            (format!("{}\n{}\n", header(1), line.replace("\"input\":0", "\"input\":9")), "names an input"),
        ] {
            let error = said(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
