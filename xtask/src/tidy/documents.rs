//! Checks that the names in documents exist: files, functions and types between backticks, and the
//! targets of links, with their anchors.
//!
//! Names are searched, not resolved: a function exists if a source defines one of that name, a type
//! or constant if the word occurs. Text in fences is ignored, and so is a name with a placeholder
//! in capitals (`emit/FAMILY.rs`).

use super::{BOOK, Source};
use crate::files;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Documents at the root.
const AT_ROOT: &[&str] = &[README, "CONTRIBUTING.md", "SECURITY.md"];
/// Name of the page of a folder.
const README: &str = "README.md";
/// Folders that may contain the named files.
const ROOTS: &[&str] =
    &["crates", "guest", "jit-tests", "golden", "benches", "docs", "xtask", "fuzz", ".cargo", ".ci"];
/// Extensions of source files; files with others may be a user's.
const SOURCES: &[&str] = &["rs", "wgsl", "inc", "md", "c", "h"];
/// Constants of other systems, of guest programs and of an exercise, which no Rust source has.
const FOREIGN: &[&str] = &[
    "CREATE_ALWAYS",
    "EFBIG",
    "EXPECT",
    "GL_CLAMP",
    "KEVENT",
    "MILLISECONDS",
    "SEC_RESERVE",
    "SET_PROTECTED_MODE",
];
/// Folders of programs of their own: a page does not mean their names.
const APART: &[&str] = &["benches", "fuzz"];

/// Checks every document.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    for root in ROOTS {
        all_files(Path::new(root), &mut files)?;
    }
    let known = Known::new(sources, &files);
    let mut documents: Vec<PathBuf> = AT_ROOT.iter().map(PathBuf::from).collect();
    let is_document =
        |file: &&PathBuf| is_markdown(file) && (file.starts_with(BOOK) || file.ends_with(README));
    documents.extend(files.iter().filter(is_document).cloned());
    for document in documents {
        let text = files::read_text(&document)?;
        for (number, line) in outside_fences(&text) {
            let place = format!("{}:{number}", document.display());
            for target in links(line).filter(|target| !target.contains("://")) {
                if let Some(problem) = problem_of_link(&document, &text, target) {
                    findings.push(format!("{place}: {problem}"));
                }
            }
            for span in spans(line) {
                if let Some(problem) = known.problem(span) {
                    findings.push(format!("{place}: {problem}"));
                }
            }
        }
    }
    Ok(())
}

/// Returns the problem with the target of a link in a document with this text.
fn problem_of_link(document: &Path, text: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let named = document.parent().unwrap_or(Path::new("")).join(file);
    if !file.is_empty() && !named.exists() {
        return Some(format!("there is no {file}"));
    }
    let anchor = anchor.filter(|_| file.is_empty() || is_markdown(&named))?;
    let has_it = |text: &str| anchors(text).any(|known| known == anchor);
    let is_there = if file.is_empty() {
        has_it(text)
    } else {
        std::fs::read_to_string(&named).is_ok_and(|text| has_it(&text))
    };
    (!is_there).then(|| format!("{target}: no heading has this anchor"))
}

/// The anchors of a document's headings, as GitHub and mdBook form them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let mut seen = BTreeMap::<String, u32>::new();
    outside_fences(text).filter_map(|(_, line)| line.strip_prefix('#')).map(move |heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
        let anchor = heading.chars().filter(kept).collect::<String>().replace(' ', "-");
        let times = seen.entry(anchor.clone()).or_default();
        *times += 1;
        if *times == 1 { anchor } else { format!("{anchor}-{}", *times - 1) }
    })
}

/// Whether a byte can be part of a name.
static IS_IN_NAME: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < bytes.len() {
        bytes[byte] = byte == b'_' as usize || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    bytes
};

/// Names, keywords and numbers of a source. It loops over bytes: this program is not optimised, and
/// closures over the characters of all sources take seconds.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !IS_IN_NAME[usize::from(bytes[at])] {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && IS_IN_NAME[usize::from(bytes[at])] {
            at += 1;
        }
        (start < at).then(|| &text[start..at])
    })
}

/// Files and folders, by their last names.
fn places_by_name(files: &[PathBuf]) -> BTreeMap<&OsStr, Vec<&Path>> {
    let mut seen = BTreeSet::new();
    let mut places: BTreeMap<&OsStr, Vec<&Path>> = BTreeMap::new();
    for file in files {
        // The folders of a known folder are known, too.
        for place in file.ancestors().take_while(|place| seen.insert(*place)) {
            places.entry(place.file_name().unwrap_or_default()).or_default().push(place);
        }
    }
    places
}

