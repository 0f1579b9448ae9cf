//! Damaged files, from the outside in: whatever the bytes, a clear error or a run that ends.
//!
//! The file is one of our own guest programs, cut short or with bits flipped at random places. What
//! still loads runs a thousand instructions. A panic anywhere fails the test; so does an error that
//! does not say where in the file it was found.

mod files;

use crate::cli::{CpuArgs, EngineArgs, GpuKind, PictureArgs};
use crate::machine::{Machine, MachineOptions};
use crate::title::Title;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_formats::KeyRing;
use xenia_sched::Limits;

const PROGRAMS: &[(&str, &[u8])] = &[
    ("hello.xex", include_bytes!("../../../guest/bin/hello.xex")),
    ("cpu-suite.xex", include_bytes!("../../../guest/bin/cpu-suite.xex")),
    ("cpu-suite.elf", include_bytes!("../../../guest/bin/cpu-suite.elf")),
];

/// Damaged files per run; `XENIA_DAMAGED_FILES` asks for more.
const FILES: u32 = 600;
const INSTRUCTIONS: u64 = 1000;

fn damage(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    if rng.random_ratio(1, 3) {
        bytes.truncate(rng.random_range(0..bytes.len()));
    }
    // Most flips hit the headers: that is where they mean something.
    for _ in 0..rng.random_range(0..8) {
        let span = if rng.random_ratio(3, 4) { bytes.len().min(0x1000) } else { bytes.len() };
        if span > 0 {
            let at = rng.random_range(0..span);
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
    }
}

#[test]
fn damaged_files_are_refused_with_a_place_or_run_to_an_end() {
    let files = std::env::var("XENIA_DAMAGED_FILES").ok().and_then(|n| n.parse().ok()).unwrap_or(FILES);
    let mut rng = ChaCha8Rng::seed_from_u64(360);
    let (mut refused, mut ran) = (0, 0);
    for number in 0..files {
        let (name, original) = PROGRAMS[number as usize % PROGRAMS.len()];
        let mut bytes = original.to_vec();
        damage(&mut bytes, &mut rng);
        let image = match xenia_formats::load(&bytes.as_slice(), &KeyRing::development()) {
            Ok(image) => image,
            Err(error) => {
                assert!(error.to_string().contains("at offset 0x"), "{name}, file {number}: {error}");
                refused += 1;
                continue;
            }
        };
        let title = Title { image, folder: None, name: name.to_owned(), keys: KeyRing::development() };
        let cpu = CpuArgs { interp: true, ..CpuArgs::default() };
        let engine = EngineArgs { cpu, ..EngineArgs::default() };
        let picture = PictureArgs { gpu: GpuKind::None, ..PictureArgs::default() };
        if let Ok(mut machine) = Machine::new(&title, MachineOptions::new(&engine, &picture)) {
            let limits =
                Limits { instructions: Some(INSTRUCTIONS), halt_on_deadlock: true, ..Limits::default() };
            let finished = machine.run(&limits, None);
            assert!(finished.report.instructions <= INSTRUCTIONS, "{name}, file {number}");
            ran += 1;
        }
    }
    println!("{files} damaged files: {refused} refused, {ran} ran");
    assert!(refused > files / 20 && ran > files / 20, "{refused} refused, {ran} ran of {files}");
}
