// Requests on files that are not synchronous: unbuffered ones return PENDING, and their end is told by status block, event,
// file object, asynchronous call and completion port. Whether they are over by then is the machine's business. Buffered ones
// end in their calls, and are told of in the same ways.
#include "suite.h"

enum { PENDING = 0x103, CANCELLED = 0xC0000120, END_OF_FILE = 0xC0000011 };
enum { OVERWRITE_OR_CREATE = 5, UNBUFFERED = 8, NO_DIRECTORY = 0x40 };
enum { COMPLETION_INFORMATION = 30 };
#define READ_AND_WRITE 0xC0000000u
#define CASE_INSENSITIVE 0x40u
#define UNTOUCHED 0x55555555u

// Requests under way at once, and bytes of each: a sector.
enum { PLACES = 8, BYTES = 512 };

struct request {
    uint32_t event;
    volatile uint32_t status[2];
    int64_t offset;
    uint32_t words[BYTES / 4];
};

static struct {
    volatile uint32_t calls, context, status_block;
} seen;

static void note(uint32_t context, uint32_t status_block, uint32_t reserved) {
    (void)reserved;
    seen.calls++;
    seen.context = context;
    seen.status_block = status_block;
}

// An empty file on a scratch disk; 0 where that fails.
static uint32_t open_as(const char *path, uint32_t options) {
    uint32_t file = 0, status[2];
    struct {
        uint16_t length, room;
        const char *text;
    } string = {strlen(path), strlen(path) + 1, path};
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &string, CASE_INSENSITIVE};
    if (create_file(&file, READ_AND_WRITE, &attributes, status, 0, 0, 7, OVERWRITE_OR_CREATE, options) != 0)
        return 0;
    return file;
}

static uint32_t open(const char *path) { return open_as(path, NO_DIRECTORY | UNBUFFERED); }

static void prepare(struct request *request, uint32_t index, uint32_t seed) {
    request->status[0] = request->status[1] = UNTOUCHED;
    request->offset = (int64_t)index * BYTES;
    for (uint32_t i = 0; i < BYTES / 4; i++) request->words[i] = seed ? (index + 1) * seed + i : 0;
}

static uint32_t write_at(uint32_t file, struct request *request) {
    return NtWriteFile(file, request->event, 0, 0, request->status, request->words, BYTES, &request->offset);
}

static uint32_t read_at(uint32_t file, struct request *request) {
    return NtReadFile(file, request->event, 0, 0, request->status, request->words, BYTES, &request->offset);
}

static uint32_t ended(struct request *request) {
    if (wait_handle(request->event, &long_wait) != SUCCESS) return UNTOUCHED;
    return request->status[1] == BYTES ? request->status[0] : UNTOUCHED;
}

// Writes records, several at a time, and reads them back; how many were not as they should be.
static uint32_t round_trip(const char *path, uint32_t seed, uint32_t rounds) {
    struct request requests[PLACES];
    uint32_t wrong = 0, file = open(path);
    if (!file) return 1000;
    for (int i = 0; i < PLACES; i++) NtCreateEvent(&requests[i].event, 0, MANUAL_EVENT, 1);
    for (int reads = 0; reads < 2; reads++) {
        for (uint32_t round = 0; round < rounds; round++) {
            for (int i = 0; i < PLACES; i++) {
                struct request *request = &requests[i];
                prepare(request, round * PLACES + i, reads ? 0 : seed);
                wrong += (reads ? read_at(file, request) : write_at(file, request)) != PENDING;
            }
            for (int i = 0; i < PLACES; i++) {
                wrong += ended(&requests[i]) != SUCCESS;
                for (uint32_t word = 0; word < BYTES / 4; word++) {
                    wrong += requests[i].words[word] != (round * PLACES + i + 1) * seed + word;
                }
            }
        }
    }
    for (int i = 0; i < PLACES; i++) NtClose(requests[i].event);
    NtClose(file);
    return wrong;
}

static void written_and_read(void) { EXPECT(round_trip("cache:\\sync-suite", 0x01000193, 20), 0); }

static uint32_t round_trips(uint32_t number) {
    char path[] = "cache:\\sync-suite-0";
    path[sizeof path - 2] += number;
    return round_trip(path, 0x01000193 + 2 * number, 10);
}

