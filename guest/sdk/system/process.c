// The title as a whole.
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "system.h"

_Noreturn void end_title(int code) { ExTerminateTitleProcess((uint32_t)code & 0xFF); }

long name_system(void *to) {
    struct utsname *names = to;
    memset(names, 0, sizeof *names);
    strcpy(names->sysname, "Xbox");
    strcpy(names->nodename, "console");
    strcpy(names->release, "2.0");
    strcpy(names->machine, "ppc");
    return 0;
}

// How long it has run, and the memory that the console has; more is not known here.
long describe_system(void *to) {
    struct sysinfo *facts = to;
    int64_t time[2];
    long error = read_clock(1, time, 1);
    memset(facts, 0, sizeof *facts);
    facts->uptime = (unsigned long)time[0];
    facts->totalram = 512u << 20;
    facts->mem_unit = 1;
    facts->procs = 1;
    return error;
}
