// Posts to a completion port that nobody reads.
#include "hostile.h"

int main(void) {
    uint32_t port, refused = 0;
    NtCreateIoCompletion(&port, 0, 0, 0);
    for (uint32_t i = 0; i < CALLS; i++) {
        refused += NtSetIoCompletion(port, i, i, 0, 0) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
