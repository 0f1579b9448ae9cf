//! Title launches under a debugger: the session continues in the launched title's machine.
//!
//! The launched title's machine takes the place of the ended one's: the session stays, and stops
//! before the first instruction. Addresses mean something else there, so no breakpoint and no watch
//! is taken over. The past begins there, too.

use super::history::History;
use super::{Debugged, Watches};
use crate::say;
use xenia_gdb::Debuggee;
use xenia_sched::{EndKind, RunEnd};

impl Debugged<'_, '_> {
    /// Goes to the title that the ended one has launched, if there is one. Returns its first
    /// thread.
    pub(super) fn follow_launch(&mut self, end: &RunEnd) -> Option<u32> {
        let has_launched = matches!(end, RunEnd::Ended(EndKind::Exit { .. }))
            && self.machine.inside.kernel.title.lock().launch.is_some();
        let launcher = has_launched.then(|| self.run.launcher.take()).flatten()?;
        self.lift();
        self.breakpoints.clear();
        self.watches = Watches::default();
        // The log of written pages ends with its memory.
        self.history = Err("the title has ended".to_owned());
        let has_pace = self.run.pace.is_some();
        let finished = self.machine.conclude(end.clone(), self.run);
        match launcher.launch(self.machine, finished) {
            Err(finished) => {
                self.run.concluded = Some(*finished);
                None
            }
            Ok(limits) => {
                *self.run = self.machine.begin(limits, self.notes.is_some());
                self.run.launcher = Some(launcher);
                self.history = History::begin(self.machine, has_pace).map_err(|error| say::chain(&error));
                self.is_edited = false;
                self.end = None;
                let name = self.machine.spec.title.name.clone();
                self.note(format!(
                    "the title launched {name}, which is stopped before its first instruction"
                ));
                self.threads().first().copied()
            }
        }
    }
}
