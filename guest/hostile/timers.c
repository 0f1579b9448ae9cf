// Sets a timer at every fourth byte: they overlap.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    for (uint32_t at = 0; memory && at < 4 * CALLS; at += 4) {
        KeSetTimer(memory + at, -100000000, 0);
    }
    DbgPrint("set\n");
    return 0;
}
