//! Tests of pictures: read back, they have the bytes of frames that the CPU makes.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::draw_state::{CopyComparison, CopyDestination, CopySource, ResolveCall, Scissor};
use xenia_gpu::edram::EDRAM_WORDS;
use xenia_gpu::enums::{ColorTargetFormat, CopyCommand, Msaa};
use xenia_gpu::memory::Ram;
use xenia_gpu::{Backend, GammaRamps};

use super::super::{Options, Scale, device};
use super::*;

const BASE: u32 = 0x1000;
const RECTANGLE: u32 = 0x7_f000;
const MEMORY: usize = 0x8_0000;

fn backend(factor: u32) -> Option<WgpuBackend> {
    let options = Options { scale: Scale::new(factor).unwrap(), ..Options::default() };
    device::tests::serving().map(|device| WgpuBackend::with_options(device, &options))
}

fn ramps(rng: &mut ChaCha8Rng) -> GammaRamps {
    GammaRamps {
        table: Arc::new(std::array::from_fn(|_| rng.random())),
        linear: Arc::new(std::array::from_fn(|_| rng.random())),
    }
}

/// A front buffer of 32-bit texels at [`BASE`], with random formats, swizzles and sizes.
fn front_buffer(rng: &mut ChaCha8Rng, gamma: &GammaRamps) -> PresentCall {
    let stored: [u32; 2] = [rng.random_range(1..150), rng.random_range(1..90)];
    let format = [6_u32, 7, 50, 54][rng.random_range(0..4)];
    let fetch = [
        2 | u32::from(rng.random::<u8>()) << 2 | stored[0].div_ceil(32) << 22 | rng.random::<u32>() & 1 << 31,
        format | rng.random_range(0..4) << 6 | BASE,
        (stored[0] - 1) | (stored[1] - 1) << 13,
        rng.random_range(0..0x1000) << 1,
        0,
        1 << 9,
    ];
    let [width, height] = stored.map(|side| (side + rng.random_range(0..9)).saturating_sub(4).max(1));
    PresentCall { fetch, width, height, gamma: gamma.clone() }
}

#[test]
fn pictures_have_the_bytes_of_frames() {
    for factor in [1, 2] {
        let Some(mut backend) = backend(factor) else { return };
        let mut rng = ChaCha8Rng::seed_from_u64(7 + u64::from(factor));
        let memory = Ram::new(MEMORY);
        let mut made = 0;
        for round in 0..40 {
            let mut bytes = vec![0; 0x2_0000];
            rng.fill(&mut bytes[..]);
            memory.write(BASE, &bytes);
            let gamma = ramps(&mut rng);
            let call = front_buffer(&mut rng, &gamma);
            let expected = present(&call, &memory).unwrap().enlarged(factor);
            let Some(picture) = backend.present_on_device(&call, &memory) else {
                assert!(FrontBuffer::of(&call).is_none(), "{round}: {:x?}", call.fetch);
                continue;
            };
            made += 1;
            assert!(picture.read().unwrap() == expected, "{factor} {round}: {:x?}", call.fetch);
        }
        assert!(made >= 20, "{made}");
    }
}

#[test]
fn pictures_have_texels_that_memory_lacks() {
    for factor in [1, 2] {
        let Some(mut backend) = backend(factor) else { return };
        let mut rng = ChaCha8Rng::seed_from_u64(70);
        let memory = Ram::new(MEMORY);
        backend.set_readback(xenia_gpu::Readback::None);
        let words: Vec<u32> = (0..EDRAM_WORDS).map(|_| rng.random()).collect();
        backend.set_edram(&words).unwrap();
        for (at, value) in (RECTANGLE..).step_by(4).zip([0.0_f32, 0.0, 128.0, 0.0, 128.0, 64.0]) {
            memory.write(at, &value.to_bits().to_be_bytes());
        }
        backend.resolve(&resolve(), &memory).unwrap();
        let gamma = ramps(&mut rng);
        let fetch = [2 | 4 << 22 | 1 << 31, 6 | 2 << 6 | BASE, 127 | 63 << 13, 0x688 << 1, 0, 1 << 9];
        let call = PresentCall { fetch, width: 128, height: 64, gamma };
        let picture = backend.present_on_device(&call, &memory).unwrap();
        assert!(backend.has_pending(), "memory lacks it");
        let picture = picture.read().unwrap();
        backend.deliver(None, &memory).unwrap();
        assert!(picture == present(&call, &memory).unwrap().enlarged(factor), "{factor}");
        assert!(picture == backend.present(&call, &memory).unwrap(), "{factor}");
    }
}

