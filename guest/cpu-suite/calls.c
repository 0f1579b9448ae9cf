// Calls through tables of pointers, deep recursion, and non-local jumps.
#include "suite.h"

struct object;
struct methods {
    uint32_t (*first)(struct object *, uint32_t);
    uint32_t (*second)(struct object *, uint32_t);
};
struct object {
    const struct methods *methods;
    uint32_t a, b;
};

static uint32_t add(struct object *o, uint32_t x) { o->a += x; return o->a ^ o->b; }
static uint32_t flip(struct object *o, uint32_t x) { o->b ^= x; return o->a + o->b; }
static uint32_t subtract(struct object *o, uint32_t x) { o->a = o->b - x; return o->a; }
static uint32_t triple(struct object *o, uint32_t x) { o->b += o->a; return x * 3; }

static const struct methods kinds[4] = {{add, flip}, {flip, subtract}, {subtract, triple}, {triple, add}};
static struct object objects[256];

uint32_t kernel_pointer_calls(uint32_t rounds) {
    uint32_t x = 1;
    suite_seed(11);
    for (uint32_t i = 0; i < 256; i++) objects[i] = (struct object){&kinds[suite_random() >> 5 & 3], i, i * 3};
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < 256; i++) {
            struct object *o = &objects[i];
            x = o->methods->first(o, x);
            x += o->methods->second(o, round * 256 + i);
        }
    return x;
}

__attribute__((noinline, noipa)) static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

// `rounds` is the argument of fib.
uint32_t kernel_fib(uint32_t rounds) { return fib(rounds); }

// The compiler's own pair: five words of buffer, no library.
static void *jump_buffer[5];

__attribute__((noinline, noipa)) static void descend(uint32_t depth, uint32_t target) {
    if (depth == target) __builtin_longjmp(jump_buffer, 1);
    descend(depth + 1, target);
    __asm__ volatile("");
}

uint32_t kernel_setjmp_longjmp(uint32_t rounds) {
    static volatile uint32_t sum, round;
    sum = 0;
    for (round = 0; round < rounds; round++) {
        if (__builtin_setjmp(jump_buffer) == 0) {
            descend(0, round & 15);
            sum = ~0u; // never: descend does not return
        } else {
            sum = suite_fold(sum, round);
        }
    }
    return sum;
}
