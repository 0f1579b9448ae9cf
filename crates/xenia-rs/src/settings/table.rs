//! The table of settings: what can be set for titles, made from the definition of `exec`.
//!
//! A row has the setting's key, kind, default, whether a change acts on a title that runs, and its
//! audience. The template of config.toml, `config list` and the book's table are made from it.

use super::DEFAULT_COMMAND;
use super::file::is_setting;
use super::switches::is_switch;
use super::words::WRITTEN;
use clap::builder::{StyledStr, ValueParser};
use clap::{Arg, ArgAction, Command};
use xenia_render::LIVE;

/// Headings of the flags that are for players; the others are the workshop's.
const FOR_PLAYERS: [&str; 7] = ["Picture", "Window", "Controllers", "Sound", "Dialogs", "Saves", "Title"];
/// Headings, in the order of the template; others follow in their own order.
const ORDER: [&str; 7] = ["Window", "Picture", "Sound", "Controllers", "Dialogs", "Saves", "Title"];
/// Flags under the players' headings that are the workshop's all the same: a window or a library
/// that its own page of settings switches off would not come back.
const OF_THE_WORKSHOP: [&str; 2] = ["batch", "headless"];

/// Kind of a setting's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(Vec<String>),
    /// A number, or a text, described by a word such as `DIR`.
    Value(String),
    /// A list of texts.
    List(String),
}

/// Users that a setting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// People who play.
    Players,
    /// People who test and measure.
    Workshop,
}

impl Audience {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Players => "players",
            Self::Workshop => "workshop",
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct SettingInfo {
    /// The key in config.toml: the flag's name.
    pub key: String,
    /// Kind of the values.
    pub kind: SettingKind,
    /// Whether values are paths.
    pub is_path: bool,
    /// Default value as on the command line; `None`: unset, and the documentation says what that
    /// means.
    pub default: Option<String>,
    /// Whether a change acts on a title that runs.
    pub live: bool,
    /// Users that it is for.
    pub audience: Audience,
    /// Heading in the help.
    pub heading: String,
    /// Environment variable that sets it.
    pub variable: Option<String>,
    /// Documentation, in one paragraph.
    pub says: String,
}

impl SettingKind {
    fn of(flag: &Arg) -> Self {
        let words: Vec<String> =
            flag.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let name = flag.get_value_names().and_then(|names| names.first());
        let name = name.map_or_else(|| "VALUE".to_owned(), ToString::to_string);
        let is_bool = words == ["true", "false"];
        match flag.get_action() {
            _ if is_switch(flag) || is_bool => Self::Switch,
            ArgAction::Append => Self::List(name),
            ArgAction::Count => Self::Value("N".to_owned()),
            _ if words.is_empty() => Self::Value(name),
            _ => Self::Choice(words),
        }
    }

    /// Short text for tables.
    pub fn words(&self) -> String {
        match self {
            Self::Switch => "true, false".to_owned(),
            Self::Choice(words) => words.join(", "),
            Self::Value(name) => name.clone(),
            Self::List(name) => format!("[{name}, ...]"),
        }
    }

