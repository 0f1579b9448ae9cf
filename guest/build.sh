#!/usr/bin/env bash
# Builds the guest programs: guest/build.sh OUT [PROGRAM ...]
#
# Needs Debian's gcc-powerpc-linux-gnu, and the program xenia-rs (its path in XENIA_RS) to pack
# titles.
# KERNEL_STUBS may name the stub library; without it the assembler makes each of its objects.
# The same compiler gives the same bytes; `cargo xtask guests` compares them with guest/bin.
# hot-loops makes ELF files only, for measuring (decision 0026): matrix, bits, hash.
# guest/build.sh programs prints the names of the programs that it builds without names.
# guest/build.sh answers prints cpu-suite's known answers from a native build.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1-}" = answers ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    sources=(cpu-suite/{common,checksums,sha256,quicksort,lz,dijkstra,memory,calls,matrices,numeric,native}.c)
    cc -O2 -ffp-contract=off -fno-math-errno -fno-strict-aliasing -o "$work/native" "${sources[@]}" -lm
    "$work/native"
    exit
fi

all=(gpu-suite game-frame hostile console-suite sync-suite demo races cpu-suite sound linked retail primes faults utility-drive drivers flicker hello)
if [ "${1-}" = programs ]; then
    echo "${all[@]}"
    exit
fi

