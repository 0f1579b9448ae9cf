//! The specification of a sweep: a TOML file written by users.
//!
//! The whole file is checked before any input is hashed, and errors name the line of their table.

use crate::error::{Error, Result};
use crate::inputs;
use crate::unit::{Bounds, ExpectedEnd};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Largest size of the file, in bytes.
const MAX_SPEC: u64 = 4 << 20;
/// Largest time limit of a unit in seconds: a week.
pub const MAX_SECONDS: u64 = 7 * 24 * 3600;
/// Largest memory limit of a unit, in MiB.
const MAX_MEMORY_MIB: u64 = 1 << 20;
/// Largest output limit of a unit, in KiB.
const MAX_OUTPUT_KIB: u64 = 64 << 10;

/// Contents of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Spec {
    /// Base of relative paths; itself relative to the file's folder.
    pub(crate) root: Option<PathBuf>,
    /// Default limits, for tables without limits.
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
    #[serde(default)]
    pub(crate) title: Vec<Spanned<Titles>>,
    #[serde(default)]
    pub(crate) check: Vec<Spanned<Check>>,
    #[serde(default)]
    pub(crate) conformance: Vec<Spanned<Conformance>>,
    #[serde(default)]
    pub(crate) fuzz: Vec<Spanned<Fuzz>>,
}

/// Limits of units, each optional.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LimitsSpec {
    seconds: Option<u64>,
    memory_mib: Option<u64>,
    output_kib: Option<u64>,
}

impl LimitsSpec {
    /// Fills missing limits from `others`, then from the defaults.
    pub(crate) fn or(self, others: Self) -> std::result::Result<Bounds, String> {
        let bounds = Bounds {
            seconds: self.seconds.or(others.seconds).unwrap_or(300),
            memory_mib: self.memory_mib.or(others.memory_mib).unwrap_or(4096),
            output_kib: self.output_kib.or(others.output_kib).unwrap_or(1024),
        };
        for (name, value, most) in [
            ("seconds", bounds.seconds, MAX_SECONDS),
            ("memory-mib", bounds.memory_mib, MAX_MEMORY_MIB),
            ("output-kib", bounds.output_kib, MAX_OUTPUT_KIB),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("`limits.{name}` must be from 1 to {most}"));
            }
        }
        Ok(bounds)
    }
}

/// Engines, tiers and flags: each unit is expanded to all combinations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Matrix {
    pub(crate) engines: Vec<String>,
    pub(crate) tiers: Vec<String>,
    pub(crate) flags: Vec<Vec<String>>,
}

/// A combination of engine, tier and flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatrixCombination {
    /// Its part of a unit's name.
    pub(crate) label: String,
    /// Its words of the command line.
    pub(crate) words: Vec<String>,
}

impl Matrix {
    /// All combinations for `exec` and `check`.
    pub(crate) fn ways(&self) -> std::result::Result<Vec<MatrixCombination>, String> {
        let or_nothing = |list: &[String]| if list.is_empty() { vec![String::new()] } else { list.to_vec() };
        let no_flags = vec![Vec::new()];
        let mut ways = Vec::new();
        for engine in or_nothing(&self.engines) {
            let engine_words: &[&str] = match engine.as_str() {
                "" => &[],
                "interp" => &["--interp"],
                "jit" => &["--jit"],
                "cross-check" => &["--cross-check"],
                other => return Err(format!("engine {other:?} is not one of interp, jit, cross-check")),
            };
            for tier in or_nothing(&self.tiers) {
                // The interpreter has no tiers, so it needs only one combination.
                if engine == "interp" && !tier.is_empty() && self.tiers.first() != Some(&tier) {
                    continue;
                }
                let tier = if engine == "interp" { "" } else { tier.as_str() };
                let mut words: Vec<String> = engine_words.iter().map(|&word| word.to_owned()).collect();
                let mut name = vec![engine.clone(), tier.to_owned()];
                if !tier.is_empty() {
                    known_tier(tier)?;
                    words.extend(["--tier".to_owned(), tier.to_owned()]);
                }
                for flags in if self.flags.is_empty() { &no_flags } else { &self.flags } {
                    let words = [words.clone(), flags.clone()].concat();
                    name.truncate(2);
                    name.extend(flags.iter().cloned());
                    let parts: Vec<&str> =
                        name.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                    ways.push(MatrixCombination { label: parts.join(" "), words });
                }
            }
        }
        Ok(ways)
    }

