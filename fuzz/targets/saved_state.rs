//! A saved state with any bytes changed in its sections: loading it is refused, or the machine runs
//! on.
//!
//! Input: changes of 6 bytes each: number of the section, offset in it (32 bits, big endian, modulo
//! its length), new value.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::OnceLock;
use xenia::config::{CpuConfig, MachineConfig, TitleConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::title::Title;
use xenia_sched::Limits;
use xenia_state::StateFile;

/// Instructions before the state is saved, and after it is loaded.
const BEFORE: u64 = 3_000_000;
const AFTER: u64 = 20_000;

struct Saved {
    title: Title,
    config: MachineConfig,
    state: StateFile,
}

impl Saved {
    fn new() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/bin/sync-suite.xex");
        let title = Title::open_or_demo(Some(Path::new(path)), &TitleConfig::default()).expect("our title");
        let cpu = CpuConfig::interpreted();
        let config = MachineConfig { cpu, ..MachineConfig::default() };
        let mut machine = machine(&title, &config);
        machine.run_until(&until(BEFORE));
        let state = machine.save_state().expect("a state");
        Self { title, config, state }
    }
}

fn machine(title: &Title, config: &MachineConfig) -> Machine {
    let video = VideoConfig::default();
    Machine::new(title, MachineOptions::new(config, &video)).expect("a machine")
}

fn until(count: u64) -> Limits {
    Limits { instructions: Some(count), ..Limits::default() }
}

fuzz_target!(|bytes: &[u8]| {
    static SAVED: OnceLock<Saved> = OnceLock::new();
    let Saved { title, config, state } = SAVED.get_or_init(Saved::new);
    let mut sections = state.sections().to_vec();
    for change in bytes.chunks_exact(6) {
        let &[section, a, b, c, d, value] = change else { continue };
        let count = sections.len();
        let Some(section) = sections.get_mut(usize::from(section) % count) else { continue };
        let at = u32::from_be_bytes([a, b, c, d]) as usize % section.bytes.len().max(1);
        if let Some(byte) = section.bytes.get_mut(at) {
            *byte = value;
        }
    }
    let mut changed = StateFile::new(state.header.clone());
    for section in sections {
        changed.put_stored(section).expect("as it was");
    }
    let mut next = machine(title, config);
    if next.restore(&changed).is_ok() {
        next.run_until(&until(BEFORE + AFTER));
    }
    next.discard();
});
