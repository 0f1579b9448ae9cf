// Sleeps for ever, as Sleep(INFINITE) does. Nothing can wake it.
#include "hostile.h"

int main(void) {
    static const int64_t never = INT64_MIN;
    KeDelayExecutionThread(0, 0, &never);
    DbgPrint("woken\n");
    return 0;
}
