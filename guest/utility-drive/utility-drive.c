// Mounts a scratch disk as the library of titles does, from its own code, and
// keeps a level on it between runs.
//
// It reads the whole disk's bytes for a record of its own, formats the partition if its header is
// not the expected one (or with game:\format), makes a device, shares a file, and links cache: to
// the device. Then it checks what an earlier run has written, and writes the rest: game:\pieces
// pieces of 64 KiB. With game:\small it writes that many files of a byte to the hard disk instead.
// A line that begins with WRONG is a fault of the disk; their number is the exit code.
#include "kernel.h"
#include "runtime.h"
#include "settings.h"

enum { SUCCESS = 0, INVALID_PARAMETER = 0xC000000D, END_OF_FILE = 0xC0000011, SHARING_VIOLATION = 0xC0000043 };
enum { OPEN = 1, OPEN_OR_CREATE = 3, OVERWRITE_OR_CREATE = 5 };
enum { SYNCHRONOUS = 0x20, NO_DIRECTORY = 0x40, CASE_INSENSITIVE = 0x40, FOR_SPACE_QUERY = 0x800001 };
enum { GEOMETRY = 0x70000, PARTITION_INFORMATION = 0x74004 };
enum { SECTOR = 512, HEADER = 4096, RECORD_AT = 0x800, PIECE = 65536, MAGIC = 0x55444656 };
enum { FATX = 0x58544146, UNIT_SECTORS = 128, SIZE_INFORMATION = 3 };
#define READ_AND_WRITE 0xC0100000u

uint32_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], void *to, uint32_t length,
                    const int64_t *offset);
uint32_t NtWriteFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], const void *from,
                     uint32_t length, const int64_t *offset);
uint32_t NtFlushBuffersFile(uint32_t file, uint32_t status[2]);
uint32_t NtQueryVolumeInformationFile(uint32_t file, uint32_t status[2], void *to, uint32_t length, uint32_t class);
uint32_t IoDismountVolumeByFileHandle(uint32_t file);
uint32_t device_control(uint32_t file, uint32_t status[2], uint32_t code, void *output, uint32_t length);
uint32_t IoCreateDevice(void *driver, uint32_t extension, void *name, uint32_t type, uint32_t attributes, uint32_t **device);
void IoDeleteDevice(uint32_t *device);
uint32_t IoCheckShareAccess(uint32_t rights, uint32_t share, void *file, void *counts, uint32_t update);
void IoSetShareAccess(uint32_t rights, uint32_t share, void *file, void *counts);
void IoRemoveShareAccess(void *file, void *counts);
uint32_t ObCreateSymbolicLink(void *name, void *target);
uint32_t XamTaskSchedule(void *callback, void *message, void *options, uint32_t *handle);
void XamTaskCloseHandle(uint32_t task);

struct string {
    uint16_t length, room;
    const char *text;
};

static uint32_t wrongs;

static void expect(const char *what, uint32_t found, uint32_t expected) {
    if (found == expected) return;
    DbgPrint("WRONG: %s: %08x, not %08x\n", what, found, expected);
    wrongs++;
}

static struct string string_of(const char *text) {
    uint16_t length = strlen(text);
    return (struct string){length, length + 1, text};
}

static uint32_t open(const char *path, uint32_t disposition, uint32_t options, uint32_t *file) {
    uint32_t status[2];
    struct string name = string_of(path);
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &name, CASE_INSENSITIVE};
    return create_file(file, READ_AND_WRITE, &attributes, status, 0, 0, 7, disposition, SYNCHRONOUS | options);
}

static uint32_t read(uint32_t file, int64_t at, void *to, uint32_t length, uint32_t *count) {
    uint32_t status[2] = {0, 0};
    uint32_t result = NtReadFile(file, 0, 0, 0, status, to, length, &at);
    *count = status[1];
    return result;
}

static uint32_t write(uint32_t file, int64_t at, const void *from, uint32_t length) {
    uint32_t status[2];
    return NtWriteFile(file, 0, 0, 0, status, from, length, &at);
}

// Data that this title writes to a partition's start and to the disk's
// record: a FATX header, and its own.
struct header {
    uint32_t fatx, serial, unit_sectors, root;
    uint32_t magic, generation, check;
};

static uint32_t header_block[HEADER / 4], check_block[HEADER / 4];

static uint32_t generation_of(const uint32_t *block) {
    const struct header *header = (const struct header *)block;
    return header->magic == MAGIC && header->check == (MAGIC ^ header->generation) ? header->generation : 0;
}

