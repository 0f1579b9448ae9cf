// Dump: host textures to bits, one invocation per sample.

@group(0) @binding(2) var color_single: texture_2d<f32>;
@group(0) @binding(2) var color_multi: texture_multisampled_2d<f32>;
@group(0) @binding(2) var depth_single: texture_depth_2d;
@group(0) @binding(2) var depth_multi: texture_depth_multisampled_2d;
@group(0) @binding(3) var stencil_single: texture_2d<u32>;
@group(0) @binding(3) var stencil_multi: texture_multisampled_2d<u32>;

// Sample: its host pixel, its index in the buffer, and its number in the host texture.
struct Sample {
    pixel: vec2<u32>,
    word: u32,
    host: u32,
    is_inside: bool,
}

fn sample_of(id: vec3<u32>) -> Sample {
    let at = of_area(id);
    let word = index_of(at.pixel, at.sample);
    return Sample(at.pixel, word, host_sample(at.sample), all(at.pixel < call.area.zw));
}

fn store_color(at: Sample, color: vec4<f32>) {
    store_sample(at.word, pack(color));
}

// Floating-point depth is halved in host textures, whose range is 0 to 1, and is rounded to the
// nearest (ties to even).
fn pack_depth(value: f32) -> u32 {
    if FORMAT == DEPTH + DepthFormat_D24S8 {
        return fraction(value, 24u);
    }
    if !(value > 0.0) {
        return 0u;
    }
    let bits = bitcast<u32>(min(value, 1.0)) + (1u << 23u);
    if bits >= 0x3ffffff8u {
        return 0xffffffu;
    }
    if bits < (113u << 23u) {
        return u32(round(value * 0x1p35));
    }
    let rebiased = bits - (112u << 23u);
    return (rebiased + 3u + ((rebiased >> 3u) & 1u)) >> 3u;
}

fn store_depth(at: Sample, depth: f32, stencil: u32) {
    edram_written[at.word] = (pack_depth(depth) << 8u) | (stencil & 255u);
}

@compute @workgroup_size(16, 16)
fn dump_color_single(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = sample_of(id);
    if at.is_inside {
        store_color(at, textureLoad(color_single, at.pixel, 0));
    }
}

@compute @workgroup_size(16, 16)
fn dump_color_multi(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = sample_of(id);
    if at.is_inside {
        store_color(at, textureLoad(color_multi, at.pixel, at.host));
    }
}

@compute @workgroup_size(16, 16)
fn dump_depth_single(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = sample_of(id);
    if at.is_inside {
        store_depth(at, textureLoad(depth_single, at.pixel, 0), textureLoad(stencil_single, at.pixel, 0).x);
    }
}

@compute @workgroup_size(16, 16)
fn dump_depth_multi(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = sample_of(id);
    if at.is_inside {
        store_depth(at, textureLoad(depth_multi, at.pixel, at.host), textureLoad(stencil_multi, at.pixel, at.host).x);
    }
}
