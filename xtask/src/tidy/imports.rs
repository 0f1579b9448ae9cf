//! The top modules of a crate, and the names that each imports from the crate's root. Tests may
//! import everything.
//!
//! The crate's root is not a module here: it and its modules may import each other. Paths are read
//! as text, so an inline module counts as its file, and `super` in a group of imports is not
//! followed.

use super::Source;
use super::functions::{is_within, test_modules};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files that are a crate's root.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];
/// Key of the module whose names the root imports by a glob.
const GLOB: &str = "*";

/// The folders with the sources of the crates.
pub(super) fn crate_folders(sources: &[Source]) -> BTreeSet<&Path> {
    sources
        .iter()
        .map(|source| source.path.as_path())
        .filter(|path| is_root(path))
        .filter_map(Path::parent)
        .collect()
}

/// Name of the crate with this folder of sources.
pub(super) fn crate_name(folder: &Path) -> &str {
    let named = if folder.ends_with("src") { folder.parent() } else { Some(folder) };
    named.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_root(path: &Path) -> bool {
    let is_of_binary = |folder: &Path| folder.parent().is_some_and(|folder| folder.ends_with("src/bin"));
    ROOTS.iter().any(|root| path.ends_with(root))
        || path.ends_with("main.rs") && path.parent().is_some_and(is_of_binary)
}

/// The names that each top module of a crate imports, by the module's name.
///
/// An import of a name that the crate re-exports at its root is one of the name's module, except
/// for `Kernel`: [`kernel_parts`](super::kernel_parts) counts the files that import that. A name
/// that is neither one of those nor a module is of the module that the root imports by a glob, the
/// last one of several; so are names that such a root defines itself, and macros.
pub(super) fn by_module<'a>(sources: &'a [Source], folder: &Path) -> BTreeMap<&'a str, BTreeSet<String>> {
    let code = code_of(sources, folder);
    let root = code.iter().find(|(source, _)| source.path.parent() == Some(folder) && is_root(&source.path));
    let modules = root.map(|(_, text)| modules_of_root_names(text)).unwrap_or_default();
    let own: BTreeSet<String> =
        code.iter().map(|(source, _)| top_module(source, folder).to_owned()).collect();
    let module_of = |name: String| {
        let glob = modules.get(GLOB).filter(|_| !own.contains(&name));
        modules.get(&name).or(glob).cloned().unwrap_or(name)
    };
    let mut by_module: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (source, text) in code {
        let names = imports_of(source, &text, folder).into_iter().map(module_of);
        by_module.entry(top_module(source, folder)).or_default().extend(names);
    }
    by_module
}

/// The sources of a crate without tests and without further binaries, each with its code.
pub(super) fn code_of<'a>(sources: &'a [Source], folder: &Path) -> Vec<(&'a Source, String)> {
    let binaries = folder.join("bin");
    let is_inside = |path: &Path| path.starts_with(folder) && !path.starts_with(&binaries);
    let inside: Vec<&Source> = sources.iter().filter(|source| is_inside(&source.path)).collect();
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

/// The names that a source takes from the crate's root, by `crate` or by as many `super` as lead
/// there.
fn imports_of(source: &Source, text: &str, folder: &Path) -> BTreeSet<String> {
    let inner = source.path.strip_prefix(folder).unwrap_or(&source.path);
    let to_root = "super::".repeat(inner.iter().count());
    names_in(&text.replace(&to_root, "crate::"))
}

/// The first names of the paths by which a crate's root imports names, `Kernel` excepted, by name;
/// [`GLOB`] stands for all names of a module.
fn modules_of_root_names(text: &str) -> BTreeMap<String, String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut modules = BTreeMap::new();
    for path in text.split(';').filter_map(|statement| Some(statement.split_once("use ")?.1)) {
        let Some(module) = first_name(path) else { continue };
        // The path before a group is not a name.
        let is_name = |item: &&str| !item.ends_with("::");
        for item in path.split(['{', ',', '}']).map(str::trim_end).filter(is_name) {
            let last = item.rsplit(|c| !is_part(c)).find(|name| !name.is_empty());
            if let Some(name) = item.ends_with(GLOB).then_some(GLOB).or(last) {
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
                    pub use xenia_net as net;\npub use c::{d::{Five}, Six};\npub use e::*;\n\
                    fn f() { let x = 1; }\n";
        let modules = modules_of_root_names(text);
        let of = |name: &str| modules.get(name).map(String::as_str);
        assert_eq!(["One", "Two", "Four", "net"].map(of), ["a", "a", "b", "xenia_net"].map(Some));
        assert_eq!(["Five", "Six", GLOB].map(of), ["c", "c", "e"].map(Some));
        assert_eq!(["Three", "Kernel", "x", "d"].map(of), [None; 4]);
    }

    #[test]
    fn modules_take_names_of_the_root_by_super_too() {
        let text = "use super::abi::Call;\nuse super::super::apc;\nuse crate::files;\n";
        let folder = Path::new(FOLDER);
        let of = |path: &str| {
            let source = Source { path: folder.join(path), text: text.to_owned() };
            imports_of(&source, text, folder).into_iter().collect::<Vec<_>>()
        };
        // `super::super` of a top module is that of an inline one.
        assert_eq!(of("thread.rs"), ["abi", "apc", "files"]);
        assert_eq!(of("thread/queue.rs"), ["apc", "files"]);
        assert_eq!(of("thread/queue/inner.rs"), ["files"]);
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
    fn names_of_a_glob_are_of_its_module() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let sources = [
            source("x/src/a.rs", "use crate::{Op, b};\n"),
            source("x/src/b.rs", "use crate::Other;\n"),
            source("x/src/c.rs", ""),
            source("x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use c::*;\npub use a::Other;\n"),
        ];
        let by_module = by_module(&sources, Path::new("x/src"));
        assert_eq!(by_module["a"].iter().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(by_module["b"].iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_binary_is_a_crate_of_its_own() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.to_owned() };
        let sources = [
            source("x/src/a.rs", ""),
            source("x/src/bin/make/b.rs", "use crate::c;\n"),
            source("x/src/bin/make/main.rs", "mod b;\nmod c;\n"),
            source("x/src/lib.rs", "mod a;\n"),
        ];
        let folders: Vec<&Path> = crate_folders(&sources).into_iter().collect();
        assert_eq!(folders, [Path::new("x/src"), Path::new("x/src/bin/make")]);
        assert_eq!([folders[0], folders[1]].map(crate_name), ["x", "make"]);
        let names = |folder| by_module(&sources, folder).into_keys().collect::<Vec<_>>();
        assert_eq!(names(folders[0]), ["a", "lib"]);
        assert_eq!(names(folders[1]), ["b", "main"]);
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
