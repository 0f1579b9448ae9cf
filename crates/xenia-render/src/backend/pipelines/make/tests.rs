//! Fuzz test of recipes with any numbers, as a file may contain them: each makes a pipeline or an
//! error. `XENIA_RANDOM_RECIPES` selects the cases.

use super::*;
use crate::backend::device::tests::with_device;
use xenia_gpu::microcode::{ShaderKind, assemble};
use xenia_testing::{Cases, Dice};

const WORDS: usize = size_of::<Recipe>() / 4;
/// Word that contains `HAS_PIXEL`.
const FLAGS: usize = 5;

const HAS_DEPTH: u32 = 2;

const VERTEX: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0, r1, r1";
const PIXEL: &str = "alloc colors\nmax oC0, r0, r0";

fn shader(kind: ShaderKind, text: &str) -> Arc<Shader> {
    Arc::new(Shader::new(kind, &assemble(text).unwrap()))
}

fn parts(mut words: [u32; WORDS], shaders: &[Arc<Shader>; 2]) -> Parts {
    words[..4].copy_from_slice(bytemuck::cast_slice(&[shaders[0].hash, shaders[1].hash]));
    let pixel = (words[FLAGS] & 1 != 0).then(|| shaders[1].clone());
    Parts { recipe: bytemuck::cast(words), vertex: shaders[0].clone(), pixel }
}

#[test]
fn any_recipe_makes_a_pipeline_or_an_error() {
    with_device(|device| {
        let shaders = [shader(ShaderKind::Vertex, VERTEX), shader(ShaderKind::Pixel, PIXEL)];
        let maker = Maker::new(device.clone());
        let mut made = 0;
        let mut refused = 0;
        let case = |seed| {
            let mut dice = Dice(seed);
            // Numbers with few bits, so that most references are to existing objects.
            let words = [0; WORDS].map(|_: u32| match dice.below(4) {
                0 => 0,
                1 => dice.next() as u32,
                _ => (dice.next() & dice.next() & dice.next()) as u32,
            });
            match maker.make(&parts(words, &shaders)) {
                Ok(_) => made += 1,
                Err(message) => {
                    assert!(!message.is_empty());
                    refused += 1;
                }
            }
        };
        let cases = Cases::new("XENIA_RANDOM_RECIPES", 200);
        let are_usual = cases.are_usual();
        cases.each(case);
        println!("{made} made, {refused} refused");
        if are_usual {
            assert!(made > 0 && refused > 0, "{made} made, {refused} refused");
        }
        // The device still works.
        let mut depth = [0; WORDS];
        depth[FLAGS] = HAS_DEPTH;
        assert_eq!(maker.make(&parts(depth, &shaders)).err(), None);
    });
}

#[test]
fn device_errors_are_scoped_to_their_attempt() {
    with_device(|device| {
        let buffer = |size| {
            move |device: &wgpu::Device| {
                device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size,
                    usage: wgpu::BufferUsages::STORAGE,
                    mapped_at_creation: false,
                })
            }
        };
        // Larger than the buffer limit: refused before the driver is called.
        let largest = device.device.limits().max_buffer_size;
        for size in [largest.saturating_add(4), u64::MAX - 3] {
            assert!(device.attempt(buffer(size)).is_err(), "{size}");
            assert!(device.attempt(buffer(256)).is_ok(), "after {size}");
        }
        let nested = device.attempt(|_| device.attempt(buffer(u64::MAX - 3)).is_err());
        assert_eq!(nested, Ok(true), "the inner attempt has the error, the outer one none");
    });
}
