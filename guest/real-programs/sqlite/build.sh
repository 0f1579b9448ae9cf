# Builds speedtest1, check and grow in the current folder, over the
# amalgamation, which both sides share.
set -e
made=$SHARED/amalgamation
if [ ! -f "$made/sqlite3.c" ]; then
    mkdir -p "$made"
    (cd "$made" && "$SOURCES/sqlite3/configure" --disable-tcl --disable-readline --disable-load-extension >configure.log 2>&1 &&
        make -s sqlite3.c >make.log 2>&1)
fi
flags="-w -O2 -std=gnu11 -fno-strict-aliasing -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_THREADSAFE=1 -DSQLITE_MAX_MMAP_SIZE=0"
flags="$flags -DSQLITE_OMIT_WAL -DHAVE_USLEEP=1 -I$made"
$CC $flags -c -o sqlite3.o "$made/sqlite3.c"
$CC $flags -o speedtest1 "$SOURCES/sqlite3/test/speedtest1.c" sqlite3.o -lpthread -lm
for name in check grow; do $CC $flags -o $name "$HERE/$name.c" sqlite3.o -lpthread -lm; done
