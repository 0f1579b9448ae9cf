// Runs the litmus tests: each thread on a hardware thread of its own, one round after the other
// over cells that were cleared before, and counts what came of them. The exit code is how many
// tests saw what the architecture forbids.
//
// A test's threads keep their processors for the whole test, so that the host finds each one of its
// own; only between tests do they wait for the kernel. They begin a batch of rounds together, and
// meet before each round as well as they can: each says where it is and waits for the others, but
// not for long, for on a host with fewer cores one of them may not run at all. Small random delays
// move their accesses against each other. The first thread clears and counts the cells between
// batches.
//
// Settings: `rounds` of each test; `persist`, rounds after which the first test gives up seeing a
// reordering, and not 0 if tests whose threads did not meet are to go on for a while; `strict` 1
// where the machine says that plain stores end reservations.
#include "litmus.h"
#include "crew.h"

enum {
    CELLS = 1024,
    MAIN_CPU = 5,
    SHORT = 400,
    LONG = 1 << 20,
    PATIENCE = 16,
    ROUNDS = 8192,
    OUTCOMES = 4096,
    PERSISTENCE = 4,
};

static uint8_t cells[CELLS][CELL] __attribute__((aligned(LINE)));
static struct seen results[PARTS][CELLS];
// Where each thread is: the round that it is at, and the last batch that it has finished.
static struct {
    volatile uint32_t at, finished;
    uint8_t rest[LINE - 8];
} progress[PARTS] __attribute__((aligned(LINE)));

static struct {
    const struct litmus *test;
    uint32_t threads, rounds, persist, first, met, done_rounds;
    volatile uint32_t number, over, left;
    struct header go[PARTS], done;
} batch;

// Waits until a word is `wanted` or later. A thread that yields early makes progress in lockstep;
// one that spins first meets the others on a busy host.
static void await(const volatile uint32_t *word, uint32_t wanted) {
    for (uint32_t spins = SHORT;; spins = spins < LONG ? spins * 2 : LONG) {
        for (uint32_t i = 0; i < spins; i++) {
            if ((int32_t)(*word - wanted) >= 0) return;
        }
        pause();
    }
}

// Waits until the others are at `round`, for a while; whether they came.
static uint32_t meet(uint32_t me, uint32_t round) {
    uint32_t spins = SHORT;
    progress[me].at = round;
    for (uint32_t other = 0; other < batch.threads; other++) {
        while ((int32_t)(progress[other].at - round) < 0) {
            if (!spins--) return 0;
        }
    }
    return 1;
}

// Whether nobody is ahead.
static uint32_t together(uint32_t round) {
    uint32_t same = 1;
    for (uint32_t other = 0; other < batch.threads; other++) same &= progress[other].at - round <= 1;
    return same;
}

static void run_batch(uint32_t me, uint32_t *state) {
    part *part = batch.test->parts[me];
    uint32_t patience = PATIENCE, met = 0;
    progress[me].at = batch.first;
    for (uint32_t other = 0; other < batch.threads; other++) await(&progress[other].at, batch.first);
    for (uint32_t i = 0; i < CELLS; i++) {
        uint32_t round = batch.first + i + 1;
        if (patience) patience = meet(me, round) ? PATIENCE : patience - 1;
        if (me == 0) met += patience == PATIENCE && together(round);
        for (volatile uint32_t j = random(state) % 8; j; j--) {
        }
        part(cells[i], &results[me][i]);
    }
    if (me == 0) batch.met += met;
    barrier();
    progress[me].finished = batch.number;
}

static void count_cells(void);
static uint32_t is_enough(void);

static void lead(uint32_t *state) {
    do {
        memset(cells, 0, sizeof cells);
        batch.first += CELLS + 1;
        barrier();
        batch.number++;
        run_batch(0, state);
        for (uint32_t other = 1; other < batch.threads; other++) await(&progress[other].finished, batch.number);
        barrier();
        count_cells();
        batch.done_rounds += CELLS;
    } while (!is_enough());
    batch.over = 1;
    barrier();
    batch.number++;
}

static void follow(uint32_t me, uint32_t *state) {
    for (uint32_t number = progress[me].finished + 1;; number++) {
        await(&batch.number, number);
        barrier();
        if (batch.over) {
            progress[me].finished = number;
            return;
        }
        run_batch(me, state);
    }
}

static uint32_t work(uint32_t me) {
    uint32_t state = me * 77 + 1, previous;
    if (KeSetAffinityThread(current_thread(), 1u << me, &previous) != SUCCESS) return 1;
    for (;;) {
        if (wait_for(&batch.go[me], 0) != SUCCESS) return 2;
        barrier();
        if (!batch.test) return 0;
        if (me) follow(me, &state);
        else lead(&state);
        barrier();
        if (atomic_add(&batch.left, ~0u) == 1) KeSetEvent(&batch.done, 0, 0);
    }
}

