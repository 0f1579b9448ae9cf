// A first title: says hello to each of its arguments, and keeps a count of
// its runs on the console's disk.
#include <stdio.h>

int main(int argc, char **argv) {
    int runs = 0;
    FILE *file = fopen("/hdd/runs.txt", "r");
    if (file) {
        if (fscanf(file, "%d", &runs) != 1) runs = 0;
        fclose(file);
    }
    file = fopen("/hdd/runs.txt", "w");
    if (!file) {
        perror("/hdd/runs.txt");
        return 1;
    }
    fprintf(file, "%d\n", ++runs);
    fclose(file);
    printf("hello, this is run %d\n", runs);
    for (int i = 1; i < argc; i++) printf("hello, %s\n", argv[i]);
    return 0;
}
