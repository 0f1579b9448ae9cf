//! Patches a program to end at the start of its `main`, to measure its start-up.

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment, ObjectSymbol};

/// Encoding of `li 3, 0`: the exit code.
const NO_ERROR: u32 = 0x3860_0000;
/// Encoding of `b` without its displacement.
const BRANCH: u32 = 0x4800_0000;
/// Displacement bits of `b`.
const DISTANCE: u32 = 0x03FF_FFFC;

/// The ELF file with a `main` that jumps to the function `end`, which takes an exit code and does
/// not return.
pub(super) fn ends_at_main(elf: &[u8], end: &str) -> Result<Vec<u8>> {
    let file = object::File::parse(elf)?;
    let address = |name: &str| {
        let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
        symbol.map(|symbol| symbol.address()).with_context(|| format!("there is no {name}"))
    };
    let main = address("main")?;
    let end = address(end)?;
    let place = file.segments().find_map(|segment| {
        let inside = main.checked_sub(segment.address())?;
        let (start, size) = segment.file_range();
        (inside + 8 <= size).then_some(start + inside)
    });
    let place = usize::try_from(place.context("main is in no segment")?)?;
    let distance = end.wrapping_sub(main + 4) as u32;
    if (distance as i32) << 6 >> 6 != distance as i32 {
        bail!("the end is too far from main");
    }
    let mut words = elf.to_vec();
    let at = words.get_mut(place..place + 8).context("main is not in the file")?;
    at[..4].copy_from_slice(&NO_ERROR.to_be_bytes());
    at[4..].copy_from_slice(&(BRANCH | distance & DISTANCE).to_be_bytes());
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_main_moves_to_the_end() {
        let elf = include_bytes!("../../../guest/bin/cpu-suite.elf");
        let file = object::File::parse(&elf[..]).unwrap();
        let functions = || file.symbols().filter(|symbol| symbol.is_definition() && symbol.size() >= 8);
        let end = functions().find_map(|symbol| symbol.name().ok().filter(|name| *name != "main")).unwrap();
        let changed = ends_at_main(elf, end).unwrap();
        let different: Vec<_> = (0..elf.len()).filter(|&at| elf[at] != changed[at]).collect();
        assert!(!different.is_empty() && different.last().unwrap() - different[0] < 8, "{different:?}");
        let at = different[0] & !3;
        assert_eq!(changed[at..at + 4], [0x38, 0x60, 0, 0]);
        assert_eq!(changed[at + 4] >> 2, 0x48 >> 2);
        assert!(ends_at_main(elf, "no such function").is_err());
        assert!(ends_at_main(b"no program", "main").is_err());
    }
}
