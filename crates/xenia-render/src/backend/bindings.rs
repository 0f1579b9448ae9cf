//! Bind groups of shaders: constants, vertex data, textures, samplers.

use std::collections::HashMap;
use std::sync::Arc;

use xenia_gpu::draw_state::Constants;
use xenia_gpu::texture::TextureInfo;

use super::Device;
use super::shaders::HostShader;
use super::textures::{FetchedTexture, HostSampler, HostTexture, TextureInputs, Textures};
use crate::translate::{CONSTANTS_BINDING, StageConstants, TextureRecord, VERTEX_BINDING};

/// Most cached bind groups; when reached, all are dropped.
const MAX_GROUPS: usize = 8192;

/// Textures and samplers of a shader for one draw, in the order of its interface.
pub(super) struct Bound {
    textures: Vec<Arc<HostTexture>>,
    samplers: Vec<Arc<HostSampler>>,
}

impl Bound {
    /// Finds the textures and samplers, and adds their records to the constants.
    pub(super) fn new(
        with: &mut TextureInputs<'_>,
        shader: &HostShader,
        constants: &Constants,
        cache: &mut Textures,
        records: &mut StageConstants,
    ) -> Self {
        let mut described = 0_u32;
        let mut textures = Vec::with_capacity(shader.interface.textures.len());
        for slot in &shader.interface.textures {
            let words = &constants.fetch[slot.constant as usize & 31];
            let texture = match cache.get(with, words, slot.shape) {
                Some(FetchedTexture { host, record }) => {
                    records.set_texture(slot.constant, &record);
                    described |= 1 << (slot.constant & 31);
                    host
                }
                None => cache.dummy(slot.shape),
            };
            textures.push(texture);
        }
        // Constants without a texture need records too: some fetches only query properties, and the
        // swizzle's constant components apply to a dummy texture.
        for &constant in shader.interface.records.iter().filter(|c| described >> (**c & 31) & 1 == 0) {
            if let Some(info) = TextureInfo::decode(&constants.fetch[constant as usize & 31]) {
                records.set_texture(constant, &TextureRecord::new(&info));
            }
        }
        let samplers = shader.interface.samplers.iter().map(|slot| {
            let words = &constants.fetch[slot.constant as usize & 31];
            cache.sampler(with.device, words, slot.filters, slot.anisotropy)
        });
        Self { samplers: samplers.collect(), textures }
    }
}

/// Cache of bind groups, by shader, textures and samplers.
#[derive(Default)]
pub(super) struct Groups {
    made: HashMap<Vec<u64>, wgpu::BindGroup>,
    /// Key that is looked up, to allocate none for each draw.
    key: Vec<u64>,
    /// Number of groups created.
    count: u64,
}

impl Groups {
    /// Number of groups created.
    pub(super) fn made(&self) -> u64 {
        self.count
    }

    /// Returns the bind group of a shader with these resources.
    pub(super) fn get(
        &mut self,
        device: &Device,
        shader: &HostShader,
        bound: &Bound,
        uniforms: &wgpu::Buffer,
        vertices: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        self.key.clear();
        self.key.push(shader.id);
        self.key.extend(bound.textures.iter().map(|texture| texture.id));
        self.key.extend(bound.samplers.iter().map(|sampler| sampler.id));
        if let Some(group) = self.made.get(&self.key) {
            return group.clone();
        }
        if self.made.len() >= MAX_GROUPS {
            self.made.clear();
        }
        let mut entries = vec![wgpu::BindGroupEntry {
            binding: CONSTANTS_BINDING,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: uniforms,
                offset: 0,
                size: std::num::NonZeroU64::new(shader.interface.constants.size() as u64),
            }),
        }];
        if shader.interface.vertex_data {
            entries.push(wgpu::BindGroupEntry {
                binding: VERTEX_BINDING,
                resource: vertices.as_entire_binding(),
            });
        }
        for (slot, texture) in shader.interface.textures.iter().zip(&bound.textures) {
            let resource = wgpu::BindingResource::TextureView(&texture.view);
            entries.push(wgpu::BindGroupEntry { binding: slot.binding, resource });
        }
        for (slot, sampler) in shader.interface.samplers.iter().zip(&bound.samplers) {
            let resource = wgpu::BindingResource::Sampler(&sampler.sampler);
            entries.push(wgpu::BindGroupEntry { binding: slot.binding, resource });
        }
        self.count += 1;
        let group = device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &shader.layout,
            entries: &entries,
        });
        self.made.insert(self.key.clone(), group.clone());
        group
    }
}
