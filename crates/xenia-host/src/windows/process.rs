//! This process, and processes that it starts with limits.
//!
//! A group of processes is a job object, which ends them when its last handle is closed: also when
//! this process ends, whatever ends it. Source: Microsoft, "Job objects".

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::ptr;
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    FILETIME, HANDLE, INVALID_HANDLE_VALUE, STATUS_ACCESS_VIOLATION, STATUS_ILLEGAL_INSTRUCTION,
    STATUS_STACK_OVERFLOW, WAIT_FAILED, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, GetCurrentProcess, GetProcessTimes, OpenThread, ResumeThread,
    THREAD_SUSPEND_RESUME, WaitForSingleObject,
};

/// Exit code of processes that [`ProcessGroup::end`] ends: that of a process that a shell killed.
const ENDED: u32 = 128 + 9;

/// The host's name in the network; empty if it has none.
pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// Opens the program that runs.
pub fn running_program() -> io::Result<File> {
    File::open(std::env::current_exe()?)
}

/// Keeps Ctrl-C, which is for this program, from a process that the command starts.
pub fn apart(command: &mut Command) -> &mut Command {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP)
}

/// Limits the memory that this process commits, and that of each of its children, to `bytes`. It
/// ends with its parent by the job in which [`ProcessGroup::spawn`] put it.
pub fn limit_this_process(bytes: u64, _parent: u32) -> io::Result<()> {
    let job = Job::new(JOB_OBJECT_LIMIT_PROCESS_MEMORY, usize::try_from(bytes).unwrap_or(usize::MAX))?;
    // SAFETY: a pseudo handle of this process.
    job.add(unsafe { GetCurrentProcess() })
}

/// Advice for an error whose text names a limit of this process: none, as only the memory of child
/// processes is limited here.
pub fn limit_advice(_text: &str) -> &'static str {
    ""
}

/// The number of the signal that means the same as the exception that ended a process, if one did.
pub fn signal_of(status: ExitStatus) -> Option<i32> {
    const ABORT: i32 = 6;
    /// Beginning of the codes of exceptions that are errors.
    const ERRORS: i32 = 0xC000_0000_u32.cast_signed();
    match status.code()? {
        STATUS_ACCESS_VIOLATION | STATUS_STACK_OVERFLOW => Some(11),
        STATUS_ILLEGAL_INSTRUCTION => Some(4),
        ERRORS..0 => Some(ABORT),
        _ => None,
    }
}

/// A job object, closed on drop.
struct Job(OwnedHandle);

impl Job {
    /// Makes a job without processes; `bytes` is the limit of memory, where `limits` has one.
    fn new(limits: JOB_OBJECT_LIMIT, bytes: usize) -> io::Result<Self> {
        // SAFETY: makes an object without a name, and touches no memory of ours.
        let job = owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
        let mut wanted = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        wanted.BasicLimitInformation.LimitFlags = limits;
        wanted.ProcessMemoryLimit = bytes;
        let kind = JobObjectExtendedLimitInformation;
        let size = size_of_val(&wanted) as u32;
        // SAFETY: the handle is open, and the structure has the size that is passed.
        let set =
            unsafe { SetInformationJobObject(job.as_raw_handle(), kind, (&raw const wanted).cast(), size) };
        succeeded(set).map(|()| Self(job))
    }

    fn add(&self, process: HANDLE) -> io::Result<()> {
        // SAFETY: both handles are open.
        succeeded(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process) })
    }

    fn end(&self) {
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), ENDED) };
    }
}

/// A handle that a call returned, closed on drop.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just returned it, and no other code has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn succeeded(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets the threads of a process run that was started without.
fn resume(process: u32) -> io::Result<()> {
    // The stable standard library gives out no handle of a process's first thread.
    // SAFETY: makes a list of all threads, and touches no memory of ours.
    let list = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) })?;
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
    let mut resumed = 0;
    // SAFETY: the handle is open, and the structure contains its size.
    let mut is_one = unsafe { Thread32First(list.as_raw_handle(), &raw mut entry) } != 0;
    while is_one {
        if entry.th32OwnerProcessID == process {
            // SAFETY: only requests a handle.
            let thread = owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) })?;
            // SAFETY: a thread of a process that has run nothing yet.
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
            resumed += 1;
        }
        // SAFETY: the handle is open, and the structure contains its size.
        is_one = unsafe { Thread32Next(list.as_raw_handle(), &raw mut entry) } != 0;
    }
    if resumed == 0 { Err(io::Error::other("a process that was started has no thread")) } else { Ok(()) }
}

/// A process with all that it starts.
pub struct ProcessGroup {
    job: Job,
    leader: OwnedHandle,
    id: u32,
}

