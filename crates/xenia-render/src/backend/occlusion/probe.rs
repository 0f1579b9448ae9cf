//! Probe of a device's sample counts.
//!
//! wgpu does not request precise queries, so Vulkan permits any number but zero where samples pass.
//! Drivers differ for draws that change no target, which most counted draws are.

use std::sync::atomic::Ordering::Relaxed;

use super::super::Device;
use super::COUNT_BYTES;

/// Width and height of the target in pixels.
const SIZE: [u32; 2] = [64, 16];
/// Pixels of the two draws: all, and the left half.
const EXPECTED: [u64; 2] = [1024, 512];

const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// A triangle that covers the viewport.
const SHADER: &str = "
@vertex fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.5, 1.0);
}";

/// Warns, once the device has drawn, if it does not count samples exactly. Each device is probed
/// once; its result is not waited for.
pub(super) fn probe(device: &Device) {
    if device.is_probed.swap(true, Relaxed) {
        return;
    }
    // A device without memory for the probe has other problems.
    let Ok(back) = device.attempt(|_| submit(device)) else { return };
    let mapped = back.clone();
    back.map_async(wgpu::MapMode::Read, .., move |result| {
        if result.is_ok()
            && let Ok(bytes) = mapped.get_mapped_range(..)
        {
            let values = counts(&bytes);
            if !is_exact(&values) {
                tracing::warn!(
                    target: "gpu",
                    counts = ?values,
                    "this graphics driver does not count samples exactly: flares and glows may be too dim",
                );
            }
        }
    });
}

/// Counts of the draws in the buffer that was read back.
fn counts(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
}

fn is_exact(counts: &[u64]) -> bool {
    counts == EXPECTED
}

/// Draws to a target without writing to it, with a query each time; returns the buffer of the
/// counts.
fn submit(device: &Device) -> wgpu::Buffer {
    use wgpu::BufferUsages as Usage;
    let wgpu_device = &device.device;
    let [width, height] = SIZE;
    let target = wgpu_device.create_texture(&wgpu::TextureDescriptor {
        label: Some("probe"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    let count = EXPECTED.len() as u32;
    let set = wgpu_device.create_query_set(&wgpu::QuerySetDescriptor {
        label: Some("probe"),
        ty: wgpu::QueryType::Occlusion,
        count,
    });
    let buffer = |usage| {
        wgpu_device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("probe"),
            size: u64::from(count) * COUNT_BYTES,
            usage,
            mapped_at_creation: false,
        })
    };
    let resolved = buffer(Usage::QUERY_RESOLVE | Usage::COPY_SRC);
    let back = buffer(Usage::MAP_READ | Usage::COPY_DST);
    let mut encoder = wgpu_device.create_command_encoder(&Default::default());
    draw(&mut encoder, &pipeline(wgpu_device), &target.create_view(&Default::default()), &set);
    encoder.resolve_query_set(&set, 0..count, &resolved, 0);
    encoder.copy_buffer_to_buffer(&resolved, 0, &back, 0, back.size());
    // Not counted, as no command of the title leads to it.
    device.submit_unnoted(encoder.finish());
    back
}

/// A pipeline that tests depths and writes nothing.
fn pipeline(device: &wgpu::Device) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("probe"),
        source: wgpu::ShaderSource::Wgsl(SHADER.into()),
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("probe"),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: Default::default(),
        depth_stencil: Some(wgpu::DepthStencilState {
            format: FORMAT,
            depth_write_enabled: Some(false),
            depth_compare: Some(wgpu::CompareFunction::Less),
            stencil: Default::default(),
            bias: Default::default(),
        }),
        multisample: Default::default(),
        fragment: None,
        multiview_mask: None,
        cache: None,
    })
}

fn draw(
    encoder: &mut wgpu::CommandEncoder,
    pipeline: &wgpu::RenderPipeline,
    target: &wgpu::TextureView,
    set: &wgpu::QuerySet,
) {
    let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("probe"),
        color_attachments: &[],
        depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
            view: target,
            depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(1.0), store: wgpu::StoreOp::Store }),
            stencil_ops: None,
        }),
        occlusion_query_set: Some(set),
        ..Default::default()
    });
    pass.set_pipeline(pipeline);
    let [width, height] = SIZE;
    for (query, width) in [width, width / 2].into_iter().enumerate() {
        pass.set_scissor_rect(0, 0, width, height);
        pass.begin_occlusion_query(query as u32);
        pass.draw(0..3, 0..1);
        pass.end_occlusion_query();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::device::tests::with_device;
    use crate::backend::mapping::Mapping;
    use xenia_testing::draws_in_software;

    #[test]
    fn only_the_numbers_of_pixels_are_exact_counts() {
        for (values, expected) in
            [([1024, 512], true), ([1, 1], false), ([1008, 512], false), ([1024, 500], false)]
        {
            assert_eq!(is_exact(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_device_counts_the_probe_and_that_in_software_exactly() {
        with_device(|device| {
            let back = submit(device);
            let size = back.size();
            let values = counts(&Mapping::begin(device, back, size).wait(device).unwrap());
            println!("counts of {}: {values:?}", device.name());
            assert!(values.iter().all(|count| *count != 0) && values.len() == 2);
            assert!(is_exact(&values) || !draws_in_software());
        });
    }
}
