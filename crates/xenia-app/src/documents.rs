//! The JSON documents that commands write, described: `xenia-rs generate json`.
//!
//! A document's struct is written inside [`documented!`], which keeps the text of its doc comments, so that what the page says
//! of a key stands once, beside the field that makes it.

use std::fmt::Write;
use xenia_cpu::{CounterRow, Counters};

/// A key of an object.
#[derive(Clone)]
pub struct Key {
    /// The field, which is the key.
    pub name: &'static str,
    /// Its type, in Rust.
    pub rust: &'static str,
    /// What serde is told of it.
    pub serde: &'static str,
    /// What it means.
    pub says: &'static str,
    /// What it is counted in, where that is not what it says.
    pub unit: &'static str,
}

/// A struct that becomes a JSON object.
pub trait Documented {
    /// Its name.
    const NAME: &'static str;
    /// What it is.
    const SAYS: &'static str;
    /// Its keys.
    const KEYS: &'static [Key];
}

/// Structs that become JSON objects, with their doc comments kept.
macro_rules! documented {
    ($(
        $(#[doc = $says:literal])+
        #[derive($($derive:ident),* $(,)?)]
        $vis:vis struct $name:ident {
            $( $(#[doc = $text:literal])+ $(#[serde($($serde:tt)*)])? $fvis:vis $field:ident: $kind:ty, )+
        }
    )+) => { $(
        $(#[doc = $says])+
        #[derive($($derive),*)]
        $vis struct $name {
            $( $(#[doc = $text])+ $(#[serde($($serde)*)])? $fvis $field: $kind, )+
        }

        impl $crate::documents::Documented for $name {
            const NAME: &'static str = stringify!($name);
            const SAYS: &'static str = concat!($($says),+);
            const KEYS: &'static [$crate::documents::Key] = &[$(
                $crate::documents::Key {
                    name: stringify!($field),
                    rust: stringify!($kind),
                    serde: concat!($(stringify!($($serde)*))?),
                    says: concat!($($text),+),
                    unit: "",
                },
            )+];
        }
    )+ };
}

pub(crate) use documented;

/// An object on the page.
pub struct Object {
    name: &'static str,
    says: &'static str,
    keys: Vec<Key>,
}

/// `T` on the page.
pub fn object<T: Documented>() -> Object {
    Object { name: T::NAME, says: T::SAYS, keys: T::KEYS.to_vec() }
}

/// Counters on the page.
pub fn counters<T: Counters>(name: &'static str) -> Object {
    let key =
        |row: &CounterRow| Key { name: row.name, rust: row.kind, serde: "", says: row.doc, unit: row.unit };
    Object { name, says: T::SAYS, keys: T::ROWS.iter().map(key).collect() }
}

/// A document: its name in `schema`, the commands that write it, and its objects, the whole first.
pub struct Document {
    /// In `schema`.
    pub name: &'static str,
    /// Who writes it.
    pub by: &'static str,
    /// The whole, then what is in it.
    pub objects: Vec<Object>,
}

/// A type as JSON has it.
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
        "u8" | "u16" | "u32" | "u64" | "usize" | "f64" => "number".to_owned(),
        "String" | "&'staticstr" | "&str" | "End" => "string".to_owned(),
        "bool" => "true or false".to_owned(),
        name => name.to_owned(),
    }
}

/// The page.
pub fn page(documents: &[Document]) -> String {
    let mut out = String::from(
        "# JSON\n\nWhat `--json` writes. Each document also has `schema`, `xenia-rs/NAME/1`, and `program`, its name and version. \
         Keys are added within a schema's number, never renamed or removed. What follows is made of the structs themselves; \
         `bench`, `conformance` and `fuzz` have schemas too, and are described beside theirs, in \
         `crates/xenia-app/src/commands/bench.rs`, `jit-tests/src/conformance/report.rs` and `jit-tests/src/fuzz/report.rs`.\n",
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
        for (index, words) in [
            vec!["exec".to_owned(), at("t.xex"), "--headless".to_owned(), "--json".to_owned(), out.clone()],
            vec!["info".to_owned(), at("t.xex"), "--json".to_owned(), out.clone()],
        ]
        .into_iter()
        .enumerate()
        {
            crate::run(Cli::try_parse_from(std::iter::once("xenia-rs".to_owned()).chain(words)).unwrap())
                .unwrap();
            let json: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
            let written: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
            let documents = crate::commands::generate::documents();
            let described = documents[index].objects[0].keys.iter().map(|key| key.name);
            let described: BTreeSet<&str> = described.chain(["schema", "program"]).collect();
            assert_eq!(written, described);
        }
    }
}
