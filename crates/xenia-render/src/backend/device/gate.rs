//! Gate between submissions and a surface that is configured.
//!
//! wgpu waits for the device before it configures a surface. If another thread has submitted
//! meanwhile, it refuses, and drops the callbacks of all that was done by then: mappings would
//! never be known as made.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// Time between two polls of the gate.
const GATE_PERIOD: Duration = Duration::from_millis(1);
/// Maximum number of polls; then a submission or a configuration goes on, which may be refused.
const MAX_GATE_POLLS: u32 = if cfg!(test) { 60_000 } else { 500 };

/// Gate that submissions pass.
#[derive(Default)]
pub(super) struct SubmissionGate {
    is_closed: AtomicBool,
    /// Number of submissions being made.
    passing: AtomicU32,
}

/// A submission that passes the gate, until this is dropped.
#[must_use]
pub(super) struct PassingSubmission<'a>(&'a SubmissionGate);

/// The gate is closed until this is dropped.
#[must_use]
pub(super) struct ClosedGate<'a>(&'a SubmissionGate);

impl SubmissionGate {
    /// Waits until the gate is open.
    pub(super) fn pass(&self) -> PassingSubmission<'_> {
        for _ in 0..MAX_GATE_POLLS {
            // Counted first: either this finds the gate closed, or `close` finds this.
            let passing = self.count();
            if !self.is_closed.load(SeqCst) {
                return passing;
            }
            drop(passing);
            std::thread::sleep(GATE_PERIOD);
        }
        self.count()
    }

    fn count(&self) -> PassingSubmission<'_> {
        self.passing.fetch_add(1, SeqCst);
        PassingSubmission(self)
    }

    /// Closes the gate, and waits until no submission passes it.
    pub(super) fn close(&self) -> ClosedGate<'_> {
        self.is_closed.store(true, SeqCst);
        for _ in 0..MAX_GATE_POLLS {
            if self.passing.load(SeqCst) == 0 {
                break;
            }
            std::thread::sleep(GATE_PERIOD);
        }
        ClosedGate(self)
    }
}

impl Drop for PassingSubmission<'_> {
    fn drop(&mut self) {
        self.0.passing.fetch_sub(1, SeqCst);
    }
}

impl Drop for ClosedGate<'_> {
    fn drop(&mut self) {
        self.0.is_closed.store(false, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_closed_between_submissions() {
        let gate = SubmissionGate::default();
        drop(gate.close());
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let passing = gate.pass();
            let closing = scope.spawn(|| {
                let _closed = gate.close();
                assert!(is_over.load(SeqCst), "the submission before it");
            });
            while !gate.is_closed.load(SeqCst) && !closing.is_finished() {
                std::thread::yield_now();
            }
            // Time for a configuration that does not wait.
            std::thread::sleep(5 * GATE_PERIOD);
            assert!(!closing.is_finished());
            is_over.store(true, SeqCst);
            drop(passing);
        });
        is_over.store(false, SeqCst);
        let has_begun = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let closed = gate.close();
            let submitting = scope.spawn(|| {
                has_begun.store(true, SeqCst);
                let _passing = gate.pass();
                assert!(is_over.load(SeqCst), "the configuration before it");
            });
            while !has_begun.load(SeqCst) {
                std::thread::yield_now();
            }
            // Time for a submission that does not wait.
            std::thread::sleep(5 * GATE_PERIOD);
            assert!(!submitting.is_finished());
            is_over.store(true, SeqCst);
            drop(closed);
        });
        assert_eq!(gate.passing.load(SeqCst), 0);
    }
}
