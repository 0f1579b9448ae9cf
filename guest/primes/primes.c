// Counts primes on one or several threads that share nothing: each has the segments whose number
// leaves its own remainder, a sieve and a table of small primes. `xenia-rs scale` runs it;
// crates/xenia-lab/src/scale/primes.rs is the same for the host, and says what the figures mean.
//
// Settings: `segments` in all; `threads`; `part` and `parts`, which of
// how many processes this one is.
#include "../races/crew.h"

enum { LENGTH = 1 << 16, SEGMENTS = 64, MOST_SEGMENTS = 1 << 15, MOST_PRIMES = 4800 };

struct worker {
    uint32_t number, count, checksum, primes;
    uint32_t small[MOST_PRIMES];
    uint8_t sieve[LENGTH / 2];
    // Nobody else's line.
    uint8_t rest[128];
} __attribute__((aligned(128)));

static struct worker workers[CREW];
static uint32_t segments, stride;

// The odd primes whose squares can be among the numbers.
static void find_small(struct worker *me) {
    uint32_t last = segments * LENGTH - 1;
    for (uint32_t n = 3; n <= last / n; n += 2) {
        uint32_t i = 0;
        while (i < me->primes && me->small[i] <= n / me->small[i] && n % me->small[i]) i++;
        if (i < me->primes && me->small[i] <= n / me->small[i]) continue;
        if (me->primes < MOST_PRIMES) me->small[me->primes++] = n;
    }
}

static void segment(struct worker *me, uint32_t number) {
    uint32_t base = number * LENGTH, last = base + (LENGTH - 1);
    memset(me->sieve, 0, sizeof me->sieve);
    for (uint32_t i = 0; i < me->primes; i++) {
        uint32_t prime = me->small[i], square = prime * prime;
        if (square > last) break;
        uint32_t beyond = base % prime, index;
        if (square >= base) {
            index = (square - base) / 2;
        } else {
            uint32_t first = beyond ? prime - beyond : 0;
            // Odd multiples only; base is even.
            if (first % 2 == 0) first += prime;
            index = first / 2;
        }
        for (; index < LENGTH / 2; index += prime) me->sieve[index] = 1;
    }
    uint32_t count = 0, checksum = 0;
    for (uint32_t i = 0; i < LENGTH / 2; i++) {
        uint32_t n = base + 2 * i + 1;
        if (me->sieve[i] || n == 1) continue;
        count++;
        checksum += n * (n ^ n >> 5);
    }
    me->count += count;
    me->checksum += checksum;
}

static uint32_t run(uint32_t index) {
    struct worker *me = &workers[index];
    find_small(me);
    for (uint32_t number = me->number; number < segments; number += stride) segment(me, number);
    return 0;
}

int main(void) {
    uint32_t threads = setting("threads", 1), part = setting("part", 0), parts = setting("parts", 1);
    uint32_t handles[CREW], failed = 0, count = 0, checksum = 0;
    segments = setting("segments", SEGMENTS);
    if (!threads || threads > CREW || part >= parts || segments > MOST_SEGMENTS) return 99;
    stride = threads * parts;
    for (uint32_t i = 0; i < threads; i++) {
        workers[i].number = part * threads + i;
        handles[i] = start(run, i, ON(i));
    }
    for (uint32_t i = 0; i < threads; i++) {
        failed += finish(handles[i]) != 0;
        count += workers[i].count;
        checksum += workers[i].checksum;
    }
    // The even prime.
    if (part == 0) count++, checksum += 2 * 2;
    DbgPrint("primes %u checksum %08X\n", count, checksum);
    return (int)failed;
}
