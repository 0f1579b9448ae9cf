//! Precedence of settings: decides whether a flag, the environment, the title's table, the
//! command's table or the default applies.

use super::definitions::{loose, plain};
use super::file::File;
use super::origin::SettingOrigin;
use super::table::{SettingInfo, SettingKind, table};
use super::words::clap_error_summary;
use super::{DEFAULT_COMMAND, FileSettings, Innermost, Scope, built, default_file, environment, switches};
use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Source of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// A flag on the command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The table of the title in the settings file.
    Title,
    /// The table of the command in the settings file.
    Global,
    /// The default of the definition.
    Default,
}

impl SettingSource {
    /// Name in lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::Title => "title",
            Self::Global => "global",
            Self::Default => "default",
        }
    }
}

/// A setting with its value in effect.
#[derive(Clone, Debug)]
pub struct ResolvedSetting {
    /// The row of the table.
    pub info: SettingInfo,
    /// The value in effect; `None` if it is unset.
    pub value: Option<String>,
    /// The values in effect, one by one: of a list, there may be several.
    pub values: Vec<String>,
    /// Source of the value.
    pub source: SettingSource,
    /// Location of the source: file and line, or variable.
    pub place: Option<String>,
}

/// The settings that hold for `exec` with these words; `named` is the file of `--config`.
pub fn resolve(
    definition: &Command,
    words: Vec<OsString>,
    named: Option<&Path>,
) -> Result<Vec<ResolvedSetting>> {
    resolve_with(definition, words, true, named, &|name| std::env::var_os(name))
}

/// As [`resolve`], where no title is meant: tables of titles do not hold.
pub fn resolve_without_title(
    definition: &Command,
    words: Vec<OsString>,
    named: Option<&Path>,
) -> Result<Vec<ResolvedSetting>> {
    resolve_with(definition, words, false, named, &|name| std::env::var_os(name))
}

