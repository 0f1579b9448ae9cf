// Pictures of users and achievements, as files and as textures, and what a title gives its users.
#include "console.h"

uint32_t XamReadTile(uint32_t kind, uint32_t title, uint32_t id, uint32_t user, void *buffer, uint32_t *size,
                     void *overlapped);
uint32_t XamReadTileToTexture(uint32_t kind, uint32_t title, uint32_t id, uint32_t user, void *texture, uint32_t pitch,
                              uint32_t height, void *overlapped);
uint32_t XamWriteGamerTile(uint32_t user, uint32_t title, uint32_t large, uint32_t small, uint32_t for_list,
                           void *overlapped);
// XamReadTileEx, with its ninth argument where the console has it.
uint32_t read_tile(uint32_t kind, uint32_t title, uint32_t id, uint32_t user, uint32_t small, const void *key,
                   void *buffer, uint32_t *size, void *overlapped);

enum { ACHIEVEMENT = 0, GAMER = 2, GAMER_SMALL = 3, BACKGROUND = 6, AWARDED = 7, PICTURE = 5, MISSING = 2, TOO_SMALL = 0x7A };
#define PNG 0x89504E47u

static uint32_t buffer[0x4000 / 4];

static void of_a_user(void) {
    uint32_t size = 0, small = sizeof buffer, again = sizeof buffer;
    EXPECT(XamReadTile(GAMER, 0, 0, 0, 0, &size, 0), TOO_SMALL);
    EXPECT(size > 50 && size < sizeof buffer, 1);
    EXPECT(XamReadTile(GAMER, 0, 0, 0, buffer, &size, 0), 0);
    EXPECT(buffer[0], PNG);
    // Width and height, behind the name of the first chunk.
    EXPECT(buffer[4], 64);
    EXPECT(buffer[5], 64);
    EXPECT(read_tile(GAMER, 0, 0, 0, 1, 0, buffer, &small, 0), 0);
    EXPECT(buffer[4], 32);
    EXPECT(XamReadTile(GAMER_SMALL, 0, 0, 0, buffer, &again, 0), 0);
    EXPECT(again, small);
    memset(buffer, 0, sizeof buffer);
    EXPECT(XamReadTileToTexture(GAMER, 0, 0, 0, buffer, 256, 64, 0), 0);
    EXPECT(buffer[0], buffer[64 * 64 - 1]);
    EXPECT(buffer[0] >> 24, 0xFF);
    EXPECT(XamReadTileToTexture(GAMER, 0, 0, 0, buffer, 128, 64, 0), BAD_PARAMETER);
}

static void what_there_is_not(void) {
    uint32_t size = sizeof buffer;
    EXPECT(XamReadTile(BACKGROUND, 0, 0, 0, buffer, &size, 0), MISSING);
    EXPECT(XamReadTile(GAMER, 0, 0, 3, buffer, &size, 0), NO_SUCH_USER);
    EXPECT(XamReadTile(ACHIEVEMENT, 0, 99, 0, buffer, &size, 0), MISSING);
    EXPECT(XamReadTile(99, 0, 0, 0, buffer, &size, 0), BAD_PARAMETER);
}

static void given_by_the_title(void) {
    uint32_t size = sizeof buffer;
    EXPECT(XamWriteGamerTile(0, 0, 99, PICTURE, 1, 0), MISSING);
    EXPECT(XamWriteGamerTile(3, 0, PICTURE, PICTURE, 1, 0), NO_SUCH_USER);
    EXPECT(XamWriteGamerTile(0, 0, PICTURE, PICTURE, 1, 0), 0);
    EXPECT(XamReadTile(AWARDED, 0, PICTURE, 0, buffer, &size, 0), 0);
    EXPECT(size, 4);
    EXPECT(buffer[0], PNG);
}

SUBJECT(pictures, {"of_a_user", of_a_user}, {"what_there_is_not", what_there_is_not},
        {"given_by_the_title", given_by_the_title});
