//! Header of a saved state: its conditions, and facts about its moment for people.

use super::Machine;
use crate::recording::RecordingHeader;
use crate::state_origin::{FILES, MODE, TICKS, this_program};
use anyhow::{Context, Result, bail};
use xenia_state::{StateFile, StateHeader};

impl Machine {
    /// Conditions that a state and its machine must share.
    pub(super) fn conditions(&self) -> Result<RecordingHeader> {
        match self.spec.no_states {
            Some(reason) => bail!("{reason}"),
            None => Ok(self.spec.conditions.clone().with_image(self.spec.image_digest.get())),
        }
    }

    /// The header of a state of this moment, in which this number of host files is open.
    pub(super) fn state_header(&self, files: usize) -> Result<StateHeader> {
        let conditions = serde_json::to_value(self.conditions()?)?;
        let position = self.position();
        let about = [
            ("title", self.spec.title.name.clone()),
            ("title id", self.spec.title.id.clone().unwrap_or_default()),
            ("instructions", position.instructions.to_string()),
            (TICKS, position.now.to_string()),
            ("frames", position.frames.to_string()),
            (FILES, files.to_string()),
            (MODE, self.inside.executor.mode().to_owned()),
        ];
        Ok(StateHeader {
            program: this_program(),
            conditions: conditions.as_object().cloned().unwrap_or_default(),
            about: about.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}

/// The conditions in a state's header.
pub(super) fn conditions_of(state: &StateFile) -> Result<RecordingHeader> {
    serde_json::from_value(state.header.conditions.clone().into()).context("the conditions in its header")
}

/// Refuses a state of other conditions than those of `other`.
pub(crate) fn check_conditions(state: &StateFile, other: &StateFile) -> Result<()> {
    conditions_of(state)?.check(&conditions_of(other)?)
}
