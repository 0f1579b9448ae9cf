// A title that starts and runs as retail titles do: constructors before main, variables and a library as imports, structured and C++
// exceptions, thread-local storage, seven threads, sound callbacks, a stream of XMA, asynchronous reads of two threads,
// notifications, a controller that is unplugged, a sign-in, a save at the first start, an achievement of those in its resource, and
// a second executable that gets launch data. The exit code counts what is wrong.
//
// Settings say what the machine has: `downloads` and `update`, `language`, and `pad` if a controller comes while it runs.
#include "../gpu/gpu.h"
#include "retail.h"
#include "settings.h"

enum { FRAMES = 30, WIDTH = 320, HEIGHT = 180, BLOCK = 0x4000, BLOCKS = 8, SOUNDS = 40, SAMPLES = 256, CHANNELS = 6 };

// An update changes it.
const volatile uint32_t version[4] = {0x76657273, 0x696F6E3A, 1, 0};

extern volatile uint32_t *const XboxHardwareInfo, *const XexExecutableModuleHandle, *const KeTimeStampBundle;
uint32_t retail_loads(void);
uint32_t retail_checksum(const uint8_t *bytes, uint32_t size);
uint32_t XAudioRegisterRenderDriverClient(const void *description, uint32_t *client);
uint32_t XAudioUnregisterRenderDriverClient(uint32_t client);
uint32_t XAudioSubmitRenderDriverFrame(uint32_t client, const float *frame);
uint32_t XeKeysConsolePrivateKeySign(const uint8_t digest[20], uint8_t *signature);
uint32_t XeKeysConsoleSignatureVerification(const uint8_t digest[20], const uint8_t *signature, uint32_t *is_own);
void exceptions(void);
uint32_t stream_thread(uint32_t unused);

static volatile uint32_t polling = 1, signed_in, unplugged, plugged, changes, played;

// Constructors of static objects: the start-up code of a title calls what is between the ends of a table of their addresses.
static uint32_t constructed, order[2];
static void construct(uint32_t value) { order[constructed++] = value; }
static void construct_first(void) { construct(11); }
static void construct_second(void) { construct(22); }
typedef void constructor(void);
#define CONSTRUCTOR __attribute__((section("constructors"), used)) static constructor *const
CONSTRUCTOR first = construct_first;
CONSTRUCTOR second = construct_second;
extern constructor *const __start_constructors[], *const __stop_constructors[];

static void run_constructors(void) {
    for (constructor *const *each = __start_constructors; each < __stop_constructors; each++) (*each)();
    EXPECT(constructed, 2);
    EXPECT(order[0] + order[1], 33);
}

// The console's signature of a digest, as the library for the utility drive makes and verifies it.
static void sign(void) {
    static uint8_t digest[20], signature[0x228];
    uint32_t is_own = 0;
    EXPECT(XeKeysConsolePrivateKeySign(digest, signature), 1);
    EXPECT(XeKeysConsoleSignatureVerification(digest, signature, &is_own), 1);
    EXPECT(is_own, 1);
    digest[0] = 1;
    EXPECT(XeKeysConsoleSignatureVerification(digest, signature, &is_own), 0);
}

static void imports(void) {
    EXPECT(((volatile uint8_t *)XboxHardwareInfo)[4], 6);
    EXPECT(*XexExecutableModuleHandle != 0, 1);
    uint32_t before = KeTimeStampBundle[4];
    sleep_ms(2);
    EXPECT(KeTimeStampBundle[4] > before, 1);
    EXPECT(retail_loads(), 1);
    EXPECT(retail_checksum((const uint8_t *)"abc", 3), ((31 + 'a') * 31 + 'b') * 31 + 'c');
}

// The thread's own copy of the template.
static volatile uint32_t *thread_local(void) {
    volatile uint32_t *const *region;
    __asm__ volatile("mr %0, 13" : "=r"(region));
    return region[0];
}

static uint32_t open_data(void) {
    static const char path[] = "game:\\data.bin";
    struct {
        uint16_t length, room;
        const char *text;
    } string = {sizeof path - 1, sizeof path, path};
    struct {
        uint32_t root;
        void *name;
        uint32_t flags;
    } attributes = {0, &string, 0x40};
    uint32_t file = 0, status[2];
    // Asynchronous: no synchronous option.
    uint32_t result = create_file(&file, 0x80100000, &attributes, status, 0, 0, 7, 1, 0x40);
    EXPECT(result, SUCCESS);
    return result == SUCCESS ? file : 0;
}

