// A driver in a title: a disk in memory whose device the kernel opens, reads and
// writes by the driver's functions.
//
// Writes end at once. Reads are queued, and a thread of the driver ends them later, so that
// synchronous calls wait and asynchronous ones return before their end. Threads use the disk at the
// same time, each by a file of its own. A line that begins with WRONG is a fault; their number is
// the exit code.
#include "kernel.h"
#include "runtime.h"

enum { SUCCESS = 0, PENDING = 0x103 };
#define NO_SUCH_DEVICE 0xC000000Eu
#define INVALID_PARAMETER 0xC000000Du
#define INVALID_DEVICE_REQUEST 0xC0000010u
#define END_OF_FILE 0xC0000011u
#define READ_AND_WRITE 0xC0100000u
enum { OPEN = 1, SYNCHRONOUS = 0x20, NO_DIRECTORY = 0x40, CASE_INSENSITIVE = 0x40 };
enum { CREATE, CLOSE, READ, WRITE, QUERY, SET, FLUSH, QUERY_VOLUME, DIRECTORY, CONTROL, CLEANUP, KINDS };
enum { COUNTS = 0x220000, MANUAL_EVENT = 0, DEVICE_TYPE = 0x22, BEING_MADE = 0x10 };
enum { DISK = 1 << 20, PIECE = 4096, THREADS = 4, ROUNDS = 50 };

uint32_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], void *to, uint32_t length,
                    const int64_t *offset);
uint32_t NtWriteFile(uint32_t file, uint32_t event, void *routine, void *context, uint32_t status[2], const void *from,
                     uint32_t length, const int64_t *offset);
uint32_t NtFlushBuffersFile(uint32_t file, uint32_t status[2]);
uint32_t device_control(uint32_t file, uint32_t status[2], uint32_t code, void *output, uint32_t length);
uint32_t ObCreateSymbolicLink(void *name, void *target);
uint32_t KeSetEvent(void *event, uint32_t increment, uint32_t wait);

struct string {
    uint16_t length, room;
    const char *text;
};

struct location {
    uint8_t major, minor, flags, control;
    uint32_t parameters[4];
    struct device *device;
    uint32_t *file;
    void *routine, *context;
};

struct request {
    uint8_t type, pad;
    uint16_t size;
    uint32_t flags, thread_list[2], status, information;
    uint8_t stack_count, current_location, pending, cancel;
    uint8_t *buffer;
    uint32_t *status_block, *event, overlay[2];
    struct request *next; // the driver's own words
    uint32_t context[3], locked_length, *thread, list[2];
    struct location *location;
    uint32_t *file, cancel_routine;
};

struct device {
    uint16_t type, size;
    uint32_t opens;
    struct driver *driver;
    uint32_t mounted, current, flags, *extension;
};

struct driver {
    void *start;
    void (*delete)(struct device *device);
    uint32_t (*dismount)(struct device *device);
    uint32_t (*functions[KINDS])(struct device *device, struct request *request);
};

uint32_t IoCreateDevice(struct driver *driver, uint32_t extension, void *name, uint32_t type, uint32_t attributes,
                        struct device **device);
void IoDeleteDevice(struct device *device);
void IoCompleteRequest(struct request *request, uint32_t boost);
uint32_t IoInvalidDeviceRequest(struct device *device, struct request *request);

static uint32_t wrongs;

static void expect(const char *what, uint32_t found, uint32_t expected) {
    if (found == expected) return;
    DbgPrint("WRONG: %s: %08x, not %08x\n", what, found, expected);
    __atomic_fetch_add(&wrongs, 1, __ATOMIC_RELAXED);
}

// ---- the driver ----

static uint8_t disk[DISK];
static uint32_t counts[KINDS], deleted;
// Queued reads, newest first; the driver's thread takes all of them at once.
static struct request *queued;
static uint32_t work[4], stopping, stopped;

static void count(uint32_t kind) { __atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED); }

static uint32_t end(struct request *request, uint32_t status, uint32_t information) {
    request->status = status;
    request->information = information;
    IoCompleteRequest(request, 0);
    return status;
}

static uint32_t agree(struct device *device, struct request *request) {
    (void)device;
    uint32_t kind = request->location->major;
    count(kind);
    return end(request, SUCCESS, kind == CREATE ? 1 : 0);
}

