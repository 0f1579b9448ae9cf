// Decodes one level of a texture: from its bytes in guest memory to texels of the host's format, in a
// buffer from which they are copied. A buffer holds any format, bit by bit as we say, which storage
// textures don't. An invocation makes four texels of a row, so that it writes whole words.
//
// What branches would be chosen by the format alone are constants of the pipeline.

/// How the bits of a block lie: a `Kind` of formats.rs, whose values are constants here.
override KIND: u32;
override BLOCK_BYTES: u32;
override BLOCK_WIDTH: u32;
override BLOCK_HEIGHT: u32;
/// How the host stores components: a `Store`.
override STORE: u32;
/// What the integers of components stand for: a `Meaning`.
override MEANING: u32;
override COMPONENTS: u32;

struct Level {
    /// Where the level starts in its storage, in blocks.
    origin: vec3<u32>,
    /// TILED, VOLUME, INTEGER, NO_ZERO.
    flags: u32,
    /// Size in texels.
    size: vec3<u32>,
    /// The byte order of a fetch constant.
    endian: u32,
    /// Blocks from a row to the next.
    pitch: u32,
    /// Rows from a slice to the next, in volumes.
    rows: u32,
    /// Bytes from a slice to the next, in others.
    slice_bytes: u32,
    /// Words from a row of the result to the next.
    result_pitch: u32,
    /// Lowest bit of each component.
    shifts: vec4<u32>,
    /// Bits of each component.
    widths: vec4<u32>,
    /// Signs of each component, as in a fetch constant.
    signs: vec4<u32>,
}

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// A word of guest memory in the order that the fetch constant asks for.
fn source_word(index: u32) -> u32 {
    var word = source[index];
    if level.endian == Endian_In16 || level.endian == Endian_In32 {
        word = ((word & 0x00ff00ffu) << 8u) | ((word >> 8u) & 0x00ff00ffu);
    }
    if level.endian == Endian_In32 || level.endian == Endian_Half32 {
        word = (word << 16u) | (word >> 16u);
    }
    return word;
}

/// A block, with its first bit at bit 0. What lies outside of the storage is zero.
fn load_block(block: vec3<u32>) -> vec4<u32> {
    let offset = block_offset(block, BLOCK_BYTES);
    var words = vec4<u32>(0u);
    if offset > 4u * arrayLength(&source) - BLOCK_BYTES {
        return words;
    }
    let first = offset >> 2u;
    words.x = source_word(first) >> (8u * (offset & 3u));
    if BLOCK_BYTES >= 8u {
        words.y = source_word(first + 1u);
    }
    if BLOCK_BYTES >= 16u {
        words.z = source_word(first + 2u);
        words.w = source_word(first + 3u);
    }
    return words;
}

/// Bits of a block. No component lies across words.
fn field(words: vec4<u32>, shift: u32, width: u32) -> u32 {
    var word = words.x;
    if BLOCK_BYTES >= 8u && (shift & 32u) != 0u {
        word = words.y;
    }
    if BLOCK_BYTES >= 16u && shift >= 64u {
        word = select(words.z, words.w, shift >= 96u);
    }
    return (word >> (shift & 31u)) & (0xffffffffu >> (32u - width));
}

fn fields(words: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(
        field(words, level.shifts.x, level.widths.x),
        field(words, level.shifts.y, level.widths.y),
        field(words, level.shifts.z, level.widths.z),
        field(words, level.shifts.w, level.widths.w),
    );
}

/// The components of a texel of a block as they are stored. The last one that a format has stands for
/// those that it lacks.
fn stored(words: vec4<u32>, texel: u32) -> vec4<u32> {
    if KIND == Kind_Dxt1 {
        return block_color(words.xy, texel, true);
    }
    if KIND == Kind_Dxt3 {
        return vec4<u32>(block_color(words.zw, texel, false).rgb, block_nibble(words.xy, texel) * 17u);
    }
    if KIND == Kind_Dxt5 {
        return vec4<u32>(block_color(words.zw, texel, false).rgb, block_ramp(words.xy, texel));
    }
    if KIND == Kind_Dxn {
        return vec2<u32>(block_ramp(words.xy, texel), block_ramp(words.zw, texel)).xyyy;
    }
    if KIND == Kind_Dxt3A {
        return vec4<u32>(block_nibble(words.xy, texel) * 17u);
    }
    if KIND == Kind_Dxt3ABits {
        return ((vec4<u32>(block_nibble(words.xy, texel)) >> vec4<u32>(3u, 2u, 1u, 0u)) & vec4<u32>(1u)) * 255u;
    }
    if KIND == Kind_Dxt5A {
        return vec4<u32>(block_ramp(words.xy, texel));
    }
    if KIND == Kind_Ctx1 {
        return block_pair(words.xy, texel).xyyy;
    }
    let all = fields(words);
    if KIND == Kind_Chroma {
        // Both texels share the first and the third field.
        return vec4<u32>(all.x, select(all.y, all.w, texel == 1u), all.zz);
    }
    return all;
}

