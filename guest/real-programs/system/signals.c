// Signals that the program sends itself: masks of threads and handlers, information, jumps.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int count, depth, deepest;
static char order[64];
static volatile int filled;
static sigjmp_buf back;

static void note(char what) { order[filled++] = what; }

static void print_order(const char *name) {
    order[filled] = 0;
    printf("%s %s\n", name, order);
    filled = 0;
}

static void again(int signal) {
    count++;
    depth++;
    if (depth > deepest) deepest = depth;
    if (count < 5) raise(signal);
    depth--;
}

static void outer(int signal) {
    note('o');
    if (signal == SIGTERM) raise(SIGUSR2);
    note('O');
}

static void number(int signal) { note(signal == SIGUSR1 ? '1' : '2'); }

static void detailed(int signal, siginfo_t *information, void *context) {
    (void)context;
    note(information->si_signo == signal ? 's' : '?');
    note(information->si_code == SI_TKILL ? 't' : information->si_code == SI_USER ? 'u' : '?');
    note(information->si_pid == getpid() ? 'p' : '?');
}

static void jump(int signal) { siglongjmp(back, signal); }

static void handle(int signal, void (*handler)(int), int flags, int also_blocked) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (also_blocked) sigaddset(&action.sa_mask, also_blocked);
    if (sigaction(signal, &action, 0)) note('!');
}

static void handle_detailed(int signal) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = detailed;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(signal, &action, 0)) note('!');
}

static void mask(int how, int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    if (pthread_sigmask(how, &set, 0)) note('!');
}

static int is_blocked(int signal) {
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, 0, &set);
    return sigismember(&set, signal);
}

static int is_pending(int signal) {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signal);
}

static void nested(int flags) {
    count = deepest = 0;
    handle(SIGUSR1, again, flags, 0);
    raise(SIGUSR1);
    printf("handlers %d, at one time %d\n", count, deepest);
}

static void both(int also_blocked) {
    handle(SIGUSR1, number, 0, also_blocked);
    handle(SIGUSR2, number, 0, 0);
    mask(SIG_BLOCK, SIGUSR1);
    mask(SIG_BLOCK, SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigset_t set;
    sigemptyset(&set);
    pthread_sigmask(SIG_SETMASK, &set, 0);
    print_order("both");
}

static void refuse(int signal) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = number;
    errno = 0;
    int result = sigaction(signal, &action, 0);
    int refused = result == -1 && errno == EINVAL;
    mask(SIG_BLOCK, signal);
    printf("refused %d, query %d, blocked %d\n", refused, sigaction(signal, 0, &action), is_blocked(signal));
}

static void ignore(int signal, void (*handler)(int)) {
    handle(signal, number, 0, 0);
    mask(SIG_BLOCK, signal);
    raise(signal);
    kill(getpid(), signal);
    handle(signal, handler, 0, 0);
    printf("ignored, pending %d\n", is_pending(signal));
    handle(signal, number, 0, 0);
    mask(SIG_UNBLOCK, signal);
    print_order("ignored");
}

static void leave(int saves) {
    if (!sigsetjmp(back, saves)) raise(SIGUSR1);
    printf("left, blocked %d\n", is_blocked(SIGUSR1));
    mask(SIG_UNBLOCK, SIGUSR1);
}

static void *end_at_once(void *argument) { return argument; }

static void *use_mask(void *argument) {
    printf("begins with %d %d\n", is_blocked(SIGUSR1), is_blocked(SIGUSR2));
    raise(SIGUSR1);
    printf("pending %d\n", is_pending(SIGUSR1));
    mask(SIG_UNBLOCK, SIGUSR1);
    print_order("in the thread");
    mask(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    kill(getpid(), SIGALRM);
    return argument;
}

static void in_thread(void *(*function)(void *)) {
    pthread_t thread;
    if (pthread_create(&thread, 0, function, 0)) note('!');
    pthread_join(thread, 0);
}

int main(void) {
    nested(0);
    nested(SA_NODEFER);
    handle_detailed(SIGUSR2);
    handle(SIGTERM, outer, 0, 0);
    raise(SIGTERM);
    print_order("open");
    handle(SIGTERM, outer, 0, SIGUSR2);
    raise(SIGTERM);
    print_order("masked");
    kill(getpid(), SIGUSR2);
    print_order("killed");
    both(0);
    both(SIGUSR2);
    struct sigaction now;
    handle(SIGUSR1, number, SA_RESETHAND, 0);
    raise(SIGUSR1);
    sigaction(SIGUSR1, 0, &now);
    printf("once %d\n", now.sa_handler == SIG_DFL);
    print_order("once");
    refuse(SIGKILL);
    refuse(SIGSTOP);
    ignore(SIGUSR1, SIG_IGN);
    ignore(SIGWINCH, SIG_DFL);
    handle(SIGUSR1, jump, 0, 0);
    leave(1);
    leave(0);
    handle(SIGUSR1, number, 0, 0);
    handle(SIGALRM, number, 0, 0);
    // The C library blocks signals in a thread that ends.
    in_thread(end_at_once);
    printf("after a thread: blocked %d\n", is_blocked(SIGUSR1));
    raise(SIGUSR1);
    print_order("after a thread");
    mask(SIG_BLOCK, SIGUSR1);
    mask(SIG_BLOCK, SIGALRM);
    in_thread(use_mask);
    // One of these was sent to the thread, and is gone with it.
    printf("pending %d %d\n", is_pending(SIGUSR1), is_pending(SIGALRM));
    mask(SIG_UNBLOCK, SIGALRM);
    print_order("at the end");
    return 0;
}
