//! Counters of the backend, for reports.

use super::{PipelineCounters, TargetCounters, TextureCounters, VertexCounters, WgpuBackend, WorkCounts};

/// Counters of the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WgpuCounters {
    /// Number of recorded draws.
    pub draws: u64,
    /// Number of render passes of these draws.
    pub passes: u64,
    /// Number of command submissions.
    pub submissions: u64,
    /// Counters of compiled pipelines.
    pub pipelines: PipelineCounters,
    /// Transfers between EDRAM and host textures.
    pub targets: TargetCounters,
    /// Counters of the texture cache.
    pub textures: TextureCounters,
    /// Counters of vertex data.
    pub vertices: VertexCounters,
    /// Resolves whose texels stayed on the device.
    pub resolves_on_device: u64,
    /// Resolves whose texels the CPU tiled.
    pub resolves_through_cpu: u64,
    /// Current bytes of resolved pages on the device.
    pub resolved_bytes: u64,
    /// Draws made by the reference backend, by the feature that the host lacks.
    pub fallbacks: std::collections::BTreeMap<String, u64>,
    /// Number of these that could reach tiles of the EDRAM.
    pub edram_trips: u64,
    /// Draws of rectangles, points and lines whose vertices the CPU shaded, by the reason for it.
    pub expanded: std::collections::BTreeMap<String, u64>,
    /// Number of times that the device was lost.
    pub losses: u64,
}

impl WgpuBackend {
    /// Snapshot of the counters.
    pub fn counters(&self) -> WgpuCounters {
        WgpuCounters {
            draws: self.draws,
            passes: self.recording.passes(),
            submissions: self.submissions,
            pipelines: self.pipelines.tally().counters(),
            targets: self.targets.counters(),
            textures: self.textures.counters(),
            vertices: self.vertices.counters(),
            resolves_on_device: self.resolves_on_device,
            resolves_through_cpu: self.resolves_through_cpu,
            resolved_bytes: self.mirror.bytes(),
            fallbacks: self.fallback.reasons().clone(),
            edram_trips: self.fallback.edram_trips(),
            expanded: self.fallback.expanded().clone(),
            losses: self.recovery.losses(),
        }
    }

    /// Publishes the counters, at the end of a frame if `is_frame`.
    pub(super) fn publish(&self, is_frame: bool) {
        let targets = self.targets.counters();
        let textures = self.textures.counters();
        let mut counts = WorkCounts {
            draws: self.draws,
            passes: self.recording.passes(),
            groups_made: self.groups.made(),
            textures_made: textures.made,
            levels_decoded: textures.decoded,
            textures_dropped: textures.dropped,
            index_bytes: self.indices.uploaded,
            epoch_misses: textures.checks,
            fallback_draws: self.fallback.reasons().values().sum(),
            edram_trips: self.fallback.edram_trips(),
            expanded_draws: self.fallback.expanded_draws,
            resolves_through_cpu: self.resolves_through_cpu,
            queries: self.occlusion.queries(),
            survey_waits: self.occlusion.survey_waits,
            tiles_dumped: targets.dumped,
            tiles_loaded: targets.loaded,
            validation_errors: self.device.validation_errors(),
            ..WorkCounts::default()
        };
        self.device.traffic.add_to(&mut counts);
        self.pipelines.tally().publish(counts, self.fallback.reasons(), is_frame);
    }
}

impl Drop for WgpuBackend {
    fn drop(&mut self) {
        tracing::debug!(target: "gpu", counters = ?self.counters(), "the host's GPU has drawn");
    }
}
