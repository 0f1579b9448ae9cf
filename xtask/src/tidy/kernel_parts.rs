//! Checks that the kernel stays in parts: no two top modules of one of its crates import each
//! other, `Kernel` has few methods, and few files name it.
//!
//! An import of a name that the crate re-exports at its root is one of the name's module, except
//! for `Kernel`: files that import that are counted separately. Tests may import everything.

use super::Source;
use super::functions::{is_within, test_modules};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Sources of the crate with `Kernel`.
const FOLDER: &str = "crates/xenia-kernel/src";
/// The crates of the kernel. In none of them do two top modules import each other.
const CRATES: &[&str] = &["exports", "imports", "kernel", "limits", "net", "objects", "rtl", "user", "vfs"];
/// Largest number of methods of `Kernel`, and of files with them.
const MAX_METHODS: usize = 40;
const MAX_FILES: usize = 8;
/// Modules that may take all of the kernel: those that carry out calls.
const OVER_THE_KERNEL: &[&str] = &["kernel", "system"];
/// Number of other files that import `Kernel`. It only falls.
const KERNEL_IMPORTS: usize = 4;

/// Runs the checks.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    for name in CRATES {
        let folder = format!("crates/xenia-{name}/src");
        let code = code_of(sources, &folder);
        let root = code.iter().find(|(source, _)| source.path == Path::new(&folder).join("lib.rs"));
        let modules = root.map(|(_, text)| modules_of_root_names(text)).unwrap_or_default();
        let mut graph: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (source, text) in &code {
            let names = imports_of(source, text, &folder).into_iter();
            let names = names.map(|name| modules.get(&name).cloned().unwrap_or(name));
            graph.entry(top_module(source, &folder)).or_default().extend(names);
        }
        if graph.is_empty() {
            findings
                .push(format!("{folder} has no sources: correct the list in xtask/src/tidy/kernel_parts.rs"));
        }
        cycles(&folder, &graph, findings);
    }
    let code = code_of(sources, FOLDER);
    methods(&code, findings);
    let taking = code.iter().filter(|(source, text)| {
        !OVER_THE_KERNEL.contains(&top_module(source, FOLDER)) && imports(text).contains("Kernel")
    });
    let taking = taking.count();
    if taking != KERNEL_IMPORTS {
        findings.push(format!(
            "{FOLDER}: {taking} files below the system import Kernel, {KERNEL_IMPORTS} are allowed: \
             take a view, or lower the number in xtask/src/tidy/kernel_parts.rs"
        ));
    }
}

/// The sources of a crate without tests, each with its code.
fn code_of<'a>(sources: &'a [Source], folder: &str) -> Vec<(&'a Source, String)> {
    let inside: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with(folder)).collect();
    let tests = test_modules(inside.iter().copied());
    let product = inside.into_iter().filter(|source| !is_within(&source.path, &tests));
    product.map(|source| (source, without_tests(source))).collect()
}

/// Name of a source's top module; the crate's root is `lib`.
fn top_module<'a>(source: &'a Source, folder: &str) -> &'a str {
    let inner = source.path.strip_prefix(folder).unwrap_or(&source.path);
    let first = inner.iter().next().and_then(|name| name.to_str()).unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// A source's code, without comments and without its module of tests at the end.
fn without_tests(source: &Source) -> String {
    let code: Vec<&str> = source.lines_of_code().collect();
    let tests =
        code.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"));
    code[..tests.unwrap_or(code.len())].join("\n")
}

/// The names that a source takes from the crate's root, by `crate` or, in a top module, by `super`.
fn imports_of(source: &Source, text: &str, folder: &str) -> BTreeSet<String> {
    let is_top = source.path.parent() == Some(Path::new(folder));
    if is_top { imports(&text.replace("super::", "crate::")) } else { imports(text) }
}

/// The first names of the paths by which a crate's root imports names, `Kernel` excepted, by name.
fn modules_of_root_names(text: &str) -> BTreeMap<String, String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut modules = BTreeMap::new();
    for path in text.split(';').filter_map(|statement| Some(statement.split_once("use ")?.1)) {
        let Some(module) = first_name(path) else { continue };
        for item in path.split(['{', ',', '}']) {
            if let Some(name) = item.rsplit(|c| !is_part(c)).find(|name| !name.is_empty()) {
                modules.insert(name.to_owned(), module.clone());
            }
        }
    }
    modules.remove("Kernel");
    modules
}

