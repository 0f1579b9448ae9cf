//! Tests of going back: a machine that has run is restored to a moment before, and ends where the
//! run that never went back does.

mod checkpoints;
mod kinds;
mod restore;

use std::path::Path;
use xenia::config::{CpuConfig, GpuKind, MachineConfig, TitleConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::report::RunReport;
use xenia::title::Title;
use xenia_kernel::ports::TextSink;
use xenia_sched::Limits;

/// Machines for one title of `guest/bin`, all under the same conditions.
struct Maker {
    title: Title,
    config: MachineConfig,
    video: VideoConfig,
    arguments: Vec<String>,
}

impl Maker {
    fn new(name: &str, cpu: CpuConfig) -> Self {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin")).join(name);
        // Drawing takes most of the time of a debug build.
        let gpu = if name == "demo.xex" { GpuKind::Reference } else { GpuKind::None };
        Self::of(&path, gpu, cpu)
    }

    /// Machines for the title in a file or folder.
    fn of(path: &Path, gpu: GpuKind, cpu: CpuConfig) -> Self {
        Self {
            title: Title::open_or_demo(Some(path), &TitleConfig::default()).unwrap(),
            config: MachineConfig { cpu, ..MachineConfig::default() },
            video: VideoConfig { gpu, ..VideoConfig::default() },
            arguments: Vec::new(),
        }
    }

    fn machine(&self) -> Machine {
        self.saying(Box::new(|_| {}))
    }

    /// A machine whose guest writes its text there.
    fn saying(&self, text: TextSink) -> Machine {
        let options = MachineOptions::new(&self.config, &self.video);
        Machine::new(&self.title, MachineOptions { arguments: &self.arguments, text, ..options }).unwrap()
    }
}

fn instruction_limit(count: u64) -> Limits {
    Limits { instructions: Some(count), ..Limits::default() }
}

fn interpreted() -> CpuConfig {
    CpuConfig::interpreted()
}

#[track_caller]
fn assert_same(after: &RunReport, whole: &RunReport, what: &str) {
    assert_eq!(after.digest_parts, whole.digest_parts, "{what}");
    assert_eq!(after.digest, whole.digest, "{what}");
    let place = |report: &RunReport| (report.instructions, report.guest_ticks, report.frames);
    assert_eq!(place(after), place(whole), "{what}");
    assert_eq!(after.exit, whole.exit, "{what}");
}
