# Builds example and minigzip in the current folder.
set -e
zlib=$SOURCES/zlib
for name in adler32 compress crc32 deflate gzclose gzlib gzread gzwrite infback inffast inflate inftrees trees uncompr zutil; do
    files="$files $zlib/$name.c"
done
for name in example minigzip; do
    $CC -w -O2 -D_LARGEFILE64_SOURCE=1 -DHAVE_UNISTD_H -I"$zlib" -o $name "$zlib/test/$name.c" $files
done
