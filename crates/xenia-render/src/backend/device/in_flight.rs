//! Backpressure: limits on what a device has to do.

use std::collections::VecDeque;

/// Maximum number of submissions in flight; a further one waits for the oldest (backpressure).
pub(super) const MAX_IN_FLIGHT: usize = 64;
/// Maximum number of frames in flight: the device draws one while the next is recorded.
pub(super) const MAX_FRAMES_IN_FLIGHT: usize = 2;

/// Submissions that the device may not have executed yet.
#[derive(Default)]
pub(super) struct InFlight {
    /// Numbers of submissions, in order.
    pub(super) submissions: VecDeque<(u64, wgpu::SubmissionIndex)>,
    /// Last submission of each frame.
    pub(super) frames: VecDeque<(u64, wgpu::SubmissionIndex)>,
    /// Number of submissions so far.
    pub(super) count: u64,
}

impl InFlight {
    /// Forgets the submissions that the device has executed: those up to a number.
    pub(super) fn forget(&mut self, executed: u64) {
        for list in [&mut self.submissions, &mut self.frames] {
            while list.pop_front_if(|(number, _)| *number <= executed).is_some() {}
        }
    }

    /// Submission that must be executed before there may be others.
    pub(super) fn excess(&self) -> Option<wgpu::SubmissionIndex> {
        let of = |list: &VecDeque<(u64, wgpu::SubmissionIndex)>, most| {
            // The newest one of the surplus: those before it end first.
            list.len().checked_sub(most + 1).map(|last| list[last].1.clone())
        };
        of(&self.frames, MAX_FRAMES_IN_FLIGHT).or_else(|| of(&self.submissions, MAX_IN_FLIGHT))
    }
}
