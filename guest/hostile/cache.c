// Makes large files on a scratch disk and cuts them to nothing; then keeps them.
#include "hostile.h"

static uint32_t open(uint32_t number) {
    char path[] = "cache:\\a000";
    struct { uint16_t length, maximum; const char *buffer; } name = { 11, 12, path };
    struct { uint32_t root; void *name; uint32_t flags; } attributes = { 0, &name, 0x40 };
    uint32_t file = 0, status[2];
    for (uint32_t digit = 10; digit > 7; digit--, number /= 10) path[digit] = '0' + number % 10;
    // Read and write, made or emptied, synchronous.
    create_file(&file, 0xC0100000, &attributes, status, 0, 0, 7, 5, 0x60);
    return file;
}

static uint32_t set_size(uint32_t file, uint64_t size) {
    uint32_t status[2];
    return NtSetInformationFile(file, status, &size, 8, 20);
}

int main(void) {
    uint32_t refused = 0, opened = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t file = open(i);
        opened += file != 0;
        set_size(file, 255 << 20);
        set_size(file, 0);
        // The first hundred stay open.
        if (i >= 100) NtClose(file);
    }
    for (uint32_t i = 0; i < 9; i++) refused += set_size(open(i), 255 << 20) != SUCCESS;
    DbgPrint("opened %u, refused %u\n", opened, refused);
    return 0;
}
