//! This process, and processes that it starts. Those with limits need job objects, which are not
//! written yet.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

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

/// Not supported: an error.
pub fn limit_this_process(_bytes: u64, _parent: u32) -> io::Result<()> {
    Err(unsupported())
}

fn unsupported() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "processes with limits are not supported on Windows yet")
}

/// No process ends by a signal: `None`.
pub fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

/// A process with all that it starts, which cannot be made here.
pub struct ProcessGroup(Infallible);

impl ProcessGroup {
    /// Not supported: an error, and nothing is started.
    pub fn spawn(_command: &mut Command) -> io::Result<(Child, Self)> {
        Err(unsupported())
    }

    /// Cannot be called.
    pub fn wait(&self, _time: Duration) -> io::Result<bool> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn ask_to_end(&self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn end(&self) {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn memory_mib(&self) -> f64 {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn processor_time(&self) -> f64 {
        match self.0 {}
    }
}
