//! Registry of the implemented exports.

use super::FAMILIES;
use crate::imports::{Continuations, ExportRegistry};
use crate::resume::{continue_long_call, resume};
use std::sync::OnceLock;

/// Returns the registry of all families, which is built on first use. All machines share it.
pub fn registry() -> &'static ExportRegistry {
    static REGISTRY: OnceLock<ExportRegistry> = OnceLock::new();
    let continuations = Continuations { resume, continue_long_call };
    REGISTRY.get_or_init(|| ExportRegistry::new(FAMILIES, continuations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::has_special_failure;
    use ordinals::ExportKind;
    use std::path::Path;
    use xenia_guest::Ordinal;
    use xenia_imports::{Library, Status, ordinals};

    #[test]
    fn no_export_is_implemented_twice_and_none_is_a_variable() {
        let mut seen = std::collections::BTreeSet::new();
        for export in FAMILIES.iter().copied().flatten() {
            assert!(seen.insert((export.library, export.ordinal)), "{} twice", export.name);
            let row = ordinals::find(export.library.rows(), Ordinal(export.ordinal)).unwrap();
            assert_eq!(row.kind, ExportKind::Function, "{}", export.name);
            assert_eq!(row.name, export.name);
            assert_ne!(export.status, Status::Missing, "{}", export.name);
            let special = has_special_failure(export.library, row.ordinal);
            assert!(!special, "{} is not missing: it needs no special failure", export.name);
        }
    }

    /// Without its line in [`FAMILIES`], or `pub mod`, a family would be absent without an error.
    #[test]
    fn every_source_with_exports_is_a_family() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let families = std::fs::read_to_string(sources.join("lib.rs")).unwrap();
        let mut count = 0;
        for library in ["xam", "xboxkrnl"] {
            for file in std::fs::read_dir(sources.join(library)).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let Some((_, block)) = text.split_once("#[exports(") else { continue };
                let family =
                    block.split_once("\nimpl ").and_then(|(_, rest)| rest.split_once(" {")).unwrap().0;
                let module = path.file_stem().unwrap().to_str().unwrap();
                let line = format!("{library}::{module}::{family}::EXPORTS,");
                assert!(families.contains(&line), "FAMILIES lacks {line}");
                count += 1;
            }
        }
        assert_eq!(count, FAMILIES.len());
    }

    #[test]
    fn counts_add_up_to_the_library() {
        let registry = registry();
        for library in Library::ALL {
            assert_eq!(registry.counts(library, None).total(), library.rows().len());
        }
        assert!(registry.find_by_name(Library::xboxkrnl, "DbgBreakPoint").is_some());
        assert!(registry.find_by_name(Library::xboxkrnl, "NoSuchExport").is_none());
    }

    #[test]
    fn libraries_are_found_by_file_name() {
        assert_eq!(Library::of_file("XBOXKRNL.EXE"), Some(Library::xboxkrnl));
        assert_eq!(Library::of_file("xam.xex"), Some(Library::xam));
        assert_eq!(Library::of_file("xbdm.xex"), None);
    }
}
