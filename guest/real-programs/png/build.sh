# Builds pngtest in the current folder.
set -e
png=$SOURCES/libpng1.6 zlib=$SOURCES/zlib
cp "$png/scripts/pnglibconf.h.prebuilt" pnglibconf.h
for name in adler32 compress crc32 deflate inffast inflate inftrees trees zutil; do files="$files $zlib/$name.c"; done
for file in "$png"/png*.c; do files="$files $file"; done
$CC -w -O2 -DPNG_POWERPC_VSX_OPT=0 -DPNG_INTEL_SSE_OPT=0 -DPNG_NO_CONFIG_H -I. -I"$png" -I"$zlib" -o pngtest $files -lm
