//! Saved states of a machine: its sections, saving and loading.
//!
//! A state is saved between two runs, where no guest code runs below a host frame, so the inside of
//! the machine is all of it. It is loaded into a machine that was built for the same title under
//! the same conditions, or into the machine itself, which goes back. If that fails, the machine
//! must be discarded; other machines are not affected. The format is specified in
//! `docs/src/states.md`.

use super::Machine;
use super::engine::reservations;
use super::launched::LaunchState;
use super::parts::MachineInside;
use super::state_header::conditions_of;
use crate::config::{CpuConfig, ExecutorConfig};
use crate::event_log::EventLog;
use crate::output::AtomicFile;
use crate::recording::{RecordingState, RunRecording};
use crate::source;
use crate::state_origin::{StateOrigin, StateRefusal, cannot_load};
use anyhow::{Context, Result, anyhow, bail};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use xenia_audio::xma::XmaState;
use xenia_cpu::ReservationMode;
use xenia_gpu::{CommandProcessor, GpuState};
use xenia_guest::PAGE_SIZE;
use xenia_kernel::files::{ChangedFiles, FilesState};
use xenia_kernel::vfs::SavedBytes;
use xenia_kernel::{AreasState, CoreState};
use xenia_memory::{COMMIT_LIMIT, GuestMemory, MemoryState, PagesState};
use xenia_sched::ExecutorState;
use xenia_state::{
    Impossible, MAX_SECTION, SectionBound, StateError, StateFile, StateHeader, StateSection, StateWriter,
    StoredSection, Unsaveable, find, get,
};

/// Maximum size of a state file in bytes.
const MAX_FILE: u64 = 4 << 30;

/// Name of the sections with contents of files, before their number.
const CONTENTS: &str = "contents";

/// Sections of a state, each with its largest size. Committed memory has a limit; in the worst case
/// its list has one run-length entry (16 bytes) a page. The contents of files are those of three
/// disks in memory, 256 MiB each, and 64 MiB of temporary files.
const BOUNDS: [SectionBound; 11] = [
    bound::<ExecutorState>(MAX_SECTION),
    bound::<CoreState>(MAX_SECTION),
    bound::<AreasState>(MAX_SECTION),
    bound::<FilesState>(MAX_SECTION),
    bound::<GpuState>(MAX_SECTION),
    bound::<XmaState>(MAX_SECTION),
    bound::<MemoryState>(MAX_SECTION),
    bound::<RecordingState>(MAX_SECTION),
    bound::<LaunchState>(MAX_SECTION),
    bound::<PagesState>(COMMIT_LIMIT as u64 / PAGE_SIZE as u64 * (PAGE_SIZE as u64 + 16)),
    SectionBound { name: CONTENTS, bytes: 1 << 30 },
];

/// The bound of sections of type `S`.
const fn bound<S: StateSection>(bytes: u64) -> SectionBound {
    SectionBound { name: S::NAME, bytes }
}

/// The sections of a state but for the contents of pages, decoded.
pub(super) struct StateParts {
    executor: ExecutorState,
    core: CoreState,
    areas: AreasState,
    files: FilesState,
    contents: SavedBytes,
    pub(super) gpu: GpuState,
    xma: XmaState,
    memory: MemoryState,
}

impl StateParts {
    /// Encodes the sections.
    pub(super) fn encode(self) -> Result<Vec<StoredSection>> {
        let Self { executor, core, areas, files, contents, gpu, xma, memory } = self;
        let mut sections = vec![
            StoredSection::encode(&executor)?,
            StoredSection::encode(&core)?,
            StoredSection::encode(&areas)?,
            StoredSection::encode(&files)?,
            StoredSection::encode(&gpu)?,
            StoredSection::encode(&xma)?,
            StoredSection::encode(&memory)?,
        ];
        // Last, so that their number moves no other section.
        let contents = contents.into_parts().into_iter().zip(0..);
        let contents = contents.map(|(bytes, number)| (contents_name(number), bytes));
        sections.extend(contents.map(|(name, bytes)| StoredSection { name, version: 1, bytes }));
        Ok(sections)
    }

    /// The values of sections.
    fn decode(sections: &[StoredSection]) -> Result<Self, StateError> {
        let contents =
            (0..).map_while(|number| find(sections, &contents_name(number)).map(|found| found.bytes.clone()));
        Self::with_contents(sections, contents.collect())
    }

