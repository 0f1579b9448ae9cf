// Internal resolution: the EDRAM's words and resolved texels, between the guest's resolution and
// SCALE times as many each way.
//
// A texel of a resolved page has a texel for each subpixel, in row order; those of less than four
// bytes have a word each. So texels stay as far apart as they are, and any tiling holds.

// Words of a texel at the host's resolution.
fn texel_words() -> u32 {
    return 1u << (max(BYTES_LOG2, 2u) - 2u);
}

// Index of a host texel's first word. `byte` is the position of the guest's texel.
fn scaled_index(byte: u32, number: u32) -> u32 {
    return ((byte >> BYTES_LOG2) * subpixels() + number) * texel_words();
}

// Number of an invocation in a grid of rows.
fn number_of(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.y * groups.x * 256u + id.x;
}

// Resolve at the host's resolution: one invocation per texel.
@compute @workgroup_size(16, 16)
fn resolve_scaled(@builtin(global_invocation_id) id: vec3<u32>) {
    let size = (call.area.zw - call.area.xy) * SCALE;
    if any(id.xy >= size) {
        return;
    }
    let pixel = call.area.xy * SCALE + id.xy;
    let texel = exchanged(texel_at(pixel));
    let byte = tiled_plane(pixel / SCALE, call.tiled_pitch, BYTES_LOG2) - call.origin;
    let at = scaled_index(byte, subpixel(pixel));
    for (var i = 0u; i < texel_words(); i += 1u) {
        texels[at + i] = texel[i];
    }
}

// The chip's words: those of the first subpixels.
@compute @workgroup_size(256)
fn gather_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = call.area.x + number_of(id, groups);
    if word < call.area.z {
        texels[word] = edram[word * subpixels()];
    }
}

// Words that the CPU sets, to all subpixels.
@compute @workgroup_size(256)
fn spread_words(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let word = call.area.x + number_of(id, groups);
    if word < call.area.z {
        for (var i = 0u; i < subpixels(); i += 1u) {
            edram_written[word * subpixels() + i] = texels[word];
        }
    }
}

// Texels of memory, to all subpixels. The first buffer has the guest's resolution.
@compute @workgroup_size(256)
fn spread_texels(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let texel = call.area.x + number_of(id, groups);
    if texel >= call.area.z {
        return;
    }
    let byte = texel << BYTES_LOG2;
    for (var word = 0u; word < texel_words(); word += 1u) {
        var bits = edram[(byte >> 2u) + word];
        if BYTES_LOG2 < 2u {
            bits = (bits >> (8u * (byte & 3u))) & (0xffffffffu >> (32u - (8u << min(BYTES_LOG2, 2u))));
        }
        for (var i = 0u; i < subpixels(); i += 1u) {
            texels[scaled_index(byte, i) + word] = bits;
        }
    }
}
