//! Tests the schema against the parser of settings files, by a small validator.

use super::*;
use crate::cli::Cli;
use crate::settings::file::File;
use crate::settings::table::table as rows;
use crate::settings::{built, template};
use clap::CommandFactory;
use std::collections::BTreeSet;
use std::path::Path;

/// The first mistake that the schema finds in a value, with its place. Supports only the keywords
/// that our schema has.
fn mistake(root: &Value, schema: &Value, value: &Value, place: &str) -> Option<String> {
    if let Some(reference) = schema.get("$ref") {
        let path = reference.as_str().unwrap().strip_prefix('#').unwrap();
        return mistake(root, root.pointer(path).expect("a reference's target"), value, place);
    }
    let says = |why: &str| Some(format!("{place}: {why}: {value}"));
    let is_of = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("no type: {other}"),
    };
    let has_type = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(is_of),
        Some(name) => is_of(name),
        None => true,
    };
    if !has_type {
        return says("type");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return says("const");
    }
    if schema.get("enum").is_some_and(|words| !words.as_array().unwrap().contains(value)) {
        return says("enum");
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let number = value.as_f64().unwrap_or_default();
    if bound("minimum").is_some_and(|least| number < least)
        || bound("maximum").is_some_and(|most| number > most)
    {
        return says("range");
    }
    let has_pattern = |schema: &Value| {
        schema
            .get("pattern")
            .is_none_or(|pattern| matches(pattern.as_str().unwrap(), value.as_str().unwrap_or_default()))
    };
    if !has_pattern(schema) || schema.get("not").is_some_and(has_pattern) {
        return says("pattern");
    }
    if let Some(any) = schema.get("anyOf") {
        let mut forms = any.as_array().unwrap().iter();
        if forms.all(|form| mistake(root, form, value, place).is_some()) {
            return says("anyOf");
        }
    }
    for item in value.as_array().into_iter().flatten() {
        let found = schema.get("items").and_then(|items| mistake(root, items, item, place));
        if found.is_some() {
            return found;
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        let by_name = schema.get("properties").and_then(|known| known.get(key));
        let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let by_pattern =
            patterns.filter(|(pattern, _)| matches(pattern, key)).map(|(_, schema)| schema).next();
        match (by_name.or(by_pattern), schema.get("additionalProperties")) {
            (Some(known), _) | (None, Some(known @ Value::Object(_))) => {
                let found = mistake(root, known, value, &place);
                if found.is_some() {
                    return found;
                }
            }
            (None, Some(Value::Bool(false))) => return Some(format!("{place}: unknown key")),
            (None, other) => panic!("{place}: {other:?}"),
        }
    }
    None
}

/// Whether the text has one of the patterns of the schema.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^wav:" => text.starts_with("wav:"),
        input::TITLE_ID => text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "^[A-Za-z0-9_-]{1,32}$" => {
            (1..=32).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        }
        other => panic!("no pattern of the schema: {other}"),
    }
}

/// Mistake that the schema finds in a settings file.
fn mistake_in(text: &str) -> Option<String> {
    let schema = schema(&built(Cli::command()));
    let file: Value = toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    mistake(&schema, &schema, &file, "")
}

/// Error of the program for a settings file.
fn error_of(text: &str) -> Option<String> {
    let definition = built(Cli::command());
    let file = File { text, path: Path::new("config.toml") };
    file.settings(&definition).err().map(|error| format!("{error:#}"))
}

#[test]
fn every_setting_of_the_table_is_in_the_schema_for_all_titles_and_for_one() {
    let definition = built(Cli::command());
    let schema = schema(&definition);
    let exec = schema["properties"]["exec"]["properties"].as_object().unwrap();
    let keys: BTreeSet<String> = rows(&definition).into_iter().map(|row| row.key).collect();
    let mut known: BTreeSet<String> = exec.keys().cloned().collect();
    let of_title = &schema["properties"][TITLES]["patternProperties"][input::TITLE_ID]["properties"];
    assert_eq!(of_title.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), known);
    known.retain(|key| !ONLY_OFF.contains(&key.as_str()));
    assert_eq!(known, keys);
    for row in rows(&definition) {
        assert_eq!(exec[&row.key]["description"], json!(row.says), "{}", row.key);
        let Some(default) = &row.default else { continue };
        let text = format!("[exec]\n{} = {}\n", row.key, row.kind.toml(default));
        assert_eq!(mistake_in(&text), None, "{text}");
    }
}

