// The game's memory, its messages and its ends.
#include "i_system.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "m_argv.h"

enum { ZONE_MEGABYTES = 16 };

struct at_exit {
    atexit_func_t function;
    boolean after_errors;
    struct at_exit *next;
};
static struct at_exit *at_exits;
static int is_ending;

// Warnings are standard error's; lines stay in order with them.
__attribute__((constructor)) static void order_lines(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

void I_AtExit(atexit_func_t function, boolean after_errors) {
    struct at_exit *one = I_Realloc(NULL, sizeof *one);
    *one = (struct at_exit){function, after_errors, at_exits};
    at_exits = one;
}

static void run_at_exits(boolean is_error) {
    for (struct at_exit *one = at_exits; one; one = one->next)
        if (one->after_errors || !is_error) one->function();
}

void I_Quit(void) {
    run_at_exits(false);
    exit(0);
}

void I_Error(const char *format, ...) {
    if (is_ending++) exit(1);
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    run_at_exits(true);
    // The figures of a timed demo come as an error.
    exit(strncmp(format, "timed ", 6) != 0);
}

byte *I_ZoneBase(int *size) {
    int at = M_CheckParmWithArgs("-mb", 1);
    *size = (at > 0 ? atoi(myargv[at + 1]) : ZONE_MEGABYTES) << 20;
    return I_Realloc(NULL, *size);
}

void *I_Realloc(void *old, size_t size) {
    void *made = realloc(old, size);
    if (size && !made) I_Error("no memory for %zu bytes", size);
    return made;
}

void I_PrintBanner(const char *text) { puts(text); }

void I_PrintDivider(void) {}

void I_PrintStartupBanner(const char *game) { puts(game); }

boolean I_ConsoleStdout(void) { return true; }

void I_Tactile(int on, int off, int total) { (void)on, (void)off, (void)total; }

// DOS's lowest addresses, for demos recorded through a null pointer: there are none here.
boolean I_GetMemoryValue(unsigned int offset, void *value, int size) {
    (void)offset, (void)value, (void)size;
    return false;
}

void I_Endoom(byte *data) { (void)data; }
