//! What a missing export returns: the failure that its family documents, so that titles take the path they
//! would take on a console where the service is not available.

use crate::abi::Flow;
use crate::imports::Library;
use crate::imports::ordinals::OrdinalRow;
use xenia_guest::{NtStatus, Win32Error};

/// `ERROR_CALL_NOT_IMPLEMENTED`.
const CALL_NOT_IMPLEMENTED: u32 = 120;
/// `SOCKET_ERROR`, of the network functions that return one.
const SOCKET_ERROR: u64 = u64::MAX;

/// The value that a missing function returns.
pub fn failure_of(library: Library, row: Option<&OrdinalRow>) -> Flow {
    let Some(row) = row else {
        return Flow::Return(status(NtStatus::NOT_IMPLEMENTED));
    };
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| row.name.starts_with(prefix));
    Flow::Return(match library {
        Library::xam if starts(&["NetDll_"]) => SOCKET_ERROR,
        // These return a BOOL, a pointer, or nothing: false, null.
        Library::xam if starts(&["XamAlloc", "XamIs", "XamGet", "Xam_"]) => 0,
        Library::xam if row.area == "user" => u64::from(Win32Error::NOT_LOGGED_ON.0),
        Library::xam => u64::from(CALL_NOT_IMPLEMENTED),
        // Functions that return an NTSTATUS.
        Library::xboxkrnl
            if starts(&["Nt", "Ob", "Io", "Xex", "Ex", "Xe", "Rtl", "Mm", "Fsc", "Stfc", "Ps", "Xma"])
                && !returns_pointer_or_nothing(row.name) =>
        {
            status(NtStatus::NOT_IMPLEMENTED)
        }
        // A count, a pointer, a boolean, or nothing.
        Library::xboxkrnl => 0,
    })
}

fn status(status: NtStatus) -> u64 {
    status.0 as i32 as i64 as u64
}

/// Families with a status whose members yield a pointer, a size or nothing instead.
fn returns_pointer_or_nothing(name: &str) -> bool {
    [
        "Alloc", "Free", "Init", "Find", "Lookup", "Size", "Address", "Insert", "Remove", "Compare", "Upper",
        "Lower",
    ]
    .iter()
    .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::ordinals;
    use xenia_guest::Ordinal;

    #[test]
    fn families_fail_as_they_document() {
        let value = |library: Library, name: &str| {
            let row = library.rows().iter().find(|row| row.name == name).unwrap();
            match failure_of(library, Some(row)) {
                Flow::Return(value) => value,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(value(Library::xboxkrnl, "NtCreateMutant"), 0xFFFF_FFFF_C000_0002);
        assert_eq!(value(Library::xboxkrnl, "ExAllocatePool"), 0);
        assert_eq!(value(Library::xam, "NetDll_socket"), u64::MAX);
        assert_eq!(value(Library::xam, "XamUserGetName"), 0x4DD);
        assert!(ordinals::find(ordinals::xam::ROWS, Ordinal(1)).is_some());
    }
}
