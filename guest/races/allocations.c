// Six threads that allocate and free pieces of up to 16 MiB, as a console's allocator does while a
// title loads: each thread keeps eight pieces, and replaces one at random. It finds the start of a
// new piece zero, and writes to it; the piece is its own until it frees it.
//
// Settings: `steps` of each thread, `touched` pages of a piece, `even` for sizes that are all as
// likely (else each as its double).
#include "crew.h"

enum { STEPS = 300, PIECES = 8, PAGE = 0x1000, TOUCHED = 32, COMMIT_AND_RESERVE = 0x3000, RELEASE = 0x8000, READ_WRITE = 4 };

static uint32_t steps, touched, even;
static volatile uint32_t made, dirty, lost, refused;

static uint32_t mark_of(uint32_t cpu, uint32_t number) { return cpu << 24 | number << 1 | 1; }

// Compares the first word of each page from the piece's start on with what is
// expected, and replaces it by the mark.
static void go_through(uint32_t *piece, uint32_t bytes, uint32_t expected, uint32_t mark, volatile uint32_t *wrong) {
    for (uint32_t at = 0; at < bytes && at < touched * PAGE; at += PAGE) {
        if (piece[at / 4] != expected) atomic_add(wrong, 1);
        piece[at / 4] = mark;
    }
}

static uint32_t walk(uint32_t cpu) {
    struct {
        void *at;
        uint32_t bytes, mark;
    } pieces[PIECES] = {0};
    uint32_t state = cpu + 1;
    for (uint32_t number = 0; number < steps + PIECES; number++) {
        uint32_t index = number < steps ? random(&state) % PIECES : number - steps;
        if (pieces[index].at) {
            go_through(pieces[index].at, pieces[index].bytes, pieces[index].mark, 0, &lost);
            uint32_t all = 0;
            NtFreeVirtualMemory(&pieces[index].at, &all, RELEASE, 0);
            pieces[index].at = 0;
        }
        if (number >= steps) continue;
        uint32_t pages = even ? random(&state) % 4096 + 1 : 1u << random(&state) % 13;
        uint32_t bytes = pages * PAGE - (random(&state) & 0xFFF);
        void *base = 0;
        uint32_t size = bytes;
        if (NtAllocateVirtualMemory(&base, &size, COMMIT_AND_RESERVE, READ_WRITE, 0) != SUCCESS) {
            atomic_add(&refused, 1);
            continue;
        }
        pieces[index].at = base, pieces[index].bytes = size, pieces[index].mark = mark_of(cpu, number);
        go_through(base, size, 0, pieces[index].mark, &dirty);
        atomic_add(&made, 1);
    }
    return 0;
}

int main(void) {
    steps = setting("steps", STEPS), touched = setting("touched", TOUCHED), even = setting("even", 0);
    expect_count("threads that failed", on_all(walk), 0);
    expect_count("pieces", made + refused, steps * CREW);
    expect_count("words that were not zero", dirty, 0);
    expect_count("words that were lost", lost, 0);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
