// The smallest title: says hello to the debugger and ends.
#include "kernel.h"

int main(void) {
    DbgPrint("Hello from a guest title: %s, %d, 0x%08X\n", "a string", -42, 0xC0FFEEu);
    return 0;
}
