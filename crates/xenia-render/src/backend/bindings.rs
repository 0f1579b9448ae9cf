//! Bind groups of shaders: constants, vertex data, textures, samplers.
//!
//! A draw first compares its inputs with those of a recent draw in the same place
//! ([`RecentGroup`]), which saves the look-up of each texture, then looks its resources up in
//! [`Groups`]. Invariant: a group is used only while the buffers have the sizes of its construction
//! and no sampler has left the cache; a recent one also only while its textures are current.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xenia_gpu::draw_state::Constants;
use xenia_gpu::enums::Dimension;
use xenia_gpu::place_of;
use xenia_gpu::texture::{Layout, TextureInfo};

use super::Device;
use super::aging::make_room;
use super::shaders::HostShader;
use super::textures::{FetchedTexture, HostSampler, HostTexture, TextureInputs, Textures, TexturesState};
use xenia_shaders::{CONSTANTS_BINDING, StageConstants, TextureShape, VERTEX_BINDING};

/// Maximum number of cached bind groups; when reached, the half that was looked up least recently
/// is dropped, but for recent ones. All are dropped when samplers have left their cache, and when a
/// buffer grows; those of textures that have left theirs are dropped once these are much data.
const MAX_GROUPS: usize = 8192;

/// log2 of the recent groups of each stage: more than most frames have.
const RECENT_LOG2: u32 = 11;

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

/// Bind group of an earlier draw, and all that it follows from.
struct RecentGroup {
    shader: u64,
    lists: RecentLists,
    /// State of the textures' cache, and of the memory behind it.
    state: TexturesState,
    /// Whether a record is that of a texture which the group does not bind.
    has_queries: bool,
    /// Bytes of the textures.
    bytes: u64,
    group: wgpu::BindGroup,
}

/// Lists of a recent group, whose memory the next group in its place uses.
#[derive(Default)]
struct RecentLists {
    /// Words of the fetch constants that the shader uses.
    fetch: Vec<[u32; 6]>,
    textures: Vec<Arc<HostTexture>>,
    /// Texture records in the stage's constants.
    records: Vec<u8>,
}

/// A shader with the constants of a draw.
#[derive(Clone, Copy)]
pub(super) struct DrawnShader<'a> {
    pub(super) shader: &'a HostShader,
    pub(super) constants: &'a Constants,
}

impl<'a> DrawnShader<'a> {
    /// Words of the fetch constants that the shader uses.
    fn fetch_words(self) -> impl Iterator<Item = &'a [u32; 6]> {
        let Self { shader, constants } = self;
        shader.fetch_constants.iter().map(move |number| &constants.fetch[usize::from(*number) & 31])
    }
}

impl RecentGroup {
    /// Place of a draw's group among the recent ones.
    fn place(drawn: DrawnShader<'_>) -> usize {
        let id = drawn.shader.id;
        let id = [id as u32, (id >> 32) as u32];
        place_of(id.into_iter().chain(drawn.fetch_words().flatten().copied()), RECENT_LOG2)
    }

    /// Whether a draw with these inputs has this group, too.
    fn serves(&self, drawn: DrawnShader<'_>, state: TexturesState) -> bool {
        let are_current = || self.lists.textures.iter().all(|texture| state.has(texture));
        self.shader == drawn.shader.id
            && drawn.fetch_words().eq(&self.lists.fetch)
            && (self.state == state || !self.has_queries && are_current())
    }
}

impl Bound {
    /// Finds the textures and samplers, in place of earlier ones, and adds their records to the
    /// constants. Returns whether there are records of textures that are not bound.
    fn find(
        &mut self,
        with: &mut TextureInputs<'_>,
        DrawnShader { shader, constants }: DrawnShader<'_>,
        cache: &mut Textures,
        records: &mut StageConstants,
    ) -> bool {
        let mut described = 0_u32;
        let mut has_queries = false;
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
                has_queries = true;
            }
        }
        let samplers = shader.interface.samplers.iter().map(|slot| {
            let words = &constants.fetch[slot.constant as usize & 31];
            cache.sampler(with.device, words, slot.filters, slot.anisotropy)
        });
        self.samplers.clear();
        self.samplers.extend(samplers);
        has_queries
    }
}

/// Bind group with the time of its last look-up.
struct MadeGroup {
    group: wgpu::BindGroup,
    used: u64,
}

