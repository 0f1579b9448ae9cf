//! The qemu process: start, mode, jobs in, answers out.

use super::program::{BLOCK_SIZE, CODE_BASE, CODE_SIZE, EXIT, MTLR_R1, elf};
use super::state::QemuState;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use xenia_host::file::make_runnable;
use xenia_host::process::apart;
use xenia_host::socket_file::SocketFileStream;

/// Number of the MSR in the gdb protocol of PowerPC.
const GDB_MSR: u32 = 65;
const SF: u64 = 1 << 63;
const FE0_FE1: u64 = 1 << 11 | 1 << 8;
/// Timeout of an answer, after which a job is considered endless.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Limit of qemu's start, on a host that runs other programs, too.
const MAX_START: Duration = Duration::from_mins(1);
/// Interval between attempts to reach qemu's stub.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A processor model of qemu and the computation mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QemuMode {
    /// Name of the model: `970fx`, `power7`.
    pub cpu: &'static str,
    /// Value of MSR\[SF\].
    pub sf: bool,
}

/// Code to run, with its initial state.
#[derive(Clone)]
pub struct Job {
    /// Address of the first word, inside [`CODE_BASE`] and [`CODE_SIZE`]. The server uses the word
    /// before it.
    pub entry: u32,
    /// The words of the code. Execution past the last one takes the first exit.
    pub code: Vec<u32>,
    /// Registers and sandbox before the job.
    pub state: QemuState,
}

/// Result of a job.
#[derive(Clone)]
pub enum QemuAnswer {
    /// It left by an exit.
    State(Box<QemuState>),
    /// It ended the process, or didn't return in time.
    Stopped(String),
}

/// Reason why qemu could not run.
#[derive(Debug, thiserror::Error)]
pub enum QemuError {
    /// The program could not be written or started, or a pipe broke.
    #[error("qemu-ppc64 (Debian package qemu-user): {0}")]
    Io(#[from] io::Error),
    /// The server's source could not be assembled.
    #[error("the oracle's program: {0}")]
    Assemble(#[from] xenia_isa::AsmError),
    /// The gdb stub behaves unexpectedly.
    #[error("qemu's gdb stub: {0}")]
    Stub(String),
    /// The server ended before its first answer.
    #[error("qemu-ppc64 ends without an answer: {0}")]
    Dead(String),
}

/// Whether qemu-ppc64 is installed.
pub fn available() -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("qemu-ppc64").is_file()))
}

/// Entry addresses for pieces of code with these lengths in words, one after the other from `from`
/// on; `None` if there is not enough room.
pub fn place(from: u32, lengths: impl IntoIterator<Item = usize>) -> Option<Vec<u32>> {
    let mut at = from.checked_add(4)?;
    let mut entries = Vec::new();
    for length in lengths {
        entries.push(at);
        // The word after the code goes to the exit, and the server uses the word before the next
        // piece.
        at = at.checked_add(u32::try_from(length).ok()?.checked_mul(4)?)?.checked_add(8)?;
    }
    (at <= CODE_BASE + CODE_SIZE).then_some(entries)
}

/// A running server.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<Vec<u8>>,
    complaints: Receiver<String>,
}

/// The oracle in one mode. The process starts with the first jobs.
pub struct Qemu {
    mode: QemuMode,
    folder: TempDir,
    process: Option<Process>,
    /// Number of processes started so far.
    starts: u64,
}

impl Qemu {
    /// Writes the program, without starting it.
    pub fn new(mode: QemuMode) -> Result<Self, QemuError> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("server");
        std::fs::write(&program, elf()?)?;
        make_runnable(&program)?;
        Ok(Self { mode, folder, process: None, starts: 0 })
    }

    /// Processor model and computation mode.
    pub fn mode(&self) -> QemuMode {
        self.mode
    }

    /// Number of processes started so far.
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// Runs the jobs in order and returns their answers. Entries must be ascending and spaced as by
    /// [`place`].
    pub fn run(&mut self, jobs: &[Job]) -> Result<Vec<QemuAnswer>, QemuError> {
        let mut answers = Vec::with_capacity(jobs.len());
        while answers.len() < jobs.len() {
            let left = &jobs[answers.len()..];
            let mut process = match self.process.take() {
                Some(process) => process,
                None => self.start()?,
            };
            if let Some(reason) = process.run_jobs(left, &mut answers) {
                let said = process.end();
                answers.push(QemuAnswer::Stopped(if said.is_empty() { reason } else { said }));
            } else {
                self.process = Some(process);
            }
        }
        Ok(answers)
    }

    fn start(&mut self) -> Result<Process, QemuError> {
        self.starts += 1;
        let socket = self.folder.path().join(format!("gdb{}", self.starts));
        // In a separate process group: Ctrl-C on a terminal is for this program, and a qemu that it
        // ended would look like a difference.
        let mut child = apart(&mut Command::new("qemu-ppc64"))
            .args(["-cpu", self.mode.cpu, "-g"])
            .args([&socket, &self.folder.path().join("server")])
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(mut stdout), Some(mut stderr)) = pipes else {
            return Err(QemuError::Dead("no pipes".to_owned()));
        };
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            loop {
                let mut block = vec![0; BLOCK_SIZE];
                if stdout.read_exact(&mut block).is_err() || sender.send(block).is_err() {
                    break;
                }
            }
        });
        let (sender, complaints) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            let _ = sender.send(String::from_utf8_lossy(&text).trim().to_owned());
        });
        let mut process = Process { child, stdin: Some(stdin), answers, complaints };
        if let Err(error) = set_mode_and_go(&mut process.child, &socket, self.mode.sf) {
            let said = process.end();
            return Err(if said.is_empty() { error } else { QemuError::Dead(said) });
        }
        Ok(process)
    }
}

