// Resolve: one invocation per word of the result, or per texel if that is larger. Texels are tiled,
// or in row order for the CPU to tile them. They are those of each guest pixel's first subpixel.

// Source of texels: samples' bits (RAW, one or two words), FIELDS, 16-bit floats (HALF), 32-bit floats
// (SINGLE).
override KIND: u32 = 0u;
// Widths of the fields from the lowest on, eight bits each, and their number format: unsigned or
// signed fraction, unsigned or signed integer.
override WIDTHS: u32 = 0u;
override NUMBER: u32 = 0u;
// Log2 of the bytes per texel.
override BYTES_LOG2: u32 = 2u;

@group(0) @binding(2) var<storage, read_write> texels: array<u32>;

// Effect of adding to zero, as in a mean: clears the sign of a zero and makes NaNs quiet.
fn settled(bits: u32) -> u32 {
    let magnitude = bits & 0x7fffffffu;
    let quiet = select(bits, bits | 0x400000u, magnitude > 0x7f800000u);
    return select(quiet, 0u, magnitude == 0u);
}

// Whether a component is copied unchanged, without averaging and scaling. Then no arithmetic is
// used, because drivers may flush denormals.
fn unchanged() -> bool {
    return call.sample_count == 1u && call.scale == 1.0;
}

// Ends a chain of operations, as the test of bits does: otherwise drivers may combine the product
// of a conversion with the sum behind it, which rounds once instead of twice. Denormals become
// zeros, and all NaNs the same one, because drivers may flush the former and change the latter.
fn rounded(color: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(color);
    let normal = select(bits, vec4(0u), (bits & vec4(0x7f800000u)) == vec4(0u));
    let is_nan = (bits & vec4(0x7fffffffu)) > vec4(0x7f800000u);
    return bitcast<vec4<f32>>(select(normal, vec4(0x7fc00000u), is_nan));
}

fn color_at(pixel: vec2<u32>) -> vec4<f32> {
    let first = limit(unpack(sample_at(pixel, call.samples & 15u)));
    if unchanged() {
        return first;
    }
    var sum = rounded(first);
    for (var i = 1u; i < call.sample_count; i += 1u) {
        let next = limit(unpack(sample_at(pixel, (call.samples >> (4u * i)) & 15u)));
        sum = rounded(sum + rounded(next));
    }
    return rounded(sum * call.scale);
}

// The lowest fixed-point value counts as -32.
fn limit(color: vec4<f32>) -> vec4<f32> {
    if FORMAT == ColorTargetFormat_Rg16 || FORMAT == ColorTargetFormat_Rgba16 {
        return max(color, vec4(-32.0));
    }
    return color;
}

// Converts a component to a field of `width` bits.
fn field(value: f32, width: u32) -> u32 {
    let mask = 0xffffffffu >> (32u - width);
    switch NUMBER {
        case 1u: {
            if width == 1u {
                return 0u;
            }
            let magnitude = fraction(abs(value), width - 1u);
            return select(magnitude, 0u - magnitude, value < 0.0) & mask;
        }
        case 2u: {
            if !(value > 0.0) {
                return 0u;
            }
            return min(integer(min(value, 0x1p32)), mask);
        }
        case 3u: {
            let magnitude = integer(min(abs(value), 0x1p31));
            if value < 0.0 {
                return (0u - min(magnitude, (mask >> 1u) + 1u)) & mask;
            }
            return select(0u, min(magnitude, mask >> 1u), value > 0.0);
        }
        default: {
            return fraction(value, width);
        }
    }
}

// Converts a value from 0 to 2^32 to an integer, rounded half up.
fn integer(value: f32) -> u32 {
    if value >= 0x1p32 {
        return 0xffffffffu;
    }
    let whole = floor(value);
    return u32(whole) + u32(value - whole >= 0.5);
}

fn raw_texel(bits: u32) -> u32 {
    if call.swaps == 0u {
        return bits;
    }
    if FORMAT == ColorTargetFormat_Rgba8 {
        return (bits & 0xff00ff00u) | ((bits >> 16u) & 0xffu) | ((bits & 0xffu) << 16u);
    }
    return (bits & 0xc00ffc00u) | ((bits >> 20u) & 0x3ffu) | ((bits & 0x3ffu) << 20u);
}

