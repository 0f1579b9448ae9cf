// The second executable of the retail title: checks what the first one has left. The exit code counts what is wrong.
#include "retail.h"

int main(void) {
    struct launch_data data = {0};
    uint32_t size = 0;
    char save[8];
    EXPECT(XamLoaderGetLaunchDataSize(&size), 0);
    EXPECT(size, sizeof data);
    EXPECT(XamLoaderGetLaunchData(&data, sizeof data), 0);
    EXPECT(data.magic, LAUNCH_MAGIC);
    EXPECT(data.frames, 30);
    for (uint32_t i = 0; i < 6; i++) EXPECT(data.words[i], i * 0x01010101);
    // The save of the first start is there.
    struct content content = {.device = 1, .kind = 1, .name = {'S'}, .file = "progress"};
    uint32_t done = 9;
    EXPECT(XamContentCreate(0, "save", &content, OPEN_EXISTING, &done, 0, 0), 0);
    EXPECT(read_file("save:\\level", save, sizeof save), 3);
    EXPECT(memcmp(save, "one", 3), 0);
    EXPECT(XamContentClose("save", 0), 0);
    DbgPrint("retail: second executable, %u faults\n", faults);
    return (int)faults;
}
