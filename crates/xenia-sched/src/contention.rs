//! Recording and replay of lock contention.
//!
//! A point is a thread and the number of its lock attempt. A replayed contention makes its thread
//! attempt the lock once more, so a replaying run's attempt numbers are ahead of the record's.
//! Points are recorded in the record's numbering, so that the record of a replay can be replayed,
//! too.

use crate::counters::MAX_COUNT;
use crate::{Contention, ContentionManifest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_state::{Impossible, check};

/// Limit of recorded contentions: the number of lines for which a readable manifest has room.
pub const MAX_RECORDED_CONTENTIONS: usize = 500_000;

/// The contentions that a run has recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedContention {
    /// Contentions in the order in which they happened, which keeps each thread's order.
    pub points: Vec<Contention>,
    /// Number of contentions beyond [`MAX_RECORDED_CONTENTIONS`].
    pub left_out: u64,
}

/// A lock attempt that found the lock owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedContention {
    /// Guest thread id of the thread that is about to wait.
    pub tid: u32,
    /// Guest address of the lock.
    pub object: u32,
    /// Guest thread id of the owner, or 0 if it is unknown.
    pub owner_tid: u32,
}

impl RecordedContention {
    /// Encodes the record as a manifest, one line of JSON each.
    pub fn to_manifest(&self) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for point in &self.points {
            text.push_str(&serde_json::to_string(point)?);
            text.push('\n');
        }
        Ok(text)
    }
}

/// Contention state of a machine: the points to replay, and those recorded so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContentionPoints {
    replayed: Option<ContentionManifest>,
    recorded: Option<RecordedContention>,
    /// Number of lock attempts by thread, if they are counted.
    attempts: BTreeMap<u32, u64>,
}

impl ContentionPoints {
    pub(crate) fn new(replayed: Option<ContentionManifest>) -> Self {
        Self { replayed, ..Self::default() }
    }

    /// Checks the counts of a restored state.
    pub(crate) fn check(&self) -> Result<(), Impossible> {
        let Self { replayed, recorded, attempts } = self;
        let counts = replayed.iter().flat_map(ContentionManifest::counts).chain(attempts.values().copied());
        let left_out = recorded.as_ref().map(|record| record.left_out);
        let points = recorded.as_ref().map_or(0, |record| record.points.len());
        let is_possible = counts.chain(left_out).all(|count| count <= MAX_COUNT);
        check(is_possible, "a count of contention is too large")?;
        check(points <= MAX_RECORDED_CONTENTIONS, "the record of contention is too long")
    }

    /// Whether lock attempts are counted.
    pub(crate) fn counts(&self) -> bool {
        self.replayed.is_some() || self.recorded.is_some()
    }

    /// Counts a lock attempt ([`crate::Cpu::peek_contention`]).
    pub(crate) fn peek(&mut self, tid: u32) -> Option<Contention> {
        if !self.counts() {
            return None;
        }
        let attempts = self.attempts.entry(tid).or_default();
        let attempt = *attempts;
        *attempts += 1;
        self.replayed.as_mut()?.consume_at_peek(tid, attempt)
    }

    /// Removes a thread that has ended.
    pub(crate) fn forget(&mut self, tid: u32) {
        self.attempts.remove(&tid);
        if let Some(manifest) = &mut self.replayed {
            manifest.forget(tid);
        }
    }

    pub(crate) fn record(&mut self) {
        self.recorded.get_or_insert_default();
    }

    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Records a contention ([`crate::Cpu::note_contention`]).
    pub(crate) fn note(&mut self, noted: NotedContention) {
        let NotedContention { tid, object, owner_tid } = noted;
        let Some(recorded) = &mut self.recorded else { return };
        // Without a counted attempt, the point could not be replayed.
        let Some(attempt) = self.attempts.get(&tid).and_then(|attempts| attempts.checked_sub(1)) else {
            return;
        };
        if recorded.points.len() >= MAX_RECORDED_CONTENTIONS {
            recorded.left_out += 1;
            return;
        }
        let observed = self.replayed.as_ref().map_or(0, |manifest| manifest.observed(tid));
        recorded.points.push(Contention {
            tid,
            peek_idx: attempt.saturating_sub(observed),
            object,
            owner_tid,
        });
    }

    pub(crate) fn take_recorded(&mut self) -> Option<RecordedContention> {
        self.recorded.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(replayed: Option<ContentionManifest>) -> ContentionPoints {
        let mut points = ContentionPoints::new(replayed);
        points.record();
        points
    }

    /// Threads 1 and 2 attempt; thread 1's attempts 1 and 3 contend.
    fn run(points: &mut ContentionPoints) {
        for attempt in 0..5 {
            while points.peek(1).is_some() {}
            if attempt % 2 == 1 {
                points.note(NotedContention { tid: 1, object: 0x10, owner_tid: 2 });
            }
            while points.peek(2).is_some() {}
        }
    }

    #[test]
    fn a_record_can_be_replayed_and_the_replays_record_is_the_same() {
        let mut first = recording(None);
        run(&mut first);
        let first = first.take_recorded().unwrap();
        let at = |peek_idx| Contention { tid: 1, peek_idx, object: 0x10, owner_tid: 2 };
        assert_eq!(first.points, [at(1), at(3)]);
        let manifest = ContentionManifest::parse(&first.to_manifest().unwrap()).unwrap();
        assert_eq!(manifest.remaining(), 2);
        let mut again = recording(Some(manifest));
        run(&mut again);
        assert_eq!(again.replayed.as_ref().map(ContentionManifest::remaining), Some(0));
        assert_eq!(again.take_recorded(), Some(first));
    }

    #[test]
    fn recorded_contention_is_limited_and_readable() {
        let mut points = recording(None);
        for _ in 0..MAX_RECORDED_CONTENTIONS + 3 {
            points.peek(u32::MAX);
            points.note(NotedContention { tid: u32::MAX, object: u32::MAX, owner_tid: u32::MAX });
        }
        let recorded = points.take_recorded().unwrap();
        assert_eq!((recorded.points.len(), recorded.left_out), (MAX_RECORDED_CONTENTIONS, 3));
        let text = recorded.to_manifest().unwrap();
        // The program's limit for reading a file.
        assert!(text.len() <= 64 << 20, "{}", text.len());
        assert_eq!(ContentionManifest::parse(&text).unwrap().remaining(), MAX_RECORDED_CONTENTIONS);
    }

    #[test]
    fn contention_points_record_nothing_when_disabled() {
        let mut points = ContentionPoints::new(None);
        run(&mut points);
        assert!(points.attempts.is_empty() && points.take_recorded().is_none());
    }
}