#[test]
fn the_template_has_no_mistake_with_each_of_its_lines_switched_on() {
    let text = template(&rows(&built(Cli::command())), true);
    assert_eq!(mistake_in(&text), None);
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    let on: Vec<&str> = lines.map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
    let on = on.join("\n");
    assert!(on.contains("\nvolume = 100\n") && on.contains("\n[hotkeys]"), "{on}");
    assert_eq!(mistake_in(&on), None);
}

#[test]
fn the_schema_takes_what_the_program_takes() {
    for text in [
        "[exec]\nheadless = true\ncross-check = \"instr\"\nvolume = 80\n[bench]\nruns = 9\n",
        "[exec]\ncode-cache = \"off\"\nguest-log = \"off\"\npatches = [\"60 FPS\"]\nframe-limit = 30\n",
        "[exec]\nframe-limit = \"off\"\npatches = \"off\"\naudio = \"null\"\nverbose = 2\nvsync = false\n",
        "[title.4d5307d1]\nvolume = 60\n[trace.dump]\nquiet = true\n",
        "[input]\ndead-zone = 0.2\nkeyboard = 0\nkeys = { a = \"Space\", b = [\"KeyZ\"] }\ncontroller = \"r\"\n\
         [controller.r]\nkind = \"wheel\"\nbuttons = { a = \"b\" }\n[pad]\n\"A pad\" = \"r\"\n\
         [input.title.454108CF]\nkeyboard = 2\n[hotkeys]\npause = \"F5\"\nreport = []\n",
    ] {
        assert_eq!((error_of(text), mistake_in(text)), (None, None), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    for text in [
        "[exec]\nvolumee = 80\n",
        "[exec]\njson = \"x\"\n",
        "[exec]\ncode-cache = \"/tmp\"\n",
        "[exec]\naudio = \"wav:x\"\n",
        "[exec]\nmute = 1\n",
        "[exec]\nfilter = \"cubic\"\n",
        "[execc]\nvolume = 80\n",
        "[exec.below]\nvolume = 80\n",
        "[bench]\nruns = []\n",
        "[title.4D53]\nvolume = 80\n",
        "[title.4D5307D1]\nvolumee = 80\n",
        "[trace.dumb]\nquiet = true\n",
        "[input]\ndead-zone = 0.95\n",
        "[input]\ndeadzone = 0.1\n",
        "[input]\nkeyboard = 5\n",
        "[input]\nkind = \"mouse\"\n",
        "[input.keys]\nc = \"Space\"\n",
        "[input.title.454108CF]\npads = false\n",
        "[controller.r]\nkeyboard = 2\n",
        "[controller.\"a b\"]\n",
        "[hotkeys]\npaws = \"F5\"\n",
        "[hotkeys]\npause = 5\n",
    ] {
        assert!(error_of(text).is_some(), "the program takes {text}");
        assert!(mistake_in(text).is_some(), "the schema takes {text}");
    }
}

#[test]
fn the_kinds_of_controllers_are_those_of_the_program() {
    let error = error_of("[input]\nkind = \"mouse\"\n").unwrap();
    let (_, expected) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
    let expected: Vec<&str> = expected.split(", ").map(|word| word.trim().trim_matches('`')).collect();
    assert_eq!(expected, input::KINDS);
}

#[test]
fn the_keys_of_pads_are_those_of_the_program() {
    let schema = schema(&built(Cli::command()));
    for (table, place) in [
        ("input", "/properties/input"),
        ("input.title.454108CF", "/properties/input/properties/title/patternProperties/^[0-9A-Fa-f]{8}$"),
        ("controller.r", "/properties/controller/patternProperties/^[A-Za-z0-9_-]{1,32}$"),
    ] {
        let known = schema.pointer(place).unwrap()["properties"].as_object().unwrap();
        let error = error_of(&format!("[{table}]\nno-such-key = 1\n")).unwrap();
        let (_, expected) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
        let expected: BTreeSet<&str> =
            expected.split(", ").map(|word| word.trim().trim_matches('`')).collect();
        assert!(known.keys().all(|key| expected.contains(key.as_str())), "{table}: {error}");
        // A key that the schema leaves out is one that this table must not have.
        for key in expected.into_iter().filter(|key| !known.contains_key(*key)) {
            let value = match key {
                "mappings" => "\"f\"",
                "pads" => "true",
                "keyboard" => "1",
                "controller" => "\"r\"",
                "title" => "{ 454108CF = { dead-zone = 0.1 } }",
                other => panic!("{table}: the schema lacks {other}"),
            };
            assert!(error_of(&format!("[{table}]\n{key} = {value}\n")).is_some(), "{table}: {key}");
        }
    }
}
