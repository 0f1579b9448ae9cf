//! Titles that other titles launched. A saved state of one has the executable, so that a machine
//! for it can be built without the previous titles.

use super::{Finished, Machine};
use crate::progress::EarlierTitles;
use crate::state_origin::cannot_load;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use xenia_kernel::title::{Inheritance, Launch};
use xenia_sched::Limits;
use xenia_state::StateSection;

/// A title that another title launched.
#[derive(Debug)]
pub struct Launched {
    /// Its executable, and the guest path of it.
    pub launch: Arc<Launch>,
    /// Totals of the previous titles.
    pub before: EarlierTitles,
    /// State that the previous title left; `None` if it is contained in a saved state.
    pub inheritance: Option<Inheritance>,
}

/// Starts titles that other titles launch, while a debugger stays.
pub(crate) trait Launcher {
    /// Puts the machine of the launched title in the ended one's place, and returns the limits of
    /// its run.
    ///
    /// # Errors
    /// No title was launched, it cannot be opened, or its machine cannot be built. The value is the
    /// end of the run.
    fn launch(&mut self, machine: &mut Machine, finished: Finished) -> Result<Limits, Box<Finished>>;
}

/// The launch of a title, in a saved state of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LaunchState {
    launch: Launch,
    launches: u64,
    instructions: u64,
    frames: u64,
}

impl StateSection for LaunchState {
    const NAME: &'static str = "launch";
    const VERSION: u16 = 4;
}

impl LaunchState {
    pub(super) fn of(launch: &Launch, before: &EarlierTitles) -> Self {
        let &EarlierTitles { launches, instructions, frames, machines: _, parts: _ } = before;
        Self { launch: launch.clone(), launches, instructions, frames }
    }
}

impl Launched {
    /// The launch in a state's file; `None` if the title was not launched by another one.
    ///
    /// # Errors
    /// Errors of reading, and damage. They name the file.
    pub fn in_state(path: &Path) -> Result<Option<Self>> {
        let state = super::read_state(path)?;
        if state.find(LaunchState::NAME).is_none() {
            return Ok(None);
        }
        let saved: LaunchState = state.get().with_context(|| cannot_load(path))?;
        let LaunchState { launch, launches, instructions, frames } = saved;
        let before = EarlierTitles { launches, instructions, frames, ..EarlierTitles::default() };
        Ok(Some(Self { launch: Arc::new(launch), before, inheritance: None }))
    }
}
