//! Tests of the command, on stores of recipes that are made here.

use super::{row, stores_meant};
use crate::cli::Cli;
use anyhow::Result;
use clap::Parser;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use xenia::digest::sha256;
use xenia::drawing::stores::{PipelineStoreFile, image_of};
use xenia::library::stored::StoredTitle;
use xenia::title::{Title, key_ring};
use xenia_cli::Code;
use xenia_gpu::fnv;
use xenia_gpu::microcode::{Shader, ShaderKind};
use xenia_guest::TitleId;
use xenia_render::backend::exchange::PipelineExporter;

/// Kinds of records, and a vertex shader.
const VERTEX: u32 = 1;
const RECIPE: u32 = 3;
const MICROCODE: [u32; 3] = [1, 2, 3];

const ONE: &str = "One-0000000000000001.pipelines";
const TWO: &str = "Two-0000000000000002.pipelines";

fn append(file: &mut Vec<u8>, kind: u32, words: &[u32]) {
    let head = [kind, words.len() as u32];
    let sum = fnv::words(fnv::BASIS, head.iter().chain(words).copied());
    let sums = [sum as u32, (sum >> 32) as u32];
    file.extend(head.iter().chain(&sums).chain(words).flat_map(|word| word.to_le_bytes()));
}

/// A store of recipes with these numbers, without pixel shaders.
fn store(numbers: Range<u32>) -> Vec<u8> {
    let mut file = PipelineExporter::default().into_bytes();
    let recipe_bytes = u32::from_le_bytes(file[12..].try_into().unwrap());
    append(&mut file, VERTEX, &MICROCODE);
    let digest = Shader::digest(ShaderKind::Vertex, &MICROCODE);
    for n in numbers {
        let mut words = vec![n; recipe_bytes as usize / 4];
        words[0] = digest as u32;
        words[1] = (digest >> 32) as u32;
        // The flags.
        words[5] = 0;
        append(&mut file, RECIPE, &words);
    }
    file
}

/// A cache folder with stores.
fn put(cache: &Path, stores: &[(&str, Vec<u8>)]) {
    let folder = cache.join("pipelines");
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in stores {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// A store without a file.
fn missing(name: &str, image: u64) -> PipelineStoreFile {
    PipelineStoreFile { name: name.to_owned(), image, path: "missing".into() }
}

/// The number of a title's executable.
fn executable(file: &Path) -> u64 {
    let title = Title::open(file, &key_ring(None).unwrap()).unwrap();
    image_of(&sha256(&title.image.bytes)).unwrap()
}

fn run(words: &[&str]) -> Result<u8> {
    crate::run(Cli::try_parse_from(["xenia-rs", "pipelines"].iter().chain(words)).unwrap())
}

fn refusal(words: &[&str]) -> String {
    format!("{:#}", run(words).unwrap_err())
}

/// The JSON of a command, and its exit code.
fn json(words: &[&str]) -> (Value, u8) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let code = run(&[words, &["--json", path]].concat()).unwrap();
    (serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(), code)
}

#[test]
fn exported_pipelines_are_imported_once_under_the_local_name() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let [from, to, file] = ["from", "to", "all.pipelines"].map(at);
    put(from.as_ref(), &[(ONE, store(0..5)), (TWO, store(5..8))]);
    run(&["export", "-o", &file, "--cache", &from]).unwrap();
    // There, the first title has another name and some of the pipelines.
    put(to.as_ref(), &[("Uno-0000000000000001.pipelines", store(3..7))]);
    let (report, code) = json(&["import", &file, "--cache", &to]);
    assert_eq!(code, Code::Done.number());
    let rows = |report: &Value, keys: [&str; 4]| -> Vec<[Value; 4]> {
        report["stores"].as_array().unwrap().iter().map(|row| keys.map(|key| row[key].clone())).collect()
    };
    let keys = ["name", "recipes_new", "recipes_known", "shaders_new"];
    let expected = |one: [u64; 3], two: [u64; 3]| {
        let row = |name: &str, numbers: [u64; 3]| {
            let [new, known, shaders] = numbers.map(Value::from);
            [name.into(), new, known, shaders]
        };
        [row("Uno", one), row("Two", two)]
    };
    assert_eq!(rows(&report, keys), expected([3, 2, 0], [3, 0, 1]));
    let (report, _) = json(&["import", &file, "--cache", &to]);
    assert_eq!(rows(&report, keys), expected([0, 5, 0], [0, 3, 0]));
    assert_eq!(fs::read(Path::new(&to).join("pipelines").join(TWO)).unwrap(), store(5..8));
    let (report, _) = json(&["list", "--cache", &to]);
    let bytes = |numbers| Value::from(store(numbers).len());
    let listed = rows(&report, ["name", "recipes", "bytes", "image"]);
    // Each recipe has the same size, in any order.
    assert_eq!(listed[0], ["Two".into(), 3.into(), bytes(5..8), "0000000000000002".into()]);
    assert_eq!(listed[1], ["Uno".into(), 7.into(), bytes(0..7), "0000000000000001".into()]);
}

#[test]
fn a_run_appends_to_a_store_before_and_after_an_import() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let [from, to, file] = ["from", "to", "one.pipelines"].map(at);
    put(from.as_ref(), &[(ONE, store(0..5))]);
    run(&["export", "-o", &file, "--cache", &from]).unwrap();
    put(to.as_ref(), &[(ONE, store(0..2))]);
    let path = Path::new(&to).join("pipelines").join(ONE);
    let mut held = fs::File::options().append(true).open(&path).unwrap();
    run(&["import", &file, "--cache", &to]).unwrap();
    held.write_all(&store(0..7)[store(0..5).len()..]).unwrap();
    assert!(fs::read(&path).unwrap() == store(0..7));
}

