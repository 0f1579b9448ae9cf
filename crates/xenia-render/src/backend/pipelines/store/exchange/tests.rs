//! Tests of exports and merges, and of damaged, foreign and hostile files.

use xenia_testing::{Cases, Dice};

use super::super::super::make::Parts;
use super::super::tests::{FLAGS, Folder, open, parts};
use super::super::{CONVERSION_WORDS, MAX_CONVERSIONS, MAX_SHADER_WORDS, PIXEL, RECIPE_WORDS, Store, read};
use super::*;

/// Numbers of entries that are all of one kind.
const fn counts(new: usize, known: usize, refused: usize) -> MergeCounts {
    MergeCounts { new, known, refused }
}

fn title(name: &str, image: u64) -> PipelineTitle {
    PipelineTitle { name: name.to_owned(), image }
}

/// A store with these parts and a conversion of each number.
fn store_of(name: &str, numbers: Range<u32>) -> Vec<u8> {
    let folder = Folder::new(name);
    let (mut store, _) = open(&folder);
    for n in numbers {
        store.keep(&parts(n)).unwrap();
        store.keep_conversion(&Conversion { entry: n, constants: [n; 7] }).unwrap();
    }
    std::fs::read(folder.file()).unwrap()
}

/// An exported file with a store.
fn export(store: &[u8]) -> Vec<u8> {
    let mut exporter = PipelineExporter::default();
    exporter.add(&title("one", 1), store).unwrap();
    exporter.into_bytes()
}

/// Merges the only title of an exported file into a store.
fn merge(exported: &[u8], store: &[u8]) -> MergedStore {
    let exported = ExportedPipelines::read(exported).unwrap();
    let mut titles = exported.titles();
    let merged = titles.next().unwrap().merge_into(store).unwrap();
    assert!(titles.next().is_none());
    merged
}

/// The error of an invalid exported file: offset and reason.
fn fault(file: &[u8]) -> (usize, String) {
    match ExportedPipelines::read(file).unwrap_err() {
        PipelineFileError::Invalid { offset, reason } => (offset, reason),
        error @ PipelineFileError::TooLarge => panic!("{error}"),
    }
}

/// An exported file with a title and these records.
fn with_records(records: &[(u32, Vec<u32>)]) -> Vec<u8> {
    let mut file: Vec<u8> = bytes(&HEADER).collect();
    append(&mut file, TITLE, &title("one", 1).words());
    for (kind, words) in records {
        append(&mut file, *kind, words);
    }
    file
}

fn recipe_words(parts: &Parts) -> Vec<u32> {
    bytemuck::cast::<_, [u32; RECIPE_WORDS]>(parts.recipe).to_vec()
}

#[test]
fn importing_an_own_export_changes_nothing() {
    let store = store_of("own", 0..9);
    let merged = merge(&export(&store), &store);
    assert!(!merged.is_changed());
    assert_eq!((merged.recipes, merged.conversions), (counts(0, 9, 0), counts(0, 9, 0)));
    assert!(merged.file == store && merged.shaders == 0 && merged.dropped == 0);
    let new = merge(&export(&store), &[]);
    assert_eq!((new.recipes, new.conversions), (counts(9, 0, 0), counts(9, 0, 0)));
    let found = StoreCounts::of(&new.file).unwrap();
    assert_eq!(found, StoreCounts::of(&store).unwrap());
    assert_eq!((found.recipes, found.conversions, found.good), (9, 9, store.len()));
    assert!(new.shaders == found.shaders && new.file == store);
}

