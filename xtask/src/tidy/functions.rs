//! Functions of the product that are longer than [`MAX_FUNCTION_LINES`].
//!
//! rustfmt formats the code, so an item ends at the brace at its own indentation. A function whose
//! body is one call of a macro does not count: its rows are a table or assembly.

use super::{Source, map};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lines of a function, from the line with `fn` to its closing brace.
const MAX_FUNCTION_LINES: usize = 60;
/// Programs that test the product.
const TEST_PROGRAMS: [&str; 2] = ["fuzz", "jit-tests"];

/// A function that is too long.
struct LongFunction<'a> {
    name: &'a str,
    /// Number of its first line.
    line: usize,
    length: usize,
}

/// Places of the long functions, each with its length.
pub(super) fn long_functions(sources: &[Source]) -> Vec<String> {
    let tests = test_modules(sources.iter());
    let is_product = |source: &&Source| {
        let is_program = TEST_PROGRAMS.iter().any(|program| source.path.starts_with(program));
        !is_program && !map::is_test(&source.path) && !is_within(&source.path, &tests)
    };
    let mut places = Vec::new();
    for source in sources.iter().filter(is_product) {
        for function in long_functions_of(&source.text) {
            let LongFunction { name, line, length } = function;
            places.push(format!("{}:{line} ({name}, {length} lines)", source.path_text()));
        }
    }
    places
}

/// Paths, without extension, of the modules that sources declare for tests only.
pub(super) fn test_modules<'a>(sources: impl Iterator<Item = &'a Source>) -> BTreeSet<PathBuf> {
    let mut modules = BTreeSet::new();
    for source in sources {
        let is_root = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| source.path.ends_with(name));
        let folder = if is_root { source.path.with_file_name("") } else { source.path.with_extension("") };
        let lines: Vec<&str> = source.text.lines().collect();
        for pair in lines.windows(2).filter(|pair| is_test_attribute(pair[0])) {
            let declared = pair[1].strip_suffix(';').and_then(|line| line.rsplit_once("mod "));
            modules.extend(declared.map(|(_, name)| folder.join(name)));
        }
    }
    modules
}

/// Whether a file is one of the modules, or inside one.
pub(super) fn is_within(path: &Path, modules: &BTreeSet<PathBuf>) -> bool {
    path.with_extension("").ancestors().any(|path| modules.contains(path))
}

/// The long functions of a file that are not compiled for tests only.
fn long_functions_of(text: &str) -> Vec<LongFunction<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if is_test_attribute(lines[at]) {
            let attributes = lines[at..].iter().take_while(|line| line.trim_start().starts_with(['#', '/']));
            at = end_of_item(&lines, at + attributes.count()) + 1;
            continue;
        }
        if let Some(name) = function_begun_by(lines[at]) {
            let end = end_of_item(&lines, at);
            let length = end - at + 1;
            if length > MAX_FUNCTION_LINES && !is_macro_call(&lines, at, end) {
                found.push(LongFunction { name, line: at + 1, length });
            }
        }
        at += 1;
    }
    found
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line == "#[test]" || line.starts_with("#[cfg(") && line.contains("test")
}

/// Name of the function whose first line this is.
pub(super) fn function_begun_by(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        if let Some(item) = rest.strip_prefix("fn ") {
            return item.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        }
        let (word, after) = rest.split_once(' ')?;
        let is_qualifier = ["const", "async", "unsafe", "extern"].contains(&word);
        let is_part = word.starts_with("pub") || word.starts_with('"') || word.ends_with(')');
        if !is_qualifier && !is_part {
            return None;
        }
        rest = after;
    }
}

/// Index of the line that ends the head of the item at line `first`.
fn end_of_head(lines: &[&str], first: usize) -> Option<usize> {
    let mut rest = lines.iter().enumerate().skip(first);
    rest.find(|(_, line)| line.ends_with(['{', '}', ';'])).map(|(at, _)| at)
}

/// Index of the last line of the item that begins at line `first`, or of the file's last line.
fn end_of_item(lines: &[&str], first: usize) -> usize {
    match end_of_head(lines, first) {
        Some(head) if lines[head].ends_with('{') => closing_line(lines, first, head),
        Some(head) => head,
        None => lines.len() - 1,
    }
}

