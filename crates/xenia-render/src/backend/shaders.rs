//! Translated shaders as modules of the device, with the layouts of their bindings.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use xenia_gpu::microcode::{Instruction, Shader};

use super::Device;
use crate::translate::{
    CONSTANTS_BINDING, Interface, Stage, TextureShape, TranslateError, VERTEX_BINDING, translate,
};

/// Modules kept before all are dropped.
const MAX_MODULES: usize = 8192;

/// A shader on the device.
pub(super) struct HostShader {
    /// Unique for ever.
    pub(super) id: u64,
    pub(super) module: wgpu::ShaderModule,
    pub(super) interface: Interface,
    pub(super) layout: wgpu::BindGroupLayout,
    /// Vertex fetch constants that it reads, ascending.
    pub(super) vertex_constants: Vec<u8>,
    /// What it was made of.
    shader: Arc<Shader>,
}

/// The shaders made so far; what has no translation is kept as its reason.
#[derive(Default)]
pub(super) struct Shaders {
    made: HashMap<(u64, Stage), Result<Arc<HostShader>, TranslateError>>,
    next_id: u64,
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

impl Shaders {
    /// The shader for a stage.
    pub(super) fn get(
        &mut self,
        device: &Device,
        shader: &Arc<Shader>,
        stage: Stage,
    ) -> Result<Arc<HostShader>, TranslateError> {
        let key = (shader.hash, stage);
        match self.made.get(&key) {
            Some(Ok(made)) if made.shader.words == shader.words => return Ok(made.clone()),
            Some(Err(error)) => return Err(error.clone()),
            _ => {}
        }
        if self.made.len() >= MAX_MODULES {
            self.made.clear();
        }
        let made = self.make(device, shader, stage);
        self.made.insert(key, made.clone());
        made
    }

    fn make(
        &mut self,
        device: &Device,
        shader: &Arc<Shader>,
        stage: Stage,
    ) -> Result<Arc<HostShader>, TranslateError> {
        let translation = translate(&shader.program, stage)?;
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
        let mut vertex_constants: Vec<u8> = shader
            .program
            .instructions
            .iter()
            .filter_map(|instruction| match instruction {
                Instruction::Vertex(fetch) => Some(fetch.constant.min(95)),
                _ => None,
            })
            .collect();
        vertex_constants.sort_unstable();
        vertex_constants.dedup();
        self.next_id += 1;
        Ok(Arc::new(HostShader {
            id: self.next_id,
            module,
            layout: layout(device, &translation.interface, visibility),
            interface: translation.interface,
            vertex_constants,
            shader: shader.clone(),
        }))
    }
}
