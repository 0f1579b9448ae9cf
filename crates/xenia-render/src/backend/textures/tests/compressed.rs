//! Tests of blocks that stay compressed on the host.

use xenia_gpu::texture::layout;

use super::*;

/// Formats whose blocks hosts decompress.
const FORMATS: [u32; 8] = [18, 19, 20, 49, 51, 52, 53, 59];

/// Decompresses the blocks of a level, which follow each other row by row, to the components of the
/// host's format.
pub(super) fn decompressed(format: wgpu::TextureFormat, blocks: &[u8], size: [u32; 3]) -> Vec<f32> {
    use wgpu::TextureFormat as F;
    let number = match format {
        F::Bc1RgbaUnorm => 18,
        F::Bc2RgbaUnorm => 19,
        F::Bc3RgbaUnorm => 20,
        F::Bc4RUnorm => 59,
        F::Bc5RgUnorm => 49,
        other => panic!("{other:?} holds no texture"),
    };
    let case = Case {
        format: number,
        dimension: 1,
        size,
        tiled: false,
        endian: 0,
        levels: 0,
        packed: false,
        signs: [0; 4],
        integer: false,
    };
    let info = TextureInfo::decode(&case.words()).unwrap();
    let place = layout::level(&info, 0);
    let [columns, rows, _] = place.blocks;
    let ram = Ram::new((place.physical + place.bytes) as usize);
    let bytes = info.format.bytes;
    for (line, row) in blocks.chunks_exact((columns * bytes) as usize).zip(0..) {
        let within = row % rows * place.pitch * bytes;
        ram.write(place.physical + row / rows * place.slice_bytes + within, line);
    }
    let Some(Texels::Bytes(texels)) = decode_level(&info, 0, &ram) else { panic!("{format:?}") };
    let count = usize::from(format.components());
    texels.iter().flat_map(|texel| &texel[..count]).map(|byte| *byte as f32 / 255.0).collect()
}

/// The device with all features that it has. The backend does not use block compression in
/// software, though drivers offer it.
fn decompressing(device: &Device) -> Device {
    let mut able = device.clone();
    able.features |= device.device.features() & wgpu::Features::TEXTURE_COMPRESSION_BC;
    able
}

/// Compares textures of each shape and format, which the host decompresses if it offers that.
fn compare_blocks(device: &Device) {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let ram = random_memory(&mut rng);
    let mut textures = Textures::new(device, Scale::ONE);
    let is_offered = device.features.contains(wgpu::Features::TEXTURE_COMPRESSION_BC);
    // Planes, a stack and a cube map, whose last levels are smaller than a block.
    let shapes: [(u32, [u32; 3]); 4] = [(1, [64, 32, 1]), (1, [4, 4, 1]), (1, [20, 12, 5]), (3, [36, 36, 6])];
    for format in FORMATS {
        for (dimension, size) in shapes {
            for [tiled, packed] in [[false, false], [false, true], [true, false], [true, true]] {
                let endian = rng.random_range(0..4);
                let levels = size[0].max(size[1]).ilog2();
                let signs = [0; 4];
                let integer = rng.random();
                let case = Case { format, dimension, size, tiled, endian, levels, packed, signs, integer };
                compare(device, &mut textures, &ram, &case);
                let words = case.words();
                let found = get(&mut textures, device, &words, TextureShape::Planes, &ram).unwrap();
                let is_compressed = found.host.texture.format().is_compressed();
                assert_eq!(is_compressed, is_offered, "{case:?}");
            }
        }
    }
}

#[test]
fn blocks_that_the_host_decompresses_are_the_guests() {
    device::tests::with_device(|device| compare_blocks(&decompressing(device)));
}

#[test]
fn blocks_are_decoded_for_hosts_that_cannot_decompress_them() {
    device::tests::with_device(|device| {
        let mut lesser = device.clone();
        lesser.features = device.features - wgpu::Features::TEXTURE_COMPRESSION_BC;
        compare_blocks(&lesser);
    });
}

#[test]
fn levels_that_are_parts_of_a_block_are_copied() {
    device::tests::with_device(|device| {
        let device = &decompressing(device);
        let mut rng = ChaCha8Rng::seed_from_u64(10);
        let ram = random_memory(&mut rng);
        let mut textures = Textures::new(device, Scale::ONE);
        let case = Case {
            format: 20,
            dimension: 1,
            size: [8, 8, 1],
            tiled: true,
            endian: 1,
            levels: 3,
            packed: false,
            signs: [0; 4],
            integer: false,
        };
        compare(device, &mut textures, &ram, &case);
        // Draws that are recorded keep the present texture, so a new one gets the other levels.
        ram.write(BASE, &[0x5a; 64]);
        compare(device, &mut textures, &ram, &case);
        let counters = textures.counters();
        assert_eq!((counters.made, counters.decoded, counters.copied), (2, 5, 3));
    });
}
