// Decompression of blocks of 4 x 4 texels, one texel at a time: 16 texels by number, row by row.
// Components are integers of eight bits.

/// Expands a 5:6:5 colour to eight bits; the high bits are repeated below.
fn wide_color(bits: u32) -> vec3<u32> {
    let c = vec3<u32>(bits >> 11u, (bits >> 5u) & 63u, bits & 31u);
    return (c << vec3<u32>(3u, 2u, 3u)) | (c >> vec3<u32>(2u, 4u, 2u));
}

/// Weight of the second end point in thirds, by code.
fn thirds(code: u32) -> u32 {
    return (0x9cu >> (2u * code)) & 3u;
}

/// Decodes a block of colours. The order of the end points selects the mode, if both are allowed.
fn block_color(words: vec2<u32>, texel: u32, may_be_transparent: bool) -> vec4<u32> {
    let ends = vec2<u32>(words.x & 0xffffu, words.x >> 16u);
    let first = wide_color(ends.x);
    let second = wide_color(ends.y);
    let code = (words.y >> (2u * texel)) & 3u;
    if ends.x > ends.y || !may_be_transparent {
        let share = thirds(code);
        return vec4<u32>((first * (3u - share) + second * share) / 3u, 255u);
    }
    if code == 3u {
        return vec4<u32>(0u);
    }
    // Weights in halves: all, nothing, and both the same.
    let share = (0x18u >> (2u * code)) & 3u;
    return vec4<u32>((first * (2u - share) + second * share) / 2u, 255u);
}

/// Decodes a block of single values between two end points, with codes of three bits.
fn block_ramp(words: vec2<u32>, texel: u32) -> u32 {
    let first = words.x & 255u;
    let second = (words.x >> 8u) & 255u;
    let bit = 16u + 3u * texel;
    var code = words.y >> (bit & 31u);
    if bit < 32u {
        code = (words.x >> bit) | (words.y << (32u - bit));
    }
    code &= 7u;
    if code < 2u {
        return select(first, second, code == 1u);
    }
    let steps = select(5u, 7u, first > second);
    let share = code - 1u;
    if share >= steps {
        return select(0u, 255u, code == 7u);
    }
    return (first * (steps - share) + second * share) / steps;
}

/// Decodes a block of four-bit values.
fn block_nibble(words: vec2<u32>, texel: u32) -> u32 {
    return (select(words.x, words.y, texel >= 8u) >> (4u * (texel & 7u))) & 15u;
}

/// Decodes two components between two end points of eight bits each; the first component is the
/// high byte.
fn block_pair(words: vec2<u32>, texel: u32) -> vec2<u32> {
    let first = vec2<u32>((words.x >> 8u) & 255u, words.x & 255u);
    let second = vec2<u32>(words.x >> 24u, (words.x >> 16u) & 255u);
    let share = thirds((words.y >> (2u * texel)) & 3u);
    return (first * (3u - share) + second * share) / 3u;
}
