//! The state of a machine is plain data: types of the crates that hold it have no fields that are
//! closures, function pointers or hash maps, and the crates have no statics that change.
//!
//! A saved state must be able to write every field, and to write it in the same order each time.
//! Types of areas, which are saved, have no texts of the program either: another build may lack
//! them. [`ALLOWED`] lists fields that are not state.

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

/// Sources of areas.
const AREAS: [&str; 8] = [
    "crates/xenia-exports/src/",
    "crates/xenia-gpu/src/processor",
    "crates/xenia-kernel/src/",
    "crates/xenia-net/src/",
    "crates/xenia-objects/src/",
    "crates/xenia-sched/src/",
    "crates/xenia-user/src/",
    "crates/xenia-vfs/src/",
];

/// Types that a state cannot contain.
const FIELD_TYPES: [&str; 4] = ["dyn Fn", "fn(", "HashMap<", "HashSet<"];
/// A further type that an area cannot contain.
const TEXT_TYPE: &str = "&'static str";
/// Types that make a static one that changes. `OnceLock` holds constants that are computed.
const STATIC_TYPES: [&str; 5] = ["Mutex<", "RwLock<", "Atomic", "RefCell<", "Cell<"];

/// Fields and statics that are not a machine's state: a cache of guest memory, rows of tables,
/// names of reports, causes of errors, a trace's output, the observer of a run, a test's counter,
/// names of temporary files.
const ALLOWED: [(&str, &str); 25] = [
    ("xenia-exports/src/messages.rs", "name"),
    ("xenia-exports/src/messages.rs", "doc"),
    ("xenia-gpu/src/fetch/pages.rs", "places"),
    ("xenia-gpu/src/processor/statistics.rs", "unsupported"),
    ("xenia-gpu/src/processor/statistics.rs", "limits"),
    ("xenia-gpu/src/registers.rs", "describe"),
    ("xenia-kernel/src/abi/show.rs", "show"),
    ("xenia-kernel/src/abi/show.rs", "stored"),
    ("xenia-kernel/src/imports.rs", "name"),
    ("xenia-kernel/src/imports.rs", "doc"),
    ("xenia-kernel/src/imports.rs", "parameters"),
    ("xenia-kernel/src/imports.rs", "describe"),
    ("xenia-kernel/src/imports.rs", "shim"),
    ("xenia-kernel/src/imports/costs.rs", "name"),
    ("xenia-kernel/src/imports/registry.rs", "resume"),
    ("xenia-kernel/src/imports/registry.rs", "continue_long_call"),
    ("xenia-kernel/src/imports/variables.rs", "name"),
    ("xenia-kernel/src/imports/variables.rs", "doc"),
    ("xenia-kernel/src/loader/modules.rs", "what"),
    ("xenia-sched/src/directory.rs", "LOOKS"),
    ("xenia-sched/src/observer.rs", "report"),
    ("xenia-sched/src/system.rs", "kind"),
    ("xenia-user/src/profile_settings.rs", "Text"),
    ("xenia-vfs/src/atomic_replace/names.rs", "NUMBER"),
    ("xenia-vfs/src/device.rs", "file_system"),
];

/// Reports fields and statics that a saved state could not contain.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    let mut used = [false; ALLOWED.len()];
    for source in sources {
        let path = source.path_text();
        if !CRATES.iter().any(|part| path.starts_with(part)) || path.contains("test") {
            continue;
        }
        let mut types = FIELD_TYPES.to_vec();
        if AREAS.iter().any(|area| path.starts_with(area)) {
            types.push(TEXT_TYPE);
        }
        for (number, line) in offenders(&source.text, &types) {
            let allowed =
                ALLOWED.iter().position(|(file, name)| path.ends_with(file) && name_of(line) == *name);
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

/// A line of code without the visibility of its item or field.
fn item_of(code: &str) -> &str {
    let item =
        code.split_once(") ").filter(|(head, _)| head.starts_with("pub(")).map_or(code, |(_, rest)| rest);
    item.strip_prefix("pub ").unwrap_or(item)
}

/// Name of the field, variant or static that begins in a line.
fn name_of(code: &str) -> &str {
    let item = item_of(code);
    let item = item.strip_prefix("static ").unwrap_or(item);
    item.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Numbers and texts of the lines that break the rule by a field of one of `types`, or by a static.
/// Code is formatted by rustfmt, so a type's fields are the lines up to the brace at its own
/// indentation.
fn offenders<'a>(text: &'a str, types: &[&str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    // Indentation of the type whose fields follow.
    let mut inside = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.trim();
        if line.starts_with("mod tests {") {
            break;
        }
        let indentation = line.len() - line.trim_start().len();
        let has = |wanted: &[&str]| wanted.iter().any(|of| code.contains(of));
        if code.starts_with("//") {
            continue;
        }
        if let Some(outer) = inside {
            if indentation == outer && code.starts_with(['}', ')']) {
                inside = None;
            } else if has(types) && !code.contains("PhantomData<") {
                found.push((number, code));
            }
            continue;
        }
        let item = item_of(code);
        if item.starts_with("struct ") || item.starts_with("enum ") {
            if code.ends_with(['{', '(']) {
                inside = Some(indentation);
            } else if has(types) && !code.contains("PhantomData<") {
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
    fn fields_are_allowed_by_their_whole_names() {
        let lines =
            ["pub(crate) file_name: &'static str,", "Text(&'static str),", "pub static N: AtomicU64 = X;"];
        assert_eq!(lines.map(name_of), ["file_name", "Text", "N"]);
    }

    #[test]
    fn fields_and_statics_are_found_and_parameters_are_not() {
        let text = "\
pub(crate) struct A {
    /// A `HashMap<u32>` in a comment.
    plain: BTreeMap<u32, u32>,
    call: Box<dyn Fn(u32)>,
    text: &'static str,
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
        let numbers = |types: &[&str]| -> Vec<usize> {
            offenders(text, types).into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(numbers(&FIELD_TYPES), [4, 9, 11, 13]);
        assert_eq!(numbers(&[TEXT_TYPE]), [5, 13]);
    }
}
