//! Tests of the LZX decoder with a test encoder, another decoder, and damaged input.

use crate::support::Noise;
use crate::support::lzx_encoder::{Block, encode};
use xenia_formats::lzx::{LzxFrameDecoder, decode};

const KINDS: [Block; 3] = [Block::Verbatim, Block::Aligned, Block::Uncompressed];

fn window(bits: u32) -> lzxd::WindowSize {
    use lzxd::WindowSize::*;
    [KB32, KB64, KB128, KB256, KB512, MB1, MB2, MB4, MB8, MB16, MB32][bits as usize - 15]
}

/// Decodes frame by frame with the other decoder.
fn decode_otherwise(bits: u32, frames: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut decoder = lzxd::Lzxd::new(window(bits));
    let mut out = Vec::new();
    for frame in frames {
        let count = (size - out.len()).min(0x8000);
        out.extend_from_slice(decoder.decompress_next(frame, count).unwrap());
    }
    out
}

#[test]
fn lzx_round_trips_for_every_block_type_and_window() {
    let mut noise = Noise::new(1);
    for bits in 15..=25 {
        for kind in KINDS {
            for size in [1, 2, 3, 100, 0x7FFF, 0x8000, 0x8001, 100_001] {
                let data = noise.compressible(size);
                let frames = encode(bits, None, &[(kind, size)], &data);
                let mut found = vec![0xAA; size];
                decode(bits, &frames.concat(), &mut found).unwrap();
                assert!(found == data, "{bits} {kind:?} {size}");
                assert!(decode_otherwise(bits, &frames, size) == data, "{bits} {kind:?} {size}");
            }
        }
    }
}

#[test]
fn blocks_of_all_types_follow_each_other_in_any_order_at_any_size() {
    let mut noise = Noise::new(2);
    for round in 0..40 {
        let data_size = 1 + noise.below(200_000);
        let data = noise.compressible(data_size);
        let mut blocks = Vec::new();
        let mut left = data_size;
        while left > 0 {
            let size = (1 + noise.below(40_000)).min(left);
            blocks.push((KINDS[noise.below(3)], size));
            left -= size;
        }
        let frames = encode(17, None, &blocks, &data);
        let mut found = vec![0; data_size];
        decode(17, &frames.concat(), &mut found).unwrap();
        assert!(found == data, "round {round}: {blocks:?}");
    }
}

#[test]
fn call_targets_are_translated_as_another_decoder_does_it() {
    let mut noise = Noise::new(3);
    let mut translated = 0;
    for kind in [Block::Verbatim, Block::Aligned] {
        let mut data = noise.compressible(150_000);
        for at in (0..data.len() - 8).step_by(97) {
            data[at] = 0xE8;
            data[at + 1..at + 5].copy_from_slice(&(1 + noise.below(300_000) as i32 - 150_000).to_le_bytes());
        }
        let frames = encode(16, Some(140_000), &[(kind, data.len())], &data);
        let mut found = vec![0; data.len()];
        decode(16, &frames.concat(), &mut found).unwrap();
        translated += found.iter().zip(&data).filter(|(a, b)| a != b).count();
        assert!(found == decode_otherwise(16, &frames, data.len()));
    }
    assert!(translated > 1000, "{translated}");
}

/// Decodes frame by frame, with a decoder that is stored between any two frames.
fn decode_stored(bits: u32, frames: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut out = vec![0; size];
    let mut stored = LzxFrameDecoder::new(bits).unwrap().to_bytes();
    for (frame, part) in frames.iter().zip(out.chunks_mut(LzxFrameDecoder::MAX_FRAME)) {
        let mut decoder = LzxFrameDecoder::from_bytes(&stored).unwrap();
        decoder.decode(frame, part).unwrap();
        stored = decoder.to_bytes();
        assert!(stored.len() <= decoder.max_stored_size());
        let header = stored.first_chunk().unwrap();
        assert_eq!(LzxFrameDecoder::stored_size(header), Some(stored.len()));
        assert_eq!(LzxFrameDecoder::from_bytes(&stored), Some(decoder));
    }
    out
}

#[test]
fn frames_are_decoded_one_by_one_as_another_decoder_does_it() {
    let mut noise = Noise::new(6);
    for round in 0..60 {
        let size = 1 + noise.below(200_000);
        let mut data = noise.compressible(size);
        for at in (0..data.len().saturating_sub(8)).step_by(89) {
            data[at] = 0xE8;
            data[at + 1..at + 5].copy_from_slice(&(noise.below(300_000) as i32 - 150_000).to_le_bytes());
        }
        let mut blocks = Vec::new();
        let mut left = data.len();
        while left > 0 {
            let size = (1 + noise.below(50_000)).min(left);
            blocks.push((KINDS[noise.below(3)], size));
            left -= size;
        }
        let bits = 15 + round % 4;
        let translation = (round % 2 == 0).then_some(140_000);
        let frames = encode(bits, translation, &blocks, &data);
        let other = decode_otherwise(bits, &frames, data.len());
        assert!(decode_stored(bits, &frames, data.len()) == other, "round {round}: {blocks:?}");
    }
}