/// The first names of all paths that begin with `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in text.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            Some(group) => names.extend(group_names(group)),
            None => names.extend(first_name(path)),
        }
    }
    names
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.trim_start().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first names in a group of imports, without the brace that opens it.
fn group_names(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut from = 0;
    let mut names = Vec::new();
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.extend(first_name(&group[from..at]));
                from = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn cycles(folder: &str, graph: &BTreeMap<&str, BTreeSet<String>>, findings: &mut Vec<String>) {
    let uses = |from: &str, to: &str| graph.get(from).is_some_and(|names| names.contains(to));
    let names: Vec<&str> = graph.keys().copied().collect();
    let pairs = names.iter().enumerate().flat_map(|(at, &a)| names[at + 1..].iter().map(move |&b| (a, b)));
    for (a, b) in pairs.filter(|&(a, b)| uses(a, b) && uses(b, a)) {
        findings.push(format!("{folder}: {a} and {b} import each other"));
    }
}

fn methods(code: &[(&Source, String)], findings: &mut Vec<String>) {
    let counts: Vec<usize> =
        code.iter().map(|(_, text)| kernel_methods(text)).filter(|&count| count > 0).collect();
    let methods = counts.iter().sum::<usize>();
    let files = counts.len();
    if methods > MAX_METHODS || files > MAX_FILES {
        findings.push(format!(
            "{FOLDER}: Kernel has {methods} methods in {files} files, more than {MAX_METHODS} in {MAX_FILES}: \
             add them to the part or the view that they need"
        ));
    }
}

/// Number of methods in a file's `impl Kernel` blocks.
fn kernel_methods(text: &str) -> usize {
    let mut inside = false;
    let mut count = 0;
    for line in text.lines() {
        match line {
            "impl Kernel {" => inside = true,
            "}" => inside = false,
            _ if inside && line.starts_with("    ") && !line.starts_with("     ") => {
                count += usize::from(line.contains("fn "));
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_the_first_names_of_paths() {
        let text = "use crate::abi::Call;\nuse crate::{Kernel, exceptions::{crash, resume}, files};\n\
                    fn f() { crate::loader::begin() }";
        let names: Vec<String> = imports(text).into_iter().collect();
        assert_eq!(names, ["Kernel", "abi", "exceptions", "files", "loader"]);
    }

    #[test]
    fn names_of_the_root_are_of_the_modules_that_it_imports_them_from() {
        let text = "mod a;\npub use a::{One, inner::Two};\npub use b::{Kernel, Three as Four};\n\
                    pub use xenia_net as net;\nfn f() { let x = 1; }\n";
        let modules = modules_of_root_names(text);
        let of = |name: &str| modules.get(name).map(String::as_str);
        assert_eq!(["One", "Two", "Four", "net"].map(of), ["a", "a", "b", "xenia_net"].map(Some));
        assert_eq!(["Three", "Kernel", "x"].map(of), [None; 3]);
    }

    #[test]
    fn a_top_module_takes_names_of_the_root_by_super_too() {
        let text = "use super::abi::Call;\nuse crate::files;\n";
        let of = |path: &str| {
            let source = Source { path: Path::new(FOLDER).join(path), text: text.to_owned() };
            imports_of(&source, text, FOLDER).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(of("thread.rs"), ["abi", "files"]);
        assert_eq!(of("thread/apc.rs"), ["files"]);
    }

    #[test]
    fn pairs_that_import_each_other_are_found() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let graph = BTreeMap::from([
            ("abi", names(&["status"])),
            ("exceptions", names(&["abi"])),
            ("files", names(&["thread", "abi"])),
            ("thread", names(&["files"])),
        ]);
        let mut findings = Vec::new();
        cycles(FOLDER, &graph, &mut findings);
        assert_eq!(findings, [format!("{FOLDER}: files and thread import each other")]);
    }

    #[test]
    fn methods_of_the_kernel_are_counted() {
        let text = "impl Kernel {\n    /// Doc.\n    pub(crate) fn a(&self) {\n        fn inner() {}\n    }\n\n    \
                    pub fn b() {}\n}\n\nimpl Other {\n    fn c() {}\n}\n";
        assert_eq!(kernel_methods(text), 2);
    }

    #[test]
    fn test_modules_are_left_out() {
        let source =
            |path: &str, text: &str| Source { path: Path::new(FOLDER).join(path), text: text.to_owned() };
        let files = source("files.rs", "#[cfg(test)]\nmod tests;\n");
        let sources = [files, source("files/tests/x.rs", "")];
        let code = code_of(&sources, FOLDER);
        assert_eq!(code.iter().map(|(source, _)| &source.path).collect::<Vec<_>>(), [&sources[0].path]);
        let text = "use crate::a;\n// crate::b\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n";
        assert_eq!(imports(&without_tests(&source("z.rs", text))).into_iter().collect::<Vec<_>>(), ["a"]);
        let inner = source("abi/flow.rs", "");
        assert_eq!([&sources[0], &inner].map(|source| top_module(source, FOLDER)), ["files", "abi"]);
    }
}
