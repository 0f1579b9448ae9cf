//! Tests of the lifetime of bind groups, which keep their textures and samplers alive.

use xenia_gpu::microcode::{Shader, ShaderKind, assemble};
use xenia_gpu::{PhysicalMemory, Ram};

use super::super::mirror::Mirror;
use super::super::recipe::Recipe;
use super::super::recording::Recording;
use super::super::shaders::Shaders;
use super::super::{Scale, device};
use super::*;

const PIXEL: &str = "tfetch2D r0, r0.xy, tf0, mag=point, min=point\nalloc colors\nmax oC0, r0, r0";
/// Bytes of a texture, for the cache and in memory.
const BYTES: u64 = 64 << 10;

/// A draw's inputs, and the caches.
struct Draws<'a> {
    device: &'a Device,
    memory: Ram,
    shader: Arc<HostShader>,
    constants: Constants,
    textures: Textures,
    groups: Groups,
}

impl<'a> Draws<'a> {
    fn new(device: &'a Device) -> Self {
        let shader = Arc::new(Shader::new(ShaderKind::Pixel, &assemble(PIXEL).unwrap()));
        let shader = Shaders::default().get(device, &shader, Recipe::default().stages()[1]).unwrap();
        let (constants, groups) = Default::default();
        let textures = Textures::new(device, Scale::ONE);
        Self { device, memory: Ram::new(0x80_0000), shader, constants, textures, groups }
    }

    /// Finds the group of a draw with a texture of 128 x 128 words at an address, and the words of
    /// its sampler.
    fn draw(&mut self, physical: u32, [clamps, filters, border]: [u32; 3]) {
        self.constants.fetch[0] = [
            2 | clamps | 4 << 22 | 1 << 31,
            6 | physical,
            127 | 127 << 13,
            0x688 << 1 | filters,
            0,
            1 << 9 | border,
        ];
        let mut recording = Recording::default();
        let mirror = Mirror::default();
        let device = self.device;
        let memory: &dyn PhysicalMemory = &self.memory;
        let mut inputs = TextureInputs { device, recording: &mut recording, mirror: &mirror, memory };
        let buffer = |usage| {
            let descriptor =
                wgpu::BufferDescriptor { label: None, size: 1 << 16, usage, mapped_at_creation: false };
            device.device.create_buffer(&descriptor)
        };
        let [uniforms, vertices] = [wgpu::BufferUsages::UNIFORM, wgpu::BufferUsages::STORAGE].map(buffer);
        let vertex_bytes = vertices.size();
        let buffers = BoundBuffers { uniforms: &uniforms, vertices: &vertices, vertex_bytes };
        let layout = self.shader.interface.constants;
        let mut records = StageConstants::new(&self.constants, ShaderKind::Pixel, layout);
        self.textures.begin();
        let drawn = DrawnShader { shader: &self.shader, constants: &self.constants };
        self.groups.get(&mut inputs, drawn, &mut self.textures, &mut records, buffers);
        device.submit(recording.finish());
        self.textures.note_submission();
    }
}

#[test]
fn groups_keep_few_textures_beyond_the_limit() {
    device::tests::with_device(|device| {
        let mut draws = Draws::new(device);
        draws.textures.set_limit(8 * BYTES);
        for number in 0..40 {
            draws.draw(number << 12, [0; 3]);
            assert!(draws.groups.made.len() <= 12, "{number}: {}", draws.groups.made.len());
        }
        // Textures that stay keep their groups.
        let made = draws.groups.made();
        for number in (37..40).chain(37..40) {
            draws.draw(number << 12, [0; 3]);
        }
        assert_eq!(draws.groups.made(), made);
    });
}

#[test]
fn a_texture_that_stays_keeps_its_group_while_others_are_dropped() {
    device::tests::with_device(|device| {
        let mut draws = Draws::new(device);
        draws.textures.set_limit(8 * BYTES);
        for number in 1..40 {
            draws.draw(0, [0; 3]);
            draws.draw(number << 12, [0; 3]);
        }
        assert_eq!((draws.groups.made(), draws.textures.counters().made), (40, 40));
        let recent = draws.groups.recent.iter().flatten().flatten().count();
        assert!(recent <= 12, "{recent} keep textures alive");
    });
}

#[test]
fn a_full_cache_keeps_the_groups_of_the_last_draws() {
    device::tests::with_device(|device| {
        let mut draws = Draws::new(device);
        draws.groups.limit = 8;
        for number in 0..9 {
            draws.draw(number << 12, [0; 3]);
        }
        assert_eq!((draws.groups.made.len(), draws.groups.made()), (5, 9));
        draws.groups.recent.iter_mut().for_each(Vec::clear);
        for (number, made) in [(8, 9), (4, 9), (3, 10)] {
            draws.draw(number << 12, [0; 3]);
            assert_eq!(draws.groups.made(), made, "{number}");
        }
    });
}

#[test]
fn a_texture_changed_in_place_keeps_its_group() {
    device::tests::with_device(|device| {
        let mut draws = Draws::new(device);
        draws.textures.set_limit(8 * BYTES);
        for value in 0..20 {
            draws.memory.write(0x1000, &[value]);
            draws.draw(0x1000, [0; 3]);
        }
        assert_eq!((draws.groups.made(), draws.textures.counters().made), (1, 1));
        assert_eq!(draws.textures.counters().decoded, 20);
    });
}

#[test]
fn draws_in_turn_have_their_groups_until_their_memory_is_written() {
    device::tests::with_device(|device| {
        let mut draws = Draws::new(device);
        for value in 1..4 {
            draws.memory.write(0x1_0000, &[value]);
            for physical in [0x1_0000, 0x2_0000, 0x1_0000, 0x2_0000] {
                draws.draw(physical, [0; 3]);
            }
        }
        // After a write, each texture is compared once; the first round has none to compare.
        let counters = draws.textures.counters();
        assert_eq!((counters.decoded, counters.checks, draws.groups.made()), (4, 4, 2));
        draws.draw(0x2_0000, [1 << 10, 0, 0]);
        assert_eq!(draws.groups.made(), 3, "another sampler");
    });
}
