//! Descriptions in guest/programs: a folder with a `program.toml` for each program, and
//! `sources.toml` for the packages.

use crate::files;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the C library's package.
pub(crate) const LIBRARY: &str = "musl";

/// The main kind of arithmetic of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ArithmeticKind {
    Integer,
    Float,
}

impl ArithmeticKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
        }
    }
}

/// The part of a package that a program uses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramSources {
    /// Name of the Debian source package.
    pub(crate) name: String,
    /// Source files in the package; a `*` matches any part of a file name.
    pub(crate) files: Vec<String>,
    /// Files to exclude.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// Include folders in the package.
    #[serde(default)]
    pub(crate) include: Vec<String>,
}

/// A program's description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramDescription {
    /// Name of the program's folder.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) kind: ArithmeticKind,
    /// Whether the program is in the held-out set, which is only evaluated at the end.
    #[serde(default)]
    pub(crate) unseen: bool,
    /// Whether the title is built for the 64-bit subset of the console's compilers. The program for
    /// qemu never is.
    #[serde(default)]
    pub(crate) wide: bool,
    /// The answer of every build.
    #[serde(default)]
    pub(crate) answer: String,
    /// The bit-exact answer of the PowerPC code.
    #[serde(default)]
    pub(crate) exact: String,
    /// Repetitions of the driver's work, so that it takes some tenths of a second natively.
    pub(crate) repeats: u32,
    /// Preprocessor symbols to define.
    #[serde(default)]
    pub(crate) define: Vec<String>,
    /// Files of its folder that become arrays, in `NAME_EXTENSION.h`.
    #[serde(default)]
    pub(crate) embed: Vec<String>,
    #[serde(rename = "package")]
    pub(crate) parts: Vec<ProgramSources>,
}

impl ProgramDescription {
    /// File name of the plain-ELF title.
    pub(crate) fn title(&self) -> String {
        format!("{}.elf", self.name)
    }

    /// File name of the program for qemu.
    pub(crate) fn for_qemu(&self) -> String {
        format!("{}.qemu", self.name)
    }

    /// File name of the native program.
    pub(crate) fn native(&self) -> String {
        format!("{}.native", self.name)
    }

    /// The line that the PowerPC code prints.
    pub(crate) fn line(&self) -> String {
        format!("answer {} exact {}\n", self.answer, self.exact)
    }
}

/// A package's tarball.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTarball {
    pub(crate) file: String,
    pub(crate) sha256: String,
}

/// All programs and packages.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) programs: Vec<ProgramDescription>,
    pub(crate) sources: BTreeMap<String, SourceTarball>,
}

impl Catalogue {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let sources = read_toml(&folder.join("sources.toml"))?;
        let mut programs = Vec::new();
        for path in files::list(folder)? {
            let described = path.join("program.toml");
            if described.is_file() {
                let mut program: ProgramDescription = read_toml(&described)?;
                program.name = path.file_name().context("a folder's name")?.to_string_lossy().into_owned();
                programs.push(program);
            }
        }
        programs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { programs, sources })
    }

    /// The programs with these names, or all.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<&ProgramDescription>> {
        if let Some(name) = names.iter().find(|name| self.programs.iter().all(|one| one.name != **name)) {
            bail!("no program {name} in guest/programs");
        }
        let wanted = |program: &&ProgramDescription| names.is_empty() || names.contains(&program.name);
        Ok(self.programs.iter().filter(wanted).collect())
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = files::read_text(path)?;
    toml::from_str(&text).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/programs")).unwrap()
    }

    #[test]
    fn each_program_has_answers_and_every_package_is_known() {
        let catalogue = catalogue();
        assert!(catalogue.programs.len() >= 20);
        assert!(catalogue.sources.contains_key(LIBRARY));
        for program in &catalogue.programs {
            for part in &program.parts {
                assert!(catalogue.sources.contains_key(&part.name), "{}: {}", program.name, part.name);
            }
            for sum in [&program.answer, &program.exact] {
                assert!(sum.len() == 8 && u32::from_str_radix(sum, 16).is_ok(), "{}: {sum:?}", program.name);
            }
        }
        assert!(catalogue.sources.values().all(|source| source.sha256.len() == 64));
    }

    #[test]
    fn a_third_of_the_programs_of_each_kind_is_wide() {
        let catalogue = catalogue();
        for kind in [ArithmeticKind::Integer, ArithmeticKind::Float] {
            let of_kind = || catalogue.programs.iter().filter(|program| program.kind == kind);
            let wide = of_kind().filter(|program| program.wide).count();
            assert!(wide == (of_kind().count() + 1) / 3, "{kind:?}: {wide} of {}", of_kind().count());
        }
    }

    #[test]
    fn at_least_half_of_the_programs_of_each_kind_are_unseen() {
        let catalogue = catalogue();
        for kind in [ArithmeticKind::Integer, ArithmeticKind::Float] {
            let of_kind = || catalogue.programs.iter().filter(|program| program.kind == kind);
            let unseen = of_kind().filter(|program| program.unseen).count();
            assert!(unseen >= of_kind().count() / 2, "{kind:?}: {unseen} of {}", of_kind().count());
        }
    }
}
