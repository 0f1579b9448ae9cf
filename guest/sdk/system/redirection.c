// Standard input and output as files: STDIN=FILE and STDOUT=FILE in the
// environment, as a shell has `<` and `>`.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include "system.h"

static const char *const names[] = {"STDIN", "STDOUT"};

// Once the C library is there, before main. A file that can't be opened ends the title, as a shell
// would not start the program.
__attribute__((constructor)) static void redirect(void) {
    for (int fd = 0; fd < 2; fd++) {
        const char *path = getenv(names[fd]);
        if (!path) continue;
        long file = open_path(AT_FDCWD, path, fd ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0);
        if (file < 0) {
            DbgPrint("%s: error %d\n", path, (int)-file);
            end_title(127);
        }
        duplicate((int)file, fd, 1, 0);
        close_descriptor((int)file);
    }
}

// Draws this file out of its archive.
void begin_redirection(void) {}
