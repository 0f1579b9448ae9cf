//! Expands each kind of table into units.
//!
//! A unit's words and inputs determine its result, so each file that it reads is among its inputs,
//! and the host's settings and neighbouring files are kept out of runs of titles: by flags, and by
//! an empty folder in place of the title's.

use super::{EMPTY_FOLDER, Planner, UnitBuilder};
use crate::error::Result;
use crate::inputs;
use crate::spec::{Check, Conformance, Fuzz, Matrix, Titles};
use crate::unit::{MAX_STATES, MAX_UNITS, UnitKind, is_hash};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use xenia_formats::title_files::is_default_executable;

/// Default number of files in a conformance unit, and of seeds in a fuzz unit.
const BATCH: u64 = 16;

/// Words of a unit that runs a title.
const TITLE_WORDS: [&str; 7] =
    ["exec", "--headless", "--lockstep", "--gpu", "reference", "--code-cache", "off"];

impl Planner<'_> {
    pub(super) fn titles(&mut self, table: &Titles) -> Result<()> {
        let titles = self.title_paths(table)?;
        self.check_expected(table, &titles)?;
        let run = RunLimit { frames: table.frames, instructions: table.instructions };
        if run.is_none() {
            return Err(self.wrong("a title needs a limit: `frames` or `instructions`"));
        }
        let limits = self.limits(table.limits)?;
        let matrix =
            Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: table.flags.clone() };
        let ways = matrix.ways().map_err(|reason| self.wrong(reason))?;
        for (title, way) in titles.iter().flat_map(|title| ways.iter().map(move |way| (title, way))) {
            let files = TitleFiles {
                title,
                folder: table.folder.as_deref(),
                config: table.config.as_deref(),
                key_file: table.key_file.as_deref(),
                replay: table.replay.as_deref(),
            };
            let name = name_of(title);
            let mut unit = UnitBuilder::new(UnitKind::Title, &TITLE_WORDS, limits);
            unit.expect = table.digest.clone().or_else(|| table.digests.get(&name).cloned());
            unit.ends = table.ends.get(&name).copied();
            unit.picture = table.picture;
            self.add_title(&mut unit, &files)?;
            unit.add_words(run.words());
            unit.add_words(&way.words);
            unit.set_name(&self.stored_path(title), &way.label, &run.name());
            self.add(unit)?;
        }
        Ok(())
    }

    /// The titles of a table.
    fn title_paths(&self, table: &Titles) -> Result<Vec<PathBuf>> {
        let mut titles = Vec::new();
        for path in table.path.iter().chain(&table.paths) {
            let path = self.path(path)?;
            if path.is_dir() && !inputs::has_default(&path)? {
                titles.extend(inputs::titles(&path)?);
            } else {
                titles.push(path);
            }
        }
        for name in &table.except {
            let before = titles.len();
            titles.retain(|title| name_of(title) != *name);
            if titles.len() == before {
                return Err(self.wrong(format!("`except` names {name:?}, which is not one of the titles")));
            }
        }
        if titles.is_empty() {
            return Err(self.wrong("no title: `path` or `paths` name titles, or folders of them"));
        }
        Ok(titles)
    }

    /// Checks that the expected digests and ends are those of titles.
    fn check_expected(&self, table: &Titles, titles: &[PathBuf]) -> Result<()> {
        if table.digest.is_some() && titles.len() > 1 {
            return Err(self.wrong("`digest` is of one title; of several, `digests` has them by name"));
        }
        for digest in table.digest.iter().chain(table.digests.values()) {
            if !is_hash(digest) {
                return Err(self.wrong(format!("{digest:?} is not a digest")));
            }
        }
        let names: BTreeSet<String> = titles.iter().map(|title| name_of(title)).collect();
        let digests = table.digests.keys().map(|name| ("digests", name));
        for (key, name) in digests.chain(table.ends.keys().map(|name| ("ends", name))) {
            if !names.contains(name) {
                return Err(self.wrong(format!("`{key}` names {name:?}, which is not one of the titles")));
            }
        }
        Ok(())
    }

    /// Adds the words that name a title's files. An executable other than its folder's default.xex
    /// gets no folder unless one is named, because the folder's other files would then decide the
    /// result.
    fn add_title(&self, unit: &mut UnitBuilder, files: &TitleFiles<'_>) -> Result<()> {
        let title = files.title;
        let is_default = is_default_executable(title);
        match (is_default, title.parent()) {
            // The folder is the title.
            (true, Some(parent)) => self.add_input(unit, parent)?,
            _ => self.add_input(unit, title)?,
        }
        match files.folder {
            Some(folder) => {
                unit.add_words(["--folder"]);
                self.add_input(unit, &self.path(folder)?)?;
            }
            None if title.is_file() && !is_default && is_executable(title) => {
                unit.add_words(["--folder", EMPTY_FOLDER]);
            }
            None => {}
        }
        unit.add_words(["--config"]);
        match files.config {
            Some(config) => self.add_input(unit, &self.path(config)?)?,
            None => unit.add_words(["/dev/null"]),
        }
        for (flag, file) in [("--key-file", files.key_file), ("--replay", files.replay)] {
            if let Some(file) = file {
                unit.add_words([flag]);
                self.add_input(unit, &self.path(file)?)?;
            }
        }
        Ok(())
    }

    pub(super) fn check(&mut self, table: &Check) -> Result<()> {
        let title = self.path(&table.path)?;
        // Without a limit, the check runs to that of its golden file.
        let run = RunLimit { frames: table.frames, instructions: table.instructions };
        let limits = self.limits(table.limits)?;
        let matrix =
            Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: table.flags.clone() };
        let ways = matrix.ways().map_err(|reason| self.wrong(reason))?;
        let states = table.pieces.as_deref().map(|folder| self.states(folder)).transpose()?;
        // Without states the whole run is one piece.
        let pieces = states.as_ref().map_or(0, |states| states.count);
        for (way, piece) in ways.iter().flat_map(|way| (0..=pieces).map(move |piece| (way, piece))) {
            let files = TitleFiles {
                title: &title,
                folder: table.folder.as_deref(),
                config: table.config.as_deref(),
                key_file: table.key_file.as_deref(),
                replay: None,
            };
            let mut unit = UnitBuilder::new(UnitKind::Check, &["check", "--code-cache", "off"], limits);
            self.add_title(&mut unit, &files)?;
            unit.add_words(run.words());
            unit.add_words(["--expect"]);
            self.add_input(&mut unit, &self.path(&table.expect)?)?;
            let mut rest = run.name();
            if let Some(StateFiles { folder, count }) = &states {
                unit.add_words(["--states"]);
                self.add_input(&mut unit, folder)?;
                unit.add_words(["--piece", &piece.to_string()]);
                rest = match rest.as_str() {
                    "" => format!("piece {piece}/{count}"),
                    run => format!("{run} piece {piece}/{count}"),
                };
            }
            unit.add_words(&way.words);
            unit.set_name(&self.stored_path(&title), &way.label, &rest);
            self.add(unit)?;
        }
        Ok(())
    }

    /// The states in a folder.
    fn states(&self, folder: &Path) -> Result<StateFiles> {
        let folder = self.path(folder)?;
        let is_state = |file: &PathBuf| file.extension().is_some_and(|end| end == "state");
        let count = inputs::files(&folder)?.iter().filter(|file| is_state(file)).count();
        if count == 0 {
            return Err(self.wrong("`pieces` names a folder without states: check --keep-states writes them"));
        }
        Ok(StateFiles { folder, count })
    }

    pub(super) fn conformance(&mut self, table: &Conformance) -> Result<()> {
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
        for (batch, way) in
            files.chunks(batch as usize).flat_map(|batch| ways.iter().map(move |way| (batch, way)))
        {
            let words = ["conformance", "--config", "/dev/null"];
            let mut unit = UnitBuilder::new(UnitKind::Conformance, &words, limits);
            unit.add_words(&way.words);
            for file in batch {
                self.add_input(&mut unit, file)?;
            }
            let more = if batch.len() > 1 { format!("+{}", batch.len() - 1) } else { String::new() };
            unit.set_name(&self.stored_path(&batch[0]), &way.label, &more);
            self.add(unit)?;
        }
        Ok(())
    }

    pub(super) fn fuzz(&mut self, table: &Fuzz) -> Result<()> {
        let (first, last) = table.range().map_err(|reason| self.wrong(reason))?;
        let oracle = table.oracle.as_deref().unwrap_or("interp");
        if !["interp", "qemu"].contains(&oracle) {
            return Err(self.wrong(format!("oracle {oracle:?} is not one of interp, qemu")));
        }
        if table.blocks == 0 {
            return Err(self.wrong("`blocks` must be 1 at least"));
        }
        if table.states.is_some_and(|states| !(1..=MAX_STATES).contains(&states) || oracle != "interp") {
            return Err(
                self.wrong(format!("`states` must be from 1 to {MAX_STATES}, with the oracle interp"))
            );
        }
        let limits = self.limits(table.limits)?;
        let batch = self.batch(table.batch)?;
        if (last - first) / batch >= MAX_UNITS {
            return Err(self.wrong(format!("more than {MAX_UNITS} units")));
        }
        let mut from = first;
        while from <= last {
            let to = last.min(from.saturating_add(batch - 1));
            let seeds = if from == to { from.to_string() } else { format!("{from}..{to}") };
            let blocks = table.blocks.to_string();
            let words = ["fuzz", "--config", "/dev/null", "--seeds", &seeds, "--blocks", &blocks];
            let mut unit = UnitBuilder::new(UnitKind::Fuzz, &words, limits);
            unit.add_words(["--oracle", oracle]);
            if let Some(states) = table.states {
                unit.add_words(["--states", &states.to_string()]);
            }
            let states = table.states.map_or_else(String::new, |states| format!(" from {states} states"));
            let rest = format!("{blocks} blocks{states}");
            unit.set_name(Path::new(&format!("seeds {seeds}")), oracle, &rest);
            self.add(unit)?;
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

/// A folder of states.
struct StateFiles {
    folder: PathBuf,
    count: usize,
}

/// Limit of a title's run.
#[derive(Clone, Copy)]
struct RunLimit {
    frames: Option<u64>,
    instructions: Option<u64>,
}

impl RunLimit {
    fn is_none(self) -> bool {
        self.frames.is_none() && self.instructions.is_none()
    }

    fn words(self) -> Vec<String> {
        let limits = [("--frames", self.frames), ("-n", self.instructions)];
        let given =
            limits.into_iter().filter_map(|(flag, limit)| Some([flag.to_owned(), limit?.to_string()]));
        given.flatten().collect()
    }

    /// Its part of a unit's name.
    fn name(self) -> String {
        let parts = [self.frames.map(|n| format!("{n} frames")), self.instructions.map(|n| format!("n={n}"))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Files of a title, as a table names them.
struct TitleFiles<'a> {
    title: &'a Path,
    folder: Option<&'a Path>,
    config: Option<&'a Path>,
    key_file: Option<&'a Path>,
    replay: Option<&'a Path>,
}

/// Whether a title is an executable, and not an image or package.
fn is_executable(title: &Path) -> bool {
    title.extension().is_some_and(|end| ["xex", "elf"].iter().any(|other| end.eq_ignore_ascii_case(other)))
}

/// Name of a title's file or folder.
fn name_of(title: &Path) -> String {
    title.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
