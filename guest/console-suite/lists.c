// Lists that are read piece by piece.
#include "console.h"

static uint32_t buffer[0x200];

static void devices(void) {
    uint32_t size = 0, handle = 0, count = 9;
    EXPECT(XamContentCreateDeviceEnumerator(1, 0, 3, &size, &handle), 0);
    EXPECT(size, 3 * 0x50);
    EXPECT(XamEnumerate(handle, 0, buffer, sizeof buffer, &count, 0), 0);
    EXPECT(count, 1);
    EXPECT(buffer[0], 1);
    EXPECT(buffer[1], 1);
    EXPECT(XamEnumerate(handle, 0, buffer, sizeof buffer, &count, 0), NO_MORE_FILES);
    EXPECT(count, 0);
    EXPECT(NtClose(handle), SUCCESS);
    EXPECT(XamEnumerate(handle, 0, buffer, sizeof buffer, &count, 0), 6);
}

static void a_librarys_own(void) {
    uint32_t handle = 0, *body = 0, count = 9;
    EXPECT(XamCreateEnumeratorHandle(2, 0xFA, 0x70026, 0x70027, 0x20, 5, 3, &handle), 0);
    EXPECT(XamGetPrivateEnumStructureFromHandle(handle, &body), SUCCESS);
    EXPECT(body[0], 0xFA);
    EXPECT(body[1], 0x70026);
    EXPECT(body[2], 0x70027);
    EXPECT(body[3], 2);
    EXPECT(body[4], 5);
    EXPECT(body[5], 3);
    ObDereferenceObject(body);
    EXPECT(XamEnumerate(handle, 0, buffer, sizeof buffer, &count, 0), NO_MORE_FILES);
    EXPECT(NtClose(handle), SUCCESS);
}

// The list has every user that is signed in.
static void profiles(void) {
    uint32_t handle = 0, result = 0, found = 0;
    uint64_t xuid = 0;
    EXPECT(XamUserGetXUID(0, 7, &xuid), 0);
    EXPECT(XamProfileCreateEnumerator(1, &handle), 0);
    for (int i = 0; i < 8 && !(result = XamProfileEnumerate(handle, 0, buffer, 0)); i++) {
        EXPECT(buffer[0x184 / 4], 1);
        if (buffer[0] != (uint32_t)(xuid >> 32) || buffer[1] != (uint32_t)xuid) continue;
        EXPECT(buffer[4] >> 16, 'P');
        found++;
    }
    EXPECT(result, NO_MORE_FILES);
    EXPECT(found, 1);
    EXPECT(NtClose(handle), SUCCESS);
}

SUBJECT(lists, {"devices", devices}, {"a_librarys_own", a_librarys_own}, {"profiles", profiles});
