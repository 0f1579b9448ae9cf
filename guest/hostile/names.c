// Makes events whose names are as long as a string can be.
#include "hostile.h"

static char text[65536];

int main(void) {
    struct { uint16_t length, maximum; const char *buffer; } name = { 65530, 65535, text };
    struct { uint32_t root; void *name; uint32_t flags; } attributes = { 0, &name, 0x40 };
    uint32_t event, refused = 0;
    memset(text, 'n', sizeof text);
    for (uint32_t i = 0; i < 2000; i++) {
        for (uint32_t digit = 0, rest = i; digit < 4; digit++, rest /= 10) text[digit] = '0' + rest % 10;
        refused += NtCreateEvent(&event, &attributes, 1, 0) != SUCCESS;
    }
    DbgPrint("refused %u\n", refused);
    return 0;
}
