# Builds liblzma's examples and repeat in the current folder, and makes what they compress: the C
# library's sources, some times over.
set -e
xz=$SOURCES/xz-utils
lzma=$xz/src/liblzma
for file in "$lzma"/check/{check,crc32_fast,crc32_table,crc64_fast,crc64_table}.c "$lzma"/common/*.c "$lzma"/lz/*.c \
    "$lzma"/lzma/*.c "$lzma"/rangecoder/price_table.c "$xz"/src/common/tuklib_{cpucores,physmem}.c; do
    case $file in
        *lzip*|*file_info*|*string_conversion*|*microlzma*|*auto_decoder*|*_tablegen*|*stream_decoder_mt*) ;;
        *) files="$files $file" ;;
    esac
done
for folder in api common check lz lzma rangecoder delta simple; do include="$include -I$lzma/$folder"; done
flags="-w -O2 -std=gnu11 -DHAVE_CONFIG_H -DMYTHREAD_POSIX=1 -DTUKLIB_CPUCORES_SYSCONF=1 -DTUKLIB_PHYSMEM_SYSCONF=1"
flags="$flags -I$HERE/../../programs/xz $include -I$xz/src/common"
while read -r name example; do
    $CC $flags -o $name "$xz/doc/examples/$example.c" $files -lpthread
done <<END
compress 01_compress_easy
decompress 02_decompress
compress_mt 04_compress_easy_mt
END
$CC $flags -o repeat "$HERE/repeat.c"
mkdir -p files
find "$SOURCES/musl/src" -name '*.c' | LC_ALL=C sort | xargs cat >part
for i in 1 2 3 4 5 6 7 8 9 10; do cat part; done >files/text
