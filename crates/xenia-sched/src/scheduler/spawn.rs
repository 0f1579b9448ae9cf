//! Creation of threads.

use super::Scheduler;
use crate::new_thread::make_thread;
use crate::{SchedError, SpawnParameters, ThreadRef};

impl Scheduler {
    /// Creates a thread. First frees unreferenced exited threads once its slot has several.
    pub fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        let slot = parameters.slot().inspect_err(|_| self.thread_table.counters.spawn_rejected += 1)?;
        let slots = &mut self.slots;
        let reference = self.thread_table.add(slot, &self.common.directory, |ended, slot| {
            if let Some(slot) = slots.get_mut(usize::from(slot)) {
                // Without a record there is nothing to free.
                let _ = slot.records.remove(ended);
            }
        })?;
        let (thread, wait) = make_thread(parameters, reference, slot, self.common.quantum);
        let (slot, moment) = self.slot_and_moment(reference)?;
        slot.add(moment, thread, wait)?;
        Ok(reference)
    }
}