// Reads every other block, and compares it with what the host has written: byte i is i * 7 + i / 256.
static uint32_t reader(uint32_t number) {
    static uint8_t blocks[2][BLOCK];
    uint8_t *block = blocks[number];
    volatile uint32_t *local = thread_local();
    EXPECT(local[0], 0x544C5331);
    EXPECT(local[1], 7);
    local[1] = number + 100;
    uint32_t file = open_data(), event = 0, wrong = 0;
    if (!file) return 1;
    EXPECT(NtCreateEvent(&event, 0, 1, 0), SUCCESS);
    for (uint32_t index = number; index < BLOCKS; index += 2) {
        volatile uint32_t status[2] = {0x103, 0};
        int64_t offset = (int64_t)index * BLOCK;
        uint32_t result = NtReadFile(file, event, 0, 0, (void *)status, block, BLOCK, &offset);
        if (result != SUCCESS) EXPECT(result, 0x103);
        EXPECT(wait_handle(event, &long_wait), SUCCESS);
        EXPECT(status[0], SUCCESS);
        EXPECT(status[1], BLOCK);
        for (uint32_t i = 0; i < BLOCK; i++) {
            uint32_t at = index * BLOCK + i;
            wrong += block[i] != (uint8_t)(at * 7 + at / 256);
        }
    }
    EXPECT(wrong, 0);
    EXPECT(local[1], number + 100);
    NtClose(event);
    NtClose(file);
    return 0;
}

static uint32_t sound_client, sound_done;
static float sound_frame[CHANNELS][SAMPLES];

static void sound_wanted(const uint32_t *context) {
    (void)context;
    if (played == SOUNDS) return;
    for (uint32_t i = 0; i < SAMPLES; i++) sound_frame[0][i] = (float)(int)(i % 64 - 32) / 64;
    XAudioSubmitRenderDriverFrame(sound_client, &sound_frame[0][0]);
    if (++played == SOUNDS) NtSetEvent(sound_done, 0);
}

static uint32_t player(uint32_t unused) {
    static const struct {
        void (*callback)(const uint32_t *);
        uint32_t context;
    } description = {sound_wanted, 1};
    (void)unused;
    EXPECT(NtCreateEvent(&sound_done, 0, 1, 0), SUCCESS);
    EXPECT(XAudioRegisterRenderDriverClient(&description, &sound_client), 0);
    EXPECT(wait_handle(sound_done, &long_wait), SUCCESS);
    EXPECT(XAudioUnregisterRenderDriverClient(sound_client), 0);
    NtClose(sound_done);
    return 0;
}

// Polls notifications until the main loop ends.
static uint32_t listener_thread(uint32_t unused) {
    (void)unused;
    uint32_t listener = create_listener(1, 0), id, parameter;
    EXPECT(listener != 0, 1);
    while (polling) {
        while (XNotifyGetNext(listener, 0, &id, &parameter)) {
            signed_in += id == 0xA && parameter != 0;
            changes += id == 0x12;
        }
        sleep_ms(4);
    }
    NtClose(listener);
    return 0;
}

// No controller is there at the start; the title asks again and again. A player plugs one in, and presses A.
static uint32_t pads(uint32_t unused) {
    (void)unused;
    struct pad_state state;
    while (polling) {
        for (uint32_t user = 0; user < 4; user++) {
            uint32_t result = XamInputGetState(user, 1, &state);
            unplugged += result == NOT_CONNECTED && !plugged;
            plugged += result == 0 && user == 0 && state.buttons == 0x1000;
        }
        sleep_ms(8);
    }
    return 0;
}

static void first_screen(void) {
    EXPECT(XGetLanguage(), setting("language", 1));
    EXPECT(XamUserGetSigninState(0), 1);
    EXPECT(XamShowSigninUI(1, 0), 0);
    struct content content = {.device = 1, .kind = 1, .name = {'S'}, .file = "progress"};
    uint32_t done = 9;
    EXPECT(XamContentCreate(0, "save", &content, OPEN_ALWAYS, &done, 0, 0), 0);
    EXPECT(done, CREATED);
    EXPECT(write_file("save:\\level", "one", 3), SUCCESS);
    EXPECT(XamContentClose("save", 0), 0);
}