/// The numbers that stored components stand for.
fn numbers(bits: vec4<u32>) -> vec4<f32> {
    if KIND == Kind_Half {
        return vec4<f32>(half(bits.x), half(bits.y), half(bits.z), half(bits.w));
    }
    if KIND == Kind_Single {
        return bitcast<vec4<f32>>(bits);
    }
    if KIND == Kind_FloatDepth {
        return vec4<f32>(float_depth(bits.x));
    }
    if MEANING == Meaning_Fractions {
        return vec4<f32>(bits) / vec4<f32>(vec4<u32>(0xffffffffu) >> (vec4<u32>(32u) - level.widths));
    }
    let scale = level.flags & (INTEGER | NO_ZERO);
    return vec4<f32>(
        number(bits.x, level.widths.x, level.signs.x, scale),
        number(bits.y, level.widths.y, level.signs.y, scale),
        number(bits.z, level.widths.z, level.signs.z, scale),
        number(bits.w, level.widths.w, level.signs.w, scale),
    );
}

/// Numbers as the host stores them; of formats with fewer components the lowest bits count.
fn packed(texel: vec4<f32>) -> vec4<u32> {
    switch STORE {
        case Store_Unorm8: {
            return vec4<u32>(pack4x8unorm(texel), 0u, 0u, 0u);
        }
        case Store_Snorm8: {
            return vec4<u32>(pack4x8snorm(texel), 0u, 0u, 0u);
        }
        case Store_Unorm16: {
            return vec4<u32>(pack2x16unorm(texel.xy), pack2x16unorm(texel.zw), 0u, 0u);
        }
        case Store_Snorm16: {
            return vec4<u32>(pack2x16snorm(texel.xy), pack2x16snorm(texel.zw), 0u, 0u);
        }
        case Store_Unorm10: {
            let parts = vec4<u32>(texel * vec4<f32>(1023.0, 1023.0, 1023.0, 3.0) + 0.5);
            return vec4<u32>(parts.x | (parts.y << 10u) | (parts.z << 20u) | (parts.w << 30u), 0u, 0u, 0u);
        }
        case Store_Float16: {
            let within = clamp(texel, vec4<f32>(-65504.0), vec4<f32>(65504.0));
            return vec4<u32>(pack2x16float(within.xy), pack2x16float(within.zw), 0u, 0u);
        }
        default: {
            return bitcast<vec4<u32>>(texel);
        }
    }
}

fn component_bits() -> u32 {
    if STORE <= Store_Snorm8 || STORE == Store_Unorm10 {
        return 8u;
    }
    return select(16u, 32u, STORE == Store_Float32);
}

/// A texel of a block as the host stores it.
fn decoded(words: vec4<u32>, texel: u32) -> vec4<u32> {
    let bits = stored(words, texel);
    if MEANING == Meaning_Bytes {
        return vec4<u32>(bits.x | (bits.y << 8u) | (bits.z << 16u) | (bits.w << 24u), 0u, 0u, 0u);
    }
    return packed(numbers(bits));
}

@compute @workgroup_size(8, 8)
fn decode(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = vec3<u32>(id.x * 4u, id.yz);
    if any(at >= level.size) {
        return;
    }
    let texel_bits = component_bits() * COMPONENTS;
    let texel_words = (texel_bits + 31u) / 32u;
    var to = (at.z * level.size.y + at.y) * level.result_pitch + id.x * texel_bits / 8u;
    var words: vec4<u32>;
    var gathered = 0u;
    for (var i = 0u; i < 4u; i++) {
        let x = at.x + i;
        if i % BLOCK_WIDTH == 0u {
            words = load_block(vec3<u32>(x / BLOCK_WIDTH, at.y / BLOCK_HEIGHT, at.z));
        }
        let texel = (at.y % BLOCK_HEIGHT) * BLOCK_WIDTH + x % BLOCK_WIDTH;
        let value = decoded(words, texel);
        if texel_bits >= 32u {
            for (var word = 0u; word < texel_words; word++) {
                result[to] = value[word];
                to++;
            }
        } else {
            let low = value.x & ((1u << (texel_bits & 31u)) - 1u);
            gathered |= low << ((texel_bits * i) & 31u);
            if ((texel_bits * (i + 1u)) & 31u) == 0u {
                result[to] = gathered;
                gathered = 0u;
                to++;
            }
        }
    }
}
