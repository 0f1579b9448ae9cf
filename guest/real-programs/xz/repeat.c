// repeat TIMES FILE: standard output is the file so many times.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    static char buffer[1 << 16];
    for (int times = argc == 3 ? atoi(argv[1]) : 0; times > 0; times--) {
        FILE *file = fopen(argv[2], "rb");
        if (!file) return 1;
        for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
            if (fwrite(buffer, 1, got, stdout) != got) return 1;
        fclose(file);
    }
    return fflush(stdout) ? 1 : 0;
}
