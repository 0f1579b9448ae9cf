// The scratch disks, and the hard disk.
#include "console.h"

static void round_trip(const char *path) {
    char bytes[8] = {0};
    EXPECT(write_file(path, "on disk", 7), SUCCESS);
    EXPECT(read_file(path, bytes, sizeof bytes), 7);
    EXPECT(memcmp(bytes, "on disk", 7), 0);
}

static void scratch(void) {
    round_trip("cache:\\a.tmp");
    round_trip("cache0:\\a.tmp");
    round_trip("cache1:\\a.tmp");
}

static void hard_disk(void) {
    round_trip("hdd:\\a.dat");
    EXPECT(write_file("hdd:\\..\\a.dat", "out", 3) >> 31, 1);
    EXPECT(write_file("game:\\a.dat", "out", 3) >> 31, 1);
}

uint32_t IoCreateDevice(void *driver, uint32_t extension, void *name, uint32_t type, uint32_t attributes, uint32_t **device);
void IoDeleteDevice(uint32_t *device);
uint32_t ObCreateSymbolicLink(void *name, void *target);
uint32_t NtOpenFile(uint32_t *file, uint32_t access, void *attributes, uint32_t status[2], uint32_t share, uint32_t options);
uint32_t XamTaskSchedule(void *callback, void *message, void *options, uint32_t *handle);
uint32_t XamTaskShouldExit(uint32_t task);
void XamTaskCloseHandle(uint32_t task);

static struct string string_of(const char *text) {
    uint16_t length = strlen(text);
    return (struct string){length, length + 1, text};
}

static uint32_t block[128];

static uint32_t open_partition(uint32_t *file) {
    struct string name = string_of("\\Device\\Harddisk0\\Cache1");
    struct attributes attributes = {0, &name, 0x40};
    uint32_t status[2];
    return NtOpenFile(file, 0xC0100000u, &attributes, status, 7, 0x20);
}

static uint32_t transfer(uint32_t file, int writes, uint32_t at) {
    int64_t offset = at;
    uint32_t status[2];
    return writes ? NtWriteFile(file, 0, 0, 0, status, block, sizeof block, &offset)
                  : NtReadFile(file, 0, 0, 0, status, block, sizeof block, &offset);
}

// As the library of titles does that makes a scratch disk theirs: in a task, on the partition's own bytes, with a device of its own.
static volatile uint32_t mounted;

static uint32_t mount(uint32_t *wrong) {
    uint32_t file, *device = 0;
    *wrong += open_partition(&file) != SUCCESS;
    memset(block, 0x5A, sizeof block);
    *wrong += transfer(file, 1, 0x1000) != SUCCESS;
    memset(block, 0, sizeof block);
    *wrong += transfer(file, 0, 0x1000) != SUCCESS || block[127] != 0x5A5A5A5A;
    *wrong += transfer(file, 0, 0x2000) != SUCCESS || block[0] != 0;
    NtClose(file);
    *wrong += IoCreateDevice(block, 0x40, 0, 7, 0, &device) != SUCCESS || !device;
    if (device) {
        uint32_t *extension = (uint32_t *)device[6];
        *wrong += extension[0x3C / 4] != 0;
        extension[0x3C / 4] = 1;
        struct string name = string_of("\\??\\cache1:"), target = string_of("\\Device\\OfTheTitle");
        *wrong += ObCreateSymbolicLink(&name, &target) != SUCCESS;
        IoDeleteDevice(device);
    }
    mounted = 1;
    return 0;
}

static void utility_drive(void) {
    uint32_t wrong = 0, task = 0;
    mounted = 0;
    EXPECT(XamTaskSchedule(mount, &wrong, 0, &task), 0);
    EXPECT(task != 0, 1);
    for (uint32_t turns = 0; turns < 10000 && !mounted; turns++) sleep_ms(1);
    EXPECT(XamTaskShouldExit(task), 0);
    XamTaskCloseHandle(task);
    EXPECT(mounted, 1);
    EXPECT(wrong, 0);
    round_trip("cache1:\\b.tmp");
}

// The title has one disc, and it is in the drive.
static void discs(void) {
    struct header event;
    KeInitializeEvent(&event, MANUAL_EVENT, 0);
    EXPECT(XamSwapDisc(1, &event, 0), 0);
    EXPECT(KeResetEvent(&event), 1);
    EXPECT(XamSwapDisc(0, &event, 0), BAD_PARAMETER);
    EXPECT(XamSwapDisc(2, &event, 0), BAD_PARAMETER);
    EXPECT(KeResetEvent(&event), 0);
}

SUBJECT(disks, {"scratch", scratch}, {"hard_disk", hard_disk}, {"utility_drive", utility_drive}, {"discs", discs});
