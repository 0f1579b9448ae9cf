// Sets 400,000 timers with a deferred call each, and lets them all be due when it wakes.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    static const int64_t later = -40000000;
    for (uint32_t i = 0; memory && i < 400000; i++) {
        uint8_t *timer = memory + 0x50 * i, *dpc = timer + 0x30;
        KeInitializeTimerEx(timer, 0);
        KeInitializeDpc(dpc, nothing, 0);
        KeSetTimer(timer, -20000000, dpc);
    }
    KeDelayExecutionThread(0, 0, &later);
    DbgPrint("woken\n");
    return 0;
}
