//! Compares textures decoded by the shaders and by the reference, which share only the layout of
//! levels.

mod compressed;
mod frames;
mod keeping;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::memory::Ram;
use xenia_gpu::texture::{TexelFormat, Texels, decode_level, half_to_single};

use super::*;
use crate::backend::device;

const NORM16: wgpu::Features = wgpu::Features::TEXTURE_FORMAT_16BIT_NORM;
const BASE: u32 = 0x1000;
const MIPS: u32 = 0x40_0000;
const MEMORY: usize = 0x80_0000;

/// Texture described by fields of its fetch constant.
#[derive(Clone, Copy, Debug)]
struct Case {
    format: u32,
    dimension: u32,
    size: [u32; 3],
    tiled: bool,
    endian: u32,
    /// Highest mip level.
    levels: u32,
    packed: bool,
    signs: [u32; 4],
    integer: bool,
}

impl Case {
    fn words(&self) -> [u32; 6] {
        let [width, height, depth] = self.size.map(|size| size - 1);
        let stacked = self.dimension == 1 && depth > 0;
        let size = match self.dimension {
            0 => width,
            2 => width | height << 11 | depth << 22,
            3 => width | height << 13 | 5 << 26,
            _ => width | height << 13 | depth << 26,
        };
        let signs = (0..4).fold(0, |bits, i| bits | self.signs[i] << (2 + 2 * i));
        let mips = if self.levels > 0 { MIPS } else { 0 };
        [
            2 | signs | self.size[0].div_ceil(32) << 22 | u32::from(self.tiled) << 31,
            self.format | self.endian << 6 | u32::from(stacked) << 10 | BASE,
            size,
            u32::from(self.integer) | 0o3210 << 1 | 1 << 23,
            self.levels << 6,
            self.dimension << 9 | u32::from(self.packed) << 11 | mips,
        ]
    }

    /// Random texture of a format.
    fn random(rng: &mut ChaCha8Rng, format: u32, tiled: bool, endian: u32) -> Self {
        // 1D textures are never tiled.
        let dimension = rng.random_range(u32::from(tiled)..4);
        let mut side = |most: u32| match rng.random_range(0..4) {
            0 => 1 << rng.random_range(0..=most.ilog2()),
            _ => rng.random_range(1..=most),
        };
        let size = match dimension {
            0 => [side(500), 1, 1],
            1 => [side(100), side(100), if side(3) == 1 { side(5) } else { 1 }],
            2 => [side(40), side(40), side(9)],
            _ => [side(64), side(64), 6],
        };
        let longest = if dimension == 2 { size[2].max(size[0]) } else { size[0] }.max(size[1]);
        Self {
            format,
            dimension,
            size,
            tiled,
            endian,
            levels: rng.random_range(0..=longest.ilog2()),
            packed: dimension != 0 && rng.random(),
            signs: [0; 4],
            integer: false,
        }
    }
}

fn random_memory(rng: &mut ChaCha8Rng) -> Ram {
    let ram = Ram::new(MEMORY);
    let mut bytes = vec![0; MEMORY];
    rng.fill(&mut bytes[..]);
    ram.write(0, &bytes);
    ram
}

/// Reads back a level of a host texture, row by row of its texels or blocks.
fn read_back(device: &Device, texture: &wgpu::Texture, mip_level: u32, size: [u32; 3]) -> Vec<u8> {
    let [width, height, depth_or_array_layers] = size;
    let format = texture.format();
    let extent = wgpu::Extent3d { width, height, depth_or_array_layers }.physical_size(format);
    let (unit_width, unit_height) = format.block_dimensions();
    let rows = extent.height / unit_height;
    let row_bytes = extent.width / unit_width * format.block_copy_size(None).unwrap();
    let pitch = row_bytes.next_multiple_of(256);
    let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(pitch * rows * depth_or_array_layers),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_texture_to_buffer(
        wgpu::TexelCopyTextureInfo { mip_level, ..texture.as_image_copy() },
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(pitch),
                rows_per_image: Some(rows),
            },
        },
        extent,
    );
    device.queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    device.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let bytes = buffer.get_mapped_range(..).unwrap();
    bytes.chunks(pitch as usize).flat_map(|line| line[..row_bytes as usize].to_vec()).collect()
}