// Subject of a condition: a thread's register, or a variable.
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
static uint32_t outcome(const struct question *of, uint32_t cell) {
    uint32_t packed = 0;
    for (uint32_t i = 0; i < of->count; i++) {
        uint32_t one = value(&of->fields[i], cell);
        packed = packed << 3 | (one < 7 ? one : 7);
    }
    return packed;
}

// Reads the fields of one alternative and what they are to be; returns
// where the next one begins, or 0.
static const char *alternative(const char *text, struct question *of, uint32_t *packed) {
    *packed = of->count = 0;
    while (*text && *text != '|') {
        struct field *field = &of->fields[of->count++];
        field->thread = *text >= '0' && *text <= '9' ? (uint8_t)(*text++ - '0') : 0;
        field->name = (uint8_t)*text++;
        text++;
        *packed = *packed << 3 | (uint32_t)(*text++ - '0');
        if (*text == ',') text++;
    }
    return *text ? text + 1 : 0;
}

static void name_outcome(const struct question *of, uint32_t packed, char *to) {
    for (uint32_t i = 0; i < of->count; i++) {
        const struct field *field = &of->fields[i];
        if (i) *to++ = ',';
        if (field->name == 'a' || field->name == 'b') *to++ = (char)('0' + field->thread);
        *to++ = (char)field->name;
        *to++ = '=';
        *to++ = (char)('0' + (packed >> 3 * (of->count - 1 - i) & 7));
    }
    *to = 0;
}

static uint32_t counts[OUTCOMES];
static struct question question;

static void count_cells(void) {
    for (uint32_t i = 0; i < CELLS; i++) counts[outcome(&question, i)]++;
}

static uint32_t is_enough(void) {
    uint32_t rounds = batch.done_rounds, persist = batch.persist;
    if (rounds < batch.rounds) return 0;
    // The first test shows that the others can see anything.
    if (batch.test == litmus_tests && !counts[0] && rounds < persist) return 0;
    // On a busy host threads seldom run at the same time.
    return !persist || batch.met >= batch.rounds || rounds >= batch.rounds * PERSISTENCE;
}

static void collect(const struct litmus *test) {
    memset(counts, 0, sizeof counts);
    batch.test = test;
    batch.met = batch.done_rounds = batch.over = 0;
    batch.left = batch.threads;
    for (uint32_t i = 0; i < batch.threads; i++) progress[i].finished = batch.number;
    barrier();
    for (uint32_t i = 0; i < batch.threads; i++) KeSetEvent(&batch.go[i], 0, 0);
    wait_for(&batch.done, 0);
    barrier();
}

// Whether an outcome is one that the test asks about.
static uint32_t asked(const struct litmus *test, uint32_t packed) {
    struct question alike;
    uint32_t wanted;
    for (const char *text = test->outcomes; text;) {
        text = alternative(text, &alike, &wanted);
        if (wanted == packed) return 1;
    }
    return 0;
}

// Whether the test saw nothing that is forbidden.
static uint32_t run(const struct litmus *test, uint32_t strict) {
    uint32_t ignored, seen = 0, wild = 0;
    uint32_t forbidden = test->verdict == FORBIDDEN || (test->verdict == STRICT && strict);
    alternative(test->outcomes, &question, &ignored);
    for (batch.threads = 0; batch.threads < PARTS && test->parts[batch.threads]; batch.threads++) {
    }
    collect(test);
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
    DbgPrint("litmus %s %s %u of %u, %u met\n", test->name, forbidden ? "forbidden" : "reordered", seen,
             batch.done_rounds, batch.met);
    return !wild && !(forbidden && seen);
}

int main(void) {
    uint32_t strict = setting("strict", 0), failed = 0, previous;
    batch.rounds = setting("rounds", ROUNDS);
    batch.persist = setting("persist", 0);
    uint32_t threads[PARTS];
    KeSetAffinityThread(current_thread(), 1u << MAIN_CPU, &previous);
    KeInitializeEvent(&batch.done, AUTO_EVENT, 0);
    for (uint32_t i = 0; i < PARTS; i++) {
        KeInitializeEvent(&batch.go[i], AUTO_EVENT, 0);
        threads[i] = start(work, i, ON(i));
    }
    for (uint32_t i = 0; i < litmus_count; i++) failed += !run(&litmus_tests[i], strict);
    batch.test = 0;
    barrier();
    for (uint32_t i = 0; i < PARTS; i++) {
        KeSetEvent(&batch.go[i], 0, 0);
        failed += join(threads[i]) != 0;
    }
    DbgPrint("%u tests, %u failed\n", litmus_count, failed);
    return (int)failed;
}
