//! `/tmp/jit-PID.dump`: compiled code and its names in perf's jitdump format. `perf inject --jit`
//! turns it into files for `perf report` and `perf annotate`.
//!
//! ```text
//!   header   magic, version, size of the header, machine, 0, process   u32 each
//!            time, flags                                               u64 each
//!   records  kind (0: code), size of the record                        u32 each
//!            time                                                      u64
//!            process, thread                                           u32 each
//!            address, address, size, number                            u64 each
//!            name with a 0; code
//! ```
//! perf finds the file because its beginning is mapped as executable. It orders records and samples
//! by time, so both have to use the same clock: `perf record -k 1`.

use crate::JitError;
use crate::arch::inspect::ELF_MACHINE;
use std::io::Write;
use xenia_host::HostError;
use xenia_host::profiler::{CodeDump, now};
use xenia_sync::{Level, Mutex};

const MAGIC: u32 = 0x4A69_5444;
const HEADER: u32 = 40;
/// Size of a record in bytes, without its name and code.
const RECORD: usize = 56;

struct State {
    dump: CodeDump,
    records: u64,
    has_failed: bool,
}

/// The dump file, shared by all engines of a machine.
pub(crate) struct JitDump {
    state: Mutex<State>,
}

fn header(process: u32) -> Vec<u8> {
    let words = [MAGIC, 1, HEADER, ELF_MACHINE, 0, process];
    let numbers = [now(), 0];
    words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .chain(numbers.iter().flat_map(|n| n.to_le_bytes()))
        .collect()
}

fn record(process: u32, number: u64, address: u64, code: &[u8], pc: u32) -> Vec<u8> {
    let name = format!("guest_{pc:08x}\0");
    let mut bytes = Vec::with_capacity(RECORD + name.len() + code.len());
    for word in [0, (RECORD + name.len() + code.len()) as u32] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(now().to_le_bytes());
    // The thread's number is not needed; the process ID is used instead.
    for word in [process, process] {
        bytes.extend(word.to_le_bytes());
    }
    for number in [address, address, code.len() as u64, number] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(name.as_bytes());
    bytes.extend(code);
    bytes
}

impl JitDump {
    pub(crate) fn open() -> Result<Self, JitError> {
        let mut dump = CodeDump::create()?;
        let written = dump.file.write_all(&header(std::process::id()));
        written.map_err(|source| HostError { call: "making perf's dump of code in /tmp", source })?;
        dump.announce()?;
        let state = State { dump, records: 0, has_failed: false };
        Ok(Self { state: Mutex::new(Level::Leaf, state) })
    }

    /// Adds the host code of the guest code at `pc`.
    pub(crate) fn add(&self, address: u64, code: &[u8], pc: u32) {
        let mut state = self.state.lock();
        if state.has_failed {
            return;
        }
        let record = record(std::process::id(), state.records, address, code, pc);
        state.records += 1;
        if let Err(error) = state.dump.file.write_all(&record) {
            // A partial record ends the readable part of the file.
            state.has_failed = true;
            tracing::warn!(%error, "perf's dump of code ends before {pc:#010x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "perf is a profiler of Linux")]
    fn records_are_what_perf_reads() {
        let dump = JitDump::open().unwrap();
        dump.add(0x7f00_0000_1000, &[0x90, 0xC3], 0x8201_0000);
        dump.add(0x7f00_0000_2000, &[0xC3], 0x8201_0010);
        let path = format!("/tmp/jit-{}.dump", std::process::id());
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        assert_eq!(&bytes[..4], b"DTiJ");
        assert_eq!([word(4), word(8), word(12), word(20)], [1, 40, ELF_MACHINE, std::process::id()]);
        let first = 40;
        assert_eq!([word(first), word(first + 4)], [0, 56 + 15 + 2]);
        assert!(number(first + 8) >= number(24));
        assert_eq!(
            [number(first + 24), number(first + 32), number(first + 40)],
            [0x7f00_0000_1000, 0x7f00_0000_1000, 2]
        );
        assert_eq!(&bytes[first + 56..first + 73], b"guest_82010000\0\x90\xC3");
        let second = first + word(first + 4) as usize;
        assert_eq!([number(second + 40), number(second + 48)], [1, 1]);
        assert_eq!(second + word(second + 4) as usize, bytes.len());
    }
}
