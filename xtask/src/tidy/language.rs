//! The rules of docs/src/style.md that a machine can check, over comments, pages, names and the
//! length of functions.
//!
//! Older text breaks them, so each rule has a budget in `xtask/language.toml`: the number of places
//! that are left. A count above its budget is a finding, and so is a count below it, until the
//! budget is lowered: it only falls.

use super::{Source, TABLES, functions, map, tracked_files};
use crate::files;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Columns of a comment or of a page's text.
const COLUMNS: usize = 100;
const BUDGETS: &str = "xtask/language.toml";
/// Places that a finding lists.
const SHOWN: usize = 8;

/// First words of a sentence that has a clause where a noun belongs.
const CLAUSES: [&str; 5] = ["What", "Who", "Whoever", "Whatever", "Whose"];
/// Home-made terms, in lower case, and the field's.
const TERMS: [(&str, &str); 17] = [
    ("books of", "allocation metadata"),
    ("code that changes", "self-modifying code"),
    ("code that is kept", "persistent code cache"),
    ("done again", "restart, replay"),
    ("drafts", "temporary files"),
    ("first sight", "first execution"),
    ("floor of both", "common"),
    ("handing on", "pass-through, transient"),
    ("kept code", "persistent code cache"),
    ("leavings", "deferred deletion"),
    ("leaves in place of calls", "inlining of leaf functions"),
    ("owed compare", "lazy condition register"),
    ("sides never taken", "cold-path pruning"),
    ("stores where loops", "store sinking"),
    ("taken for granted", "assumption, guard"),
    ("what's what", "the thing meant"),
    ("whoever", "callers, users"),
];
/// Pages of the book that a program writes.
const GENERATED: [&str; 2] = ["docs/src/tables/", "docs/generated/"];
/// Files with comments in other languages. A program writes the conformance cases (`*.s`).
const OTHER_LANGUAGES: [&str; 6] = ["*.c", "*.h", "*.cpp", "*.S", "*.sh", "*.toml"];

/// Places with the forms of types that are a second system's or a second processor's.
const OTHER_HOSTS: [&str; 4] = [
    "crates/xenia-host/src/windows/",
    "crates/xenia-host/src/registers/aarch64",
    "crates/xenia-jit/src/arch/aarch64/",
    "crates/xenia-lifter/src/arch/aarch64/",
];

/// Places that break each rule.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts(BTreeMap<&'static str, Vec<String>>);

/// Number of places allowed, by rule.
#[derive(Deserialize)]
struct Budgets(BTreeMap<String, usize>);

/// Names that say nothing of what a function does, a module contains or a constant is.
const VAGUE: [&str; 4] = ["look", "look_at", "tell", "told"];

const RULES: [(&str, &str); 11] = [
    ("clauses", "sentences begin with What, Who, Whoever, Whatever or Whose"),
    ("columns", "lines of comments or pages are longer than 100 columns"),
    ("duplicate-names", "names of types that are pub(crate) or wider are defined more than once"),
    ("long-functions", "functions of the product are longer than 60 lines"),
    ("negated-nouns", "sentences say \"is no thing\" in place of \"is not a thing\""),
    ("paired-lets", "statements bind or set several things by a tuple that is written for it"),
    ("tuple-parameters", "parameters are tuples, whose types do not name their parts"),
    ("vague-names", "functions, modules or constants are called look, look_at, tell, told or tell_*"),
    ("module-references", "comments say \"See the module's documentation\" in place of a link"),
    ("short-docs", "doc comments have one or two words"),
    ("terms", "places use a home-made term (docs/src/style.md has the field's)"),
];

/// Compares the counts of the whole tree with the budgets.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let mut counts = Counts::default();
    for source in sources {
        counts.add_source(&source.path_text(), &source.text);
    }
    let products = || sources.iter().filter(|source| !map::is_test(&source.path));
    counts.add_names(products());
    products().for_each(|source| counts.add_code(source));
    for place in functions::long_functions(sources) {
        counts.note("long-functions", place);
    }
    for page in pages()? {
        let text = files::read_text(&page)?;
        counts.add_page(&page, &text);
    }
    for file in listed(&OTHER_LANGUAGES)? {
        let text = files::read_text(&file)?;
        counts.add_other_language(&file, &text);
    }
    let text = files::read_text(Path::new(BUDGETS))?;
    let budgets: Budgets = toml::from_str(&text).with_context(|| BUDGETS.to_owned())?;
    counts.compare(&budgets.0, findings);
    Ok(())
}

fn is_of_other_host(source: &Source) -> bool {
    OTHER_HOSTS.iter().any(|start| source.path_text().starts_with(start))
}

fn pages() -> Result<Vec<String>> {
    let mut pages = listed(&["*.md"])?;
    pages.retain(|name| !GENERATED.iter().any(|folder| name.starts_with(folder)));
    Ok(pages)
}

