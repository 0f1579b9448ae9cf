//! Table of the injected faults.

use std::fmt::Write;

/// Target of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strikes {
    /// Calls of the C library: a group known to the preloaded library, for files of a place. One of
    /// `hows` is chosen each time.
    Calls { group: &'static str, place: FaultPlace, hows: &'static [&'static str], length: Length },
    /// The host's graphics device.
    Device,
    /// Ends the process with SIGKILL.
    Kill,
    /// Stops the process with SIGSTOP; it continues a while later.
    Stop,
}

/// The files whose calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultPlace {
    /// Files of the disc image.
    Image,
    /// Files of the saves.
    Saves,
    /// Calls without files, or on all files.
    Everywhere,
}

/// Duration of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// A single call.
    Once,
    /// All calls from then on.
    Rest,
}

/// Ways in which a run may end, besides the title's normal end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultEnd {
    /// Exit code 2 and a message.
    Refused,
    /// The abort of Rust's allocator, with its message.
    Abort,
    /// The signal that was sent.
    Killed,
}

/// A row of the fault table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultTableRow {
    pub(crate) name: &'static str,
    pub(crate) strikes: Strikes,
    /// Ways in which a run may end.
    pub(crate) ends: &'static [FaultEnd],
    /// Whether the title may receive an error.
    pub(crate) may_be_noticed: bool,
    /// Text that standard error must contain in that case.
    pub(crate) says: &'static str,
    /// Description of the fault, for the book.
    pub(crate) injected: &'static str,
    /// Visible effect for the title and the user, for the book.
    pub(crate) seen: &'static str,
    /// Part of the saves that survives, for the book.
    pub(crate) kept: &'static str,
}

const EIO: &str = "5";
const EINTR: &str = "4";
const ENOMEM: &str = "12";
const EAGAIN: &str = "11";
const EMFILE: &str = "24";
const ENOSPC: &str = "28";
const DAY: &str = "jump:86400";
const BACK: &str = "jump:-315360000";
const FAR: &str = "jump:2000000000";
const ALL: &str = "all that was confirmed";
const OLD: &str = "all that was confirmed; a save that was being made is the old one, whole";
const FAILS: &str = "fails on the host";

const fn calls(
    group: &'static str,
    place: FaultPlace,
    hows: &'static [&'static str],
    length: Length,
) -> Strikes {
    Strikes::Calls { group, place, hows, length }
}

/// A fault without a visible effect.
const fn unseen(name: &'static str, strikes: Strikes, injected: &'static str) -> FaultTableRow {
    let seen = "nothing";
    FaultTableRow { name, strikes, ends: &[], may_be_noticed: false, says: "", injected, seen, kept: ALL }
}

