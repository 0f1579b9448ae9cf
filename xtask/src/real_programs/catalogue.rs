//! Descriptions in guest/real-programs.

use crate::files;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A program, and its runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RealProgram {
    /// Name of the program's folder.
    #[serde(skip)]
    pub(crate) name: String,
    /// Path of the program's folder.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    #[expect(dead_code, reason = "for readers")]
    about: String,
    /// Whether it is built for the 64-bit subset of the console's compilers, which qemu-ppc can't
    /// run.
    #[serde(default)]
    pub(crate) wide: bool,
    /// Debian packages with its sources.
    pub(crate) packages: Vec<String>,
    /// A host program that the build needs, besides compilers.
    pub(crate) needs: Option<String>,
    /// Beginnings of lines that may differ between runs.
    #[serde(default)]
    pub(crate) differs: Vec<String>,
    /// Whether lines end with times.
    #[serde(default)]
    pub(crate) times: bool,
    /// Runs, one after the other in one folder.
    #[serde(default, rename = "run")]
    pub(crate) runs: Vec<ProgramRun>,
    /// Additional programs to build.
    #[serde(default)]
    pub(crate) also: Vec<String>,
    /// Timed runs, one after the other.
    #[serde(default)]
    pub(crate) timed: Vec<ProgramRun>,
    /// A run for each of many files.
    pub(crate) each: Option<Each>,
    /// A run that compares pictures.
    pub(crate) pictures: Option<Pictures>,
}

/// A run whose pictures are compared. It sees the files of the runs before it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pictures {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    /// Number of frames.
    pub(crate) frames: u32,
}

/// One run of a program.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramRun {
    /// The program built by `build.sh`.
    pub(crate) program: String,
    /// The package that contains `files`.
    pub(crate) from: Option<String>,
    /// Files and folders for the program.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Files from the description's folder.
    #[serde(default)]
    pub(crate) own: Vec<String>,
    /// Working folder, relative to the run's folder.
    #[serde(default)]
    pub(crate) folder: String,
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    /// Environment variables, as `NAME=VALUE`.
    #[serde(default)]
    pub(crate) settings: Vec<String>,
    /// File for standard input.
    pub(crate) input: Option<String>,
    /// File for standard output.
    pub(crate) output: Option<String>,
    /// Beginnings of lines that must occur, for runs where equal failures would look like success.
    #[serde(default)]
    pub(crate) shows: Vec<String>,
    /// Whether the run is short enough for CI.
    #[serde(default)]
    pub(crate) small: bool,
    /// Whether the run is only made on request, in place of the others.
    #[serde(default)]
    pub(crate) large: bool,
}

/// Selection of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Small,
    Full,
    Large,
}

impl ProgramRun {
    /// Whether the run is in the selection.
    pub(crate) fn is_selected_by(&self, extent: Extent) -> bool {
        match extent {
            Extent::Small => self.small,
            Extent::Full => !self.large,
            Extent::Large => self.large,
        }
    }
}

/// A run for each of many files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Each {
    program: String,
    /// The package with the files.
    from: String,
    /// Files to copy from the package.
    files: Vec<String>,
    /// Working folder of the program.
    folder: String,
    /// Pattern of the files, as `FOLDER/*.ENDING`.
    pattern: String,
    /// Files to exclude (without their ending).
    without: Vec<String>,
    /// Files for CI.
    small: Vec<String>,
    #[serde(default)]
    settings: Vec<String>,
}

impl Each {
    /// The program of these runs.
    pub(crate) fn program(&self) -> String {
        self.program.clone()
    }

    /// The runs for the package's files.
    fn runs(&self, sources: &Path) -> Result<Vec<ProgramRun>> {
        let (folder, ending) = self.pattern.split_once("/*.").context("a pattern is FOLDER/*.ENDING")?;
        let mut names = Vec::new();
        for path in files::list(sources.join(&self.from).join(folder))? {
            if files::has_ending(&path, &[ending]) {
                names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        names.retain(|name| !self.without.contains(name));
        Ok(names
            .into_iter()
            .map(|name| ProgramRun {
                program: self.program.clone(),
                from: Some(self.from.clone()),
                files: self.files.clone(),
                folder: self.folder.clone(),
                arguments: vec![format!("{name}.{ending}")],
                settings: self.settings.clone(),
                small: self.small.contains(&name),
                ..ProgramRun::default()
            })
            .collect())
    }
}

impl RealProgram {
    /// All runs of the program; the packages are in `sources`.
    pub(crate) fn all_runs(&self, sources: &Path) -> Result<Vec<ProgramRun>> {
        let mut runs = self.runs.clone();
        if let Some(each) = &self.each {
            runs.extend(each.runs(sources)?);
        }
        Ok(runs)
    }
}

/// Reads every description, ordered by name.
pub(crate) fn read(folder: &Path) -> Result<Vec<RealProgram>> {
    let mut programs = Vec::new();
    for path in files::list(folder)? {
        let described = path.join("program.toml");
        if !described.is_file() {
            continue;
        }
        let text = files::read_text(&described)?;
        let mut program: RealProgram =
            toml::from_str(&text).with_context(|| format!("{}", described.display()))?;
        program.name = path.file_name().context("a folder's name")?.to_string_lossy().into_owned();
        program.folder = path.canonicalize()?;
        programs.push(program);
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_is_understood_and_its_packages_are_known() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest");
        let programs = read(&root.join("real-programs")).unwrap();
        assert!(programs.len() >= 8);
        let sources = std::fs::read_to_string(root.join("programs/sources.toml")).unwrap();
        for program in programs {
            for run in &program.runs {
                assert!(!(run.small && run.large), "{} {}", program.name, run.program);
            }
            assert!(program.each.is_some() || !program.runs.is_empty(), "{}", program.name);
            assert!(program.folder.join("build.sh").is_file(), "{}", program.name);
            for package in &program.packages {
                assert!(sources.contains(&format!("[\"{package}\"]")), "{}: {package}", program.name);
            }
            for own in program.runs.iter().flat_map(|run| &run.own) {
                assert!(program.folder.join(own).is_file(), "{}: {own}", program.name);
            }
        }
    }
}