/// Tracked files that exist and match one of the patterns.
fn listed(patterns: &[&str]) -> Result<Vec<String>> {
    let mut files = tracked_files(patterns)?;
    files.retain(|file| Path::new(file).exists());
    Ok(files)
}

impl Counts {
    fn note(&mut self, rule: &'static str, place: String) {
        self.0.entry(rule).or_default().push(place);
    }

    /// Adds the names of types that two places define. Items of test modules in a file count, too:
    /// a search finds them as well. Folders of systems and of processors define the same names by
    /// design; one of them counts.
    fn add_names<'a>(&mut self, sources: impl Iterator<Item = &'a Source>) {
        let mut places: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
        for source in sources.filter(|source| !is_of_other_host(source)) {
            for name in source.lines_of_code().filter_map(type_defined_by) {
                places.entry(name).or_default().push(source);
            }
        }
        for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
            self.note("duplicate-names", format!("{name} ({})", places[0].path_text()));
        }
    }

    /// Adds the shapes of code that the rules count, each of which is one line.
    fn add_code(&mut self, source: &Source) {
        let lines = source.text.lines().map(str::trim_start).zip(1..);
        for (line, number) in lines.filter(|(line, _)| !line.starts_with("//")) {
            for rule in shapes_of(line) {
                self.note(rule, format!("{}:{number}", source.path_text()));
            }
        }
    }

    fn add_source(&mut self, path: &str, text: &str) {
        let all: Vec<&str> = text.lines().collect();
        let mut block: Option<(usize, Vec<&str>)> = None;
        for (&line, number) in all.iter().zip(1..) {
            let comment = comment_of(line);
            if comment.is_some() && line.chars().count() > COLUMNS && !is_unbreakable(line) {
                self.note("columns", format!("{path}:{number}"));
            }
            match comment.filter(|comment| !comment.trim().is_empty()) {
                Some(comment) => block.get_or_insert((number, Vec::new())).1.push(comment.trim()),
                None => {
                    if let Some((first, lines)) = block.take() {
                        let docs_only = is_doc(all[first - 1]);
                        self.add_paragraph(path, first, &lines.join(" "));
                        // A row's doc is a column of the table: the manual's name, however short.
                        let is_row = TABLES.iter().any(|(table, _)| *table == path);
                        let alone = comment.is_none() && is_first_of_docs(&all, first) && !is_row;
                        if docs_only && alone && lines.join(" ").split_whitespace().count() <= 2 {
                            self.note("short-docs", format!("{path}:{first}"));
                        }
                    }
                }
            }
        }
        if let Some((first, lines)) = block {
            self.add_paragraph(path, first, &lines.join(" "));
        }
    }

    fn add_page(&mut self, path: &str, text: &str) {
        let mut is_code = false;
        let mut block: Option<(usize, Vec<&str>)> = None;
        for (line, number) in text.lines().chain([""]).zip(1..) {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            let is_text = !is_code && !is_fence && !line.trim_start().starts_with('|');
            if is_text && line.chars().count() > COLUMNS && !is_unbreakable(line) {
                self.note("columns", format!("{path}:{number}"));
            }
            let begins = line.starts_with('#') || is_item(line);
            if (!is_text || line.trim().is_empty() || begins)
                && let Some((first, lines)) = block.take()
            {
                self.add_paragraph(path, first, &lines.join(" "));
            }
            if is_text && !line.trim().is_empty() {
                let text = line.trim_start_matches(['#', ' ', '-', '*']);
                block.get_or_insert((number, Vec::new())).1.push(text);
            }
        }
    }

    /// Adds the sentences of a file with comments of C, a shell or assembly. Their columns are not
    /// counted: the suites pass numbers of lines to the guest, so wrapped comments would change
    /// guest programs.
    fn add_other_language(&mut self, path: &str, text: &str) {
        let mut block: Option<(usize, Vec<&str>)> = None;
        for (line, number) in text.lines().chain([""]).zip(1..) {
            match other_comment_of(line).filter(|comment| !comment.is_empty()) {
                Some(comment) => block.get_or_insert((number, Vec::new())).1.push(comment),
                None => {
                    if let Some((first, lines)) = block.take() {
                        self.add_paragraph(path, first, &lines.join(" "));
                    }
                }
            }
        }
    }

    fn add_paragraph(&mut self, path: &str, line: usize, text: &str) {
        for sentence in sentences(text) {
            if begins_with_clause(sentence) {
                self.note("clauses", format!("{path}:{line}"));
            }
        }
        // The page of rules and this file contain the refused terms.
        if path.ends_with("style.md") || path.ends_with("tidy/language.rs") {
            return;
        }
        if text.contains("See the module's d") {
            self.note("module-references", format!("{path}:{line}"));
        }
        for _ in 0..negated_nouns(text) {
            self.note("negated-nouns", format!("{path}:{line}"));
        }
        let text = text.to_lowercase();
        for (term, _) in TERMS.iter().filter(|(term, _)| text.contains(term)) {
            self.note("terms", format!("{path}:{line} ({term})"));
        }
    }

    fn compare(&self, budgets: &BTreeMap<String, usize>, findings: &mut Vec<String>) {
        for (rule, meaning) in RULES {
            let places = self.0.get(rule).map_or(&[][..], Vec::as_slice);
            let budget = budgets.get(rule).copied().unwrap_or(0);
            if places.len() > budget {
                let examples = places.iter().rev().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
                let count = places.len();
                findings.push(format!("{count} {meaning}, of {budget} in {BUDGETS}; among them {examples}"));
            } else if places.len() < budget {
                findings.push(format!("{BUDGETS}: {rule} can be lowered to {}", places.len()));
            }
        }
        for rule in budgets.keys().filter(|rule| !RULES.iter().any(|(name, _)| name == rule)) {
            findings.push(format!("{BUDGETS}: there is no rule {rule}"));
        }
    }
}

