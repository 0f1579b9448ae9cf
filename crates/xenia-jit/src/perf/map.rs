//! `/tmp/perf-PID.map`: names of compiled code for `perf`, which looks there for code that belongs
//! to no file.
//!
//! Each region adds a line when it is published. Withdrawn code keeps its line; perf uses the last
//! line that covers an address, so code that later reuses the memory is named correctly.

use crate::JitError;
use std::fs::File;
use std::io::Write;
use xenia_host::profiler;
use xenia_sync::{Level, Mutex};

/// The map file, shared by all engines of a machine. Machines of one process share one file, to
/// which each appends lines.
#[derive(Debug)]
pub(crate) struct PerfMap(Mutex<File>);

impl PerfMap {
    pub(crate) fn open() -> Result<Self, JitError> {
        Ok(Self(Mutex::new(Level::Leaf, profiler::map_of_names()?)))
    }

    /// Adds the name of the host code of the guest code at `pc`.
    pub(crate) fn add(&self, address: u64, size: usize, pc: u32) {
        self.add_as("guest", address, size, pc);
    }

    /// Adds the name, with the tier that compiled the code.
    pub(crate) fn add_as(&self, tier: &str, address: u64, size: usize, pc: u32) {
        // If writing fails, only names are missing.
        let line = format!("{address:x} {size:x} {tier}_{pc:08x}\n");
        if let Err(error) = self.0.lock().write_all(line.as_bytes()) {
            tracing::warn!(%error, "perf's map of code lacks {pc:#010x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "perf is a profiler of Linux")]
    fn lines_are_what_perf_reads() {
        let map = PerfMap::open().unwrap();
        map.add(0x7f00_0000_1000, 0x40, 0x8201_0000);
        let path = format!("/tmp/perf-{}.map", std::process::id());
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(text, "7f0000001000 40 guest_82010000\n");
    }
}
