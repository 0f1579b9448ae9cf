//! Flags that save and load states.

use super::ExecArgs;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use xenia::machine::{SavePoint, StateOrigin};

/// Flags of saved states.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Run")]
pub struct StateArgs {
    /// After N instructions of the title, save the state of the whole machine to a file; may be
    /// repeated. Needs lockstep.
    #[arg(long, value_name = "N:FILE")]
    pub save_state: Vec<SavePoint>,
    /// Go on from a saved state of the same title and the same conditions. Limits such as -n still
    /// count from the title's start. The start time is the state's, and so is the mode, unless a
    /// flag asks for one. With --record the recording begins at the state; with --replay the state
    /// must be one of the recording's.
    #[arg(long, value_name = "FILE")]
    pub load_state: Option<PathBuf>,
}

impl ExecArgs {
    /// Takes over the mode and the start time of the state that is loaded, unless flags say
    /// otherwise.
    ///
    /// # Errors
    /// The state's file cannot be read.
    pub fn adopt_state(&mut self) -> Result<()> {
        let Some(path) = &self.states.load_state else { return Ok(()) };
        let StateOrigin { parallel, start_time } = StateOrigin::read(path)?;
        let needs_lockstep = self.wants_lockstep();
        let mode = &mut self.engine.mode;
        if !mode.parallel && !needs_lockstep {
            (mode.parallel, mode.lockstep) = (parallel, !parallel);
        }
        self.engine.start_time = self.engine.start_time.or(start_time);
        Ok(())
    }
}
