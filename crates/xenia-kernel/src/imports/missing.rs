//! Results of missing exports: a failure of the kind in the function's row of the ordinal table, so
//! that titles take the path that they take on a console where the service is not available. A
//! missing export never reports success without the effect, unless a setting demands it
//! ([`MissingAnswers`]).

mod answers;

pub use answers::{MissingAnswer, MissingAnswers};

use crate::abi::{Flow, Handle, Result64};
use crate::sockets::SOCKET_ERROR;
use xenia_guest::{GuestAddr, HResult, NtStatus, Ordinal, Win32Error};
use xenia_imports::Library;
use xenia_imports::ordinals::{OrdinalRow, Returns, xam, xboxkrnl};

/// −1 as a word: `INVALID_HANDLE_VALUE`, `INVALID_FILE_SIZE`.
const ALL_ONES: u64 = 0xFFFF_FFFF;

/// A function that reports failure by another value than its kind does.
struct Special {
    library: Library,
    ordinal: u16,
    value: u64,
}

macro_rules! specials {
    ($($library:ident $value:expr, $($name:ident)+;)*) => {
        &[$($(Special {
            library: Library::$library,
            ordinal: $library::number::$name,
            value: $value,
        }),+),*]
    };
}

/// All functions with a special failure value.
const SPECIALS: &[Special] = specials! {
    xam ALL_ONES, CreateFileA FindFirstFileA;
    xam ALL_ONES, SetFilePointer GetFileSize GetFileAttributesA GetTimeZoneInformation;
    // These return null on success, and their argument on failure.
    xam ALL_ONES, LocalFree RtlDestroyHeap;
    // True: a pointer that was not checked counts as bad.
    xam 1, IsBadReadPtr IsBadWritePtr;
    // True: a value that was not checked counts as invalid.
    xboxkrnl 1, XeCryptBnDwLeDhInvalBase;
    // Not 0, which means equal.
    xboxkrnl 1, RtlCompareUnicodeStringN RtlCompareUtf8ToUnicode;
    xam 1, XamUniSortCmpString CompareFileTime;
};

/// Returns the result of a missing function.
pub(crate) fn failure_of(library: Option<Library>, row: Option<&OrdinalRow>) -> Flow {
    let Some((library, row)) = library.zip(row) else {
        return Flow::Return(NtStatus::NOT_IMPLEMENTED.result());
    };
    if let Some(special) = special_of(library, row.ordinal) {
        return Flow::Return(special.value);
    }
    Flow::Return(match row.result.map(|result| result.returns) {
        Some(Returns::Status) => NtStatus::NOT_IMPLEMENTED.result(),
        Some(Returns::Win32) => win32_failure(row.area).result(),
        Some(Returns::Hresult) => HResult::NOT_IMPLEMENTED.result(),
        Some(Returns::Bool) => false.result(),
        Some(Returns::Socket) => SOCKET_ERROR.result(),
        Some(Returns::Handle) => Handle::NULL.result(),
        Some(Returns::Pointer) => GuestAddr::NULL.result(),
        Some(Returns::Count) => 0,
        // The result is ignored or its meaning is unknown: use a value that any error code
        // convention recognises as a failure.
        Some(Returns::Void | Returns::Unsure) | None => NtStatus::NOT_IMPLEMENTED.result(),
    })
}

/// Returns the last error of a missing function whose result only says that it failed. Functions of
/// Win32 and Winsock, all of them in `xam`, report the reason there.
pub(crate) fn last_error_of(library: Option<Library>, row: Option<&OrdinalRow>) -> Option<Win32Error> {
    let row = row.filter(|_| library == Some(Library::xam))?;
    let has_reason_apart = if let Some(special) = special_of(Library::xam, row.ordinal) {
        special.value == ALL_ONES
    } else {
        let returns = row.result?.returns;
        matches!(returns, Returns::Bool | Returns::Socket | Returns::Handle | Returns::Pointer)
    };
    has_reason_apart.then(|| win32_failure(row.area))
}

/// Whether a missing function reports failure by another value than its kind does.
pub fn has_special_failure(library: Library, ordinal: Ordinal) -> bool {
    special_of(library, ordinal).is_some()
}

/// Returns a function's special failure value, if it has one.
fn special_of(library: Library, ordinal: Ordinal) -> Option<&'static Special> {
    SPECIALS.iter().find(|special| special.library == library && special.ordinal == ordinal.0)
}

