// See driver.h. `main` runs the program some times, prints the answer, and says on standard error
// what CPU time the process took.
#include "driver.h"
#include <time.h>

static uint32_t answer = 2166136261u, exact = 2166136261u;
static uint32_t state = 2463534242u;

// FNV-1a.
static uint32_t sum_of(uint32_t sum, const void *bytes, size_t size) {
    const uint8_t *b = bytes;
    while (size--) sum = (sum ^ *b++) * 16777619u;
    return sum;
}

void fold(const void *bytes, size_t size) { answer = sum_of(answer, bytes, size); }

void fold_number(uint64_t value) {
    for (int i = 0; i < 8; i++, value >>= 8) {
        uint8_t byte = (uint8_t)value;
        fold(&byte, 1);
    }
}

void fold_bits(const void *bytes, size_t size) { exact = sum_of(exact, bytes, size); }

uint32_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static const char *const words[] = {
    "the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "on", "are", "as", "with", "his", "they",
    "at", "be", "this", "from", "have", "or", "by", "one", "had", "not", "but", "what", "all", "were", "when", "we",
    "there", "can", "an", "your", "which", "their", "said", "if", "do", "will", "each", "about", "how", "up", "out",
    "them", "then", "she", "many", "some", "these", "would", "other", "into", "has", "more", "two", "like", "him",
    "see", "time", "could", "no", "make", "than", "first", "been", "its", "who", "now", "people", "my", "made",
    "over", "did", "down", "only", "way", "find", "use", "may", "water", "long", "little", "very", "after", "words",
    "called", "just", "where", "most", "know", "machine", "register", "emulator", "instruction", "console", "picture",
};

static const char *word(void) {
    // Short words are frequent: the smaller of two random places.
    uint32_t count = sizeof words / sizeof *words, a = next_random() % count;
    uint32_t b = next_random() % count;
    return words[a < b ? a : b];
}

void make_text(char *to, size_t size) {
    size_t at = 0;
    uint32_t left = 8;
    while (at < size) {
        const char *next = word();
        for (size_t i = 0; next[i] && at < size; i++) to[at++] = next[i];
        if (at < size) {
            to[at++] = --left ? ' ' : '\n';
            if (!left) left = 5 + next_random() % 10;
        }
    }
}

void make_records(char *to, size_t size) {
    size_t at = 0;
    char line[160];
    for (uint32_t number = 1; at < size; number++) {
        // One after the other: compilers differ in the order of arguments.
        const char *name[5];
        uint32_t n[5];
        for (int i = 0; i < 5; i++) name[i] = word(), n[i] = next_random();
        int length = snprintf(line, sizeof line, "%u;%s-%s@%s.example;%u-%02u-%02u;%u.%02u;%s %s\n", number, name[0],
                              name[1], name[2], 1990 + n[0] % 30, 1 + n[1] % 12, 1 + n[2] % 28, n[3] % 5000,
                              n[4] % 100, name[3], name[4]);
        size_t part = (size_t)length < size - at ? (size_t)length : size - at;
        memcpy(to + at, line, part);
        at += part;
    }
}

void make_picture(uint8_t *rgb, uint32_t width, uint32_t height) {
    // Soft gradients, a few discs with edges, and a little noise.
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++, rgb += 3) {
            uint32_t r = x * 255 / width, g = y * 255 / height, b = (x + y) * 127 / (width + height) + 64;
            for (uint32_t disc = 0; disc < 5; disc++) {
                int32_t dx = (int32_t)x - (int32_t)(width * (disc * 37 % 10 + 1) / 12);
                int32_t dy = (int32_t)y - (int32_t)(height * (disc * 23 % 10 + 1) / 12);
                int32_t radius = (int32_t)(width / (6 + disc));
                if (dx * dx + dy * dy < radius * radius) r = 255 - r, g = disc * 50, b ^= 0x60;
            }
            uint32_t noise = next_random();
            rgb[0] = (uint8_t)((r * 15 + (noise & 15)) >> 4);
            rgb[1] = (uint8_t)((g * 15 + (noise >> 8 & 15)) >> 4);
            rgb[2] = (uint8_t)((b * 15 + (noise >> 16 & 15)) >> 4);
        }
    }
}

void make_sound(int16_t *to, size_t samples) {
    // Four resonators in fixed point, struck now and then.
    static const int32_t turn[4] = {32700, 32400, 31300, 28000};
    int64_t now[4] = {0}, before[4] = {0};
    for (size_t i = 0; i < samples; i++) {
        if (i % 4000 == 0) now[next_random() % 4] += 3000;
        int64_t sum = (int64_t)(next_random() % 64) - 32;
        for (int voice = 0; voice < 4; voice++) {
            int64_t next = ((2 * turn[voice] * now[voice] - 32750 * before[voice]) >> 15);
            before[voice] = now[voice];
            now[voice] = next;
            sum += next;
        }
        to[i] = (int16_t)(sum > 32000 ? 32000 : sum < -32000 ? -32000 : sum);
    }
}

void *need_memory(size_t size) {
    void *memory = malloc(size);
    need(memory != NULL, "memory");
    return memory;
}

void need(int condition, const char *what) {
    if (condition) return;
    printf("failed: %s\n", what);
    exit(1);
}

int main(void) {
    struct timespec time;
    for (int i = 0; i < REPEATS; i++) program();
    printf("answer %08x exact %08x\n", answer, exact);
    fflush(stdout);
    // Nobody tells a title: there the time is the bench's own.
    if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time))
        fprintf(stderr, "cpu %lld\n", (long long)time.tv_sec * 1000000000 + time.tv_nsec);
    return 0;
}
