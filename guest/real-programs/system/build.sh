# Builds threads, signals, files and memory in the current folder.
set -e
for name in threads signals files memory; do $CC -O2 -std=gnu11 -Wall -o $name "$HERE/$name.c" -lpthread; done
