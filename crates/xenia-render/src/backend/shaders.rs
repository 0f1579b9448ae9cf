//! Translated shaders as modules of the device, with their bind group layouts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use xenia_gpu::draw_state::fetch_ranges::{FetchReach, reaches};
use xenia_gpu::microcode::Shader;

use super::Device;
use xenia_shaders::{
    CONSTANTS_BINDING, Interface, Stage, TextureShape, TranslateError, VERTEX_BINDING, translate,
};
use xenia_sync::{Level, Mutex};

/// Maximum number of cached modules; when reached, the half used least recently is dropped.
const MAX_MODULES: usize = 8192;
/// Maximum total size in bytes of the source shaders of cached modules ([`Shader::size`]); when it
/// is exceeded, modules of half of it stay.
const MAX_SHADER_BYTES: usize = 256 << 20;

/// Shader module on the device.
pub(super) struct HostShader {
    /// Unique; never reused.
    pub(super) id: u64,
    pub(super) module: wgpu::ShaderModule,
    pub(super) interface: Interface,
    pub(super) layout: wgpu::BindGroupLayout,
    /// Vertex fetch constants that the shader reads, ascending, with their ranges.
    pub(super) reaches: Vec<(u8, FetchReach)>,
    /// Texture fetch constants that a bind group and its records depend on, ascending.
    pub(super) fetch_constants: Vec<u8>,
    /// Source of the module.
    pub(super) shader: Arc<Shader>,
}

type Made = Result<Arc<HostShader>, TranslateError>;
/// Cell that the first thread to need the module fills.
type Slot = Arc<OnceLock<Made>>;

/// Shader, by its hash, and the stage for which a module is made of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ModuleKey {
    shader: u64,
    stage: Stage,
}

/// Module of the cache.
struct KnownModule {
    slot: Slot,
    /// Bytes of the source shader.
    bytes: usize,
    /// Time of the last use.
    used: u64,
}

/// Cache of modules.
#[derive(Default)]
struct Modules {
    known: HashMap<ModuleKey, KnownModule>,
    /// Bytes of the source shaders.
    bytes: usize,
    /// Number of uses.
    clock: u64,
}

impl Modules {
    /// Returns the cell of a module, whose source shader has this size.
    fn slot(&mut self, key: ModuleKey, bytes: usize) -> Slot {
        self.clock += 1;
        if let Some(known) = self.known.get_mut(&key) {
            known.used = self.clock;
            return known.slot.clone();
        }
        if self.known.len() >= MAX_MODULES || self.bytes > MAX_SHADER_BYTES {
            self.drop_older();
        }
        let slot = Slot::default();
        self.bytes += bytes;
        self.known.insert(key, KnownModule { slot: slot.clone(), bytes, used: self.clock });
        slot
    }

    /// Drops the modules used least recently until half of each limit is left.
    fn drop_older(&mut self) {
        let mut ages: Vec<_> = self.known.iter().map(|(key, known)| (known.used, *key)).collect();
        ages.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in ages {
            if self.known.len() <= MAX_MODULES / 2 && self.bytes <= MAX_SHADER_BYTES / 2 {
                break;
            }
            if let Some(known) = self.known.remove(&key) {
                self.bytes -= known.bytes;
            }
        }
    }
}

/// Shader modules, or the reasons why a shader has no translation. Threads that need the same
/// module wait for the first one to build it.
pub(super) struct Shaders {
    made: Mutex<Modules>,
    ids: AtomicU64,
}

fn layout(device: &Device, interface: &Interface, visibility: wgpu::ShaderStages) -> wgpu::BindGroupLayout {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None };
    let mut entries = vec![entry(
        CONSTANTS_BINDING,
        wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: true,
            min_binding_size: None,
        },
    )];
    if interface.vertex_data {
        let ty = wgpu::BufferBindingType::Storage { read_only: true };
        let buffer = wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        entries.push(entry(VERTEX_BINDING, buffer));
    }
    for slot in &interface.textures {
        let view_dimension = match slot.shape {
            TextureShape::Planes => wgpu::TextureViewDimension::D2Array,
            TextureShape::Volume => wgpu::TextureViewDimension::D3,
        };
        let sample_type = wgpu::TextureSampleType::Float { filterable: true };
        let texture = wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false };
        entries.push(entry(slot.binding, texture));
    }
    for slot in &interface.samplers {
        let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
        entries.push(entry(slot.binding, sampler));
    }
    let descriptor = wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries };
    device.device.create_bind_group_layout(&descriptor)
}

/// Numbers of the texture fetch constants that a bind group and its records depend on, ascending.
fn fetch_constants(Interface { records, textures, samplers, .. }: &Interface) -> Vec<u8> {
    let bound = textures.iter().map(|slot| slot.constant).chain(samplers.iter().map(|slot| slot.constant));
    bound.chain(records.iter().copied()).collect::<BTreeSet<u8>>().into_iter().collect()
}

