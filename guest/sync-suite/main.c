// Runs every case once, says how each came out, and returns how many failed.
#include "suite.h"

#ifndef SUBJECTS
#define SUBJECTS "subjects.inc"
#endif

#define SUBJECT_OF(id) extern const struct subject subject_##id;
#include SUBJECTS
#undef SUBJECT_OF

#define SUBJECT_OF(id) &subject_##id,
static const struct subject *const subjects[] = {
#include SUBJECTS
};

static struct {
    uint32_t line, got, expected;
} difference;

void expect_at(uint32_t line, uint32_t got, uint32_t expected) {
    if (got == expected || difference.line) return;
    difference.line = line;
    difference.got = got;
    difference.expected = expected;
}

int main(void) {
    int cases = 0, failed = 0;
    set_pace();
    for (uint32_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        const struct subject *subject = subjects[i];
        for (uint32_t j = 0; j < subject->count; j++) {
            difference.line = 0;
            subject->cases[j].run();
            cases++;
            if (!difference.line) {
                DbgPrint("%s.%s ok\n", subject->name, subject->cases[j].name);
                continue;
            }
            failed++;
            DbgPrint("%s.%s FAIL got %08X expected %08X (line %u)\n", subject->name, subject->cases[j].name,
                     difference.got, difference.expected, difference.line);
        }
    }
    DbgPrint("%d cases, %d failed\n", cases, failed);
    return failed;
}
