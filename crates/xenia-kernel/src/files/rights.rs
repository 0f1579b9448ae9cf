//! Access rights, sharing modes and create options, and the checks of their combinations.

use crate::status::failure::Fallible;
use xenia_guest::NtStatus;

/// Access rights of a handle.
#[allow(missing_docs)] // the names are NT's
pub mod access {
    pub const READ_DATA: u32 = 1;
    pub const WRITE_DATA: u32 = 2;
    pub const APPEND_DATA: u32 = 4;
    pub const EXECUTE: u32 = 0x20;
    pub const WRITE_ATTRIBUTES: u32 = 0x100;
    pub const DELETE: u32 = 0x1_0000;
    pub const SYNCHRONIZE: u32 = 0x10_0000;
    pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
    pub const GENERIC_ALL: u32 = 0x1000_0000;
    pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
    pub const GENERIC_WRITE: u32 = 0x4000_0000;
    pub const GENERIC_READ: u32 = 0x8000_0000;
}

/// Sharing modes: rights that concurrent opens may have.
#[allow(missing_docs)] // the names are NT's
pub mod share {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const DELETE: u32 = 4;
    pub const ALL: u32 = READ | WRITE | DELETE;
}

/// Options of `NtCreateFile`.
#[allow(missing_docs)] // the names are NT's
pub mod options {
    pub const DIRECTORY_FILE: u32 = 1;
    pub const WRITE_THROUGH: u32 = 2;
    pub const SEQUENTIAL_ONLY: u32 = 4;
    pub const NO_INTERMEDIATE_BUFFERING: u32 = 8;
    pub const SYNCHRONOUS_IO_ALERT: u32 = 0x10;
    pub const SYNCHRONOUS_IO_NONALERT: u32 = 0x20;
    pub const NON_DIRECTORY_FILE: u32 = 0x40;
    pub const DELETE_ON_CLOSE: u32 = 0x1000;
    pub const OPEN_BY_FILE_ID: u32 = 0x2000;
    pub const OPEN_FOR_BACKUP_INTENT: u32 = 0x4000;
    pub const OPEN_FOR_FREE_SPACE_QUERY: u32 = 0x80_0000;
    /// Mask of all options.
    pub const VALID: u32 = 0xFF_FFFF;
    /// Options that make a handle synchronous.
    pub const SYNCHRONOUS: u32 = SYNCHRONOUS_IO_ALERT | SYNCHRONOUS_IO_NONALERT;
    /// Options that are part of a handle's mode.
    pub const MODE: u32 =
        WRITE_THROUGH | SEQUENTIAL_ONLY | NO_INTERMEDIATE_BUFFERING | SYNCHRONOUS | DELETE_ON_CLOSE;
    /// Options that can be combined with [`DIRECTORY_FILE`].
    pub const WITH_DIRECTORY: u32 = DIRECTORY_FILE
        | SYNCHRONOUS
        | WRITE_THROUGH
        | DELETE_ON_CLOSE
        | OPEN_FOR_BACKUP_INTENT
        | OPEN_FOR_FREE_SPACE_QUERY;
}

/// Maps generic rights in `asked` to specific ones and adds the specific ones.
pub(super) fn specific(asked: u32) -> u32 {
    const READ: u32 = 0x12_0089;
    const WRITE: u32 = 0x12_0116;
    const EXECUTE: u32 = 0x12_00A0;
    const ALL: u32 = 0x1F_01FF;
    const GENERIC: u32 =
        access::GENERIC_READ | access::GENERIC_WRITE | access::GENERIC_EXECUTE | access::GENERIC_ALL;
    let meaning = [
        (access::GENERIC_READ, READ),
        (access::GENERIC_WRITE, WRITE),
        (access::GENERIC_EXECUTE, EXECUTE),
        (access::GENERIC_ALL, ALL),
    ];
    let stands_for = |&(generic, _): &(u32, u32)| asked & generic != 0;
    meaning.iter().filter(|row| stands_for(row)).fold(asked & !GENERIC, |rights, row| rights | row.1)
}

/// Specific rights granted for `MAXIMUM_ALLOWED`.
pub(super) fn maximum(read_only: bool) -> u32 {
    let all = specific(access::GENERIC_ALL);
    if read_only { all & !(access::WRITE_DATA | access::APPEND_DATA) } else { all }
}

/// Refuses contradictory options and rights, as NT's I/O manager does before it calls a file
/// system. `opens`: the disposition opens or creates, but never truncates.
pub(super) fn check(asked: u32, options: u32, opens: bool) -> Fallible<()> {
    use options::*;
    let rights = specific(asked);
    let has = |bits: u32| options & bits != 0;
    let invalid = options & !VALID != 0
        || options & SYNCHRONOUS == SYNCHRONOUS
        || has(SYNCHRONOUS) && rights & (access::SYNCHRONIZE | access::MAXIMUM_ALLOWED) == 0
        || has(DELETE_ON_CLOSE) && rights & (access::DELETE | access::MAXIMUM_ALLOWED) == 0
        || has(DIRECTORY_FILE) && (options & !WITH_DIRECTORY != 0 || !opens)
        // An unbuffered write cannot start at the end of a file that ends within a sector.
        || has(NO_INTERMEDIATE_BUFFERING) && asked & access::APPEND_DATA != 0;
    if invalid {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    // The console's file systems have no file IDs to open by.
    if has(OPEN_BY_FILE_ID) { Err(NtStatus::NOT_SUPPORTED.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_rights_map_to_specific_ones() {
        for (asked, rights) in [
            (access::GENERIC_READ, 0x12_0089),
            (access::GENERIC_READ | access::GENERIC_WRITE, 0x12_019F),
            (access::GENERIC_EXECUTE | access::DELETE, 0x13_00A0),
            (access::GENERIC_ALL, 0x1F_01FF),
            (access::READ_DATA, 1),
        ] {
            assert_eq!(specific(asked), rights, "{asked:#x}");
        }
        assert_eq!(maximum(true) & access::WRITE_DATA, 0);
    }

    #[test]
    fn contradictory_open_options_are_refused() {
        use options::*;
        let read = access::GENERIC_READ;
        for (asked, options, opens, valid) in [
            (read, SYNCHRONOUS_IO_NONALERT, true, true),
            (access::READ_DATA, SYNCHRONOUS_IO_NONALERT, true, false),
            (access::READ_DATA | access::SYNCHRONIZE, SYNCHRONOUS_IO_ALERT, true, true),
            (read, SYNCHRONOUS, true, false),
            (read, DIRECTORY_FILE, true, true),
            (read, DIRECTORY_FILE, false, false),
            (read, DIRECTORY_FILE | NON_DIRECTORY_FILE, true, false),
            (read, DIRECTORY_FILE | NO_INTERMEDIATE_BUFFERING, true, false),
            (read, DELETE_ON_CLOSE, true, false),
            (read | access::DELETE, DELETE_ON_CLOSE, true, true),
            (access::APPEND_DATA, NO_INTERMEDIATE_BUFFERING, true, false),
            (access::GENERIC_WRITE, NO_INTERMEDIATE_BUFFERING, false, true),
            (read, 0x100_0000, true, false),
            (read, OPEN_BY_FILE_ID, true, false),
        ] {
            assert_eq!(check(asked, options, opens).is_ok(), valid, "{asked:#x} {options:#x} {opens}");
        }
    }
}
