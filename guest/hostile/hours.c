// Sleeps for a thousand hours, in which a display shows 216 million fields.
#include "hostile.h"

int main(void) {
    static const int64_t hours = -1000LL * 3600 * 10000000;
    KeDelayExecutionThread(0, 0, &hours);
    DbgPrint("1000 hours later\n");
    return 0;
}
