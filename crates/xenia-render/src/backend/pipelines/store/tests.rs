//! Tests of complete, truncated, damaged and foreign stores, without a device.

use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_testing::{Cases, Dice};

/// Word of a recipe that contains `HAS_PIXEL`.
pub(super) const FLAGS: usize = 5;

/// Path of a file in a folder of this test, which is removed at the end.
pub(super) struct Folder(std::path::PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xenia-rs-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(super) fn file(&self) -> std::path::PathBuf {
        self.0.join("inner/title.pipelines")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn open(folder: &Folder) -> (Store, Vec<Parts>) {
    let (store, stored) = Store::open(&folder.file()).unwrap();
    (store, stored.parts)
}

/// Parts number `n`; one in three has no pixel shader.
pub(super) fn parts(n: u32) -> Parts {
    let vertex = Arc::new(Shader::new(ShaderKind::Vertex, &[n / 2, 1, 2]));
    let pixel = (!n.is_multiple_of(3)).then(|| Arc::new(Shader::new(ShaderKind::Pixel, &[n, 5, 6, 7, 8, 9])));
    let mut words = [n; RECIPE_WORDS];
    let digests = [vertex.hash, pixel.as_ref().map_or(0, |pixel| pixel.hash)];
    words[..4].copy_from_slice(bytemuck::cast_slice(&digests));
    words[FLAGS] = u32::from(pixel.is_some());
    Parts { recipe: bytemuck::cast(words), vertex, pixel }
}

fn same(a: &Parts, b: &Parts) -> bool {
    a.recipe == b.recipe && a.vertex == b.vertex && a.pixel == b.pixel
}

#[test]
fn pipeline_store_deduplicates_entries() {
    let folder = Folder::new("kept");
    let (mut first, stored) = open(&folder);
    assert!(stored.is_empty());
    // Another program runs the same title.
    let (mut second, _) = open(&folder);
    for n in 0..20 {
        first.keep(&parts(n)).unwrap();
        first.keep(&parts(n)).unwrap();
        second.keep(&parts(n + 10)).unwrap();
    }
    let (mut third, stored) = open(&folder);
    assert_eq!(stored.len(), 30);
    assert!((0..30).all(|n| stored.iter().any(|stored| same(stored, &parts(n)))));
    let bytes = std::fs::read(folder.file()).unwrap();
    third.keep(&parts(29)).unwrap();
    assert_eq!(std::fs::read(folder.file()).unwrap(), bytes, "it is there");
}

#[test]
fn a_truncated_file_is_valid_up_to_its_end_and_can_be_appended_to() {
    let folder = Folder::new("cut");
    let (mut store, _) = open(&folder);
    for n in 0..3 {
        store.keep(&parts(n)).unwrap();
    }
    let bytes = std::fs::read(folder.file()).unwrap();
    let mut counts = Vec::new();
    for length in 0..bytes.len() {
        std::fs::write(folder.file(), &bytes[..length]).unwrap();
        let (mut store, stored) = open(&folder);
        assert!(stored.iter().zip(0..).all(|(stored, n)| same(stored, &parts(n))), "{length}");
        counts.push(stored.len());
        store.keep(&parts(2)).unwrap();
        let (_, again) = open(&folder);
        assert_eq!(again.len(), stored.len() + 1, "{length}");
    }
    assert!(counts.is_sorted());
    counts.dedup();
    assert_eq!(counts, [0, 1, 2]);
}

#[test]
fn damage_loses_only_later_records() {
    let folder = Folder::new("damage");
    let (mut store, _) = open(&folder);
    for n in 0..16 {
        store.keep(&parts(n)).unwrap();
    }
    let whole = std::fs::read(folder.file()).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut lost = 0;
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..3) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at..].fill(random.random()),
            _ => drop(bytes.splice(at..at, (0..random.random_range(1..64)).map(|_| 0xff))),
        }
        let stored = read(&bytes).map_or_else(Vec::new, |contents| {
            assert!(contents.good <= bytes.len());
            contents.stored.parts
        });
        assert!(stored.iter().zip(0..).all(|(stored, n)| same(stored, &parts(n))), "at {at}");
        lost += usize::from(stored.len() < 16);
    }
    assert!(lost > 1900, "{lost}");
}

#[test]
fn any_bytes_after_the_header_are_read() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..2000 {
        let mut out: Vec<u8> = bytes(&HEADER).collect();
        for _ in 0..random.random_range(0..8) {
            // Complete records of any words, with correct checksums.
            let count = if random.random() { RECIPE_WORDS } else { random.random_range(0..200) };
            let words: Vec<u32> = (0..count).map(|_| random.random()).collect();
            append(&mut out, random.random_range(0..6), &words);
        }
        assert!(read(&out).unwrap().stored.parts.is_empty(), "no recipe names a shader that is there");
    }
    // A count that exceeds memory.
    let mut out: Vec<u8> = bytes(&HEADER).collect();
    out.extend(bytes(&[VERTEX, u32::MAX, 0, 0]));
    assert_eq!(read(&out).unwrap().good, HEADER.len() * 4);
}

