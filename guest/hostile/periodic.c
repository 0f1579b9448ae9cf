// Waits for an event that nobody sets, while a timer that nobody waits for comes every millisecond.
#include "hostile.h"

int main(void) {
    static uint32_t timer[10];
    uint32_t event;
    KeInitializeTimerEx(timer, 0);
    KeSetTimerEx(timer, -10000, 1, 0);
    NtCreateEvent(&event, 0, 1, 0);
    NtWaitForSingleObjectEx(event, 0, 0, 0);
    DbgPrint("woken\n");
    return 0;
}
