# Builds lua in the current folder.
set -e
lua=$SOURCES/lua5.4/src
for file in "$lua"/*.c; do
    case $file in */luac.c) ;; *) files="$files $file" ;; esac
done
$CC -w -O2 -std=gnu11 -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -I"$lua" -o lua $files -lm
