//! The order in which a round visits the slots, and manifests of recorded contention.

use crate::HW_THREADS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use xenia_guest::split_mix::SplitMix;

/// How the slots of a round are ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OrderMode {
    /// In ascending order, from the rotation cursor on.
    #[default]
    Fixed,
    /// Shuffled in each round, from this seed.
    Seeded {
        /// Seed of the generator.
        seed: u64,
    },
    /// As `Fixed`, with visits of this many time-base ticks instead of the instruction quantum.
    ScanQuantum {
        /// Length of a visit in ticks.
        ticks: u32,
    },
    /// As `Fixed`, with the lock contentions of a recorded run.
    Replay {
        /// The recorded contentions.
        manifest: ContentionManifest,
    },
}

/// Error of reading an order mode.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The text has none of the known forms.
    #[error("`{0}`: expected fixed, seeded:N, scan-quantum:N or replay:FILE")]
    Syntax(String),
    /// A line of a contention manifest is invalid.
    #[error("contention manifest, line {line}: {reason}")]
    Manifest {
        /// Line number, from 1.
        line: usize,
        /// Reason why the line is invalid.
        reason: String,
    },
    /// The manifest file could not be read.
    #[error("{path}: {source}")]
    File {
        /// Path of the file.
        path: String,
        /// The host's error.
        source: io::Error,
    },
    /// The manifest file was read but is invalid.
    #[error("{path}: {error}")]
    In {
        /// Path of the file.
        path: String,
        /// The error in it.
        error: Box<OrderError>,
    },
}

impl OrderMode {
    /// Parses `fixed`, `seeded:N`, `scan-quantum:N` (ticks, at least 1) or `replay:FILE`. Numbers
    /// are decimal or hexadecimal (0x…) and may contain underscores. `read` reads the file.
    pub fn parse(text: &str, read: impl FnOnce(&Path) -> io::Result<String>) -> Result<Self, OrderError> {
        let number = |digits: &str| {
            let digits = digits.replace('_', "");
            match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => digits.parse().ok(),
            }
        };
        let syntax = || OrderError::Syntax(text.to_owned());
        match text.split_once(':') {
            None if text == "fixed" => Ok(Self::Fixed),
            Some(("seeded", seed)) => Ok(Self::Seeded { seed: number(seed).ok_or_else(syntax)? }),
            Some(("scan-quantum", ticks)) => {
                let ticks = number(ticks).and_then(|t| u32::try_from(t).ok()).filter(|&t| t > 0);
                Ok(Self::ScanQuantum { ticks: ticks.ok_or_else(syntax)? })
            }
            Some(("replay", path)) => {
                Ok(Self::Replay { manifest: ContentionManifest::read(path.as_ref(), read)? })
            }
            _ => Err(syntax()),
        }
    }
}

/// One recorded contention: thread `tid`'s lock attempt number `peek_idx` found `object` held by
/// `owner_tid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contention {
    /// Guest thread id of the thread that had to wait.
    pub tid: u32,
    /// Number of the thread's lock attempt, from 0.
    pub peek_idx: u64,
    /// Guest address of the lock.
    pub object: u32,
    /// Guest thread id of the owner.
    pub owner_tid: u32,
}

/// Recorded contentions by thread, in the order of their attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentionManifest {
    threads: BTreeMap<u32, ThreadEvents>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ThreadEvents {
    pending: VecDeque<Contention>,
    observed: u64,
}

impl ContentionManifest {
    /// Parses the contents of a file, which `read` reads.
    pub fn read(file: &Path, read: impl FnOnce(&Path) -> io::Result<String>) -> Result<Self, OrderError> {
        let path = || file.display().to_string();
        let text = read(file).map_err(|source| OrderError::File { path: path(), source })?;
        Self::parse(&text).map_err(|error| OrderError::In { path: path(), error: Box::new(error) })
    }

