// Frees addresses outside of the pool, again and again: the kernel logs a message for each.
#include "hostile.h"

int main(void) {
    for (uint32_t i = 0; i < CALLS; i++) ExFreePool((void *)(1 + 16 * i));
    DbgPrint("done\n");
    return 0;
}
