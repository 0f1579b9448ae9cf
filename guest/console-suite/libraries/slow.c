// A library whose entry takes its time, and counts its calls.
#include "kernel.h"
#include "library.h"

static volatile uint32_t comings, ready;

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reserved;
    int64_t millisecond = -10000;
    if (reason == COMES) comings++;
    ready = 0;
    KeDelayExecutionThread(0, 0, &millisecond);
    ready = reason == COMES;
    return ACCEPTED;
}

// How often it has come, if it has done so.
uint32_t slow_comings(void) { return ready ? comings : 0; }

EXPORT(1, slow_comings);
