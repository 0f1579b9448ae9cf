// Asks the kernel to fill 128 MiB, again and again: each visit would be thousands of long calls.
#include "hostile.h"

int main(void) {
    uint8_t *memory = much_memory();
    for (uint32_t i = 0;; i++) RtlFillMemoryUlong(memory, MEMORY, i);
}
