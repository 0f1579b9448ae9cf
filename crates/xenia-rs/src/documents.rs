//! Documents the JSON files that commands write (`xenia-rs generate json`). The text for each key
//! is its field's doc comment, see [`xenia_documents`].

use std::fmt::Write;
use xenia_cpu::{CounterRow, Counters};
use xenia_documents::{Documented, Key};

/// A documented JSON object.
pub struct Object {
    name: &'static str,
    says: &'static str,
    keys: Vec<Key>,
}

/// Documents the type `T`.
pub fn object<T: Documented>() -> Object {
    Object { name: T::NAME, says: T::SAYS, keys: T::KEYS.to_vec() }
}

/// Documents a set of counters.
pub fn counters<T: Counters>(name: &'static str) -> Object {
    let key =
        |row: &CounterRow| Key { name: row.name, rust: row.kind, serde: "", says: row.doc, unit: row.unit };
    Object { name, says: T::SAYS, keys: T::ROWS.iter().map(key).collect() }
}

/// A JSON document: its name in `schema`, the commands that write it, and its objects, the
/// top-level one first.
pub struct Document {
    /// Name in `schema`.
    pub name: &'static str,
    /// Commands that write the document.
    pub by: &'static str,
    /// The top-level object, then the nested ones.
    pub objects: Vec<Object>,
}

/// The JSON type of a Rust type.
fn json_type(rust: &str) -> String {
    let rust = rust.replace(' ', "");
    let inner = |prefix: &str| rust.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inner("Option<") {
        return format!("{} or null", json_type(inner));
    }
    if let Some(inner) = inner("Vec<") {
        return format!("list of {}", json_type(inner));
    }
    if let Some((_, value)) = inner("BTreeMap<").and_then(|inner| inner.split_once(',')) {
        return format!("object of {}", json_type(value));
    }
    match rust.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "f64" | "Longest" => "number".to_owned(),
        "String" | "&'staticstr" | "&str" | "ImageDigest" | "End" | "Verdict" | "UnitKind"
        | "CompatState" => "string".to_owned(),
        "bool" => "true or false".to_owned(),
        "RunReport" => "the keys of `run`".to_owned(),
        name => name.to_owned(),
    }
}

/// The page as Markdown.
pub fn page(documents: &[Document]) -> String {
    let mut out = String::from(
        "# JSON\n\nWhat `--json` writes. Each document also has `schema`, `xenia-rs/NAME/1`, and `program`, its name and version. \
         Keys are added within a schema's number, never renamed or removed. What follows is made of the structs themselves.\n",
    );
    for document in documents {
        let _ = write!(out, "\n## {}\n\nWritten by {}.\n", document.name, document.by);
        for (index, object) in document.objects.iter().enumerate() {
            if index > 0 {
                let _ = write!(out, "\n### {}\n", object.name);
            }
            let _ = write!(out, "\n{}\n\n| key | value | |\n|---|---|---|\n", object.says.trim());
            for key in &object.keys {
                let name = if key.serde.contains("flatten") {
                    "(each)".to_owned()
                } else {
                    format!("`{}`", key.name)
                };
                let says = key.says.trim().replace('|', "\\|");
                let unit = if key.unit.is_empty() { String::new() } else { format!(" of {}", key.unit) };
                let _ = writeln!(out, "| {name} | {}{unit} | {says} |", json_type(key.rust));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn types_are_named_as_json_has_them() {
        for (rust, json) in [
            ("Option<u64>", "number or null"),
            ("Vec<NameCount>", "list of NameCount"),
            ("BTreeMap<String, u64>", "object of number"),
            ("& 'static str", "string"),
        ] {
            assert_eq!(json_type(rust), json);
        }
    }

    #[test]
    fn every_object_that_a_document_names_is_described_in_it() {
        for document in crate::commands::generate::documents() {
            let known: BTreeSet<&str> = document.objects.iter().map(|object| object.name).collect();
            for object in &document.objects {
                assert!(!object.says.trim().is_empty());
                for key in &object.keys {
                    let is_left_out = key.serde.contains("skip_serializing");
                    assert!(!is_left_out, "{} {}: a key is null, not missing", object.name, key.name);
                    assert!(!key.says.trim().is_empty(), "{} {}", object.name, key.name);
                    let words: Vec<String> = json_type(key.rust).split(' ').map(str::to_owned).collect();
                    for word in words.iter().filter(|word| word.starts_with(char::is_uppercase)) {
                        assert!(known.contains(word.as_str()), "{}: {word}", document.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_run_writes_the_keys_that_are_described() {
        use crate::cli::Cli;
        use clap::Parser;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(at("t.xex"), include_bytes!("../../../guest/bin/hello.xex")).unwrap();
        let out = at("out.json");
        std::fs::write(
            at("one.s"),
            "test_one:\n  #_ REGISTER_IN r4 1\n  addi r3, r4, 1\n  blr\n  #_ REGISTER_OUT r3 2\n",
        )
        .unwrap();
        let bench = ["bench", "--runs=1", "--filter=fib", "--tier=interp"];
        for (name, words) in [
            ("run", &["exec", &at("t.xex"), "--headless", "--code-cache", "off"][..]),
            ("info", &["info", &at("t.xex")]),
            ("conformance", &["conformance", &at("one.s"), "--engine=interp"]),
            ("fuzz", &["fuzz", "--blocks=5"]),
            ("bench", &bench),
        ] {
            let words = [&["xenia-rs"], words, &["--json", &out]].concat();
            crate::run(Cli::try_parse_from(words).unwrap()).unwrap();
            let json: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
            let documents = crate::commands::generate::documents();
            let document = documents.iter().find(|document| document.name == name).unwrap();
            assert_keys(document, &document.objects[0], &json, &["schema", "program"]);
        }
    }

    /// Checks that an object has the keys that are described, and `more`; and so have those in it.
    fn assert_keys(document: &Document, object: &Object, json: &serde_json::Value, more: &[&str]) {
        let written: BTreeSet<String> = json.as_object().unwrap().keys().cloned().collect();
        let mut described: BTreeSet<String> = more.iter().map(|&key| key.to_owned()).collect();
        for key in &object.keys {
            let part = document
                .objects
                .iter()
                .find(|part| json_type(key.rust).split(' ').any(|word| word == part.name));
            match part {
                Some(part) if key.serde.contains("flatten") => {
                    described.extend(part.keys.iter().map(|of| format!("{}_{}", key.name, of.name)));
                }
                _ => drop(described.insert(key.name.to_owned())),
            }
            match (part, &json[key.name]) {
                (Some(part), inner @ serde_json::Value::Object(_)) if !key.rust.contains("Map") => {
                    assert_keys(document, part, inner, &[]);
                }
                _ => {}
            }
        }
        assert_eq!(written, described, "{} {}", document.name, object.name);
    }
}