/// Converts the host's texels of a level to components.
fn components(format: wgpu::TextureFormat, bytes: &[u8], size: [u32; 3]) -> Vec<f32> {
    use wgpu::TextureFormat as F;
    let halves = || bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    let words = || bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    let signed = |value: f32, most: f32| (value / most).max(-1.0);
    match format {
        F::R8Unorm | F::Rg8Unorm | F::Rgba8Unorm => bytes.iter().map(|byte| *byte as f32 / 255.0).collect(),
        F::R8Snorm | F::Rg8Snorm | F::Rgba8Snorm => {
            bytes.iter().map(|byte| signed(*byte as i8 as f32, 127.0)).collect()
        }
        F::R16Unorm | F::Rg16Unorm | F::Rgba16Unorm => halves().map(|half| half as f32 / 65535.0).collect(),
        F::R16Snorm | F::Rg16Snorm | F::Rgba16Snorm => {
            halves().map(|half| signed(half as i16 as f32, 32767.0)).collect()
        }
        F::Rgb10a2Unorm => {
            let fields = [(0, 1023), (10, 1023), (20, 1023), (30, 3)];
            words()
                .flat_map(|word| fields.map(|(low, most)| (word >> low & most) as f32 / most as f32))
                .collect()
        }
        F::R16Float | F::Rg16Float | F::Rgba16Float => halves().map(half_to_single).collect(),
        F::R32Float | F::Rg32Float | F::Rgba32Float => words().map(f32::from_bits).collect(),
        other => compressed::decompressed(other, bytes, size),
    }
}

/// Largest rounding error of a number in the host's format, of values on the gamma curve or others.
fn rounding(format: wgpu::TextureFormat, wanted: f32, has_gamma: bool) -> f32 {
    use wgpu::TextureFormat as F;
    match format {
        F::R16Unorm | F::Rg16Unorm | F::Rgba16Unorm => 0.505 / 65535.0,
        F::R16Snorm | F::Rg16Snorm | F::Rgba16Snorm => 0.505 / 32767.0,
        // Half of the last bit, or of the smallest number; larger values become the largest one.
        F::R16Float | F::Rg16Float | F::Rgba16Float => {
            (wanted.abs() / 2048.0).max(0.5_f32.powi(25)).max(wanted.abs() - 65504.0)
        }
        // A quotient, which Vulkan lets devices round by up to 2.5 units in the last place.
        _ if has_gamma => wanted.abs() * 2.5 * f32::EPSILON,
        _ => 0.0,
    }
}

/// Finds or decodes a texture whose memory is not on the device.
fn get(
    textures: &mut Textures,
    device: &Device,
    words: &[u32; 6],
    shape: TextureShape,
    memory: &dyn PhysicalMemory,
) -> Option<FetchedTexture> {
    let mut recording = Recording::default();
    let mirror = Mirror::default();
    let mut inputs = TextureInputs { device, recording: &mut recording, mirror: &mirror, memory };
    let fetched = textures.get(&mut inputs, words, shape);
    device.submit(recording.finish());
    fetched
}