static uint32_t create(struct device *device, struct request *request) {
    struct string *name = (struct string *)request->location->parameters[3];
    if (name->length != 6 || memcmp(name->text, "\\level", 6)) {
        count(CREATE);
        return end(request, 0xC0000034, 0);
    }
    expect("the device of the file", request->location->file[1], (uint32_t)device);
    return agree(device, request);
}

// The bytes of the disk that a request is for, or null with the status of its end.
static uint8_t *place(struct request *request, uint32_t *status) {
    struct location *location = request->location;
    uint32_t length = location->parameters[0], at = location->parameters[3];
    *status = location->parameters[2] || at >= DISK ? END_OF_FILE : length > DISK - at ? INVALID_PARAMETER : SUCCESS;
    return *status == SUCCESS ? disk + at : 0;
}

static uint32_t write_disk(struct device *device, struct request *request) {
    (void)device;
    uint32_t status, length = request->location->parameters[0];
    uint8_t *to = place(request, &status);
    count(WRITE);
    if (!to) return end(request, status, 0);
    memcpy(to, request->buffer, length);
    return end(request, SUCCESS, length);
}

static uint32_t read_disk(struct device *device, struct request *request) {
    (void)device;
    count(READ);
    request->location->control |= 1; // as IoMarkIrpPending does
    struct request *first = __atomic_load_n(&queued, __ATOMIC_RELAXED);
    do request->next = first;
    while (!__atomic_compare_exchange_n(&queued, &first, request, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    KeSetEvent(work, 0, 0);
    return PENDING;
}

static uint32_t serve(void *unused) {
    (void)unused;
    while (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
        KeWaitForSingleObject(work, 0, 0, 0, 0);
        for (struct request *request = __atomic_exchange_n(&queued, 0, __ATOMIC_ACQ_REL), *next; request; request = next) {
            next = request->next;
            uint32_t status, length = request->location->parameters[0];
            const uint8_t *from = place(request, &status);
            if (from) memcpy(request->buffer, from, length);
            end(request, status, from ? length : 0);
        }
    }
    __atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
    return 0;
}

static uint32_t control(struct device *device, struct request *request) {
    struct location *location = request->location;
    count(CONTROL);
    if (location->parameters[3] != COUNTS) return end(request, INVALID_DEVICE_REQUEST, 0);
    if (location->parameters[0] < sizeof counts) return end(request, INVALID_PARAMETER, 0);
    expect("the device's own memory", device->extension[0], 0x4F574E20);
    memcpy(request->buffer, counts, sizeof counts);
    return end(request, SUCCESS, sizeof counts);
}

static void delete_device(struct device *device) {
    expect("opens of a deleted device", device->opens, 0);
    deleted++;
}

static struct driver driver;

static struct device *make_device(struct string *name) {
    struct device *device = 0;
    driver.delete = delete_device;
    for (uint32_t kind = 0; kind < KINDS; kind++) driver.functions[kind] = IoInvalidDeviceRequest;
    driver.functions[CREATE] = create;
    driver.functions[READ] = read_disk;
    driver.functions[WRITE] = write_disk;
    driver.functions[CONTROL] = control;
    driver.functions[FLUSH] = driver.functions[CLEANUP] = driver.functions[CLOSE] = agree;
    expect("making the device", IoCreateDevice(&driver, 0x40, name, DEVICE_TYPE, 0, &device), SUCCESS);
    return device;
}

// ---- the title that uses it ----

static struct string string_of(const char *text) {
    uint16_t length = strlen(text);
    return (struct string){length, length + 1, text};
}

static uint32_t open(const char *path, uint32_t options, uint32_t *file) {
    uint32_t status[2];
    struct string name = string_of(path);
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &name, CASE_INSENSITIVE};
    return create_file(file, READ_AND_WRITE, &attributes, status, 0, 0, 7, OPEN, NO_DIRECTORY | options);
}

static uint32_t word_of(uint32_t at, uint32_t salt) { return (at + salt) * 2654435761u; }

static void fill(uint32_t *piece, uint32_t salt) {
    for (uint32_t i = 0; i < PIECE / 4; i++) piece[i] = word_of(i, salt);
}

static uint32_t is_filled(const uint32_t *piece, uint32_t salt) {
    uint32_t i = 0;
    while (i < PIECE / 4 && piece[i] == word_of(i, salt)) i++;
    return i == PIECE / 4;
}

static uint32_t pieces[THREADS][PIECE / 4], done;

// Writes and reads pieces of the disk that are this thread's, by a file of its own.
static uint32_t use(void *argument) {
    uint32_t number = (uint32_t)argument, *piece = pieces[number], file, status[2], event;
    uint32_t is_asynchronous = number & 1;
    expect("opening", open("own:\\level", is_asynchronous ? 0 : SYNCHRONOUS, &file), SUCCESS);
    expect("an event", NtCreateEvent(&event, 0, 0, 0), SUCCESS);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        int64_t at = (number * ROUNDS + round) * PIECE % DISK;
        fill(piece, number * ROUNDS + round);
        expect("writing", NtWriteFile(file, 0, 0, 0, status, piece, PIECE, &at), SUCCESS);
        expect("bytes written", status[1], PIECE);
        memset(piece, 0, PIECE);
        status[0] = 0x77777777;
        uint32_t result = NtReadFile(file, is_asynchronous ? event : 0, 0, 0, status, piece, PIECE, &at);
        if (is_asynchronous) {
            expect("an asynchronous read", result, PENDING);
            expect("waiting for it", NtWaitForSingleObjectEx(round & 1 ? event : file, 1, 0, 0), SUCCESS);
        } else {
            expect("a synchronous read", result, SUCCESS);
        }
        expect("its status", status[0], SUCCESS);
        expect("its bytes", status[1], PIECE);
        expect("what it read", is_filled(piece, number * ROUNDS + round), 1);
    }
    NtClose(event);
    expect("closing", NtClose(file), SUCCESS);
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
    return 0;
}

