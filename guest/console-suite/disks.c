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

SUBJECT(disks, {"scratch", scratch}, {"hard_disk", hard_disk});
