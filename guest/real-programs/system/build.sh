# Builds threads, files and memory in the current folder.
set -e
for name in threads files memory; do $CC -O2 -std=gnu11 -Wall -o $name "$HERE/$name.c" -lpthread; done