static void six_threads(void) {
    uint32_t threads[6];
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(round_trips, i, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
}

static void told_in_each_way(void) {
    struct request request = {0};
    struct header nobody;
    uint32_t port, key = 0, context = 0, status[2] = {0};
    uint32_t file = open("cache:\\sync-suite");
    EXPECT(file != 0, 1);
    EXPECT(NtCreateIoCompletion(&port, 0, 0, 0), SUCCESS);
    uint32_t completion[2] = {port, 7};
    EXPECT(NtSetInformationFile(file, status, completion, sizeof completion, COMPLETION_INFORMATION), SUCCESS);
    memset((void *)&seen, 0, sizeof seen);
    NtCreateEvent(&request.event, 0, MANUAL_EVENT, 0);
    prepare(&request, 0, 3);
    EXPECT(NtWriteFile(file, request.event, note, (void *)9, request.status, request.words, BYTES, &request.offset),
           PENDING);
    EXPECT(wait_handle(file, &long_wait), SUCCESS);
    EXPECT(ended(&request), SUCCESS);
    EXPECT(seen.calls, 0);
    KeInitializeEvent(&nobody, AUTO_EVENT, 0);
    EXPECT(KeWaitForSingleObject(&nobody, 3, 1, 1, &long_wait), USER_APC);
    EXPECT(seen.calls, 1);
    EXPECT(seen.context, 9);
    EXPECT(seen.status_block, (uint32_t)request.status);
    EXPECT(NtRemoveIoCompletion(port, &key, &context, status, &long_wait), SUCCESS);
    EXPECT(key, 7);
    EXPECT(context, 9);
    EXPECT(status[0], SUCCESS);
    EXPECT(status[1], BYTES);
    // The file has no byte to read: the call makes no request, and only its caller learns of it.
    request.offset = BYTES;
    EXPECT(read_at(file, &request), END_OF_FILE);
    EXPECT(NtRemoveIoCompletion(port, &key, &context, status, &no_wait), TIMEOUT);
    NtClose(request.event);
    NtClose(port);
    NtClose(file);
}

static void buffered_in_the_call(void) {
    struct request request = {0};
    uint32_t file = open_as("cache:\\sync-suite", NO_DIRECTORY);
    EXPECT(file != 0, 1);
    NtCreateEvent(&request.event, 0, MANUAL_EVENT, 0);
    prepare(&request, 0, 7);
    EXPECT(write_at(file, &request), SUCCESS);
    EXPECT(request.status[1], BYTES);
    EXPECT(wait_handle(request.event, &no_wait), SUCCESS);
    prepare(&request, 0, 0);
    EXPECT(read_at(file, &request), SUCCESS);
    EXPECT(request.words[3], 7 + 3);
    NtClose(request.event);
    NtClose(file);
}

static void cancelled_or_done(void) {
    static struct request requests[PLACES];
    uint32_t status[2] = {UNTOUCHED, 0}, wrong = 0, file = open("cache:\\sync-suite");
    EXPECT(file != 0, 1);
    for (int i = 0; i < PLACES; i++) {
        NtCreateEvent(&requests[i].event, 0, MANUAL_EVENT, 0);
        prepare(&requests[i], i, 5);
        wrong += write_at(file, &requests[i]) != PENDING;
    }
    EXPECT(NtCancelIoFile(file, status), SUCCESS);
    EXPECT(status[0], SUCCESS);
    // None is under way any more; nobody is waited for.
    for (int i = 0; i < PLACES; i++) {
        uint32_t end = requests[i].status[0];
        wrong += end != SUCCESS && end != CANCELLED;
        wrong += requests[i].status[1] != (end == SUCCESS ? BYTES : 0);
        wrong += wait_handle(requests[i].event, &no_wait) != SUCCESS;
        NtClose(requests[i].event);
    }
    EXPECT(wrong, 0);
    NtClose(file);
}

static struct request left;

static uint32_t leave_a_write(uint32_t file) {
    prepare(&left, 0, 11);
    return write_at(file, &left);
}

static void written_by_a_thread_that_ends(void) {
    uint32_t file = open("cache:\\sync-suite");
    EXPECT(file != 0, 1);
    NtCreateEvent(&left.event, 0, MANUAL_EVENT, 0);
    EXPECT(join(start(leave_a_write, file, ANYWHERE)), PENDING);
    // It was over before its thread was.
    EXPECT(wait_handle(left.event, &no_wait), SUCCESS);
    EXPECT(left.status[0], SUCCESS);
    prepare(&left, 0, 0);
    EXPECT(read_at(file, &left), PENDING);
    EXPECT(ended(&left), SUCCESS);
    EXPECT(left.words[3], 11 + 3);
    NtClose(left.event);
    NtClose(file);
}

SUBJECT(files, {"written_and_read", written_and_read}, {"six_threads", six_threads},
        {"told_in_each_way", told_in_each_way}, {"buffered_in_the_call", buffered_in_the_call},
        {"cancelled_or_done", cancelled_or_done},
        {"written_by_a_thread_that_ends", written_by_a_thread_that_ends});
