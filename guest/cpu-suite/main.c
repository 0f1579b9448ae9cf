// Runs every kernel once and compares its answer with the known one; returns how many were wrong.
#include "report.h"
#include "suite.h"

struct entry {
    const char *name;
    uint32_t (*run)(uint32_t rounds);
    uint32_t rounds;
};

#define ENTRY(name, rounds) {#name, kernel_##name, rounds},
static const struct entry entries[] = {FOR_EACH_KERNEL(ENTRY)};

// Same order as FOR_EACH_KERNEL.
#define ANSWER(name, value) value,
static const uint32_t answers[] = {
#include "answers.inc"
};

_Static_assert(sizeof answers / sizeof *answers == sizeof entries / sizeof *entries,
               "every kernel has an answer");

int main(void) {
    int wrong = 0;
    for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++) {
        uint32_t answer = entries[i].run(entries[i].rounds);
        int is_right = answer == answers[i];
        report_line(entries[i].name, answer, is_right);
        wrong += !is_right;
    }
    return wrong;
}
