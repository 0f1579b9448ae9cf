//! From a TOML file to units.

use crate::error::{Error, Result};
use crate::inputs::{self, DEFAULT, Inputs};
use crate::lines;
use crate::spec::{Check, Conformance, Fuzz, Limits, Matrix, Source, Spec, Titles, Way};
use crate::unit::{Bounds, End, Header, Input, Kind, MOST_UNITS, UNITS, Unit, Word, is_hash};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Files of a conformance unit, and seeds of a fuzz unit, unless their tables say otherwise.
const BATCH: u64 = 16;

/// What to plan.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The TOML file; its paths are relative to its folder, or to the `root` that it names.
    pub spec: &'a Path,
    /// The folder that gets the file of units.
    pub out: &'a Path,
    /// The program that units are of.
    pub executable: &'a Path,
    /// Its name and version.
    pub program: &'a str,
}

/// What was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Units, by what they are of.
    pub units: BTreeMap<&'static str, u64>,
    /// Units that are the same as others, and were left out.
    pub repeated: u64,
    /// The file.
    pub file: PathBuf,
}

/// Writes the units of a TOML file.
pub fn plan(what: &Plan<'_>) -> Result<Planned> {
    let source = Source::read(what.spec)?;
    let spec = source.parse()?;
    let folder = what.spec.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = spec.root.as_ref().map_or_else(|| folder.to_owned(), |root| folder.join(root));
    let root = root.canonicalize().map_err(Error::read(&root))?;
    let build = Inputs::default().hash(what.executable)?;
    let mut planner = Planner {
        source: &source,
        root: &root,
        build: &build,
        inputs: Inputs::default(),
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
    let header = Header::new(what.program, &build, &root, planner.units.len());
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

impl Kind {
    /// As the file names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Check => "check",
            Self::Conformance => "conformance",
            Self::Fuzz => "fuzz",
        }
    }
}

/// What a unit needs beside its kind.
struct Draft {
    name: String,
    words: Vec<Word>,
    inputs: Vec<Input>,
    expect: Option<String>,
    ends: Option<End>,
    picture: bool,
    limits: Bounds,
}