#[test]
fn titles_are_chosen_by_name_and_by_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let [cache, file, title] = ["cache", "one.pipelines", "One.xex"].map(at);
    fs::write(&title, include_bytes!("../../../../../guest/bin/hello.xex")).unwrap();
    // It has no id.
    let one = format!("One-{:016x}.pipelines", executable(title.as_ref()));
    put(cache.as_ref(), &[(one.as_str(), store(0..5)), (TWO, store(5..8))]);
    let mut exports = Vec::new();
    let choices: [&[&str]; 4] = [&["One"], &[&title], &["Two", "One"], &[]];
    for titles in choices {
        run(&[&["export"], titles, &["-o", &file, "--cache", &cache]].concat()).unwrap();
        exports.push(fs::read(&file).unwrap());
    }
    assert!(exports[0] == exports[1] && exports[2] == exports[3] && exports[0].len() < exports[2].len());
    let why = refusal(&["export", "Three", "-o", &file, "--cache", &cache]);
    assert!(why.contains("there are no pipelines of Three"), "{why}");
    let why = refusal(&["export", "-o", &file, "--cache", &at("none")]);
    assert!(why.contains("there are no pipelines in"), "{why}");
    // A file that is in the way is replaced by a complete one only.
    assert_eq!(fs::read(&file).unwrap(), exports[3]);
}

#[test]
fn a_file_in_the_current_folder_hides_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let [cache, file] = ["cache", "one.pipelines"].map(at);
    // Cargo runs tests in the folder of this file.
    let name = "Cargo.toml";
    put(cache.as_ref(), &[("Cargo.toml-0000000000000001.pipelines", store(0..5))]);
    assert_eq!(run(&["export", name, "-o", &file, "--cache", &cache]).unwrap(), Code::Done.number());
    let why = refusal(&["export", "./Cargo.toml", "-o", &file, "--cache", &cache]);
    assert!(why.contains("there are no pipelines of ./Cargo.toml"), "{why}");
}

#[test]
fn stores_that_are_named_by_an_id_are_those_of_the_titles_name() {
    let id = Some(TitleId(0x4D53_07D1));
    let known = [StoredTitle { name: "One".to_owned(), id, image: None }];
    let all = ["4D5307D1", "One", "Two"].map(|name| missing(name, 1));
    for word in ["One", "4D5307D1", "4d5307d1"] {
        assert_eq!(stores_meant(Path::new(word), &all, &known).unwrap(), [&all[0], &all[1]], "{word}");
    }
    assert_eq!(stores_meant(Path::new("Two"), &all, &known).unwrap(), [&all[2]]);
    let row = row(&all[0], &known);
    assert_eq!((row.name.as_str(), row.title_id.as_deref()), ("One", Some("4D5307D1")));
}

#[test]
fn an_imported_store_of_a_file_without_an_id_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("game.elf");
    fs::write(&file, include_bytes!("../../../../../guest/bin/cpu-suite.elf")).unwrap();
    let image = executable(&file);
    // The others are of other executables.
    let all = [("game", image ^ 1), ("imported", image), ("imported", image ^ 1)];
    let all = all.map(|(name, image)| missing(name, image));
    assert_eq!(stores_meant(&file, &all, &[]).unwrap(), [&all[1]]);
}

#[test]
fn faulty_files_and_stores_are_named_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let [from, to, file] = ["from", "to", "one.pipelines"].map(at);
    put(from.as_ref(), &[(ONE, store(0..5)), (TWO, b"something else than that".to_vec())]);
    fs::create_dir(Path::new(&from).join("pipelines/x-0000000000000003.pipelines")).unwrap();
    // The store of another format is left out, and so is a folder.
    assert_eq!(run(&["export", "-o", &file, "--cache", &from]).unwrap(), Code::Unusable.number());
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[60] ^= 1;
    fs::write(&file, damaged).unwrap();
    let why = refusal(&["import", &file, "--cache", &to]);
    assert!(why.contains("one.pipelines: at offset 0x30: the record has a wrong"), "{why}");
    assert!(!Path::new(&to).exists());
    assert!(refusal(&["import", &at("missing"), "--cache", &to]).contains("missing"));
    fs::write(&file, &whole).unwrap();
    let mut old = store(0..1);
    old[8] ^= 0x40;
    put(to.as_ref(), &[(ONE, old.clone())]);
    let (report, code) = json(&["import", &file, "--cache", &to]);
    assert_eq!(code, Code::Unusable.number());
    let fault = report["stores"][0]["fault"].as_str().unwrap();
    assert!(fault.contains(ONE) && fault.contains("at offset 0x8: its version is"), "{fault}");
    assert_eq!(fs::read(Path::new(&to).join("pipelines").join(ONE)).unwrap(), old);
    let (report, _) = json(&["list", "--cache", &to]);
    let row = &report["stores"][0];
    assert!(row["recipes"].is_null() && row["fault"].as_str().unwrap().contains("version"), "{row}");
    // A damaged end is dropped, with what is before it kept.
    let mut cut = store(0..2);
    cut.extend([9; 21]);
    put(to.as_ref(), &[(ONE, cut)]);
    let (report, code) = json(&["import", &file, "--cache", &to]);
    assert_eq!((code, &report["stores"][0]["recipes_known"]), (Code::Done.number(), &2.into()));
    assert_eq!(fs::read(Path::new(&to).join("pipelines").join(ONE)).unwrap(), store(0..5));
}
