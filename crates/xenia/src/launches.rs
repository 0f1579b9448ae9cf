//! Runs a title and the titles that it launches, one machine after the other.
//!
//! Limits apply to the sum of all titles; the report covers the last one, with the number of
//! launches. Recordings, replays and event logs use a separate file for each title: `play.jsonl`,
//! then `play.jsonl.2`, and so on.

use crate::machine::{Finished, Launched, Machine};
use crate::pieces::StateFolder;
use crate::say::errln;
use crate::title::Title;
use anyhow::{Context, Result, anyhow};
use std::io::Cursor;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xenia_kernel::title::{Launch, Successor};
use xenia_sched::{EndKind, Limits, RunEnd};
use xenia_state::StateFile;

/// Number of launches that ends a run, so that a title that launches itself forever ends.
pub const MAXIMUM_LAUNCHES: u64 = 100;

/// Totals of the titles before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Number of launches.
    pub launches: u64,
    /// Instructions executed by the titles before.
    pub instructions: u64,
    /// Frames shown by the titles before.
    pub frames: u64,
    /// Number of machines before; fewer than launches if the first one began at a state.
    pub machines: u64,
}

impl Before {
    /// The file that replaces `path` for this title.
    pub fn file(&self, path: Option<&Path>) -> Option<PathBuf> {
        let path = path?;
        if self.launches == 0 {
            return Some(path.to_owned());
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", self.launches + 1));
        Some(name.into())
    }

    /// The remainder of the limits.
    fn rest(&self, limits: &Limits) -> Limits {
        let less = |limit: Option<u64>, used: u64| limit.map(|limit| limit.saturating_sub(used));
        Limits {
            instructions: less(limits.instructions, self.instructions),
            frames: less(limits.frames, self.frames),
            ..*limits
        }
    }
}

/// Runs `title` and the titles that it launches. `machine` builds the machine of each, with the
/// state that the previous title left, and the first one loads the state in the file `from`, if
/// there is one: it may be of a title that was launched.
pub fn run(
    title: Title,
    limits: &Limits,
    dump_threads_after: Option<Duration>,
    from: Option<&Path>,
    machine: impl FnMut(&Title, &Before, Option<Launched>) -> Result<Machine>,
) -> Result<Finished> {
    run_titles(title, limits, dump_threads_after, (Course::Whole, from), machine)
}

/// Parts of the first title's run.
#[derive(Clone, Copy, Debug)]
pub enum Course<'a> {
    /// One machine runs it from start to end.
    Whole,
    /// It is cut after each `every` instructions: the state is saved, and goes on in a new machine.
    Relay {
        /// Number of instructions of a part.
        every: NonZeroU64,
        /// Where the states are kept.
        keep: Option<&'a StateFolder>,
    },
    /// It begins at the state in this file.
    From(&'a Path),
}

/// As [`run`], in the parts of `course`.
pub fn run_in_parts(
    title: Title,
    limits: &Limits,
    dump_threads_after: Option<Duration>,
    course: Course<'_>,
    machine: impl FnMut(&Title, &Before, Option<Launched>) -> Result<Machine>,
) -> Result<Finished> {
    let from = if let Course::From(state) = course { Some(state) } else { None };
    run_titles(title, limits, dump_threads_after, (course, from), machine)
}

fn run_titles(
    mut title: Title,
    limits: &Limits,
    dump_threads_after: Option<Duration>,
    (course, from): (Course<'_>, Option<&Path>),
    mut machine: impl FnMut(&Title, &Before, Option<Launched>) -> Result<Machine>,
) -> Result<Finished> {
    let mut before = Before::default();
    let mut launched = None;
    if let Some(state) = from
        && let Some(found) = Launched::in_state(state)?
    {
        let image = launched_image(&mut title, &found.launch);
        image.with_context(|| format!("the title that {} is of", state.display()))?;
        before = found.before;
        launched = Some(found);
    }
    if launched.is_some() {
        xenia_host::allocator::give_back_free_heap();
    }
    let mut running = machine(&title, &before, launched.take())?;
    running = match course {
        Course::Relay { every, keep } if before.machines == 0 => {
            relayed(running, limits, (every, keep), || machine(&title, &before, None))?
        }
        Course::From(state) if before.machines == 0 => running.load_state_from(state)?,
        _ => running,
    };
    let mut launches = Launches { title, before, limits, machine, lost: false, failed: None };
    loop {
        let rest = launches.before.rest(limits);
        let mut finished = running.run_with(&rest, dump_threads_after, Some(&mut launches));
        if let Some(error) = launches.failed.take() {
            return Err(error);
        }
        if !launches.go_on(&mut finished) {
            return Ok(finished);
        }
        let Some(successor) = running.take_successor() else { return Ok(finished) };
        drop(running);
        let Some(next) = launches.next(successor, &finished)? else { return Ok(finished) };
        running = next;
    }
}

/// Starts titles that other titles launch, while a debugger stays.
pub(crate) trait Launcher {
    /// Puts the machine of the launched title in the ended one's place, and returns the limits of
    /// its run.
    ///
    /// # Errors
    /// There is no such machine: the run ends as this says.
    fn launch(&mut self, machine: &mut Machine, finished: Finished) -> Result<Limits, Box<Finished>>;
}

/// The titles of a run, one after the other.
struct Launches<'a, F> {
    title: Title,
    before: Before,
    /// Limits for the sum of all titles.
    limits: &'a Limits,
    machine: F,
    /// Whether an output of a title before was lost.
    lost: bool,
    /// The error for which the launched title's machine could not be made.
    failed: Option<anyhow::Error>,
}

impl<F: FnMut(&Title, &Before, Option<Launched>) -> Result<Machine>> Launches<'_, F> {
    /// Adds what is known of the titles before to a result. Returns whether another title may
    /// follow.
    fn go_on(&mut self, finished: &mut Finished) -> bool {
        finished.report.launches = self.before.launches;
        self.lost |= finished.lost;
        finished.lost = self.lost;
        matches!(finished.end, RunEnd::Ended(EndKind::Exit { .. }))
            && finished.divergence.is_none()
            && finished.recording_trouble.is_none()
    }

