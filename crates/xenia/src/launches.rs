//! Runs a title and the titles that it launches, one machine after the other.
//!
//! Limits apply to the sum of all titles; the report covers the last one, with the number of
//! launches. Recordings, replays and event logs use a separate file for each title: `play.jsonl`,
//! then `play.jsonl.2`, and so on; output to an open descriptor is appended there.

pub use crate::progress::EarlierTitles;

use crate::machine::{Finished, Launched, Launcher, Machine, StateRefusal, decoded};
use crate::pieces::StateFolder;
use crate::say::errln;
use crate::title::Title;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::io::Cursor;
use std::num::NonZeroU64;
use std::path::Path;
use xenia_kernel::title::{Launch, Successor};
use xenia_sched::{EndKind, Limits, RunEnd};

/// Number of launches that ends a run, so that a title that launches itself forever ends. Launches
/// before the state at which a run began do not count.
pub const MAX_LAUNCHES: u64 = 100;

/// How far a run goes, and where it begins.
#[derive(Clone, Copy, Debug)]
pub struct RunPlan<'a> {
    /// Limits for the sum of all titles.
    pub limits: &'a Limits,
    /// File of the state at which the run begins, which may be of a title that was launched;
    /// `None`: at the title's start.
    pub start_state: Option<&'a Path>,
    /// Parts of the first title's run.
    pub course: Course<'a>,
}

impl<'a> RunPlan<'a> {
    /// A run from the title's start, by one machine for each title.
    pub fn new(limits: &'a Limits) -> Self {
        Self { limits, start_state: None, course: Course::Whole }
    }
}

/// Parts of the first title's run.
#[derive(Clone, Copy, Debug)]
pub enum Course<'a> {
    /// One machine runs it from start to end.
    Whole,
    /// It is cut after each `every` instructions: the state is saved and loaded into a new machine.
    Relay {
        /// Number of instructions of a part.
        every: NonZeroU64,
        /// Where the states are kept.
        keep: Option<&'a StateFolder>,
    },
}

/// Runs `title` and the titles that it launches. `machine` builds the machine of each, with the
/// data left by the previous title, and gives the plan's state to the first one
/// ([`MachineOptions::state`](crate::machine::MachineOptions::state)).
///
/// # Errors
/// A machine cannot be built, or the first one is not at the state.
pub fn run(
    mut title: Title,
    plan: RunPlan<'_>,
    mut machine: impl FnMut(&Title, &EarlierTitles, Option<Launched>) -> Result<Machine>,
) -> Result<Finished> {
    let RunPlan { limits, start_state, course } = plan;
    let mut before = EarlierTitles::default();
    let mut launched = None;
    if let Some(state) = start_state
        && let Some(found) = Launched::in_state(state)?
    {
        let image = launched_image(&mut title, &found.launch);
        image.with_context(|| StateRefusal(format!("the title that {} is of", state.display())))?;
        before = found.before;
        launched = Some(found);
    }
    if launched.is_some() {
        xenia_host::allocator::give_back_free_heap();
    }
    let mut running = machine(&title, &before, launched.take())?;
    if let Some(state) = start_state.filter(|_| !running.begins_at_state()) {
        bail!("the machine was built without the state in {}", state.display());
    }
    running = match course {
        Course::Relay { every, keep } if before.machines == 0 => {
            relayed(running, limits, every, keep, |parts| {
                machine(&title, &EarlierTitles { parts, ..before }, None)
            })?
        }
        _ => running,
    };
    if let Some(state) = start_state
        && before.is_beyond(limits, &running.position())
    {
        running.discard();
        bail!(
            "{} was saved after the limit of this run, which counts from the title's start",
            state.display()
        );
    }
    let mut launches = Launches { title, before, limits, machine, lost: false, failed: None };
    loop {
        let rest = launches.before.rest(limits);
        let mut finished = running.run_with(&rest, Some(&mut launches));
        if let Some(error) = launches.failed.take() {
            return Err(error);
        }
        if !launches.add_totals(&mut finished) {
            return Ok(finished);
        }
        let Some(successor) = running.take_successor() else { return Ok(finished) };
        drop(running);
        let Some(next) = launches.next(successor, &finished)? else { return Ok(finished) };
        running = next;
    }
}

/// The titles of a run, one after the other.
struct Launches<'a, F> {
    title: Title,
    before: EarlierTitles,
    /// Limits for the sum of all titles.
    limits: &'a Limits,
    machine: F,
    /// Whether an output of a title before was lost.
    lost: bool,
    /// The error for which the launched title's machine could not be made.
    failed: Option<anyhow::Error>,
}

