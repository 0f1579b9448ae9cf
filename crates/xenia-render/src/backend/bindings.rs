//! Bind groups of shaders: constants, vertex data, textures, samplers.

use std::collections::HashMap;
use std::sync::Arc;

use xenia_gpu::draw_state::Constants;
use xenia_gpu::enums::Dimension;
use xenia_gpu::texture::{Layout, TextureInfo};

use super::Device;
use super::shaders::HostShader;
use super::textures::{FetchedTexture, HostSampler, HostTexture, TextureInputs, Textures, TexturesState};
use crate::translate::{CONSTANTS_BINDING, StageConstants, TextureShape, VERTEX_BINDING};

/// Maximum number of cached bind groups; when reached, all are dropped. They are also dropped when
/// much of the data that they keep alive has left the cache of textures, and when a buffer grows.
const MAX_GROUPS: usize = 8192;

/// Textures and samplers of a shader for one draw, in the order of its interface.
#[derive(Default)]
struct Bound {
    textures: Vec<Arc<HostTexture>>,
    samplers: Vec<Arc<HostSampler>>,
}

/// Buffers of all bind groups.
#[derive(Clone, Copy)]
pub(super) struct BoundBuffers<'a> {
    pub(super) uniforms: &'a wgpu::Buffer,
    pub(super) vertices: &'a wgpu::Buffer,
    /// Number of bytes that are bound, from the beginning of `vertices`.
    pub(super) vertex_bytes: u64,
}

/// Sizes of buffers on which bind groups depend.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct BoundSizes {
    uniforms: u64,
    vertices: u64,
}

/// Bind group of a stage's last draw, and all that it follows from.
struct LastGroup {
    shader: u64,
    /// Fetch constants that the shader uses, with their words.
    fetch: Vec<(u8, [u32; 6])>,
    /// State of the textures' cache, and of the memory behind it.
    state: TexturesState,
    bound: Bound,
    /// Bytes of the textures.
    bytes: u64,
    /// Texture records in the stage's constants.
    records: Vec<u8>,
    group: wgpu::BindGroup,
}

impl LastGroup {
    /// Whether a draw with these inputs has this group, too.
    fn is_of(&self, shader: &HostShader, constants: &Constants, state: TexturesState) -> bool {
        self.shader == shader.id
            && self.state == state
            && self.fetch.iter().all(|(number, words)| constants.fetch[usize::from(*number) & 31] == *words)
    }
}

impl Bound {
    /// Finds the textures and samplers, in place of earlier ones, and adds their records to the
    /// constants.
    fn find(
        &mut self,
        with: &mut TextureInputs<'_>,
        shader: &HostShader,
        constants: &Constants,
        cache: &mut Textures,
        records: &mut StageConstants,
    ) {
        let mut described = 0_u32;
        self.textures.clear();
        for slot in &shader.interface.textures {
            let words = &constants.fetch[slot.constant as usize & 31];
            let texture = match cache.get(with, words, slot.shape) {
                Some(FetchedTexture { host, record }) => {
                    records.set_encoded_texture(slot.constant, &record);
                    described |= 1 << (slot.constant & 31);
                    host
                }
                None => cache.dummy(slot.shape),
            };
            self.textures.push(texture);
        }
        // Some fetches only query properties: their constants need records, but bind no textures.
        // The record of a texture that can't be decoded stays empty: all fetches of it read zeros.
        for &constant in shader.interface.records.iter().filter(|c| described >> (**c & 31) & 1 == 0) {
            let words = &constants.fetch[constant as usize & 31];
            let Some(info) = TextureInfo::decode(words) else { continue };
            let is_volume = info.dimension == Dimension::D3;
            let shape = if is_volume { TextureShape::Volume } else { TextureShape::Planes };
            let mut slots = shader.interface.textures.iter();
            let is_missing = slots.any(|slot| slot.constant == constant && slot.shape == shape);
            if !is_missing && info.format.layout != Layout::Unknown {
                records.set_encoded_texture(constant, &cache.query_record(with, words, &info));
            }
        }
        let samplers = shader.interface.samplers.iter().map(|slot| {
            let words = &constants.fetch[slot.constant as usize & 31];
            cache.sampler(with.device, words, slot.filters, slot.anisotropy)
        });
        self.samplers.clear();
        self.samplers.extend(samplers);
    }
}

/// Cache of bind groups, by shader, textures and samplers.
#[derive(Default)]
pub(super) struct Groups {
    made: HashMap<Vec<u64>, wgpu::BindGroup>,
    /// Sizes of the buffers in all groups. When one grows, which is seldom, all groups are dropped.
    sizes: BoundSizes,
    /// Key that is looked up, to allocate none for each draw.
    key: Vec<u64>,
    /// Groups of the last draw, by their numbers.
    last: [Option<LastGroup>; 2],
    /// Number of groups created.
    count: u64,
}

impl Groups {
    /// Number of groups created.
    pub(super) fn made(&self) -> u64 {
        self.count
    }

    /// Returns the bind group of a draw for a stage, and adds the records of its textures to the
    /// stage's constants. Consecutive draws mostly have the same group, which is found by comparing
    /// the words of fetch constants.
    pub(super) fn get(
        &mut self,
        with: &mut TextureInputs<'_>,
        shader: &HostShader,
        constants: &Constants,
        cache: &mut Textures,
        records: &mut StageConstants,
        buffers: BoundBuffers<'_>,
    ) -> wgpu::BindGroup {
        let sizes = BoundSizes { uniforms: buffers.uniforms.size(), vertices: buffers.vertex_bytes };
        if cache.take_dropped() || self.sizes != sizes {
            self.made.clear();
            self.last = [None, None];
            self.sizes = sizes;
        }
        let number = shader.interface.group as usize & 1;
        let state = cache.state(with);
        if let Some(last) = &self.last[number]
            && state.is_some_and(|state| last.is_of(shader, constants, state))
            && cache.reuse(&last.bound.textures, last.bytes)
        {
            records.set_texture_rows(&last.records);
            return last.group.clone();
        }
        let drawn = cache.drawn();
        // The last draw's lists are filled again, to allocate none.
        let last = self.last[number].take().map(|last| (last.fetch, last.bound, last.records));
        let (mut fetch, mut bound, mut rows) = last.unwrap_or_default();
        bound.find(with, shader, constants, cache, records);
        let group = self.of(with.device, shader, &bound, buffers);
        // Textures that were decoded just now are changes; memory may have been written since.
        let state = state.filter(|_| cache.is_whole()).map(|state| cache.changed(state));
        self.last[number] = state.map(|state| {
            let words = |number: &u8| (*number, constants.fetch[usize::from(*number) & 31]);
            fetch.clear();
            fetch.extend(shader.fetch_constants.iter().map(words));
            rows.clear();
            rows.extend_from_slice(records.texture_rows());
            LastGroup {
                shader: shader.id,
                fetch,
                state,
                bound,
                bytes: cache.drawn().saturating_sub(drawn),
                records: rows,
                group: group.clone(),
            }
        });
        group
    }

    /// Returns the bind group of a shader with these resources.
    fn of(
        &mut self,
        device: &Device,
        shader: &HostShader,
        bound: &Bound,
        BoundBuffers { uniforms, vertices, vertex_bytes }: BoundBuffers<'_>,
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
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: vertices,
                    offset: 0,
                    size: std::num::NonZeroU64::new(vertex_bytes),
                }),
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

#[cfg(test)]
mod tests;
