// Threads of the library: mutexes, conditions, once, keys, thread-local variables, semaphores,
// barriers, detached ones, time-outs.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 12, TURNS = 2000, WAKERS = 6, WAKES = 34, SPINS = 6400 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_barrier_t barrier;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static sem_t ended;
static __thread int own = 100, zero;
static long counted, atomics, destroyed, pairs[2];
static int made_once, queue[8], filled;

static void make_once(void) { made_once++; }

static void destroy(void *value) { __sync_fetch_and_add(&destroyed, (long)value); }

static void *count(void *argument) {
    long me = (long)argument;
    pthread_once(&once, make_once);
    pthread_setspecific(key, (void *)(me + 1));
    own += (int)me;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&lock);
        counted++;
        pthread_mutex_unlock(&lock);
        __sync_fetch_and_add(&atomics, 1);
        zero++;
        if (i % 16 == 0) {
            pthread_rwlock_wrlock(&shared);
            pairs[0]++;
            pairs[1]++;
            pthread_rwlock_unlock(&shared);
        } else if (i % 4 == 0) {
            pthread_rwlock_rdlock(&shared);
            if (pairs[0] != pairs[1]) abort();
            pthread_rwlock_unlock(&shared);
        }
    }
    return (void *)(long)(own * 10000 + zero);
}

static void *produce(void *argument) {
    for (int i = 1; i <= TURNS; i++) {
        pthread_mutex_lock(&lock);
        while (filled == 8) pthread_cond_wait(&changed, &lock);
        queue[filled++] = i;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return argument;
}

static void *consume(void *argument) {
    long sum = 0;
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&lock);
        while (!filled) pthread_cond_wait(&changed, &lock);
        sum += queue[--filled];
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    (void)argument;
    return (void *)sum;
}

static void *detached(void *argument) {
    void *memory = malloc(1000);
    free(memory);
    sem_post(&ended);
    return argument;
}

#ifdef SYS_futex_time64
enum { FUTEX = SYS_futex_time64 };
#else
enum { FUTEX = SYS_futex };
#endif
static int word, began, woken;

// Whether something woke the caller within the time.
static int wait_for_word(int value, long nanoseconds) {
    struct timespec time = {0, nanoseconds};
    return syscall(FUTEX, &word, 0, value, &time, 0, 0) == 0;
}

// A title's waits end with its clock's milliseconds: the wakes come up to 1.3 ms after they begin.
static void *wake_often(void *argument) {
    for (int i = 0; i < WAKES; i++) {
        while (__sync_fetch_and_add(&began, 0) <= i) sched_yield();
        // Not a nap: while all threads wait, a title's time skips to the end of the first wait.
        for (volatile int spun = 0; spun < i * SPINS; spun++) {}
        syscall(FUTEX, &word, 1, 1, 0, 0, 0);
        __sync_fetch_and_add(&woken, 1);
    }
    return argument;
}

// A wake that comes as a wait ends must not end the next one, which nobody wakes.
static int late_wakes(void) {
    int late = 0;
    // A title's threads begin on the hardware threads in turn: one of these keeps the main thread
    // from running when its wait ends.
    for (int which = 0; which < WAKERS; which++) {
        pthread_t waker;
        began = woken = 0;
        if (pthread_create(&waker, 0, wake_often, 0)) return -1;
        for (int i = 0; i < WAKES; i++) {
            __sync_fetch_and_add(&began, 1);
            wait_for_word(0, 100000);
            while (__sync_fetch_and_add(&woken, 0) <= i) sched_yield();
            late += wait_for_word(0, 100000);
        }
        pthread_join(waker, 0);
    }
    return late;
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_key_create(&key, destroy);
    pthread_barrier_init(&barrier, 0, THREADS);
    sem_init(&ended, 0, 0);
    long results = 0;
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], 0, count, (void *)i)) return 1;
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        results += (long)result;
    }
    printf("counted %ld atomics %ld pairs %ld %ld\n", counted, atomics, pairs[0], pairs[1]);
    printf("results %ld destroyed %ld once %d own %d\n", results, destroyed, made_once, own);
    void *sum;
    pthread_create(&threads[0], 0, produce, 0);
    pthread_create(&threads[1], 0, consume, 0);
    pthread_join(threads[0], 0);
    pthread_join(threads[1], &sum);
    printf("sum %ld\n", (long)sum);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 17);
    // More than could be there at once.
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < THREADS; i++)
            if (pthread_create(&threads[i], &attributes, detached, 0)) return 2;
        for (int i = 0; i < THREADS; i++) sem_wait(&ended);
    }
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += 20000000;
    if (end.tv_nsec >= 1000000000) end.tv_nsec -= 1000000000, end.tv_sec++;
    pthread_mutex_lock(&lock);
    printf("time-out %d", pthread_cond_timedwait(&changed, &lock, &end) == ETIMEDOUT);
    printf(" %d\n", sem_timedwait(&ended, &end) < 0 && errno == ETIMEDOUT);
    struct timespec before, after, nap = {0, 3000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&nap, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long passed = (long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
    printf("slept %d\n", passed >= 3000000);
    printf("late wakes %d\n", late_wakes());
    return 0;
}
