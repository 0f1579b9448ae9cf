// Numbers in files of the title's folder, so that one program serves a short run and a long one.
#include "settings.h"
#include "kernel.h"
#include "runtime.h"

enum { OPEN_EXISTING = 1, SYNCHRONOUS_NO_DIRECTORY = 0x60 };
#define GENERIC_READ_SYNCHRONIZE 0x80100000u
#define CASE_INSENSITIVE 0x40u

uint32_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], void *to,
                    uint32_t length, const int64_t *offset);

uint32_t setting(const char *name, uint32_t otherwise) {
    char path[64] = "game:\\", text[12];
    uint32_t length = strlen(path), file, status[2] = {0, 0}, number = 0;
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
        return otherwise;
    uint32_t read = NtReadFile(file, 0, 0, 0, status, text, sizeof text, 0);
    NtClose(file);
    if (read != 0) return otherwise;
    for (uint32_t i = 0; i < status[1] && i < sizeof text && text[i] >= '0' && text[i] <= '9'; i++) {
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    return number;
}
