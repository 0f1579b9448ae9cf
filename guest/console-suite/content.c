// Saved games: made, found again, made anew, listed, deleted.
#include "console.h"

static struct content save_named(const char *file) {
    struct content content = {.device = 1, .kind = 1, .name = {'A', ' ', 's', 'a', 'v', 'e'}};
    for (uint32_t i = 0; file[i] && i < sizeof content.file; i++) content.file[i] = file[i];
    return content;
}

static uint32_t create(const char *root, const char *file, uint32_t mode, uint32_t *disposition) {
    struct content content = save_named(file);
    *disposition = 9;
    return XamContentCreate(0, root, &content, mode, disposition, 0, 0);
}

static uint32_t delete(const char *file) {
    struct content content = save_named(file);
    return XamContentDelete(0, &content, 0);
}

static uint32_t is_text(const char *path, const char *text) {
    char bytes[32];
    return read_file(path, bytes, sizeof bytes) == strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

static void saved_and_found(void) {
    uint32_t done;
    char bytes[4];
    EXPECT(create("save", "one", OPEN_EXISTING, &done), PATH_NOT_FOUND);
    EXPECT(create("save", "one", CREATE_NEW, &done), 0);
    EXPECT(done, CREATED);
    EXPECT(write_file("save:\\level", "seven", 5), SUCCESS);
    EXPECT(delete("one"), ACCESS_DENIED);
    EXPECT(XamContentClose("SAVE", 0), 0);
    EXPECT(XamContentClose("SAVE", 0), FILE_NOT_FOUND);
    EXPECT(read_file("save:\\level", bytes, sizeof bytes), 0xC000003A);
    EXPECT(create("other", "ONE", OPEN_ALWAYS, &done), 0);
    EXPECT(done, OPENED);
    EXPECT(is_text("other:\\LEVEL", "seven"), 1);
    EXPECT(XamContentClose("other:", 0), 0);
    EXPECT(create("save", "one", CREATE_NEW, &done), ALREADY_EXISTS);
    EXPECT(delete("one"), 0);
    EXPECT(delete("one"), FILE_NOT_FOUND);
}

static void made_anew(void) {
    uint32_t done;
    char bytes[4];
    EXPECT(create("s", "two", CREATE_NEW, &done), 0);
    EXPECT(write_file("s:\\a", "old", 3), SUCCESS);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(create("s", "two", CREATE_ALWAYS, &done), 0);
    EXPECT(done, CREATED);
    EXPECT(read_file("s:\\a", bytes, sizeof bytes), 0xC0000034);
    EXPECT(write_file("s:\\b", "new", 3), SUCCESS);
    EXPECT(XamContentFlush("s", 0), 0);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(create("s", "two", OPEN_EXISTING, &done), 0);
    EXPECT(is_text("s:\\b", "new"), 1);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(delete("two"), 0);
}

static void listed(void) {
    static struct content found[4];
    static const char *const files[] = {"c", "a", "b"};
    uint32_t done, size, handle, count = 0;
    for (int i = 0; i < 3; i++) {
        EXPECT(create("s", files[i], CREATE_NEW, &done), 0);
        EXPECT(XamContentClose("s", 0), 0);
    }
    EXPECT(XamContentCreateEnumerator(0, 0, 1, 0, 2, &size, &handle), 0);
    EXPECT(size, 2 * 0x134);
    EXPECT(XamEnumerate(handle, 0, found, size, &count, 0), 0);
    EXPECT(count, 2);
    EXPECT(found[0].file[0], 'a');
    EXPECT(found[1].file[0], 'b');
    EXPECT(found[1].kind, 1);
    EXPECT(found[0].name[2], 's');
    EXPECT(XamEnumerate(handle, 0, found, size, &count, 0), 0);
    EXPECT(count, 1);
    EXPECT(XamEnumerate(handle, 0, found, size, &count, 0), NO_MORE_FILES);
    NtClose(handle);
    for (int i = 0; i < 3; i++) EXPECT(delete(files[i]), 0);
}

static void pictures_and_makers(void) {
    struct content content = save_named("three");
    uint32_t done, size = 0, own = 0;
    uint64_t maker = 0, xuid = 0;
    char picture[8];
    EXPECT(create("s", "three", CREATE_NEW, &done), 0);
    EXPECT(XamContentGetThumbnail(0, &content, 0, &size, 0), FILE_NOT_FOUND);
    EXPECT(XamContentSetThumbnail(0, &content, "picture", 7, 0), 0);
    EXPECT(XamContentGetThumbnail(0, &content, 0, &size, 0), 0);
    EXPECT(size, 7);
    EXPECT(XamContentGetThumbnail(0, &content, picture, &size, 0), 0);
    EXPECT(memcmp(picture, "picture", 7), 0);
    EXPECT(XamContentGetCreator(0, &content, &own, &maker, 0), 0);
    EXPECT(own, 1);
    EXPECT(XamUserGetXUID(0, 7, &xuid), 0);
    EXPECT(maker == xuid, 1);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(delete("three"), 0);
}

static void no_way_out(void) {
    uint32_t done;
    EXPECT(create("s", "..\\x", CREATE_NEW, &done), INVALID_NAME);
    EXPECT(create("s", "x=header", CREATE_NEW, &done), INVALID_NAME);
    EXPECT(create("..", "x", CREATE_NEW, &done), INVALID_NAME);
    EXPECT(create("game", "x", OPEN_ALWAYS, &done), ALREADY_EXISTS);
    EXPECT(create("s", "x", OPEN_ALWAYS, &done), 0);
    EXPECT(write_file("s:\\..\\y", "out", 3) >> 31, 1);
    EXPECT(write_file("s:\\..\\x=header", "out", 3) >> 31, 1);
    EXPECT(write_file("s:\\a=b", "out", 3) >> 31, 1);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(delete("x"), 0);
}

static void in_the_background(void) {
    struct content content = save_named("four");
    struct overlapped overlapped = {0};
    uint32_t done = 9, length = 9;
    NtCreateEvent(&overlapped.event, 0, MANUAL_EVENT, 0);
    EXPECT(XamContentCreate(0, "s", &content, OPEN_EXISTING, &done, 0, &overlapped), IO_PENDING);
    EXPECT(done, 0);
    EXPECT(wait_handle(overlapped.event, &long_wait), SUCCESS);
    EXPECT(overlapped.result, FUNCTION_FAILED);
    EXPECT(overlapped.extended, 0x80070003);
    EXPECT(XamContentCreate(0, "s", &content, CREATE_NEW, &done, 0, &overlapped), IO_PENDING);
    EXPECT(wait_handle(overlapped.event, &long_wait), SUCCESS);
    EXPECT(overlapped.result, 0);
    EXPECT(overlapped.length, CREATED);
    EXPECT(XamContentClose("s", &overlapped), IO_PENDING);
    EXPECT(XamGetOverlappedResult(&overlapped, &length, 1), 0);
    EXPECT(delete("four"), 0);
    NtClose(overlapped.event);
}

static void of_titles(void) {
    static struct content_of_title found;
    uint32_t done, handle = 0, count = 9, *body = 0;
    EXPECT(sizeof found, 0x200);
    EXPECT(create("s", "song", CREATE_NEW, &done), 0);
    EXPECT(write_file("s:\\a", "la", 2), SUCCESS);
    EXPECT(XamContentClose("s", 0), 0);
    EXPECT(content_of_titles(0, 1, &handle), 0);
    EXPECT(XamGetPrivateEnumStructureFromHandle(handle, &body), SUCCESS);
    uint32_t next[7] = {0, 0, (uint32_t)(body + 6), (uint32_t)&found, sizeof found, 1, (uint32_t)&count};
    EXPECT(XMsgInProcessCall(0xFE, body[1], (uint32_t)next, sizeof next), 0);
    EXPECT(count, 1);
    EXPECT(found.content.kind, 1);
    EXPECT(memcmp(found.content.file, "song", 5), 0);
    EXPECT(XMsgInProcessCall(0xFE, body[1], (uint32_t)next, sizeof next), 0x80070012);
    EXPECT(count, 0);
    ObDereferenceObject(body);
    NtClose(handle);
    found.content = save_named("song");
    XamUserGetXUID(0, 7, &found.xuid);
    found.title = 0xFFFFFFFF;
    EXPECT(XamContentCreateInternal("s", &found, OPEN_EXISTING, &done, 0, 0, 0, 0), 0);
    EXPECT(is_text("s:\\a", "la"), 1);
    EXPECT(XamContentClose("s", 0), 0);
    found.title = 0x12345678;
    EXPECT(XamContentCreateInternal("s", &found, OPEN_EXISTING, &done, 0, 0, 0, 0), ACCESS_DENIED);
    EXPECT(XamContentDeleteInternal(&found, 0), ACCESS_DENIED);
    found.title = 0;
    EXPECT(XamContentDeleteInternal(&found, 0), 0);
}

SUBJECT(content, {"saved_and_found", saved_and_found}, {"made_anew", made_anew}, {"listed", listed},
        {"pictures_and_makers", pictures_and_makers}, {"no_way_out", no_way_out},
        {"in_the_background", in_the_background}, {"of_titles", of_titles});