#[test]
fn files_with_other_headers_are_restarted() {
    let folder = Folder::new("foreign");
    std::fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
    let mut old = HEADER;
    old[2] += 1;
    for content in [b"something else".to_vec(), bytes(&old).collect()] {
        std::fs::write(folder.file(), &content).unwrap();
        let (mut store, stored) = open(&folder);
        assert!(stored.is_empty());
        store.keep(&parts(1)).unwrap();
        assert_eq!(open(&folder).1.len(), 1);
    }
}

#[test]
fn recipes_beyond_the_file_size_limit_are_not_stored() {
    let folder = Folder::new("end");
    let (mut store, _) = open(&folder);
    store.bytes = MAX_STORE_BYTES - 8;
    store.keep(&parts(1)).unwrap();
    assert!(open(&folder).1.is_empty());
}

#[test]
fn damage_far_from_the_end_of_a_store_that_is_too_large_is_damage() {
    const TOO_LARGE: usize = MAX_STORE_BYTES + 1;
    let last = MAX_STORE_BYTES - MAX_RECORD_BYTES;
    let cases = [(TOO_LARGE, 100, false), (TOO_LARGE, last, false), (TOO_LARGE, last + 4, true)];
    for (read, good, is_cut) in cases.into_iter().chain([(MAX_STORE_BYTES, last + 4, false)]) {
        assert_eq!(is_cut_by_limit(read, good), is_cut, "{read} {good}");
    }
}

#[test]
fn conversions_are_kept_among_the_rest() {
    let folder = Folder::new("conversions");
    let (mut store, _) = open(&folder);
    let conversion = |entry| Conversion { entry, constants: [entry; 7] };
    for entry in [1, 2, 1, 3] {
        store.keep_conversion(&conversion(entry)).unwrap();
        store.keep(&parts(entry)).unwrap();
    }
    let (_, stored) = Store::open(&folder.file()).unwrap();
    assert_eq!(stored.conversions, [1, 2, 3].map(conversion));
    assert_eq!(stored.parts.len(), 3);
}

/// Damaged files, and complete records of damaged words with correct checksums, as an attacker
/// would write them. `XENIA_RANDOM_STORES` selects the cases.
#[test]
fn any_store_opens_and_can_be_appended_to() {
    let folder = Folder::new("random");
    let (mut store, _) = open(&folder);
    for n in 0..12 {
        store.keep(&parts(n)).unwrap();
        store.keep_conversion(&Conversion { entry: n, constants: [n; 7] }).unwrap();
    }
    let good = std::fs::read(folder.file()).unwrap();
    let case = |seed| {
        let mut dice = Dice(seed);
        let mut file = good.clone();
        if dice.one_in(2) {
            dice.damage(&mut file, &good);
        } else {
            file = bytes(&HEADER).collect();
            let shader = parts(dice.below(12) as u32);
            append(&mut file, VERTEX, &shader.vertex.words);
            for _ in 0..dice.below(12) {
                let any = [0; RECIPE_WORDS].map(|_: u32| dice.next() as u32);
                let mut recipe = any;
                recipe[..2].copy_from_slice(bytemuck::cast_slice(&[shader.vertex.hash]));
                recipe[FLAGS] &= !dice.below(2) as u32;
                append(&mut file, RECIPE, &recipe);
                append(&mut file, CONVERSION, &any[..CONVERSION_WORDS]);
                let words: Vec<u32> = (0..dice.below(300)).map(|_| dice.next() as u32).collect();
                append(&mut file, PIXEL, &words);
            }
        }
        std::fs::write(folder.file(), &file).unwrap();
        let (mut store, stored) = Store::open(&folder.file()).unwrap();
        for Parts { recipe, pixel, .. } in &stored.parts {
            assert_eq!(recipe.pixel_shader(), pixel.as_ref().map(|pixel| pixel.hash));
            recipe.stages();
            recipe.color();
            recipe.depth();
        }
        let length = std::fs::metadata(folder.file()).unwrap().len();
        assert!(length <= file.len().max(HEADER.len() * 4) as u64, "{length}");
        store.keep(&parts(99)).unwrap();
        drop(store);
        let (_, again) = Store::open(&folder.file()).unwrap();
        assert_eq!(again.parts.len(), stored.parts.len() + 1);
        assert_eq!(again.conversions.len(), stored.conversions.len());
    };
    Cases::new("XENIA_RANDOM_STORES", 400).each(case);
}
