//! Names of a title's functions from a linker's map file (`--symbols`). Invariants: symbols outside
//! of the image are dropped, and a symbol that the executable has as well stays the executable's.

use crate::source;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::Path;
use xenia_formats::LoadedImage;
use xenia_formats::image::{PageRun, Protection, Symbol};
use xenia_formats::map_file::{self, MAX_FILE};
use xenia_guest::GuestAddr;

/// The code of an image as ranges of addresses that don't touch, in ascending order.
fn code_ranges(image: &LoadedImage) -> Vec<(u64, u64)> {
    let is_code = |run: &&PageRun| matches!(run.protection, Protection::Code | Protection::WritableCode);
    let range = |run: &PageRun| (u64::from(run.start.0), u64::from(run.start.0) + u64::from(run.size));
    let mut runs: Vec<_> = image.page_runs.iter().filter(is_code).map(range).collect();
    runs.sort_unstable();
    let mut ranges = Vec::<(u64, u64)>::new();
    for (start, end) in runs {
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

/// Number of bytes from an address to the end of the code around it; 0 if there is none.
fn code_from(ranges: &[(u64, u64)], at: GuestAddr) -> u32 {
    let at = u64::from(at.0);
    let after = ranges.partition_point(|&(start, _)| start <= at);
    let end = after.checked_sub(1).and_then(|index| ranges.get(index)).map_or(at, |&(_, end)| end);
    end.saturating_sub(at).try_into().unwrap_or(u32::MAX)
}

/// Adds the symbols of a map file that are in the image.
///
/// # Errors
/// The file can't be read, is not a map file, or has no symbol in the image.
pub(super) fn add(image: &mut LoadedImage, path: &Path) -> Result<()> {
    let what = || format!("--symbols {}", path.display());
    let bytes = source::large_bytes(path, MAX_FILE).with_context(what)?;
    let mut symbols = map_file::read(&bytes).with_context(what)?;
    let all = symbols.len();
    symbols.retain(|symbol| symbol.address.0.wrapping_sub(image.base.0) < image.size);
    if symbols.is_empty() {
        let end = GuestAddr(image.base.0.wrapping_add(image.size.saturating_sub(1)));
        bail!("{}: none of its {all} symbols is in the title, {} to {end}", what(), image.base);
    }
    // A function that the executable names, too, keeps that symbol, which has a size.
    let key = |symbol: &Symbol| (symbol.address, symbol.name.clone());
    let known: BTreeSet<_> = image.symbols.iter().map(key).collect();
    symbols.retain(|symbol| !known.contains(&key(symbol)));
    // Data after the code does not belong to the last function.
    let code = code_ranges(image);
    for symbol in symbols.iter_mut().filter(|symbol| symbol.is_function && symbol.size == 0) {
        symbol.size = code_from(&code, symbol.address);
    }
    image.symbols.append(&mut symbols);
    image.symbols.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::TitleConfig;
    use crate::title::Title;
    use std::path::Path;
    use xenia_formats::image::{PageRun, Protection};
    use xenia_guest::GuestAddr;

    const ELF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/cpu-suite.elf");
    const HEAD: &str = "  Address         Publics by Value              Rva+Base       Lib:Object\n";

    fn named(title: &str, map: &str) -> Result<Vec<(u32, String)>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("title.map");
        std::fs::write(&path, map).unwrap();
        let config = TitleConfig { symbols: Some(path), ..TitleConfig::default() };
        let title = Title::open_or_demo(Some(Path::new(title)), &config);
        let title = title.map_err(|error| format!("{error:#}"))?;
        let symbols = title.image.symbols.iter().filter(|symbol| symbol.is_function);
        Ok(symbols.map(|symbol| (symbol.address.0, symbol.name.clone())).collect())
    }

    #[test]
    fn symbols_of_the_file_join_those_of_the_executable() {
        let before = named(ELF, &format!("{HEAD} 0005:0 kernel_lz 82010d00 f a.obj\n")).unwrap();
        let map = format!(
            "{HEAD} 0005:0 kernel_lz 82010d00 f a.obj\n 0005:1 another 82010d04 f a.obj\n 0005:1 f 1000 f a.obj\n"
        );
        let mut after = named(ELF, &map).unwrap();
        assert!(after.is_sorted_by_key(|(address, _)| *address));
        after.retain(|(_, name)| name != "another");
        assert_eq!(before, after, "one symbol more");
        assert_eq!(before.iter().filter(|(_, name)| name == "kernel_lz").count(), 1);
    }

    #[test]
    fn functions_without_a_size_end_with_the_code() {
        let mut image = Title::open_or_demo(Some(Path::new(ELF)), &TitleConfig::default()).unwrap().image;
        let image = std::sync::Arc::make_mut(&mut image);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("title.map");
        std::fs::write(&path, format!("{HEAD} 5:0 last 8201fff0 f a.obj\n 5:0 data 82020010 f a.obj\n"))
            .unwrap();
        let run = |start, size, protection| PageRun { start: GuestAddr(start), size, protection };
        image.page_runs = vec![
            run(0x8201_0000, 0x1_0000, Protection::Code),
            run(0x8202_0000, 0x1000, Protection::ReadWrite),
        ];
        super::add(image, &path).unwrap();
        let size = |name| image.symbols.iter().find(|symbol| symbol.name == name).unwrap().size;
        assert_eq!((size("last"), size("data")), (0x10, 0));
        image.page_runs[1].protection = Protection::Code;
        image.symbols.clear();
        super::add(image, &path).unwrap();
        let size = |name| image.symbols.iter().find(|symbol| symbol.name == name).unwrap().size;
        assert_eq!((size("last"), size("data")), (0x1010, 0xFF0));
    }

    #[test]
    fn files_of_other_executables_and_other_files_are_refused() {
        let error = named(ELF, &format!("{HEAD} 0005:0 main 10000000 f a.obj\n")).unwrap_err();
        assert!(error.contains("title.map: none of its 1 symbols is in the title, 0x8200"), "{error}");
        let error = named(ELF, &format!("{HEAD} 0005:0 main\n")).unwrap_err();
        assert!(error.contains("title.map: line 2: "), "{error}");
        let error = named(ELF, "text\n").unwrap_err();
        assert!(error.contains("title.map: line 1: a map file"), "{error}");
    }
}
