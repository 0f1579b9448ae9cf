//! A long run that is cut into pieces, which are checked apart: each goes from one state to the
//! next, on any machine and at any time.
//!
//! The states are files of a folder, numbered from 1. Piece 0 goes from the title's start to state
//! 1, piece N from state N to state N + 1, and the last one to the end of the run. A piece is right
//! if it ends in exactly the next state; if all are, the whole run ends as the last one does.

use crate::machine::Machine;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia_sched::RunEnd;
use xenia_state::StateFile;

/// Maximum number of states of a run.
pub const MAX_STATES: u32 = 9999;

/// A folder with the states of a run.
#[derive(Clone, Debug)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// The states in `folder`, which is made if it is missing and will be written to.
    ///
    /// # Errors
    /// The folder cannot be made, or has states already.
    pub fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let states = Self(folder.to_owned());
        if states.has(1) {
            bail!("{} has states already: name another folder", folder.display());
        }
        Ok(states)
    }

    /// The states in `folder`.
    ///
    /// # Errors
    /// The folder has no states.
    pub fn open(folder: &Path) -> Result<Self> {
        let states = Self(folder.to_owned());
        if !states.has(1) {
            bail!("{} has no states: check --relay N --keep-states writes them", folder.display());
        }
        Ok(states)
    }

    /// The file of a state.
    pub fn path(&self, number: u32) -> PathBuf {
        self.0.join(format!("{number:04}.state"))
    }

    fn has(&self, number: u32) -> bool {
        self.path(number).is_file()
    }

    /// Number of states: those without a gap from the first.
    pub fn count(&self) -> u32 {
        (1..=MAX_STATES).take_while(|&number| self.has(number)).count() as u32
    }

    /// Writes the state with this number.
    pub(crate) fn keep(&self, number: u32, state: &[u8]) -> Result<()> {
        if number > MAX_STATES {
            bail!("a run has {MAX_STATES} states at most: cut it less often");
        }
        crate::output::write(&self.path(number), state)
    }
}

/// A piece of a run; by default the whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPiece {
    /// The state at its start; `None`: the title's start.
    pub start: Option<PathBuf>,
    /// The state at its end; `None`: the end of the run.
    pub next: Option<PathBuf>,
}

impl RunPiece {
    /// The piece with this number.
    ///
    /// # Errors
    /// The folder has fewer states than `number`.
    pub fn of(states: &StateFolder, number: u32) -> Result<Self> {
        let count = states.count();
        if number > count {
            bail!("there are pieces 0 to {count} in {}, and no {number}", states.0.display());
        }
        let start = (number > 0).then(|| states.path(number));
        Ok(Self { start, next: (number < count).then(|| states.path(number + 1)) })
    }
}

/// How a piece ended that is not the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceEnd {
    /// In the next state.
    Same,
    /// In another state: the first part that differs.
    Different(String),
    /// Before the next state.
    Short,
}

/// The state in which a piece must end.
#[derive(Debug)]
pub struct NextState {
    state: StateFile,
    /// Number of instructions before it.
    pub instructions: u64,
}

impl NextState {
    /// Reads the state in a file.
    ///
    /// # Errors
    /// The file cannot be read, or lacks the position at which it was saved.
    pub fn read(path: &Path) -> Result<Self> {
        let state = crate::machine::read_state(path)?;
        let saved_at = state.header.about.get("instructions").and_then(|count| count.parse().ok());
        let instructions = saved_at
            .with_context(|| format!("{} lacks the position at which it was saved", path.display()))?;
        Ok(Self { state, instructions })
    }

    /// Compares a machine that has run to it, and ended so.
    ///
    /// # Errors
    /// The machine cannot be saved.
    pub fn compare(&self, machine: &mut Machine, end: &RunEnd) -> Result<PieceEnd> {
        if *end != RunEnd::Instructions {
            return Ok(PieceEnd::Short);
        }
        let difference = first_difference(&machine.save_state()?, &self.state);
        Ok(difference.map_or(PieceEnd::Same, PieceEnd::Different))
    }
}

/// The first part in which two states differ.
pub(crate) fn first_difference(one: &StateFile, other: &StateFile) -> Option<String> {
    if let Err(why) = crate::machine::check_conditions(one, other) {
        return Some(format!("the conditions: {why:#}"));
    }
    let names = |state: &StateFile| -> Vec<String> {
        state.sections().iter().map(|section| section.name.clone()).collect()
    };
    if names(one) != names(other) {
        return Some("the list of sections".to_owned());
    }
    let mut pairs = one.sections().iter().zip(other.sections());
    pairs.find(|(one, other)| one != other).map(|(one, _)| format!("section {}", one.name))
}
