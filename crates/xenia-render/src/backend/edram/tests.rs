//! Tests: bits survive the conversion to host textures and back, and resolves equal the reference
//! backend's.

mod resolves;
mod times;

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::edram::{EDRAM_WORDS, TILE_WIDTH};
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat, Msaa};

use super::*;
use crate::backend::device::tests::with_device;
use crate::backend::edram_shadow::{ALL_TILES, words_of};

const MSAA: [Msaa; 3] = [Msaa::X1, Msaa::X2, Msaa::X4];

const FORMATS: [TargetFormat; 14] = {
    use ColorTargetFormat::*;
    use TargetFormat::{Color, Depth};
    [
        Color(Rgba8),
        Color(Rgba8Gamma),
        Color(Rgb10A2),
        Color(Rgb10A2Float),
        Color(Rg16),
        Color(Rgba16),
        Color(Rg16Float),
        Color(Rgba16Float),
        Color(Rgb10A2As10),
        Color(Rgb10A2FloatAs16),
        Color(R32Float),
        Color(Rg32Float),
        Depth(DepthFormat::D24S8),
        Depth(DepthFormat::D24FS8),
    ]
};

impl Edram {
    /// All words, after all submitted commands.
    fn all_words(&mut self, device: &Device) -> Vec<u32> {
        let mut all = Vec::new();
        self.read_words(device, ALL_TILES, |words| all.extend(words)).unwrap();
        all
    }
}

fn random_words(seed: u64) -> Vec<u32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..EDRAM_WORDS).map(|_| random.random()).collect()
}

fn texture(device: &Device, place: &TargetPlace, width: u32, height: u32) -> wgpu::Texture {
    device.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: place.host_samples(),
        dimension: wgpu::TextureDimension::D2,
        format: place.host_format(device),
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    })
}

/// Loads rows of tiles into a texture, then dumps them over other words; returns the words before
/// and after.
fn there_and_back(
    device: &Device,
    edram: &mut Edram,
    before: &[u32],
    place: &TargetPlace,
    [width, height]: [u32; 2],
    tile_rows: Range<u32>,
) -> Vec<u32> {
    edram.set_words(device, before, 0..EDRAM_WORDS);
    let texture = texture(device, place, width, height);
    let target = TargetTexture { place, texture: &texture };
    let mut encoder = device.device.create_command_encoder(&Default::default());
    let tiles = tile_rows.start * place.pitch_tiles()..tile_rows.end * place.pitch_tiles();
    let areas = place.areas(tiles, [width, height]);
    edram.load(device, &mut encoder, target, &areas);
    device.queue.submit([encoder.finish()]);
    edram.set_words(device, &before.iter().map(|word| !word).collect::<Vec<_>>(), 0..EDRAM_WORDS);
    let mut encoder = device.device.create_command_encoder(&Default::default());
    edram.dump(device, &mut encoder, target, &areas, 0xff);
    device.queue.submit([encoder.finish()]);
    edram.all_words(device)
}

#[test]
fn runs_of_tiles_are_read_one_after_another() {
    with_device(|device| {
        let words = random_words(11);
        for factor in [1, 2] {
            let mut edram = Edram::new(device, Scale::new(factor).unwrap());
            edram.set_words(device, &words, 0..EDRAM_WORDS);
            let runs = [4..8, 12..16, 2040..2048];
            let mut read: Vec<u32> = Vec::new();
            edram.read_words(device, &runs, |words| read.extend(words)).unwrap();
            let expected: Vec<u32> = runs.iter().flat_map(|run| &words[words_of(run)]).copied().collect();
            assert!(read == expected, "{factor}");
        }
    });
}