#[test]
fn a_picture_that_is_kept_does_not_change() {
    let Some(mut backend) = backend(1) else { return };
    let memory = Ram::new(MEMORY);
    let mut rng = ChaCha8Rng::seed_from_u64(700);
    let gamma = ramps(&mut rng);
    let fetch = [2 | 1 << 22, 6 | BASE, 31 | 31 << 13, 0x688 << 1, 0, 1 << 9];
    let call = PresentCall { fetch, width: 32, height: 32, gamma };
    let mut kept = Vec::new();
    for round in 0..10_u8 {
        memory.write(BASE, &[round; 0x1000]);
        kept.push((backend.present_on_device(&call, &memory).unwrap(), present(&call, &memory).unwrap()));
    }
    assert!(kept.iter().all(|(picture, frame)| picture.read().as_ref() == Some(frame)));
}

#[test]
fn front_buffers_that_the_device_cannot_bind_are_left_to_the_cpu() {
    let Some(mut backend) = backend(1) else { return };
    let most = backend.device.device.limits().max_storage_buffer_binding_size;
    let memory = Ram::new(MEMORY);
    let gamma = ramps(&mut ChaCha8Rng::seed_from_u64(7000));
    // Each of 4096 rows has 16,352 texels: 255 MiB, of which the columns of a frame are shown.
    let fetch = [2 | 511 << 22 | 1 << 31, 6 | BASE, 8191 | 8191 << 13, 0x688 << 1, 0, 1 << 9];
    let call = PresentCall { fetch, width: 32, height: 4096, gamma };
    let picture = backend.present_on_device(&call, &memory);
    assert_eq!(picture.is_some(), most >= 16_352 * 4096 * 4);
    backend.finish().unwrap();
    assert_eq!(backend.device.validation_errors(), 0);
}

/// A resolve of 128 x 64 pixels to [`BASE`], tiled, in big-endian words.
fn resolve() -> ResolveCall {
    ResolveCall {
        source: CopySource::Color { base: 0, format: ColorTargetFormat::Rgba8 },
        command: CopyCommand::Convert,
        sample_select: 0,
        pitch: 128,
        msaa: Msaa::X1,
        vertices: [RECTANGLE | 3, 2 | 6 << 2],
        half_pixel: 0.0,
        window_offset: [0; 2],
        destination: CopyDestination {
            physical: BASE,
            pitch: 128,
            height: 64,
            endian: 2,
            format: 6,
            number: 0,
            exponent_bias: 0,
            swap: false,
            slice: None,
        },
        scissor: Scissor { left: 0, top: 0, right: 128, bottom: 64 },
        comparison: CopyComparison::default(),
        clear_color: None,
        clear_depth: None,
    }
}

#[test]
fn a_picture_is_of_its_own_device_alone() {
    let Some(mut backend) = backend(1) else { return };
    let Some(other) = device::tests::own() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(7000);
    let fetch = [2 | 4 << 22 | 1 << 31, 6 | 2 << 6 | BASE, 127 | 63 << 13, 0x688 << 1, 0, 1 << 9];
    let call = PresentCall { fetch, width: 128, height: 64, gamma: ramps(&mut rng) };
    let picture = backend.make_picture(&call, &Ram::new(MEMORY)).unwrap();
    assert!(picture.texture_on(&backend.device).is_some() && picture.texture_on(&other).is_none());
}