out=$(cd "${1:?output folder}" && pwd)
shift
programs=("$@")
[ ${#programs[@]} -gt 0 ] || programs=("${all[@]}")
obj=$out/obj
rm -rf "$obj"
mkdir -p "$obj"

prefix=powerpc-linux-gnu-
cflags=(
    -m32 -mpowerpc64 -mcpu=cell -maltivec -mabi=altivec -G 0 -msdata=none
    -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-strict-aliasing
    -ffp-contract=off -fno-math-errno -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables
    -fno-tree-loop-distribute-patterns -Iruntime -Icpu-suite -Igpu
)
ldflags=(
    -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x82010000 -Wl,-z,max-page-size=0x10000
    -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--build-id=none
)

compile() { # source, flags... -> object
    local object
    object=$obj/$(tr / _ <<<"$1")$(tr -cd '[:alnum:]-' <<<"${*:2}").o
    # Titles share sources.
    [ -e "$object" ] || "${prefix}gcc" "${cflags[@]}" "${@:2}" -c "$1" -o "$object"
    echo "$object"
}

# The stub library: one object per export, so that a program imports only what it uses.
stubs() {
    local library kind ordinal name objects=()
    rm -f "$obj/libkernel.a"
    if [ -n "${KERNEL_STUBS-}" ]; then
        cp "$KERNEL_STUBS" "$obj/libkernel.a"
        return
    fi
    while read -r library kind ordinal name; do
        [[ $library == \#* || -z $library ]] && continue
        printf '.include "runtime/imports.inc"\nimport_%s "%s", %s, %s\n' "$kind" "$library" "$ordinal" "$name" \
            | "${prefix}as" -m32 -mcell -o "$obj/stub_$name.o" -
        objects+=("$obj/stub_$name.o")
    done <runtime/exports.txt
    "${prefix}ar" Drc "$obj/libkernel.a" "${objects[@]}"
}

link_elf() { # output, objects...
    local output=$1
    shift
    "${prefix}gcc" "${ldflags[@]}" -o "$output" "$@"
}

# A library that titles load: its exports are in the section .xenia.exports.
library() { # name, address of its code, objects...
    local name=$1 address=$2
    shift 2
    link_elf "$obj/$name.elf" "-Wl,-Ttext=$address" -Wl,-e,library_entry "$@" "$memory" "$obj/libkernel.a"
    "${XENIA_RS:?path of the program xenia-rs}" pack "$obj/$name.elf" -o "$out/$name.xex"
}

title() { # name, objects...
    local name=$1
    shift
    link_elf "$obj/$name.elf" "$start" "$@" "$memory" "$obj/libkernel.a"
    "${XENIA_RS:?path of the program xenia-rs}" pack "$obj/$name.elf" -o "$out/$name.xex"
}

stubs
start=$(compile runtime/start.S)
memory=$(compile runtime/memory.c)

for program in "${programs[@]}"; do
    case $program in
        hello) title hello "$(compile hello/hello.c)" ;;
        cpu-suite)
            objects=()
            for source in common checksums sha256 quicksort lz dijkstra memory calls matrices numeric main; do
                objects+=("$(compile cpu-suite/$source.c)")
            done
            title cpu-suite "${objects[@]}" "$(compile cpu-suite/report_title.c)"
            link_elf "$out/cpu-suite.elf" "$start" "${objects[@]}" "$(compile cpu-suite/report_elf.c)" "$memory"
            ;;
        demo)
            objects=()
            for source in gpu/*.c demo/*.c; do objects+=("$(compile "$source")"); done
            title demo "${objects[@]}" "$(compile runtime/vd_swap.S)"
            ;;
        flicker)
            # As for gpu-suite.
            objects=("$(compile gpu/gpu.c -mno-powerpc64)" "$(compile flicker/flicker.c -mno-powerpc64)")
            title flicker "${objects[@]}" "$(compile runtime/vd_swap.S)"
            ;;
        gpu-suite)
            objects=()
            # gcc 12 loses addresses of members that it moves out of loops with -m32 -mpowerpc64.
            for source in gpu/*.c gpu-suite/*.c; do objects+=("$(compile "$source" -mno-powerpc64)"); done
            title gpu-suite "${objects[@]}" "$(compile runtime/vd_swap.S)"
            ;;
        game-frame)
            objects=()
            # As for gpu-suite.
            for source in gpu/*.c game-frame/*.c gpu-suite/{scene,copy,texture}.c runtime/text_file.c demo/vmath.c; do
                objects+=("$(compile "$source" -mno-powerpc64 -Igpu-suite -Idemo)")
            done
            title game-frame "${objects[@]}" "$(compile runtime/vd_swap.S)" "$(compile hostile/create_file.S)"
            ;;
        sync-suite)
            objects=()
            # As for gpu-suite.
            for source in sync-suite/*.c runtime/settings.c; do objects+=("$(compile "$source" -mno-powerpc64)"); done
            title sync-suite "${objects[@]}" "$(compile sync-suite/calls64.S)" "$(compile hostile/create_file.S)"
            ;;
        console-suite)
            objects=("$(compile console-suite/calls.S)" "$(compile console-suite/spa.S)" "$(compile hostile/create_file.S)")
            for source in console-suite/*.c runtime/settings.c sync-suite/suite.c; do
                objects+=("$(compile "$source" -mno-powerpc64)")
            done
            # The same program over other subjects.
            objects+=("$(compile sync-suite/main.c -mno-powerpc64 '-DSUBJECTS="../console-suite/subjects.inc"')")
            title console-suite "${objects[@]}"
            # Libraries that it loads while it runs. The rival has counter's place. 0x90000000 is
            # 0x80000000 in smaller pages.
            mkdir -p "$out/console-suite" "$obj/console-suite"
            sources=console-suite/libraries
            flags=(-mno-powerpc64 -Iconsole-suite/libraries)
            library console-suite/counter 0x88010000 "$(compile $sources/counter.c "${flags[@]}")"
            library console-suite/rival 0x88010000 "$(compile $sources/counter.c "${flags[@]}" -DRIVAL)"
            library console-suite/user 0x9C010000 "$(compile $sources/user.c "${flags[@]}")" \
                "$(compile $sources/counter_imports.S)"
            library console-suite/refusing 0x8A010000 "$(compile $sources/refusing.c "${flags[@]}")"
            library console-suite/slow 0x8B010000 "$(compile $sources/slow.c "${flags[@]}")"
            ;;
        linked)
            # A title, and the libraries that it imports from.
            mkdir -p "$out/linked" "$obj/linked"
            flags=(-mno-powerpc64 -Iconsole-suite/libraries)
            title linked/linked "$(compile linked/linked.c -mno-powerpc64)" "$(compile linked/linked_imports.S)"
            library linked/engine 0x8C010000 "$(compile linked/engine.c "${flags[@]}")" "$(compile linked/engine_imports.S)"
            library linked/maths 0x9D010000 "$(compile linked/maths.c "${flags[@]}")"
            ;;
        retail)
            # Two executables, and the library that the first imports from.
            mkdir -p "$out/retail" "$obj/retail"
            shared=("$(compile console-suite/calls.S)" "$(compile hostile/create_file.S)")
            for source in retail/expect.c console-suite/small_files.c sync-suite/suite.c runtime/settings.c; do
                shared+=("$(compile "$source" -mno-powerpc64)")
            done
            drawing=("$(compile runtime/vd_swap.S)" "$(compile gpu/gpu.c -mno-powerpc64)")
            parts=("$(compile retail/retail_imports.S)" "$(compile retail/exceptions.S)" "$(compile sound/stream.S)")
            for source in retail exceptions stream; do parts+=("$(compile retail/$source.c -mno-powerpc64)"); done
            title retail/default "${parts[@]}" "$(compile console-suite/spa.S -DRETAIL)" "${shared[@]}" "${drawing[@]}"
            title retail/second "$(compile retail/second.c -mno-powerpc64)" "$(compile retail/second.S)" "${shared[@]}"
            library retail/library 0x8D010000 "$(compile retail/library.c -mno-powerpc64 -Iconsole-suite/libraries)"
            ;;
        races)
            # A title each, over the helpers of sync-suite.
            mkdir -p "$out/races" "$obj/races"
            helpers=("$(compile hostile/create_file.S)" "$(compile sync-suite/calls64.S)")
            for source in runtime/settings.c races/crew.c sync-suite/suite.c; do
                helpers+=("$(compile "$source" -mno-powerpc64)")
            done
            for name in litmus atomics spawns patches wakes objects dpcs allocations; do
                objects=()
                for source in "races/$name".[cS] "races/${name}_"*.[cS]; do
                    [ -e "$source" ] && objects+=("$(compile "$source" -mno-powerpc64)")
                done
                title "races/$name" "${objects[@]}" "${helpers[@]}"
            done
            ;;
        primes)
            objects=("$(compile hostile/create_file.S)")
            for source in primes/primes.c runtime/settings.c races/crew.c sync-suite/suite.c; do
                objects+=("$(compile "$source" -mno-powerpc64)")
            done
            title primes "${objects[@]}"
            ;;
        faults)
            objects=("$(compile hostile/create_file.S)")
            for source in faults/faults.c runtime/settings.c; do objects+=("$(compile "$source" -mno-powerpc64)"); done
            title faults "${objects[@]}"
            ;;
        utility-drive)
            objects=("$(compile hostile/create_file.S)" "$(compile utility-drive/device_control.S)")
            for source in utility-drive/utility-drive.c runtime/settings.c; do
                objects+=("$(compile "$source" -mno-powerpc64)")
            done
            title utility-drive "${objects[@]}"
            ;;
        drivers)
            objects=("$(compile hostile/create_file.S)" "$(compile utility-drive/device_control.S)")
            objects+=("$(compile drivers/drivers.c -mno-powerpc64)")
            title drivers "${objects[@]}"
            ;;
        hostile)
            # One title each, by the name of its source.
            mkdir -p "$out/hostile" "$obj/hostile"
            create_file=$(compile hostile/create_file.S)
            drawing=("$(compile runtime/vd_swap.S)")
            for source in gpu/*.c gpu-suite/{scene,copy,texture}.c; do
                drawing+=("$(compile "$source" -mno-powerpc64)")
            done
            for source in hostile/*.c; do
                objects=("$(compile "$source" -Ihostile -Igpu-suite)")
                grep -q create_file "$source" && objects+=("$create_file")
                grep -q draws.h "$source" && objects+=("${drawing[@]}")
                title "hostile/$(basename "$source" .c)" "${objects[@]}"
            done
            ;;
        sound)
            mkdir -p "$out/sound" "$obj/sound"
            shared=$(compile sound/sound.c -mno-powerpc64)
            title sound/tone "$(compile sound/tone.c -mno-powerpc64)" "$shared" \
                "$(compile runtime/settings.c -mno-powerpc64)" "$(compile hostile/create_file.S)"
            title sound/xma "$(compile sound/xma.c -mno-powerpc64)" "$shared" "$(compile sound/stream.S)"
            ;;
        hot-loops)
            for source in matrix bits hash; do
                link_elf "$out/$source.elf" "$start" "$(compile hot-loops/$source.c)" "$memory"
            done
            ;;
        *) echo "unknown program $program" >&2; exit 2 ;;
    esac
done
