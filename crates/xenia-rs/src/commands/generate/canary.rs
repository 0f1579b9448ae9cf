//! Coverage of xenia-canary, the leading emulator, for comparison: counted in its sources of
//! 2024-12-18 (263c722a4), where an export is declared implemented or a stub, and a message is a
//! case of its application's switch.

use xenia_kernel::imports::Library;

/// Numbers of implemented, stub and missing exports, by library and area.
#[rustfmt::skip]
pub(super) const AREAS: &[(Library, &str, [u16; 3])] = &[
    (Library::xboxkrnl, "audio", [25, 3, 37]),
    (Library::xboxkrnl, "crypto", [31, 3, 121]),
    (Library::xboxkrnl, "debug", [1, 3, 24]),
    (Library::xboxkrnl, "input", [0, 1, 35]),
    (Library::xboxkrnl, "io", [18, 6, 40]),
    (Library::xboxkrnl, "memory", [21, 3, 15]),
    (Library::xboxkrnl, "misc", [4, 2, 109]),
    (Library::xboxkrnl, "object", [15, 0, 6]),
    (Library::xboxkrnl, "rtl", [29, 2, 12]),
    (Library::xboxkrnl, "string", [10, 0, 16]),
    (Library::xboxkrnl, "threading", [79, 3, 78]),
    (Library::xboxkrnl, "usb", [1, 2, 50]),
    (Library::xboxkrnl, "video", [11, 15, 47]),
    (Library::xboxkrnl, "xconfig", [2, 0, 2]),
    (Library::xboxkrnl, "xex", [10, 1, 29]),
    (Library::xam, "audio", [0, 10, 14]),
    (Library::xam, "content", [17, 11, 60]),
    (Library::xam, "input", [4, 6, 27]),
    (Library::xam, "io", [0, 0, 21]),
    (Library::xam, "memory", [3, 0, 34]),
    (Library::xam, "misc", [18, 3, 463]),
    (Library::xam, "net", [33, 23, 277]),
    (Library::xam, "notify", [3, 2, 7]),
    (Library::xam, "string", [1, 0, 14]),
    (Library::xam, "threading", [12, 1, 36]),
    (Library::xam, "ui", [14, 7, 370]),
    (Library::xam, "usb", [0, 2, 41]),
    (Library::xam, "user", [12, 19, 106]),
    (Library::xam, "video", [0, 3, 4]),
    (Library::xam, "xconfig", [16, 2, 9]),
    (Library::xam, "xex", [2, 6, 23]),
];

/// Number of messages that are handled, by the application's id.
pub(super) const MESSAGES: &[(u32, u16)] = &[(0xFA, 23), (0xFB, 13), (0xFC, 10), (0xFE, 4)];

/// Exports for achievements and their display, with their status.
#[rustfmt::skip]
pub(super) const ACHIEVEMENTS: &[(Library, &str, &str)] = &[
    (Library::xam, "XamUserCreateAchievementEnumerator", "stub"),
    (Library::xam, "XamUserCreateTitlesPlayedEnumerator", "stub"),
    (Library::xam, "XamShowAchievementsUI", "stub"),
    (Library::xam, "XamReadTile", "none"),
    (Library::xam, "XamReadTileEx", "none"),
    (Library::xam, "XamReadTileToTexture", "stub"),
    (Library::xam, "XamReadTileToTextureEx", "none"),
    (Library::xam, "XamWriteGamerTile", "stub"),
    (Library::xam, "XamParseGamerTileKey", "stub"),
    (Library::xam, "XamUserReadProfileSettings", "implemented"),
    (Library::xam, "XamUserWriteProfileSettings", "implemented"),
    (Library::xam, "XamUserCreateStatsEnumerator", "stub"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_exports::messages::APPLICATIONS;
    use xenia_exports::registry;

    #[test]
    fn the_same_exports_and_applications_are_counted() {
        let registry = registry();
        let mut rows = 0;
        for &(library, area, counts) in AREAS {
            let theirs: usize = counts.into_iter().map(usize::from).sum();
            assert_eq!(registry.counts(library, Some(area)).total(), theirs, "{library:?} {area}");
            rows += theirs;
        }
        assert_eq!(rows, Library::ALL.iter().map(|library| library.rows().len()).sum::<usize>());
        for application in APPLICATIONS {
            assert!(MESSAGES.iter().any(|&(id, _)| id == application.id), "{}", application.name);
        }
        for &(library, name, _) in ACHIEVEMENTS {
            assert!(library.rows().iter().any(|row| row.name == name), "{name}");
        }
    }
}
