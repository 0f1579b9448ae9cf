# Builds jimsh in the current folder: CC is the compiler, SOURCES the
# folder of packages, HERE this one.
set -e
jim=$SOURCES/jimtcl
cp "$HERE/jimautoconf.h" .
echo '#define HAVE_LONG_LONG 1
#define JIM_VERSION 81
#define JIM_UTF8 1
#define SIZEOF_INT 4' >jim-config.h
cc -w -o jimsh0 "$jim/autosetup/jimsh0.c"
./jimsh0 "$jim/parse-unidata.tcl" "$jim/UnicodeData.txt" "$jim/EastAsianWidth.txt" >_unicode_mapping.c
script="binary glob jsonencode nshelper oo stdlib tclcompat tree"
code="aio array clock file interp json namespace pack package posix readdir regexp tclprefix"
for name in $script initjimsh; do ./jimsh0 "$jim/make-c-ext.tcl" "$jim/$name.tcl" >_$name.c; done
./jimsh0 "$jim/make-load-static-exts.tcl" $code $script >_load-static-exts.c
files="_load-static-exts.c _initjimsh.c"
for name in $code $script; do flags="$flags -Djim_ext_$name"; done
for name in $script; do files="$files _$name.c"; done
for name in $code; do files="$files $jim/jim-$name.c"; done
for name in jim-subcmd jim-interactive jim-format jim utf8 jimregexp jimiocompat jsmn/jsmn jim-nosignal jimsh; do
    files="$files $jim/$name.c"
done
$CC -w -O2 -std=gnu11 -fno-strict-aliasing -fsigned-char -DUSE_UTF8 $flags -I. -I"$jim" -o jimsh $files -lm
# FATX has no commas in names.
mkdir files
cp -rL "$jim/tests" files
sed -i 's/x,z1/x-z1/; s/x\\\\,z/x-z/' files/tests/glob2.test