struct Planner<'a> {
    source: &'a Source<'a>,
    root: &'a Path,
    build: &'a str,
    inputs: Inputs,
    defaults: Limits,
    units: Vec<Unit>,
    ids: BTreeSet<String>,
    /// How often a name was wanted.
    names: BTreeMap<String, u64>,
    repeated: u64,
    /// Where the table stands that is worked on.
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

    fn limits(&self, limits: Limits) -> Result<Bounds> {
        limits.or(self.defaults).map_err(|reason| self.wrong(reason))
    }

    /// A path of the file, which must be there.
    fn path(&self, path: &Path) -> Result<PathBuf> {
        let path = self.root.join(path);
        path.canonicalize().map_err(|error| self.wrong(format!("cannot read {}: {error}", path.display())))
    }

    /// Appends a file or folder to a unit's inputs, and its path to the words.
    fn input(&self, path: &Path, words: &mut Vec<Word>, inputs: &mut Vec<Input>) -> Result<()> {
        let blake3 = self.inputs.hash(path)?;
        words.push(Word::Input { input: inputs.len() });
        inputs.push(Input { path: self.shown(path), blake3 });
        Ok(())
    }

    /// A path as it is written down: relative to the root, if it is below that.
    fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root).unwrap_or(path).to_owned()
    }

    fn add(&mut self, kind: Kind, draft: Draft) -> Result<()> {
        let Draft { mut name, words, inputs, expect, ends, picture, limits } = draft;
        let mut unit = Unit {
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
        if self.units.len() as u64 >= MOST_UNITS {
            return Err(self.wrong(format!("more than {MOST_UNITS} units")));
        }
        // Two tables may run the same title with other limits.
        let used = self.names.entry(name.clone()).or_insert(0);
        *used += 1;
        if *used > 1 {
            name = format!("{name} #{used}");
        }
        unit.name = name;
        self.units.push(unit);
        Ok(())
    }

    fn titles(&mut self, table: &Titles) -> Result<()> {
        let mut titles = Vec::new();
        for path in table.path.iter().chain(&table.paths) {
            let path = self.path(path)?;
            if path.is_dir() && !path.join(DEFAULT).is_file() {
                titles.extend(inputs::titles(&path)?);
            } else {
                titles.push(path);
            }
        }
        let name_of = |title: &Path| title.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for name in &table.except {
            let before = titles.len();
            titles.retain(|title| name_of(title) != *name);
            if titles.len() == before {
                return Err(self.wrong(format!("`except` names {name:?}, which is none of the titles")));
            }
        }
        if titles.is_empty() {
            return Err(self.wrong("no title: `path` or `paths` name titles, or folders of them"));
        }
        if table.digest.is_some() && titles.len() > 1 {
            return Err(self.wrong("`digest` is of one title; of several, `digests` has them by name"));
        }
        for digest in table.digest.iter().chain(table.digests.values()) {
            if !is_hash(digest) {
                return Err(self.wrong(format!("{digest:?} is no digest")));
            }
        }
        let names: BTreeSet<String> = titles.iter().map(|title| name_of(title)).collect();
        let digests = table.digests.keys().map(|name| ("digests", name));
        for (key, name) in digests.chain(table.ends.keys().map(|name| ("ends", name))) {
            if !names.contains(name) {
                return Err(self.wrong(format!("`{key}` names {name:?}, which is none of the titles")));
            }
        }
        if table.frames.is_none() && table.instructions.is_none() {
            return Err(self.wrong("a title needs a limit: `frames` or `instructions`"));
        }
        let limits = self.limits(table.limits)?;
        let matrix =
            Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: table.flags.clone() };
        let ways = matrix.ways().map_err(|reason| self.wrong(reason))?;
        for title in &titles {
            for way in &ways {
                let mut words: Vec<Word> =
                    ["exec", "--headless", "--lockstep", "--gpu", "reference", "--code-cache", "off"]
                        .map(Word::from)
                        .to_vec();
                let mut inputs = Vec::new();
                let files = TitleFiles {
                    title,
                    folder: table.folder.as_deref(),
                    config: table.config.as_deref(),
                    key_file: table.key_file.as_deref(),
                    replay: table.replay.as_deref(),
                };
                self.title_words(&files, &mut words, &mut inputs)?;
                ends(table.frames, table.instructions, &mut words);
                let expect = table.digest.clone().or_else(|| table.digests.get(&name_of(title)).cloned());
                let name =
                    named("title", &self.shown(title), way, &limit_name(table.frames, table.instructions));
                words.extend(way.1.iter().map(|word| Word::from(word.as_str())));
                let ends = table.ends.get(&name_of(title)).copied();
                self.add(
                    Kind::Title,
                    Draft { name, words, inputs, expect, ends, picture: table.picture, limits },
                )?;
            }
        }
        Ok(())
    }

    /// The words that name a title's files. An executable that isn't its folder's title sees no folder, unless one is named: what
    /// else lies there would decide the result.
    fn title_words(
        &self,
        files: &TitleFiles<'_>,
        words: &mut Vec<Word>,
        inputs: &mut Vec<Input>,
    ) -> Result<()> {
        let title = files.title;
        let is_default = title.file_name().is_some_and(|name| name == DEFAULT);
        match (is_default, title.parent()) {
            // The folder is the title.
            (true, Some(parent)) => self.input(parent, words, inputs)?,
            _ => self.input(title, words, inputs)?,
        }
        match files.folder {
            Some(folder) => {
                words.push("--folder".into());
                self.input(&self.path(folder)?, words, inputs)?;
            }
            None if title.is_file() && !is_default && is_executable(title) => {
                words.extend(["--folder", EMPTY_FOLDER].map(Word::from));
            }
            None => {}
        }
        words.push("--config".into());
        match files.config {
            Some(config) => self.input(&self.path(config)?, words, inputs)?,
            None => words.push("/dev/null".into()),
        }
        for (flag, file) in [("--key-file", files.key_file), ("--replay", files.replay)] {
            if let Some(file) = file {
                words.push(flag.into());
                self.input(&self.path(file)?, words, inputs)?;
            }
        }
        Ok(())
    }

    fn check(&mut self, table: &Check) -> Result<()> {
        let title = self.path(&table.path)?;
        if table.frames.is_none() && table.instructions.is_none() {
            return Err(self.wrong("a check needs the limit of its golden file: `frames` or `instructions`"));
        }
        let limits = self.limits(table.limits)?;
        let matrix =
            Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: table.flags.clone() };
        for way in &matrix.ways().map_err(|reason| self.wrong(reason))? {
            let mut words: Vec<Word> = ["check", "--code-cache", "off"].map(Word::from).to_vec();
            let mut inputs = Vec::new();
            let files = TitleFiles {
                title: &title,
                folder: table.folder.as_deref(),
                config: table.config.as_deref(),
                key_file: table.key_file.as_deref(),
                replay: None,
            };
            self.title_words(&files, &mut words, &mut inputs)?;
            ends(table.frames, table.instructions, &mut words);
            words.push("--expect".into());
            self.input(&self.path(&table.expect)?, &mut words, &mut inputs)?;
            let name =
                named("check", &self.shown(&title), way, &limit_name(table.frames, table.instructions));
            words.extend(way.1.iter().map(|word| Word::from(word.as_str())));
            self.add(
                Kind::Check,
                Draft { name, words, inputs, expect: None, ends: None, picture: false, limits },
            )?;
        }
        Ok(())
    }

    fn conformance(&mut self, table: &Conformance) -> Result<()> {
        let path = self.path(&table.path)?;
        let mut files = if path.is_dir() {
            inputs::files(&path)?.iter().map(|file| path.join(file)).collect()
        } else {
            vec![path]
        };
        files.retain(|file| file.extension().is_some_and(|end| end == "s"));
        if files.is_empty() {
            return Err(self.wrong("there is no .s file"));
        }
        let limits = self.limits(table.limits)?;
        let matrix = Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: Vec::new() };
        let ways = matrix.conformance().map_err(|reason| self.wrong(reason))?;
        let batch = self.batch(table.batch)?;
        for batch in files.chunks(batch as usize) {
            for way in &ways {
                let mut words: Vec<Word> = ["conformance", "--config", "/dev/null"].map(Word::from).to_vec();
                words.extend(way.1.iter().map(|word| Word::from(word.as_str())));
                let mut inputs = Vec::new();
                for file in batch {
                    self.input(file, &mut words, &mut inputs)?;
                }
                let more = if batch.len() > 1 { format!("+{}", batch.len() - 1) } else { String::new() };
                let name = named("conformance", &self.shown(&batch[0]), way, &more);
                let draft = Draft { name, words, inputs, expect: None, ends: None, picture: false, limits };
                self.add(Kind::Conformance, draft)?;
            }
        }
        Ok(())
    }

    fn fuzz(&mut self, table: &Fuzz) -> Result<()> {
        let (first, last) = table.range().map_err(|reason| self.wrong(reason))?;
        let oracle = table.oracle.as_deref().unwrap_or("interp");
        if !["interp", "qemu"].contains(&oracle) {
            return Err(self.wrong(format!("oracle {oracle:?} is none of interp, qemu")));
        }
        if table.blocks == 0 {
            return Err(self.wrong("`blocks` must be 1 at least"));
        }
        let limits = self.limits(table.limits)?;
        let batch = self.batch(table.batch)?;
        if (last - first) / batch >= MOST_UNITS {
            return Err(self.wrong(format!("more than {MOST_UNITS} units")));
        }
        let mut from = first;
        while from <= last {
            let to = last.min(from.saturating_add(batch - 1));
            let seeds = if from == to { from.to_string() } else { format!("{from}..{to}") };
            let blocks = table.blocks.to_string();
            let words = ["fuzz", "--config", "/dev/null", "--seeds", &seeds, "--blocks", &blocks];
            let mut words: Vec<Word> = words.map(Word::from).to_vec();
            words.extend(["--oracle", oracle].map(Word::from));
            let way = (oracle.to_owned(), Vec::new());
            let name = named("fuzz", Path::new(&format!("seeds {seeds}")), &way, &format!("{blocks} blocks"));
            let draft =
                Draft { name, words, inputs: Vec::new(), expect: None, ends: None, picture: false, limits };
            self.add(Kind::Fuzz, draft)?;
            let Some(next) = to.checked_add(1) else { break };
            from = next;
        }
        Ok(())
    }

    fn batch(&self, batch: Option<u64>) -> Result<u64> {
        match batch.unwrap_or(BATCH) {
            batch @ 1..=1024 => Ok(batch),
            _ => Err(self.wrong("`batch` must be from 1 to 1024")),
        }
    }
}

/// Stands for a folder without anything in it, which whoever runs the unit makes.
pub(crate) const EMPTY_FOLDER: &str = "{empty}";

struct TitleFiles<'a> {
    title: &'a Path,
    folder: Option<&'a Path>,
    config: Option<&'a Path>,
    key_file: Option<&'a Path>,
    replay: Option<&'a Path>,
}

/// Whether a title is an executable, and not an image or package that is its own folder.
fn is_executable(title: &Path) -> bool {
    title.extension().is_some_and(|end| ["xex", "elf"].iter().any(|other| end.eq_ignore_ascii_case(other)))
}

fn ends(frames: Option<u64>, instructions: Option<u64>, words: &mut Vec<Word>) {
    for (flag, limit) in [("--frames", frames), ("-n", instructions)] {
        if let Some(limit) = limit {
            words.extend([flag.into(), Word::Text(limit.to_string())]);
        }
    }
}

fn limit_name(frames: Option<u64>, instructions: Option<u64>) -> String {
    let parts = [frames.map(|n| format!("{n} frames")), instructions.map(|n| format!("n={n}"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn named(kind: &str, what: &Path, way: &Way, rest: &str) -> String {
    let what = what.to_string_lossy();
    let parts = [kind, &what, &way.0, rest];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