/// Decodes a texture both ways; all components of all levels must be equal, up to the host format's
/// rounding. 16-bit formats hold fractions of 16 bits exactly.
fn compare(device: &Device, textures: &mut Textures, ram: &Ram, case: &Case) {
    let words = case.words();
    let info = TextureInfo::decode(&words).unwrap();
    let shape = if case.dimension == 2 { TextureShape::Volume } else { TextureShape::Planes };
    let fetched = get(textures, device, &words, shape, ram).unwrap_or_else(|| panic!("{case:?}"));
    let swizzle = [0, 3, 6, 9].map(|bit| fetched.record[8] >> bit & 7);
    let format = fetched.host.texture.format();
    let count = fetched.host.components as usize;
    let has_16_bits = matches!(case.format, 13 | 21 | 24..=26) && device.features.contains(NORM16);
    // Compressed texels are fractions, whatever the constant selects.
    let is_integer = case.integer && info.format.block == [1, 1];
    let has_gamma = case.signs.contains(&3);
    let exact = is_integer || has_16_bits && (case.signs == [0; 4] || case.signs == [1; 4]);
    for level in 0..=info.max_level() {
        let expected = decode_level(&info, level, ram).unwrap();
        let size = info.level_size(level);
        let actual = components(format, &read_back(device, &fetched.host.texture, level, size), size);
        // Not `Texels::get`, which multiplies by a rounded 1/255.
        let expected: Vec<[f32; 4]> = match expected {
            Texels::Bytes(texels) => texels.into_iter().map(|t| t.map(|byte| byte as f32 / 255.0)).collect(),
            Texels::Floats(texels) => texels,
        };
        assert_eq!(expected.len() * count, actual.len());
        for (i, (wanted, texel)) in expected.iter().zip(actual.chunks_exact(count)).enumerate() {
            let got = swizzle.map(|select| texel[select as usize]);
            let is_close = |(wanted, got): (&f32, &f32)| {
                wanted.to_bits() == got.to_bits()
                    || (wanted - got).abs() <= if exact { 0.0 } else { rounding(format, *wanted, has_gamma) }
                    || (wanted.is_nan() && got.is_nan())
            };
            assert!(
                wanted.iter().zip(&got).all(is_close),
                "level {level} of {size:?} texel {i}: {wanted:?} by the reference, {got:?} on the host as {format:?}, {case:?}"
            );
        }
    }
}

/// Formats that both decoders support.
fn formats() -> impl Iterator<Item = u32> {
    (0..64).filter(|&number| {
        TexelFormat::from_number(number).is_some_and(|format| {
            let info = TextureInfo { format, ..TextureInfo::decode(&[2, 0, 0, 0, 0, 0]).unwrap() };
            Decoding::new(&info, wgpu::Features::all()).is_some()
        })
    })
}

#[test]
fn each_format_tiling_and_byte_order_decodes_like_the_reference() {
    device::tests::with_device(|device| {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let ram = random_memory(&mut rng);
        let mut textures = Textures::new(device, Scale::ONE);
        for format in formats() {
            for tiled in [false, true] {
                for endian in 0..4 {
                    let case = Case::random(&mut rng, format, tiled, endian);
                    compare(device, &mut textures, &ram, &case);
                }
            }
        }
    });
}

#[test]
fn each_format_takes_each_sign_like_the_reference() {
    device::tests::with_device(|device| {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let ram = random_memory(&mut rng);
        let mut textures = Textures::new(device, Scale::ONE);
        let mixed = [[1; 4], [2; 4], [3; 4], [0, 1, 2, 3], [3, 3, 3, 0]].map(|signs| (signs, false));
        let others = [([0; 4], true), ([1, 2, 1, 0], true)];
        for format in formats() {
            for (signs, integer) in mixed.into_iter().chain(others) {
                let size = [rng.random_range(1..=70), rng.random_range(1..=40), 1];
                let case = Case { dimension: 1, size, levels: 0, ..Case::random(&mut rng, format, true, 2) };
                compare(device, &mut textures, &ram, &Case { signs, integer, ..case });
            }
        }
    });
}

#[test]
fn devices_without_features_get_the_nearest_half_floats() {
    device::tests::with_device(|device| {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let ram = random_memory(&mut rng);
        let mut lesser = device.clone();
        lesser.features = wgpu::Features::empty();
        let mut textures = Textures::new(&lesser, Scale::ONE);
        for (format, signs) in
            [(4, [0; 4]), (6, [3; 4]), (7, [1; 4]), (22, [0; 4]), (25, [0; 4]), (32, [0; 4])]
        {
            let case = Case { dimension: 1, size: [70, 40, 1], ..Case::random(&mut rng, format, true, 2) };
            compare(&lesser, &mut textures, &ram, &Case { levels: 0, signs, ..case });
        }
    });
}
