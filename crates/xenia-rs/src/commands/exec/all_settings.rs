//! The pages of all settings: reads them with their sources, and writes changes to the settings
//! file.

use super::open_title::SharedOpenTitle;
use super::session::words;
use super::window_library::SettingsFiles;
use crate::cli::{Cli, ExecArgs};
use crate::settings::{
    self, Audience, ResolvedSetting, SettingRow, SettingSource, form, resolve, resolve_without_title,
};
use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use xenia::patches;
use xenia::say::visible;
use xenia::title::{id_of, short_name};
use xenia_guest::TitleId;
use xenia_render::{
    OfferedElement, SettingEntry, SettingLayer, SettingTarget, SettingValue, SettingsClient, SettingsModel,
};

/// Name of the table of all titles.
const GLOBAL: &str = "exec";
/// Live settings of a title. All others are the window's, and hold from its start on.
const OF_TITLES: [&str; 12] = [
    "volume",
    "mute",
    "scaling",
    "aspect-ratio",
    "filter",
    "antialiasing",
    "sharpness",
    "brightness",
    "gamma",
    "overscan",
    "vsync",
    "low-latency",
];

/// Settings that the window takes when it opens, and never again.
const OF_START: [&str; 6] =
    ["adapter", "background-input", "pad-mappings", "pad-pipe", "pause-unfocused", "screen-saver"];

/// The window's client for the pages.
pub(super) struct AllSettings {
    /// The flags of the command line.
    own: ExecArgs,
    files: SettingsFiles,
    open_title: SharedOpenTitle,
    /// The command line's definition, complete.
    definition: OnceLock<Command>,
}

/// A title, and the table of its settings.
struct MeantTitle {
    /// Its file; `None`: the demo's.
    path: Option<PathBuf>,
    id: Option<TitleId>,
    /// Name of the table; `None`: it has no ID, and so no table.
    table: Option<String>,
}

impl MeantTitle {
    fn new(path: Option<PathBuf>) -> Self {
        let id = id_of(path.as_deref());
        Self { path, id, table: id.map(|id| format!("title.{id}")) }
    }

    fn name(&self) -> String {
        self.path.as_deref().map_or_else(|| "Demo".to_owned(), |path| visible(&short_name(path)))
    }
}

impl AllSettings {
    /// All settings of a window with these flags and files.
    pub(super) fn new(own: ExecArgs, files: SettingsFiles, open_title: SharedOpenTitle) -> Self {
        Self { own, files, open_title, definition: OnceLock::new() }
    }

    fn definition(&self) -> &Command {
        self.definition.get_or_init(|| settings::built(Cli::command()))
    }

    /// The title that is meant; `None`: none is open.
    fn title(&self, target: &SettingTarget) -> Option<MeantTitle> {
        match target {
            SettingTarget::Title(path) => Some(MeantTitle::new(path.clone())),
            SettingTarget::All | SettingTarget::OpenTitle => {
                let open_title = self.open_title.lock();
                let path = open_title.as_ref().map(|open_title| open_title.file.clone());
                drop(open_title);
                path.map(MeantTitle::new)
            }
        }
    }

    /// Name of the table that is changed.
    fn table(&self, target: &SettingTarget) -> Result<String> {
        if *target == SettingTarget::All {
            return Ok(GLOBAL.to_owned());
        }
        let title = self.title(target).context("there is no title")?;
        title.table.context("the title has no ID, so that the settings file has no table for it")
    }

    fn file(&self) -> Result<&Path> {
        self.files.kept.as_deref().context("there is no configuration folder (HOME is not set)")
    }

    /// The settings of the file, if it exists.
    fn rows(&self) -> Result<Vec<SettingRow>> {
        match self.files.kept.as_deref().filter(|file| xenia::source::optional_file_exists(file)) {
            Some(file) => Ok(settings::read(self.definition(), file)?.settings),
            None => Ok(Vec::new()),
        }
    }

