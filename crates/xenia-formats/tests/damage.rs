//! Damaged files of every volume format are either read, or refused with offset and reason, without
//! panic, hang or excessive memory. A few cases run with the other tests, all on demand:
//!
//! ```sh
//! XENIA_DAMAGED=0..10000 cargo test --release -p xenia-formats --test tests damage::
//! ```

use crate::support::{Noise, open_as, verified};
use std::time::Duration;
use xenia_formats::{NoParts, Opens, Volume};
use xenia_testing::Cases;

/// Largest number of bytes read of one damaged file; the volume may contain more.
const MAX_READ: u64 = 4 << 20;

/// Reads a part of each file.
fn read_some(volume: &Volume, whole: u64) {
    let mut ahead = vec![Vec::<String>::new()];
    let mut total = 0;
    let mut read = 0;
    while let Some(path) = ahead.pop() {
        for entry in volume.list(&path).unwrap() {
            let Some(contents) = entry.contents else {
                ahead.push([&path[..], &[entry.name.to_owned()]].concat());
                continue;
            };
            total += entry.size;
            let mut buffer = vec![0; entry.size.min(MAX_READ - read) as usize];
            read += buffer.len() as u64;
            let middle = entry.size / 2;
            for at in [0, middle, entry.size.saturating_sub(1), entry.size, u64::MAX] {
                if let Ok(count) = contents.read_at(at, &mut buffer) {
                    assert!(count as u64 <= entry.size.saturating_sub(at));
                }
            }
        }
    }
    // Disc images may have many files at one position; compressed archives must stay within the
    // growth limit.
    assert!(!volume.is_packed() || total <= (1 << 30).max(100 * whole), "{total} of {whole}");
}

fn damaged(whole: &[u8], dice: &mut Noise) -> Vec<u8> {
    let mut file = whole.to_vec();
    // Damage headers and tables, which are at both ends, and positions where adjacent bytes differ.
    for _ in 0..=dice.below(4) {
        let at = match dice.below(4) {
            0 => dice.below(file.len().min(0x400)),
            1 => file.len() - 1 - dice.below(file.len().min(0x200)),
            2 => 0x1_0000 % file.len() + dice.below(64).min(file.len() - 1 - 0x1_0000 % file.len()),
            _ => dice.below(file.len()),
        };
        let kind = dice.below(6);
        let length = [1, 2, 4, 8][dice.below(4)].min(file.len() - at);
        match kind {
            0 => file[at] = dice.next() as u8,
            1 => file[at] ^= 1 << dice.below(8),
            2 => file[at..at + length].fill(0xFF),
            3 => file[at..at + length].fill(0),
            4 => {
                let from = dice.below(file.len() - length + 1);
                file.copy_within(from..from + length, at);
            }
            _ => file.truncate(at.max(1)),
        }
    }
    file
}

#[test]
fn damaged_files_are_refused_or_read() {
    let samples: Vec<_> = crate::support::samples()
        .filter(|(format, _)| matches!(format.opens, Opens::Volume(_) | Opens::Parts(_)))
        .map(|(format, file)| (format.name, file))
        .collect();
    Cases::new("XENIA_DAMAGED", 500).longest(Duration::from_secs(30)).each(|seed| {
        for (name, whole) in &samples {
            let mut dice = Noise::new(seed);
            let file = damaged(whole, &mut dice);
            match open_as(name, file.clone(), &NoParts) {
                Ok(volume) => read_some(&volume, file.len() as u64),
                Err(error) => assert!(error.to_string().contains(" at offset 0x"), "{name}: {error}"),
            }
            for fault in verified(name, file).0 {
                assert!(fault.contains(" at offset 0x"), "{name}: {fault}");
            }
        }
    });
}
