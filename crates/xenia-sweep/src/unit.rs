//! Units of work, and the file that lists them.
//!
//! The file's first line is the [`UnitsHeader`]; each further line is a [`SweepUnit`]. Paths below
//! the header's root are stored relative to it, so that they stay valid if the folder is mounted
//! elsewhere on another machine.

use crate::error::{Error, Result};
use crate::lines::{self, Torn};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Name of the units' file, in the folders of plans and of results.
pub const UNITS: &str = "units.jsonl";
/// Format of the units' file.
const SCHEMA: &str = "xenia-rs/sweep-units/1";
/// Largest number of units in a sweep.
pub(crate) const MAX_UNITS: u64 = 1_000_000;
/// Largest value of `fuzz --states`: beyond it, another sequence finds more than another state.
pub const MAX_STATES: u64 = 1000;
/// Largest number of words of a unit.
const MAX_WORDS: usize = 4096;

/// The first line of a units' file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitsHeader {
    /// Always the value `xenia-rs/sweep-units/1`.
    pub schema: String,
    /// Name and version of the program.
    pub program: String,
    /// BLAKE3 of the program's file: another build makes another sweep.
    pub build: String,
    /// Base of relative paths.
    pub root: PathBuf,
    /// Number of units that follow.
    pub units: u64,
}

impl UnitsHeader {
    pub(crate) fn new(program: &str, build: &str, root: &Path, units: usize) -> Self {
        let program = program.to_owned();
        let build = build.to_owned();
        Self { schema: SCHEMA.to_owned(), program, build, root: root.to_owned(), units: units as u64 }
    }
}

/// Kind of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// Runs a title with `exec`.
    Title,
    /// Compares a title with a golden file, by `check`.
    Check,
    /// Runs assembler files with `conformance`.
    Conformance,
    /// Runs random sequences with `fuzz`.
    Fuzz,
}

/// Expected end of a title, if it is not a normal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedEnd {
    /// An unhandled fault of the guest.
    GuestFault,
    /// A deadlock: all threads wait forever.
    Deadlock,
}

impl ExpectedEnd {
    /// The verdict that corresponds to this end.
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
pub enum UnitWord {
    /// Literal text of the word.
    Text(String),
    /// The path of an input.
    Input {
        /// Index in the unit's inputs, from 0.
        input: usize,
    },
}

impl From<&str> for UnitWord {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A file or folder that a unit reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitInput {
    /// Path; relative to the header's root.
    pub path: PathBuf,
    /// BLAKE3 of the bytes; for a folder, of the names and bytes in it.
    pub blake3: String,
}

/// Limits of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bounds {
    /// Limit of host time, in seconds.
    pub seconds: u64,
    /// Limit of resident memory, in MiB.
    pub memory_mib: u64,
    /// Limit of printed output, in KiB.
    pub output_kib: u64,
}

/// One run of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepUnit {
    /// BLAKE3 of everything that decides the result, in hexadecimal.
    pub id: String,
    /// Display name. It is the same under all builds, so `diff` pairs units by it.
    pub name: String,
    /// Kind of the unit.
    pub kind: UnitKind,
    /// Arguments of the program.
    pub words: Vec<UnitWord>,
    /// Files and folders that it reads.
    pub inputs: Vec<UnitInput>,
    /// Expected digest of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Expected end of a title that ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<ExpectedEnd>,
    /// Whether to keep the last frame.
    #[serde(default, skip_serializing_if = "is_false")]
    pub picture: bool,
    /// Limits of the process.
    pub limits: Bounds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl SweepUnit {
    /// BLAKE3 of everything that decides the result under this build of the program. Each part is
    /// preceded by its length, so that different units cannot concatenate to the same bytes.
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
                UnitWord::Text(text) => {
                    part(b"text");
                    part(text.as_bytes());
                }
                UnitWord::Input { input } => {
                    part(b"input");
                    part(self.inputs.get(*input).map(|input| input.blake3.as_bytes()).unwrap_or_default());
                }
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Description of an error in the unit under this build, if there is one.
    fn fault(&self, build: &str) -> Option<String> {
        if !is_hash(&self.id) {
            return Some("`id` is not 64 hexadecimal digits".to_owned());
        }
        if self.words.len() > MAX_WORDS || self.inputs.len() > MAX_WORDS {
            return Some(format!("more than {MAX_WORDS} words or inputs"));
        }
        let known =
            |word: &UnitWord| !matches!(word, UnitWord::Input { input } if *input >= self.inputs.len());
        if !self.words.iter().all(known) {
            return Some("a word names a missing input".to_owned());
        }
        if self.words.iter().any(|word| matches!(word, UnitWord::Text(text) if text.contains('\0'))) {
            return Some("a word has a zero byte".to_owned());
        }
        if self.id_under(build) != self.id {
            return Some("the unit does not match its id: write the plan again".to_owned());
        }
        None
    }
}

/// Whether the text is a BLAKE3 in hexadecimal. Ids are used as file names, so other text is
/// refused.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A line of a units' file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Unit(SweepUnit),
    Other(serde_json::Value),
}

