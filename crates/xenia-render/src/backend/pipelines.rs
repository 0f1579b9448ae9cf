//! Render pipelines by everything that they are made of.

use std::collections::HashMap;

use xenia_gpu::enums::Msaa;

use super::Device;
use super::edram::TargetFormat;
use super::recipe::Recipe;
use super::shaders::HostShader;
use crate::translate::ENTRY_POINT;

/// Pipelines kept before all are dropped.
const MAX_PIPELINES: usize = 8192;

/// The pipelines made so far, or why the device makes none.
#[derive(Default)]
pub(super) struct Pipelines {
    made: HashMap<Recipe, Result<wgpu::RenderPipeline, String>>,
    compiled: u64,
}

impl Pipelines {
    /// Pipelines compiled since the start.
    pub(super) fn compiled(&self) -> u64 {
        self.compiled
    }

    /// The pipeline of a recipe; the shaders are the recipe's.
    pub(super) fn get(
        &mut self,
        device: &Device,
        recipe: &Recipe,
        vertex: &HostShader,
        pixel: Option<&HostShader>,
    ) -> Result<&wgpu::RenderPipeline, String> {
        if self.made.len() >= MAX_PIPELINES && !self.made.contains_key(recipe) {
            self.made.clear();
        }
        let made = self.made.entry(*recipe).or_insert_with(|| {
            self.compiled += 1;
            device.attempt(|_| make(device, recipe, vertex, pixel))
        });
        made.as_ref().map_err(Clone::clone)
    }
}

fn make(
    device: &Device,
    recipe: &Recipe,
    vertex: &HostShader,
    pixel: Option<&HostShader>,
) -> wgpu::RenderPipeline {
    let layouts: Vec<_> =
        [Some(&vertex.layout), pixel.map(|pixel| &pixel.layout)].into_iter().flatten().map(Some).collect();
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
        cache: None,
    })
}
