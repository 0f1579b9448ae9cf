//! Pipeline construction: translates shaders and compiles pipelines, on any thread.
//!
//! Invariant: the result depends on the recipe and the shaders' words alone, so a pipeline that was
//! compiled ahead is the one that the draw would compile.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use xenia_gpu::enums::Msaa;
use xenia_gpu::microcode::Shader;

use super::super::Device;
use super::super::edram::TargetFormat;
use super::super::recipe::Recipe;
use super::super::shaders::{HostShader, Shaders};
use xenia_shaders::{ENTRY_POINT, PIXEL_GROUP, VERTEX_GROUP};

/// Recipe with the shaders that it refers to.
#[derive(Clone, Debug)]
pub(in super::super) struct Parts {
    pub(in super::super) recipe: Recipe,
    pub(in super::super) vertex: Arc<Shader>,
    pub(in super::super) pixel: Option<Arc<Shader>>,
}

impl Parts {
    /// Hashes of the shaders.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        std::iter::once(&self.vertex).chain(&self.pixel).map(|shader| shader.hash)
    }
}

/// Compiled pipeline with its source shaders.
pub(in super::super) struct Ready {
    pub(in super::super) pipeline: wgpu::RenderPipeline,
    pub(in super::super) vertex: Arc<HostShader>,
    pub(in super::super) pixel: Option<Arc<HostShader>>,
    /// Time of the last use by the cache's clock, 0 before it.
    pub(super) used: AtomicU64,
}

impl Ready {
    /// Whether the shaders are the same; shaders with equal hashes may differ.
    pub(super) fn has_shaders_of(&self, parts: &Parts) -> bool {
        // A shader that is loaded again is mostly the same object, whose words need no comparison.
        let is_same = |own: &Arc<Shader>, other: &Arc<Shader>| Arc::ptr_eq(own, other) || own == other;
        is_same(&self.vertex.shader, &parts.vertex)
            && match (&self.pixel, &parts.pixel) {
                (Some(own), Some(other)) => is_same(&own.shader, other),
                (own, other) => own.is_none() && other.is_none(),
            }
    }
}

/// Compiled pipeline, or the error.
pub(super) type Outcome = Result<Arc<Ready>, String>;

/// Makes pipelines, on any number of threads at once.
pub(super) struct Maker {
    device: Device,
    shaders: Shaders,
}

impl Maker {
    pub(super) fn new(device: Device) -> Self {
        Self { device, shaders: Shaders::default() }
    }

    /// Translates shaders that have not been translated before, and compiles the pipeline.
    pub(super) fn make(&self, parts: &Parts) -> Outcome {
        let [vertex_stage, pixel_stage] = parts.recipe.stages();
        let shader =
            |shader, stage| self.shaders.get(&self.device, shader, stage).map_err(|error| error.to_string());
        let vertex = shader(&parts.vertex, vertex_stage)?;
        let pixel = parts.pixel.as_ref().map(|pixel| shader(pixel, pixel_stage)).transpose()?;
        let pipeline =
            self.device.attempt(|_| compile(&self.device, &parts.recipe, &vertex, pixel.as_deref()))?;
        Ok(Arc::new(Ready { pipeline, vertex, pixel, used: AtomicU64::new(0) }))
    }
}

fn compile(
    device: &Device,
    recipe: &Recipe,
    vertex: &HostShader,
    pixel: Option<&HostShader>,
) -> wgpu::RenderPipeline {
    let mut layouts = [None; 2];
    layouts[VERTEX_GROUP as usize] = Some(&vertex.layout);
    layouts[PIXEL_GROUP as usize] = pixel.map(|pixel| &pixel.layout);
    let layout = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &layouts,
        immediate_size: 0,
    });
    let multisample = recipe.multisample();
    let msaa = if multisample.count == 1 { Msaa::X1 } else { Msaa::X4 };
    let targets = recipe.color().map(|target| {
        target.map(|target| wgpu::ColorTargetState {
            format: TargetFormat::Color(target.format).host(device, msaa),
            blend: target.blend,
            write_mask: target.writes,
        })
    });
    let count = targets.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    device.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: None,
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &vertex.module,
            entry_point: Some(ENTRY_POINT),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: recipe.primitive(device.features),
        depth_stencil: recipe.depth(),
        multisample,
        fragment: pixel.map(|pixel| wgpu::FragmentState {
            module: &pixel.module,
            entry_point: Some(ENTRY_POINT),
            compilation_options: Default::default(),
            targets: &targets[..count],
        }),
        multiview_mask: None,
        // Drivers have caches of their own. wgpu takes cache data through an unsafe function,
        // because drivers trust it, and this crate forbids unsafe code.
        cache: None,
    })
}

#[cfg(test)]
mod tests;
