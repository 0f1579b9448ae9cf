// Numbers of six bits as the fields and floats of texture and vertex formats.
#pragma once
#include <stdint.h>

// Puts components into words, from the lowest bit of the first word on; a
// component without bits is absent.
typedef void (*Packing)(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]);

// In the highest bits of each field.
void pack_fields(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]);
// Over 64, as floats of 32 and of 16 bits.
void pack_singles(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]);
void pack_halves(uint32_t words[4], const uint8_t bits[4], const uint32_t components[4]);