fn resolve_with(
    definition: &Command,
    words: Vec<OsString>,
    has_title: bool,
    named: Option<&Path>,
    variables: &dyn Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<ResolvedSetting>> {
    let plain = plain(definition);
    let bare = built(loose(definition, &Scope::All));
    let start = [OsString::from("xenia-rs"), DEFAULT_COMMAND.into()];
    let words: Vec<OsString> = start.into_iter().chain(words).collect();
    let parse = |words: &[OsString]| bare.clone().try_get_matches_from(words);
    let typed = parse(&words)?;
    // The typed words alone must be right, so that a mistake is not taken for a setting's.
    if let Err(error) = plain.clone().try_get_matches_from(switches::plain(&bare, &typed, &words)) {
        bail!("{}", clap_error_summary(&error));
    }
    let set = environment::read(Innermost::of(definition, &typed).command, variables);
    let (mut words, by_variables) = environment::insert(&bare, &typed, words, &set)?;
    let by_variables = by_variables.iter().map(|origin| Inserted::new(SettingSource::Environment, origin));
    let mut inserted: Vec<Inserted> = by_variables.collect();
    let path = named.map(Path::to_owned).or_else(|| default_file().filter(|path| path.is_file()));
    if let Some(path) = path {
        let text = xenia::source::text(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = File { text: &text, path: &path };
        let mut settings = file.settings(&plain)?;
        settings.retain(|setting| has_title || setting.title.is_none());
        let settings = FileSettings { file: &file, settings };
        let matches = parse(&words)?;
        let (with_file, set) = settings.insert(&bare, &matches, words);
        words = with_file;
        inserted.extend(set.iter().map(|origin| {
            let source = if origin.is_of_title() { SettingSource::Title } else { SettingSource::Global };
            Inserted::new(source, origin)
        }));
    }
    let given = parse(&words)?;
    let given = given.subcommand_matches(DEFAULT_COMMAND).context("the words of exec")?;
    let exec = bare.find_subcommand(DEFAULT_COMMAND).context("the definition of exec")?;
    Ok(table(definition).into_iter().map(|info| resolved(info, exec, given, &inserted)).collect())
}

/// A setting that was inserted into the words of the command line.
struct Inserted {
    key: String,
    source: SettingSource,
    place: String,
}

impl Inserted {
    fn new(source: SettingSource, origin: &SettingOrigin) -> Self {
        Self { key: origin.name().to_owned(), source, place: origin.place().to_owned() }
    }
}

/// The row of a setting, by the words of `exec` with all that was inserted into them.
fn resolved(info: SettingInfo, exec: &Command, given: &ArgMatches, inserted: &[Inserted]) -> ResolvedSetting {
    let flag = exec.get_arguments().find(|flag| flag.get_long() == Some(&info.key));
    let id = flag.map_or("", |flag| flag.get_id().as_str());
    let is_known = given.try_contains_id(id).is_ok();
    let is_typed = is_known && given.value_source(id) == Some(ValueSource::CommandLine);
    let texts = given.try_get_raw(id).ok().flatten().into_iter().flatten();
    let texts: Vec<String> = texts.map(|text| text.to_string_lossy().into_owned()).collect();
    let values = match &info.kind {
        _ if !is_typed => info.default.clone().into_iter().collect(),
        // A flag that takes no value, or may have none.
        SettingKind::Switch if texts.is_empty() => vec!["true".to_owned()],
        _ => texts,
    };
    let value = (is_typed || !values.is_empty()).then(|| values.join(", "));
    let set = inserted.iter().find(|set| set.key == info.key);
    let source = match set {
        Some(set) => set.source,
        None if is_typed => SettingSource::Flag,
        None => SettingSource::Default,
    };
    ResolvedSetting { info, value, values, source, place: set.map(|set| set.place.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_source_that_holds_is_named() {
        let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");
        let id = xenia::title::id_of(Some(suite.as_ref())).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        let text = format!(
            "[exec]\nvolume = 70\nmute = true\nfilter = \"nearest\"\ncontent = \"/global\"\n\
             [title.{id}]\nvolume = 60\nmute = false\n"
        );
        std::fs::write(&path, text).unwrap();
        let definition = built(Cli::command());
        let variables = |name: &OsStr| (name == "XENIA_CONTENT").then(|| "/variable".into());
        let resolved = |words: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            resolve_with(&definition, words, true, Some(&path), &variables).unwrap()
        };
        let of = |rows: &[ResolvedSetting], key: &str| {
            let row = rows.iter().find(|row| row.info.key == key).unwrap();
            (row.value.clone().unwrap_or_default(), row.source)
        };
        let rows = resolved(&[suite, "--filter", "linear"]);
        assert_eq!(of(&rows, "volume"), ("60".to_owned(), SettingSource::Title));
        assert_eq!(of(&rows, "mute"), ("false".to_owned(), SettingSource::Title));
        assert_eq!(of(&rows, "filter"), ("linear".to_owned(), SettingSource::Flag));
        assert_eq!(of(&rows, "content"), ("/variable".to_owned(), SettingSource::Environment));
        assert_eq!(of(&rows, "scaling"), ("aspect".to_owned(), SettingSource::Default));
        let place = |key: &str| rows.iter().find(|row| row.info.key == key).unwrap().place.clone();
        assert!(place("volume").unwrap().contains("c.toml, line 7"), "{:?}", place("volume"));
        assert!(place("content").unwrap().contains("XENIA_CONTENT"));
        let rows = resolved(&["--fullscreen", "--vsync=false"]);
        assert_eq!(of(&rows, "volume"), ("70".to_owned(), SettingSource::Global));
        assert_eq!(of(&rows, "mute"), ("true".to_owned(), SettingSource::Global));
        assert_eq!(of(&rows, "fullscreen"), ("true".to_owned(), SettingSource::Flag));
        assert_eq!(of(&rows, "vsync"), ("false".to_owned(), SettingSource::Flag));
        assert_eq!(of(&rows, "pad-mappings"), (String::new(), SettingSource::Default));
        let wrong = resolve_with(&definition, vec!["--volumme".into()], true, Some(&path), &variables);
        assert!(format!("{:#}", wrong.unwrap_err()).contains("--volumme"));
    }
}
