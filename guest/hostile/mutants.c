// Writes free mutants all over memory and takes each.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    static const int64_t now = 0;
    uint32_t taken = 0;
    for (uint32_t at = 0; memory && at < 0x20 * CALLS; at += 0x20) {
        memory[at] = 2; // the kind
        *(uint32_t *)(memory + at + 4) = 1; // free
        taken += KeWaitForSingleObject(memory + at, 0, 0, 0, &now) == SUCCESS;
    }
    DbgPrint("taken %u\n", taken);
    return 0;
}
