//! Bits survive the way through host textures, and copies write what the reference backend writes.

mod copies;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat, Msaa};
use xenia_gpu::reference::EDRAM_WORDS;

use super::*;
use crate::backend::device::tests::with;

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

/// Loads rows of tiles into a texture, then dumps them over other words; the words before and after.
fn there_and_back(
    device: &Device,
    edram: &mut Edram,
    before: &[u32],
    place: &TargetPlace,
    [width, height]: [u32; 2],
    tile_rows: Range<u32>,
) -> Vec<u32> {
    edram.set_words(device, before);
    let texture = texture(device, place, width, height);
    let mut encoder = device.device.create_command_encoder(&Default::default());
    edram.load(device, &mut encoder, place, &texture, tile_rows.clone());
    device.queue.submit([encoder.finish()]);
    edram.set_words(device, &before.iter().map(|word| !word).collect::<Vec<_>>());
    let mut encoder = device.device.create_command_encoder(&Default::default());
    edram.dump(device, &mut encoder, place, &texture, tile_rows, 0xff);
    device.queue.submit([encoder.finish()]);
    edram.words(device).unwrap()
}

#[test]
fn what_is_loaded_is_dumped_again() {
    with(|device| {
        let mut edram = Edram::new(device);
        let before = random_words(1);
        for (format, msaa) in FORMATS.into_iter().flat_map(|format| MSAA.map(|msaa| (format, msaa))) {
            let place = TargetPlace { base: 2044, pitch: 150, msaa, format };
            // The last tiles' right ends are not part of the texture; the first row of tiles stays out.
            let size = [150, 3 * place.tile_height()];
            let after = there_and_back(device, &mut edram, &before, &place, size, 1..3);
            let mut moved = vec![false; EDRAM_WORDS];
            for (tile, _) in place.tiles([0, size[1] / 3, 150, size[1]]) {
                moved[(tile * 1280) as usize..][..1280].fill(true);
            }
            let mut kept = 0;
            for (index, moved) in moved.into_iter().enumerate() {
                let (old, new) = (before[index], after[index]);
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
