//! Tests of the console that a title sees (`ConsoleConfig`), on every engine.

use super::{DATA, assembled, poller};
use crate::config::{ConsoleConfig, CpuConfig, CrossCheckUnit, MachineConfig, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use crate::report::End;
use std::sync::Arc;
use xenia_exports::missing_answer;
use xenia_formats::image::{ExecutionInfo, Version};
use xenia_guest::{GuestAddr, MediaId, TitleId};
use xenia_kernel::imports::MissingAnswer;
use xenia_sched::Limits;

/// Reads a word at a low address, stores it with a mark, and the result of a missing call.
const LOOKS: &str = "
        li 4, 0x10
        lwz 3, 0(4)
        addi 3, 3, 7
        lis 30, 0x8201
        stw 3, 0x100(30)
        bl missing
        stw 3, 0x104(30)
        blr
missing: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

fn run(cpu: CpuConfig, console: &ConsoleConfig) -> (End, [u32; 2]) {
    let title = assembled(LOOKS, "missing", 0x0FFE, "");
    let engine = MachineConfig { cpu, console: console.clone(), ..MachineConfig::default() };
    let picture = VideoConfig::default();
    let mut machine = Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap();
    let finished = machine.run(&Limits { instructions: Some(1000), ..Limits::default() });
    assert_eq!(finished.divergence.as_deref(), None);
    let at = |offset| machine.memory().read(GuestAddr(DATA + offset)).unwrap();
    (finished.report.exit, [at(0x100), at(0x104)])
}

/// Asks for the video mode, into the data.
const ASKS: &str = "
        lis 3, 0x8201
        addi 3, 3, 0x100
        bl mode
        lis 3, 0x8201
        blr
mode:   .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

#[test]
fn a_title_gets_the_configured_video_mode() {
    const VD_QUERY_VIDEO_MODE: u16 = 0x1CA;
    for (mode, widescreen, expected) in [
        (None, None, [1280, 720, 0, 1, 1, 60_f32.to_bits(), 1]),
        (Some("640x480@50"), None, [640, 480, 0, 0, 0, 50_f32.to_bits(), 3]),
        (Some("1920x1080i"), Some(false), [1920, 1080, 1, 0, 1, 60_f32.to_bits(), 1]),
    ] {
        let mut title = assembled(ASKS, "mode", VD_QUERY_VIDEO_MODE, "");
        Arc::make_mut(&mut title.image).imports[0].name = "xboxkrnl.exe".to_owned();
        let video_mode = mode.map(|mode| mode.parse().unwrap());
        let console = ConsoleConfig { video_mode, widescreen, ..ConsoleConfig::default() };
        let cpu = CpuConfig::interpreted();
        let engine = MachineConfig { cpu, console, ..MachineConfig::default() };
        let picture = VideoConfig::default();
        let mut machine = Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap();
        machine.run(&Limits { instructions: Some(1000), ..Limits::default() });
        let word =
            |index: u32| -> u32 { machine.memory().read(GuestAddr(DATA + 0x100 + 4 * index)).unwrap() };
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(word), expected, "{mode:?}");
    }
}

#[test]
fn low_addresses_and_missing_calls_are_as_configured_on_every_engine() {
    for cpu in [
        CpuConfig::interpreted(),
        CpuConfig { warm_up: Some(0), ..CpuConfig::default() },
        CpuConfig { cross_check: Some(CrossCheckUnit::Instr), ..CpuConfig::default() },
    ] {
        let (exit, stored) = run(cpu.clone(), &ConsoleConfig::default());
        assert_eq!((exit, stored), (End::Crash, [0, 0]), "{cpu:?}");
        let mut console = ConsoleConfig { null_page: true, ..ConsoleConfig::default() };
        assert_eq!(run(cpu.clone(), &console).1, [7, 0xC000_0002], "{cpu:?}");
        console.missing = vec![MissingAnswer::Zero, missing_answer("xam#ffe=0x1234").unwrap()];
        assert_eq!(run(cpu.clone(), &console).1, [7, 0x1234], "{cpu:?}");
        console.missing = vec![MissingAnswer::Zero];
        assert_eq!(run(cpu.clone(), &console).1, [7, 0], "{cpu:?}");
    }
}

/// Stores the result of a missing call, and the last error in the thread's object.
const FAILS: &str = "
        bl missing
        lwz 4, 0x100(13)
        lwz 4, 0x160(4)
        lis 30, 0x8201
        stw 3, 0x100(30)
        stw 4, 0x104(30)
        blr
missing: .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
";

#[test]
fn a_missing_function_that_returns_only_false_sets_the_last_error() {
    const XHTTP_CREATE_URL: u16 = 0xDD;
    for (missing, error) in [(vec![], 10_091), (vec![MissingAnswer::Zero], 0)] {
        let title = assembled(FAILS, "missing", XHTTP_CREATE_URL, "");
        let console = ConsoleConfig { missing, ..ConsoleConfig::default() };
        let cpu = CpuConfig::interpreted();
        let engine = MachineConfig { cpu, console, ..MachineConfig::default() };
        let picture = VideoConfig::default();
        let mut machine = Machine::new(&title, MachineOptions::new(&engine, &picture)).unwrap();
        machine.run(&Limits { instructions: Some(1000), ..Limits::default() });
        let at = |offset| -> u32 { machine.memory().read(GuestAddr(DATA + offset)).unwrap() };
        assert_eq!([at(0x100), at(0x104)], [0, error]);
    }
}

#[test]
fn a_title_is_noted_in_the_users_profile_when_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let of_profile = folder.path().join("Profiles/E000000000000001");
    std::fs::create_dir_all(&of_profile).unwrap();
    std::fs::write(of_profile.join("profile"), "xenia-rs profile 1\nname = Ada\n").unwrap();
    // Options of an earlier version, which go to the title's database at its start.
    let options = "xenia-rs settings 1\n63E83FFF = 63\n";
    std::fs::write(of_profile.join("00000007.settings"), options).unwrap();
    let mut title = poller();
    Arc::make_mut(&mut title.image).execution = Some(ExecutionInfo {
        media_id: MediaId(0),
        version: Version(0),
        base_version: Version(0),
        title_id: TitleId(7),
        platform: 0,
        executable_type: 0,
        disc_number: 0,
        disc_count: 0,
        savegame_id: 0,
    });
    let engine = MachineConfig { cpu: CpuConfig::interpreted(), ..MachineConfig::default() };
    let picture = VideoConfig::default();
    let content = Some(folder.path().to_owned());
    let options = MachineOptions { content, ..MachineOptions::new(&engine, &picture) };
    drop(Machine::new(&title, options).unwrap());
    assert!(of_profile.join("00000007.gpd").exists());
}
