// Small files, whole.
#include "console.h"

enum { OPEN = 1, OVERWRITE_OR_CREATE = 5, SYNCHRONOUS_NO_DIRECTORY = 0x60 };
#define READ 0x80100000u
#define READ_AND_WRITE 0xC0100000u
#define CASE_INSENSITIVE 0x40u

static uint32_t open(const char *path, uint32_t access, uint32_t disposition, uint32_t *file) {
    uint32_t status[2];
    struct {
        uint16_t length, room;
        const char *text;
    } string = {strlen(path), strlen(path) + 1, path};
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &string, CASE_INSENSITIVE};
    return create_file(file, access, &attributes, status, 0, 0, 7, disposition, SYNCHRONOUS_NO_DIRECTORY);
}

uint32_t write_file(const char *path, const void *bytes, uint32_t size) {
    uint32_t file, status[2];
    uint32_t result = open(path, READ_AND_WRITE, OVERWRITE_OR_CREATE, &file);
    if (result) return result;
    result = NtWriteFile(file, 0, 0, 0, status, bytes, size, 0);
    NtClose(file);
    return result;
}

uint32_t read_file(const char *path, void *bytes, uint32_t size) {
    uint32_t file, status[2];
    uint32_t result = open(path, READ, OPEN, &file);
    if (result) return result;
    result = NtReadFile(file, 0, 0, 0, status, bytes, size, 0);
    NtClose(file);
    return result ? result : status[1];
}