/// Returns the error that fits the subsystem.
fn win32_failure(area: &str) -> Win32Error {
    match area {
        "net" => Win32Error::WSASYSNOTREADY,
        "user" => Win32Error::NOT_LOGGED_ON,
        _ => Win32Error::CALL_NOT_IMPLEMENTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(library: Library, row: &OrdinalRow) -> u64 {
        match failure_of(Some(library), Some(row)) {
            Flow::Return(value) => value,
            other => panic!("{}: {other:?}", row.name),
        }
    }

    #[test]
    fn no_export_succeeds_by_being_missing() {
        let mut rows = 0;
        for library in Library::ALL {
            for row in library.rows() {
                rows += 1;
                let value = value(library, row);
                let name = row.name;
                let word = value as u32;
                let special = has_special_failure(library, row.ordinal);
                match row.result.map(|result| result.returns) {
                    Some(Returns::Status | Returns::Hresult) => {
                        assert_eq!(value, word as i32 as i64 as u64, "{name}: sign-extended");
                        assert!((word as i32) < 0, "{name}");
                    }
                    // The caller would wait for a pending call.
                    Some(Returns::Win32) => {
                        assert!(!matches!(Win32Error(word), Win32Error::SUCCESS | Win32Error::IO_PENDING));
                        assert_eq!(value >> 32, 0, "{name}");
                    }
                    Some(Returns::Socket) => assert_eq!(value, u64::MAX, "{name}"),
                    Some(Returns::Bool | Returns::Pointer) => assert_eq!(value != 0, special, "{name}"),
                    Some(Returns::Handle) => assert!(value == 0 || value == ALL_ONES, "{name}"),
                    Some(Returns::Count) => assert_eq!(value != 0, special, "{name}"),
                    Some(Returns::Void | Returns::Unsure) | None => assert!((word as i32) < 0, "{name}"),
                }
            }
        }
        assert_eq!(rows, 2658);
    }

    #[test]
    fn missing_exports_return_their_documented_failures() {
        let not_implemented = 0xFFFF_FFFF_C000_0002;
        for (library, name, expected) in [
            (Library::xboxkrnl, "NtCreateDirectoryObject", not_implemented),
            (Library::xboxkrnl, "XVoicedSubmitPacket", 0xFFFF_FFFF_8000_4001),
            (Library::xboxkrnl, "MmDoubleMapMemory", 0),
            // Reporting a valid signature would be the worst answer.
            (Library::xboxkrnl, "XeCryptBnQwBeSigVerify", 0),
            (Library::xboxkrnl, "XeKeysVerifyRSASignature", 0),
            (Library::xboxkrnl, "XeCryptEccEcdsaVerifySignature", 0),
            (Library::xam, "XamTaskShouldExit", 0),
            (Library::xam, "NetDll_XNetSetOpt", 10_091),
            (Library::xam, "NetDll_XnpGetConfigStatus", 0),
            (Library::xam, "XamUserValidateAvatarManifest", 0x4DD),
        ] {
            let row = library.rows().iter().find(|row| row.name == name).unwrap();
            assert_eq!(value(library, row), expected, "{name}");
        }
        assert!(matches!(failure_of(None, None), Flow::Return(value) if value == not_implemented));
    }

    #[test]
    fn missing_functions_that_only_fail_have_a_last_error() {
        for (library, name, expected) in [
            (Library::xam, "NetDll_XHttpStartup", Some(Win32Error::WSASYSNOTREADY)),
            (Library::xam, "GetFileSize", Some(Win32Error::CALL_NOT_IMPLEMENTED)),
            // These have an error as their result, or do not fail.
            (Library::xam, "NetDll_XNetSetOpt", None),
            (Library::xam, "IsBadReadPtr", None),
            (Library::xboxkrnl, "MmDoubleMapMemory", None),
        ] {
            let row = library.rows().iter().find(|row| row.name == name);
            assert!(row.is_some(), "{name}");
            assert_eq!(last_error_of(Some(library), row), expected, "{name}");
        }
        assert_eq!(last_error_of(Some(Library::xam), None), None);
    }

    #[test]
    fn special_rows_are_functions_and_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for special in SPECIALS {
            let row = special.library.rows().iter().find(|row| row.ordinal.0 == special.ordinal).unwrap();
            assert!(row.result.is_some(), "{}", row.name);
            assert!(seen.insert((special.library, special.ordinal)), "{}", row.name);
        }
    }
}
