//! Fuzz test of damaged files: for any bytes, the result must be a clear error or a run that ends.
//!
//! Each file is one of the project's guest programs, truncated, with bits flipped at random places
//! or with parts moved. Files that still load run a thousand instructions. A panic fails the case,
//! and so does an error that does not say where in the file it was found.

use crate::config::{CpuConfig, GpuKind, MachineConfig, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use crate::title::Title;
use crate::title::discs::TitleDiscs;
use crate::title::updates::Updates;
use xenia_formats::KeyRing;
use xenia_sched::Limits;
use xenia_testing::{Cases, Dice};

const PROGRAMS: &[(&str, &[u8])] = &[
    ("hello.xex", include_bytes!("../../../guest/bin/hello.xex")),
    ("cpu-suite.xex", include_bytes!("../../../guest/bin/cpu-suite.xex")),
    ("cpu-suite.elf", include_bytes!("../../../guest/bin/cpu-suite.elf")),
];

/// Number of damaged files in a normal run.
const FILES: u64 = 600;
const INSTRUCTIONS: u64 = 1000;

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if dice.one_in(3) {
        bytes.truncate(dice.below(bytes.len()));
    }
    // Most flips hit the headers, where they have the most effect.
    for _ in 0..dice.below(8) {
        let span = if dice.one_in(4) { bytes.len() } else { bytes.len().min(0x1000) };
        if span > 0 {
            bytes[dice.below(span)] ^= 1 << dice.below(8);
        }
    }
}

#[test]
fn damaged_files_are_refused_with_a_place_or_run_to_an_end() {
    let cases = Cases::new("XENIA_DAMAGED_FILES", FILES);
    let are_usual = cases.are_usual();
    let mut refused = 0;
    let mut ran = 0;
    cases.each(|number| {
        let mut dice = Dice(number);
        let (name, original) = PROGRAMS[(number % PROGRAMS.len() as u64) as usize];
        let mut bytes = original.to_vec();
        if dice.one_in(4) {
            let (_, other) = PROGRAMS[dice.below(PROGRAMS.len())];
            dice.damage(&mut bytes, other);
        } else {
            damage(&mut bytes, &mut dice);
        }
        let image = match xenia_formats::load(&bytes.as_slice(), &KeyRing::development()) {
            Ok(image) => image,
            Err(error) => {
                assert!(error.to_string().contains("at offset 0x"), "{name}: {error}");
                refused += 1;
                return;
            }
        };
        let title = Title {
            image: image.into(),
            medium: None,
            package: None,
            updates: Updates::default(),
            discs: TitleDiscs::default(),
            name: name.to_owned(),
            path: None,
            keys: KeyRing::development(),
            patches: Default::default(),
        };
        let cpu = CpuConfig::interpreted();
        let config = MachineConfig { cpu, ..MachineConfig::default() };
        let video = VideoConfig { gpu: GpuKind::None, ..VideoConfig::default() };
        if let Ok(mut machine) = Machine::new(&title, MachineOptions::new(&config, &video)) {
            let limits =
                Limits { instructions: Some(INSTRUCTIONS), halt_on_deadlock: true, ..Limits::default() };
            let finished = machine.run(&limits);
            assert!(finished.report.instructions <= INSTRUCTIONS, "{name}");
            ran += 1;
        }
    });
    println!("{refused} refused, {ran} ran");
    if are_usual {
        assert!(refused > FILES / 20 && ran > FILES / 20, "{refused} refused, {ran} ran of {FILES}");
    }
}
