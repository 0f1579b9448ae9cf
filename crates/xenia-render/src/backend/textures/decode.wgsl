// Texture decoding: one level, from its bytes in guest memory to texels of the host format in a
// buffer, from which they are copied to the texture. Unlike storage textures, a buffer can hold any
// format. An invocation writes four texels of a row, so that it writes whole words.
//
// For a compressed host format a block of the guest counts as a texel.
//
// Parameters that depend only on the format are pipeline constants.

/// Layout of a block's bits: a `Kind` of formats.rs, whose values are constants here.
override KIND: u32;
override BLOCK_BYTES: u32;
override BLOCK_WIDTH: u32;
override BLOCK_HEIGHT: u32;
/// Storage of components in the host format: a `Store`.
override STORE: u32;
/// Interpretation of integer components: a `Meaning`.
override MEANING: u32;
override COMPONENTS: u32;

/// Host texels per guest texel, each way. Other than one, each guest texel has the host's in row
/// order, with a word at least, and a block is a texel.
override SCALE: u32 = 1u;

struct Level {
    /// Position of the level in its storage, in blocks.
    origin: vec3<u32>,
    /// TILED, VOLUME, INTEGER.
    flags: u32,
    /// Size in texels.
    size: vec3<u32>,
    /// Byte order of the fetch constant.
    endian: u32,
    /// Blocks from one row to the next.
    pitch: u32,
    /// Rows from one slice to the next, in volumes.
    rows: u32,
    /// Bytes from one slice to the next, in other textures.
    slice_bytes: u32,
    /// Words from one row of the result to the next.
    result_pitch: u32,
    /// Lowest bit of each component.
    shifts: vec4<u32>,
    /// Bits of each component.
    widths: vec4<u32>,
    /// Sign modes of the components, as in a fetch constant.
    signs: vec4<u32>,
}

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> result: array<u32>;

/// Reads a word of guest memory in the byte order of the fetch constant.
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

/// Offset of a block from the start of its level's storage in bytes.
fn block_offset(block: vec3<u32>, bytes: u32) -> u32 {
    let at = block + level.origin;
    let bytes_log2 = firstTrailingBit(bytes);
    let is_volume = (level.flags & VOLUME) != 0u;
    // The slices of a volume are part of its tiling; other slices are consecutive.
    let slice = select(at.z * level.slice_bytes, 0u, is_volume);
    if (level.flags & TILED) == 0u {
        let row = select(at.y, at.z * level.rows + at.y, is_volume);
        return slice + (row * level.pitch + at.x) * bytes;
    }
    if is_volume {
        return tiled_volume(at, level.pitch, level.rows, bytes_log2);
    }
    return slice + tiled_plane(at.xy, level.pitch, bytes_log2);
}

/// Offset of a host texel in bytes.
fn scaled_offset(texel: vec3<u32>) -> u32 {
    let guest = vec3<u32>(texel.xy / SCALE, texel.z);
    let number = texel.y % SCALE * SCALE + texel.x % SCALE;
    return (block_offset(guest, BLOCK_BYTES) / BLOCK_BYTES * (SCALE * SCALE) + number) * max(BLOCK_BYTES, 4u);
}

/// Loads a block, with its first bit at bit 0. Words outside of the storage are zero.
fn load_block(block: vec3<u32>) -> vec4<u32> {
    var offset: u32;
    if SCALE == 1u {
        offset = block_offset(block, BLOCK_BYTES);
    } else {
        offset = scaled_offset(block);
    }
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

/// Extracts bits of a block. No component crosses a word boundary.
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

/// Components of a block's texel as they are stored. Missing components repeat the last one.
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

/// Converts stored components to numbers.
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
        return vec4<f32>(
            fraction_of(bits.x, level.widths.x),
            fraction_of(bits.y, level.widths.y),
            fraction_of(bits.z, level.widths.z),
            fraction_of(bits.w, level.widths.w),
        );
    }
    let is_integer = (level.flags & INTEGER) != 0u;
    return vec4<f32>(
        number(bits.x, level.widths.x, level.signs.x, is_integer),
        number(bits.y, level.widths.y, level.signs.y, is_integer),
        number(bits.z, level.widths.z, level.signs.z, is_integer),
        number(bits.w, level.widths.w, level.signs.w, is_integer),
    );
}

/// Packs numbers for the host format; if it has fewer components, only the lowest bits are used.
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
    return select(16u, 32u, STORE == Store_Float32 || STORE == Store_Blocks);
}

/// Decodes a texel of a block to the host format.
fn decoded(words: vec4<u32>, texel: u32) -> vec4<u32> {
    if STORE == Store_Blocks {
        return words;
    }
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
