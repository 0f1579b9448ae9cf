// Sets a timer at every byte of 1 MiB; the console has dispatcher
// objects at multiples of four only.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    for (uint32_t at = 0; memory && at < 0x100000; at++) {
        KeSetTimer(memory + at, -100000000, 0);
    }
    DbgPrint("set\n");
    return 0;
}