/// Index of the first line beyond `head` that closes the brackets of line `first`, or of the
/// file's last line.
fn closing_line(lines: &[&str], first: usize, head: usize) -> usize {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let outer = indentation(lines[first]);
    let closes = |line: &str| indentation(line) == outer && line.trim_start().starts_with(['}', ')']);
    let mut rest = lines.iter().enumerate().skip(head + 1);
    rest.find(|(_, line)| closes(line)).map_or(lines.len() - 1, |(at, _)| at)
}

/// Whether the body of the function from line `first` to line `end` is one call of a macro, whose
/// rows are a table or assembly.
fn is_macro_call(lines: &[&str], first: usize, end: usize) -> bool {
    let Some(head) = end_of_head(lines, first) else { return false };
    let body = head + 1;
    body < end && lines[body].ends_with("!(") && closing_line(lines, body, body) + 1 == end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(head: &str, length: usize) -> String {
        let indentation = &head[..head.len() - head.trim_start().len()];
        let line = format!("{indentation}    if a {{ f(b) }};\n");
        format!("{head} {{\n{}{indentation}}}\n", line.repeat(length - 2))
    }

    fn found(text: &str) -> Vec<(&str, usize, usize)> {
        let functions = long_functions_of(text).into_iter();
        functions.map(|function| (function.name, function.line, function.length)).collect()
    }

    #[test]
    fn functions_are_measured_from_their_first_line_to_their_brace() {
        for (head, count) in [
            ("fn f()", 61),
            ("pub(in super::super) fn f()", 61),
            ("    pub(crate) const unsafe extern \"C\" fn f()", 62),
            ("pub fn f(\n    a: u32,\n) -> u32\nwhere\n    u32: Copy,\n", 57),
        ] {
            let long = function(head, count);
            assert_eq!(found(&long), [("f", 1, long.lines().count())], "{head}");
        }
        assert!(found(&function("fn f()", 60)).is_empty());
        assert!(found(&function("public fnord()", 70)).is_empty());
        let after = format!("trait T {{\n    fn f(&self);\n    fn g() {{}}\n}}\n{}", function("fn h()", 70));
        assert_eq!(found(&after), [("h", 5, 70)]);
    }

    #[test]
    fn rows_of_a_macro_are_not_counted() {
        let rows = "        \"add rax, rcx\",\n".repeat(70);
        assert!(found(&format!("fn f() {{\n    code!(\n{rows}    )\n}}\n")).is_empty());
        let more = format!("fn f() {{\n    code!(\n{rows}    );\n    g(\n        1,\n    )\n}}\n");
        assert_eq!(found(&more), [("f", 1, 77)]);
    }

    #[test]
    fn functions_of_tests_are_not_counted() {
        let long = function("fn f()", 70);
        for attributes in ["#[test]\n#[ignore]", "#[cfg(any(test, feature = \"testing\"))]"] {
            assert!(found(&format!("{attributes}\n{long}")).is_empty(), "{attributes}");
        }
        let inner = function("    fn f()", 70);
        let text = format!("#[cfg(test)]\nuse a::b;\n#[cfg(test)]\nmod tests {{\n{inner}}}\n{long}");
        assert_eq!(found(&text), [("f", 76, 70)]);
    }

    #[test]
    fn files_of_tests_are_not_counted() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let long = function("fn f()", 70);
        let declared = "#[cfg(test)]\nmod cases;\n#[cfg(any(test, feature = \"x\"))]\npub mod y;\n";
        let sources = [
            source("crates/a/src/lib.rs", declared),
            source("crates/a/src/cases/inner.rs", &long),
            source("crates/a/src/b.rs", declared),
            source("crates/a/src/b/y.rs", &long),
            source("crates/a/src/b/z.rs", &long),
            source("crates/a/tests/z.rs", &long),
            source("jit-tests/src/z.rs", &long),
        ];
        assert_eq!(long_functions(&sources), ["crates/a/src/b/z.rs:1 (f, 70 lines)"]);
    }
}
