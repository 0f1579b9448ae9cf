//! The file of recorded contention for locks.

use super::Machine;
use crate::output;
use crate::say;
use crate::wording::count;
use xenia_sched::MAX_RECORDED_CONTENTIONS;

impl Machine {
    /// Writes the recorded contention, if it was requested.
    pub(super) fn write_contention(&mut self) {
        let Some(path) = &self.spec.record_contention else { return };
        let recorded = self.inside.executor.take_recorded_contention().unwrap_or_default();
        let written =
            recorded.to_manifest().map_err(Into::into).and_then(|text| output::write(path, text.as_bytes()));
        if let Err(error) = written {
            self.outside.write_errors.note(say::chain(&error));
        }
        if recorded.left_out > 0 {
            self.outside.write_errors.note(format!(
                "{} lacks {} beyond the first {}",
                path.display(),
                count(recorded.left_out, "contention"),
                count(MAX_RECORDED_CONTENTIONS as u64, "contention"),
            ));
        }
    }
}
