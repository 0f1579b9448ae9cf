#include "text_file.h"
#include "kernel.h"
#include "runtime.h"

enum { OPEN_EXISTING = 1, SYNCHRONOUS_NO_DIRECTORY = 0x60 };
#define GENERIC_READ_SYNCHRONIZE 0x80100000u
#define CASE_INSENSITIVE 0x40u

uint32_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], void *to,
                    uint32_t length, const int64_t *offset);

uint32_t read_text(const char *name, char *text, uint32_t size) {
    char path[64] = "game:\\";
    uint32_t length = strlen(path), file, status[2] = {0, 0};
    while (*name && length < sizeof path - 1) path[length++] = *name++;
    struct {
        uint16_t length, room;
        const char *text;
    } string = {length, length + 1, path};
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &string, CASE_INSENSITIVE};
    if (create_file(&file, GENERIC_READ_SYNCHRONIZE, &attributes, status, 0, 0, 7, OPEN_EXISTING,
                    SYNCHRONOUS_NO_DIRECTORY) != 0)
        return 0;
    uint32_t read = NtReadFile(file, 0, 0, 0, status, text, size, 0);
    NtClose(file);
    return read == 0 && status[1] <= size ? status[1] : 0;
}
