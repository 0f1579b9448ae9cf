//! Tests of arguments that only a hostile title passes.

use super::*;
use xenia_exports::FAMILIES;

/// Calls each export with arguments that a hostile title could pass: no call may panic, hang, or
/// bring the machine down.
#[test]
fn no_export_panics_on_hostile_arguments() {
    const STACK: u64 = 0x1_8000;
    let values = |b: &Harness| {
        let base = u64::from(b.scratch.0);
        [0, 1, 3, 0x1000, 0xFFFF, base, base + 0x1_FFFD, 0x7FC8_0000, 0x8000_0000, 0xFFFF_FFFC, u64::MAX]
    };
    for export in FAMILIES.iter().copied().flatten() {
        let mut b = Harness::new();
        let values = values(&b);
        for round in 0..values.len() * 2 {
            b.memory().fill(b.scratch, STACK as u32, (round * 37) as u8).unwrap();
            // The same value everywhere at first, then a different one in each place.
            let arguments: Vec<u64> = (0..12)
                .map(|index| values[(round + index * (round / values.len())) % values.len()])
                .collect();
            let _ = b.call(export.library, export.name, &arguments);
        }
    }
}