    fn read(&self, target: &SettingTarget) -> Result<SettingsModel> {
        let table = self.table(target)?;
        let title = self.title(target);
        let rows = self.rows()?;
        let path = title.as_ref().and_then(|title| title.path.as_deref());
        let words = settings::exec_words(self.definition(), words(&self.own, path));
        let resolve = if title.is_some() { resolve } else { resolve_without_title };
        let resolved = resolve(self.definition(), words, self.files.named.as_deref())?;
        let of_title = title.as_ref().and_then(|title| title.table.as_deref());
        let tables = TableNames { changed: &table, of_title };
        let players = resolved.into_iter().filter(|setting| setting.info.audience == Audience::Players);
        let mut entries: Vec<SettingEntry> =
            players.map(|setting| entry(setting, &rows, &tables)).collect::<Result<_>>()?;
        if *target != SettingTarget::All
            && let Some(id) = title.as_ref().and_then(|title| title.id)
        {
            offer_patches(&mut entries, id);
        }
        let has_table = of_title.is_some();
        Ok(SettingsModel {
            target: target.clone(),
            name: match title {
                Some(title) if *target != SettingTarget::All => title.name(),
                _ => "all titles".to_owned(),
            },
            other: match target {
                SettingTarget::All => has_table.then_some(SettingTarget::OpenTitle),
                SettingTarget::OpenTitle => Some(SettingTarget::All),
                SettingTarget::Title(_) => None,
            },
            entries,
            failure: None,
        })
    }

    fn write(&self, target: &SettingTarget, key: &str, value: Option<&SettingValue>) -> Result<()> {
        let key = format!("{}.{key}", self.table(target)?);
        let value = value.map(toml_of);
        settings::change(self.definition(), self.file()?, &key, value.as_deref())?;
        Ok(())
    }

    /// Changes made in the window, under the keys by which the next start finds them. The open
    /// title's own table takes precedence over the one of all titles: settings that it has stay in
    /// it, except for the window's if that was opened with another title's table.
    pub(super) fn assigned_to_tables(
        &self,
        changes: &[(String, Option<String>)],
    ) -> Vec<(String, Option<String>)> {
        let Ok(table) = self.table(&SettingTarget::OpenTitle) else { return changes.to_vec() };
        // A file that can't be read is refused where it is written.
        let rows = self.rows().unwrap_or_default();
        let is_of_window = MeantTitle::new(self.own.title.clone()).table.as_ref() == Some(&table);
        let is_of_title = |key: &str| {
            let is_meant = is_of_window || OF_TITLES.contains(&key);
            is_meant && rows.iter().any(|row| row.table == table && row.key == key)
        };
        let mut changes = changes.to_vec();
        for (key, _) in &mut changes {
            if is_of_title(key) {
                *key = format!("{table}.{key}");
            }
        }
        changes
    }

    /// Removes all settings of players from a table.
    fn clear(&self, target: &SettingTarget) -> Result<()> {
        let table = self.table(target)?;
        let known = settings::table(self.definition());
        let is_players = |row: &SettingRow| {
            known.iter().any(|info| info.audience == Audience::Players && info.key == row.key)
        };
        let set = self.rows()?.into_iter().filter(|row| row.table == table && is_players(row));
        let changes: Vec<(String, Option<String>)> =
            set.map(|row| (format!("{table}.{}", row.key), None)).collect();
        if changes.is_empty() {
            bail!("nothing is set");
        }
        settings::change_together(self.definition(), self.file()?, &changes)
    }
}

/// A value as TOML.
fn toml_of(value: &SettingValue) -> String {
    let one = |text: &String| {
        let is_plain = text.parse::<i64>().is_ok() || text.parse::<bool>().is_ok();
        if is_plain { text.clone() } else { toml::Value::from(text.as_str()).to_string() }
    };
    match value {
        SettingValue::One(text) => one(text),
        SettingValue::Many(texts) => {
            let texts: Vec<String> =
                texts.iter().map(|text| toml::Value::from(text.as_str()).to_string()).collect();
            format!("[{}]", texts.join(", "))
        }
    }
}

/// Name of a source on the pages.
fn source_name(source: SettingSource) -> &'static str {
    match source {
        SettingSource::Global => "all titles",
        source => source.name(),
    }
}

/// Tables of the settings file that pages are about.
struct TableNames<'a> {
    /// Name of the table that is changed.
    changed: &'a str,
    /// Name of the title's table, if it can have one.
    of_title: Option<&'a str>,
}

