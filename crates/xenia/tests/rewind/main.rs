//! Tests of going back: a machine that has run is restored to a moment before, and ends where the
//! run that never went back does.

mod checkpoints;
mod restore;

use std::path::Path;
use xenia::config::{CpuConfig, GpuKind, MachineConfig, TitleConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::report::RunReport;
use xenia::title::Title;
use xenia_sched::Limits;

/// Machines for one title of `guest/bin`, all under the same conditions.
struct Maker {
    title: Title,
    config: MachineConfig,
    video: VideoConfig,
}

impl Maker {
    fn new(name: &str, cpu: CpuConfig) -> Self {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin")).join(name);
        let title = Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
        // Drawing takes most of the time of a debug build.
        let gpu = if name == "demo.xex" { GpuKind::Reference } else { GpuKind::None };
        Self {
            title,
            config: MachineConfig { cpu, ..MachineConfig::default() },
            video: VideoConfig { gpu, ..VideoConfig::default() },
        }
    }

    fn machine(&self) -> Machine {
        Machine::new(&self.title, MachineOptions::new(&self.config, &self.video)).unwrap()
    }
}

fn until(count: u64) -> Limits {
    Limits { instructions: Some(count), ..Limits::default() }
}

fn interpreted() -> CpuConfig {
    CpuConfig { interp: true, ..CpuConfig::default() }
}

#[track_caller]
fn assert_same(after: &RunReport, whole: &RunReport, what: &str) {
    assert_eq!(after.digest_parts, whole.digest_parts, "{what}");
    assert_eq!(after.digest, whole.digest, "{what}");
    let place = |report: &RunReport| (report.instructions, report.guest_ticks, report.frames);
    assert_eq!(place(after), place(whole), "{what}");
    assert_eq!(after.exit, whole.exit, "{what}");
}
