//! Limits: named bounds on the host resources that a title can take through the kernel.
//!
//! On the console 512 MiB of memory bounds everything; the kernel's metadata lies in host memory,
//! so each kind has a limit here. Beyond a limit the guest gets a failure that NT documents, the
//! log one line, and the report a count. No well-behaved title comes near a limit.
//!
//! - [`Limit`], [`ROWS`]: the table of limits: name, number, status beyond it, reason.
//! - [`ResourceLimits`]: checks against the limits, and the number of refusals of one machine.
//! - [`LimitSetting`]: another number for one of the limits that a user may set.
//!
//! Invariant: the crate does not count resources. The owner of a resource counts it and calls
//! [`ResourceLimits::admit`] before it adds one.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_guest::NtStatus;

/// A row of the table of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Name in reports and logs.
    pub name: &'static str,
    /// Largest permitted number.
    pub value: u64,
    /// Status that a call beyond the limit fails with.
    pub status: NtStatus,
    /// Reason for the limit and its value.
    pub reason: &'static str,
}

macro_rules! limits {
    ($($limit:ident = $name:literal, $value:expr, $status:ident, $reason:literal;)*) => {
        /// The limits. Allocations of guest memory and of the loader are tracked elsewhere and only
        /// counted here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Limit {
            $(#[doc = $reason] $limit,)*
        }

        /// All limits, in the order of [`Limit`].
        pub const ROWS: &[LimitRow] = &[
            $(LimitRow { name: $name, value: $value, status: NtStatus::$status, reason: $reason },)*
        ];
    };
}

