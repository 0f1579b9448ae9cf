// Byte-wise LZ decoding: literal runs and overlapping matches.
#include "suite.h"

enum { PACKED_LIMIT = 60000, LITERALS_AT_START = 9000 };

// Writes a random but valid stream: a token below 32 is a literal run of token + 1 bytes, any other
// is a match of (token >> 5) + 2 bytes at distance ((token & 31) << 8 | next byte) + 1.
static uint32_t make_stream(uint8_t *out) {
    uint32_t packed = 0, unpacked = 0;
    while (packed < PACKED_LIMIT && unpacked < 2 * SUITE_BUFFER_SIZE - 64) {
        uint32_t r = suite_random();
        if (unpacked < LITERALS_AT_START || (r & 3) == 0) {
            uint32_t length = (r >> 8) & 15;
            out[packed++] = (uint8_t)length;
            for (uint32_t i = 0; i <= length; i++) out[packed++] = (uint8_t)(suite_random() >> 11);
            unpacked += length + 1;
        } else {
            uint32_t length = 1 + ((r >> 8) % 7), distance = (r >> 12) & 8191;
            out[packed++] = (uint8_t)(length << 5 | distance >> 8);
            out[packed++] = (uint8_t)distance;
            unpacked += length + 2;
        }
    }
    return packed;
}

static uint32_t decode(const uint8_t *in, uint32_t size, uint8_t *out) {
    const uint8_t *end = in + size;
    uint8_t *at = out;
    while (in < end) {
        uint32_t token = *in++;
        if (token < 32) {
            for (uint32_t left = token + 1; left != 0; left--) *at++ = *in++;
        } else {
            uint32_t length = (token >> 5) + 2;
            const uint8_t *from = at - ((token & 31) << 8 | *in++) - 1;
            for (; length != 0; length--) *at++ = *from++;
        }
    }
    return (uint32_t)(at - out);
}

uint32_t kernel_lz(uint32_t rounds) {
    uint32_t sum = 0;
    suite_seed(31);
    uint32_t packed = make_stream(suite_buffer_a);
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t size = decode(suite_buffer_a, packed, suite_buffer_b);
        sum = suite_fold(sum, size + suite_buffer_b[size - 1] + suite_buffer_b[size / 2]);
    }
    return sum;
}