impl<F: FnMut(&Title, &EarlierTitles, Option<Launched>) -> Result<Machine>> Launches<'_, F> {
    /// Adds the totals of the previous titles to a result. Returns whether another title may
    /// follow.
    fn add_totals(&mut self, finished: &mut Finished) -> bool {
        finished.report.launches = self.before.launches;
        self.lost |= finished.has_lost_output;
        finished.has_lost_output = self.lost;
        matches!(finished.end, RunEnd::Ended(EndKind::Exit { .. }))
            && finished.divergence.is_none()
            && finished.recording_trouble.is_none()
    }

    /// The machine of the title that was launched; `None` if the run ends with the previous one.
    fn next(&mut self, successor: Successor, finished: &Finished) -> Result<Option<Machine>> {
        let Successor { mut launch, inheritance } = successor;
        // A state of the next title must lead to the same medium.
        launch.package = launch.package.or_else(|| self.title.package.clone());
        if self.before.machines == MAX_LAUNCHES {
            errln!("xenia-rs: stopped after {MAX_LAUNCHES} launches of titles (the limit)");
            return Ok(None);
        }
        if let Err(error) = launched_image(&mut self.title, &launch) {
            errln!("xenia-rs: the title launched {}, which {error}", launch.path);
            return Ok(None);
        }
        tracing::info!("launching {}", launch.path);
        self.before.launches += 1;
        self.before.machines += 1;
        self.before.instructions += finished.report.instructions;
        self.before.frames += finished.report.frames;
        xenia_host::allocator::give_back_free_heap();
        let launched =
            Launched { launch: launch.into(), before: self.before, inheritance: Some(inheritance) };
        (self.machine)(&self.title, &self.before, Some(launched)).map(Some)
    }
}

impl<F: FnMut(&Title, &EarlierTitles, Option<Launched>) -> Result<Machine>> Launcher for Launches<'_, F> {
    fn launch(&mut self, machine: &mut Machine, mut finished: Finished) -> Result<Limits, Box<Finished>> {
        let goes_on = self.add_totals(&mut finished);
        let Some(successor) = goes_on.then(|| machine.take_successor()).flatten() else {
            return Err(finished.into());
        };
        match self.next(successor, &finished) {
            Ok(Some(next)) => {
                *machine = next;
                Ok(self.before.rest(self.limits))
            }
            Ok(None) => Err(finished.into()),
            Err(error) => {
                self.failed = Some(error);
                Err(finished.into())
            }
        }
    }
}

/// Makes `title` the one that is launched.
fn launched_image(title: &mut Title, launch: &Launch) -> Result<()> {
    let bytes = launch.file.as_ref().map_err(|status| anyhow!("can't be read: {status:?}"))?;
    if let Some(package) = &launch.package
        && title.package.as_ref() != Some(package)
    {
        ensure!(title.package.is_none(), "is in a package that is in another");
        let medium = match package.disc {
            None => title.medium.as_ref(),
            Some(number) => title.discs.medium(number),
        };
        let medium = medium.ok_or_else(|| anyhow!("is in a package on a disc that --disc must name"))?;
        let medium = medium.package(&package.path).map_err(|error| anyhow!("is in no package: {error}"))?;
        title.medium = Some(medium);
        title.package = Some(package.clone());
    }
    let image = title.updates.load_launched(launch, bytes, &title.keys);
    title.image = image.map_err(|error| anyhow!("can't be loaded: {error}"))?.into();
    title.name.clone_from(&launch.path);
    title.path = None;
    Ok(())
}

/// Runs to the last multiple of `every` instructions before the limit, each part in a new machine
/// that has the state of the previous one.
fn relayed(
    mut running: Machine,
    limits: &Limits,
    every: NonZeroU64,
    keep: Option<&StateFolder>,
    mut machine: impl FnMut(u64) -> Result<Machine>,
) -> Result<Machine> {
    for number in 1.. {
        let next = running.position().instructions.saturating_add(every.get());
        if limits.instructions.is_some_and(|last| last <= next) {
            return Ok(running);
        }
        let part = Limits { instructions: Some(next), ..*limits };
        if running.run_until(&part) != RunEnd::Instructions {
            return Ok(running);
        }
        let cut = || format!("at instruction {next}");
        let mut file = Cursor::new(Vec::new());
        running.hand_over().with_context(cut)?.write(&mut file).with_context(cut)?;
        let file = file.into_inner();
        if let Some(keep) = keep {
            keep.keep(number, &file)?;
        }
        let state = decoded(&file).with_context(cut)?;
        running = machine(number.into())?.load_state(&state).with_context(cut)?;
    }
    Ok(running)
}

#[cfg(test)]
mod tests;
