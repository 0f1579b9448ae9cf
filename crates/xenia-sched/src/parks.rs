//! Who parks threads: what an executor does when a thread's call has come to a wait.

use crate::{Cpu, Disposition, Running, System, Wait};

/// See the module's documentation.
pub(crate) trait Parks: Cpu {
    /// Puts the thread's registers back and parks it, or gives it back with the value that its wait
    /// was ended with before.
    fn park_or_go_on(&mut self, running: Running, wait: Wait) -> Option<(Running, u64)>;

    /// A thread's call has come to this wait: it parks. If the wait is over by now, the thread goes
    /// on, and this returns it, and what is left to do.
    fn settle(
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
            (running, value) = self.park_or_go_on(running, wait)?;
            match system.go_on(self, &mut running, value) {
                Disposition::Park(again) => wait = again,
                disposition => return Some((running, disposition)),
            }
        }
    }
}
