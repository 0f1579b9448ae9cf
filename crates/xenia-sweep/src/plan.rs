//! Expands a TOML file into units.

mod tables;

use crate::error::{Error, Result};
use crate::inputs::InputHashes;
use crate::lines;
use crate::spec::{LimitsSpec, Spec, SpecSource};
use crate::unit::{
    Bounds, ExpectedEnd, MAX_UNITS, SweepUnit, UNITS, UnitInput, UnitKind, UnitWord, UnitsHeader,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Inputs of planning.
#[derive(Clone, Copy, Debug)]
pub struct PlanConfig<'a> {
    /// The TOML file; its paths are relative to its folder, or to its `root` if it has one.
    pub spec: &'a Path,
    /// The folder to write the units' file to.
    pub out: &'a Path,
    /// The program that units run.
    pub executable: &'a Path,
    /// Name and version of the program.
    pub program: &'a str,
}

/// Result of planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Number of units, by kind.
    pub units: BTreeMap<&'static str, u64>,
    /// Number of duplicate units left out.
    pub repeated: u64,
    /// Path of the units' file.
    pub file: PathBuf,
}

/// Writes the units of a TOML file.
pub fn plan(what: &PlanConfig<'_>) -> Result<Planned> {
    let source = SpecSource::read(what.spec)?;
    let spec = source.parse()?;
    let folder = what.spec.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = spec.root.as_ref().map_or_else(|| folder.to_owned(), |root| folder.join(root));
    let root = root.canonicalize().map_err(Error::read(&root))?;
    let build = InputHashes::default().hash(what.executable)?;
    let mut planner = Planner {
        source: &source,
        root: &root,
        build: &build,
        inputs: InputHashes::default(),
        defaults: spec.limits,
        units: Vec::new(),
        ids: BTreeSet::new(),
        names: BTreeMap::new(),
        repeated: 0,
        offset: 0,
    };
    planner.all(&spec)?;
    if planner.units.is_empty() {
        return Err(Error::file(what.spec, "it names nothing to run"));
    }
    let header = UnitsHeader::new(what.program, &build, &root, planner.units.len());
    std::fs::create_dir_all(what.out).map_err(Error::write(what.out))?;
    let file = what.out.join(UNITS);
    lines::write_whole(&file, |out| {
        serde_json::to_writer(&mut *out, &header)?;
        out.write_all(b"\n")?;
        for unit in &planner.units {
            serde_json::to_writer(&mut *out, unit)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })?;
    let mut units = BTreeMap::new();
    for unit in &planner.units {
        *units.entry(unit.kind.name()).or_default() += 1;
    }
    Ok(Planned { units, repeated: planner.repeated, file })
}

impl UnitKind {
    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Check => "check",
            Self::Conformance => "conformance",
            Self::Fuzz => "fuzz",
        }
    }
}

/// A unit without its id.
struct UnitBuilder {
    kind: UnitKind,
    name: String,
    words: Vec<UnitWord>,
    inputs: Vec<UnitInput>,
    expect: Option<String>,
    ends: Option<ExpectedEnd>,
    picture: bool,
    limits: Bounds,
}

impl UnitBuilder {
    /// A unit that begins with these words.
    fn new(kind: UnitKind, words: &[&str], limits: Bounds) -> Self {
        Self {
            kind,
            name: String::new(),
            words: words.iter().map(|&word| UnitWord::from(word)).collect(),
            inputs: Vec::new(),
            expect: None,
            ends: None,
            picture: false,
            limits,
        }
    }

    fn add_words(&mut self, words: impl IntoIterator<Item = impl AsRef<str>>) {
        self.words.extend(words.into_iter().map(|word| UnitWord::from(word.as_ref())));
    }

    /// Names the unit by its kind, its subject, the combination of the matrix, and the rest.
    fn set_name(&mut self, subject: &Path, label: &str, rest: &str) {
        // The same on every system, so that sweeps can be compared.
        let subject = subject.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let parts = [self.kind.name(), &subject, label, rest];
        self.name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
}

struct Planner<'a> {
    source: &'a SpecSource<'a>,
    root: &'a Path,
    build: &'a str,
    inputs: InputHashes,
    defaults: LimitsSpec,
    units: Vec<SweepUnit>,
    ids: BTreeSet<String>,
    /// Number of uses of each name.
    names: BTreeMap<String, u64>,
    repeated: u64,
    /// Offset of the current table in the file.
    offset: usize,
}

impl Planner<'_> {
    fn all(&mut self, spec: &Spec) -> Result<()> {
        for table in &spec.title {
            self.offset = table.span().start;
            self.titles(table.get_ref())?;
        }
        for table in &spec.check {
            self.offset = table.span().start;
            self.check(table.get_ref())?;
        }
        for table in &spec.conformance {
            self.offset = table.span().start;
            self.conformance(table.get_ref())?;
        }
        for table in &spec.fuzz {
            self.offset = table.span().start;
            self.fuzz(table.get_ref())?;
        }
        Ok(())
    }

    fn wrong(&self, reason: impl Into<String>) -> Error {
        self.source.error(self.offset, reason)
    }

    fn limits(&self, limits: LimitsSpec) -> Result<Bounds> {
        limits.or(self.defaults).map_err(|reason| self.wrong(reason))
    }

    /// Resolves a path from the file; it must exist.
    fn path(&self, path: &Path) -> Result<PathBuf> {
        let path = self.root.join(path);
        path.canonicalize().map_err(|error| self.wrong(format!("cannot read {}: {error}", path.display())))
    }

    /// Adds a file or folder to a unit's inputs, and its path to the words.
    fn add_input(&self, unit: &mut UnitBuilder, path: &Path) -> Result<()> {
        let blake3 = self.inputs.hash(path)?;
        unit.words.push(UnitWord::Input { input: unit.inputs.len() });
        unit.inputs.push(UnitInput { path: self.stored_path(path), blake3 });
        Ok(())
    }

    /// A path as stored: relative to the root, if it is below it.
    fn stored_path(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root).unwrap_or(path).to_owned()
    }

    fn add(&mut self, builder: UnitBuilder) -> Result<()> {
        let UnitBuilder { kind, mut name, words, inputs, expect, ends, picture, limits } = builder;
        let mut unit = SweepUnit {
            id: String::new(),
            name: String::new(),
            kind,
            words,
            inputs,
            expect,
            ends,
            picture,
            limits,
        };
        unit.id = unit.id_under(self.build);
        if !self.ids.insert(unit.id.clone()) {
            self.repeated += 1;
            return Ok(());
        }
        if self.units.len() as u64 >= MAX_UNITS {
            return Err(self.wrong(format!("more than {MAX_UNITS} units")));
        }
        // Two tables may run the same title with different limits.
        let used = self.names.entry(name.clone()).or_insert(0);
        *used += 1;
        if *used > 1 {
            name = format!("{name} #{used}");
        }
        unit.name = name;
        self.units.push(unit);
        Ok(())
    }
}

/// Placeholder for an empty folder, which is created before the unit runs.
pub(crate) const EMPTY_FOLDER: &str = "{empty}";

#[cfg(test)]
mod tests;