/// Cache of bind groups, by shader, textures and samplers.
pub(super) struct Groups {
    made: HashMap<Vec<u64>, MadeGroup>,
    /// Maximum number of these.
    limit: usize,
    /// Number of look-ups.
    clock: u64,
    /// Sizes of the buffers in all groups. When one grows, which is seldom, all groups are dropped.
    sizes: BoundSizes,
    /// Key that is looked up, to allocate none for each draw.
    key: Vec<u64>,
    /// Groups of recent draws, by their numbers and [places](RecentGroup::place).
    recent: [Vec<Option<RecentGroup>>; 2],
    /// Resources of a draw whose group is not among these.
    bound: Bound,
    /// Number of groups created.
    count: u64,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            made: HashMap::new(),
            limit: MAX_GROUPS,
            clock: 0,
            sizes: BoundSizes::default(),
            key: Vec::new(),
            recent: [Vec::new(), Vec::new()],
            bound: Bound::default(),
            count: 0,
        }
    }
}

impl Groups {
    /// Number of groups created.
    pub(super) fn made(&self) -> u64 {
        self.count
    }

    /// Returns the bind group of a draw for a stage, and adds the records of its textures to the
    /// stage's constants. Most draws have a group of the last frame's, which is found by comparing
    /// the words of fetch constants.
    pub(super) fn get(
        &mut self,
        with: &mut TextureInputs<'_>,
        drawn: DrawnShader<'_>,
        cache: &mut Textures,
        records: &mut StageConstants,
        buffers: BoundBuffers<'_>,
    ) -> wgpu::BindGroup {
        let shader = drawn.shader;
        let sizes = BoundSizes { uniforms: buffers.uniforms.size(), vertices: buffers.vertex_bytes };
        if cache.take_dropped_samplers() || self.sizes != sizes {
            self.made.clear();
            self.recent.iter_mut().for_each(Vec::clear);
            self.sizes = sizes;
        }
        if let Some(dropped) = cache.take_dropped() {
            self.drop_with_textures(&dropped);
        }
        let number = shader.interface.group as usize & 1;
        let state = cache.state(with);
        let place = RecentGroup::place(drawn);
        if let Some(Some(recent)) = self.recent[number].get(place)
            && state.is_some_and(|state| recent.serves(drawn, state))
            && cache.reuse(&recent.lists.textures, recent.bytes)
        {
            records.set_texture_rows(&recent.lists.records);
            return recent.group.clone();
        }
        let bytes_before = cache.drawn();
        let mut bound = std::mem::take(&mut self.bound);
        let has_queries = bound.find(with, drawn, cache, records);
        let group = self.find_or_create(with.device, shader, &bound, buffers);
        // Textures that were decoded just now are changes; memory may have been written since.
        if let Some(state) = state.filter(|_| cache.is_whole()).map(|state| cache.changed(state)) {
            let table = &mut self.recent[number];
            if table.is_empty() {
                table.resize_with(1 << RECENT_LOG2, || None);
            }
            let mut lists = table[place].take().map(|recent| recent.lists).unwrap_or_default();
            lists.fetch.clear();
            lists.fetch.extend(drawn.fetch_words());
            lists.textures.clone_from(&bound.textures);
            lists.records.clear();
            lists.records.extend_from_slice(records.texture_rows());
            let bytes = cache.drawn().saturating_sub(bytes_before);
            let shader = shader.id;
            table[place] =
                Some(RecentGroup { shader, lists, state, has_queries, bytes, group: group.clone() });
        }
        self.bound = bound;
        group
    }

    /// Drops the groups of textures with these ids.
    fn drop_with_textures(&mut self, textures: &HashSet<u64>) {
        // A shader may have the id of a texture, but no sampler has.
        self.made.retain(|key, _| !key.iter().skip(1).any(|id| textures.contains(id)));
        for recent in self.recent.iter_mut().flatten() {
            let has_dropped = |recent: &RecentGroup| {
                recent.lists.textures.iter().any(|texture| textures.contains(&texture.id))
            };
            if recent.as_ref().is_some_and(has_dropped) {
                *recent = None;
            }
        }
    }

    /// Returns the bind group of a shader with these resources.
    fn find_or_create(
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
        self.clock += 1;
        if let Some(made) = self.made.get_mut(&self.key) {
            made.used = self.clock;
            return made.group.clone();
        }
        make_room(&mut self.made, self.limit, |made| made.used);
        let mut entries = vec![wgpu::BindGroupEntry {
            binding: CONSTANTS_BINDING,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: uniforms,
                offset: 0,
                // One draw's constants; each draw adds its dynamic offset.
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
        let made = MadeGroup { group: group.clone(), used: self.clock };
        self.made.insert(self.key.clone(), made);
        group
    }
}

#[cfg(test)]
mod tests;
