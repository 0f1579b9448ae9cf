// Load: bits to host textures, as a rectangle over the viewport.

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return vec4(f32(index & 1u) * 2.0 - 1.0, f32(index >> 1u) * 2.0 - 1.0, 0.0, 1.0);
}

fn bits_at(position: vec4<f32>, host: u32) -> vec2<u32> {
    return sample_at(vec2<u32>(position.xy), guest_sample(host));
}

fn unpack_depth(bits: u32) -> f32 {
    let value = bits >> 8u;
    if FORMAT == DEPTH + DepthFormat_D24S8 {
        // The float nearest to value / (2^24 - 1); for the middle one half, which is as near but
        // for 2^-49, and which titles clear to and draw at.
        return f32(value + u32(value > 0x800000u)) * 0x1p-24;
    }
    // Halved, because values extend to just below 2.
    if value < (1u << 20u) {
        return f32(value) * 0x1p-35;
    }
    return bitcast<f32>((value << 3u) + (111u << 23u));
}

@fragment
fn load_color_single(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return unpack(bits_at(position, 0u));
}

@fragment
fn load_color_multi(@builtin(position) position: vec4<f32>, @builtin(sample_index) host: u32) -> @location(0) vec4<f32> {
    return unpack(bits_at(position, host));
}

@fragment
fn load_depth_single(@builtin(position) position: vec4<f32>) -> @builtin(frag_depth) f32 {
    return unpack_depth(bits_at(position, 0u).x);
}

@fragment
fn load_depth_multi(@builtin(position) position: vec4<f32>, @builtin(sample_index) host: u32) -> @builtin(frag_depth) f32 {
    return unpack_depth(bits_at(position, host).x);
}

// Sets one bit of the stencil in the samples that have it; discards the others.
@fragment
fn load_plane_single(@builtin(position) position: vec4<f32>) {
    if (bits_at(position, 0u).x & call.plane) == 0u {
        discard;
    }
}

@fragment
fn load_plane_multi(@builtin(position) position: vec4<f32>, @builtin(sample_index) host: u32) {
    if (bits_at(position, host).x & call.plane) == 0u {
        discard;
    }
}

// Fills with one value.
@fragment
fn fill_color() -> @location(0) vec4<f32> {
    return unpack(call.clear_bits);
}

@fragment
fn fill_depth() -> @builtin(frag_depth) f32 {
    return unpack_depth(call.clear_bits.x);
}
