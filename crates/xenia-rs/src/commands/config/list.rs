//! `xenia-rs config list`: the settings with their values and sources.

use crate::cli::{Cli, ConfigListArgs};
use crate::settings::{self, Audience, ResolvedSetting};
use anyhow::{Context, Result};
use clap::CommandFactory;
use serde::Serialize;
use std::ffi::OsString;
use std::path::Path;
use xenia::report::{check_json, write_json};
use xenia::say::{outln, visible};
use xenia_cli::Code;
use xenia_documents::documented;

documented! {
    /// The settings of titles, and which of their sources holds.
    #[derive(Debug, Serialize)]
    pub struct SettingsReport {
        /// The settings, sorted by heading and key.
        settings: Vec<SettingRowReport>,
    }

    /// A setting and its value.
    #[derive(Debug, Serialize)]
    pub struct SettingRowReport {
        /// The key in config.toml, which is the flag's name.
        key: String,
        /// The value in effect, as on the command line; null if it is unset.
        value: Option<String>,
        /// Source of the value: `flag`, `environment`, `title`, `global` or `default`.
        source: String,
        /// File and line, or the variable, where the value is set; null for a flag or a default.
        place: Option<String>,
        /// The default; null if it is unset.
        default: Option<String>,
        /// Kind of the values: the words that may stand here, or a description.
        kind: String,
        /// Whether a change acts on a title that runs.
        live: bool,
        /// Users that it is for: `players` or `workshop`.
        audience: String,
        /// Heading in the help.
        heading: String,
        /// Environment variable that sets it; null if there is none.
        variable: Option<String>,
    }
}

pub(super) fn run(args: &ConfigListArgs, named: Option<&Path>) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let mut words: Vec<OsString> = args.flags.clone();
    if let Some(title) = &args.title {
        // The title's id, which selects its table, is in the file.
        std::fs::metadata(title).with_context(|| format!("cannot open {}", title.display()))?;
        words.insert(0, title.into());
    }
    let resolved = settings::resolve(&settings::built(Cli::command()), words, named)?;
    if let Some(path) = &args.json {
        let report = SettingsReport { settings: resolved.into_iter().map(report).collect() };
        write_json(path, "settings", &report)?;
        return Ok(Code::Done);
    }
    let rows: Vec<ResolvedSetting> =
        resolved.into_iter().filter(|row| args.all || row.info.audience == Audience::Players).collect();
    let width = rows.iter().map(|row| row.info.key.len()).max().unwrap_or_default();
    let mut heading = "";
    for row in &rows {
        if row.info.heading != heading {
            heading = &row.info.heading;
            outln!("# {heading}");
        }
        let value = row.value.as_deref().map_or("-".to_owned(), visible);
        let place = row.place.as_ref().map_or_else(String::new, |place| format!(": {place}"));
        outln!("{:width$}  {value:<16} {}{place}", row.info.key, row.source.name());
    }
    Ok(Code::Done)
}

fn report(row: ResolvedSetting) -> SettingRowReport {
    SettingRowReport {
        kind: row.info.kind.words(),
        key: row.info.key,
        value: row.value,
        source: row.source.name().to_owned(),
        place: row.place,
        default: row.info.default,
        live: row.info.live,
        audience: row.info.audience.name().to_owned(),
        heading: row.info.heading,
        variable: row.info.variable,
    }
}