    /// The machine of the title that was launched; `None` if the run ends with the one before.
    fn next(&mut self, successor: Successor, finished: &Finished) -> Result<Option<Machine>> {
        let Successor { launch, inheritance } = successor;
        if self.before.launches == MAXIMUM_LAUNCHES {
            let count = self.before.launches;
            errln!("xenia-rs: {count} titles were launched, one by the other; that is enough");
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

impl<F: FnMut(&Title, &Before, Option<Launched>) -> Result<Machine>> Launcher for Launches<'_, F> {
    fn launch(&mut self, machine: &mut Machine, mut finished: Finished) -> Result<Limits, Box<Finished>> {
        let goes_on = self.go_on(&mut finished);
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
    let image = title.updates.load_launched(launch, bytes, &title.keys);
    title.image = image.map_err(|error| anyhow!("can't be loaded: {error}"))?.into();
    title.name.clone_from(&launch.path);
    Ok(())
}

/// Runs to the last multiple of `every` instructions before the limit, each part in a new machine
/// that has the state of the one before.
fn relayed(
    mut running: Machine,
    limits: &Limits,
    (every, keep): (NonZeroU64, Option<&StateFolder>),
    mut machine: impl FnMut() -> Result<Machine>,
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
        running.save_state().with_context(cut)?.write(&mut file).with_context(cut)?;
        running.discard();
        let file = file.into_inner();
        if let Some(keep) = keep {
            keep.keep(number, &file)?;
        }
        let state = StateFile::read(&file).with_context(cut)?;
        running = machine()?.load_state(&state).with_context(cut)?;
    }
    Ok(running)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CpuConfig, MachineConfig, VideoConfig};
    use crate::machine::{MachineOptions, SavePoint};
    use crate::machine_tests::assembled;
    use crate::report::End;
    use crate::title::medium::Medium;
    use std::sync::{Arc, Mutex};
    use xenia_formats::Volume;
    use xenia_gdb::registers::GdbRegister;
    use xenia_gdb::{Listener, ServerAddress, TestClient};
    use xenia_kernel::deployment::Deployment;

    /// A program that launches the title named at 0x82010000.
    const LAUNCHER: &str = "
            lis 3, 0x8201
            li 4, 0
            bl launch
    launch: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
    ";
    const HELLO: &[u8] = include_bytes!("../../../guest/bin/hello.xex");

    fn launcher(path: &str, folder: &Path) -> Title {
        let medium = Some(Medium::Folder(folder.to_owned()));
        Title { medium, ..assembled(LAUNCHER, "launch", 0x1A4, path) }
    }

    /// A volume with the folder's files.
    fn volume(folder: &Path) -> Medium {
        let mut volume = Volume::default();
        for name in ["Hello.xex", "noise.xex"] {
            let file = std::fs::File::open(folder.join(name)).unwrap();
            volume.add_file(Volume::ROOT, name, Arc::new(file)).unwrap();
        }
        let deployment = Deployment::default();
        Medium::Volume { file: "game.iso".into(), volume: Arc::new(volume), deployment }
    }

    fn machine(
        title: &Title,
        launched: Option<Launched>,
        interp: bool,
        text: &Arc<Mutex<String>>,
    ) -> Result<Machine> {
        let text = text.clone();
        let cpu = CpuConfig { interp, ..CpuConfig::default() };
        let (engine, picture) = (MachineConfig { cpu, ..MachineConfig::default() }, VideoConfig::default());
        Machine::new(
            title,
            MachineOptions {
                text: Box::new(move |part| text.lock().unwrap().push_str(part)),
                launched,
                ..MachineOptions::new(&engine, &picture)
            },
        )
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Hello.xex"), HELLO).unwrap();
        std::fs::write(folder.path().join("noise.xex"), "noise").unwrap();
        folder
    }

    #[test]
    fn the_launched_title_runs_in_a_machine_of_its_own() {
        let folder = folder();
        let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
        let mut digests = Vec::new();
        for (interp, in_volume) in [(true, false), (false, false), (false, true), (true, true)] {
            let text = Arc::default();
            let mut title = launcher(r"game:\hello.xex", folder.path());
            if in_volume {
                title.medium = Some(volume(folder.path()));
            }
            let finished =
                run(title, &limits, None, None, |title, _, launched| machine(title, launched, interp, &text))
                    .unwrap();
            assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
            assert!(!text.lock().unwrap().is_empty(), "hello says something");
            digests.push(finished.report.digest);
        }
        assert!(digests[0].is_some() && digests.iter().all(|digest| *digest == digests[0]));
    }

    #[test]
    fn a_launched_title_goes_on_from_its_state() {
        let folder = folder();
        let saved = folder.path().join("a.state");
        let text = Arc::default();
        let start = || launcher(r"game:\hello.xex", folder.path());
        let limits = Limits { instructions: Some(1_000_000), ..Limits::default() };
        let whole =
            run(start(), &limits, None, None, |title, _, launched| machine(title, launched, false, &text));
        let whole = whole.unwrap().report;
        let point = SavePoint { instructions: 10, path: saved.clone() };
        let saving = run(start(), &limits, None, None, |title, before, launched| {
            let mut machine = machine(title, launched, false, &text)?;
            if before.launches == 1 {
                machine.set_save_points(vec![point.clone()]);
            }
            Ok(machine)
        });
        assert!(!saving.unwrap().lost, "the state is saved");
        let mut seen = Vec::new();
        let later = run(start(), &limits, None, Some(&saved), |title, before, launched| {
            seen.push(*before);
            machine(title, launched, true, &text)?.load_state_from(&saved)
        });
        let later = later.unwrap().report;
        assert_eq!((later.launches, later.exit), (1, End::Exit));
        assert_eq!((later.digest, later.instructions), (whole.digest, whole.instructions));
        assert!(seen.len() == 1 && seen[0].launches == 1 && seen[0].instructions > 0, "{seen:?}");
    }

    /// Runs the launcher while a client does what `script` says.
    fn debugged(
        path: &str,
        interp: bool,
        script: impl FnOnce(&mut TestClient) + Send + 'static,
    ) -> (Finished, String) {
        let folder = folder();
        let text = Arc::default();
        let mut client = None;
        let mut script = Some(script);
        let finished =
            run(launcher(path, folder.path()), &Limits::default(), None, None, |title, before, launched| {
                let mut machine = machine(title, launched, interp, &text)?;
                if before.machines == 0 {
                    let listener = Listener::open(&ServerAddress::Port(0))?;
                    let mut gdb = TestClient::connect(&listener)?;
                    machine.set_debugger(listener);
                    let script = script.take().unwrap();
                    client = Some(std::thread::spawn(move || {
                        gdb.ask("qSupported:multiprocess+;swbreak+").unwrap();
                        script(&mut gdb);
                    }));
                }
                Ok(machine)
            })
            .unwrap();
        client.unwrap().join().unwrap();
        let text = text.lock().unwrap().clone();
        (finished, text)
    }

    #[test]
    fn a_debugger_stays_in_the_title_that_is_launched() {
        let folder = folder();
        let start = launcher(r"game:\hello.xex", folder.path());
        let text = Arc::default();
        let alone = run(start, &Limits::default(), None, None, |title, _, launched| {
            machine(title, launched, false, &text)
        })
        .unwrap();
        for interp in [true, false] {
            let (finished, said) = debugged(r"game:\hello.xex", interp, |gdb| {
                assert_eq!(gdb.ask("Z0,82000004,4").unwrap(), "OK");
                assert!(gdb.ask("vCont;c").unwrap().contains("swbreak"));
                assert!(gdb.monitor("goto 0").unwrap().starts_with("0 instructions"));
                assert_eq!(gdb.ask("z0,82000004,4").unwrap(), "OK");
                let stop = gdb.ask("vCont;c").unwrap();
                assert!(stop.starts_with("T05thread:"), "{stop}");
                assert!(gdb.monitor("title").unwrap().contains("hello.xex"));
                assert!(gdb.monitor("position").unwrap().starts_with("0 instructions"));
                let entry = gdb.register(GdbRegister::Pc).unwrap() + 8;
                assert_eq!(gdb.ask(&format!("Z0,{entry:x},4")).unwrap(), "OK");
                assert!(gdb.ask("vCont;c").unwrap().contains("swbreak"), "in the launched title");
                assert_eq!(gdb.register(GdbRegister::Pc).unwrap(), entry);
                assert!(gdb.ask("bc").unwrap().contains("replaylog:begin"));
                assert_eq!(gdb.ask(&format!("z0,{entry:x},4")).unwrap(), "OK");
                assert_eq!(gdb.ask("vCont;c").unwrap(), "W00");
            });
            assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
            assert_eq!(finished.report.digest, alone.report.digest);
            assert_eq!(said, *text.lock().unwrap());
        }
    }

    #[test]
    fn a_client_may_leave_before_or_after_a_launch() {
        for is_before in [true, false] {
            let (finished, said) = debugged(r"game:\hello.xex", false, move |gdb| {
                if !is_before {
                    assert!(gdb.ask("vCont;c").unwrap().starts_with("T05"));
                }
                assert_eq!(gdb.ask("D").unwrap(), "OK");
            });
            assert_eq!((finished.report.launches, finished.report.exit), (1, End::Exit));
            assert!(!said.is_empty());
        }
        let (finished, _) = debugged(r"game:\hello.xex", false, |gdb| {
            assert!(gdb.ask("vCont;c").unwrap().starts_with("T05"));
            gdb.send("k").unwrap();
        });
        assert_eq!((finished.report.launches, finished.end), (1, RunEnd::Stopped));
    }

    #[test]
    fn a_launch_that_fails_ends_the_session() {
        for path in [r"game:\missing.xex", r"game:\noise.xex"] {
            let (finished, _) = debugged(path, false, |gdb| {
                assert_eq!(gdb.ask("vCont;c").unwrap(), "W00");
            });
            assert_eq!((finished.report.launches, finished.report.exit), (0, End::Exit), "{path}");
        }
    }

    #[test]
    fn launch_of_missing_or_invalid_title_ends_the_run() {
        let folder = folder();
        for path in [r"game:\missing.xex", r"game:\noise.xex"] {
            let text = Arc::default();
            let title = launcher(path, folder.path());
            let finished = run(title, &Limits::default(), None, None, |title, _, launched| {
                machine(title, launched, true, &text)
            })
            .unwrap();
            assert_eq!((finished.report.launches, finished.report.exit), (0, End::Exit), "{path}");
        }
    }

    #[test]
    fn titles_that_launch_each_other_for_ever_are_ended_and_limits_hold_for_all() {
        let folder = folder();
        let text = Arc::default();
        // Each path in the folder leads to the launcher again.
        let start = || launcher(r"game:\hello.xex", folder.path());
        let go = |limits: &Limits| {
            run(start(), limits, None, None, |_, _, launched| machine(&start(), launched, true, &text))
                .unwrap()
        };
        let finished = go(&Limits::default());
        assert_eq!(finished.report.launches, MAXIMUM_LAUNCHES);
        let each = finished.report.instructions;
        assert!(each > 0);
        let finished = go(&Limits { instructions: Some(each * 5 + 1), ..Limits::default() });
        assert_eq!((finished.report.launches, finished.report.instructions), (5, 1));
        assert_eq!(finished.end, RunEnd::Instructions);
    }

    #[test]
    fn each_title_has_files_of_its_own() {
        let path = Path::new("a/play.jsonl");
        assert_eq!(Before::default().file(Some(path)), Some(path.to_owned()));
        let later = Before { launches: 2, ..Before::default() };
        assert_eq!(later.file(Some(path)), Some(PathBuf::from("a/play.jsonl.3")));
        assert_eq!(later.file(None), None);
    }
}
