//! Parking: the executor's part of a wait, after the thread's system call.

use crate::{Cpu, Disposition, Running, System, Wait};

/// Parks threads whose calls return a wait.
pub(crate) trait Parks: Cpu {
    /// Puts the thread's registers back and parks it. If its wait has ended already, returns the
    /// thread and the value of the wake instead.
    fn try_park(&mut self, running: Running, wait: Wait) -> Option<(Running, u64)>;

    /// Parks a thread whose call returned this wait. If the wait has ended already, returns the
    /// thread and the disposition of its resumption.
    fn park_or_resume(
        &mut self,
        system: &mut impl System,
        mut running: Running,
        mut wait: Wait,
    ) -> Option<(Running, Disposition)>
    where
        Self: Sized,
    {
        loop {
            let value;
            (running, value) = self.try_park(running, wait)?;
            match system.resume_unparked(self, &mut running, value) {
                Disposition::Park(again) => wait = again,
                disposition => return Some((running, disposition)),
            }
        }
    }
}