    /// The values of sections that nothing else needs, so that no contents of files are copied.
    pub(super) fn of_own(mut sections: Vec<StoredSection>) -> Result<Self, StateError> {
        let mut contents = Vec::new();
        for number in 0.. {
            let name = contents_name(number);
            let Some(found) = sections.iter_mut().find(|section| section.name == name) else { break };
            contents.push(std::mem::take(&mut found.bytes));
        }
        Self::with_contents(&sections, contents)
    }

    fn with_contents(sections: &[StoredSection], contents: Vec<Vec<u8>>) -> Result<Self, StateError> {
        Ok(Self {
            executor: get(sections)?,
            core: get(sections)?,
            areas: get(sections)?,
            files: get(sections)?,
            contents: SavedBytes::new(contents),
            gpu: get(sections)?,
            xma: get(sections)?,
            memory: get(sections)?,
        })
    }
}

impl MachineInside {
    /// All but the contents of pages.
    pub(super) fn state_parts(&mut self) -> Result<StateParts> {
        self.parts(CommandProcessor::machine_state)
    }

    /// As [`Self::state_parts`], without the EDRAM.
    pub(super) fn parts_without_edram(&mut self) -> Result<StateParts> {
        self.parts(CommandProcessor::state_without_edram)
    }

    fn parts(
        &mut self,
        gpu: impl FnOnce(&mut CommandProcessor) -> Result<GpuState, Unsaveable>,
    ) -> Result<StateParts> {
        let executor = self.executor.state().context("threads")?;
        let core = CoreState::of(&self.kernel);
        let areas = AreasState::of(&self.kernel).context("the kernel")?;
        let (files, contents) = FilesState::of(&self.kernel).context("files")?;
        // The graphics chip may write late effects to memory, so memory comes after it.
        let gpu = gpu(&mut self.processor.lock()).context("graphics")?;
        let xma = self.xma.state();
        let memory = self.memory.state();
        Ok(StateParts { executor, core, areas, files, contents, gpu, xma, memory })
    }

    /// Replaces everything. After an error it is neither the old one nor the new one.
    fn replace(
        &mut self,
        parts: StateParts,
        has_run: bool,
        put_memory: impl FnOnce(&GuestMemory, &MemoryState) -> Result<(), Impossible>,
    ) -> Result<(), StateError> {
        let StateParts { executor, core, areas, files, contents, gpu, xma, memory } = parts;
        if has_run {
            // Late effects belong to the memory that is replaced.
            self.processor.lock().finish_effects();
            CoreState::release_all(&self.kernel);
        }
        self.executor.restore(executor).map_err(refused::<ExecutorState>)?;
        let now = self.executor.now();
        put_memory(&self.memory, &memory).map_err(refused::<MemoryState>)?;
        if has_run {
            self.executor.reset_change_counts();
        }
        let kernel = &self.kernel;
        let uses = core.restore(kernel).map_err(refused::<CoreState>)?;
        let changed = if has_run { ChangedFiles::Opened } else { ChangedFiles::Refused };
        let areas = areas.restore(kernel, now).map_err(refused::<AreasState>);
        let restored =
            areas.and_then(|()| files.restore(kernel, contents, changed).map_err(refused::<FilesState>));
        // Also after an error, as a state of another moment may follow.
        kernel.objects.settle_uses(uses);
        restored?;
        self.processor.lock().restore_machine(&gpu).map_err(refused::<GpuState>)?;
        self.xma.restore(xma).map_err(refused::<XmaState>)?;
        AreasState::resume_ports(kernel, now);
        Ok(())
    }
}

