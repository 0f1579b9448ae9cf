// CRC-32 (reflected, polynomial 0xEDB88320), bit by bit and by table.
#include "suite.h"

enum { LENGTH = SUITE_BUFFER_SIZE / 8 };

static void fill_input(void) {
    suite_seed(12345);
    for (uint32_t i = 0; i < LENGTH; i++) suite_buffer_a[i] = (uint8_t)(suite_random() >> 9);
}

static uint32_t crc_bitwise(const uint8_t *data, uint32_t length) {
    uint32_t crc = ~0u;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

uint32_t kernel_crc32_bitwise(uint32_t rounds) {
    uint32_t sum = 0;
    fill_input();
    for (uint32_t round = 0; round < rounds; round++) {
        suite_buffer_a[0] = (uint8_t)round;
        sum = suite_fold(sum, crc_bitwise(suite_buffer_a, LENGTH));
    }
    return sum;
}

static uint32_t table[256];

static uint32_t crc_table(const uint8_t *data, uint32_t length) {
    uint32_t crc = ~0u;
    for (uint32_t i = 0; i < length; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
    return ~crc;
}

uint32_t kernel_crc32_table(uint32_t rounds) {
    uint32_t sum = 0;
    fill_input();
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t entry = i;
        for (int bit = 0; bit < 8; bit++) entry = (entry >> 1) ^ (0xEDB88320u & (0u - (entry & 1)));
        table[i] = entry;
    }
    for (uint32_t round = 0; round < rounds; round++) {
        suite_buffer_a[0] = (uint8_t)round;
        sum = suite_fold(sum, crc_table(suite_buffer_a, LENGTH));
    }
    return sum;
}
