//! Tests of the texture cache: lifetime of textures, and levels decoded again.

use super::*;

/// Texture of bytes with three levels, one page each.
const LEVELED: Case = Case {
    format: 2,
    dimension: 1,
    size: [64, 64, 1],
    tiled: true,
    endian: 0,
    levels: 2,
    packed: false,
    signs: [0; 4],
    integer: false,
};

fn key(words: &[u32; 6]) -> TextureKey {
    TextureKey::from(&TextureInfo::decode(words).unwrap())
}

fn texel(device: &Device, host: &HostTexture, level: u32) -> u8 {
    read_back(device, &host.texture, level, [64 >> level, 64 >> level, 1])[0]
}

#[test]
fn only_written_levels_are_decoded_again() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        let words = LEVELED.words();
        let mut find = |words: &[u32; 6]| {
            let fetched = get(&mut textures, device, words, TextureShape::Planes, &ram).unwrap();
            (fetched, textures.counters())
        };
        let (first, counters) = find(&words);
        let bytes = 64 * 64 + 32 * 32 + 16 * 16;
        assert_eq!(counters, TextureCounters { made: 1, decoded: 3, bytes, ..TextureCounters::default() });
        assert_eq!([0, 1, 2].map(|level| texel(device, &first.host, level)), [0; 3]);
        // A write elsewhere, and another sampler, swizzle and exponent.
        ram.write(0, &[1; 8]);
        let other =
            [words[0] | 0o222 << 10, words[1], words[2], words[3] ^ 0o7770 << 3, words[4], words[5] | 1];
        let (second, counters) = find(&other);
        assert_eq!((counters.decoded, counters.reused), (3, 1));
        assert_eq!(first.host.id, second.host.id);
        assert_ne!(first.record, second.record);
        // The second of the levels after the first.
        ram.write(MIPS + 0x1000, &[7; 4]);
        let (third, counters) = find(&words);
        assert_ne!(first.host.id, third.host.id);
        assert_eq!((counters.decoded, counters.copied, counters.written), (4, 2, 1));
        assert_eq!([0, 1, 2].map(|level| texel(device, &third.host, level)), [0, 0, 7]);
        ram.write(BASE, &[9; 4]);
        let (fourth, counters) = find(&words);
        assert_eq!((counters.decoded, counters.copied, counters.written, counters.bytes), (5, 4, 2, bytes));
        assert_eq!([0, 1, 2].map(|level| texel(device, &fourth.host, level)), [9, 0, 7]);
        // Draws with the earlier textures see the earlier contents.
        assert_eq!(texel(device, &first.host, 2), 0);
        assert_eq!(texel(device, &third.host, 0), 0);
        let (_, after) = find(&words);
        let reused = counters.reused + 1;
        let checks = counters.checks + 1;
        assert_eq!(after, TextureCounters { reused, checks, ..counters });
        // No write since: no version is compared.
        let (_, again) = find(&words);
        assert_eq!((again.reused, again.checks), (reused + 1, checks));
    });
}

#[test]
fn a_texture_that_no_recorded_draw_uses_is_changed_in_place() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        let words = LEVELED.words();
        let find =
            |textures: &mut Textures| get(textures, device, &words, TextureShape::Planes, &ram).unwrap().host;
        let first = find(&mut textures);
        textures.note_submission();
        ram.write(MIPS + 0x1000, &[7; 4]);
        let second = find(&mut textures);
        assert_eq!(first.id, second.id, "its bind groups remain valid");
        let counters = textures.counters();
        assert_eq!((counters.made, counters.decoded, counters.copied, counters.written), (1, 4, 0, 1));
        assert_eq!([0, 1, 2].map(|level| texel(device, &first, level)), [0, 0, 7]);
        // Recorded draws may use it now, and the new texels come before them.
        ram.write(BASE, &[9; 4]);
        let third = find(&mut textures);
        assert_ne!(first.id, third.id);
        assert_eq!([0, 1, 2].map(|level| texel(device, &third, level)), [9, 0, 7]);
        assert_eq!(texel(device, &first, 0), 0);
    });
}

/// Memory whose writes can't be tracked.
struct Untracked(Ram);

impl PhysicalMemory for Untracked {
    fn read(&self, physical: u32, into: &mut [u8]) {
        self.0.read(physical, into);
    }

