/* Effects of the standard library's locks and of fences, for ThreadSanitizer.
 *
 * The library comes compiled, without the sanitizer: what its generic code does is compiled with ours and seen, but not what
 * is inside of it, which is where a thread waits. Without this file, whatever one thread did before another was let in
 * looks like a race. The linker puts these functions before the library's (`--wrap`, one for each line of FUNCTIONS in
 * xtask/src/tsan.rs, which gives the mangled names as macros). Each says no more than what the function documents: that
 * it takes a lock, releases it, or lets no thread on before all have arrived. */

extern void __tsan_acquire(void *);
extern void __tsan_release(void *);

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define WRAPPED(name) JOIN(__wrap_, name)
#define REAL(name) JOIN(__real_, name)

/* All arguments of these functions are whole numbers and pointers, six words at most, and their results one word at most. */
typedef unsigned long word;
#define ARGUMENTS char *self, char *second, word third, word fourth, word fifth, word sixth
#define PASSED self, second, third, fourth, fifth, sixth

#define WRAP(name, before, after)                                                                                              \
    word REAL(name)(ARGUMENTS);                                                                                                \
    word WRAPPED(name)(ARGUMENTS) {                                                                                            \
        before;                                                                                                                \
        word result = REAL(name)(PASSED);                                                                                      \
        after;                                                                                                                 \
        return result;                                                                                                         \
    }

/* sys::sync::Mutex, RwLock: the word is the first of the lock. They were waited for, and are had now. */
WRAP(MUTEX_LOCK_CONTENDED, (void)0, __tsan_acquire(self))
WRAP(RW_LOCK_READ_CONTENDED, (void)0, __tsan_acquire(self))
WRAP(RW_LOCK_WRITE_CONTENDED, (void)0, __tsan_acquire(self))
/* sys::sync::Condvar: the mutex is given back and taken again. */
WRAP(CONDVAR_WAIT, __tsan_release(second), __tsan_acquire(second))
WRAP(CONDVAR_WAIT_TIMEOUT, __tsan_release(second), __tsan_acquire(second))
/* Barrier: all that was before it in any thread is before all that is after it. */
WRAP(BARRIER_WAIT, __tsan_release(self), __tsan_acquire(self))
/* sys::sync::Once: its closure happens before threads that find it done, so this is reported before it is done: the closure, a
 * `&mut dyn FnMut(&OnceState)` in the arguments three and four, is called through a table of ours. */
enum { CALL_MUT = 4, ENTRIES };
struct closure {
    word data;
    word table[ENTRIES];
    word call;
    char *once;
};
static void call(struct closure *closure, word state) {
    ((void (*)(word, word))closure->call)(closure->data, state);
    __tsan_release(closure->once);
}
word REAL(ONCE_CALL)(ARGUMENTS);
word WRAPPED(ONCE_CALL)(ARGUMENTS) {
    struct closure closure = {.data = third, .once = self};
    for (word at = 0; at < ENTRIES; at++) closure.table[at] = ((word *)fourth)[at];
    closure.call = closure.table[CALL_MUT];
    closure.table[CALL_MUT] = (word)call;
    word result = REAL(ONCE_CALL)(self, second, (word)&closure, (word)closure.table, fifth, sixth);
    __tsan_acquire(self);
    return result;
}
/* thread::scoped: a thread of the scope ends; the scope waits for a count that is one of the first words here. */
static void ends(char *self) {
    for (word at = 0; at < 4; at++) __tsan_release(self + at * sizeof(word));
}
WRAP(SCOPE_THREAD_ENDS, ends(self), (void)0)

/* Fences: the sanitizer takes no notice of them. Ours and the library's, in each Arc, come after a count was taken down to
 * see whose use was the last: so an acquiring fence acquires what this thread last took down. */
enum { ACQUIRE = 2, ACQUIRE_RELEASE = 4, SEQUENTIALLY_CONSISTENT = 5 };
static __thread void *taken_down;

word __real___tsan_atomic64_fetch_sub(void *count, word by, int order);
word __wrap___tsan_atomic64_fetch_sub(void *count, word by, int order) {
    taken_down = count;
    return __real___tsan_atomic64_fetch_sub(count, by, order);
}

void __real___tsan_atomic_thread_fence(int order);
void __wrap___tsan_atomic_thread_fence(int order) {
    __real___tsan_atomic_thread_fence(order);
    if (taken_down && (order == ACQUIRE || order == ACQUIRE_RELEASE || order == SEQUENTIALLY_CONSISTENT)) {
        __tsan_acquire(taken_down);
        taken_down = 0;
    }
}