/// Reads a units' file, and verifies each unit's id.
pub(crate) fn read(path: &Path) -> Result<(UnitsHeader, Vec<SweepUnit>)> {
    let mut header: Option<UnitsHeader> = None;
    let mut units: Vec<SweepUnit> = Vec::new();
    let mut ids = BTreeSet::new();
    lines::read(path, Torn::Refused, |number, line| {
        let Some(header) = &header else {
            let Line::Other(value) = line else {
                return Err(Error::line(path, number, "the first line must be the header"));
            };
            let found: UnitsHeader = serde_json::from_value(value)
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
            // Parse again as a unit, to get the error.
            Line::Other(value) => serde_json::from_value(value)
                .map_err(|error| Error::line(path, number, format!("no unit: {error}")))?,
        };
        if let Some(fault) = unit.fault(&header.build) {
            return Err(Error::line(path, number, fault));
        }
        if units.len() as u64 >= MAX_UNITS {
            return Err(Error::TooMany { path: path.to_owned(), what: "units", limit: MAX_UNITS });
        }
        if !ids.insert(unit.id.clone()) {
            return Err(Error::line(path, number, "the same unit occurs earlier"));
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

    fn unit() -> SweepUnit {
        let mut unit = SweepUnit {
            id: String::new(),
            name: "n".into(),
            kind: UnitKind::Title,
            words: vec!["exec".into(), UnitWord::Input { input: 0 }],
            inputs: vec![UnitInput { path: "a.xex".into(), blake3: "11".into() }],
            expect: None,
            ends: None,
            picture: false,
            limits: Bounds { seconds: 1, memory_mib: 2, output_kib: 3 },
        };
        unit.id = unit.id_under("b");
        unit
    }

    #[test]
    fn the_id_depends_only_on_inputs_of_the_result() {
        let id = unit().id;
        let with = |change: fn(&mut SweepUnit)| {
            let mut unit = unit();
            change(&mut unit);
            unit.id_under("b")
        };
        assert_eq!(with(|_| {}), id);
        assert_eq!(with(|unit| unit.name = "m".into()), id, "a name decides nothing");
        assert_eq!(with(|unit| unit.inputs[0].path = "b.xex".into()), id, "a place decides nothing");
        assert_ne!(unit().id_under("c"), id);
        for change in [
            (|unit| unit.inputs[0].blake3 = "12".into()) as fn(&mut SweepUnit),
            |unit| unit.words[0] = "check".into(),
            |unit| unit.words.push("".into()),
            |unit| unit.kind = UnitKind::Check,
            |unit| unit.expect = Some("d".into()),
            |unit| unit.ends = Some(ExpectedEnd::GuestFault),
            |unit| unit.picture = true,
            |unit| unit.limits.seconds = 9,
            |unit| unit.limits.memory_mib = 9,
            |unit| unit.limits.output_kib = 9,
        ] {
            assert_ne!(with(change), id);
        }
        let split = |words: [&str; 2]| {
            let mut unit = unit();
            unit.words = words.map(UnitWord::from).to_vec();
            unit.id_under("b")
        };
        assert_ne!(split(["ab", "c"]), split(["a", "bc"]));
    }

    #[test]
    fn hostile_files_of_units_are_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("u");
        let header =
            |units| serde_json::to_string(&UnitsHeader::new("p", "b", Path::new("/"), units)).unwrap();
        let line = serde_json::to_string(&unit()).unwrap();
        let read_text = |text: String| {
            std::fs::write(&path, text).unwrap();
            read(&path).map(|(_, units)| units.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read_text(format!("{}\n{line}\n", header(1))).unwrap(), 1);
        let escape = line.replace(&unit().id, "../../../../etc/passwd");
        for (text, part) in [
            (String::new(), "it is empty"),
            (format!("{line}\n"), "line 1: the first line must be the header"),
            ("{}\n".to_owned(), "line 1: no header: missing field `schema`"),
            (format!("{}\n{line}", header(1)), "line 2: it has no end"),
            (format!("{}\n{{}}\n", header(1)), "line 2: no unit: missing field `id`"),
            (format!("{}\n[1]\n", header(1)), "line 2: no unit"),
            (format!("{}\n{line}\n{line}\n", header(2)), "line 3: the same unit occurs earlier"),
            (format!("{}\n{line}\n", header(7)), "it has 1 units, its header says 7"),
            (format!("{}\n{escape}\n", header(1)), "line 2: `id` is not 64"),
            (
                format!("{}\n{}\n", header(1), line.replace("exec", "fuzz")),
                "line 2: the unit does not match its id",
            ),
            (
                format!("{}\n{}\n", header(1), line.replace("\"input\":0", "\"input\":9")),
                "names a missing input",
            ),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