static void make_header(uint32_t *block, uint32_t generation) {
    memset(block, 0, HEADER);
    *(struct header *)block = (struct header){FATX, generation, UNIT_SECTORS, 1, MAGIC, generation, MAGIC ^ generation};
}

// The size of a device in sectors, which both codes report.
static uint32_t sectors_of(uint32_t file) {
    uint32_t status[2], geometry[2] = {0, 0};
    uint64_t partition[2] = {0, 0};
    expect("geometry", device_control(file, status, GEOMETRY, geometry, sizeof geometry), SUCCESS);
    expect("bytes of a sector", geometry[1], SECTOR);
    expect("partition", device_control(file, status, PARTITION_INFORMATION, partition, sizeof partition), SUCCESS);
    expect("size of the partition", (uint32_t)(partition[1] / SECTOR), geometry[0]);
    expect("another code", device_control(file, status, 0x12345678, geometry, sizeof geometry), 0xC0000010);
    return geometry[0];
}

// The generation in the record on the whole disk; `change` writes it anew.
static uint32_t record(uint32_t change) {
    uint32_t file, count, generation = 0;
    expect("opening the disk", open("\\Device\\Harddisk0\\Partition0", OPEN, 0, &file), SUCCESS);
    if (wrongs) return 0;
    uint32_t sectors = sectors_of(file);
    expect("a part of a sector", read(file, 0, check_block, 100, &count), INVALID_PARAMETER);
    expect("between sectors", write(file, 100, check_block, SECTOR), INVALID_PARAMETER);
    if (change) {
        make_header(check_block, change);
        expect("writing the record", write(file, RECORD_AT, check_block, SECTOR), SUCCESS);
    }
    expect("reading the record", read(file, RECORD_AT, check_block, SECTOR, &count), SUCCESS);
    generation = generation_of(check_block);
    expect("the disk's end", read(file, (int64_t)sectors * SECTOR, check_block, SECTOR, &count), END_OF_FILE);
    NtClose(file);
    return generation;
}

// The library refuses a volume that does not have the allocation unit
// that it has formatted it with.
static void check_volume(uint32_t sectors) {
    uint32_t file, status[2], information[6];
    expect("opening the volume", open("\\Device\\Harddisk0\\Cache0\\", OPEN, FOR_SPACE_QUERY, &file), SUCCESS);
    if (wrongs) return;
    uint32_t result = NtQueryVolumeInformationFile(file, status, information, sizeof information, SIZE_INFORMATION);
    expect("the volume's size", result, SUCCESS);
    expect("sectors of a unit", information[4], UNIT_SECTORS);
    expect("bytes of a sector of the volume", information[5], SECTOR);
    expect("units of the volume", information[1], sectors / UNIT_SECTORS);
    NtClose(file);
}

static uint32_t generation, formatted;

// Opens the partition, and formats it if it has to be. The last sector has the generation, too.
static void mount_partition(void) {
    uint32_t file, count, status[2];
    expect("opening the partition", open("\\Device\\Harddisk0\\Cache0", OPEN, 0, &file), SUCCESS);
    if (wrongs) return;
    uint32_t sectors = sectors_of(file);
    int64_t last = ((int64_t)sectors - 1) * SECTOR;
    expect("reading the header", read(file, 0, header_block, HEADER, &count), SUCCESS);
    uint32_t before = generation_of(header_block), recorded = record(0);
    generation = before;
    if (!before || setting("format", 0)) {
        generation = (before > recorded ? before : recorded) + 1;
        formatted = 1;
        make_header(header_block, generation);
        expect("writing the header", write(file, 0, header_block, HEADER), SUCCESS);
        expect("writing the last sector", write(file, last, header_block, SECTOR), SUCCESS);
        expect("flushing", NtFlushBuffersFile(file, status), SUCCESS);
        expect("dismounting", IoDismountVolumeByFileHandle(file), SUCCESS);
        expect("sectors after formatting", sectors_of(file), sectors);
    }
    expect("reading the last sector", read(file, last, check_block, SECTOR, &count), SUCCESS);
    // A run that was killed has written the header alone, or nothing of this generation.
    uint32_t at_end = generation_of(check_block);
    if (at_end != generation) {
        expect("a generation that never was", at_end < generation, 1);
        expect("writing the last sector", write(file, last, header_block, SECTOR), SUCCESS);
    }
    NtClose(file);
    check_volume(sectors);
    if (recorded != generation) expect("the record", record(generation), generation);
}