    fn write(&self, physical: u32, from: &[u8]) {
        self.0.write(physical, from);
    }

    fn version(&self, _: u32, _: u32) -> u64 {
        0
    }

    fn track(&self, _: u32, _: u32) -> Option<u64> {
        None
    }
}

#[test]
fn untracked_textures_are_decoded_each_time() {
    device::tests::with_device(|device| {
        let memory = Untracked(Ram::new(MEMORY));
        let mut textures = Textures::new(device, Scale::ONE);
        for _ in 0..3 {
            textures.begin();
            get(&mut textures, device, &LEVELED.words(), TextureShape::Planes, &memory).unwrap();
            assert!(!textures.is_whole(), "its group may not be kept");
        }
        assert_eq!((textures.counters().decoded, textures.counters().reused), (9, 0));
        textures.begin();
        get(&mut textures, device, &LEVELED.words(), TextureShape::Planes, &memory.0).unwrap();
        assert!(textures.is_whole());
    });
}

#[test]
fn the_oldest_textures_make_room() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(5 * MIN_TEXTURE_BYTES / 2);
        let mut get = |page: u32| {
            let case = Case { levels: 0, size: [256, 256, 1], ..LEVELED };
            let mut words = case.words();
            words[1] += page << 12;
            textures.begin();
            get(&mut textures, device, &words, TextureShape::Planes, &ram).unwrap();
            textures.note_submission();
            textures.counters()
        };
        for page in [0, 1, 0, 2] {
            assert!(get(page).bytes <= 5 * MIN_TEXTURE_BYTES / 2);
        }
        assert_eq!(get(0).decoded, 3);
        assert_eq!(get(1).decoded, 4);
    });
}

#[test]
fn textures_of_one_texel_count_as_what_a_device_takes_for_them() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(4 * MIN_TEXTURE_BYTES);
        let words = |page: u32| {
            let mut words = Case { levels: 0, size: [1, 1, 1], ..LEVELED }.words();
            words[1] += page << 12;
            words
        };
        get(&mut textures, device, &words(0), TextureShape::Planes, &ram).unwrap();
        assert!(textures.unsubmitted >= MIN_TEXTURE_BYTES);
        textures.note_submission();
        for page in 0..12 {
            for page in [0, page] {
                textures.begin();
                get(&mut textures, device, &words(page), TextureShape::Planes, &ram).unwrap();
                textures.note_submission();
            }
        }
        let kept: Vec<u32> =
            (0..12).filter(|page| textures.entries.contains_key(&key(&words(*page)))).collect();
        assert_eq!(kept, [0, 9, 10, 11], "the one that is always used, and the last");
        let costs: u64 = textures.entries.values().map(Entry::cost).sum();
        assert_eq!(textures.cost, costs);
    });
}

#[test]
fn an_opaque_border_has_a_separate_texture() {
    device::tests::with_device(|device| {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let ram = random_memory(&mut rng);
        let size = [256, 64, 1];
        let plain = Case { size, levels: 0, ..LEVELED }.words();
        let opaque = [plain[0], plain[1], plain[2], plain[3], plain[4], plain[5] | 1 << 2];
        // With an opaque border the host stores the repeated components, too.
        for order in [[plain, opaque], [opaque, plain]] {
            let mut textures = Textures::new(device, Scale::ONE);
            for (byte, words) in (1..).zip(order) {
                ram.write(BASE, &[byte; 4]);
                let host = get(&mut textures, device, &words, TextureShape::Planes, &ram).unwrap().host;
                textures.note_submission();
                let info = TextureInfo::decode(&words).unwrap();
                let Some(Texels::Bytes(expected)) = decode_level(&info, 0, &ram) else { panic!() };
                assert_eq!(host.components, if words == plain { 1 } else { 4 });
                let texels = read_back(device, &host.texture, 0, size);
                let found = texels.chunks_exact(usize::from(host.components));
                assert!(found.zip(&expected).all(|(found, expected)| found[0] == expected[0]), "{byte}");
            }
        }
    });
}