#[test]
fn edram_load_then_dump_round_trips() {
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let before = random_words(1);
        // Every second pair, in which each format and each mode occurs.
        let pairs = FORMATS.into_iter().flat_map(|format| MSAA.map(|msaa| (format, msaa)));
        let step = if xenia_testing::is_long() { 1 } else { 2 };
        for (format, msaa) in pairs.step_by(step) {
            let place = TargetPlace { base: 2044, pitch: 150, msaa, format };
            // The last tiles' right ends are not part of the texture; its first and last rows of
            // tiles are not used.
            let size = [150, 4 * place.tile_height()];
            let after = there_and_back(device, &mut edram, &before, &place, size, 1..3);
            let mut moved = vec![false; EDRAM_WORDS];
            for (tile, _) in place.tiles([0, size[1] / 4, 150, size[1] / 4 * 3]) {
                moved[(tile * 1280) as usize..][..1280].fill(true);
            }
            let mut kept = 0;
            for (index, moved) in moved.into_iter().enumerate() {
                let old = before[index];
                let new = after[index];
                if new == old {
                    kept += 1;
                    assert!(moved, "{place:?}: word {index} was written");
                } else if new != !old {
                    panic!("{place:?}: word {index} was {old:#x}, became {new:#x}");
                }
            }
            let samples = 150 * msaa.samples() * 2 * place.tile_height();
            assert_eq!(kept, samples * format.words(), "{place:?}");
        }
    });
}

#[test]
fn transfers_use_their_own_parameters_and_textures() {
    /// Tiles that are moved, each by two calls: more calls than a buffer of parameters has.
    const MOVED: Range<u32> = 0..300;
    /// Distance in tiles that each is moved.
    const FAR: u32 = 1024;
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let before = random_words(12);
        edram.set_words(device, &before, 0..EDRAM_WORDS);
        let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
        let place = |base| TargetPlace { base, pitch: TILE_WIDTH, msaa: Msaa::X1, format };
        let size = [TILE_WIDTH, place(0).tile_height()];
        let textures = [(); 2].map(|()| texture(device, &place(0), size[0], size[1]));
        let mut encoder = device.device.create_command_encoder(&Default::default());
        for tile in MOVED {
            let texture = &textures[tile as usize % 2];
            let areas = place(tile).areas(0..1, size);
            edram.load(device, &mut encoder, TargetTexture { place: &place(tile), texture }, &areas);
            let far = TargetTexture { place: &place(tile + FAR), texture };
            edram.dump(device, &mut encoder, far, &areas, 0xff);
        }
        device.queue.submit([encoder.finish()]);
        let mut expected = before;
        expected.copy_within(words_of(&MOVED), words_of(&(FAR..FAR + 1)).start);
        let after = edram.all_words(device);
        let different = after.iter().zip(&expected).position(|(found, wanted)| found != wanted);
        assert_eq!(different, None, "the first wrong word");
    });
}

/// Clears a texture.
fn clear(device: &Device, texture: &wgpu::Texture, color: wgpu::Color, depth: f32, stencil: u32) {
    let view = texture.create_view(&Default::default());
    let is_depth = texture.format().is_depth_stencil_format();
    let mut encoder = device.device.create_command_encoder(&Default::default());
    let color = wgpu::RenderPassColorAttachment {
        view: &view,
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations { load: wgpu::LoadOp::Clear(color), store: wgpu::StoreOp::Store },
    };
    let depth = wgpu::RenderPassDepthStencilAttachment {
        view: &view,
        depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(depth), store: wgpu::StoreOp::Store }),
        stencil_ops: Some(wgpu::Operations {
            load: wgpu::LoadOp::Clear(stencil),
            store: wgpu::StoreOp::Store,
        }),
    };
    let colors = [Some(color)];
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        color_attachments: if is_depth { &[] } else { &colors },
        depth_stencil_attachment: is_depth.then_some(depth),
        ..Default::default()
    });
    device.queue.submit([encoder.finish()]);
}

/// Words to which a sample of a texture filled with a value is dumped.
fn dumped(device: &Device, edram: &mut Edram, format: TargetFormat, color: [f64; 4], depth: f32) -> [u32; 2] {
    let place = TargetPlace { base: 0, pitch: 80, msaa: Msaa::X1, format };
    let texture = texture(device, &place, 80, 16);
    let [r, g, b, a] = color;
    clear(device, &texture, wgpu::Color { r, g, b, a }, depth, 0xa5);
    let mut encoder = device.device.create_command_encoder(&Default::default());
    let target = TargetTexture { place: &place, texture: &texture };
    edram.dump(device, &mut encoder, target, &[[0, 0, 80, 16]], 0xff);
    device.queue.submit([encoder.finish()]);
    let words = edram.all_words(device);
    [words[0], words[1]]
}