fn texel_at(pixel: vec2<u32>) -> vec4<u32> {
    if KIND == RAW {
        let bits = sample_at(pixel, call.samples & 15u);
        if BYTES_LOG2 == 3u {
            return vec4(bits, 0u, 0u);
        }
        return vec4(raw_texel(bits.x), 0u, 0u, 0u);
    }
    var color = color_at(pixel);
    if call.swaps == 2u {
        color = color.zyxw;
    } else if call.swaps == 3u {
        color = color.wyzx;
    }
    if KIND == SINGLE {
        let bits = bitcast<vec4<u32>>(color);
        return vec4(settled(bits.x), settled(bits.y), settled(bits.z), settled(bits.w));
    }
    if KIND == HALF {
        let bits = bitcast<vec4<u32>>(color);
        if BYTES_LOG2 == 1u {
            return vec4(half_of(bits.x), 0u, 0u, 0u);
        }
        return vec4(half_of(bits.x) | (half_of(bits.y) << 16u), half_of(bits.z) | (half_of(bits.w) << 16u), 0u, 0u);
    }
    let ends = vec4(width(0u), width(0u) + width(1u), width(0u) + width(1u) + width(2u), 0u);
    return placed(color.x, width(0u), 0u) | placed(color.y, width(1u), ends.x)
        | placed(color.z, width(2u), ends.y) | placed(color.w, width(3u), ends.z);
}

fn width(component: u32) -> u32 {
    return (WIDTHS >> (component * 8u)) & 255u;
}

// Converts a component to a field of a texel, starting at bit `low`.
fn placed(value: f32, width: u32, low: u32) -> vec4<u32> {
    if width == 0u {
        return vec4(0u);
    }
    let bits = field(value, width) << (low & 31u);
    return select(vec4(0u), vec4(bits), vec4(low >> 5u) == vec4(0u, 1u, 2u, 3u));
}

fn half_of(bits: u32) -> u32 {
    return single_to_half(bitcast<f32>(settled(bits)));
}

fn reversed(word: u32) -> u32 {
    return (word << 24u) | ((word & 0xff00u) << 8u) | ((word >> 8u) & 0xff00u) | (word >> 24u);
}

// Swaps bytes as the destination requests.
fn exchanged(texel: vec4<u32>) -> vec4<u32> {
    switch call.exchange {
        case 2u: {
            return ((texel & vec4(0x00ff00ffu)) << vec4(8u)) | ((texel >> vec4(8u)) & vec4(0x00ff00ffu));
        }
        case 3u: {
            return (texel << vec4(16u)) | (texel >> vec4(16u));
        }
        case 4u, 8u, 16u: {
            let t = vec4(reversed(texel.x), reversed(texel.y), reversed(texel.z), reversed(texel.w));
            if call.exchange == 8u {
                return t.yxwz;
            }
            if call.exchange == 16u {
                return t.wzyx;
            }
            return t;
        }
        default: {
            return texel;
        }
    }
}

@compute @workgroup_size(16, 16)
fn resolve(@builtin(global_invocation_id) id: vec3<u32>) {
    let size = call.area.zw - call.area.xy;
    // Log2 of the texels that share a word. Widths are multiples of eight, so no word is shared by
    // rows.
    let shared_log2 = 2u - min(BYTES_LOG2, 2u);
    let x = id.x << shared_log2;
    if x >= size.x || id.y >= size.y {
        return;
    }
    let pixel = call.area.xy + vec2(x, id.y);
    var texel = exchanged(texel_at(pixel * SCALE));
    for (var i = 1u; i < (1u << shared_log2); i += 1u) {
        texel.x |= exchanged(texel_at((pixel + vec2(i, 0u)) * SCALE)).x << (i * (8u << BYTES_LOG2));
    }
    var byte = (id.y * size.x + x) << BYTES_LOG2;
    if call.tiled_pitch != 0u {
        byte = tiled_plane(pixel, call.tiled_pitch, BYTES_LOG2) - call.origin;
    }
    let at = byte >> 2u;
    texels[at] = texel.x;
    if BYTES_LOG2 >= 3u {
        texels[at + 1u] = texel.y;
    }
    if BYTES_LOG2 == 4u {
        texels[at + 2u] = texel.z;
        texels[at + 3u] = texel.w;
    }
}

// Fills the samples of the pixels.
@compute @workgroup_size(16, 16)
fn clear(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = of_area(id);
    if any(at.pixel >= call.area.zw) {
        return;
    }
    store_sample(index_of(at.pixel, at.sample), call.clear_bits);
}
