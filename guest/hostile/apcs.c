// Queues APCs to itself and never lets them run.
#include "hostile.h"

int main(void) {
    uint32_t refused = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        refused += NtQueueApcThread(CURRENT_THREAD, nothing, i, 0, 0) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