    /// Parses JSON lines of `{tid, peek_idx, object, owner_tid}`; blank lines are skipped.
    pub fn parse(text: &str) -> Result<Self, OrderError> {
        let mut manifest = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let at = |reason: String| OrderError::Manifest { line: index + 1, reason };
            // The parser sees one line at a time, so its own line numbers are always 1.
            let reason = |e: serde_json::Error| e.to_string().replace(" at line 1 column ", ", column ");
            let event: Contention = serde_json::from_str(line).map_err(|e| at(reason(e)))?;
            let events = &mut manifest.threads.entry(event.tid).or_default().pending;
            if events.back().is_some_and(|last| last.peek_idx >= event.peek_idx) {
                return Err(at(format!(
                    "peek_idx {} of thread {} is not ascending",
                    event.peek_idx, event.tid
                )));
            }
            events.push_back(event);
        }
        Ok(manifest)
    }

    /// Removes and returns the contention recorded for this lock attempt, if any.
    ///
    /// A replayed contention makes its thread attempt the lock once more, so `peek_idx`, which
    /// counts the replaying run's attempts, runs ahead of the record by the contentions already
    /// consumed.
    pub fn consume_at_peek(&mut self, tid: u32, peek_idx: u64) -> Option<Contention> {
        let events = self.threads.get_mut(&tid)?;
        let recorded = peek_idx.checked_sub(events.observed)?;
        let event = events.pending.pop_front_if(|event| event.peek_idx == recorded)?;
        events.observed += 1;
        Some(event)
    }

    /// Drops the remaining contentions of this thread.
    pub(crate) fn forget(&mut self, tid: u32) {
        self.threads.remove(&tid);
    }

    /// Number of a thread's contentions that were consumed.
    pub(crate) fn observed(&self, tid: u32) -> u64 {
        self.threads.get(&tid).map_or(0, |events| events.observed)
    }

    /// The numbers that count up during a run, to be checked in a restored state.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.threads.values().map(|events| events.observed)
    }

    /// Number of contentions not consumed yet.
    pub fn remaining(&self) -> usize {
        self.threads.values().map(|events| events.pending.len()).sum()
    }
}

/// Pseudo-random generator of shuffles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotShuffle {
    state: SplitMix,
}

impl SlotShuffle {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: SplitMix(seed) }
    }

    /// Shuffles the order (Fisher–Yates).
    pub(crate) fn shuffle(&mut self, order: &mut [u8; HW_THREADS]) {
        for last in (1..order.len()).rev() {
            order.swap(last, (self.state.next_u64() % (last as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<OrderMode, OrderError> {
        OrderMode::parse(text, |path| std::fs::read_to_string(path))
    }

    #[test]
    fn order_modes_are_parsed_and_wrong_ones_refused() {
        assert_eq!(parse("fixed").unwrap(), OrderMode::Fixed);
        assert_eq!(parse("seeded:1_000").unwrap(), OrderMode::Seeded { seed: 1000 });
        assert_eq!(parse("seeded:0x1_0").unwrap(), OrderMode::Seeded { seed: 16 });
        assert_eq!(parse("scan-quantum:25").unwrap(), OrderMode::ScanQuantum { ticks: 25 });
        for wrong in ["", "Fixed", "seeded", "seeded:x", "scan-quantum:0", "replay:/nonexistent/file"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_manifest_that_is_wrong_is_named() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let message = parse(&format!("replay:{path}")).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{path}: contention manifest, line 1")), "{message}");
    }

    #[test]
    fn shuffles_are_permutations_and_repeat() {
        let run = |seed| {
            let mut shuffle = SlotShuffle::new(seed);
            (0..20)
                .map(|_| {
                    let mut order = [0, 1, 2, 3, 4, 5];
                    shuffle.shuffle(&mut order);
                    order
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        for mut order in run(7) {
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn indexes_are_translated_past_observed_contention() {
        let mut manifest = ContentionManifest::parse(
            "{\"tid\":1,\"peek_idx\":2,\"object\":16,\"owner_tid\":9}\n\n{\"tid\":1,\"peek_idx\":3,\"object\":16,\"owner_tid\":9}\n",
        )
        .unwrap();
        assert_eq!(manifest.consume_at_peek(2, 2), None);
        assert_eq!(manifest.consume_at_peek(1, 1), None);
        assert_eq!(manifest.consume_at_peek(1, 2).unwrap().owner_tid, 9);
        assert_eq!(manifest.consume_at_peek(1, 3), None, "the repeated attempt is recorded attempt 2 again");
        assert_eq!(manifest.consume_at_peek(1, 4).unwrap().peek_idx, 3);
        assert_eq!(manifest.remaining(), 0);
    }

    #[test]
    fn a_bad_manifest_names_its_line() {
        let twice = "{\"tid\":1,\"peek_idx\":2,\"object\":16,\"owner_tid\":9}\n".repeat(2);
        assert!(ContentionManifest::parse(&twice).unwrap_err().to_string().contains("line 2"));
        let error = ContentionManifest::parse("\n{}").unwrap_err().to_string();
        assert!(error.contains("line 2: missing field `tid`, column"), "{error}");
    }
}