    /// All combinations of engine and tier for `conformance`; flags apply only to `exec`.
    pub(crate) fn conformance(&self) -> std::result::Result<Vec<MatrixCombination>, String> {
        if !self.flags.is_empty() {
            return Err("`flags` are those of titles".to_owned());
        }
        let engines = if self.engines.is_empty() { vec!["both".to_owned()] } else { self.engines.clone() };
        let tiers = if self.tiers.is_empty() { vec!["auto".to_owned()] } else { self.tiers.clone() };
        let mut ways = Vec::new();
        for engine in &engines {
            if !["interp", "jit", "both"].contains(&engine.as_str()) {
                return Err(format!("engine {engine:?} is not one of interp, jit, both"));
            }
            for tier in &tiers {
                known_tier(tier)?;
                let words = ["--engine", engine, "--tier", tier].map(str::to_owned).to_vec();
                ways.push(MatrixCombination { label: format!("{engine} {tier}"), words });
            }
        }
        Ok(ways)
    }
}

fn known_tier(tier: &str) -> std::result::Result<(), String> {
    match tier {
        // `loop` is a hidden alias of `function`, as on the command line.
        "interp" | "baseline" | "function" | "loop" | "auto" => Ok(()),
        other => Err(format!("tier {other:?} is not one of interp, baseline, function, auto")),
    }
}

/// `[[title]]`: titles to run with `exec`, in lockstep and without a window.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Titles {
    /// A title, or a folder of titles.
    pub(crate) path: Option<PathBuf>,
    /// A list of titles, instead of `path`.
    pub(crate) paths: Vec<PathBuf>,
    /// File names of titles in the folder to leave out.
    pub(crate) except: Vec<String>,
    pub(crate) frames: Option<u64>,
    pub(crate) instructions: Option<u64>,
    /// Expected digest of a single title.
    pub(crate) digest: Option<String>,
    /// Expected digests, by the titles' names.
    pub(crate) digests: BTreeMap<String, String>,
    /// Expected ends of titles that end by themselves, by the titles' names.
    pub(crate) ends: BTreeMap<String, ExpectedEnd>,
    /// Whether to keep the last frame.
    pub(crate) picture: bool,
    /// Folder that titles see as game:, if it is not their own.
    pub(crate) folder: Option<PathBuf>,
    /// A settings file for `exec`.
    pub(crate) config: Option<PathBuf>,
    /// A file with the user's keys.
    pub(crate) key_file: Option<PathBuf>,
    /// A recording to replay.
    pub(crate) replay: Option<PathBuf>,
    pub(crate) engines: Vec<String>,
    pub(crate) tiers: Vec<String>,
    pub(crate) flags: Vec<Vec<String>>,
    pub(crate) limits: LimitsSpec,
}

/// `[[check]]`: a title and its golden file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Check {
    pub(crate) path: PathBuf,
    pub(crate) expect: PathBuf,
    /// Folder of the states that cut the run into pieces, each of which is a unit.
    pub(crate) pieces: Option<PathBuf>,
    pub(crate) frames: Option<u64>,
    pub(crate) instructions: Option<u64>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) engines: Vec<String>,
    #[serde(default)]
    pub(crate) tiers: Vec<String>,
    #[serde(default)]
    pub(crate) flags: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
}

/// `[[conformance]]`: annotated assembler files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Conformance {
    /// A file or folder of cases.
    pub(crate) path: PathBuf,
    /// Number of files in a unit.
    pub(crate) batch: Option<u64>,
    #[serde(default)]
    pub(crate) engines: Vec<String>,
    #[serde(default)]
    pub(crate) tiers: Vec<String>,
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
}

/// `[[fuzz]]`: random instruction sequences.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fuzz {
    /// A range `A..B`, both included, or a single seed.
    pub(crate) seeds: String,
    /// Number of sequences for each seed.
    pub(crate) blocks: u64,
    /// Number of initial states for each sequence.
    pub(crate) states: Option<u64>,
    /// Number of seeds in a unit.
    pub(crate) batch: Option<u64>,
    /// Reference to compare with: `interp` or `qemu`.
    pub(crate) oracle: Option<String>,
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
}

impl Fuzz {
    /// The first and the last seed.
    pub(crate) fn range(&self) -> std::result::Result<(u64, u64), String> {
        let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
        let (first, last) = self.seeds.split_once("..").unwrap_or((&self.seeds, &self.seeds));
        match (number(first), number(last.trim_start_matches('='))) {
            (Some(first), Some(last)) if first <= last && last < u64::MAX => Ok((first, last)),
            _ => Err(format!("`seeds` {:?} is not a range such as \"1..200\", both ends in it", self.seeds)),
        }
    }
}

