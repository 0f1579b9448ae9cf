// Opens a file again and again.
#include "hostile.h"

int main(void) {
    struct { uint16_t length, maximum; const char *buffer; } name = { 7, 8, "cache:\\" };
    struct { uint32_t root; void *name; uint32_t flags; } attributes = { 0, &name, 0x40 };
    uint32_t file, status[2], refused = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        refused += create_file(&file, 0x80100000, &attributes, status, 0, 0, 7, 1, 0x21) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
