//! The workers: processes or sibling threads of this program, which run the guest's primes title or
//! count natively.

use super::primes::{Answer, count};
use crate::args::{ScaleKind, WorkPart};
use crate::processes;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::ops::Add;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use xenia::interrupt::Interrupt;

/// The guest program guest/primes.
const TITLE: &[u8] = include_bytes!("../../../../guest/bin/primes.xex");
/// Interval between polls of the workers; short in comparison with the measured times.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Timeout of a title, in seconds.
const TIMEOUT: &str = "600";

/// The code of workers; ordered as in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorkerCode {
    /// The guest title.
    Guest,
    /// The same algorithm, compiled with this program.
    Native,
}

impl WorkerCode {
    /// Name in logs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Native => "native",
        }
    }
}

/// Outcome of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Seconds from before the first worker starts until the last has ended.
    pub seconds: f64,
    /// Sum of the workers' answers.
    pub answer: Answer,
}

/// Configuration of runs.
pub(super) struct Workshop<'a> {
    /// Whether workers are processes or threads.
    pub kind: ScaleKind,
    /// Whether titles run in lockstep.
    pub lockstep: bool,
    /// Number of segments to count.
    pub segments: u32,
    /// Folder of the title and the runs' files.
    pub folder: &'a Path,
    /// Ends the workers.
    pub interrupt: &'a Interrupt,
}

/// A process that counts a part.
struct Worker {
    process: Child,
    /// File of the process's messages.
    messages: PathBuf,
    /// File of the answer.
    answer: PathBuf,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Usually it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Workshop<'_> {
    fn title(&self) -> PathBuf {
        self.folder.join("primes.xex")
    }

    /// Writes the files that every run needs.
    pub(super) fn prepare(&self) -> Result<()> {
        std::fs::create_dir_all(self.folder)
            .and_then(|()| std::fs::write(self.title(), TITLE))
            .with_context(|| format!("cannot write into {}", self.folder.display()))
    }

    /// Runs the work on `n` workers; `None` if it was interrupted. `run` counts the runs from 0 and
    /// only names files.
    pub(super) fn run(&self, code: WorkerCode, n: u32, run: usize) -> Result<Option<Outcome>> {
        let name = |part: u32| format!("{}-{}-{n}-run{}-{part}", self.kind.name(), code.name(), run + 1);
        let start = Instant::now();
        let answer = match (code, self.kind) {
            (WorkerCode::Native, ScaleKind::Thread) => Some(self.native_threads(n)),
            (WorkerCode::Native, ScaleKind::Process) => {
                let parts = (0..n).map(|number| self.native(WorkPart { number, of: n }, &name(number)));
                self.together(parts)?
            }
            (WorkerCode::Guest, ScaleKind::Thread) => {
                self.together(std::iter::once(self.guest(WorkPart::WHOLE, n, &name(0))))?
            }
            (WorkerCode::Guest, ScaleKind::Process) => {
                let parts = (0..n).map(|number| self.guest(WorkPart { number, of: n }, 1, &name(number)));
                self.together(parts)?
            }
        };
        Ok(answer.map(|answer| Outcome { seconds: start.elapsed().as_secs_f64(), answer }))
    }

    fn native_threads(&self, n: u32) -> Answer {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n)
                .map(|number| scope.spawn(move || count(self.segments, WorkPart { number, of: n })))
                .collect();
            // A thread that panicked has printed its message; its part is missing from the sum.
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_default())
                .fold(Answer::default(), Add::add)
        })
    }

    /// Starts this program as a native worker.
    fn native(&self, part: WorkPart, name: &str) -> Result<Worker> {
        let answer = self.folder.join(format!("{name}.txt"));
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["scale", self.kind.name(), "--config", "/dev/null"]);
        command.args(["--segments", &self.segments.to_string()]);
        command.args(["--native-part", &format!("{}/{}", part.number, part.of)]);
        command.stdout(File::create(&answer)?);
        self.start(command, name, answer)
    }

    /// Starts this program with a title that counts with `threads` threads.
    fn guest(&self, part: WorkPart, threads: u32, name: &str) -> Result<Worker> {
        let path = |end: &str| self.folder.join(format!("{name}{end}"));
        let game = path(".game");
        std::fs::create_dir_all(&game)?;
        for (setting, number) in
            [("segments", self.segments), ("threads", threads), ("part", part.number), ("parts", part.of)]
        {
            std::fs::write(game.join(setting), number.to_string())?;
        }
        let answer = path(".txt");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["exec", "--config", "/dev/null"]).arg(self.title()).arg("--folder").arg(&game);
        command.args(["--headless", "--fresh", "--gpu", "none", "--halt-on-deadlock", "--timeout", TIMEOUT]);
        // Without a shared cache each worker compiles its code; otherwise the first would speed up
        // the others.
        command.args(["--code-cache", "off"]);
        command.arg("--guest-log").arg(&answer).arg("--json").arg(path(".json"));
        match (self.lockstep, self.kind) {
            (true, _) => _ = command.arg("--lockstep"),
            (false, ScaleKind::Thread) => _ = command.arg("--parallel"),
            // The default executor.
            (false, ScaleKind::Process) => {}
        }
        command.stdout(Stdio::null());
        self.start(command, name, answer)
    }

    fn start(&self, mut command: Command, name: &str, answer: PathBuf) -> Result<Worker> {
        let messages = self.folder.join(format!("{name}.said.txt"));
        command.stdin(Stdio::null()).stderr(File::create(&messages)?);
        let process = processes::spawn(&mut command)?;
        Ok(Worker { process, messages, answer })
    }

    /// Starts all workers, waits for them and adds up their answers.
    fn together(&self, workers: impl Iterator<Item = Result<Worker>>) -> Result<Option<Answer>> {
        let mut workers = workers.collect::<Result<Vec<_>>>()?;
        let mut running = workers.len();
        let mut ended = vec![false; workers.len()];
        while running > 0 {
            if self.interrupt.cause().is_some() {
                return Ok(None);
            }
            for (worker, ended) in workers.iter_mut().zip(&mut ended).filter(|(_, ended)| !**ended) {
                let Some(status) = worker.process.try_wait()? else { continue };
                if !status.success() {
                    // The signal that ended it may be about to reach this process too.
                    std::thread::sleep(Duration::from_millis(50));
                    if self.interrupt.cause().is_some() {
                        return Ok(None);
                    }
                    let messages = std::fs::read_to_string(&worker.messages).unwrap_or_default();
                    bail!("a worker ended with {status}:\n{}", messages.trim_end());
                }
                *ended = true;
                running -= 1;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        let mut sum = Answer::default();
        for worker in &workers {
            let text = std::fs::read_to_string(&worker.answer)
                .with_context(|| format!("reading {}", worker.answer.display()))?;
            let answer = Answer::read(&text);
            let messages = || std::fs::read_to_string(&worker.messages).unwrap_or_default();
            sum = sum
                + answer.with_context(|| format!("a worker gave no answer:\n{}", messages().trim_end()))?;
        }
        Ok(Some(sum))
    }
}
