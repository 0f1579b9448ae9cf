//! A debugger in this process that controls a machine, as gdb does from another one.

use super::history::History;
use super::{ActiveRun, Debugged, Machine};
use crate::say;
use anyhow::Result;
use xenia_sched::RunEnd;

/// A debugger that controls a run.
pub(in crate::machine) enum Debugger {
    /// gdb, for which the run waits at a socket.
    Gdb(xenia_gdb::Listener),
    /// A debugger of this process.
    FrontEnd(Box<dyn FrontEnd>),
}

/// A debugger of this process.
pub trait FrontEnd: Send {
    /// Controls the machine, which is stopped before its first instruction, until this returns;
    /// then the run ends.
    ///
    /// # Errors
    /// The debugger can't continue.
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()>;
}

impl Machine {
    /// Lets a debugger control the run, and returns why the run ended.
    pub(in crate::machine) fn debug_in(
        &mut self,
        front_end: &mut dyn FrontEnd,
        run: &mut ActiveRun<'_>,
    ) -> RunEnd {
        let history = History::begin(self, run.pace.is_some()).map_err(|error| say::chain(&error));
        let mut debugged = Debugged::new(self, run, history);
        debugged.notes = Some(Vec::new());
        let controlled = front_end.control(&mut debugged);
        let Debugged { machine, end, .. } = debugged;
        machine.inside.kernel.breakpoints.clear(&machine.inside.memory);
        if let Err(error) = controlled {
            machine.outside.write_errors.note(say::chain(&error));
        }
        end.unwrap_or(RunEnd::Stopped)
    }
}
