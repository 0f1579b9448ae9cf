//! Work of the backend: counters of waits, transfers, objects and fallbacks, of all frames and of
//! the frame with the most.
//!
//! Times are the host's. They reach reports and the window, never the guest or a digest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// Counters of the backend's work.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct WorkCounts {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl WorkCounts {
            /// Difference to earlier counters; those that were reset since count from zero.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.checked_sub(earlier.$name).unwrap_or(self.$name),)* }
            }

            /// The larger one of each counter.
            #[must_use]
            pub fn most(&self, other: &Self) -> Self {
                Self { $($name: self.$name.max(other.$name),)* }
            }
        }
    };
}

counts! {
    /// Draws that the title made.
    draws,
    /// Render passes of the draws.
    passes,
    /// Submissions of commands to the device.
    submissions,
    /// Waits for results of the device.
    waits,
    /// Nanoseconds of these waits.
    ns_waited,
    /// Waits because the device was too far behind.
    held_back,
    /// Nanoseconds of the waits for a device that was behind.
    ns_held_back,
    /// Bytes read back from the device.
    bytes_back,
    /// Bytes sent to the device.
    bytes_up,
    /// Bind groups created for draws.
    groups_made,
    /// Host textures created for guest textures.
    textures_made,
    /// Levels of guest textures decoded.
    levels_decoded,
    /// Host textures dropped at the limit of their cache.
    textures_dropped,
    /// Bytes of index lists.
    index_bytes,
    /// Textures whose memory versions were compared because memory had been written anywhere.
    epoch_misses,
    /// Pipelines compiled since the start.
    pipelines_in_play,
    /// Nanoseconds that draws and transfers waited for their pipelines.
    ns_in_pipelines,
    /// Pipelines whose compilation began before a draw needed them.
    pipelines_predicted,
    /// Predicted pipelines that a draw used.
    predictions_used,
    /// Draws made by the reference backend.
    fallback_draws,
    /// Fallbacks that could reach tiles of the EDRAM.
    edram_trips,
    /// Draws whose vertices the CPU shaded: rectangles, points and lines.
    expanded_draws,
    /// Resolves whose texels the CPU tiled.
    resolves_through_cpu,
    /// Occlusion queries of draws.
    queries,
    /// Waits of draws and registers for the results of visibility queries.
    survey_waits,
    /// Tiles transferred from host textures to the EDRAM buffer.
    tiles_dumped,
    /// Tiles transferred from the EDRAM buffer to host textures.
    tiles_loaded,
    /// Errors of the graphics API, each a bug of the backend.
    validation_errors,
}

/// Counters that the backend has published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceWork {
    /// Number of frames presented.
    pub frames: u64,
    /// Counters since the start.
    pub total: WorkCounts,
    /// The largest value of each counter in any frame.
    pub most_in_a_frame: WorkCounts,
    /// Draws made by the reference backend, by the feature that the host lacks.
    pub fallbacks: BTreeMap<String, u64>,
    /// Counters at the last frame.
    at_frame: WorkCounts,
}

impl DeviceWork {
    /// Publishes counters, at the end of a frame if `is_frame`.
    pub(super) fn publish(&mut self, total: WorkCounts, fallbacks: &BTreeMap<String, u64>, is_frame: bool) {
        self.total = total;
        if self.fallbacks != *fallbacks {
            self.fallbacks.clone_from(fallbacks);
        }
        if is_frame {
            self.frames += 1;
            self.most_in_a_frame = self.most_in_a_frame.most(&total.since(&self.at_frame));
            self.at_frame = total;
        }
    }
}

/// Traffic with a device, counted where it is used.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) submissions: AtomicU64,
    pub(super) waits: AtomicU64,
    ns_waited: AtomicU64,
    held_back: AtomicU64,
    ns_held_back: AtomicU64,
    pub(super) bytes_back: AtomicU64,
    pub(super) bytes_up: AtomicU64,
}

impl Traffic {
    /// Counts a wait that began at a time.
    pub(super) fn waited(&self, since: Instant) {
        self.waits.fetch_add(1, Relaxed);
        self.ns_waited.fetch_add(since.elapsed().as_nanos() as u64, Relaxed);
    }

    /// Counts a wait, which began at a time, for a device that was too far behind.
    pub(super) fn held_back(&self, since: Instant) {
        self.held_back.fetch_add(1, Relaxed);
        self.ns_held_back.fetch_add(since.elapsed().as_nanos() as u64, Relaxed);
    }

    /// Adds its counters.
    pub(super) fn add_to(&self, counts: &mut WorkCounts) {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        counts.submissions = of(&self.submissions);
        counts.waits = of(&self.waits);
        counts.ns_waited = of(&self.ns_waited);
        counts.held_back = of(&self.held_back);
        counts.ns_held_back = of(&self.ns_held_back);
        counts.bytes_back = of(&self.bytes_back);
        counts.bytes_up = of(&self.bytes_up);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_frame_is_kept_by_counter() {
        let mut work = DeviceWork::default();
        let none = BTreeMap::new();
        let counts = |draws, waits| WorkCounts { draws, waits, ..WorkCounts::default() };
        work.publish(counts(10, 1), &none, true);
        work.publish(counts(12, 8), &none, false);
        work.publish(counts(13, 9), &none, true);
        // The device was lost, and its counters with it.
        let reasons = BTreeMap::from([("tessellation".to_owned(), 2)]);
        work.publish(counts(14, 2), &reasons, true);
        assert_eq!((work.frames, work.total), (3, counts(14, 2)));
        assert_eq!((work.most_in_a_frame, work.fallbacks), (counts(10, 8), reasons));
    }

    #[test]
    fn holding_back_is_no_wait_for_results() {
        let traffic = Traffic::default();
        traffic.held_back(Instant::now());
        let mut counts = WorkCounts::default();
        traffic.add_to(&mut counts);
        assert_eq!((counts.waits, counts.held_back), (0, 1));
    }
}
