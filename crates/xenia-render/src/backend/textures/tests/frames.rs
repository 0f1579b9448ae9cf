//! Tests of textures that are kept beyond the cache's limit.

use super::super::decode::NoDecoding;
use super::super::entries::MAX_DROPS;
use super::*;

/// Bytes of a texture, as the cache counts them.
const BYTES: u64 = MIN_TEXTURE_BYTES;

/// Constant of a texture of this many bytes at a page of memory.
fn words(page: u32) -> [u32; 6] {
    let size = [256, 256, 1];
    let (endian, levels, packed, integer) = Default::default();
    let case =
        Case { format: 2, dimension: 1, size, tiled: true, endian, levels, packed, signs: [0; 4], integer };
    let mut words = case.words();
    words[1] += page << 12;
    words
}

/// Records a draw with a texture.
fn record(textures: &mut Textures, device: &Device, memory: &Ram, page: u32) {
    textures.begin();
    get(textures, device, &words(page), TextureShape::Planes, memory).unwrap();
}

/// Draws with a texture.
fn draw(textures: &mut Textures, device: &Device, memory: &Ram, page: u32) {
    record(textures, device, memory, page);
    textures.note_submission();
}

fn has(textures: &Textures, page: u32) -> bool {
    textures.entries.contains_key(&TextureKey::from(&TextureInfo::decode(&words(page)).unwrap()))
}

#[test]
fn textures_of_a_frame_beyond_the_limit_are_decoded_once() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        for (beyond, decoded, has_warned) in [(BYTES, 4, false), (0, 40, true)] {
            let mut textures = Textures::new(device, Scale::ONE);
            textures.set_limit(3 * BYTES);
            textures.frame_bytes = beyond;
            for _ in 0..10 {
                (0..4).for_each(|page| draw(&mut textures, device, &memory, page));
                textures.end_frame();
                assert!(textures.counters().bytes <= 3 * BYTES + beyond);
            }
            assert_eq!((textures.counters().decoded, textures.frames.has_warned()), (decoded, has_warned));
            assert_eq!(textures.counters().dropped > 0, has_warned);
        }
    });
}

#[test]
fn textures_of_older_frames_make_room() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        textures.frame_bytes = 2 * BYTES;
        (0..5).for_each(|page| draw(&mut textures, device, &memory, page));
        textures.end_frame();
        assert_eq!((textures.counters().bytes, textures.counters().dropped), (5 * BYTES, 0));
        // The limit of recent frames.
        draw(&mut textures, device, &memory, 5);
        assert_eq!((textures.counters().bytes, has(&textures, 0)), (5 * BYTES, false));
        textures.end_frame();
        // A frame without textures is not counted.
        textures.end_frame();
        assert_eq!([1, 2, 3, 4, 5].map(|page| has(&textures, page)), [false, false, true, true, true]);
        assert_eq!((textures.counters().bytes, textures.counters().dropped), (3 * BYTES, 3));
        assert!(!textures.frames.has_warned());
        draw(&mut textures, device, &memory, 2);
        assert!(textures.frames.has_warned(), "it is drawn with again a frame after it was dropped");
    });
}

#[test]
fn a_device_without_memory_keeps_no_textures_beyond_the_limit() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        textures.frame_bytes = 2 * BYTES;
        (0..5).for_each(|page| draw(&mut textures, device, &memory, page));
        // Too large for the device.
        textures.note_undecoded(NoDecoding::TooLarge);
        textures.end_frame();
        assert_eq!((textures.counters().bytes, textures.is_oversized()), (5 * BYTES, true));
        textures.begin();
        textures.note_undecoded(NoDecoding::NoMemory);
        textures.end_frame();
        assert_eq!((textures.counters().bytes, textures.is_oversized()), (3 * BYTES, true));
    });
}

#[test]
fn few_textures_are_dropped_at_a_time() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        textures.frame_bytes = u64::MAX;
        let count = MAX_DROPS as u32 + 8;
        (0..count).for_each(|page| draw(&mut textures, device, &memory, page));
        textures.end_frame();
        draw(&mut textures, device, &memory, 0);
        for dropped in [MAX_DROPS, MAX_DROPS + 5, MAX_DROPS + 5] {
            textures.end_frame();
            assert_eq!(textures.counters().dropped, dropped as u64);
        }
        assert_eq!((textures.counters().bytes, has(&textures, 0)), (3 * BYTES, true));
    });
}

#[test]
fn changed_textures_of_a_frame_beyond_the_limit_need_few_searches() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        textures.frame_bytes = u64::MAX;
        for frame in 0..10_u8 {
            memory.write(0, &vec![frame; MEMORY]);
            (0..16).for_each(|page| draw(&mut textures, device, &memory, page));
            textures.end_frame();
        }
        let counters = textures.counters();
        assert_eq!((counters.decoded, counters.dropped), (160, 0));
        // Each second frame makes the earlier times too old.
        assert!(counters.searches <= 10, "{}", counters.searches);
    });
}

#[test]
fn dropped_textures_alone_are_not_recent_any_more() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        for page in [0, 1, 2, 0, 1, 2] {
            draw(&mut textures, device, &memory, page);
        }
        assert_eq!(textures.recent.texture_count(), 3);
        draw(&mut textures, device, &memory, 3);
        assert_eq!((has(&textures, 0), textures.recent.texture_count()), (false, 2));
    });
}

#[test]
fn textures_of_recorded_commands_stay() {
    device::tests::with_device(|device| {
        let memory = Ram::new(MEMORY);
        let mut textures = Textures::new(device, Scale::ONE);
        textures.set_limit(3 * BYTES);
        (0..6).for_each(|page| record(&mut textures, device, &memory, page));
        assert!((0..6).all(|page| has(&textures, page)));
        textures.note_submission();
        record(&mut textures, device, &memory, 6);
        assert_eq!([3, 4, 5, 6].map(|page| has(&textures, page)), [false, true, true, true]);
        assert_eq!(textures.counters().dropped, 4);
    });
}
