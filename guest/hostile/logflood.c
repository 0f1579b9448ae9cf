// Frees what is no pool memory, again and again: the kernel has something to say about each.
#include "hostile.h"

int main(void) {
    for (uint32_t i = 0; i < 300000; i++) ExFreePool((void *)(1 + 16 * i));
    DbgPrint("done\n");
    return 0;
}
