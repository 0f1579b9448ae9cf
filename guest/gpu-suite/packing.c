#include "packing.h"

void pack_fields(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]) {
    for (uint32_t c = 0, low = 0; c < 4; low += bits[c++]) {
        if (bits[c] == 0) continue;
        uint32_t value = bits[c] < 6 ? components[c] >> (6 - bits[c]) : components[c] << (bits[c] - 6);
        words[low / 32] |= value << low % 32;
    }
}

void pack_singles(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]) {
    for (uint32_t c = 0; c < 4 && bits[c]; c++) {
        union {
            float value;
            uint32_t bits;
        } both = {(float)components[c] / 64};
        words[c] = both.bits;
    }
}

void pack_halves(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]) {
    for (uint32_t c = 0; c < 4 && bits[c]; c++) {
        uint32_t value = components[c], exponent = 15 + 4;
        while (value && value < 1024) value <<= 1, exponent--;
        // value * 2^(exponent - 25) with 1024 <= value < 2048.
        uint32_t half = value ? exponent << 10 | (value & 1023) : 0;
        words[c / 2] |= half << c % 2 * 16;
    }
}
