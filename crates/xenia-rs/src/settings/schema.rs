//! JSON schema of the settings file, for editors: the tables of all commands and of titles, from
//! the definition of the command line, and those of keys and pads.
//!
//! Draft 7, which the language servers for TOML read. A key that no table has is refused, as the
//! program refuses it; contradictions between settings are not in the schema.

mod input;
#[cfg(test)]
mod tests;

use super::DEFAULT_COMMAND;
use super::file::is_setting;
use super::switches::is_switch;
use super::table::{SettingInfo, SettingKind, row};
use super::titles::TABLE as TITLES;
use super::words::WRITTEN;
use clap::{Arg, Command};
use serde_json::{Map, Value, json};

/// Place of a flag of `exec` in the schema.
const EXEC: &str = "#/properties/exec/properties/";
/// Files that are written, which a settings file may switch off and not name.
const ONLY_OFF: [&str; 2] = ["guest-log", "code-cache"];

/// The schema; the definition is complete.
pub fn schema(definition: &Command) -> Value {
    let exec = definition.find_subcommand(DEFAULT_COMMAND);
    let of_exec = exec.map(flags).unwrap_or_default();
    let mut tables = Map::new();
    for command in commands_of(definition) {
        tables.insert(command.get_name().to_owned(), table(command, &of_exec));
    }
    let references = of_exec.keys().map(|key| (key.clone(), json!({ "$ref": format!("{EXEC}{key}") })));
    let of_title = object("Settings of one title, over those of [exec].", references.collect());
    tables.insert(
        TITLES.to_owned(),
        json!({
            "description": "Settings of single titles, by their IDs of eight digits.",
            "type": "object",
            "patternProperties": { input::TITLE_ID: of_title },
            "additionalProperties": false,
        }),
    );
    tables.extend(input::tables());
    let mut schema = object("Settings of xenia-rs, by command and title.", tables);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("config.toml of xenia-rs");
    schema
}

/// A table with these keys and no others.
fn object(says: &str, properties: Map<String, Value>) -> Value {
    json!({ "description": says, "type": "object", "properties": properties, "additionalProperties": false })
}

/// The table of a command, with those of the commands below it. A flag that `exec` shares is a
/// reference to the definition in `exec`.
fn table(command: &Command, of_exec: &Map<String, Value>) -> Value {
    let mut properties = flags(command);
    if command.get_name() != DEFAULT_COMMAND {
        for (key, value) in &mut properties {
            if of_exec.get(key) == Some(value) {
                *value = json!({ "$ref": format!("{EXEC}{key}") });
            }
        }
    }
    for below in commands_of(command) {
        properties.insert(below.get_name().to_owned(), table(below, of_exec));
    }
    object(&command.get_about().map(ToString::to_string).unwrap_or_default(), properties)
}

/// Commands below a command that have settings.
fn commands_of(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// The settings of a command.
fn flags(command: &Command) -> Map<String, Value> {
    let flags = command.get_arguments().filter(|flag| is_setting(flag));
    flags.filter_map(|flag| Some((flag.get_long()?.to_owned(), value(flag)?))).collect()
}

/// Values of a setting; `None`: a settings file must not set it.
fn value(flag: &Arg) -> Option<Value> {
    let info = row(flag);
    let mut value = if ONLY_OFF.contains(&info.key.as_str()) {
        json!({ "const": "off" })
    } else if WRITTEN.contains(&info.key.as_str()) {
        return None;
    } else {
        kind_schema(flag, &info)
    };
    value["description"] = json!(info.says);
    if let Some(default) = info.default.as_deref().filter(|_| !matches!(info.kind, SettingKind::List(_))) {
        value["default"] = plain(default);
    }
    Some(value)
}

fn kind_schema(flag: &Arg, info: &SettingInfo) -> Value {
    // A flag whose value is optional may be set to `true`.
    let is_optional = !is_switch(flag) && flag.get_num_args().is_some_and(|range| range.min_values() == 0);
    let item = if info.is_path { json!({ "type": "string" }) } else { text_or_number(&info.key) };
    match &info.kind {
        SettingKind::Switch => json!({ "type": "boolean" }),
        SettingKind::Choice(words) => {
            let texts = words.iter().map(|word| json!(word));
            let others = words.iter().map(|word| plain(word)).filter(|word| !word.is_string());
            let mut values: Vec<Value> = texts.chain(others).collect();
            if is_optional {
                values.extend([json!(true), json!(false)]);
            }
            json!({ "enum": values })
        }
        SettingKind::List(_) => json!({ "anyOf": [item, { "type": "array", "items": item }] }),
        SettingKind::Value(_) if is_optional => json!({ "anyOf": [{ "type": "boolean" }, item] }),
        SettingKind::Value(_) => item,
    }
}

/// Values that the parser of the command line reads. Text in another base is a number, too.
fn text_or_number(key: &str) -> Value {
    let mut value = json!({ "type": ["string", "integer", "number"] });
    if key == "audio" {
        // One form of this flag names an output file, which settings must not set.
        value["not"] = json!({ "pattern": "^wav:" });
    }
    value
}

/// A value from its text on the command line.
fn plain(text: &str) -> Value {
    match (text.parse::<bool>(), text.parse::<i64>()) {
        (Ok(is_on), _) => json!(is_on),
        (_, Ok(number)) => json!(number),
        _ => json!(text),
    }
}