/// Reason why runs with these options have no states.
pub(super) fn refusal(cpu: &CpuConfig, mode: &ExecutorConfig) -> Option<&'static str> {
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
        let (header, sections) = self.small_sections()?;
        let mut state = StateFile::new(header);
        for section in sections {
            state.put_stored(section)?;
        }
        self.page_sections(|section| Ok(state.put_stored(section)?))?;
        Ok(state)
    }

    /// The state of a machine whose run continues in another machine; this machine is discarded.
    ///
    /// # Errors
    /// As [`Self::save_state`]; errors of writing the event log.
    pub(crate) fn hand_over(mut self) -> Result<StateFile> {
        let state = self.save_state();
        let loss = self.outside.event_log.as_ref().and_then(EventLog::finish);
        self.discard();
        loss.map_or(state, |loss| Err(anyhow!(loss)))
    }

    /// The header, and all sections but for the contents of pages.
    fn small_sections(&mut self) -> Result<(StateHeader, Vec<StoredSection>)> {
        // Fails first of all if the machine does not support states.
        self.conditions()?;
        let recorded = self.outside.recorded.as_ref().map(RunRecording::state);
        let recorded = recorded.map(|state| StoredSection::encode(&state)).transpose()?;
        let launch = self.spec.launch.as_ref().map(|(launch, before)| LaunchState::of(launch, before));
        let launch = launch.map(|launch| StoredSection::encode(&launch)).transpose()?;
        let parts = self.inside.state_parts()?;
        let header = self.state_header(parts.files.opened_by_path())?;
        Ok((header, recorded.into_iter().chain(launch).chain(parts.encode()?).collect()))
    }

    /// Passes the contents of pages to `each`, piece by piece.
    fn page_sections(&self, mut each: impl FnMut(StoredSection) -> Result<()>) -> Result<()> {
        let mut number = 0;
        self.inside.memory.pages_state(|piece| {
            let section = StoredSection::encode_numbered(&piece, number)?;
            number += 1;
            each(section)
        })
    }

    /// Lets this machine, which must not have run, begin at a state; its recording and its event
    /// log begin there, too.
    ///
    /// # Errors
    /// A state of another title or of other conditions, or one that no machine can be in. This
    /// machine is discarded then.
    pub(crate) fn load_state(mut self, state: &StateFile) -> Result<Self> {
        let loaded = if self.inside.executor.instructions() == 0 {
            self.begin_at(state)
        } else {
            Err(anyhow!("the machine has run already"))
        };
        match loaded {
            Ok(()) => Ok(self),
            Err(error) => {
                self.discard();
                Err(error)
            }
        }
    }

    fn begin_at(&mut self, state: &StateFile) -> Result<()> {
        self.begin_recording_at(state)?;
        self.go_to(state)?;
        self.begins_at_state = true;
        // The machine had to be made at the title's start.
        self.outside.event_log.as_ref().map_or(Ok(()), EventLog::forget_start).context("the event log")
    }

    /// Lets the recording that the run makes or replays begin at a state.
    fn begin_recording_at(&self, state: &StateFile) -> Result<()> {
        let Some(recorded) = &self.outside.recorded else { return Ok(()) };
        let saved = state.find(RecordingState::NAME).map(StoredSection::decode).transpose()?;
        // The state's conditions are checked first: for a state of another title, other errors do
        // not matter.
        conditions_of(state)?.check(&self.conditions()?)?;
        recorded.begin_at(state.identity(), saved.as_ref())
    }

    /// Goes to a state of this machine, or of another one for the same title under the same
    /// conditions. Compiled code of unchanged memory is kept. Nothing on the host is undone:
    /// neither printed nor recorded output, nor writes to files. If this machine has run, open
    /// files of the host that have changed since are opened as they are. A machine that records or
    /// replays does not go to a state, but [can begin at one](super::MachineOptions::state).
    ///
    /// # Errors
    /// A state of another title or of other conditions, or one that no machine can be in; this
    /// machine holds something that cannot be left, such as a socket of the host. The machine must
    /// be discarded if it [is broken](Self::is_broken) then, and is unchanged otherwise.
    pub fn restore(&mut self, state: &StateFile) -> Result<()> {
        self.check_returns()?;
        self.go_to(state)
    }

    fn go_to(&mut self, state: &StateFile) -> Result<()> {
        conditions_of(state)?.check(&self.conditions()?)?;
        let checked = |pages: PagesState| pages.check().map(|()| pages).map_err(refused::<PagesState>);
        let pages = state.get_numbered::<PagesState>().map(|pages| pages.and_then(checked));
        let pages = pages.collect::<Result<Vec<_>, StateError>>()?;
        let parts = StateParts::decode(state.sections())?;
        if let Some(rewind) = &mut self.outside.rewind {
            rewind.note_restore();
        }
        self.replace_inside(parts, |memory, state| memory.restore(state, pages))
    }

    /// Replaces the inside by that of `parts`, with the memory that `put_memory` makes.
    pub(super) fn replace_inside(
        &mut self,
        parts: StateParts,
        put_memory: impl FnOnce(&GuestMemory, &MemoryState) -> Result<(), Impossible>,
    ) -> Result<()> {
        let has_run = self.has_run();
        if has_run {
            self.check_restores()?;
            // A machine that cannot be saved cannot be left behind, either.
            AreasState::of(&self.inside.kernel).context("the machine cannot go back")?;
        }
        self.is_broken = true;
        if has_run {
            self.outside.devices.start_over();
        }
        self.inside.replace(parts, has_run, put_memory)?;
        self.is_broken = false;
        Ok(())
    }

    fn has_run(&self) -> bool {
        self.inside.executor.instructions() != 0
    }

    /// Checks that this machine can go back.
    ///
    /// # Errors
    /// The machine's configuration does not support states, or the run is recorded or replayed.
    pub(super) fn check_returns(&self) -> Result<()> {
        self.check_restores()?;
        if self.outside.recorded.is_some() {
            bail!("a run that is replayed does not go back, except under gdb");
        }
        Ok(())
    }

    /// Checks that this machine can go back if the recording that it replays does so, too.
    ///
    /// # Errors
    /// The configuration does not support states, or the run is recorded.
    pub(super) fn check_restores(&self) -> Result<()> {
        if let Some(reason) = self.spec.no_states {
            bail!("{reason}");
        }
        if self.outside.recorded.as_ref().is_some_and(|recorded| recorded.mark().is_none()) {
            bail!("a recorded run cannot load states: leave out --record");
        }
        Ok(())
    }

    /// Whether a state was loaded before the first run.
    pub(crate) fn begins_at_state(&self) -> bool {
        self.begins_at_state
    }

    /// Whether a restore has failed and left neither the old state nor the new one.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Saves the state to a file, which is replaced only when the new one is whole and on the disk.
    ///
    /// # Errors
    /// As [`Self::save_state`]; errors of writing.
    pub fn save_state_to(&mut self, path: &Path) -> Result<()> {
        let (header, sections) = self.small_sections()?;
        let most = sections.len() + self.inside.memory.max_pieces();
        write_atomically(path, |out| {
            let mut writer = StateWriter::begin(out, header, most)?;
            sections.into_iter().try_for_each(|section| writer.put(section))?;
            self.page_sections(|section| Ok(writer.put(section)?))?;
            Ok(writer.finish()?)
        })
    }

    /// Loads the state in a file.
    ///
    /// # Errors
    /// As [`Self::load_state`]; errors of reading, and damage. All name the file.
    pub(crate) fn load_state_from(self, path: &Path) -> Result<Self> {
        match read_state(path) {
            Ok(state) => self.load_state(&state).with_context(|| {
                let says = StateOrigin::of(state.header.clone()).says();
                StateRefusal(format!("{}, {says}", cannot_load(path)))
            }),
            Err(error) => {
                self.discard();
                Err(error)
            }
        }
    }
}