/// A setting as the pages show it.
fn entry(setting: ResolvedSetting, rows: &[SettingRow], tables: &TableNames<'_>) -> Result<SettingEntry> {
    let ResolvedSetting { info, value, values, source, .. } = setting;
    let is_in = |table: &str| rows.iter().find(|row| row.table == table && row.key == info.key);
    let in_file = |row: &SettingRow| SettingLayer {
        source: format!("[{}], line {}", row.table, row.line),
        values: row.value.trim_matches(['"', '\'']).to_owned(),
    };
    let mut layers: Vec<(SettingSource, SettingLayer)> = Vec::new();
    let default = info.default.clone().unwrap_or_else(|| "-".to_owned());
    layers.push((SettingSource::Default, SettingLayer { source: "default".to_owned(), values: default }));
    layers.extend(is_in(GLOBAL).map(|row| (SettingSource::Global, in_file(row))));
    layers.extend(tables.of_title.and_then(is_in).map(|row| (SettingSource::Title, in_file(row))));
    let given = match source {
        SettingSource::Flag => Some(format!("flag --{}", info.key)),
        SettingSource::Environment => info.variable.clone(),
        _ => None,
    };
    let values_text = value.unwrap_or_default();
    layers.extend(given.map(|name| (source, SettingLayer { source: name, values: values_text })));
    // A setting that contradicts a flag is in the file, and does not hold.
    layers.sort_by_key(|(layer, _)| *layer == source);
    Ok(SettingEntry {
        form: form(&info)?,
        offered: Vec::new(),
        source: source_name(source).to_owned(),
        is_live: info.live,
        is_of_start: OF_START.contains(&info.key.as_str()),
        is_set: is_in(tables.changed).is_some(),
        is_of_title: source == SettingSource::Title,
        layers: layers.into_iter().map(|(_, layer)| layer).collect(),
        values,
        heading: info.heading,
        says: info.says,
        key: info.key,
    })
}

/// The patches of a title that have one name.
#[derive(Default)]
struct PatchName {
    /// Whether a file switches one on.
    is_default: bool,
    /// Whether one has a fault.
    is_faulty: bool,
}

/// Offers the patches of a title, if their folder can be read: the title's start says why not.
fn offer_patches(entries: &mut [SettingEntry], id: TitleId) {
    let named = entries.iter().find(|entry| entry.key == "patch-folder");
    let named = named.and_then(|entry| entry.values.first()).map(Path::new);
    let Some(folder) = patches::folder(named) else { return };
    let files = patches::for_title(&folder, id).unwrap_or_default();
    // Files for other executables of the title may have a patch of the same name.
    let mut offered: BTreeMap<&String, PatchName> = BTreeMap::new();
    for found in &files {
        for patch in &found.file.patches {
            let of_name = offered.entry(&patch.name).or_default();
            of_name.is_default |= patch.is_enabled;
            of_name.is_faulty |= found.file.fault_of(patch).is_some();
        }
    }
    // Switched on, a name of which one patch has a fault would keep the title from starting.
    offered.retain(|name, of_name| {
        (of_name.is_default || !of_name.is_faulty) && visible(name.as_str()) == name.as_str()
    });
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == "patches") {
        let element = |(name, of_name): (&String, PatchName)| OfferedElement {
            name: name.clone(),
            is_default: of_name.is_default,
        };
        entry.offered = offered.into_iter().map(element).collect();
    }
}

impl SettingsClient for AllSettings {
    fn settings(&self, target: &SettingTarget) -> SettingsModel {
        // A title without a table has the settings of all titles.
        let is_open = *target == SettingTarget::OpenTitle;
        let target = if is_open && self.table(target).is_err() { &SettingTarget::All } else { target };
        self.read(target).unwrap_or_else(|error| SettingsModel {
            target: target.clone(),
            failure: Some(format!("{error:#}")),
            ..SettingsModel::default()
        })
    }

    fn change(&self, target: &SettingTarget, key: &str, value: Option<&SettingValue>) -> Result<(), String> {
        self.write(target, key, value).map_err(|error| format!("{error:#}"))
    }

    fn reset(&self, target: &SettingTarget) -> Result<(), String> {
        self.clear(target).map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests;
