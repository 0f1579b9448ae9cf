// Queues deferred calls on another hardware thread faster than that can run them.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    uint32_t refused = 0;
    for (uint32_t at = 0; memory && at + 0x20 <= 0x100000; at += 0x20) {
        KeInitializeDpc(memory + at, nothing, 0);
        memory[at + 3] = 4; // the hardware thread wanted, plus one
        refused += KeInsertQueueDpc(memory + at, 0, 0) == 0;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
