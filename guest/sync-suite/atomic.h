// Atomic accesses as titles' compilers make them: a reservation, and a store that needs it.
#pragma once
#include <stdint.h>

// The word, with a reservation.
static inline uint32_t load_reserved(volatile void *word) {
    uint32_t value;
    __asm__ volatile("lwarx %0, 0, %1" : "=r"(value) : "r"(word) : "memory");
    return value;
}

// Whether the word was stored.
static inline uint32_t store_conditional(volatile void *word, uint32_t value) {
    uint32_t condition;
    __asm__ volatile("stwcx. %1, 0, %2\n\tmfcr %0" : "=r"(condition) : "r"(value), "r"(word) : "cr0", "memory");
    return condition >> 29 & 1;
}

// Adds to a word and returns what it was.
static inline uint32_t atomic_add(volatile uint32_t *word, uint32_t more) {
    uint32_t before;
    do {
        before = load_reserved(word);
    } while (!store_conditional(word, before + more));
    return before;
}

// Puts a value where `expected` is; whether it was there.
static inline uint32_t compare_and_swap(volatile uint32_t *word, uint32_t expected, uint32_t value) {
    do {
        if (load_reserved(word) != expected) return 0;
    } while (!store_conditional(word, value));
    return 1;
}

// The hint of a loop that waits for another hardware thread.
static inline void pause(void) { __asm__ volatile("or 31, 31, 31" ::: "memory"); }
static inline void barrier(void) { __asm__ volatile("lwsync" ::: "memory"); }