/// The text of a line that consists of a comment only.
fn comment_of(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("//")?;
    Some(rest.strip_prefix(['/', '!']).unwrap_or(rest))
}

/// The text of a line of C, a shell or assembly that consists of a comment only.
fn other_comment_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = ["// ", "# ", "/* ", "* "].iter().find_map(|start| line.strip_prefix(start))?;
    Some(text.trim_end_matches("*/").trim())
}

/// The type that a line begins to define for more than its module and parent.
fn type_defined_by(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let item = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) "))?;
    let kinds = ["struct ", "enum ", "trait ", "union ", "type "];
    let name = kinds.iter().find_map(|kind| item.strip_prefix(kind))?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

/// The rules that a line of code breaks by its shape.
fn shapes_of(line: &str) -> Vec<&'static str> {
    let is_pair = ["let (", "(self."].iter().any(|start| line.starts_with(start)) && line.contains(") = (");
    let is_text = line.starts_with("(\"");
    let is_parted = line.starts_with('(') && !is_text && line.contains("): (") && line.ends_with("),");
    // On a line of its own, a name with a tuple's type may as well be a field: it does not count.
    let has_tuple = is_parted || line.contains(": (") && functions::function_begun_by(line).is_some();
    let item = line.strip_prefix("pub").unwrap_or(line);
    let item = ["(crate)", "(super)"].iter().find_map(|scope| item.strip_prefix(scope)).unwrap_or(item);
    let name = ["fn ", "mod ", "const "].iter().find_map(|kind| item.trim_start().strip_prefix(kind));
    let name = name.and_then(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    let is_vague = name
        .map(str::to_lowercase)
        .is_some_and(|name| VAGUE.contains(&name.as_str()) || name.starts_with("tell_"));
    [(is_pair, "paired-lets"), (has_tuple, "tuple-parameters"), (is_vague, "vague-names")]
        .into_iter()
        .filter_map(|(is_broken, rule)| is_broken.then_some(rule))
        .collect()
}

fn is_doc(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("//!")
}

/// Whether no doc comment precedes line `first`.
fn is_first_of_docs(lines: &[&str], first: usize) -> bool {
    first < 2 || !is_doc(lines[first - 2])
}

/// Whether a line can't be broken: it is one address or one word of code, after its first word.
fn is_unbreakable(line: &str) -> bool {
    line.contains("://") || line.split_whitespace().count() <= 3
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ") || line.starts_with("* ")
}

/// Sentences of a paragraph: each begins with a capital letter after the end of the previous one.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.match_indices(' ').find(|&(at, _)| {
            let ends = !rest[..at].ends_with(char::is_alphanumeric)
                && rest[..at].trim_end_matches(['*', ')', '"', '`']).ends_with(['.', '!', '?', ':']);
            ends && rest[at + 1..].trim_start_matches(['*', '`']).starts_with(char::is_uppercase)
        });
        let (sentence, after) = end.map_or((rest, ""), |(at, _)| (&rest[..at], &rest[at + 1..]));
        rest = after;
        Some(sentence)
    })
}

/// Number of places where "is no" or "are no" has a noun after it. "There is no" and "no longer"
/// are plain English.
fn negated_nouns(text: &str) -> usize {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_negated = |words: &[&str]| {
        let [before, is, "no", after] = words else { return false };
        let before = before.trim_start_matches(|c: char| !c.is_alphanumeric());
        let is_noun = !after.starts_with("longer");
        ["is", "are"].contains(is) && !before.eq_ignore_ascii_case("there") && is_noun
    };
    words.windows(4).filter(|&words| is_negated(words)).count()
}

