//! `xenia-rs pipelines`: lists, exports and imports the stored pipelines of the host's GPU.
//!
//! A store belongs to an executable. An import finds it by the hash in its name, so a title's file
//! may have another name on another computer.

use crate::cli::{
    PipelinesCommand, PipelinesExportArgs, PipelinesImportArgs, PipelinesListArgs, PipelinesPlaceArgs,
};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use xenia::digest::sha256;
use xenia::drawing::pipelines_folder;
use xenia::drawing::stores::{PipelineStoreFile, image_of, stores, stores_of};
use xenia::library;
use xenia::library::stored::StoredTitle;
use xenia::output;
use xenia::report::{check_json, write_json};
use xenia::say::{chain, errln, outln, visible};
use xenia::screenshots::file_name;
use xenia::source;
use xenia::title::{Title, id_of, key_ring, path_of, short_name_of};
use xenia::user_folders;
use xenia::wording::{count, grouped};
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_render::backend::exchange::{
    ExportedPipelines, ExportedTitle, MAX_EXPORT_BYTES, MergeCounts, PipelineExporter, PipelineFileError,
    StoreCounts,
};

/// Heading of the columns of `pipelines list`.
const HEADING: &str = "title id executable        recipes  shaders       bytes  title";

documented! {
    /// Stored pipelines of the host's GPU.
    #[derive(Debug, Serialize)]
    pub struct PipelineListReport {
        /// The folder of the stores.
        folder: String,
        /// Stores, sorted by name; a title has one for each of its executables.
        stores: Vec<PipelineStoreRow>,
    }

    /// The stored pipelines of an executable.
    #[derive(Debug, Serialize)]
    pub struct PipelineStoreRow {
        /// Short name of the title; the name of the store if the library has no such title.
        name: String,
        /// First 16 digits of the SHA-256 of the loaded executable.
        image: String,
        /// Title id, eight hexadecimal digits; null if the library has no such title.
        title_id: Option<String>,
        /// Number of pipelines for draws; null if the store can't be used.
        recipes: Option<usize>,
        /// Number of pipelines that convert pixels; null if the store can't be used.
        conversions: Option<usize>,
        /// Number of shaders; null if the store can't be used.
        shaders: Option<usize>,
        /// Size of the file in bytes.
        bytes: u64,
        /// Path of the file.
        file: String,
        /// Why the store can't be used; null if it can.
        fault: Option<String>,
    }

    /// Result of an import of pipelines.
    #[derive(Debug, Serialize)]
    pub struct PipelineImportReport {
        /// Path of the exported file.
        file: String,
        /// Stores of the titles in the file, in its order.
        stores: Vec<PipelineImportRow>,
    }

    /// Import of pipelines into the store of an executable.
    #[derive(Debug, Default, Serialize)]
    pub struct PipelineImportRow {
        /// Name of the store: the title's id, or a short name.
        name: String,
        /// First 16 digits of the SHA-256 of the loaded executable.
        image: String,
        /// Path of the store.
        file: String,
        /// Number of pipelines for draws that were added.
        recipes_new: usize,
        /// Number of pipelines for draws that were there.
        recipes_known: usize,
        /// Number of pipelines for draws that were left out: the store is full, or a shader is
        /// missing.
        recipes_refused: usize,
        /// Number of pipelines that convert pixels and were added.
        conversions_new: usize,
        /// Number of pipelines that convert pixels and were there.
        conversions_known: usize,
        /// Number of pipelines that convert pixels and were left out: the store is full.
        conversions_refused: usize,
        /// Number of shaders that were added.
        shaders_new: usize,
        /// Why nothing was imported; null if the store took the file.
        fault: Option<String>,
    }
}

/// Runs the subcommand.
pub fn run(command: &PipelinesCommand) -> Result<Code> {
    match command {
        PipelinesCommand::List(args) => list(args),
        PipelinesCommand::Export(args) => export(args),
        PipelinesCommand::Import(args) => import(args),
    }
}

/// The folder of the stores.
fn place(args: &PipelinesPlaceArgs) -> Result<PathBuf> {
    pipelines_folder(args.cache.as_deref())
        .context("there is no cache folder, as HOME is not set: --cache DIR names one")
}

fn stores_in(folder: &Path) -> Result<Vec<PipelineStoreFile>> {
    stores(folder).with_context(|| format!("cannot read {}", folder.display()))
}