limits! {
    Handles = "handles", 0x1_0000, INSUFFICIENT_RESOURCES,
        "Handles that are open: titles use some thousands.";
    Objects = "objects", 0x1_0000, INSUFFICIENT_RESOURCES,
        "Objects, with handles or without.";
    NameBytes = "object_name_bytes", 0x40_0000, INSUFFICIENT_RESOURCES,
        "Bytes of the names of objects, open links and directories: a single name may have 64 KiB.";
    PoolBlocks = "pool_blocks", 0x2_0000, INSUFFICIENT_RESOURCES,
        "Blocks of pool memory, the kernel's own included: the metadata of a block takes more than the smallest one.";
    Apcs = "apcs", 0x1000, NO_MEMORY,
        "APCs that wait for one thread: each may be queued again and again without an object.";
    Dpcs = "dpcs", 0x1000, INSUFFICIENT_RESOURCES,
        "Deferred calls that wait for a hardware thread.";
    Timers = "timers", 0x1_0000, INSUFFICIENT_RESOURCES,
        "Timers that are set: one may lie at every fourth byte of memory.";
    Mutants = "owned_mutants", 0x1_0000, INSUFFICIENT_RESOURCES,
        "Mutants that have an owner. A wait that takes one more succeeds, but its owner's end does not abandon it.";
    Completions = "completions", 0x1_0000, INSUFFICIENT_RESOURCES,
        "Finished requests that wait in completion ports.";
    Sockets = "sockets", 128, INSUFFICIENT_RESOURCES,
        "Sockets that a title has: each may be a descriptor of the host, and the console's default is 40.";
    SocketBytes = "socket_bytes", 0x100_0000, INSUFFICIENT_RESOURCES,
        "Bytes that were sent on the machine's own network and not received yet: the console keeps 16 KiB for a socket.";
    SocketRequests = "socket_requests", 0x400, INSUFFICIENT_RESOURCES,
        "Overlapped requests of sockets that are under way, and threads that wait for sockets.";
    OverlappedCalls = "overlapped_calls", 0x1000, INSUFFICIENT_RESOURCES,
        "Overlapped calls of xam that have not reported completion. A call beyond the limit completes at once.";
    RenderClients = "render_clients", 8, INSUFFICIENT_RESOURCES,
        "Clients of the sound driver: titles have one or two.";
    RenderFrames = "render_frames", 0x40, INSUFFICIENT_RESOURCES,
        "Frames of sound that a client has handed over and that have not been played: a third of a second.";
    StackBytes = "thread_stack_bytes", 0x0F00_0000, NO_MEMORY,
        "Bytes of all threads' stacks, each with 64 KiB of guard at either end: the console's own address range for them. \
         Threads that should have ended, or stacks that are larger than needed, fill it.";
    NestedCalls = "nested_calls", 0x400, STACK_OVERFLOW,
        "Calls of guest code by exports within one thread, inside each other; the title ends.";
    OpenFiles = "open_files", 768, TOO_MANY_OPENED_FILES,
        "Open files: each may be a descriptor of the host, of which a process often has 1,024.";
    OpenPackages = "open_packages", 64, TOO_MANY_OPENED_FILES,
        "Packages that a title has open: one for each user and download would be some ten.";
    EnumeratorBytes = "enumerator_bytes", 0x400_0000, INSUFFICIENT_RESOURCES,
        "Bytes that all enumerators hold for later calls, and those that listings of open directories hold.";
    PendingTransfers = "pending_transfers", 0x4000, INSUFFICIENT_RESOURCES,
        "Pieces of memory in reads and writes that wait for a worker: one each, or one for each page of a scattered one.";
    ScratchBytes = "scratch_disk_bytes", 0x1000_0000, DISK_FULL,
        "Bytes on each of the scratch disks in host memory; those in a folder of the host have their own size.";
    ScratchEntries = "scratch_disk_entries", 0x4000, DISK_FULL,
        "Files and directories on each of the scratch disks.";
    ScratchPathBytes = "scratch_disk_path_bytes", 0x200_0000, DISK_FULL,
        "Bytes of all paths on a scratch disk: a path may have 64 names of 255 characters.";
    FileBytes = "disk_file_bytes", 0xFFFF_FFFF, DISK_FULL,
        "Bytes of one file on the hard disk: FATX counts them in 32 bits.";
    DiskBytes = "disk_bytes", 0x2_0000_0000, DISK_FULL,
        "Bytes that a run may add to the hard disk: bounds the host's disk use.";
    DiskEntries = "disk_entries", 0x1_0000, DISK_FULL,
        "Files and directories that a run may add to the hard disk: bounds the host's disk use.";
    Memory = "memory", xenia_memory::COMMIT_LIMIT as u64, NO_MEMORY,
        "Bytes of guest memory: the console's 512 MiB, and 64 for what it keeps elsewhere (guards of stacks).";
    LoadBytes = "loaded_bytes", 0x4000_0000, NO_MEMORY,
        "Bytes that one call may read and unpack of executables that it loads: each may be packed a thousandfold, or have many \
         names.";
    CallPages = "call_pages", 0x1000, INSUFFICIENT_RESOURCES,
        "Pages that have stubs and import thunks, or had them: each takes as much host memory. Some titles fill ten.";
    LibraryBytes = "library_bytes", 0x1000_0000, NO_MEMORY,
        "Bytes of the names and tables of all loaded libraries: 65,536 names may be one text of a file.";
}

impl Limit {
    /// The limit's row.
    pub fn row(self) -> &'static LimitRow {
        &ROWS[self as usize]
    }
}

/// Limits that a user may set: counts that nothing else has a fixed size for.
pub const SETTABLE: &[Limit] = &[
    Limit::NameBytes,
    Limit::Apcs,
    Limit::Dpcs,
    Limit::Completions,
    Limit::Sockets,
    Limit::SocketRequests,
    Limit::OverlappedCalls,
    Limit::RenderFrames,
    Limit::OpenFiles,
    Limit::OpenPackages,
    Limit::EnumeratorBytes,
    Limit::PendingTransfers,
    Limit::ScratchEntries,
    Limit::ScratchPathBytes,
];
/// Largest factor by which a limit may be raised.
const MAX_TIMES: u64 = 16;