#[test]
fn a_decoder_restarts_after_a_reset() {
    let mut noise = Noise::new(7);
    let data = noise.compressible(0x8000);
    let frame = encode(15, None, &[(Block::Verbatim, data.len())], &data).concat();
    let mut decoder = LzxFrameDecoder::new(15).unwrap();
    for _ in 0..2 {
        let mut found = vec![0; data.len()];
        decoder.decode(&frame, &mut found).unwrap();
        assert!(found == data);
        decoder.reset();
    }
    assert_eq!(decoder, LzxFrameDecoder::new(15).unwrap());
    let error = decoder.decode(&frame, &mut vec![0; 0x8001]).unwrap_err();
    assert_eq!(error.reason, "a frame of more than 32 KiB");
}

#[test]
fn damaged_stored_decoders_neither_panic_nor_hang() {
    let mut noise = Noise::new(8);
    let data = noise.compressible(90_000);
    let frames = encode(15, Some(140_000), &[(Block::Verbatim, 50_000), (Block::Aligned, 0)], &data);
    let mut decoder = LzxFrameDecoder::new(15).unwrap();
    decoder.decode(&frames[0], &mut vec![0; 0x8000]).unwrap();
    let stored = decoder.to_bytes();
    let mut usable = 0;
    for _ in 0..2000 {
        let mut damaged = stored.clone();
        for _ in 0..=noise.below(4) {
            let at = noise.below(600);
            damaged[at] ^= 1 << noise.below(8);
        }
        damaged.truncate(noise.below(2 * stored.len()));
        if let Some(mut decoder) = LzxFrameDecoder::from_bytes(&damaged) {
            let _ = decoder.decode(&frames[1], &mut vec![0; 0x8000]);
            usable += 1;
        }
    }
    assert!((100..1500).contains(&usable), "{usable}");
}

#[test]
fn a_call_target_of_zero_is_relative_to_the_call() {
    let mut data = vec![0; 64];
    data[20] = 0xE8;
    let frames = encode(15, Some(1000), &[(Block::Verbatim, 64)], &data);
    decode(15, &frames.concat(), &mut data).unwrap();
    assert_eq!(data[21..25], (-20_i32).to_le_bytes());
}

#[test]
fn truncated_input_is_refused_with_the_place() {
    let mut noise = Noise::new(4);
    let data = noise.compressible(3000);
    for kind in KINDS {
        let input = encode(15, None, &[(kind, 1501), (kind, 0)], &data).concat();
        let mut found = vec![0; data.len()];
        // The last word can be padding, and the last byte of an odd block is padding.
        for length in 0..input.len() - 3 {
            let error = decode(15, &input[..length], &mut found).unwrap_err();
            assert!(error.offset <= length, "{kind:?} {length}: {error}");
        }
    }
}

#[test]
fn flipped_bits_and_noise_neither_panic_nor_hang() {
    let mut noise = Noise::new(5);
    let mut refused = 0;
    let data = noise.compressible(40_000);
    let mut found = vec![0; data.len()];
    for round in 0..3000 {
        let blocks = [(KINDS[round % 3], 13_001), (KINDS[round / 3 % 3], 0)];
        let mut input = encode_cached(&blocks, &data);
        for _ in 0..=noise.below(4) {
            // Usually in the headers and trees, where damage has the most effects.
            let limit = if noise.below(2) == 0 { 256 } else { input.len() };
            let at = noise.below(limit);
            input[at] ^= 1 << noise.below(8);
        }
        refused += usize::from(decode(15, &input, &mut found).is_err());
    }
    assert!(refused > 300, "{refused}");
    for _ in 0..3000 {
        let input: Vec<u8> = (0..noise.below(400)).map(|_| noise.next() as u8).collect();
        let _ = decode(15 + noise.below(11) as u32, &input, &mut found[..2000]);
    }
}

/// The nine encodings that the loop above starts from.
fn encode_cached(blocks: &[(Block, usize)], data: &[u8]) -> Vec<u8> {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local!(static CACHE: RefCell<HashMap<String, Vec<u8>>> = RefCell::default());
    CACHE.with_borrow_mut(|cache| {
        cache.entry(format!("{blocks:?}")).or_insert_with(|| encode(15, None, blocks, data).concat()).clone()
    })
}

#[test]
fn matches_from_before_the_start_are_refused() {
    // An uncompressed block that sets absurd offsets, then a match that repeats one.
    let data = [7_u8; 64];
    let mut input = encode(15, None, &[(Block::Uncompressed, 2), (Block::Verbatim, 0)], &data).concat();
    for offset in [0_u32, 3, 0x8001, 0x7FFF_FFFF, u32::MAX] {
        input[4..8].copy_from_slice(&offset.to_le_bytes());
        let error = decode(15, &input, &mut [0; 64]).unwrap_err();
        assert_eq!(error.reason, "a match from before the start", "{offset:#x}");
    }
}

#[test]
fn a_stream_of_hardly_anything_but_codes_is_refused() {
    let data = Noise::new(4).compressible(2000);
    for kind in [Block::Verbatim, Block::Aligned] {
        let input = encode(15, None, &vec![(kind, 1); data.len()], &data).concat();
        let error = decode(15, &input, &mut vec![0; data.len()]).unwrap_err();
        assert_eq!(error.reason, "too many blocks for their contents");
    }
    let plain = encode(15, None, &vec![(Block::Uncompressed, 1); 200], &data[..200]).concat();
    let mut output = vec![0; 200];
    decode(15, &plain, &mut output).unwrap();
    assert_eq!(output, data[..200], "blocks without codes cost nothing");
}
