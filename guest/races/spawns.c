// Threads by the hundred: each phase makes that many, on all hardware threads, some suspended at
// first, some that end by ExTerminateThread, and waits for the end of each. Every one runs once, no
// handle stays open, and a phase takes nothing that the next one lacks; the lines between phases
// let a test look at the host's memory.
//
// Settings: `threads` of a phase, `phases`.
#include "crew.h"

enum { THREADS = 100, PHASES = 4, MOST = 1000, STACK = 0x4000 };
#define CODE(i) (0x5A000000u + (i))

static uint32_t handles[MOST];
static volatile uint32_t runs;

// A thousand of the usual size are more than the address space has for stacks.
static uint32_t start_small(uint32_t (*routine)(uint32_t), uint32_t argument, uint32_t flags) {
    uint32_t handle = 0;
    if (ExCreateThread(&handle, STACK, 0, 0, routine, (void *)argument, flags) != SUCCESS) return 0;
    return handle;
}

static uint32_t run(uint32_t i) {
    atomic_add(&runs, 1);
    if (i % 3 == 0) ExTerminateThread(CODE(i));
    return CODE(i);
}

int main(void) {
    uint32_t threads = setting("threads", THREADS), phases = setting("phases", PHASES);
    if (threads > MOST) threads = MOST;
    uint32_t made = 0, ended = 0, closed = 0;
    for (uint32_t phase = 0; phase < phases; phase++) {
        for (uint32_t i = 0; i < threads; i++) {
            uint32_t suspended = i % 4 == 1 ? CREATE_SUSPENDED : 0;
            handles[i] = start_small(run, i, ON(i % CREW) | suspended);
            made += handles[i] != 0;
            if (suspended) NtResumeThread(handles[i], 0);
        }
        for (uint32_t i = 0; i < threads; i++) {
            ended += finish(handles[i]) == CODE(i);
            closed += wait_handle(handles[i], &no_wait) == INVALID_HANDLE;
        }
        DbgPrint("phase %u of %u\n", phase + 1, phases);
    }
    expect_count("made", made, threads * phases);
    expect_count("runs", runs, threads * phases);
    expect_count("ended", ended, threads * phases);
    expect_count("closed", closed, threads * phases);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
