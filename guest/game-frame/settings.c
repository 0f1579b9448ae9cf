#include "settings.h"
#include "kernel.h"
#include "runtime.h"
#include "text_file.h"

enum { TEXT_BYTES = 2048 };

// A small frame, as the golden run has it.
Settings settings = {
    .width = 320, .height = 192, .samples = 2, .draws = 48, .casters = 12, .prepass = 8, .shadow_side = 128,
    .textures = 12, .texture_side = 32, .streamed = 1, .shaders = 4, .section = 2, .queries = 4, .copies = 4,
    .figures = 2, .particles = 32, .banner = 8,
};

static const struct {
    const char *name;
    uint32_t *value, least, most;
} rows[] = {
    {"width", &settings.width, 160, 1280},
    {"height", &settings.height, 64, 720},
    {"samples", &settings.samples, 1, 4},
    {"draws", &settings.draws, 1, 4096},
    {"casters", &settings.casters, 0, 4096},
    {"prepass", &settings.prepass, 0, 4096},
    {"shadow_side", &settings.shadow_side, 64, 1024},
    {"textures", &settings.textures, 1, 256},
    {"texture_side", &settings.texture_side, 32, 256},
    {"streamed", &settings.streamed, 0, 8},
    {"shaders", &settings.shaders, 1, 64},
    {"section", &settings.section, 1, 1000000},
    {"queries", &settings.queries, 0, 64},
    {"copies", &settings.copies, 3, 32},
    {"figures", &settings.figures, 0, 64},
    {"particles", &settings.particles, 0, 8192},
    {"banner", &settings.banner, 2, 128},
};

static uint32_t limited(uint32_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : value;
}

static int is_name(char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
}

// Reads a line; returns its end.
static const char *read_line(const char *at, const char *end) {
    char name[24];
    uint32_t length = 0, value = 0, digits = 0;
    while (at < end && *at == ' ') at++;
    while (at < end && is_name(*at) && length < sizeof name - 1) name[length++] = *at++;
    name[length] = 0;
    while (at < end && *at == ' ') at++;
    // Nine digits can't overflow.
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (digits++ < 9) value = value * 10 + (uint32_t)(*at - '0');
    while (at < end && *at != '\n') at++;
    if (length == 0) return at;
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strlen(rows[i].name) != length || memcmp(rows[i].name, name, length) != 0) continue;
        if (digits > 0) *rows[i].value = limited(value, rows[i].least, rows[i].most);
        return at;
    }
    DbgPrint("game-frame.txt: unknown setting %s\n", name);
    return at;
}

void read_settings(void) {
    static char text[TEXT_BYTES];
    uint32_t length = read_text("game-frame.txt", text, sizeof text);
    for (const char *at = text, *end = text + length; at < end; at++) at = read_line(at, end);
    // Copies and surfaces have whole tiles; halves, quarters and
    // eighths of the height are whole, too.
    settings.width -= settings.width % 160;
    settings.height -= settings.height % 16;
    settings.shadow_side -= settings.shadow_side % 32;
    if (settings.samples == 3) settings.samples = 2;
    while (settings.texture_side & (settings.texture_side - 1)) settings.texture_side &= settings.texture_side - 1;
    if (settings.casters > settings.draws) settings.casters = settings.draws;
    if (settings.prepass > settings.draws) settings.prepass = settings.draws;
}