// The calls by which a file system of the title shares a file between two opens.
static void share(void) {
    static uint32_t counts[2], files[2][0x50 / 4];
    IoSetShareAccess(1, 1, files[0], counts);
    expect("sharing to write", IoCheckShareAccess(2, 3, files[1], counts, 1), SHARING_VIOLATION);
    expect("sharing to read", IoCheckShareAccess(1, 3, files[1], counts, 1), SUCCESS);
    IoRemoveShareAccess(files[1], counts);
    IoRemoveShareAccess(files[0], counts);
    expect("opens that are left", counts[0] | counts[1], 0);
}

static uint32_t driver[0x40];
static volatile uint32_t done;

static uint32_t mount(uint32_t *unused) {
    (void)unused;
    uint32_t *device = 0;
    mount_partition();
    share();
    struct string name = string_of("\\Device\\UtilityDrive"), link = string_of("\\??\\cache:");
    expect("making a device", IoCreateDevice(driver, 0x40, &name, 7, 0, &device), SUCCESS);
    if (device) {
        uint32_t *extension = (uint32_t *)device[6];
        expect("the device's own memory", extension[0], 0);
        extension[0x3C / 4] = generation;
    }
    expect("linking", ObCreateSymbolicLink(&link, &name), SUCCESS);
    done = 1;
    return 0;
}

static uint32_t piece_block[PIECE / 4];

static uint32_t word_of(uint32_t piece) { return (piece + 1) * 2654435761u ^ generation; }

// Number of whole pieces of the level. All must be right up to the
// moment at which a run was killed.
static uint32_t check_level(uint32_t file, uint32_t pieces) {
    for (uint32_t piece = 0;; piece++) {
        uint32_t count = 0, result = read(file, (int64_t)piece * PIECE, piece_block, PIECE, &count);
        if (result == END_OF_FILE || (result == SUCCESS && piece >= pieces)) return piece;
        expect("reading the level", result, SUCCESS);
        for (uint32_t i = 0; i < count / 4; i++) {
            if (piece_block[i] == word_of(piece)) continue;
            expect("a word of the level", piece_block[i], word_of(piece));
            return piece;
        }
        if (count < PIECE) return piece;
    }
}

static void keep_level(uint32_t pieces) {
    uint32_t file, disposition = OPEN_OR_CREATE;
    if (formatted) {
        // Formatting has removed the file.
        expect("a file from before", open("cache:\\level.bin", OPEN, NO_DIRECTORY, &file), 0xC0000034);
    }
    expect("opening the level", open("cache:\\level.bin", disposition, NO_DIRECTORY, &file), SUCCESS);
    if (wrongs) return;
    uint32_t found = check_level(file, pieces);
    for (uint32_t piece = found; piece < pieces && !wrongs; piece++) {
        uint32_t word = word_of(piece);
        for (uint32_t i = 0; i < PIECE / 4; i++) piece_block[i] = word;
        expect("writing the level", write(file, (int64_t)piece * PIECE, piece_block, PIECE), SUCCESS);
    }
    NtClose(file);
    DbgPrint("%s generation %u: found %u pieces, wrote %u\n", formatted ? "formatted" : "mounted", generation, found,
             pieces > found ? pieces - found : 0);
}

static void small_files(uint32_t files) {
    char path[] = "hdd:\\small0000";
    for (uint32_t number = 0; number < files; number++) {
        uint32_t file, digits = number;
        for (uint32_t i = 0; i < 4; i++, digits /= 10) path[13 - i] = '0' + digits % 10;
        expect("making a small file", open(path, OVERWRITE_OR_CREATE, NO_DIRECTORY, &file), SUCCESS);
        if (wrongs) return;
        expect("writing a small file", write(file, 0, path + 13, 1), SUCCESS);
        NtClose(file);
    }
    DbgPrint("%u small files\n", files);
}

int main(void) {
    uint32_t small = setting("small", 0), task = 0;
    if (small) {
        small_files(small);
        return wrongs;
    }
    expect("a task", XamTaskSchedule(mount, 0, 0, &task), 0);
    const int64_t millisecond = -10000;
    while (task && !done) KeDelayExecutionThread(0, 0, &millisecond);
    if (task) XamTaskCloseHandle(task);
    if (!wrongs) keep_level(setting("pieces", 16));
    return wrongs;
}
