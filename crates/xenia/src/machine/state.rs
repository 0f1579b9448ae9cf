//! Saved states of a machine: its sections, the header with the conditions, saving and loading.
//!
//! A state is saved between two runs, where no guest code runs below a host frame, so the inside of
//! the machine is all of it. It is loaded into a machine that was built for the same title under
//! the same conditions and has not run. If that fails, the machine must be discarded; other
//! machines are not affected. The format is specified in `docs/src/states.md`.

use super::Machine;
use super::engine::reservations;
use crate::config::{CpuConfig, ExecutorConfig, StartTime};
use crate::output::AtomicFile;
use crate::recording::{RecordingHeader, RecordingState};
use crate::source;
use anyhow::{Context, Result, bail};
use std::io::{BufWriter, Write};
use std::path::Path;
use xenia_audio::xma::XmaState;
use xenia_cpu::ReservationMode;
use xenia_gpu::GpuState;
use xenia_kernel::files::FilesState;
use xenia_kernel::vfs::SavedBytes;
use xenia_kernel::{AreasState, CoreState};
use xenia_memory::{MemoryState, PagesState};
use xenia_sched::ExecutorState;
use xenia_state::{MAX_HEADER, StateError, StateFile, StateHeader, StateSection, StoredSection};

/// Key and value of the mode among the facts of a header.
const MODE: &str = "mode";
const PARALLEL: &str = "parallel";

/// Most bytes of a state's file.
const MAX_FILE: u64 = 4 << 30;

/// Reason why runs with these options have no states.
pub(super) fn refusal(cpu: &CpuConfig, mode: &ExecutorConfig, is_launched: bool) -> Option<&'static str> {
    if is_launched {
        return Some("a title that another title has started has no states");
    }
    if cpu.cross_check.is_some() {
        return Some("the second machine of --cross-check has no states: leave it out");
    }
    let keeps_table = !mode.parallel && reservations(cpu, mode) != ReservationMode::Context;
    keeps_table.then_some("the table of --reservations-table is not saved: leave it out")
}

impl Machine {
    /// The state of the machine between two runs.
    ///
    /// # Errors
    /// The machine holds something of the host that no file can hold, such as a socket.
    pub fn save_state(&mut self) -> Result<StateFile> {
        let mut state = StateFile::new(self.state_header(&self.conditions()?)?);
        if let Some(recorded) = &self.outside.recorded {
            state.put(&recorded.state())?;
        }
        let inside = &self.inside;
        state.put(&inside.executor.state().context("threads")?)?;
        state.put(&CoreState::of(&inside.kernel))?;
        state.put(&AreasState::of(&inside.kernel).context("the kernel")?)?;
        let (files, contents) = FilesState::of(&inside.kernel).context("files")?;
        state.put(&files)?;
        for (bytes, number) in contents.into_parts().into_iter().zip(0..) {
            state.put_stored(StoredSection { name: contents_name(number), version: 1, bytes })?;
        }
        // The graphics chip may write late effects to memory, so memory comes after it.
        state.put(&inside.processor.lock().machine_state().context("graphics")?)?;
        state.put(&inside.xma.state())?;
        state.put(&inside.memory.state())?;
        let mut pages = Vec::new();
        inside.memory.pages_state(|piece| {
            let number = pages.len();
            pages.push(StoredSection::encode_numbered(&piece, number));
        });
        for piece in pages {
            state.put_stored(piece?)?;
        }
        Ok(state)
    }

    /// Loads a state into this machine, which must not have run.
    ///
    /// # Errors
    /// A state of another title or of other conditions, or one that no machine can be in. This
    /// machine is discarded then.
    pub fn load_state(mut self, state: &StateFile) -> Result<Self> {
        match self.replace_inside(state) {
            Ok(()) => Ok(self),
            Err(error) => {
                self.discard();
                Err(error)
            }
        }
    }

    /// Replaces the inside by that of a state. After an error it is neither the old one nor the new
    /// one.
    fn replace_inside(&mut self, state: &StateFile) -> Result<()> {
        conditions_of(state)?.check(&self.conditions()?)?;
        if self.inside.executor.instructions() != 0 {
            bail!("the machine has run already");
        }
        if let Some(recorded) = &self.outside.recorded {
            let saved = state.find(RecordingState::NAME).map(StoredSection::decode).transpose()?;
            recorded.begin_at(state.identity(), saved.as_ref())?;
        }
        let pages = state.get_numbered::<PagesState>().collect::<Result<Vec<_>, _>>()?;
        let contents = (0..).map_while(|number| state.find(&contents_name(number)));
        let contents = SavedBytes::new(contents.map(|section| section.bytes.clone()).collect());
        let inside = &mut self.inside;
        inside.executor.restore(state.get()?).map_err(refused::<ExecutorState>)?;
        let now = inside.executor.now();
        inside.memory.restore(&state.get::<MemoryState>()?, pages).map_err(refused::<MemoryState>)?;
        let kernel = &inside.kernel;
        let uses = state.get::<CoreState>()?.restore(kernel).map_err(refused::<CoreState>)?;
        state.get::<AreasState>()?.restore(kernel, now).map_err(refused::<AreasState>)?;
        state.get::<FilesState>()?.restore(kernel, contents).map_err(refused::<FilesState>)?;
        kernel.objects.settle_uses(uses);
        inside.processor.lock().restore_machine(&state.get()?).map_err(refused::<GpuState>)?;
        inside.xma.restore(state.get()?).map_err(refused::<XmaState>)?;
        AreasState::resume_ports(kernel, now);
        Ok(())
    }

