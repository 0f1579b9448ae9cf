// Litmus tests: a few threads' accesses to shared variables, and what may not come of them.
#pragma once
#include <stdint.h>

// Value that a thread has loaded, or whether its conditional store was done.
struct seen {
    uint32_t a, b;
};

// The variables of one round, each in a line of its own: x, y and z. `w` is the word
// after x, `v` another in x's line.
enum { LINE = 128, AT_W = 4, AT_V = 64, AT_Y = LINE, AT_Z = 2 * LINE, CELL = 3 * LINE };

typedef void part(uint8_t *cell, struct seen *seen);

enum verdict {
    ALLOWED,
    FORBIDDEN,
    // Hardware forbids it; this machine promises that only when plain stores end reservations, too.
    STRICT,
};

enum { PARTS = 4, FIELDS = 4 };

struct litmus {
    const char *name;
    part *parts[PARTS];
    // The outcomes in question: "1a=1,1b=0" is what the second thread has in a and b, "x=2" what is
    // in x at the end; alternatives, with the same fields, are divided by |.
    const char *outcomes;
    enum verdict verdict;
};

extern const struct litmus litmus_tests[];
extern const uint32_t litmus_count;
