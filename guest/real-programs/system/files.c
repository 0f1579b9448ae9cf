// Files and folders as POSIX has them, as far as the console's file system does.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *what, long result) {
    if (result < 0) printf("%s: %s\n", what, strerror(errno));
    else printf("%s: %ld\n", what, result);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void list(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, 0, by_name);
    say("entries", count);
    for (int i = 0; i < count; i++) printf(" %s%s", entries[i]->d_name, entries[i]->d_type == DT_DIR ? "/" : "");
    printf("\n");
}

int main(void) {
    char buffer[64] = "";
    struct stat state;
    say("mkdir", mkdir("folder", 0755));
    say("again", mkdir("folder", 0755));
    say("below nothing", mkdir("none/folder", 0755));
    int fd = open("folder/a", O_RDWR | O_CREAT | O_EXCL, 0644);
    say("write", write(fd, "0123456789", 10));
    say("pread", pread(fd, buffer, 4, 3));
    printf("%s, at %ld\n", buffer, (long)lseek(fd, 0, SEEK_CUR));
    say("pwrite", pwrite(fd, "AB", 2, 4));
    say("still at", lseek(fd, 0, SEEK_CUR));
    say("hole", lseek(fd, 100, SEEK_END));
    say("write", write(fd, "end", 3));
    fstat(fd, &state);
    printf("size %ld, regular %d\n", (long)state.st_size, S_ISREG(state.st_mode));
    ino_t number = state.st_ino;
    stat("folder/a", &state);
    printf("same file %d\n", number == state.st_ino);
    say("cut", ftruncate(fd, 6));
    say("from the start", lseek(fd, 0, SEEK_SET));
    memset(buffer, 0, sizeof buffer);
    say("read", read(fd, buffer, sizeof buffer));
    printf("%s\n", buffer);
    say("read at the end", read(fd, buffer, sizeof buffer));
    say("before the start", lseek(fd, -1, SEEK_SET));
    int copy = dup(fd);
    lseek(copy, 2, SEEK_SET);
    say("shared position", lseek(fd, 0, SEEK_CUR));
    close(copy);
    say("exclusive", open("folder/a", O_RDWR | O_CREAT | O_EXCL, 0644));
    say("missing", open("folder/b", O_RDONLY));
    say("folder to write", open("folder", O_WRONLY));
    say("file as folder", open("folder/a", O_RDONLY | O_DIRECTORY));
    int appending = open("folder/a", O_WRONLY | O_APPEND);
    struct iovec parts[] = {{"one ", 4}, {"", 0}, {"two", 3}};
    say("writev", writev(appending, parts, 3));
    say("read what is to write", read(appending, buffer, 1));
    close(appending);
    lseek(fd, 0, SEEK_SET);
    memset(buffer, 0, sizeof buffer);
    say("read", read(fd, buffer, sizeof buffer));
    printf("%s\n", buffer);
    say("fsync", fsync(fd));
    close(fd);
    say("closed", close(fd));
    for (int i = 0; i < 20; i++) {
        snprintf(buffer, sizeof buffer, "folder/file-%02d", i);
        fd = open(buffer, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (write(fd, buffer, (size_t)i) != i) printf("short\n");
        close(fd);
    }
    mkdir("folder/inner", 0755);
    list("folder");
    say("rename", rename("folder/file-03", "folder/inner/moved"));
    say("over another", rename("folder/file-04", "folder/file-05"));
    stat("folder/file-05", &state);
    printf("size %ld\n", (long)state.st_size);
    say("from nothing", rename("folder/none", "folder/x"));
    say("not empty", rmdir("folder"));
    say("a folder", unlink("folder/none"));
    say("rmdir of a file", rmdir("folder/file-06"));
    say("chdir", chdir("folder/inner"));
    list(".");
    say("up", access("../a", R_OK | W_OK));
    say("chdir", chdir("../.."));
    say("back", access("folder/inner/moved", F_OK));
    say("chmod", chmod("folder/a", 0444));
    stat("folder/a", &state);
    printf("mode %o\n", state.st_mode & 0222);
    say("chmod", chmod("folder/a", 0644));
    struct timespec times[2] = {{1000000000, 0}, {1200000000, 0}};
    say("times", utimensat(AT_FDCWD, "folder/a", times, 0));
    stat("folder/a", &state);
    printf("written %ld\n", (long)state.st_mtime);
    FILE *file = fopen("folder/lines", "w+");
    for (int i = 0; i < 5000; i++) fprintf(file, "%d,%d\n", i, i * i);
    rewind(file);
    long long sum = 0;
    for (int a, b; fscanf(file, "%d,%d", &a, &b) == 2;) sum += (unsigned)(a ^ b);
    printf("sum %lld at %ld\n", sum, ftell(file));
    fclose(file);
    file = tmpfile();
    fputs("gone when closed", file);
    rewind(file);
    printf("%s\n", fgets(buffer, sizeof buffer, file));
    fclose(file);
    fd = open("folder/lines", O_RDONLY);
    say("a bad position", lseek(fd, 0, 99));
    close(fd);
    DIR *folder = opendir("folder");
    int before = 0, after = 0;
    while (readdir(folder)) before++;
    rewinddir(folder);
    while (readdir(folder)) after++;
    closedir(folder);
    printf("%d entries, %d again\n", before, after);
    fd = open("folder/lines", O_RDWR);
    say("removed while open", unlink("folder/lines"));
    say("still read", read(fd, buffer, 5));
    close(fd);
    say("gone", access("folder/lines", F_OK));
    return 0;
}
