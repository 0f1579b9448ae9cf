//! The views in a reserved space, without a lock, because a fault handler reads them.

use crate::HostError;
use std::io::{Error, ErrorKind};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// Limit of views in a space.
const MAX_VIEWS: usize = 64;

/// Offsets of a view in its space.
#[derive(Default)]
struct Place {
    start: AtomicUsize,
    end: AtomicUsize,
}

impl Place {
    fn range(&self) -> Range<usize> {
        self.start.load(Relaxed)..self.end.load(Relaxed)
    }
}

/// The views, in the order in which they were made. None is removed before the space.
pub(super) struct Views {
    places: Box<[Place; MAX_VIEWS]>,
    /// Number of entries in use, published after their offsets are stored.
    count: AtomicUsize,
    adding: Mutex<()>,
}

impl Default for Views {
    fn default() -> Self {
        let places = Box::new(std::array::from_fn(|_| Place::default()));
        Self { places, count: AtomicUsize::new(0), adding: Mutex::new(()) }
    }
}

fn refused(kind: ErrorKind) -> HostError {
    HostError { call: "one more view in a reserved space", source: Error::from(kind) }
}

impl Views {
    /// Makes a view by `map` and adds it. An error if it overlaps with another one, or if there are
    /// too many; nothing is mapped then.
    pub(super) fn add(
        &self,
        range: Range<usize>,
        map: impl FnOnce() -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        let _adding = self.adding.lock().map_err(|_| refused(ErrorKind::Other))?;
        let count = self.count.load(Relaxed);
        let place = self.places.get(count).ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        if self.overlapping(range.clone()).next().is_some() {
            return Err(refused(ErrorKind::AlreadyExists));
        }
        // Before the entry: a fault handler must not find a view that does not exist yet.
        map()?;
        place.start.store(range.start, Relaxed);
        place.end.store(range.end, Relaxed);
        self.count.store(count + 1, Release);
        Ok(())
    }

    /// The parts of views that lie in a range of offsets.
    pub(super) fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let count = self.count.load(Acquire);
        self.places.iter().take(count).filter_map(move |place| {
            let view = place.range();
            let part = view.start.max(range.start)..view.end.min(range.end);
            (!part.is_empty()).then_some(part)
        })
    }
}