/// Refuses shaders of more textures or samplers than a device with these limits binds for a stage.
fn check_limits(limits: &wgpu::Limits, interface: &Interface) -> Result<(), TranslateError> {
    let fits = interface.textures.len() <= limits.max_sampled_textures_per_shader_stage as usize
        && interface.samplers.len() <= limits.max_samplers_per_shader_stage as usize;
    let what = "a shader of more textures or samplers than the host binds";
    if fits { Ok(()) } else { Err(TranslateError::Unsupported(what)) }
}

impl Default for Shaders {
    fn default() -> Self {
        Self { made: Mutex::new(Level::Leaf, Modules::default()), ids: AtomicU64::new(0) }
    }
}

impl Shaders {
    /// Returns the module of a shader for a stage.
    pub(super) fn get(&self, device: &Device, shader: &Arc<Shader>, stage: Stage) -> Made {
        let slot = self.made.lock().slot(ModuleKey { shader: shader.hash, stage }, shader.size());
        match slot.get_or_init(|| self.make(device, shader, stage)) {
            // A hash collision is too rare to be cached.
            Ok(made) if made.shader.words != shader.words => self.make(device, shader, stage),
            made => made.clone(),
        }
    }

    fn make(&self, device: &Device, shader: &Arc<Shader>, stage: Stage) -> Made {
        let translation = translate(&shader.program, stage)?;
        check_limits(&device.device.limits(), &translation.interface)?;
        let label = format!("{:?} shader {:016x}", shader.kind, shader.hash);
        let module = device
            .attempt(|device| {
                device.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(&label),
                    source: wgpu::ShaderSource::Naga(Cow::Owned(translation.module)),
                })
            })
            .map_err(TranslateError::Invalid)?;
        let visibility = match stage {
            Stage::Vertex { .. } => wgpu::ShaderStages::VERTEX,
            Stage::Pixel { .. } => wgpu::ShaderStages::FRAGMENT,
            Stage::Compute { .. } => wgpu::ShaderStages::COMPUTE,
        };
        Ok(Arc::new(HostShader {
            id: self.ids.fetch_add(1, Relaxed),
            module,
            layout: layout(device, &translation.interface, visibility),
            fetch_constants: fetch_constants(&translation.interface),
            interface: translation.interface,
            reaches: reaches(&shader.program).into_iter().collect(),
            shader: shader.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::recipe::Recipe;
    use xenia_gpu::microcode::{ShaderKind, assemble};

    fn key(shader: u64) -> ModuleKey {
        ModuleKey { shader, stage: Recipe::default().stages()[1] }
    }

    #[test]
    fn a_full_cache_keeps_the_modules_used_last() {
        let mut modules = Modules::default();
        for shader in 0..MAX_MODULES as u64 {
            modules.slot(key(shader), 1);
        }
        let first = modules.slot(key(0), 1);
        assert_eq!((modules.known.len(), modules.bytes), (MAX_MODULES, MAX_MODULES));
        modules.slot(key(u64::MAX), 1);
        assert_eq!((modules.known.len(), modules.bytes), (MAX_MODULES / 2 + 1, MAX_MODULES / 2 + 1));
        assert!(Arc::ptr_eq(&first, &modules.slot(key(0), 1)));
        assert!(!modules.known.contains_key(&key(1)));
    }

    #[test]
    fn modules_are_limited_in_the_bytes_of_their_shaders() {
        let mut modules = Modules::default();
        for shader in [0, 1, 2, 3, 0, 4, 5] {
            modules.slot(key(shader), MAX_SHADER_BYTES / 4);
        }
        let mut kept: Vec<u64> = modules.known.keys().map(|key| key.shader).collect();
        kept.sort_unstable();
        assert_eq!((kept, modules.bytes), (vec![0, 4, 5], MAX_SHADER_BYTES / 4 * 3));
    }

    #[test]
    fn a_shader_needs_all_its_textures_and_samplers() {
        // Each constant has a sampler, a texture of planes and one of volumes.
        let fetches: Vec<_> = (1..32).map(|n| format!("tfetch3D r1, r0.xyz, tf{n}")).collect();
        let text = format!("{}\nalloc colors\nmax oC0, r1, r1", fetches.join("\n"));
        let shader = Shader::new(ShaderKind::Pixel, &assemble(&text).unwrap());
        let interface = translate(&shader.program, Recipe::default().stages()[1]).unwrap().interface;
        for (textures, samplers, fits) in [(62, 31, true), (61, 31, false), (62, 30, false)] {
            let limits = wgpu::Limits {
                max_sampled_textures_per_shader_stage: textures,
                max_samplers_per_shader_stage: samplers,
                ..wgpu::Limits::default()
            };
            assert_eq!(check_limits(&limits, &interface).is_ok(), fits, "{textures}, {samplers}");
        }
    }
}