/// The file's text, with line numbers for errors.
pub(crate) struct SpecSource<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> SpecSource<'a> {
    /// Reads the file.
    pub(crate) fn read(path: &'a Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let file = inputs::open(path)?;
        file.take(MAX_SPEC + 1).read_to_end(&mut bytes).map_err(Error::read(path))?;
        if bytes.len() as u64 > MAX_SPEC {
            return Err(Error::TooMany { path: path.to_owned(), what: "bytes", limit: MAX_SPEC });
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::file(path, "not UTF-8 text"))?;
        Ok(Self { path, text })
    }

    /// Parses the file.
    pub(crate) fn parse(&self) -> Result<Spec> {
        toml::from_str(&self.text)
            .map_err(|error| self.error(error.span().unwrap_or_default().start, error.message()))
    }

    /// An error at this byte offset.
    pub(crate) fn error(&self, offset: usize, reason: impl Into<String>) -> Error {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        Error::line(self.path, before.matches('\n').count() + 1, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let error = SpecSource::read(file.path()).and_then(|source| source.parse().map(drop)).unwrap_err();
        error.to_string().replace(&file.path().display().to_string(), "F")
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, expected) in [
            ("[limits]\nsecond = 1\n", "F, line 2: unknown field `second`"),
            ("\n[[fuzz]]\nseeds = 1\n", "F, line 3: invalid type: integer"),
            ("[[fuzz]]\nseeds = \"1\"\n", "F, line 1: missing field `blocks`"),
            ("title = 3\n", "F, line 1: invalid type"),
            ("[[title]]\nframes = -1\n", "F, line 2: invalid value"),
            ("[[title\n", "F, line 1: "),
        ] {
            assert!(error(text.as_bytes()).starts_with(expected), "{}", error(text.as_bytes()));
        }
        assert_eq!(error(b"\xFF"), "F: not UTF-8 text");
        assert!(error(&vec![b'#'; MAX_SPEC as usize + 1]).contains("more than 4194304 bytes"));
        #[cfg(unix)]
        assert!(SpecSource::read(Path::new("/dev/zero")).is_err());
        error(format!("a = {}", "[".repeat(100_000)).as_bytes());
    }

    #[test]
    fn the_matrix_names_each_combination_once() {
        let list = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let matrix = Matrix {
            engines: list(&["interp", "jit"]),
            tiers: list(&["function", "auto"]),
            flags: vec![vec![], list(&["--gpu-inline"])],
        };
        let ways = matrix.ways().unwrap();
        let names: Vec<&str> = ways.iter().map(|way| way.label.as_str()).collect();
        assert_eq!(
            names,
            [
                "interp",
                "interp --gpu-inline",
                "jit function",
                "jit function --gpu-inline",
                "jit auto",
                "jit auto --gpu-inline"
            ]
        );
        assert_eq!(ways[3].words, ["--jit", "--tier", "function", "--gpu-inline"]);
        let plain = MatrixCombination { label: String::new(), words: vec![] };
        assert_eq!(Matrix::default().ways().unwrap(), [plain]);
        assert!(Matrix { engines: list(&["warp"]), ..Matrix::default() }.ways().is_err());
        assert!(Matrix { tiers: list(&["warp"]), ..Matrix::default() }.ways().is_err());
        assert!(matrix.conformance().is_err());
        let both = Matrix { flags: vec![], ..matrix }.conformance().unwrap();
        assert_eq!(both.len(), 4);
        assert_eq!(both[0].words, ["--engine", "interp", "--tier", "function"]);
    }

    #[test]
    fn ranges_and_limits_are_bounded() {
        let fuzz = |seeds: &str| Fuzz {
            seeds: seeds.to_owned(),
            blocks: 1,
            states: None,
            batch: None,
            oracle: None,
            limits: LimitsSpec::default(),
        };
        assert_eq!(fuzz("1..2_00").range(), Ok((1, 200)));
        assert_eq!(fuzz("7").range(), Ok((7, 7)));
        for wrong in ["", "2..1", "a..b", "1..", "-1..2", "0..18446744073709551615"] {
            assert!(fuzz(wrong).range().is_err(), "{wrong}");
        }
        let zero = LimitsSpec { seconds: Some(0), ..LimitsSpec::default() };
        assert!(zero.or(LimitsSpec::default()).unwrap_err().contains("limits.seconds"));
        let much = LimitsSpec { memory_mib: Some(u64::MAX), ..LimitsSpec::default() };
        assert!(LimitsSpec::default().or(much).unwrap_err().contains("limits.memory-mib"));
        assert_eq!(LimitsSpec::default().or(LimitsSpec::default()).unwrap().seconds, 300);
    }
}