impl ProcessGroup {
    /// Starts the command as the leader of a group. If it cannot be watched, it is ended.
    pub fn spawn(command: &mut Command) -> io::Result<(Child, Self)> {
        let limits = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        let job = Job::new(limits, 0)?;
        // It must not start another process before it belongs to the job.
        let mut child = command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED).spawn()?;
        let watched = job.add(child.as_raw_handle()).and_then(|()| resume(child.id()));
        match watched.and_then(|()| child.as_handle().try_clone_to_owned()) {
            Ok(leader) => {
                let id = child.id();
                Ok((child, Self { job, leader, id }))
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Waits for the leader's end, but no longer than `time`. Returns whether it has ended.
    pub fn wait(&self, time: Duration) -> io::Result<bool> {
        // The largest number would mean to wait without a limit.
        let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX - 1);
        // SAFETY: the handle is open.
        match unsafe { WaitForSingleObject(self.leader.as_raw_handle(), milliseconds) } {
            WAIT_OBJECT_0 => Ok(true),
            WAIT_FAILED => Err(io::Error::last_os_error()),
            _ => Ok(false),
        }
    }

    /// Asks the processes of the group that share this console to end; they may write their reports
    /// before. Without a console nothing happens.
    pub fn ask_to_end(&self) {
        // SAFETY: the leader's id is that of the group of its console, and touches no memory.
        unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.id) };
    }

    /// Ends all processes of the group at once.
    pub fn end(&self) {
        self.job.end();
    }

    /// Resident memory of the leader, in MiB; 0 if it has ended.
    pub fn memory_mib(&self) -> f64 {
        let mut found = PROCESS_MEMORY_COUNTERS::default();
        let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
        // SAFETY: the handle is open, and the structure has the size that is passed.
        unsafe { K32GetProcessMemoryInfo(self.leader.as_raw_handle(), &raw mut found, size) };
        found.WorkingSetSize as f64 / f64::from(1 << 20)
    }

    /// CPU seconds of the leader, which has ended.
    pub fn processor_time(&self) -> f64 {
        /// Units of the host's times per second.
        const UNITS: f64 = 1e7;
        let [mut made, mut ended, mut kernel, mut user] = [FILETIME::default(); 4];
        let leader = self.leader.as_raw_handle();
        // SAFETY: the handle is open, and all four are variables.
        unsafe { GetProcessTimes(leader, &raw mut made, &raw mut ended, &raw mut kernel, &raw mut user) };
        let units =
            |time: FILETIME| f64::from(time.dwHighDateTime) * 4_294_967_296.0 + f64::from(time.dwLowDateTime);
        (units(kernel) + units(user)) / UNITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;
    use std::time::Instant;

    /// Environment variable that makes this program a process of a group: "outer" or "inner".
    const ROLE: &str = "XENIA_HOST_TEST_ROLE";
    const THIS: &str = "windows::process::tests::a_group_ends_with_all_that_it_started";

    fn this_program(role: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", THIS, "--nocapture"]).env(ROLE, role).stdin(Stdio::null());
        command
    }

    /// The outer process starts the inner one, which reports that it runs; both then wait.
    fn play(role: &str) {
        let _inner = (role == "outer").then(|| this_program("inner").spawn().unwrap());
        if role == "inner" {
            println!("\nready");
        }
        std::thread::sleep(Duration::from_mins(1));
    }

    #[test]
    fn a_group_ends_with_all_that_it_started() {
        if let Ok(role) = std::env::var(ROLE) {
            return play(&role);
        }
        let ends: [fn(ProcessGroup); 2] = [|group| group.end(), drop];
        for end in ends {
            let (mut child, group) =
                ProcessGroup::spawn(this_program("outer").stdout(Stdio::piped())).unwrap();
            let start = Instant::now();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            let is_ready = stdout.by_ref().lines().map_while(Result::ok).any(|line| line == "ready");
            assert!(is_ready && group.memory_mib() > 0.1);
            assert!(!group.wait(Duration::ZERO).unwrap());
            end(group);
            // The inner process has the pipe, too.
            stdout.read_to_end(&mut Vec::new()).unwrap();
            assert!(start.elapsed() < Duration::from_secs(50));
            child.wait().unwrap();
        }
    }

    #[test]
    fn exit_code_and_time_of_a_leader_are_reported() {
        let mut command = this_program("");
        command.env_remove(ROLE).arg("--list").stdout(Stdio::null());
        let (mut child, group) = ProcessGroup::spawn(&mut command).unwrap();
        assert!(group.wait(Duration::from_mins(1)).unwrap());
        assert!((0.0..60.0).contains(&group.processor_time()));
        let status = child.wait().unwrap();
        assert_eq!((status.code(), signal_of(status)), (Some(0), None));
        let (mut child, group) = ProcessGroup::spawn(this_program("outer").stdout(Stdio::null())).unwrap();
        group.end();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), signal_of(status)), (Some(137), None));
    }

    #[test]
    fn exceptions_have_the_numbers_of_signals() {
        use std::os::windows::process::ExitStatusExt;
        let of = |code| signal_of(ExitStatus::from_raw(code));
        assert_eq!([of(0xC000_0005), of(0xC000_001D), of(0xC000_0409)], [Some(11), Some(4), Some(6)]);
        assert_eq!([of(0), of(3), of(137)], [None; 3]);
    }
}