/// The table of all faults.
pub(crate) const ROWS: &[FaultTableRow] = &[
    FaultTableRow {
        seen: "a line each time that there is another device; at the third time in a minute one that drawing continues in software",
        kept: "all; what was drawn of that frame may be missing in it",
        ..unseen(
            "device lost",
            Strikes::Device,
            "the host's graphics device is gone at a draw, once to three times a run",
        )
    },
    unseen(
        "short read",
        calls("read", FaultPlace::Image, &["short"], Length::Rest),
        "each read of the disc image from then on brings half",
    ),
    unseen(
        "interrupted",
        calls("interruptible", FaultPlace::Everywhere, &[EINTR], Length::Once),
        "a call on any file ends with EINTR",
    ),
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        may_be_noticed: true,
        says: FAILS,
        seen: "the title: a device error; the user: a line that names the host's error, or, before the title runs, exit code 2 with a message",
        ..unseen(
            "read fails",
            calls("read", FaultPlace::Image, &[EIO], Length::Once),
            "a read of the disc image ends with EIO",
        )
    },
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        may_be_noticed: true,
        says: FAILS,
        seen: "the title: a device error, never an early end of the file; the user: a line that says so. No file is mapped, so there is no SIGBUS",
        ..unseen(
            "image shortened",
            calls(
                "read",
                FaultPlace::Image,
                &["truncate:0", "truncate:40000", "truncate:200000", "truncate:1000000"],
                Length::Once,
            ),
            "the disc image is cut off while the title runs",
        )
    },
    unseen(
        "short write",
        calls("write", FaultPlace::Saves, &["short"], Length::Rest),
        "each write of a save from then on takes half",
    ),
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        may_be_noticed: true,
        says: FAILS,
        seen: "the title: a device error from the write, flush or close; the user: a line, or, before the title runs, exit code 2 with a message",
        kept: OLD,
        ..unseen(
            "write fails",
            calls("write", FaultPlace::Saves, &[EIO], Length::Once),
            "a write of a save ends with EIO",
        )
    },
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        may_be_noticed: true,
        says: FAILS,
        seen: "as for a write",
        kept: OLD,
        ..unseen("sync fails", calls("sync", FaultPlace::Saves, &[EIO], Length::Once), "fsync ends with EIO")
    },
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        may_be_noticed: true,
        says: FAILS,
        seen: "as for a write",
        kept: OLD,
        ..unseen(
            "rename fails",
            calls("rename", FaultPlace::Saves, &[EIO], Length::Once),
            "a rename ends with EIO",
        )
    },
    FaultTableRow {
        may_be_noticed: true,
        ends: &[FaultEnd::Refused],
        says: FAILS,
        seen: "as for a write",
        kept: OLD,
        ..unseen(
            "open fails",
            calls("open", FaultPlace::Saves, &[EIO, EMFILE], Length::Once),
            "opening a file ends with EIO or EMFILE",
        )
    },
    FaultTableRow {
        may_be_noticed: true,
        ends: &[FaultEnd::Refused],
        says: "disk is full",
        seen: "the title: *disk full*; the user: a line, and one for each package that is not saved",
        kept: OLD,
        ..unseen(
            "disk full",
            calls("disk", FaultPlace::Saves, &[ENOSPC], Length::Rest),
            "nothing can be written or made any more (ENOSPC)",
        )
    },
    FaultTableRow {
        may_be_noticed: true,
        ends: &[FaultEnd::Refused],
        says: "disk is full",
        seen: "as above, until there is room again",
        kept: OLD,
        ..unseen(
            "disk full once",
            calls("disk", FaultPlace::Saves, &[ENOSPC], Length::Once),
            "one call ends with ENOSPC",
        )
    },
    unseen(
        "slow disk",
        calls("file", FaultPlace::Everywhere, &["sleep:300", "sleep:1500"], Length::Once),
        "a call on any file takes 0.3 or 1.5 seconds",
    ),
    unseen(
        "clock set",
        calls("clock", FaultPlace::Everywhere, &[DAY, BACK, FAR], Length::Rest),
        "the host's date jumps a day on, ten years back, or past 2038",
    ),
    FaultTableRow {
        ends: &[],
        ..unseen(
            "stopped",
            Strikes::Stop,
            "the process is stopped for a second, as by Ctrl-Z or a suspended host",
        )
    },
    FaultTableRow {
        ends: &[FaultEnd::Killed],
        seen: "the program is gone",
        kept: OLD,
        ..unseen("killed", Strikes::Kill, "the process is ended by SIGKILL")
    },
    FaultTableRow {
        ends: &[FaultEnd::Abort, FaultEnd::Refused],
        may_be_noticed: true,
        seen: "the program ends with `memory allocation of N bytes failed`",
        kept: OLD,
        ..unseen(
            "no memory",
            calls("memory", FaultPlace::Everywhere, &[ENOMEM], Length::Once),
            "an allocation fails",
        )
    },
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        seen: "at the start: exit code 2 and a message, or the interpreter where there is no room for compiled code",
        ..unseen(
            "no mapping",
            calls("map", FaultPlace::Everywhere, &[ENOMEM], Length::Once),
            "memfd_create, or mmap of 256 KiB or more, ends with ENOMEM (smaller ones are stacks for signals, which the standard library can't do without)",
        )
    },
    FaultTableRow {
        ends: &[FaultEnd::Refused],
        seen: "at the start: exit code 2 and a message; later less is done at once",
        ..unseen(
            "no thread",
            calls("thread", FaultPlace::Everywhere, &[EAGAIN], Length::Once),
            "a host thread can't be started (EAGAIN)",
        )
    },
];

/// The table in the book's format.
pub(crate) fn markdown() -> String {
    let mut text =
        "| fault | how it is injected | what is seen | what is kept |\n|---|---|---|---|\n".to_owned();
    for FaultTableRow { name, injected, seen, kept, .. } in ROWS {
        let _ = writeln!(text, "| {name} | {injected} | {seen} | {kept} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_has_the_table() {
        let book = include_str!("../../../docs/src/tables/faults.md");
        assert!(
            book.contains(&markdown()),
            "`cargo xtask faults --table` prints the table for docs/src/tables/faults.md"
        );
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
        assert!(crate::faults::IN_CI.iter().all(|name| names.contains(name)));
    }
}