impl Process {
    /// Sends jobs until all are answered; returns the reason if one stops the process.
    fn run_jobs(&mut self, jobs: &[Job], answers: &mut Vec<QemuAnswer>) -> Option<String> {
        let message = message(jobs);
        let Self { child, stdin, answers: blocks, .. } = self;
        std::thread::scope(|scope| {
            if let Some(stdin) = stdin {
                scope.spawn(move || {
                    // A broken pipe shows up as a missing answer.
                    let _ = stdin.write_all(&message).and_then(|()| stdin.flush());
                });
            }
            for _ in jobs {
                match blocks.recv_timeout(TIMEOUT) {
                    Ok(block) => answers.push(QemuAnswer::State(Box::new(QemuState::from_block(block)))),
                    Err(error) => {
                        // Lets the writer thread end.
                        let _ = child.kill();
                        return Some(match error {
                            RecvTimeoutError::Timeout => format!("no answer in {} s", TIMEOUT.as_secs()),
                            RecvTimeoutError::Disconnected => "the process ended".to_owned(),
                        });
                    }
                }
            }
            None
        })
    }

    /// Ends the process and returns its error output.
    fn end(&mut self) -> String {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.complaints.recv_timeout(Duration::from_secs(2)).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Encodes the header, the code of all jobs, and their blocks.
fn message(jobs: &[Job]) -> Vec<u8> {
    let base = jobs.first().map_or(CODE_BASE, |job| job.entry - 4);
    let mut code = Vec::new();
    for job in jobs {
        code.resize((job.entry - 4 - base) as usize, 0);
        let end = job.entry + 4 * job.code.len() as u32;
        let leave = 0x4800_0000 | EXIT.wrapping_sub(end) & 0x03FF_FFFC;
        for word in [MTLR_R1].iter().chain(&job.code).chain(&[leave]) {
            code.extend(word.to_be_bytes());
        }
    }
    let mut message = Vec::with_capacity(16 + code.len() + jobs.len() * BLOCK_SIZE);
    for word in [base, code.len() as u32, jobs.len() as u32, 0] {
        message.extend(word.to_be_bytes());
    }
    message.extend(code);
    for job in jobs {
        message.extend(job.state.block(job.entry - 4));
    }
    message
}

/// Sets the mode through the gdb stub and resumes the program.
fn set_mode_and_go(qemu: &mut Child, socket: &Path, sf: bool) -> Result<(), QemuError> {
    let start = Instant::now();
    let mut stream = None;
    // A qemu that has ended says why on its standard error.
    while stream.is_none() && start.elapsed() < MAX_START && qemu.try_wait()?.is_none() {
        stream = SocketFileStream::connect(socket).ok();
        if stream.is_none() {
            std::thread::sleep(POLL_INTERVAL);
        }
    }
    let mut stream = stream.ok_or_else(|| QemuError::Stub("no answer".to_owned()))?;
    // Single registers can be read only after a request for the description.
    command(&mut stream, "qXfer:features:read:target.xml:0,ffb")?;
    let msr = read_msr(&mut stream)?;
    let wanted = msr & !(SF | FE0_FE1) | if sf { SF } else { 0 };
    let reply = command(&mut stream, &format!("P{GDB_MSR:x}={wanted:016x}"))?;
    if reply != "OK" {
        return Err(QemuError::Stub(format!("`{reply}` when MSR is written")));
    }
    let msr = read_msr(&mut stream)?;
    if (msr & SF != 0) != sf || msr & FE0_FE1 != 0 {
        return Err(QemuError::Stub(format!("MSR is {msr:#x}, not {wanted:#x}")));
    }
    let reply = command(&mut stream, "D")?;
    if reply != "OK" {
        return Err(QemuError::Stub(format!("`{reply}` when detaching")));
    }
    Ok(())
}

fn read_msr(stream: &mut SocketFileStream) -> Result<u64, QemuError> {
    let text = command(stream, &format!("p{GDB_MSR:x}"))?;
    u64::from_str_radix(&text, 16).map_err(|_| QemuError::Stub(format!("`{text}` for MSR")))
}

/// Sends a packet and returns the answer's text.
fn command(stream: &mut SocketFileStream, text: &str) -> Result<String, QemuError> {
    let sum = text.bytes().fold(0_u8, u8::wrapping_add);
    stream.write_all(format!("${text}#{sum:02x}").as_bytes())?;
    let mut answer = Vec::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte)? == 0 {
            return Err(QemuError::Stub("the connection was closed".to_owned()));
        }
        answer.push(byte[0]);
        let start = answer.iter().position(|&b| b == b'$');
        let end = answer.iter().position(|&b| b == b'#');
        if let (Some(start), Some(end)) = (start, end)
            && answer.len() == end + 3
        {
            stream.write_all(b"+")?;
            return Ok(String::from_utf8_lossy(&answer[start + 1..end]).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::PpcRegister;
    use xenia_testing::{Tool, need};

    const THIRTY_TWO: QemuMode = QemuMode { cpu: "970fx", sf: false };

    fn words(source: &str) -> Vec<u32> {
        let bytes = xenia_isa::assemble(source, CODE_BASE + 4).unwrap().bytes;
        bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    }

    fn jobs(sources: &[&str]) -> Vec<Job> {
        let code: Vec<Vec<u32>> = sources.iter().map(|source| words(source)).collect();
        let entries = place(CODE_BASE, code.iter().map(Vec::len)).unwrap();
        let jobs = entries.into_iter().zip(code);
        jobs.map(|(entry, code)| {
            let mut state = QemuState::default();
            state.set(PpcRegister::Lr, EXIT.into());
            state.set(PpcRegister::Gpr(4), 0x7FFF_FFFF);
            state.set(PpcRegister::Vector(31), 7);
            state.memory_mut()[0x800] = 0x5A;
            Job { entry, code, state }
        })
        .collect()
    }

    #[test]
    fn states_pass_through_qemu_in_both_modes() {
        if !need(Tool::Qemu) {
            return;
        }
        for (sf, cr0) in [(false, 8), (true, 4)] {
            let mut qemu = Qemu::new(QemuMode { sf, ..THIRTY_TWO }).unwrap();
            let source = "vor v3,v31,v31\nlbz r6,0(r13)\nstb r6,1(r13)\naddc. r5,r4,r4\nblr";
            let answers = qemu.run(&jobs(&[source])).unwrap();
            let QemuAnswer::State(state) = &answers[0] else { panic!("stopped") };
            assert_eq!(state.get(PpcRegister::Gpr(5)), 0xFFFF_FFFE);
            assert_eq!(state.get(PpcRegister::Cr), cr0 << 28);
            assert_eq!(state.get(PpcRegister::Vector(3)), 7);
            assert_eq!(state.get(PpcRegister::Gpr(4)), 0x7FFF_FFFF);
            assert_eq!(state.get(PpcRegister::Lr), EXIT.into());
            assert_eq!(state.memory()[0x800..0x802], [0x5A, 0x5A]);
            assert!(!state.left_by_other_exit());
        }
    }

    #[test]
    fn enabled_exceptions_are_skipped() {
        if !need(Tool::Qemu) {
            return;
        }
        for sf in [false, true] {
            let mut qemu = Qemu::new(QemuMode { sf, ..THIRTY_TWO }).unwrap();
            // 0 × ∞ and 1 ÷ 0 with VE and ZE: no results, only flags, and the following code runs.
            let source = "mtfsfi 6,9\nmtfsfi 7,0\nfmul f1,f2,f3\nfdiv f4,f5,f2\nli r5,7\nblr";
            let mut jobs = jobs(&[source]);
            for (n, value) in [(1, 0x1234), (3, 0x7FF0 << 48), (4, 0x5678), (5, 0x3FF0 << 48)] {
                jobs[0].state.set(PpcRegister::Fpr(n), value);
            }
            jobs[0].state.set(PpcRegister::Vector(7), 0x7777);
            let answers = qemu.run(&jobs).unwrap();
            let state = match &answers[0] {
                QemuAnswer::State(state) => state,
                QemuAnswer::Stopped(reason) => panic!("{reason}"),
            };
            assert_eq!(state.get(PpcRegister::Gpr(5)), 7);
            assert_eq!(state.get(PpcRegister::Gpr(4)), 0x7FFF_FFFF);
            assert_eq!((state.get(PpcRegister::Fpr(1)), state.get(PpcRegister::Fpr(4))), (0x1234, 0x5678));
            assert_eq!(state.get(PpcRegister::Vector(7)), 0x7777);
            assert_eq!(state.get(PpcRegister::Fpscr) >> 20, 0xE41, "{:x}", state.get(PpcRegister::Fpscr));
        }
    }

    #[test]
    fn qemu_restarts_after_a_case_that_ends_it() {
        if !need(Tool::Qemu) {
            return;
        }
        let mut qemu = Qemu::new(THIRTY_TWO).unwrap();
        let answers = qemu
            .run(&jobs(&["li r3,1\nblr", ".long 0", "li r3,2\nblr", "trap", "lwz r3,0(0)", "li r3,3"]))
            .unwrap();
        let results: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                QemuAnswer::State(state) => state.get(PpcRegister::Gpr(3)),
                QemuAnswer::Stopped(_) => 99,
            })
            .collect();
        assert_eq!(results, [1, 99, 2, 99, 99, 3]);
        assert_eq!(qemu.starts(), 4);
    }
}
