// Runs the litmus tests: each thread on a hardware thread of its own, one round after the other over cells that were
// cleared before, and counts what came of them. The exit code is how many tests saw what the architecture forbids.
//
// A batch of rounds begins and ends with kernel objects. Within it threads meet before each round as well as they can: each
// says where it is and waits for the others, but not for long, for on a host with fewer cores one of them may not run at all.
// Small random delays move their accesses against each other.
//
// Settings: `rounds` of each test; `strict` 1 where the machine says that plain stores end reservations.
#include "litmus.h"
#include "crew.h"

enum { CELLS = 128, MAIN_CPU = 5, SHORT = 64, LONG = 2000, PATIENCE = 8, ROUNDS = 2560, OUTCOMES = 4096 };

static uint8_t cells[CELLS][CELL] __attribute__((aligned(LINE)));
static struct seen results[PARTS][CELLS];
static struct {
    volatile uint32_t at;
    uint8_t rest[LINE - 4];
} progress[PARTS] __attribute__((aligned(LINE)));

static struct {
    const struct litmus *test;
    uint32_t threads, first;
    volatile uint32_t left;
    struct header go[PARTS], done;
} batch;

// Waits until the others are at `round`, for a while; whether they came.
static uint32_t meet(uint32_t me, uint32_t round, uint32_t spins, uint32_t polite) {
    progress[me].at = round;
    for (uint32_t other = 0; other < batch.threads; other++) {
        while ((int32_t)(progress[other].at - round) < 0) {
            if (!spins--) return 0;
            if (polite) pause();
        }
    }
    return 1;
}

static void run_batch(uint32_t me, uint32_t *state) {
    part *part = batch.test->parts[me];
    uint32_t patience = PATIENCE;
    meet(me, batch.first, LONG, 1);
    for (uint32_t i = 0; i < CELLS; i++) {
        if (patience) patience = meet(me, batch.first + i + 1, SHORT, 0) ? PATIENCE : patience - 1;
        for (volatile uint32_t j = random(state) % 8; j; j--) {
        }
        part(cells[i], &results[me][i]);
    }
}

static uint32_t work(uint32_t me) {
    uint32_t state = me * 77 + 1, previous;
    if (KeSetAffinityThread(current_thread(), 1u << me, &previous) != SUCCESS) return 1;
    for (;;) {
        if (wait_for(&batch.go[me], 0) != SUCCESS) return 2;
        if (!batch.test) return 0;
        run_batch(me, &state);
        barrier();
        if (atomic_add(&batch.left, ~0u) == 1) KeSetEvent(&batch.done, 0, 0);
    }
}

// What a test asks about: whose register, or which variable.
struct field {
    uint8_t thread, name;
};
struct question {
    struct field fields[FIELDS];
    uint32_t count;
};

static uint32_t value(const struct field *field, uint32_t cell) {
    const uint8_t *variables = cells[cell];
    switch (field->name) {
        case 'a': return results[field->thread][cell].a;
        case 'b': return results[field->thread][cell].b;
        case 'x': return *(volatile uint32_t *)variables;
        case 'w': return *(volatile uint32_t *)(variables + AT_W);
        case 'v': return *(volatile uint32_t *)(variables + AT_V);
        case 'y': return *(volatile uint32_t *)(variables + AT_Y);
        default: return *(volatile uint32_t *)(variables + AT_Z);
    }
}

// Three bits for each field; all set for what no test stores.
static uint32_t outcome(const struct question *question, uint32_t cell) {
    uint32_t packed = 0;
    for (uint32_t i = 0; i < question->count; i++) {
        uint32_t one = value(&question->fields[i], cell);
        packed = packed << 3 | (one < 7 ? one : 7);
    }
    return packed;
}

// Reads the fields of one alternative and what they are to be; returns where the next one begins, or 0.
static const char *alternative(const char *text, struct question *question, uint32_t *packed) {
    *packed = question->count = 0;
    while (*text && *text != '|') {
        struct field *field = &question->fields[question->count++];
        field->thread = *text >= '0' && *text <= '9' ? (uint8_t)(*text++ - '0') : 0;
        field->name = (uint8_t)*text++;
        text++;
        *packed = *packed << 3 | (uint32_t)(*text++ - '0');
        if (*text == ',') text++;
    }
    return *text ? text + 1 : 0;
}

