//! Tests of ELF files: parsing, refusals, and damaged files.

use crate::support::Noise;
use crate::support::elf_builder::{EXECUTE, ElfBuilder, NOTE, READ, Segment, WRITE, sample};
use xenia_formats::image::{ImageKind, PageRun, Protection};
use xenia_formats::{Elf, KeyRing, identify, load};
use xenia_guest::GuestAddr;
use xenia_testing::thread_time;

#[test]
fn a_program_is_read() {
    let file = sample().build();
    assert_eq!(identify(&file).unwrap().unwrap().name, "elf");
    let image = load(&file, &KeyRing::development()).unwrap();
    assert_eq!(image.kind, ImageKind::Elf);
    assert_eq!((image.base.0, image.size), (0x9001_0000, 0x6000));
    assert_eq!(image.entry, GuestAddr(0x9001_0004));
    assert_eq!(image.word(image.entry), Some(0x3860_0001));
    assert_eq!(image.bytes[0x2010..0x2014], [1, 8, 15, 22]);
    assert_eq!(image.bytes.len(), 0x2320, "zeros at the end are left out");
    assert_eq!(
        image.page_runs,
        [
            PageRun { start: GuestAddr(0x9001_0000), size: 0x1000, protection: Protection::Code },
            PageRun { start: GuestAddr(0x9001_2000), size: 0x4000, protection: Protection::ReadWrite },
        ]
    );
    let symbols: Vec<_> =
        image.symbols.iter().map(|s| (s.name.as_str(), s.address.0, s.size, s.is_function)).collect();
    assert_eq!(symbols, [("start", 0x9001_0004, 0x40, true), ("table", 0x9001_2010, 16, false)]);
    assert!(image.digests.is_empty() && image.digests_ok());
}

#[test]
fn stack_size_comes_from_the_gnu_stack_segment() {
    /// Type of the segment PT_GNU_STACK.
    const GNU_STACK: u32 = 0x6474_E551;
    let program = |size| {
        let mut builder = ElfBuilder { entry: 0x1_0000, ..ElfBuilder::default() }.segment(
            0x1_0000,
            &[0; 16],
            16,
            READ | EXECUTE,
        );
        let stack = Segment { kind: GNU_STACK, address: 0, contents: Vec::new(), size, flags: READ | WRITE };
        builder.segments.push(stack);
        load(&builder.build(), &KeyRing::development()).unwrap().stack_size
    };
    assert_eq!([program(0), program(0x10_0000)], [None, Some(0x10_0000)]);
}

/// A note with this name, type and first word.
fn note(name: &[u8; 4], kind: u32, word: u32) -> Vec<u8> {
    let mut note: Vec<u8> = [4, 16, kind].into_iter().flat_map(u32::to_be_bytes).collect();
    note.extend(name);
    note.extend([word, 3, 2, 0].into_iter().flat_map(u32::to_be_bytes));
    note
}

#[test]
fn start_up_code_of_linux_is_recognised_by_its_note() {
    const BUILD_ID: u32 = 3;
    const ABI_TAG: u32 = 1;
    const LINUX: u32 = 0;
    const FREEBSD: u32 = 3;
    let linux = note(b"GNU\0", ABI_TAG, LINUX);
    let other = note(b"GNU\0", BUILD_ID, LINUX);
    for (notes, is_for_linux) in [
        (linux.clone(), true),
        ([other.clone(), linux.clone()].concat(), true),
        ([other.repeat(64), linux.clone()].concat(), false),
        (other, false),
        (note(b"GNU\0", ABI_TAG, FREEBSD), false),
        (note(b"Xen\0", ABI_TAG, LINUX), false),
        (linux[..linux.len() - 4].to_vec(), false),
        (Vec::new(), false),
    ] {
        let mut builder = ElfBuilder { entry: 0x1_0000, ..ElfBuilder::default() }.segment(
            0x1_0000,
            &[0; 16],
            16,
            READ | EXECUTE,
        );
        let size = notes.len() as u32;
        let described = format!("{notes:x?}");
        builder.segments.push(Segment { kind: NOTE, address: 0, contents: notes, size, flags: READ });
        let image = load(&builder.build(), &KeyRing::development()).unwrap();
        assert_eq!(image.is_for_linux, is_for_linux, "{described}");
    }
}

#[test]
fn segments_that_share_a_page_share_their_rights() {
    let builder = ElfBuilder { entry: 0x1_0000, ..ElfBuilder::default() }
        .segment(0x1_0000, &[0; 16], 16, READ | EXECUTE)
        .segment(0x1_0800, &[0; 16], 0x1000, READ | WRITE)
        .segment(0x1_2000, &[0; 16], 16, READ);
    let image = Elf::read(&builder.build()).unwrap().load();
    let runs: Vec<_> = image.page_runs.iter().map(|run| (run.start.0, run.size, run.protection)).collect();
    assert_eq!(
        runs,
        [
            (0x1_0000, 0x1000, Protection::WritableCode),
            (0x1_1000, 0x1000, Protection::ReadWrite),
            (0x1_2000, 0x1000, Protection::ReadOnly),
        ]
    );
}