#[test]
fn values_are_rounded_and_limited_to_what_formats_hold() {
    use ColorTargetFormat::*;
    use TargetFormat::{Color, Depth};
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        for (format, color, expected) in [
            // No value lies halfway between two levels: devices round those as they like.
            (Rgba8, [127.6 / 255.0, 2.0, -1.0, 1.0 / 255.0], [0x0100_ff80; 2]),
            // 0.5 is 511.5 of 1023: level 64 * 3 - 0.125, rounded down.
            (Rgba8Gamma, [1.0, 0.5, 0.0, 0.25], [0x4000_bfff; 2]),
            (Rgb10A2Float, [31.875, 100.0, 0.25, 0.5], [0x3ff | 0x3ff << 10 | 0x80 << 20 | 2 << 30; 2]),
            (Rg16, [32.0, -100.0, 0.0, 0.0], [0x8001_7fff; 2]),
            (Rgba16, [1.0, -1.0, 16.0, 33.0], [0xfc00_0400, 0x7fff_4000]),
            (Rg16Float, [70000.0, -1e9, 0.0, 0.0], [0xffff_7c46; 2]),
            (Rgba16Float, [1.0, -2.0, 6e-8, 0.333], [0xc000_3c00, 0x3554_0001]),
            (R32Float, [1e30, 0.0, 0.0, 0.0], [1e30_f32.to_bits(); 2]),
        ] {
            let found = dumped(device, &mut edram, Color(format), color, 0.0);
            assert_eq!(found, expected, "{format:?}: {found:x?}");
        }
        for (format, depth, expected) in [
            (DepthFormat::D24S8, 0.0, 0),
            (DepthFormat::D24S8, 0.25, 0x40_0000),
            (DepthFormat::D24S8, 0.5, 0x80_0000),
            (DepthFormat::D24S8, 1.0, 0xff_ffff),
            // Floating-point depth is halved in the texture.
            (DepthFormat::D24FS8, 0.5, 0xf0_0000),
            (DepthFormat::D24FS8, 1.0, 0xff_ffff),
            (DepthFormat::D24FS8, 0.375, 0xe8_0000),
            (DepthFormat::D24FS8, 0.45, 0xec_cccd),
            (DepthFormat::D24FS8, 1.75 * 2.0_f32.powi(-35), 2),
        ] {
            let found = dumped(device, &mut edram, Depth(format), [0.0; 4], depth);
            // The first word of a depth tile is in the middle of a row.
            assert_eq!(found[0], expected << 8 | 0xa5, "{format:?} {depth}: {found:x?}");
        }
    });
}

#[test]
fn stencil_bits_that_no_tile_has_are_not_loaded() {
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let depth = TargetPlace {
            base: 100,
            pitch: 160,
            msaa: Msaa::X4,
            format: TargetFormat::Depth(DepthFormat::D24S8),
        };
        let color = TargetPlace { base: 103, format: FORMATS[0], ..depth };
        let texture = texture(device, &depth, 160, 32);
        let target = TargetTexture { place: &depth, texture: &texture };
        let loaded = |edram: &mut Edram, rows: Range<u32>| {
            let area = [0, rows.start * 8, 160, rows.end * 8];
            let mut encoder = device.device.create_command_encoder(&Default::default());
            let bits = edram.load(device, &mut encoder, target, &[area]);
            device.queue.submit([encoder.finish()]);
            bits
        };
        assert_eq!(loaded(&mut edram, 0..4), 0);
        let mut encoder = device.device.create_command_encoder(&Default::default());
        edram.clear(device, &mut encoder, &color, [0, 0, 40, 8], [0x1234_5641, 0]);
        device.queue.submit([encoder.finish()]);
        // One pixel of the second tile: the other pixels' bits remain possible.
        let mut encoder = device.device.create_command_encoder(&Default::default());
        edram.clear(device, &mut encoder, &color, [0, 0, 1, 1], [2, 0]);
        device.queue.submit([encoder.finish()]);
        assert_eq!([loaded(&mut edram, 0..1), loaded(&mut edram, 1..4)], [0x43, 0]);
        // A load uses the actual bits, not the possible ones.
        let mut encoder = device.device.create_command_encoder(&Default::default());
        edram.dump(device, &mut encoder, target, &[[0, 0, 160, 8]], 0x43);
        device.queue.submit([encoder.finish()]);
        let words = edram.all_words(device);
        let tile = &words[103 * 1280..104 * 1280];
        let count = |value| tile.iter().filter(|word| **word as u8 == value).count();
        assert_eq!((count(0x41), count(2)), (1276, 4));
    });
}

