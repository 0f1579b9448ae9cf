// Tiled addresses: bytes from the start of a level's storage to a block.
//
// Both tilings interleave the low bits of the coordinates in the same way, so that a line of 64
// bytes holds a small rectangle, and neighbouring lines go to other memory channels (address bits 6
// and 7) and banks (bit 11). They differ in the selection of channel and bank, and in the order of
// tiles.

/// Inserts a bit at a position, moving the higher bits up.
fn with_bit(value: u32, position: u32, bit: u32) -> u32 {
    let low = (1u << position) - 1u;
    return (value & low) | (bit << position) | ((value & ~low) << 1u);
}

/// Inserts the channel and bank bits.
fn with_channel(line: u32, channel: u32, bank: u32) -> u32 {
    return (line & 63u) | (channel << 6u) | (((line >> 6u) & 7u) << 8u) | (bank << 11u) | ((line >> 9u) << 12u);
}

/// Offset in a texture of tiles of 32 x 32 blocks. `width` is a multiple of 32.
fn tiled_plane(at: vec2<u32>, width: u32, bytes_log2: u32) -> u32 {
    let tile = (at.y >> 5u) * (width >> 5u) + (at.x >> 5u);
    // x0 x1 x2 y1 y2 y3, then the tile; y0 selects the half of 32 bytes.
    let within = (at.x & 7u) | ((at.y & 14u) << 2u);
    let line = with_bit(((tile << 6u) | within) << bytes_log2, 4u, at.y & 1u);
    let channel = ((at.x >> 3u) & 3u) ^ ((at.y >> 2u) & 2u);
    return with_channel(line, channel, (at.y >> 4u) & 1u);
}

/// Offset in a texture of tiles of 32 x 16 x 4 blocks. `width` and `height` are multiples of 32.
fn tiled_volume(at: vec3<u32>, width: u32, height: u32, bytes_log2: u32) -> u32 {
    let tile = ((at.z >> 2u) * (height >> 4u) + (at.y >> 4u)) * (width >> 5u) + (at.x >> 5u);
    // x0 x1 x2 y1 y2, then z0 z1 and the tile above the bit of y0.
    let within = (at.x & 7u) | ((at.y & 6u) << 2u);
    let outer = (tile << 2u) | (at.z & 3u);
    let line = with_bit(((outer << 5u) | within) << bytes_log2, 4u, at.y & 1u);
    let bank = ((at.y >> 3u) ^ (at.z >> 2u)) & 1u;
    return with_channel(line, ((at.x >> 3u) & 3u) ^ (bank << 1u), bank);
}