#[test]
fn invalid_elf_files_are_refused() {
    let at = |address: u32, size: u32| {
        ElfBuilder { entry: address, ..ElfBuilder::default() }.segment(
            address,
            &[0; 16],
            size,
            READ | EXECUTE,
        )
    };
    let changed = |offset: usize, value: u8| {
        let mut file = sample().build();
        file[offset] = value;
        file
    };
    for (file, expected) in [
        (changed(0, 0), "ELF header at offset 0x0: found 0x454c46, expected the ELF magic"),
        (changed(4, 2), "ELF class at offset 0x4: found 0x2, expected 1 (32-bit)"),
        (changed(5, 1), "ELF byte order at offset 0x5: found 0x1, expected 2 (big-endian)"),
        (changed(0x11, 1), "ELF type at offset 0x10: found 0x1, expected 2 (an executable)"),
        (changed(0x11, 3), "shared libraries; link with -no-pie -static"),
        (changed(0x13, 21), "ELF machine at offset 0x12: found 0x15, expected 20 (PowerPC)"),
        (changed(0x1B, 2), "ELF entry point at offset 0x18: 0x90010002 is not an instruction"),
        (changed(0x1A, 0x80), "ELF entry point at offset 0x18"),
        (changed(52 + 3, 3), "ELF interpreter at offset 0x34: not supported: the program needs"),
        (changed(52 + 4, 1), "ELF segment at offset 0x10000"),
        (at(0x1_0000, 15).build(), "0x10 bytes of contents in 0xf bytes of memory"),
        (at(0xFFFF_F000, 0x1000).build(), "wrap around"),
        (at(0xFFFF_F000, 0xFFF).build(), "the last page of the address space is used"),
        (at(0x1_0000, 0x1000_0001).build(), "ELF segment size at offset 0x48: the value 0x10000001 exceeds"),
        (at(0x1_0000, 64).segment(0x1_0020, &[0; 4], 4, READ).build(), "0x00010000 and 0x00010020 overlap"),
        (at(0x1_0000, 64).segment(0x5000_0000, &[0; 4], 4, READ).build(), "ELF image size at offset"),
        (ElfBuilder::default().build(), "there is nothing to load"),
    ] {
        let error = Elf::read(&file).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
}

#[test]
fn truncation_at_every_byte_is_refused() {
    let file = sample().build();
    for length in 0..file.len() {
        let error = Elf::read(&file[..length].to_vec()).unwrap_err().to_string();
        assert!(error.contains(" at offset 0x"), "{error}");
    }
}

#[test]
fn flipped_bits_do_no_harm() {
    let file = sample().build();
    // Headers, and the tables at the end; changes of segment contents have no effect.
    let bits = (0..116 * 8).chain((file.len() - 420) * 8..file.len() * 8);
    let mut read = 0;
    let mut refused = 0;
    let mut check = |damaged: Vec<u8>| match load(&damaged, &KeyRing::development()) {
        Ok(image) => {
            read += 1;
            assert!(image.bytes.len() <= image.size as usize);
            assert!(image.offset_of(image.entry, 4).is_some());
        }
        Err(_) => refused += 1,
    };
    for bit in bits {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check(damaged);
    }
    let mut noise = Noise::new(9);
    for _ in 0..10_000 {
        let mut damaged = file.clone();
        for _ in 0..=noise.below(8) {
            let at = if noise.below(2) == 0 { noise.below(116) } else { noise.below(damaged.len()) };
            damaged[at] = noise.next() as u8;
        }
        check(damaged);
    }
    assert!(read > 500 && refused > 500, "{read} {refused}");
}

#[test]
fn a_string_table_of_one_long_name_costs_no_time() {
    let mut builder = sample();
    builder.symbols = vec![("x", 0x9001_0000, 4, true); 60_000];
    builder.symbols.push((Box::leak("n".repeat(16 << 20).into_boxed_str()), 0, 0, false));
    let mut file = builder.build();
    // The last section is the string table; it has a single NUL at its end, so each name extends to
    // there.
    let row = file.len() - 40;
    let field = |at: usize| u32::from_be_bytes(file[row + at..row + at + 4].try_into().unwrap()) as usize;
    let start = field(0x10);
    let size = field(0x14);
    file[start..start + size - 1].fill(b'n');
    let begin = thread_time();
    let elf = Elf::read(&file).unwrap();
    assert_eq!(elf.symbols.len(), 60_001);
    assert!(elf.symbols.iter().all(|symbol| symbol.name.len() == 255));
    // Much more than it takes, and much less than 60,000 searches through 16 MiB.
    let took = thread_time().saturating_sub(begin);
    assert!(took.as_secs() < 20, "{took:?}");
}

#[test]
fn a_table_of_very_many_sections_is_not_read_to_its_end() {
    let mut builder = sample();
    let few = Elf::read(&builder.build()).unwrap();
    for _ in 0..20_000 {
        builder = builder.section("a name that all of them have", None, &[]);
    }
    let many = Elf::read(&builder.build()).unwrap();
    assert_eq!(many.sections.len(), 1 << 14);
    assert_eq!(many.symbols.len(), few.symbols.len(), "the symbols' table is behind them");
}
