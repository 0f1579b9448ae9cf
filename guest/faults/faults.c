// Reads what it knows and saves what it says, round after round, while the host's files fail
// under it (cargo xtask faults).
//
// game:\data.bin is words that follow from their places. Saves are numbered. One is kept in two
// files of the hard disk, of which the older is written, another in a package that is made anew
// each time. `committed N` and `packed N` say that a save was confirmed: flushed, or closed,
// without an error. With game:\check it says instead which saves are there.
#include "../console-suite/console.h"
#include "runtime.h"
#include "settings.h"

enum { BLOCK = 65536, BLOCKS = 16, PIECES = 4, OPEN = 1, OVERWRITE_OR_CREATE = 5, SYNCHRONOUS_NO_DIRECTORY = 0x60 };
#define READ 0x80100000u
#define READ_AND_WRITE 0xC0100000u
#define CASE_INSENSITIVE 0x40u
#define TORN 0xFFFFFFFFu

uint32_t NtFlushBuffersFile(uint32_t file, uint32_t status[2]);

static uint32_t block[BLOCK / 4];
static uint32_t errors;

static uint32_t failed(const char *what, uint32_t status) {
    if (status != SUCCESS) {
        DbgPrint("%s failed with %08x\n", what, status);
        errors++;
    }
    return status;
}

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

static uint32_t read_block(const char *path, uint64_t at, uint32_t *count) {
    uint32_t file, status[2] = {0, 0};
    int64_t offset = at;
    uint32_t result = open(path, READ, OPEN, &file);
    if (result != SUCCESS) return result;
    result = NtReadFile(file, 0, 0, 0, status, block, BLOCK, &offset);
    NtClose(file);
    *count = status[1];
    return result;
}

// Words of the known file must be those of their places, all of them.
static void read_known(uint32_t number) {
    uint32_t count = 0, at = number % BLOCKS * BLOCK;
    if (failed("reading", read_block("game:\\data.bin", at, &count)) != SUCCESS) return;
    if (count != BLOCK) {
        DbgPrint("WRONG: %u bytes at %u\n", count, at);
        return;
    }
    for (uint32_t i = 0; i < BLOCK / 4; i++) {
        if (block[i] == (at / 4 + i) * 2654435761u) continue;
        DbgPrint("WRONG: %08x at %u\n", block[i], at + i * 4);
        return;
    }
}

// A file that is one number, over and over.
static uint32_t save(const char *path, uint32_t number, uint32_t flush) {
    uint32_t file, status[2];
    for (uint32_t i = 0; i < BLOCK / 4; i++) block[i] = number;
    uint32_t result = open(path, READ_AND_WRITE, OVERWRITE_OR_CREATE, &file);
    if (result != SUCCESS) return result;
    for (uint32_t i = 0; i < PIECES && result == SUCCESS; i++) {
        result = NtWriteFile(file, 0, 0, 0, status, (uint8_t *)block + i * (BLOCK / PIECES), BLOCK / PIECES, 0);
    }
    if (result == SUCCESS && flush) result = NtFlushBuffersFile(file, status);
    NtClose(file);
    return result;
}

// The number that a file is made of; 0 where there is none.
static uint32_t saved(const char *path) {
    uint32_t count = 0;
    uint32_t result = read_block(path, 0, &count);
    if (result != SUCCESS) return 0;
    if (count != BLOCK) return TORN;
    for (uint32_t i = 1; i < BLOCK / 4; i++)
        if (block[i] != block[0]) return TORN;
    return block[0];
}

static uint32_t package(uint32_t mode) {
    struct content content = {.device = 1, .kind = 1, .name = {'s', 'a', 'v', 'e'}, .file = "save"};
    uint32_t disposition;
    return XamContentCreate(0, "save", &content, mode, &disposition, 0, 0);
}

static void pack(uint32_t number) {
    if (failed("making a package", package(CREATE_ALWAYS)) != 0) return;
    uint32_t result = failed("writing a package", save("save:\\first", number, 0));
    if (result == SUCCESS) result = failed("writing a package", save("save:\\second", number, 0));
    // It is closed in any case; a save counts if nothing failed.
    if (failed("closing a package", XamContentClose("save", 0)) == 0 && result == SUCCESS) {
        DbgPrint("packed %u\n", number);
    }
}

static const char *const SLOTS[] = {"hdd:\\slot0", "hdd:\\slot1"};

static uint32_t newest(void) {
    uint32_t numbers[] = {saved(SLOTS[0]), saved(SLOTS[1])};
    for (int i = 0; i < 2; i++)
        if (numbers[i] == TORN) numbers[i] = 0;
    return numbers[0] > numbers[1] ? numbers[0] : numbers[1];
}

static int check(void) {
    DbgPrint("found %u\n", newest());
    uint32_t first = 0, second = 0;
    if (package(OPEN_EXISTING) == 0) {
        first = saved("save:\\first");
        second = saved("save:\\second");
        XamContentClose("save", 0);
    }
    if (first != second || first == TORN)
        DbgPrint("WRONG: a package of %u and %u\n", first, second);
    else
        DbgPrint("found packed %u\n", first);
    return 0;
}

int main(void) {
    if (setting("check", 0)) return check();
    uint32_t rounds = setting("rounds", 12), number = 0, slot = 0;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t there = saved(SLOTS[i]);
        if (there != TORN && there > number) {
            number = there;
            slot = i ^ 1;
        }
    }
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 4; i++) read_known(round * 4 + i);
        number++;
        if (failed("saving", save(SLOTS[slot], number, 1)) == SUCCESS) {
            DbgPrint("committed %u\n", number);
            slot ^= 1;
        }
        pack(number);
    }
    DbgPrint("errors %u\n", errors);
    return 0;
}
