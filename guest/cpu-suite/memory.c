// Byte stores with a stride (sieve), and copies through a byte swap.
#include "suite.h"

enum { SIEVE_LIMIT = 250000, COPY_WORDS = SUITE_BUFFER_SIZE / 16 };

uint32_t kernel_sieve(uint32_t rounds) {
    uint8_t *is_prime = suite_buffer_b;
    uint32_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t primes = 0;
        for (uint32_t i = 0; i < SIEVE_LIMIT; i++) is_prime[i] = 1;
        for (uint32_t i = 2; i < SIEVE_LIMIT; i++) {
            if (!is_prime[i]) continue;
            primes++;
            for (uint32_t j = i * 2; j < SIEVE_LIMIT; j += i) is_prime[j] = 0;
        }
        sum = suite_fold(sum, primes);
    }
    return sum;
}

__attribute__((noinline)) static void swap_words(uint32_t *to, const uint32_t *from, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) to[i] = __builtin_bswap32(from[i]);
}

__attribute__((noinline)) static uint32_t copy_and_sum(uint64_t *to, const uint64_t *from, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
        sum += from[i] ^ from[i] << 1;
    }
    return (uint32_t)sum ^ (uint32_t)(sum >> 32);
}

uint32_t kernel_byteswap_copy(uint32_t rounds) {
    uint32_t *a = (uint32_t *)suite_buffer_a;
    uint64_t *wide = (uint64_t *)suite_buffer_b;
    uint32_t sum = 0;
    suite_seed(9);
    for (uint32_t i = 0; i < COPY_WORDS; i++) a[i] = suite_random();
    for (uint32_t round = 0; round < rounds; round++) {
        swap_words((uint32_t *)suite_buffer_b, a, COPY_WORDS);
        // Words, so that the answer does not depend on the machine's byte order.
        uint32_t *words = (uint32_t *)suite_buffer_b;
        for (uint32_t i = 0; i < COPY_WORDS; i += 2) {
            uint64_t pair = (uint64_t)words[i] << 32 | words[i + 1];
            wide[i / 2] = pair;
        }
        sum = suite_fold(sum, copy_and_sum((uint64_t *)suite_buffer_a, wide, COPY_WORDS / 2));
        for (uint32_t i = 0; i < COPY_WORDS / 2; i++) {
            uint64_t pair = ((uint64_t *)suite_buffer_a)[i];
            a[2 * i] = (uint32_t)(pair >> 32);
            a[2 * i + 1] = (uint32_t)pair;
        }
    }
    return sum;
}