/// Another number for a limit, as text `NAME=N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSetting {
    limit: Limit,
    value: u64,
}

impl LimitSetting {
    /// Whether both set the same limit, to different numbers.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.limit == other.limit && self.value != other.value
    }
}

impl fmt::Display for LimitSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.limit.row().name, self.value)
    }
}

impl FromStr for LimitSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=N"))?;
        let Some(&limit) = SETTABLE.iter().find(|limit| limit.row().name == name) else {
            let names: Vec<&str> = SETTABLE.iter().map(|limit| limit.row().name).collect();
            return Err(format!("`{name}` is not a limit that can be set: {}", names.join(", ")));
        };
        let most = limit.row().value * MAX_TIMES;
        let parsed = value.replace('_', "").parse().ok().filter(|_| !value.starts_with('+'));
        match parsed.filter(|value| (1..=most).contains(value)) {
            Some(value) => Ok(Self { limit, value }),
            None => Err(format!("`{value}` is not a number from 1 to {most}")),
        }
    }
}

/// Limits of one machine, with the number of times each was reached.
#[derive(Debug)]
pub struct ResourceLimits {
    values: [u64; ROWS.len()],
    hits: [AtomicU64; ROWS.len()],
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl ResourceLimits {
    /// The limits of the table, with these overrides; of two settings of one limit, the last
    /// applies.
    pub fn new(set: &[LimitSetting]) -> Self {
        let mut values = std::array::from_fn(|index| ROWS[index].value);
        for LimitSetting { limit, value } in set {
            values[*limit as usize] = *value;
        }
        Self { values, hits: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Checks that one more than `present` is within the limit. The error is the limit's status.
    pub fn admit(&self, limit: Limit, present: usize) -> Result<(), NtStatus> {
        self.admit_amount(limit, present as u64, 1)
    }

    /// Checks that `present + more` is within the limit. The error is the limit's status.
    pub fn admit_amount(&self, limit: Limit, present: u64, more: u64) -> Result<(), NtStatus> {
        if present.saturating_add(more) <= self.values[limit as usize] {
            return Ok(());
        }
        self.hit(limit);
        Err(limit.row().status)
    }

    /// This machine's number for a limit.
    pub fn value(&self, limit: Limit) -> u64 {
        self.values[limit as usize]
    }

    /// Counts a refusal; logs the first one of each limit.
    pub fn hit(&self, limit: Limit) {
        let LimitRow { name, status, reason, .. } = limit.row();
        let value = self.values[limit as usize];
        if self.hits[limit as usize].fetch_add(1, Relaxed) == 0 {
            tracing::warn!(
                target: "kernel",
                "limit reached: {name} ({value}); the title gets {status:?} from here on (logged once). {reason}"
            );
        }
    }

    /// Number of refusals for each limit with at least one.
    pub fn hits(&self) -> BTreeMap<&'static str, u64> {
        let counts = ROWS.iter().zip(&self.hits).map(|(row, hits)| (row.name, hits.load(Relaxed)));
        counts.filter(|&(_, count)| count > 0).collect()
    }

    /// Replaces the numbers of refusals by those of another machine, by name. Returns whether every
    /// name is that of a limit.
    pub fn set_hits(&self, hits: &BTreeMap<String, u64>) -> bool {
        for (row, own) in ROWS.iter().zip(&self.hits) {
            own.store(hits.get(row.name).copied().unwrap_or(0), Relaxed);
        }
        hits.keys().all(|name| ROWS.iter().any(|row| row.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_decision_has_every_limit() {
        let table = include_str!("../../../docs/src/decisions/0024-limits.md");
        for LimitRow { name, value, .. } in ROWS {
            let line = table.lines().find(|line| line.contains(&format!("`{name}`")));
            let line = line.unwrap_or_else(|| panic!("{name} is missing"));
            assert!(
                numbers(*value).iter().any(|number| has_number(line, number)),
                "{name} is {value}: {line}"
            );
        }
    }

    /// The forms in which the table may give a number.
    fn numbers(value: u64) -> Vec<String> {
        let mut digits = value.to_string();
        for at in
            (1..digits.len()).rev().filter(|at| (digits.len() - at).is_multiple_of(3)).collect::<Vec<_>>()
        {
            digits.insert(at, ',');
        }
        let units = [("MiB", 20), ("GiB", 30)].into_iter();
        let in_units = units.flat_map(|(unit, shift)| {
            let whole = value.is_multiple_of(1 << shift).then(|| format!("{} {unit}", value >> shift));
            let but_one = (value + 1)
                .is_multiple_of(1 << shift)
                .then(|| format!("{} {unit} - 1", (value + 1) >> shift));
            whole.into_iter().chain(but_one)
        });
        in_units.chain([digits]).collect()
    }

    /// Whether a line has the number, not as a part of a longer one.
    fn has_number(line: &str, number: &str) -> bool {
        line.match_indices(number).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let mut after = line[at + number.len()..].chars();
            let next = after.next();
            let is_inside = next.is_some_and(|c| c.is_ascii_digit())
                || next == Some(',') && after.next().is_some_and(|c| c.is_ascii_digit());
            !is_inside && before.is_none_or(|c| !c.is_ascii_digit() && c != ',')
        })
    }

    #[test]
    fn a_limit_admits_its_value_and_counts_what_it_refuses() {
        let limits = ResourceLimits::default();
        let value = Limit::OpenFiles.row().value as usize;
        assert_eq!(limits.admit(Limit::OpenFiles, value - 1), Ok(()));
        assert!(limits.hits().is_empty());
        for _ in 0..3 {
            let refused = limits.admit(Limit::OpenFiles, value).unwrap_err();
            assert_eq!(refused, NtStatus::TOO_MANY_OPENED_FILES);
        }
        assert!(limits.admit_amount(Limit::NameBytes, 1, u64::MAX).is_err());
        assert_eq!(limits.hits(), BTreeMap::from([("object_name_bytes", 1), ("open_files", 3)]));
        let other = ResourceLimits::default();
        other.hit(Limit::Apcs);
        assert!(
            other.set_hits(&limits.hits().into_iter().map(|(name, hits)| (name.to_owned(), hits)).collect())
        );
        assert_eq!(other.hits(), limits.hits());
        assert!(!other.set_hits(&BTreeMap::from([("apc".to_owned(), 1)])));
    }

    #[test]
    fn a_setting_changes_only_its_limit() {
        let set: LimitSetting = "open_files=1_000".parse().unwrap();
        assert_eq!(set.to_string(), "open_files=1000");
        let limits = ResourceLimits::new(&["open_files=5".parse().unwrap(), set]);
        assert_eq!(limits.admit(Limit::OpenFiles, 999), Ok(()));
        assert!(limits.admit(Limit::OpenFiles, 1000).is_err());
        let apcs = Limit::Apcs.row().value as usize;
        assert!(limits.admit(Limit::Apcs, apcs - 1).is_ok() && limits.admit(Limit::Apcs, apcs).is_err());
        for (text, expected) in [
            ("open_files", "is not NAME=N"),
            ("memory=5", "`memory` is not a limit that can be set: object_name_bytes, apcs"),
            ("open_files=0", "`0` is not a number from 1 to 12288"),
            ("open_files=+5", "not a number"),
            ("open_files=12289", "not a number from 1 to 12288"),
            ("open_files=x", "not a number"),
        ] {
            let error = text.parse::<LimitSetting>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn names_are_unique_and_values_are_not_zero() {
        let names: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        assert!(ROWS.iter().all(|row| row.value > 0 && !row.status.is_success()));
    }
}
