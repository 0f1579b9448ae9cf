// Scratch memory and the pseudo-random sequence of all kernels.
#include "suite.h"

uint8_t suite_buffer_a[SUITE_BUFFER_SIZE] __attribute__((aligned(128)));
uint8_t suite_buffer_b[2 * SUITE_BUFFER_SIZE] __attribute__((aligned(128)));

static uint32_t state = 1;

void suite_seed(uint32_t seed) { state = seed; }

uint32_t suite_random(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}
