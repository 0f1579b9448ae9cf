// Functions of glibc that Debian's libstdc++ and the unwinder call and musl lacks.
//
// A locale of glibc is a structure that libstdc++ looks into for the tables of characters; one of
// musl's is not. So its "C" locale is one of ours, which begins as musl's, for musl's functions,
// and goes on as glibc's. Other locales there are none.
#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../system/kernel.h"

void XeCryptRandom(void *to, uint32_t size);

// frames_begin.S and frames_end.S: where exceptions find what to undo.
extern const char frames_begin[] __attribute__((visibility("hidden")));
void __register_frame_info(const void *frames, void *object);

void *__dso_handle = 0;
// Whether atomic operations may be left out.
char __libc_single_threaded = 0;

__attribute__((constructor(101))) static void register_frames(void) {
    // The unwinder's, which has seven words.
    static void *object[8];
    __register_frame_info(frames_begin, object);
}

// A loader's list of objects: there is no loader, and the frames are registered.
int _dl_find_object(void *address, void *object) { return (void)address, (void)object, -1; }

uint32_t arc4random(void) {
    uint32_t word;
    XeCryptRandom(&word, sizeof word);
    return word;
}

enum { GLIBC_CATEGORIES = 13, MUSL_CATEGORIES = 6 };
static struct {
    const void *categories[GLIBC_CATEGORIES];
    const unsigned short *classes;
    const int32_t *lower, *upper;
    const char *names[GLIBC_CATEGORIES];
} c_locale;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const unsigned short **__ctype_b_loc(void);
const int32_t **__ctype_tolower_loc(void);
const int32_t **__ctype_toupper_loc(void);
locale_t __real___newlocale(int mask, const char *name, locale_t base);

static void make_locale(void) {
    memcpy(c_locale.categories, __real___newlocale(LC_ALL_MASK, "C", 0), MUSL_CATEGORIES * sizeof(void *));
    c_locale.classes = *__ctype_b_loc();
    c_locale.lower = *__ctype_tolower_loc();
    c_locale.upper = *__ctype_toupper_loc();
    for (int i = 0; i < GLIBC_CATEGORIES; i++) c_locale.names[i] = "C";
}

// The linker has libstdc++ call these three in place of musl's (--wrap).
locale_t __wrap___newlocale(int mask, const char *name, locale_t base) {
    (void)mask, (void)base;
    if (*name && strcmp(name, "C") && strcmp(name, "POSIX")) return 0;
    pthread_once(&once, make_locale);
    return (locale_t)&c_locale;
}

locale_t __wrap___duplocale(locale_t locale) { return locale; }

void __wrap___freelocale(locale_t locale) { (void)locale; }

// Destructors of thread-local objects, the last one first. The main thread's are called at exit.
struct destructor {
    void (*function)(void *);
    void *object;
    struct destructor *next;
};
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void destroy(void *list) {
    struct destructor *next = list;
    while (next) {
        struct destructor *one = next;
        // It may make further objects.
        pthread_setspecific(key, one->next);
        one->function(one->object);
        next = pthread_getspecific(key);
        free(one);
    }
}

static void destroy_main(void) { destroy(pthread_getspecific(key)); }

static void make_key(void) {
    if (pthread_key_create(&key, destroy)) abort();
    atexit(destroy_main);
}

int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *module) {
    (void)module;
    pthread_once(&key_once, make_key);
    struct destructor *one = malloc(sizeof *one);
    if (!one) return -1;
    *one = (struct destructor){function, object, pthread_getspecific(key)};
    return pthread_setspecific(key, one);
}