static void name_outcome(const struct question *question, uint32_t packed, char *to) {
    for (uint32_t i = 0; i < question->count; i++) {
        const struct field *field = &question->fields[i];
        if (i) *to++ = ',';
        if (field->name == 'a' || field->name == 'b') *to++ = (char)('0' + field->thread);
        *to++ = (char)field->name;
        *to++ = '=';
        *to++ = (char)('0' + (packed >> 3 * (question->count - 1 - i) & 7));
    }
    *to = 0;
}

static uint32_t counts[OUTCOMES];

static void collect(const struct litmus *test, const struct question *question, uint32_t rounds) {
    memset(counts, 0, sizeof counts);
    batch.test = test;
    for (uint32_t done = 0; done < rounds; done += CELLS) {
        memset(cells, 0, sizeof cells);
        for (uint32_t i = 0; i < batch.threads; i++) progress[i].at = batch.first - 1;
        batch.left = batch.threads;
        barrier();
        for (uint32_t i = 0; i < batch.threads; i++) KeSetEvent(&batch.go[i], 0, 0);
        wait_for(&batch.done, 0);
        barrier();
        for (uint32_t i = 0; i < CELLS; i++) counts[outcome(question, i)]++;
        batch.first += CELLS + 1;
    }
}

// Whether an outcome is one that the test asks about.
static uint32_t asked(const struct litmus *test, uint32_t packed) {
    struct question question;
    uint32_t wanted;
    for (const char *text = test->outcomes; text;) {
        text = alternative(text, &question, &wanted);
        if (wanted == packed) return 1;
    }
    return 0;
}

// Whether the test saw nothing that is forbidden.
static uint32_t run(const struct litmus *test, uint32_t rounds, uint32_t strict) {
    struct question question;
    uint32_t ignored, seen = 0, wild = 0;
    uint32_t forbidden = test->verdict == FORBIDDEN || (test->verdict == STRICT && strict);
    alternative(test->outcomes, &question, &ignored);
    for (batch.threads = 0; batch.threads < PARTS && test->parts[batch.threads]; batch.threads++) {
    }
    collect(test, &question, rounds);
    for (uint32_t packed = 0; packed < OUTCOMES; packed++) {
        if (!counts[packed]) continue;
        char text[FIELDS * 5 + 1];
        name_outcome(&question, packed, text);
        uint32_t out_of_thin_air = 0;
        for (uint32_t rest = packed; rest; rest >>= 3) out_of_thin_air |= (rest & 7) > 3;
        uint32_t is_asked = asked(test, packed);
        DbgPrint("litmus %s outcome=%s %u%s\n", test->name, text, counts[packed],
                 out_of_thin_air ? " OUT OF THIN AIR" : !is_asked ? "" : forbidden ? " FORBIDDEN" : " reordered");
        if (is_asked) seen += counts[packed];
        if (out_of_thin_air) wild += counts[packed];
    }
    DbgPrint("litmus %s %s %u of %u\n", test->name, forbidden ? "forbidden" : "reordered", seen, rounds);
    return !wild && !(forbidden && seen);
}

int main(void) {
    uint32_t rounds = setting("rounds", ROUNDS), strict = setting("strict", 0), failed = 0, previous;
    uint32_t threads[PARTS];
    rounds = (rounds + CELLS - 1) / CELLS * CELLS;
    KeSetAffinityThread(current_thread(), 1u << MAIN_CPU, &previous);
    KeInitializeEvent(&batch.done, AUTO_EVENT, 0);
    for (uint32_t i = 0; i < PARTS; i++) {
        KeInitializeEvent(&batch.go[i], AUTO_EVENT, 0);
        threads[i] = start(work, i, ON(i));
    }
    batch.first = 1;
    for (uint32_t i = 0; i < litmus_count; i++) failed += !run(&litmus_tests[i], rounds, strict);
    batch.test = 0;
    barrier();
    for (uint32_t i = 0; i < PARTS; i++) {
        KeSetEvent(&batch.go[i], 0, 0);
        failed += join(threads[i]) != 0;
    }
    DbgPrint("%u tests, %u failed\n", litmus_count, failed);
    return (int)failed;
}
