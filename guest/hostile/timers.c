// Sets a timer at every fourth byte of 128 MiB: they overlap.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    for (uint32_t at = 0; memory && at + 0x40 <= MEMORY / 64; at += 4) {
        KeSetTimer(memory + at, -100000000, 0);
    }
    DbgPrint("set\n");
    return 0;
}