#[test]
fn a_merge_keeps_entries_and_adds_those_that_are_missing() {
    let [own, other] = [store_of("present", 0..6), store_of("other", 4..9)];
    let merged = merge(&export(&other), &own);
    assert!(merged.file.starts_with(&own) && merged.is_changed());
    assert_eq!((merged.recipes, merged.conversions), (counts(3, 2, 0), counts(3, 2, 0)));
    let contents = read(&merged.file).unwrap();
    assert_eq!(contents.good, merged.file.len());
    let stored = contents.stored;
    assert_eq!((stored.parts.len(), stored.conversions.len()), (9, 9));
    let has = |n| {
        let expected = parts(n);
        let same = |found: &Parts| found.recipe == expected.recipe && found.vertex == expected.vertex;
        stored.parts.iter().any(same)
    };
    assert!((0..9).all(has));
    // A run may append to the result.
    let folder = Folder::new("appended");
    drop(open(&folder));
    std::fs::write(folder.file(), &merged.file).unwrap();
    open(&folder).0.keep(&parts(20)).unwrap();
    assert_eq!(open(&folder).1.len(), 10);
    // The second import finds everything there.
    assert!(!merge(&export(&other), &merged.file).is_changed());
}

#[test]
fn titles_are_exported_and_merged_separately() {
    let [one, two] = [store_of("one", 0..2), store_of("two", 2..5)];
    // A name that fills its last word, and one that is too long.
    let long = "\u{e9}".repeat(200);
    let titles = [title("name", 7), title(&long, u64::MAX)];
    let mut exporter = PipelineExporter::default();
    for (title, store) in titles.iter().zip([&one, &two]) {
        exporter.add(title, store).unwrap();
    }
    let exported = exporter.into_bytes();
    let exported = ExportedPipelines::read(&exported).unwrap();
    let found: Vec<_> = exported.titles().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].title, &titles[0]);
    assert_eq!((found[1].title.image, found[1].title.name.len()), (u64::MAX, 254));
    assert!(long.starts_with(&found[1].title.name));
    for (found, store) in found.iter().zip([&one, &two]) {
        assert!(!found.merge_into(store).unwrap().is_changed());
    }
    assert_eq!(found[1].merge_into(&one).unwrap().recipes, counts(3, 0, 0));
    let none = PipelineExporter::default().into_bytes();
    assert_eq!(ExportedPipelines::read(&none).unwrap().titles().count(), 0);
}

#[test]
fn truncated_and_damaged_exports_are_refused_with_their_offsets() {
    let store = store_of("whole", 0..3);
    let whole = export(&store);
    let title_end = 16 + 16 + 16;
    assert_eq!(whole.len() - title_end, store.len() - 16);
    let mut valid = Vec::new();
    for length in 0..whole.len() {
        match ExportedPipelines::read(&whole[..length]) {
            Ok(_) => valid.push(length),
            Err(PipelineFileError::Invalid { offset, reason }) => {
                assert!(offset <= length && !reason.is_empty(), "{length}: {offset:#x}: {reason}");
            }
            Err(error) => panic!("{length}: {error}"),
        }
    }
    // Complete records only; a file without its last records is a valid one.
    assert!(valid.starts_with(&[16, title_end]) && valid.iter().all(|length| length % 4 == 0), "{valid:?}");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let (offset, reason) = fault(&damaged);
        assert!(offset <= at, "{at}: {offset:#x}: {reason}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert_eq!(fault(&longer), (whole.len(), "the file ends within the header of a record".to_owned()));
}

#[test]
fn files_of_other_formats_and_versions_are_refused() {
    let store = store_of("version", 0..1);
    let whole = export(&store);
    let with = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        fault(&file)
    };
    for (at, expected) in [(0, "not a file of pipelines"), (8, "version is 99"), (12, "99 bytes")] {
        let (offset, reason) = with(at, 99);
        assert!(offset == at && reason.contains(expected), "{offset}: {reason}");
    }
    assert!(fault(b"PK").1.contains("too short"));
    let (offset, reason) = fault(&store);
    assert!(offset == 16 && reason.contains("a store, not an exported file"), "{reason}");
    // A present store of another version is not replaced.
    let mut old = store.clone();
    old[8] += 1;
    let exported = ExportedPipelines::read(&whole).unwrap();
    let error = exported.titles().next().unwrap().merge_into(&old).unwrap_err();
    assert!(error.to_string().starts_with("at offset 0x8: its version is"), "{error}");
    assert!(PipelineExporter::default().add(&title("one", 1), &old).is_err());
    assert!(StoreCounts::of(&[]).is_err());
    // A run does not take an exported file for a store.
    assert!(read(&whole).unwrap().stored.parts.is_empty());
}

