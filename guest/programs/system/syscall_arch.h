// In place of musl's arch/powerpc/syscall_arch.h: its system calls are a function, which each
// system layer has its own of.
#define __SYSCALL_LL_E(x) \
((union { long long ll; long l[2]; }){ .ll = x }).l[0], \
((union { long long ll; long l[2]; }){ .ll = x }).l[1]
#define __SYSCALL_LL_O(x) 0, __SYSCALL_LL_E((x))

long guest_system_call(long n, long a, long b, long c, long d, long e, long f);

static inline long __syscall0(long n) { return guest_system_call(n, 0, 0, 0, 0, 0, 0); }
static inline long __syscall1(long n, long a) { return guest_system_call(n, a, 0, 0, 0, 0, 0); }
static inline long __syscall2(long n, long a, long b) { return guest_system_call(n, a, b, 0, 0, 0, 0); }
static inline long __syscall3(long n, long a, long b, long c) { return guest_system_call(n, a, b, c, 0, 0, 0); }
static inline long __syscall4(long n, long a, long b, long c, long d) { return guest_system_call(n, a, b, c, d, 0, 0); }
static inline long __syscall5(long n, long a, long b, long c, long d, long e) {
    return guest_system_call(n, a, b, c, d, e, 0);
}
static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f) {
    return guest_system_call(n, a, b, c, d, e, f);
}

#define SYSCALL_FADVISE_6_ARG
#define SO_RCVTIMEO_OLD 18
#define SO_SNDTIMEO_OLD 19
