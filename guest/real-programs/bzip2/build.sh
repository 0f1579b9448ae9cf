# Builds bzip2 in the current folder.
set -e
bzip2=$SOURCES/bzip2
for name in blocksort huffman crctable randtable compress decompress bzlib bzip2; do files="$files $bzip2/$name.c"; done
$CC -w -O2 -D_FILE_OFFSET_BITS=64 -o bzip2 $files