/// Writes a state to a file, which is replaced only when the new one is whole and on the disk.
///
/// # Errors
/// Errors of writing.
pub(super) fn write_state(state: &StateFile, path: &Path) -> Result<()> {
    write_atomically(path, |out| Ok(state.write(out)?))
}

/// Writes a file by `write`; the old one is replaced only when the new one is whole and on the
/// disk.
fn write_atomically(path: &Path, write: impl FnOnce(BufWriter<&mut File>) -> Result<()>) -> Result<()> {
    let mut temporary = AtomicFile::new(path)?;
    let cannot = || format!("cannot write {}", path.display());
    write(BufWriter::new(&mut temporary.file)).with_context(cannot)?;
    temporary.sync().with_context(cannot)?;
    temporary.keep()
}

/// Reads the file of a state.
///
/// # Errors
/// Errors of reading, and damage. They name the file.
pub(crate) fn read_state(path: &Path) -> Result<StateFile> {
    let bytes = source::large_bytes(path, MAX_FILE).with_context(|| cannot_load(path))?;
    decoded(&bytes).with_context(|| cannot_load(path))
}

/// Reads a state from the bytes of its file.
///
/// # Errors
/// Damage, and more than a machine can have.
pub(crate) fn decoded(bytes: &[u8]) -> Result<StateFile, StateError> {
    StateFile::read(bytes, &BOUNDS)
}

/// Name of a section with contents of files, whose bytes are stored as they are.
fn contents_name(number: usize) -> String {
    format!("{CONTENTS}/{number}")
}

/// The error for a section whose values were refused.
fn refused<S: StateSection>(reason: Impossible) -> StateError {
    StateError::contents(S::NAME, &reason)
}