/// Known files and names.
struct Known<'a> {
    files: &'a [PathBuf],
    places: BTreeMap<&'a OsStr, Vec<&'a Path>>,
    words: HashSet<&'a str>,
    functions: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn new(sources: &'a [Source], files: &'a [PathBuf]) -> Self {
        let mut known = HashSet::new();
        let mut functions = HashSet::new();
        let is_named = |source: &&Source| !APART.iter().any(|folder| source.path.starts_with(folder));
        for source in sources.iter().filter(is_named) {
            let mut before = "";
            for word in words(&source.text) {
                if before == "fn" {
                    functions.insert(word);
                }
                known.insert(word);
                before = word;
            }
        }
        Self { files, places: places_by_name(files), words: known, functions }
    }

    /// Returns the problem with the text between two backticks.
    fn problem(&self, span: &str) -> Option<String> {
        if is_constant(span) {
            let is_known = self.words.contains(span) || FOREIGN.contains(&span);
            return (!is_known).then(|| format!("there is no constant {span}"));
        }
        if span.split(['/', '.', '_', '-', ' ']).any(is_placeholder) {
            return None;
        }
        if is_path(span) {
            return (!self.has_file(span)).then(|| format!("there is no file {span}"));
        }
        if let Some((name, _)) = span.split_once('(').filter(|_| span.ends_with(')')) {
            let name = name.rsplit(['.', ':']).next().unwrap_or(name);
            let is_name = is_identifier(name);
            let found = self.functions.contains(name) || self.words.contains(name) && !span.ends_with("()");
            return (is_name && !found).then(|| format!("there is no function {name}"));
        }
        if span.contains("::") && span.split("::").all(|part| is_identifier(&part.replace('-', "_"))) {
            let missing = span.split("::").find(|part| !self.has_word(&part.replace('-', "_")));
            return missing.map(|part| format!("{span}: there is no {part}"));
        }
        let is_type = is_identifier(span)
            && span.starts_with(|c: char| c.is_ascii_uppercase())
            && span.contains(|c: char| c.is_ascii_lowercase());
        (is_type && !self.has_word(span)).then(|| format!("there is no {span}"))
    }

    fn has_word(&self, word: &str) -> bool {
        let folder = word.replace('_', "-");
        let is_it = |part| Path::new(part).file_stem().is_some_and(|stem| *stem == *folder || *stem == *word);
        self.words.contains(word) || self.files.iter().any(|file| file.iter().any(is_it))
    }

    fn has_file(&self, name: &str) -> bool {
        let name = Path::new(name.trim_end_matches('/'));
        let places = name.file_name().and_then(|last| self.places.get(last));
        name.exists() || places.is_some_and(|places| places.iter().any(|place| place.ends_with(name)))
    }
}

/// Whether a word is a placeholder in capitals: `FAMILY`, `N`. Names with several words have an
/// underscore.
fn is_placeholder(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase())
}

/// Whether this is a constant, or a placeholder that sources also contain as a word: `FAMILY`.
fn is_constant(span: &str) -> bool {
    let in_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    span.len() > 3
        && span.starts_with(|c: char| c.is_ascii_uppercase())
        && !span.ends_with('_')
        && span.chars().all(in_name)
}

fn is_identifier(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether this is the path of a file or folder: one that begins at the root, or a source's.
fn is_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let rooted = span.split_once('/').is_some_and(|(root, _)| ROOTS.contains(&root));
    let ending =
        span.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && SOURCES.contains(&ending));
    plain && (rooted || ending)
}

pub(super) fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Numbered lines outside of fences.
fn outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        (!inside && !fence).then_some((index + 1, line))
    })
}

/// Texts between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Targets of the links of a line.
pub(super) fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// All files below a folder, except build output.
pub(super) fn all_files(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for path in files::list(folder)? {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            all_files(&path, into)?;
        } else if path.is_file() {
            into.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(span: &str) -> Option<String> {
        let text = "//! x\npub fn compile(self) {}\nenum Exit { Syscall }\nconst FORMATS: u8 = 0;\nlet f = \"floor\";";
        let sources = [Source { path: "crates/xenia-jit/src/emit.rs".into(), text: text.into() }];
        let files = ["crates/xenia-jit/src/emit.rs", "docs/src/internals/memory.md"].map(PathBuf::from);
        Known::new(&sources, &files).problem(span)
    }

    #[test]
    fn sources_are_split_into_words() {
        assert_eq!(words("fn a_1(é: &'b str)→c").collect::<Vec<_>>(), ["fn", "a_1", "b", "str", "c"]);
        assert_eq!(words("-").count(), 0);
    }

    #[test]
    fn existing_names_in_documents_are_resolved() {
        for span in [
            "emit.rs",
            "src/emit.rs",
            "crates/xenia-jit/src",
            "compile()",
            "self.compile()",
            "floor(x)",
            "Exit",
            "Exit::Syscall",
            "xenia-jit::emit",
            "FORMATS",
            "crates/xenia-jit/src/emit/FAMILY.rs",
            "--frames N",
            "keys.toml",
            "r31",
        ] {
            assert_eq!(problem(span), None, "{span}");
        }
    }

    #[test]
    fn missing_names_in_documents_are_reported() {
        for span in [
            "lower.rs",
            "crates/xenia-jit/src/lower",
            "self.call_interpreter()",
            "Entry",
            "Exit::Gone",
            "MAX_STRETCH",
            "STRETCH",
            "xenia-x::y",
        ] {
            assert!(problem(span).is_some(), "{span}");
        }
    }

    #[test]
    fn anchors_are_those_of_the_headings() {
        let text = "# A `b`: c\n## One two\n```sh\n# no heading\n```\n## One two\n";
        assert_eq!(anchors(text).collect::<Vec<_>>(), ["a-b-c", "one-two", "one-two-1"]);
        let document = Path::new("page.md");
        assert_eq!(problem_of_link(document, text, "#one-two-1"), None);
        assert!(problem_of_link(document, text, "#no-heading").is_some());
    }

    #[test]
    fn document_fences_spans_and_links_are_parsed() {
        let text = "a `b` [c](d.md)\n```sh\n`no`\n```\nlast";
        let lines: Vec<_> = outside_fences(text).collect();
        assert_eq!(lines, [(1, "a `b` [c](d.md)"), (5, "last")]);
        assert_eq!(spans(lines[0].1).collect::<Vec<_>>(), ["b"]);
        assert_eq!(links(lines[0].1).collect::<Vec<_>>(), ["d.md"]);
    }
}