#[test]
fn memory_of_textures_counts_towards_the_limit_of_a_draw() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        // Two KiB of texels in rows of 8192.
        let mut words = Case { levels: 0, size: [32, 64, 1], ..LEVELED }.words();
        words[0] = words[0] & !(0x1ff << 22) | 256 << 22;
        let memory = 8192 * 64;
        for (limit, has_room) in [(memory, false), (2 * memory, true), (memory, false)] {
            textures.limit = limit;
            textures.begin();
            let found = get(&mut textures, device, &words, TextureShape::Planes, &ram);
            assert_eq!((found.is_some(), textures.left_out()), (has_room, !has_room), "{limit}");
        }
        assert_eq!(textures.counters().made, 1);
    });
}

#[test]
fn a_texture_that_is_only_queried_takes_no_room_of_a_draw() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::new(2).unwrap());
        for (limit, tiled, levels) in [(1, true, 0), (u64::MAX, true, 0), (1, false, 0), (1, true, 2)] {
            textures.limit = limit;
            let words = Case { tiled, levels, ..LEVELED }.words();
            let info = TextureInfo::decode(&words).unwrap();
            let mut recording = Recording::default();
            let mirror = Mirror::default();
            let mut inputs =
                TextureInputs { device, recording: &mut recording, mirror: &mirror, memory: &ram };
            textures.begin();
            textures.query_record(&mut inputs, &words, &info);
            assert_eq!((textures.drawn, textures.left_out), (0, false), "{limit} {tiled} {levels}");
            device.submit(recording.finish());
        }
        assert_eq!(textures.counters().made, 1, "the one that may have the scale of render targets");
    });
}

#[test]
fn any_constant_has_a_texture_or_none() {
    device::tests::with_device(|device| {
        let ram = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(32 << 20);
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut found = 0;
        for i in 0..150 {
            textures.begin();
            let mut words: [u32; 6] = rng.random();
            words[0] = words[0] & !3 | 2;
            if i % 2 == 0 {
                words[2] &= 0x0107_c0ff;
            }
            for shape in [TextureShape::Planes, TextureShape::Volume] {
                found += u32::from(get(&mut textures, device, &words, shape, &ram).is_some());
                textures.note_submission();
                assert_eq!(texel_of_dummy(device, &textures, shape), [0; 4]);
            }
            let filters = [0, 1, 2].map(|_| TextureFilter::from_bits(rng.random_range(0..4)));
            textures.sampler(device, &rng.random(), filters, Anisotropy::UseFetchConstant);
        }
        assert!(found > 20, "{found}");
        assert!(get(&mut textures, device, &[0; 6], TextureShape::Planes, &ram).is_none());
    });
}

#[test]
fn forced_anisotropy_is_that_of_linear_filters() {
    use TextureFilter::UseFetchConstant;
    const LINEAR: u32 = 1 << 19 | 1 << 21 | 1 << 23;
    device::tests::with_device(|device| {
        let words = |filters: u32, anisotropy: u32| [2, 6, 0, filters | anisotropy << 25, 0, 1 << 9];
        let sampler = |forced, words: [u32; 6]| {
            let mut textures = Textures::new(device, Scale::ONE);
            textures.force_anisotropy(forced);
            let mut id =
                |words: &[u32; 6], own| textures.sampler(device, words, [UseFetchConstant; 3], own).id;
            // The instruction's own anisotropy stays.
            [Anisotropy::UseFetchConstant, Anisotropy::Max16, Anisotropy::Disabled].map(|own| id(&words, own))
        };
        let [title, most, off] = sampler(None, words(LINEAR, 0));
        assert_eq!((title == most, title == off), (false, true));
        let [title, most, off] = sampler(Some(Anisotropy::Max16), words(LINEAR, 0));
        assert_eq!((title == most, title == off), (true, false));
        let [title, most, off] = sampler(Some(Anisotropy::Disabled), words(LINEAR, 5));
        assert_eq!((title == most, title == off), (false, true));
        // Points between levels: no host filters them anisotropically.
        let [title, most, off] = sampler(Some(Anisotropy::Max16), words(LINEAR ^ 1 << 23, 5));
        assert_eq!((title == most, title == off), (true, true));
    });
    assert!(TextureInfo::decode_is_linear(&[2, 0, 0, LINEAR, 0, 0]));
    for filter in [19, 21, 23] {
        assert!(!TextureInfo::decode_is_linear(&[2, 0, 0, LINEAR ^ 1 << filter, 0, 0]));
    }
}

fn texel_of_dummy(device: &Device, textures: &Textures, shape: TextureShape) -> Vec<u8> {
    read_back(device, &textures.dummy(shape).texture, 0, [1; 3])
}