#[test]
fn a_damaged_end_of_the_present_store_is_dropped() {
    let store = store_of("damaged-end", 0..4);
    let mut damaged = store.clone();
    damaged.extend([1; 50]);
    let merged = merge(&export(&store), &damaged);
    assert_eq!((merged.dropped, merged.kept, merged.is_changed()), (50, store.len(), false));
    assert_eq!(merge(&export(&store), &store[..9]).kept, 0, "a part of the header");
    assert_eq!(merged.file, store);
    // An export has the part before the damage.
    assert_eq!(export(&damaged), export(&store));
}

#[test]
fn hostile_counts_and_names_are_refused() {
    let header: Vec<u8> = bytes(&HEADER).collect();
    for (frame, reason) in [
        ([VERTEX, u32::MAX, 0, 0], "a wrong size"),
        ([VERTEX, MAX_SHADER_WORDS as u32, 0, 0], "ends within a record"),
        ([TITLE, u32::MAX, 0, 0], "a wrong size"),
        ([TITLE, 2, 0, 0], "a wrong size"),
        ([RECIPE, 0, 0, 0], "a wrong size"),
        ([0, 0, 0, 0], "an unknown kind"),
        ([u32::MAX, 0, 0, 0], "an unknown kind"),
    ] {
        let mut file = header.clone();
        file.extend(bytes(&frame));
        let (offset, found) = fault(&file);
        assert!(offset == 16 && found.contains(reason), "{found}");
    }
    for words in [vec![1, 0, 9, 0], vec![1, 0, u32::MAX], vec![1, 0, 0, 0], vec![1, 0, 1, 0xFF]] {
        let mut file = header.clone();
        append(&mut file, TITLE, &words);
        assert!(fault(&file).1.contains("the title's name"), "{words:?}");
    }
    let mut many = header.clone();
    for image in 0..=MAX_EXPORTED_TITLES as u64 {
        assert!(ExportedPipelines::read(&many).is_ok());
        append(&mut many, TITLE, &title("", image).words());
    }
    assert!(fault(&many).1.contains("more than 256 titles"));
    let mut exporter = PipelineExporter::default();
    for image in 0..MAX_EXPORTED_TITLES as u64 {
        exporter.add(&title("", image), &header).unwrap();
    }
    assert_eq!(exporter.add(&title("", 0), &header), Err(PipelineFileError::TooLarge));
    let large = vec![0; MAX_EXPORT_BYTES + 1];
    let error = ExportedPipelines::read(&large).unwrap_err();
    assert!(error.to_string().contains("at most 128 MiB and 256 titles"), "{error}");
}

