//! The top modules of a crate, and the names that each imports from the crate's root. Tests may
//! import everything.

use super::Source;
use super::functions::{is_within, test_modules};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files that are a crate's root.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// The folders with the sources of the crates.
pub(super) fn crate_folders(sources: &[Source]) -> BTreeSet<&Path> {
    sources
        .iter()
        .map(|source| source.path.as_path())
        .filter(|path| is_root(path))
        .filter_map(Path::parent)
        .collect()
}

fn is_root(path: &Path) -> bool {
    ROOTS.iter().any(|root| path.ends_with(root))
}

/// The names that each top module of a crate imports, by the module's name.
///
/// An import of a name that the crate re-exports at its root is one of the name's module, except
/// for `Kernel`: [`kernel_parts`](super::kernel_parts) counts the files that import that.
pub(super) fn by_module<'a>(sources: &'a [Source], folder: &Path) -> BTreeMap<&'a str, BTreeSet<String>> {
    let code = code_of(sources, folder);
    let root = code.iter().find(|(source, _)| source.path.parent() == Some(folder) && is_root(&source.path));
    let modules = root.map(|(_, text)| modules_of_root_names(text)).unwrap_or_default();
    let mut by_module: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (source, text) in code {
        let names = imports_of(source, &text, folder).into_iter();
        let names = names.map(|name| modules.get(&name).cloned().unwrap_or(name));
        by_module.entry(top_module(source, folder)).or_default().extend(names);
    }
    by_module
}

/// The sources of a crate without tests, each with its code.
pub(super) fn code_of<'a>(sources: &'a [Source], folder: &Path) -> Vec<(&'a Source, String)> {
    let inside: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with(folder)).collect();
    let tests = test_modules(inside.iter().copied());
    let product = inside.into_iter().filter(|source| !is_within(&source.path, &tests));
    product.map(|source| (source, without_tests(source))).collect()
}

/// Name of a source's top module; the crate's root is `lib` or `main`.
pub(super) fn top_module<'a>(source: &'a Source, folder: &Path) -> &'a str {
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
fn imports_of(source: &Source, text: &str, folder: &Path) -> BTreeSet<String> {
    let is_top = source.path.parent() == Some(folder);
    if is_top { names_in(&text.replace("super::", "crate::")) } else { names_in(text) }
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
pub(super) fn names_in(text: &str) -> BTreeSet<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "crates/xenia-kernel/src";

    #[test]
    fn imports_are_the_first_names_of_paths() {
        let text = "use crate::abi::Call;\nuse crate::{Kernel, exceptions::{crash, resume}, files};\n\
                    fn f() { crate::loader::begin() }";
        let names: Vec<String> = names_in(text).into_iter().collect();
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
        let folder = Path::new(FOLDER);
        let of = |path: &str| {
            let source = Source { path: folder.join(path), text: text.to_owned() };
            imports_of(&source, text, folder).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(of("thread.rs"), ["abi", "files"]);
        assert_eq!(of("thread/apc.rs"), ["files"]);
    }

    #[test]
    fn imports_of_all_files_of_a_module_are_its_own() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let sources = [
            source("xtask/src/a.rs", "use crate::Part;\n"),
            source("xtask/src/a/inner.rs", "use crate::c;\nuse super::d;\n"),
            source("xtask/src/main.rs", "use b::Part;\n"),
            source("xtask/tests/a.rs", "use crate::e;\n"),
        ];
        let folders = crate_folders(&sources);
        assert_eq!(folders.iter().collect::<Vec<_>>(), [&Path::new("xtask/src")]);
        let by_module = by_module(&sources, Path::new("xtask/src"));
        assert_eq!(by_module.keys().collect::<Vec<_>>(), [&"a", &"main"]);
        assert_eq!(by_module["a"].iter().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn test_modules_are_left_out() {
        let source =
            |path: &str, text: &str| Source { path: Path::new(FOLDER).join(path), text: text.to_owned() };
        let files = source("files.rs", "#[cfg(test)]\nmod tests;\n");
        let sources = [files, source("files/tests/x.rs", "")];
        let code = code_of(&sources, Path::new(FOLDER));
        assert_eq!(code.iter().map(|(source, _)| &source.path).collect::<Vec<_>>(), [&sources[0].path]);
        let text = "use crate::a;\n// crate::b\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n";
        assert_eq!(names_in(&without_tests(&source("z.rs", text))).into_iter().collect::<Vec<_>>(), ["a"]);
        let inner = source("abi/flow.rs", "");
        assert_eq!(
            [&sources[0], &inner].map(|source| top_module(source, Path::new(FOLDER))),
            ["files", "abi"]
        );
    }
}
