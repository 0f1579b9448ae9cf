//! Files that give the host's profiler, `perf`, the names of compiled code.

use crate::HostError;
use memmap2::{Mmap, MmapOptions};
use rustix::time::{ClockId, clock_gettime};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

/// Opens `/tmp/perf-PID.map`, where perf looks for the names of code that belongs to no file.
/// Several openings in one process share it: writes are appended.
pub fn map_of_names() -> Result<File, HostError> {
    // /tmp is world-writable: an existing symbolic link is not followed.
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o644).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(format!("/tmp/perf-{}.map", std::process::id()));
    file.map_err(|source| HostError { call: "opening perf's map of code in /tmp", source })
}

/// A file for the code itself, in perf's jitdump format.
pub struct CodeDump {
    /// The file, empty at first.
    pub file: File,
    mark: Option<Mmap>,
}

impl CodeDump {
    /// Creates `/tmp/jit-PID.dump`. A later dump of the same process replaces it.
    pub fn create() -> Result<Self, HostError> {
        let path = format!("/tmp/jit-{}.dump", std::process::id());
        let failed = |source| HostError { call: "making perf's dump of code in /tmp", source };
        // /tmp is world-writable: an existing file is removed rather than written to.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.create_new(true).read(true).write(true).mode(0o600);
        Ok(Self { file: options.open(path).map_err(failed)?, mark: None })
    }

    /// Announces the file to perf; its header must be written before. perf records executable
    /// mappings, so mapping the beginning of the file as executable is enough.
    pub fn announce(&mut self) -> Result<(), HostError> {
        // SAFETY: the mapping is neither read nor executed.
        let mark = unsafe { MmapOptions::new().len(4096).map_exec(&self.file) };
        let mark = mark.map_err(|source| HostError { call: "mmap of the dump of code for perf", source })?;
        self.mark = Some(mark);
        Ok(())
    }
}

/// Time in nanoseconds, on the clock that perf uses under `perf record -k 1`.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}