static void start(uint32_t (*entry)(void *), uint32_t argument) {
    uint32_t handle = 0;
    expect("a thread", ExCreateThread(&handle, 0x10000, 0, 0, entry, (void *)argument, 0), SUCCESS);
    NtClose(handle);
}

int main(void) {
    struct string name = string_of("\\Device\\OwnDisk"), link = string_of("\\??\\own:");
    const int64_t millisecond = -10000, beyond = DISK;
    uint32_t file, status[2], found[KINDS];
    work[0] = 0x01000400; // an event that one waiter takes
    work[2] = work[3] = (uint32_t)&work[2];
    struct device *device = make_device(&name);
    if (wrongs) return wrongs;
    device->extension[0] = 0x4F574E20;
    expect("linking", ObCreateSymbolicLink(&link, &name), SUCCESS);
    expect("a device that is being made", open("own:\\level", SYNCHRONOUS, &file), NO_SUCH_DEVICE);
    device->flags &= ~BEING_MADE;
    expect("another file", open("own:\\other", SYNCHRONOUS, &file), 0xC0000034);
    start(serve, 0);
    for (uint32_t number = 0; number < THREADS; number++) start(use, number);
    while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < THREADS) KeDelayExecutionThread(0, 0, &millisecond);

    expect("opening again", open("\\Device\\OwnDisk\\level", SYNCHRONOUS, &file), SUCCESS);
    expect("reading beyond", NtReadFile(file, 0, 0, 0, status, pieces[0], PIECE, &beyond), END_OF_FILE);
    expect("writing beyond", NtWriteFile(file, 0, 0, 0, status, pieces[0], PIECE, &beyond), END_OF_FILE);
    expect("flushing", NtFlushBuffersFile(file, status), SUCCESS);
    expect("another code", device_control(file, status, 0x12345678, found, sizeof found), INVALID_DEVICE_REQUEST);
    expect("counting", device_control(file, status, COUNTS, found, sizeof found), SUCCESS);
    expect("bytes of the counts", status[1], sizeof found);
    expect("opens", found[CREATE], THREADS + 2);
    expect("reads", found[READ], THREADS * ROUNDS + 1);
    expect("writes", found[WRITE], THREADS * ROUNDS + 1);
    expect("closes", found[CLOSE], THREADS);
    IoDeleteDevice(device);
    expect("a device with an open file", deleted, 0);
    expect("closing the last", NtClose(file), SUCCESS);
    expect("cleanups", counts[CLEANUP], THREADS + 1);
    expect("all closes", counts[CLOSE], THREADS + 1);
    expect("the deleted device", deleted, 1);
    expect("its name", open("own:\\level", SYNCHRONOUS, &file) == SUCCESS, 0);
    __atomic_store_n(&stopping, 1, __ATOMIC_RELEASE);
    KeSetEvent(work, 0, 0);
    while (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE)) KeDelayExecutionThread(0, 0, &millisecond);
    DbgPrint("%u reads and %u writes by a driver of the title's\n", counts[READ], counts[WRITE]);
    return wrongs;
}
