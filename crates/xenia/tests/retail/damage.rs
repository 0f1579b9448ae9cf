//! Each file of the title is damaged at many places: an error or a run that ends, and no panic.

use super::media::{Added, MediumKind, stage};
use super::run::{open, run};
use xenia::Limits;
use xenia::config::MachineConfig;
use xenia_testing::{Dice, is_long};

/// Places of each file, and with `cargo xtask retail-suite`.
const PLACES: [u64; 2] = [20, 1000];
/// One damaged title in so many is also run.
const RUN: u64 = 25;
/// Instructions of such a run.
const INSTRUCTIONS: u64 = 2_000_000;

/// Changes a file at one place: a byte, a run of bytes, or its end.
fn damage(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // Headers are small, and most of what readers believe is in them.
    let end = if dice.one_in(2) { bytes.len().min(0x2000) } else { bytes.len() };
    let at = dice.below(end);
    match dice.below(4) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes[at] = dice.below(256) as u8,
        2 => {
            let end = bytes.len().min(at + 4);
            bytes[at..end].fill(if dice.one_in(2) { 0xFF } else { 0 });
        }
        _ => bytes.truncate(at),
    }
    bytes
}

fn damage_all(kind: MediumKind, added: Added) {
    let staged = stage(kind, added);
    let limits = Limits { instructions: Some(INSTRUCTIONS), ..Limits::default() };
    for (number, part) in staged.parts.iter().enumerate() {
        let whole = std::fs::read(part).unwrap();
        let mut opened = 0;
        for place in 0..PLACES[usize::from(is_long())] {
            let mut dice = Dice(place * 64 + number as u64);
            std::fs::write(part, damage(&mut dice, &whole)).unwrap();
            // Errors are as good as titles that still run; a panic fails the test.
            match open(&staged, true) {
                Err(error) => assert!(!format!("{error:#}").is_empty()),
                Ok(_) if place % RUN == 0 => drop(run(&staged, &MachineConfig::default(), &limits)),
                Ok(_) => opened += 1,
            }
        }
        std::fs::write(part, &whole).unwrap();
        assert!(open(&staged, true).is_ok(), "{} is whole again; {opened} still opened", part.display());
    }
}

#[test]
fn damaged_files_of_a_folder_and_damaged_packages_cause_errors_and_no_panic() {
    damage_all(MediumKind::Folder, Added::Packages);
}

#[test]
fn a_damaged_update_causes_errors_and_no_panic() {
    damage_all(MediumKind::Folder, Added::Patch);
}

#[test]
fn a_damaged_image_causes_errors_and_no_panic() {
    damage_all(MediumKind::Image, Added::Nothing);
}

#[test]
fn a_damaged_package_causes_errors_and_no_panic() {
    damage_all(MediumKind::Stfs, Added::Nothing);
}

#[test]
fn a_damaged_package_with_data_files_causes_errors_and_no_panic() {
    damage_all(MediumKind::Svod, Added::Nothing);
}
