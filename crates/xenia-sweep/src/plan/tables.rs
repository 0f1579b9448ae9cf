//! Expands each kind of table into units.

use super::{Draft, EMPTY_FOLDER, Planner};
use crate::error::Result;
use crate::inputs;
use crate::spec::{Check, Conformance, Fuzz, Matrix, MatrixCombination, Titles};
use crate::unit::{MAX_STATES, MAX_UNITS, UnitInput, UnitKind, UnitWord, is_hash};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use xenia_formats::title_files::is_default_executable;

/// Default number of files in a conformance unit, and of seeds in a fuzz unit.
const BATCH: u64 = 16;

impl Planner<'_> {
    pub(super) fn titles(&mut self, table: &Titles) -> Result<()> {
        let mut titles = Vec::new();
        for path in table.path.iter().chain(&table.paths) {
            let path = self.path(path)?;
            if path.is_dir() && !inputs::has_default(&path)? {
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
                let mut words: Vec<UnitWord> =
                    ["exec", "--headless", "--lockstep", "--gpu", "reference", "--code-cache", "off"]
                        .map(UnitWord::from)
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
                words.extend(way.1.iter().map(|word| UnitWord::from(word.as_str())));
                let ends = table.ends.get(&name_of(title)).copied();
                self.add(
                    UnitKind::Title,
                    Draft { name, words, inputs, expect, ends, picture: table.picture, limits },
                )?;
            }
        }
        Ok(())
    }

    /// The words that name a title's files. An executable other than its folder's default.xex gets
    /// no folder unless one is named, because the folder's other files would then decide the
    /// result.
    fn title_words(
        &self,
        files: &TitleFiles<'_>,
        words: &mut Vec<UnitWord>,
        inputs: &mut Vec<UnitInput>,
    ) -> Result<()> {
        let title = files.title;
        let is_default = is_default_executable(title);
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
                words.extend(["--folder", EMPTY_FOLDER].map(UnitWord::from));
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

    pub(super) fn check(&mut self, table: &Check) -> Result<()> {
        let title = self.path(&table.path)?;
        if table.frames.is_none() && table.instructions.is_none() {
            return Err(self.wrong("a check needs the limit of its golden file: `frames` or `instructions`"));
        }
        let limits = self.limits(table.limits)?;
        let matrix =
            Matrix { engines: table.engines.clone(), tiers: table.tiers.clone(), flags: table.flags.clone() };
        let ways = matrix.ways().map_err(|reason| self.wrong(reason))?;
        let states = table.pieces.as_deref().map(|folder| self.states(folder)).transpose()?;
        // Without states the whole run is one piece.
        let pieces = states.as_ref().map_or(0, |(_, count)| *count);
        for (way, piece) in ways.iter().flat_map(|way| (0..=pieces).map(move |piece| (way, piece))) {
            let mut words: Vec<UnitWord> = ["check", "--code-cache", "off"].map(UnitWord::from).to_vec();
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
            let mut limit = limit_name(table.frames, table.instructions);
            if let Some((folder, count)) = &states {
                words.push("--states".into());
                self.input(folder, &mut words, &mut inputs)?;
                words.extend(["--piece", &piece.to_string()].map(UnitWord::from));
                limit = format!("{limit} piece {piece}/{count}");
            }
            let name = named("check", &self.shown(&title), way, &limit);
            words.extend(way.1.iter().map(|word| UnitWord::from(word.as_str())));
            self.add(
                UnitKind::Check,
                Draft { name, words, inputs, expect: None, ends: None, picture: false, limits },
            )?;
        }
        Ok(())
    }

    /// A folder of states, and their number.
    fn states(&self, folder: &Path) -> Result<(PathBuf, usize)> {
        let folder = self.path(folder)?;
        let is_state = |file: &PathBuf| file.extension().is_some_and(|end| end == "state");
        let count = inputs::files(&folder)?.iter().filter(|file| is_state(file)).count();
        if count == 0 {
            return Err(self.wrong("`pieces` names a folder without states: check --keep-states writes them"));
        }
        Ok((folder, count))
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
        for batch in files.chunks(batch as usize) {
            for way in &ways {
                let mut words: Vec<UnitWord> =
                    ["conformance", "--config", "/dev/null"].map(UnitWord::from).to_vec();
                words.extend(way.1.iter().map(|word| UnitWord::from(word.as_str())));
                let mut inputs = Vec::new();
                for file in batch {
                    self.input(file, &mut words, &mut inputs)?;
                }
                let more = if batch.len() > 1 { format!("+{}", batch.len() - 1) } else { String::new() };
                let name = named("conformance", &self.shown(&batch[0]), way, &more);
                let draft = Draft { name, words, inputs, expect: None, ends: None, picture: false, limits };
                self.add(UnitKind::Conformance, draft)?;
            }
        }
        Ok(())
    }

    pub(super) fn fuzz(&mut self, table: &Fuzz) -> Result<()> {
        let (first, last) = table.range().map_err(|reason| self.wrong(reason))?;
        let oracle = table.oracle.as_deref().unwrap_or("interp");
        if !["interp", "qemu"].contains(&oracle) {
            return Err(self.wrong(format!("oracle {oracle:?} is none of interp, qemu")));
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
            let mut words: Vec<UnitWord> = words.map(UnitWord::from).to_vec();
            words.extend(["--oracle", oracle].map(UnitWord::from));
            if let Some(states) = table.states {
                words.extend(["--states", &states.to_string()].map(UnitWord::from));
            }
            let way = (oracle.to_owned(), Vec::new());
            let states = table.states.map_or_else(String::new, |states| format!(" from {states} states"));
            let what = format!("{blocks} blocks{states}");
            let name = named("fuzz", Path::new(&format!("seeds {seeds}")), &way, &what);
            let draft =
                Draft { name, words, inputs: Vec::new(), expect: None, ends: None, picture: false, limits };
            self.add(UnitKind::Fuzz, draft)?;
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

fn ends(frames: Option<u64>, instructions: Option<u64>, words: &mut Vec<UnitWord>) {
    for (flag, limit) in [("--frames", frames), ("-n", instructions)] {
        if let Some(limit) = limit {
            words.extend([flag.into(), UnitWord::Text(limit.to_string())]);
        }
    }
}

fn limit_name(frames: Option<u64>, instructions: Option<u64>) -> String {
    let parts = [frames.map(|n| format!("{n} frames")), instructions.map(|n| format!("n={n}"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn named(kind: &str, what: &Path, way: &MatrixCombination, rest: &str) -> String {
    // The same on every system, so that sweeps can be compared.
    let what = what.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let parts = [kind, &what, &way.0, rest];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