#[test]
fn filled_textures_and_a_cleared_edram_are_the_same() {
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let before = random_words(9);
        let area = [8, 8, 152, 24];
        for (round, format) in FORMATS.into_iter().enumerate() {
            let place = TargetPlace { base: 2044, pitch: 160, msaa: MSAA[round % 3], format };
            let texture = texture(device, &place, 160, 32);
            let target = TargetTexture { place: &place, texture: &texture };
            let bits = [0x3456_789a, 0x3f80_0000];
            let all = [0, 0, 160, 32];
            edram.set_words(device, &before, 0..EDRAM_WORDS);
            let mut encoder = device.device.create_command_encoder(&Default::default());
            edram.load(device, &mut encoder, target, &[all]);
            edram.fill(device, &mut encoder, target, area, bits);
            edram.clear(device, &mut encoder, &place, area, bits);
            device.queue.submit([encoder.finish()]);
            let cleared = edram.all_words(device);
            let mut encoder = device.device.create_command_encoder(&Default::default());
            edram.dump(device, &mut encoder, target, &[all], 0xff);
            device.queue.submit([encoder.finish()]);
            assert!(cleared == edram.all_words(device), "{place:?}");
            assert!(cleared != before);
        }
    });
}

#[test]
fn samples_lie_in_the_part_of_the_pixel_that_the_edram_has_them_in() {
    with_device(|device| {
        let mut edram = Edram::new(device, Scale::ONE);
        let bits = 0x4321_8765;
        // Half a pixel: left, top, width, height; and the samples of pixel (0, 0).
        for (msaa, [x, y, width, height], expected) in [
            (Msaa::X2, [0.0, 0.0, 1.0, 0.5], vec![bits, 0]),
            (Msaa::X2, [0.0, 0.5, 1.0, 0.5], vec![0, bits]),
            (Msaa::X4, [0.5, 0.0, 0.5, 1.0], vec![0, bits, 0, bits]),
            (Msaa::X4, [0.0, 0.5, 1.0, 0.5], vec![0, 0, bits, bits]),
        ] {
            let place = TargetPlace { base: 0, pitch: 80, msaa, format: FORMATS[0] };
            let texture = texture(device, &place, 80, 16);
            let view = texture.create_view(&Default::default());
            let parameters = Parameters { clear: [bits, 0], ..parameters(&place, [0, 0, 1, 1]) };
            let load = Load::new(Part::FilledColor, &place, &texture);
            let (group, offsets) = edram.pipelines.bind(device, &[parameters], &edram.words);
            let pipeline = edram.pipelines.render(device, load);
            let mut encoder = device.device.create_command_encoder(&Default::default());
            let mut pass = begin(&mut encoder, &place, &view);
            pass.set_viewport(x, y, width, height, 0.0, 1.0);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &offsets);
            pass.draw(0..4, 0..1);
            drop(pass);
            let target = TargetTexture { place: &place, texture: &texture };
            edram.dump(device, &mut encoder, target, &[[0, 0, 80, place.tile_height()]], 0);
            device.queue.submit([encoder.finish()]);
            let words = edram.all_words(device);
            for (sample, expected) in (0..).zip(expected) {
                let (column, row) = msaa.cell(0, 0, sample);
                assert_eq!(words[(row * TILE_WIDTH + column) as usize], expected, "{msaa:?} {sample}");
            }
        }
    });
}
