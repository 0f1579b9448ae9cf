// Picture of a front buffer: one invocation per pixel. Texels' words go through a table of bytes for
// each channel, as on the CPU.

struct Picture {
    // Width and height, and columns and rows that have texels.
    size: vec2<u32>,
    shown: vec2<u32>,
    // Texels from one row to the next.
    pitch: u32,
    // Pixels per texel of memory, each way.
    scale: u32,
    // TILED, SCALED.
    flags: u32,
    // Byte order of the words.
    endian: u32,
    // Low bit of each channel, and the colour where there are no texels.
    shifts: vec3<u32>,
    outside: u32,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var<storage, read> texels: array<u32>;
// Four bytes in a word; 1024 bytes for each channel.
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var pixels: texture_storage_2d<rgba8unorm, write>;

fn index_of(pixel: vec2<u32>) -> u32 {
    let texel = pixel / picture.scale;
    var index = texel.y * picture.pitch + texel.x;
    if (picture.flags & TILED) != 0u {
        index = tiled_plane(texel, picture.pitch, 2u) >> 2u;
    }
    if (picture.flags & SCALED) != 0u {
        let within = pixel % picture.scale;
        index = (index * picture.scale + within.y) * picture.scale + within.x;
    }
    return index;
}

fn in_order(word: u32) -> u32 {
    var swapped = word;
    if picture.endian == Endian_In16 || picture.endian == Endian_In32 {
        swapped = ((swapped & 0x00ff00ffu) << 8u) | ((swapped >> 8u) & 0x00ff00ffu);
    }
    if picture.endian == Endian_In32 || picture.endian == Endian_Half32 {
        swapped = (swapped << 16u) | (swapped >> 16u);
    }
    return swapped;
}

fn channel(word: u32, number: u32) -> f32 {
    let at = number * 1024u + ((word >> picture.shifts[number]) & 1023u);
    return f32((table[at >> 2u] >> (8u * (at & 3u))) & 255u) / 255.0;
}

@compute @workgroup_size(16, 16)
fn make(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= picture.size) {
        return;
    }
    var color = unpack4x8unorm(picture.outside);
    if all(id.xy < picture.shown) {
        let index = index_of(id.xy);
        if index < arrayLength(&texels) {
            let word = in_order(texels[index]);
            color = vec4(channel(word, 0u), channel(word, 1u), channel(word, 2u), 1.0);
        }
    }
    textureStore(pixels, id.xy, color);
}
