// Layout of samples in the EDRAM: 2048 tiles of 80 x 16 words. Pixels are the host's: SCALE x SCALE
// for each of the guest's. So many words, in row order, the buffer has for each of the chip's.

// Sample format: a `ColorTargetFormat`, or DEPTH plus a `DepthFormat`.
override FORMAT: u32 = 0u;
// Host pixels per guest pixel, each way.
override SCALE: u32 = 1u;

struct Call {
    // Target: first tile, tiles from row to row, and its samples per pixel each way.
    base: u32,
    pitch_tiles: u32,
    columns_log2: u32,
    rows_log2: u32,
    // Area in host pixels (for resolves and tiled destinations in guest pixels): left, top, right,
    // bottom.
    area: vec4<u32>,
    // Words of a sample to clear to.
    clear_bits: vec2<u32>,
    // Stencil bit to load.
    plane: u32,
    // Samples to average: their number, and their indices, four bits each.
    sample_count: u32,
    samples: u32,
    // Factor of the sum of samples.
    scale: f32,
    // Exchange red and blue.
    swaps: u32,
    // Number of bytes that are reversed together; 3 means that half words are exchanged.
    exchange: u32,
    // Texels between rows of a tiled destination; zero for texels in row order.
    tiled_pitch: u32,
    // Position of the buffer's first byte in a tiled destination.
    origin: u32,
    unused: vec2<u32>,
}

@group(0) @binding(0) var<uniform> call: Call;
@group(0) @binding(1) var<storage, read> edram: array<u32>;
@group(0) @binding(1) var<storage, read_write> edram_written: array<u32>;

fn is_depth() -> bool {
    return FORMAT >= DEPTH;
}

// Whether a sample occupies two adjacent words.
fn is_wide() -> bool {
    return FORMAT == ColorTargetFormat_Rgba16 || FORMAT == ColorTargetFormat_Rgba16Float
        || FORMAT == ColorTargetFormat_Rg32Float;
}

// Host pixels of a guest pixel.
fn subpixels() -> u32 {
    return SCALE * SCALE;
}

// Number of the subpixel that a host pixel is.
fn subpixel(pixel: vec2<u32>) -> u32 {
    return pixel.y % SCALE * SCALE + pixel.x % SCALE;
}

// Number of the chip's (first) word of the sample at a position in the grid of samples.
fn word_at(place: vec2<u32>) -> u32 {
    let x = select(place.x, place.x * 2u, is_wide());
    let tile = (call.base + place.y / TILE_HEIGHT * call.pitch_tiles + x / TILE_WIDTH) % TILES;
    var column = x % TILE_WIDTH;
    if is_depth() {
        // Depth targets have the halves of their tiles exchanged.
        column = select(column - TILE_WIDTH / 2u, column + TILE_WIDTH / 2u, column < TILE_WIDTH / 2u);
    }
    return tile * (TILE_WIDTH * TILE_HEIGHT) + place.y % TILE_HEIGHT * TILE_WIDTH + column;
}

// Position of a guest pixel's sample in the grid of samples: `Msaa::cell`.
fn place_of(pixel: vec2<u32>, sample: u32) -> vec2<u32> {
    let spread = ((pixel & vec2(~1u)) << vec2(1u)) | (pixel & vec2(1u));
    if call.columns_log2 != 0u {
        return spread | vec2((sample & 1u) << 1u, sample & 2u);
    }
    if call.rows_log2 != 0u {
        return vec2((pixel.x & ~2u) | ((sample & 1u) << 1u), spread.y | (pixel.x & 2u));
    }
    return pixel;
}

// Index in the buffer of the (first) word of a host pixel's sample.
fn index_of(pixel: vec2<u32>, sample: u32) -> u32 {
    return word_at(place_of(pixel / SCALE, sample)) * subpixels() + subpixel(pixel);
}

fn sample_at(pixel: vec2<u32>, sample: u32) -> vec2<u32> {
    let word = index_of(pixel, sample);
    var bits = vec2(edram[word], 0u);
    if is_wide() {
        bits.y = edram[word + subpixels()];
    }
    return bits;
}

fn store_sample(word: u32, bits: vec2<u32>) {
    edram_written[word] = bits.x;
    if is_wide() {
        edram_written[word + subpixels()] = bits.y;
    }
}

// Host sample of a guest sample. Four samples have the host's order. The host has no 2x MSAA: its
// samples 0 and 3 of 4x are used.
fn host_sample(sample: u32) -> u32 {
    return select(sample, sample * 3u, call.columns_log2 == 0u);
}

fn guest_sample(host: u32) -> u32 {
    return select(host, host >> 1u, call.columns_log2 == 0u);
}

// Sample of an area: its pixel, and its number. `id` counts samples each way from the area's top
// left.
struct AreaSample {
    pixel: vec2<u32>,
    sample: u32,
}

fn of_area(id: vec3<u32>) -> AreaSample {
    let log2 = vec2(call.columns_log2, call.rows_log2);
    let part = id.xy & log2;
    return AreaSample(call.area.xy + (id.xy >> log2), part.x | (part.y << call.columns_log2));
}
