//! Textures of the host: creation, views, copies of levels.

use xenia_shaders::TextureShape;

/// Creates a texture without contents, if the device supports it.
pub(super) fn create(
    device: &wgpu::Device,
    [width, height, depth_or_array_layers]: [u32; 3],
    levels: u32,
    shape: TextureShape,
    format: wgpu::TextureFormat,
) -> Option<wgpu::Texture> {
    let limits = device.limits();
    let (dimension, side, layers) = match shape {
        TextureShape::Planes => {
            (wgpu::TextureDimension::D2, limits.max_texture_dimension_2d, limits.max_texture_array_layers)
        }
        TextureShape::Volume => {
            (wgpu::TextureDimension::D3, limits.max_texture_dimension_3d, limits.max_texture_dimension_3d)
        }
    };
    (width.max(height) <= side && depth_or_array_layers <= layers).then(|| {
        device.create_texture(&wgpu::TextureDescriptor {
            label: Some("guest texture"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers },
            mip_level_count: levels,
            sample_count: 1,
            dimension,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_DST
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        })
    })
}

/// View of all levels and layers.
pub(super) fn view(texture: &wgpu::Texture) -> wgpu::TextureView {
    let dimension = match texture.dimension() {
        wgpu::TextureDimension::D3 => wgpu::TextureViewDimension::D3,
        _ => wgpu::TextureViewDimension::D2Array,
    };
    texture.create_view(&wgpu::TextureViewDescriptor { dimension: Some(dimension), ..Default::default() })
}

/// Records the copy of a level. With a compressed format it consists of whole blocks, of which a
/// small level has a part.
pub(super) fn copy_level(
    encoder: &mut wgpu::CommandEncoder,
    from: &wgpu::Texture,
    to: &wgpu::Texture,
    mip_level: u32,
    [width, height, depth_or_array_layers]: [u32; 3],
) {
    let size = wgpu::Extent3d { width, height, depth_or_array_layers }.physical_size(from.format());
    encoder.copy_texture_to_texture(
        wgpu::TexelCopyTextureInfo { mip_level, ..from.as_image_copy() },
        wgpu::TexelCopyTextureInfo { mip_level, ..to.as_image_copy() },
        size,
    );
}
