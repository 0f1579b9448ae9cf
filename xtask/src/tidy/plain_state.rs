//! The state of a machine is plain data: types of the crates that hold it have no fields that are
//! closures, function pointers or hash maps, and the crates have no statics that change.
//!
//! A saved state must be able to write every field, and to write it in the same order each time.
//! [`ALLOWED`] lists fields that are not state.

use super::Source;

/// Crates whose types are the state of a machine.
const CRATES: [&str; 11] = [
    "crates/xenia-audio/src/",
    "crates/xenia-cpu/src/",
    "crates/xenia-exports/src/",
    "crates/xenia-gpu/src/",
    "crates/xenia-kernel/src/",
    "crates/xenia-microcode/src/",
    "crates/xenia-net/src/",
    "crates/xenia-objects/src/",
    "crates/xenia-sched/src/",
    "crates/xenia-user/src/",
    "crates/xenia-vfs/src/",
];

/// Types that a state cannot contain.
const FIELD_TYPES: [&str; 4] = ["dyn Fn", "fn(", "HashMap<", "HashSet<"];
/// Types that make a static one that changes. `OnceLock` holds constants that are computed.
const STATIC_TYPES: [&str; 5] = ["Mutex<", "RwLock<", "Atomic", "RefCell<", "Cell<"];

/// Fields and statics that are not a machine's state: a cache of guest memory, rows of tables, a
/// trace's output, the observer of a run, a test's counter, names of temporary files.
const ALLOWED: [(&str, &str); 10] = [
    ("xenia-gpu/src/fetch.rs", "pages"),
    ("xenia-gpu/src/registers.rs", "describe"),
    ("xenia-kernel/src/abi/show.rs", "show"),
    ("xenia-kernel/src/imports.rs", "describe"),
    ("xenia-kernel/src/imports.rs", "shim"),
    ("xenia-kernel/src/imports/registry.rs", "resume"),
    ("xenia-kernel/src/imports/registry.rs", "continue_long_call"),
    ("xenia-sched/src/directory.rs", "LOOKS"),
    ("xenia-sched/src/observer.rs", "tell"),
    ("xenia-vfs/src/atomic_replace/names.rs", "NUMBER"),
];

/// Reports fields and statics that a saved state could not contain.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    let mut used = [false; ALLOWED.len()];
    for source in sources {
        let path = source.shown();
        if !CRATES.iter().any(|part| path.starts_with(part)) || path.contains("test") {
            continue;
        }
        for (number, line) in offenders(&source.text) {
            let allowed = ALLOWED.iter().position(|(file, name)| path.ends_with(file) && line.contains(name));
            match allowed {
                Some(row) => used[row] = true,
                None => findings.push(format!(
                    "{path}:{number}: `{line}` is not plain data, so a saved state could not contain it \
                     (xtask/src/tidy/plain_state.rs)"
                )),
            }
        }
    }
    for ((file, name), used) in ALLOWED.iter().zip(used) {
        if !used {
            findings.push(format!("xtask/src/tidy/plain_state.rs allows `{name}` in {file}, which is gone"));
        }
    }
}

/// Numbers and texts of the lines that break the rule. Code is formatted by rustfmt, so a type's
/// fields are the lines up to the brace at its own indentation.
fn offenders(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    // Indentation of the type whose fields follow.
    let mut inside = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.trim();
        if line.starts_with("mod tests {") {
            break;
        }
        let indentation = line.len() - line.trim_start().len();
        let has = |types: &[&str]| types.iter().any(|of| code.contains(of));
        if code.starts_with("//") {
            continue;
        }
        if let Some(outer) = inside {
            if indentation == outer && code.starts_with(['}', ')']) {
                inside = None;
            } else if has(&FIELD_TYPES) && !code.contains("PhantomData<") {
                found.push((number, code));
            }
            continue;
        }
        let item =
            code.split_once(") ").filter(|(head, _)| head.starts_with("pub(")).map_or(code, |(_, rest)| rest);
        let item = item.strip_prefix("pub ").unwrap_or(item);
        if item.starts_with("struct ") || item.starts_with("enum ") {
            if code.ends_with(['{', '(']) {
                inside = Some(indentation);
            } else if has(&FIELD_TYPES) && !code.contains("PhantomData<") {
                found.push((number, code));
            }
        } else if item.starts_with("static ") && has(&STATIC_TYPES) {
            found.push((number, code));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_statics_are_found_and_parameters_are_not() {
        let text = "\
pub(crate) struct A {
    /// A `HashMap<u32>` in a comment.
    plain: BTreeMap<u32, u32>,
    call: Box<dyn Fn(u32)>,
}
fn f(call: fn(u32)) {}
enum B {
    C { run: fn(u32) -> u32 },
}
struct D(HashMap<u32, u32>);
struct E(PhantomData<fn() -> u32>);
static COUNT: AtomicU64 = AtomicU64::new(0);
static ONCE: OnceLock<u32> = OnceLock::new();
#[cfg(test)]
mod tests {
    static TESTED: AtomicU64 = AtomicU64::new(0);
}
";
        let numbers: Vec<usize> = offenders(text).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [4, 8, 10, 12]);
    }
}