    /// A value as TOML, from its text on the command line.
    pub fn toml(&self, text: &str) -> String {
        let is_plain = matches!(self, Self::Switch) || text.parse::<i64>().is_ok();
        let quoted = if is_plain { text.to_owned() } else { toml::Value::from(text).to_string() };
        if matches!(self, Self::List(_)) { format!("[{quoted}]") } else { quoted }
    }
}

/// All settings of titles, by heading and name.
pub fn table(definition: &Command) -> Vec<SettingInfo> {
    let exec = definition.find_subcommand(DEFAULT_COMMAND);
    let flags = exec.into_iter().flat_map(Command::get_arguments);
    let flags =
        flags.filter(|flag| is_setting(flag) && flag.get_long().is_some_and(|name| !WRITTEN.contains(&name)));
    let mut rows: Vec<SettingInfo> = flags.map(row).collect();
    let place = |heading: &str| ORDER.iter().position(|known| *known == heading).unwrap_or(ORDER.len());
    rows.sort_by(|a, b| {
        (place(&a.heading), &a.heading, &a.key).cmp(&(place(&b.heading), &b.heading, &b.key))
    });
    rows
}

/// The definition with a short help (`-h`) for players: flags of the workshop are in the long one.
pub fn with_players_help(definition: Command) -> Command {
    let short = |flag: Arg| {
        let heading = flag.get_help_heading();
        let is_for_players = heading.is_none_or(|heading| heading == "Run" || FOR_PLAYERS.contains(&heading));
        flag.hide_short_help(!is_for_players)
    };
    definition.mut_args(short).mut_subcommand(DEFAULT_COMMAND, |exec| exec.mut_args(short))
}

/// The row of a flag.
pub(super) fn row(flag: &Arg) -> SettingInfo {
    let key = flag.get_long().unwrap_or_default().to_owned();
    let heading = flag.get_help_heading().unwrap_or("Other").to_owned();
    let kind = SettingKind::of(flag);
    let defaults: Vec<String> =
        flag.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let default = match &kind {
        // Of a flag with a value, unset may be neither.
        SettingKind::Switch if defaults.is_empty() && is_switch(flag) => Some("false".to_owned()),
        _ if defaults.is_empty() => None,
        _ => Some(defaults.join(" ")),
    };
    let text = |help: Option<&StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let says = text(flag.get_help().or(flag.get_long_help()));
    SettingInfo {
        live: LIVE.contains(&key.as_str()),
        audience: if FOR_PLAYERS.contains(&heading.as_str()) && !OF_THE_WORKSHOP.contains(&key.as_str()) {
            Audience::Players
        } else {
            Audience::Workshop
        },
        is_path: flag.get_value_parser().type_id() == ValueParser::path_buf().type_id(),
        variable: flag.get_env().map(|name| name.to_string_lossy().into_owned()),
        says: says.split_whitespace().collect::<Vec<_>>().join(" "),
        key,
        kind,
        default,
        heading,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::settings::built;
    use clap::CommandFactory;

    fn rows() -> Vec<SettingInfo> {
        let definition = built(Cli::command());
        table(&definition)
    }

    #[test]
    fn the_table_has_every_setting_of_titles_once() {
        let definition = built(Cli::command());
        let rows = table(&definition);
        let exec = definition.find_subcommand("exec").unwrap();
        for flag in exec.get_arguments().filter(|flag| is_setting(flag)) {
            let name = flag.get_long().unwrap();
            let count = rows.iter().filter(|row| row.key == name).count();
            assert_eq!(count, usize::from(!WRITTEN.contains(&name)), "{name}");
        }
        assert!(rows.iter().all(|row| !row.says.is_empty() && row.heading != "Other"), "{rows:?}");
        assert!(LIVE.iter().all(|key| rows.iter().any(|row| row.key == *key)));
        for heading in FOR_PLAYERS {
            let of_it: Vec<_> = rows.iter().filter(|row| row.heading == heading).collect();
            assert!(!of_it.is_empty() && ORDER.contains(&heading), "{heading}");
            let is_players = |row: &&SettingInfo| row.audience == Audience::Players;
            assert!(of_it.iter().all(|row| is_players(row) != OF_THE_WORKSHOP.contains(&row.key.as_str())));
        }
    }

    #[test]
    fn the_short_help_is_for_players_and_the_long_one_has_all() {
        let mut definition = built(with_players_help(Cli::command()));
        let plain = built(Cli::command());
        let exec = definition.find_subcommand_mut("exec").unwrap();
        let helps = [exec.render_help().to_string(), exec.render_long_help().to_string()];
        let shows =
            |help: &str, flag: &Arg| flag.get_long().is_some_and(|name| help.contains(&format!("--{name}")));
        let is_listed = |flag: &&Arg| !flag.is_hide_set() && !flag.is_hide_long_help_set();
        let flags = plain.find_subcommand("exec").unwrap().get_arguments();
        for flag in flags.filter(|flag| !flag.is_positional()).filter(is_listed) {
            assert!(shows(&helps[1], flag), "{flag:?}");
            let heading = flag.get_help_heading().unwrap_or("Run");
            assert!(heading != "Window" || shows(&helps[0], flag), "{flag:?}");
        }
        assert!(!helps[0].contains("Engine:") && !helps[0].contains("--quantum"), "{}", helps[0]);
    }

    #[test]
    fn rows_match_the_definition() {
        let rows = rows();
        let find = |key: &str| rows.iter().find(|row| row.key == key).unwrap();
        let volume = find("volume");
        assert_eq!(
            (volume.default.as_deref(), volume.live, volume.audience),
            (Some("100"), true, Audience::Players)
        );
        assert_eq!(
            (find("mute").kind.clone(), find("mute").default.as_deref()),
            (SettingKind::Switch, Some("false"))
        );
        assert_eq!(
            (find("widescreen").kind.clone(), find("widescreen").default.as_deref()),
            (SettingKind::Switch, None)
        );
        assert!(find("cache").is_path && !find("adapter").is_path);
        assert_eq!(
            (find("vsync").kind.clone(), find("vsync").default.as_deref()),
            (SettingKind::Switch, Some("true"))
        );
        assert_eq!(find("filter").kind, SettingKind::Choice(vec!["linear".to_owned(), "nearest".to_owned()]));
        assert_eq!(find("patches").kind, SettingKind::List("NAME|off".to_owned()));
        assert_eq!(
            (find("content").default.clone(), find("content").variable.as_deref()),
            (None, Some("XENIA_CONTENT"))
        );
        for key in ["quantum", "batch"] {
            assert_eq!(find(key).audience, Audience::Workshop, "{key}");
        }
    }
}