/// The titles of the library, with names as in those of files.
fn library_titles() -> Vec<StoredTitle> {
    let cache = user_folders::cache();
    let titles = cache.map(|cache| library::known_titles(&cache)).unwrap_or_default();
    let titles = titles.iter().map(StoredTitle::from);
    titles.map(|title| StoredTitle { name: file_name(&title.name), ..title }).collect()
}

fn list(args: &PipelinesListArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let folder = place(&args.place)?;
    let known = library_titles();
    let mut stores: Vec<_> = stores_in(&folder)?.iter().map(|store| row(store, &known)).collect();
    // The files are named by ids, the rows by titles.
    stores.sort_by(|a, b| (&a.name, &a.image).cmp(&(&b.name, &b.image)));
    let report = PipelineListReport { folder: folder.display().to_string(), stores };
    if let Some(path) = &args.json {
        write_json(path, "pipelines", &report)?;
        return Ok(Code::Done);
    }
    if report.stores.is_empty() {
        errln!("xenia-rs: there are no pipelines in {}", report.folder);
    } else {
        outln!("{HEADING}");
    }
    for row in &report.stores {
        let number = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        outln!(
            "{:<8} {} {:>8} {:>8} {:>11}  {}",
            row.title_id.as_deref().unwrap_or("-"),
            row.image,
            number(row.recipes),
            number(row.shaders),
            row.bytes,
            visible(&row.name)
        );
        if let Some(fault) = &row.fault {
            errln!("xenia-rs: {}", visible(fault));
        }
    }
    Ok(Code::Done)
}

fn counts_of(store: &PipelineStoreFile) -> Result<StoreCounts> {
    StoreCounts::of(&store.read()?).with_context(|| store.path.display().to_string())
}

fn row(store: &PipelineStoreFile, known: &[StoredTitle]) -> PipelineStoreRow {
    let is_of = |title: &&StoredTitle| title.name == store.name || title.pipelines_name() == store.name;
    let title = known.iter().find(is_of);
    let counts = counts_of(store);
    let usable = counts.as_ref().ok();
    PipelineStoreRow {
        name: title.map_or(&store.name, |title| &title.name).clone(),
        image: format!("{:016x}", store.image),
        title_id: title.and_then(|title| title.id).map(|id| id.to_string()),
        recipes: usable.map(|counts| counts.recipes),
        conversions: usable.map(|counts| counts.conversions),
        shaders: usable.map(|counts| counts.shaders),
        bytes: store.path.metadata().map_or(0, |found| found.len()),
        file: store.path.display().to_string(),
        fault: counts.as_ref().err().map(chain),
    }
}

fn export(args: &PipelinesExportArgs) -> Result<Code> {
    let folder = place(&args.place)?;
    let all = stores_in(&folder)?;
    ensure!(!all.is_empty(), "there are no pipelines in {}", folder.display());
    output::check(&args.output)?;
    let mut exporter = PipelineExporter::default();
    let mut exported: usize = 0;
    let mut code = Code::Done;
    for store in chosen(&all, &args.titles)? {
        let bytes = match store.read() {
            Ok(bytes) => bytes,
            Err(error) => {
                errln!("xenia-rs: left out: {}", visible(&chain(&error)));
                code = Code::Unusable;
                continue;
            }
        };
        match exporter.add(&store.title(), &bytes) {
            Ok(counts) => {
                exported += 1;
                outln!("{}: {}", visible(&store.name), count(counts.recipes, "pipeline"));
            }
            Err(error @ PipelineFileError::TooLarge) => return Err(error.into()),
            Err(error @ PipelineFileError::Invalid { .. }) => {
                errln!("xenia-rs: left out: {}: {error}", visible(&store.path.display().to_string()));
                code = Code::Unusable;
            }
        }
    }
    ensure!(exported > 0, "none of these stores can be used");
    output::write(&args.output, &exporter.into_bytes())?;
    outln!("{} in {}", count(exported, "store"), args.output.display());
    Ok(code)
}

/// The stores of the titles that the command line names; without any, all.
fn chosen<'a>(all: &'a [PipelineStoreFile], titles: &[PathBuf]) -> Result<Vec<&'a PipelineStoreFile>> {
    if titles.is_empty() {
        return Ok(all.iter().collect());
    }
    let known = library_titles();
    let mut chosen = BTreeSet::new();
    for title in titles {
        let meant = stores_meant(title, all, &known)?;
        ensure!(
            !meant.is_empty(),
            "there are no pipelines of {}: `xenia-rs pipelines list` shows the titles that have some, with the ids of \
             those in the library",
            title.display()
        );
        chosen.extend(meant);
    }
    Ok(chosen.into_iter().collect())
}