    /// Saves the state to a file, which is replaced only when the new one is whole and on the disk.
    ///
    /// # Errors
    /// As [`Self::save_state`]; errors of writing.
    pub fn save_state_to(&mut self, path: &Path) -> Result<()> {
        write_state(&self.save_state()?, path)
    }

    /// Loads the state in a file.
    ///
    /// # Errors
    /// As [`Self::load_state`]; errors of reading, and damage. All name the file.
    pub fn load_state_from(self, path: &Path) -> Result<Self> {
        match read_state(path) {
            Ok(state) => self.load_state(&state).with_context(|| cannot_load(path)),
            Err(error) => {
                self.discard();
                Err(error)
            }
        }
    }

    /// Conditions that a state and its machine must share.
    fn conditions(&self) -> Result<RecordingHeader> {
        match self.spec.no_states {
            Some(reason) => bail!("{reason}"),
            None => Ok(self.spec.conditions.clone().with_image(self.spec.image_digest.get())),
        }
    }

    fn state_header(&self, conditions: &RecordingHeader) -> Result<StateHeader> {
        let conditions = serde_json::to_value(conditions)?;
        let position = self.position();
        let about = [
            ("title", self.spec.title.name.clone()),
            ("title id", self.spec.title.id.clone().unwrap_or_default()),
            ("instructions", position.instructions.to_string()),
            ("guest ticks", position.now.to_string()),
            ("frames", position.frames.to_string()),
            (MODE, self.inside.executor.mode().to_owned()),
        ];
        Ok(StateHeader {
            program: format!("xenia-rs {}", env!("CARGO_PKG_VERSION")),
            conditions: conditions.as_object().cloned().unwrap_or_default(),
            about: about.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}

/// The conditions in a state's header.
fn conditions_of(state: &StateFile) -> Result<RecordingHeader> {
    serde_json::from_value(state.header.conditions.clone().into()).context("the conditions in its header")
}

/// Refuses a state of other conditions than those of `other`.
pub(crate) fn check_conditions(state: &StateFile, other: &StateFile) -> Result<()> {
    conditions_of(state)?.check(&conditions_of(other)?)
}

/// Writes a state to a file, which is replaced only when the new one is whole and on the disk.
///
/// # Errors
/// Errors of writing.
pub(super) fn write_state(state: &StateFile, path: &Path) -> Result<()> {
    let mut draft = AtomicFile::new(path)?;
    let cannot = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(&mut draft.file);
    state.write(&mut out).and_then(|()| out.flush()).with_context(cannot)?;
    drop(out);
    draft.sync().with_context(cannot)?;
    draft.keep()
}

/// Reads the file of a state.
///
/// # Errors
/// Errors of reading, and damage. They name the file.
pub(crate) fn read_state(path: &Path) -> Result<StateFile> {
    let bytes = source::large_bytes(path, MAX_FILE).with_context(|| cannot_load(path))?;
    StateFile::read(&bytes).with_context(|| cannot_load(path))
}

/// Conditions of a state that the run which loads it takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateOrigin {
    /// Whether it was saved in parallel mode.
    pub parallel: bool,
    /// Start of guest time.
    pub start_time: Option<StartTime>,
}

impl StateOrigin {
    /// The origin of the state in a file.
    ///
    /// # Errors
    /// Errors of reading, and damage of the header. They name the file.
    pub fn read(path: &Path) -> Result<Self> {
        let start =
            source::first_bytes(path, u64::from(MAX_HEADER) + 64).with_context(|| cannot_load(path))?;
        let header = StateFile::read_header(&start).with_context(|| cannot_load(path))?;
        let start_time = header.conditions.get("start_time").and_then(serde_json::Value::as_u64);
        Ok(Self {
            parallel: header.about.get(MODE).is_some_and(|mode| mode == PARALLEL),
            start_time: start_time.map(StartTime::At),
        })
    }
}

/// Name of a section with contents of files, whose bytes are stored as they are.
fn contents_name(number: usize) -> String {
    format!("contents/{number}")
}

fn cannot_load(path: &Path) -> String {
    format!("cannot load {}", path.display())
}

/// The error for a section whose values were refused.
fn refused<S: StateSection>(reason: xenia_state::Impossible) -> StateError {
    StateError::contents(S::NAME, &reason)
}