#[test]
fn entries_that_a_store_cannot_have_are_left_out() {
    let one = parts(1);
    let pixel = one.pixel.as_ref().unwrap();
    // The pixel shader is missing; later it is there. A shader that no recipe needs is not added.
    let file = with_records(&[
        (VERTEX, one.vertex.words.to_vec()),
        (VERTEX, vec![7; 5]),
        (RECIPE, recipe_words(&one)),
        (PIXEL, pixel.words.to_vec()),
        (RECIPE, recipe_words(&one)),
        (RECIPE, recipe_words(&one)),
    ]);
    let merged = merge(&file, &[]);
    assert_eq!((merged.recipes, merged.shaders), (counts(1, 1, 1), 2));
    assert_eq!(read(&merged.file).unwrap().stored.parts.len(), 1);
    // The vertex shader of the recipe is a pixel shader.
    let mut swapped = one.clone();
    swapped.recipe.vertex = pixel.hash;
    let file = with_records(&[(PIXEL, pixel.words.to_vec()), (RECIPE, recipe_words(&swapped))]);
    for store in [&[][..], &merged.file[..]] {
        assert_eq!(merge(&file, store).recipes, counts(0, 0, 1));
    }
    // A full store, and one with too many conversions.
    let mut full: Vec<u8> = bytes(&HEADER).collect();
    let words = vec![3; MAX_SHADER_WORDS];
    for n in 0..60 {
        let mut words = words.clone();
        words[0] = n;
        append(&mut full, VERTEX, &words);
    }
    let large: Vec<u32> = std::iter::once(99).chain(words[1..].iter().copied()).collect();
    let digest = Shader::digest(ShaderKind::Vertex, &large);
    let mut recipes = vec![(VERTEX, large)];
    for n in 0..2 {
        let mut words = [n; RECIPE_WORDS];
        words[..2].copy_from_slice(bytemuck::cast_slice(&[digest]));
        words[FLAGS] = 0;
        recipes.push((RECIPE, words.to_vec()));
    }
    let file = with_records(&recipes);
    assert_eq!(merge(&file, &full).recipes, counts(2, 0, 0));
    for n in 60..63 {
        let mut words = words.clone();
        words[0] = n;
        append(&mut full, VERTEX, &words);
    }
    let merged = merge(&file, &full);
    assert_eq!(merged.recipes, counts(0, 0, 2));
    assert!(merged.file == full && full.len() < MAX_STORE_BYTES);
    let conversion = |n: usize| (CONVERSION, vec![n as u32; CONVERSION_WORDS]);
    let many: Vec<_> = (0..MAX_CONVERSIONS + 5).map(conversion).collect();
    assert_eq!(merge(&with_records(&many), &[]).conversions, counts(MAX_CONVERSIONS, 0, 5));
}

/// Damaged exports, and complete records of any words with correct checksums, are refused or merged
/// into a store that opens. `XENIA_RANDOM_EXPORTS` selects the cases.
#[test]
fn any_export_is_refused_or_merged() {
    let present = store_of("random-present", 0..6);
    let good = export(&store_of("random-exported", 3..12));
    let folder = Folder::new("random-export");
    drop(open(&folder));
    let case = |seed| {
        let mut dice = Dice(seed);
        let mut file = good.clone();
        if dice.one_in(2) {
            dice.damage(&mut file, &present);
        } else {
            let shader = parts(dice.below(12) as u32);
            let mut records = vec![(VERTEX, shader.vertex.words.to_vec())];
            for _ in 0..dice.below(12) {
                let any = [0; RECIPE_WORDS].map(|_: u32| dice.next() as u32);
                let mut recipe = any;
                recipe[..2].copy_from_slice(bytemuck::cast_slice(&[shader.vertex.hash]));
                recipe[FLAGS] &= !dice.below(2) as u32;
                records.push((RECIPE, recipe.to_vec()));
                records.push((CONVERSION, any[..CONVERSION_WORDS].to_vec()));
                records.push((PIXEL, (0..dice.below(300)).map(|_| dice.next() as u32).collect()));
                if dice.one_in(4) {
                    records.push((TITLE, title("two", dice.next()).words()));
                }
            }
            file = with_records(&records);
        }
        let exported = match ExportedPipelines::read(&file) {
            Ok(exported) => exported,
            Err(error) => {
                assert!(error.to_string().starts_with("at offset 0x"), "{error}");
                return;
            }
        };
        for found in exported.titles() {
            let merged = found.merge_into(&present).unwrap();
            assert!(merged.file.starts_with(&present) && merged.file.len() <= MAX_STORE_BYTES);
            std::fs::write(folder.file(), &merged.file).unwrap();
            let (_, stored) = Store::open(&folder.file()).unwrap();
            assert_eq!(stored.parts.len(), 6 + merged.recipes.new);
            assert_eq!(stored.conversions.len(), 6 + merged.conversions.new);
            let again = found.merge_into(&merged.file).unwrap();
            assert!(!again.is_changed() && again.file == merged.file);
        }
    };
    Cases::new("XENIA_RANDOM_EXPORTS", 400).each(case);
}