/// The stores that a word of the command line means: those of this name, or of the title with this
/// name or id; without any, those of the title in the file. Those of a title without an id are
/// found by its executable: an imported one has another name, and others may have its name.
fn stores_meant<'a>(
    title: &Path,
    all: &'a [PipelineStoreFile],
    known: &[StoredTitle],
) -> Result<Vec<&'a PipelineStoreFile>> {
    let named = |names: &[String]| all.iter().filter(|store| names.contains(&store.name)).collect::<Vec<_>>();
    let text = title.to_string_lossy();
    let has_id = |title: &StoredTitle| title.id.is_some_and(|id| id.to_string().eq_ignore_ascii_case(&text));
    let meant = known.iter().filter(|&title| title.name == text || has_id(title));
    let mut names: Vec<String> = meant.flat_map(store_names).collect();
    names.push((*text).to_owned());
    // A file in the current folder must not hide the store of its name.
    let meant = named(&names);
    let file = path_of(title)?;
    if !meant.is_empty() || !file.exists() {
        return Ok(meant);
    }
    let title = StoredTitle { name: file_name(&short_name_of(title)?), id: id_of(Some(&file)), image: None };
    if title.own_id().is_some() {
        return Ok(named(&store_names(&title)));
    }
    // A file that can't be read as a title has no stores.
    let opened = key_ring(None).and_then(|keys| Title::open(&file, &keys)).ok();
    let image = opened.and_then(|title| image_of(&sha256(&title.image.bytes)));
    Ok(all.iter().filter(|store| Some(store.image) == image).collect())
}

/// Names that the stores of a title may have.
fn store_names(title: &StoredTitle) -> [String; 2] {
    [title.pipelines_name(), title.name.clone()]
}

fn import(args: &PipelinesImportArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let folder = place(&args.place)?;
    let file = args.file.display().to_string();
    let bytes = source::large_bytes(&args.file, MAX_EXPORT_BYTES as u64)
        .with_context(|| format!("cannot read {file}"))?;
    let exported = ExportedPipelines::read(&bytes).with_context(|| format!("cannot import {file}"))?;
    drop(bytes);
    let mut report = PipelineImportReport { file, stores: Vec::new() };
    for title in exported.titles() {
        let stores = stores_of(&folder, title.title);
        let stores = stores.with_context(|| format!("cannot read {}", folder.display()))?;
        report.stores.extend(stores.iter().map(|store| merge(store, &title)));
    }
    if let Some(path) = &args.json {
        write_json(path, "pipelines-import", &report)?;
    } else {
        print(&report);
    }
    let is_complete = report
        .stores
        .iter()
        .all(|row| row.fault.is_none() && row.recipes_refused + row.conversions_refused == 0);
    Ok(if is_complete { Code::Done } else { Code::Unusable })
}

/// Merges the pipelines of a title into a store; reports what it lost or why it is unchanged.
fn merge(store: &PipelineStoreFile, title: &ExportedTitle<'_>) -> PipelineImportRow {
    let mut row = PipelineImportRow {
        name: store.name.clone(),
        image: format!("{:016x}", store.image),
        file: store.path.display().to_string(),
        ..PipelineImportRow::default()
    };
    match store.merge(title) {
        Ok(merged) => {
            if merged.is_changed() && merged.dropped > 0 {
                let dropped = count(merged.dropped, "damaged byte");
                errln!("xenia-rs: warning: {}: {dropped} at its end are dropped", visible(&row.file));
            }
            let MergeCounts { new, known, refused } = merged.recipes;
            row.recipes_new = new;
            row.recipes_known = known;
            row.recipes_refused = refused;
            let MergeCounts { new, known, refused } = merged.conversions;
            row.conversions_new = new;
            row.conversions_known = known;
            row.conversions_refused = refused;
            row.shaders_new = merged.shaders;
        }
        Err(error) => {
            let fault = chain(&error);
            errln!("xenia-rs: {}", visible(&fault));
            row.fault = Some(fault);
        }
    }
    row
}

fn print(report: &PipelineImportReport) {
    for row in report.stores.iter().filter(|row| row.fault.is_none()) {
        outln!(
            "{}: {} new, {} there already, {} refused",
            visible(&row.name),
            count(row.recipes_new + row.conversions_new, "pipeline"),
            grouped((row.recipes_known + row.conversions_known) as u64),
            grouped((row.recipes_refused + row.conversions_refused) as u64)
        );
    }
    if report.stores.is_empty() {
        outln!("{} has no pipelines", visible(&report.file));
    }
}

#[cfg(test)]
mod tests;