fn begins_with_clause(sentence: &str) -> bool {
    let sentence = sentence.trim_start_matches(['*', '-', ' ', '(']);
    let first = sentence.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    CLAUSES.contains(&first) && !sentence.trim_end_matches(['*', ')']).ends_with('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut counts = Counts::default();
        counts.add_source("file.rs", text);
        counts.0.into_iter().flat_map(|(rule, places)| places.into_iter().map(move |_| rule)).collect()
    }

    #[test]
    fn each_rule_finds_its_place_and_no_other() {
        let long = format!("// {}\n", "word ".repeat(20));
        for (text, found) in [
            ("/// What is sent.\nfn f() {}\n", vec!["clauses"]),
            ("/// Sends a word. Who reads it first wins,\n/// always.\nfn f() {}\n", vec!["clauses"]),
            ("/// Sends a word. What for?\nfn f() {}\n", vec![]),
            ("/// Bytes.\nstruct S;\n", vec!["short-docs"]),
            ("/// Bytes.\n///\n/// More text that explains these.\nstruct S;\n", vec![]),
            ("/// See the module's documentation.\nstruct S;\n", vec!["module-references"]),
            ("// A value taken for granted by its readers.\n", vec!["terms"]),
            (
                "// The handle is no file. (There is no\n// name.) It is no longer open.\n",
                vec!["negated-nouns"],
            ),
            (long.as_str(), vec!["columns"]),
            ("let what = \"What is sent\";\n", vec![]),
        ] {
            assert_eq!(rules(text), found, "{text}");
        }
    }

    #[test]
    fn tables_and_code_of_pages_are_as_wide_as_they_are() {
        let mut counts = Counts::default();
        let long = "word ".repeat(30);
        counts.add_page("page.md", &format!("| {long} |\n```\n{long}\n```\n{long}\n\n# Who reads\n"));
        let places: Vec<_> = counts.0.values().flatten().cloned().collect();
        assert_eq!(places, ["page.md:7", "page.md:5"]);
    }

    #[test]
    fn comments_of_other_languages_are_counted() {
        let text = "# What it does.\nx = 1\n// Who reads.\n/* Whoever waits. */\n#include <a.h>\n";
        let mut counts = Counts::default();
        counts.add_other_language("file.c", text);
        assert_eq!(counts.0["clauses"], ["file.c:1", "file.c:3", "file.c:3"]);
        assert_eq!(counts.0["terms"], ["file.c:3 (whoever)"]);
    }

    #[test]
    fn types_that_two_files_define_are_counted_once() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let sources = [
            source("a.rs", "pub struct State;\npub(super) struct Own;\n// pub struct Gone;\n"),
            source("b.rs", "    pub(crate) enum State {}\npub(super) struct Own;\npub struct Gone;\n"),
            source("c.rs", "pub type State = u8;\n"),
        ];
        let mut counts = Counts::default();
        counts.add_names(sources.iter());
        assert_eq!(counts.0["duplicate-names"], ["State (a.rs)"]);
    }

    #[test]
    fn shapes_of_code_are_counted() {
        for (line, found) in [
            ("let (a, b) = (1, 2);", vec!["paired-lets"]),
            ("(self.a, self.b) = (1, 2);", vec!["paired-lets"]),
            ("let (a, b) = pair();", vec![]),
            ("fn f(x: u32, (a, b): (u32, u32)) {", vec!["tuple-parameters"]),
            ("(a, b): (u32, u32),", vec!["tuple-parameters"]),
            ("fn f(epoch: (u64, u64)) {", vec!["tuple-parameters"]),
            ("epoch: (u64, u64),", vec![]),
            ("(\"(a, b): (u32, u32),\", x),", vec![]),
            ("fn f(each: &(dyn Fn() + Sync)) -> (u32, u32) {", vec![]),
            ("pub(crate) fn look(&self) {", vec!["vague-names"]),
            ("mod told;", vec!["vague-names"]),
            ("const LOOK: Duration = Duration::from_millis(1);", vec!["vague-names"]),
            ("fn tell_now(&mut self) {", vec!["vague-names"]),
            ("fn look_up(&self) {", vec![]),
        ] {
            assert_eq!(shapes_of(line), found, "{line}");
        }
    }

    #[test]
    fn a_budget_only_falls() {
        let mut counts = Counts::default();
        counts.note("terms", "file.rs:1 (whoever)".to_owned());
        for (budget, is_finding) in [(0, true), (1, false), (2, true)] {
            let mut findings = Vec::new();
            counts.compare(&BTreeMap::from([("terms".to_owned(), budget)]), &mut findings);
            assert_eq!(findings.len(), usize::from(is_finding), "{findings:?}");
        }
    }
}
