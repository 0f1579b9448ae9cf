//! Reads the public sample title in `XENIA_TITLES/dolphin`; skipped if it is missing.

use std::fs::File;

use xenia_formats::image::Protection;
use xenia_formats::xex::{Compression, Encryption};
use xenia_formats::{KeyRing, Xex};
use xenia_guest::GuestAddr;

#[test]
fn the_sample_title_loads_with_every_digest_right() {
    let Some(path) = xenia_testing::title("dolphin/dolphin.xex") else { return };
    let file = File::open(path).unwrap();
    let xex = Xex::read(&file).unwrap();
    assert_eq!(xex.encryption, Encryption::Normal);
    assert!(matches!(&xex.compression, Compression::Basic(blocks) if blocks.len() == 2));

    let image = xex.load(&file, &KeyRing::development()).unwrap();
    let wrong: Vec<_> = image.digests.iter().filter(|check| !check.ok).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(image.digests.len(), 1 + 2 + 41, "header, libraries, page runs");
    assert_eq!((image.base, image.size), (GuestAddr(0x8200_0000), 0x29_0000));
    assert_eq!(image.entry, GuestAddr(0x8208_7D28));
    assert_eq!((image.page_size, image.stack_size), (0x1_0000, Some(0x4_0000)));
    let tls = image.tls.unwrap();
    assert_eq!((tls.slot_count, tls.data_size), (64, 0));

    let counts: Vec<_> =
        image.imports.iter().map(|library| (library.name.as_str(), library.imports.len())).collect();
    assert_eq!(counts, [("xam.xex", 8), ("xboxkrnl.exe", 116)]);
    assert_eq!(image.import_count(), 124);
    for import in image.imports.iter().flat_map(|library| &library.imports) {
        let Some(thunk) = import.thunk else { continue };
        let words: Vec<_> = (0..4).map(|i| image.word(thunk.offset(i * 4)).unwrap()).collect();
        assert_eq!(words[0], image.word(import.slot.unwrap()).unwrap() | 0x0100_0000);
        assert_eq!(words[1..], [words[0] + 0x0100_0000, 0x7D69_03A6, 0x4E80_0420]);
    }

    assert_eq!(image.functions.len(), 3721);
    assert_eq!(image.functions.iter().map(|function| function.size).sum::<u32>(), 2_046_508);
    let code_at = |address: GuestAddr| {
        image.page_runs.iter().any(|run| {
            run.protection == Protection::Code && address >= run.start && address.0 - run.start.0 < run.size
        })
    };
    assert!(image.functions.iter().all(|function| code_at(function.start)));
    assert!(code_at(image.entry));
    println!("checked {}: {} digests, {} imports", image.name.unwrap_or_default(), image.digests.len(), 124);
}