static void downloads(void) {
    static struct content found[4];
    uint32_t size = 0, handle = 0, count = 0;
    if (XamContentCreateEnumerator(0xFE, 0, 2, 0, 4, &size, &handle) == 0) {
        XamEnumerate(handle, 0, found, sizeof found, &count, 0);
        NtClose(handle);
    }
    EXPECT(count, setting("downloads", 0));
    if (count) {
        uint32_t done = 9;
        char text[8];
        EXPECT(XamContentCreate(0xFE, "more", &found[0], OPEN_EXISTING, &done, 0, 0), 0);
        EXPECT(read_file("more:\\map.bin", text, sizeof text), 3);
        EXPECT(memcmp(text, "map", 3), 0);
        EXPECT(XamContentClose("more", 0), 0);
    }
}

// Flags of the first achievement, of those that the title's resource names.
static uint32_t achievement(void) {
    struct {
        uint32_t id;
        const uint16_t *texts[3];
        uint32_t image, score, time[2], flags;
    } details = {0};
    uint32_t size = 0, handle = 0, count = 0;
    EXPECT(create_achievements(0, 0, 0, 0, 1, &size, &handle), 0);
    EXPECT(XamEnumerate(handle, 0, &details, sizeof details, &count, 0), 0);
    NtClose(handle);
    EXPECT(details.id, 1);
    EXPECT(details.score, 10);
    return details.flags;
}

static void achieve(void) {
    enum { EARNED = 0x20000 };
    uint32_t pairs[2] = {0, 1}, buffer[2] = {1, (uint32_t)pairs};
    EXPECT(achievement() & EARNED, 0);
    EXPECT(XMsgInProcessCall(0xFB, 0xB0008, (uint32_t)buffer, sizeof buffer), 0);
    EXPECT(achievement() & EARNED, EARNED);
}

static void main_loop(void) {
    Commands commands;
    Front front = {.width = WIDTH, .height = HEIGHT};
    gpu_start();
    gpu_allocate(&front.memory, WIDTH * ((HEIGHT + 31) / 32 * 32) * 4);
    commands_allocate(&commands, 0x100);
    for (uint32_t frame = 1; frame <= FRAMES; frame++) {
        uint32_t *pixels = front.memory.at;
        for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = 0xFF000000 | frame * 0x040208;
        commands_begin(&commands);
        emit(&commands, 0x80000000);
        gpu_submit(&commands, &front, frame);
        gpu_wait_for_fence(frame);
        gpu_wait_for_blank();
        if (frame == 5) achieve();
    }
}

int main(void) {
    set_pace();
    EXPECT(version[2], setting("update", 1));
    run_constructors();
    imports();
    exceptions();
    sign();
    uint32_t threads[6] = {
        start(reader, 0, ON(1)), start(reader, 1, ON(2)),          start(player, 0, ON(3)),
        start(pads, 0, ON(4)),   start(listener_thread, 0, ON(5)), start(stream_thread, 0, ON(3)),
    };
    first_screen();
    downloads();
    main_loop();
    uint32_t pad = setting("pad", 0);
    for (int tries = 0; tries < 1000 && (played != SOUNDS || (pad && !(plugged && changes))); tries++) sleep_ms(1);
    polling = 0;
    for (int i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(played, SOUNDS);
    EXPECT(unplugged > 0, 1);
    EXPECT(plugged > 0, pad);
    if (pad) EXPECT(changes > 0, 1);
    EXPECT(signed_in > 0, 1);
    DbgPrint("retail: first executable, version %u, %u faults\n", version[2], faults);
    if (faults) return (int)faults;
    struct launch_data data = {.magic = LAUNCH_MAGIC, .frames = FRAMES};
    for (uint32_t i = 0; i < 6; i++) data.words[i] = i * 0x01010101;
    EXPECT(XamLoaderSetLaunchData(&data, sizeof data), 0);
    XamLoaderLaunchTitle("game:\\second.xex", 0);
    return 99;
}
