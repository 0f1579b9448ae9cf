# Builds doom in the current folder: the game's core with i_*.c of this folder for its own, and the
# machine that the side has.
set -e
game=$SOURCES/chocolate-doom/src
for name in aes_prng d_event d_iwad d_loop d_mode deh_io deh_main deh_mapping deh_str deh_text i_glob i_main m_argv m_bbox m_cheat \
    m_config m_controls m_fixed m_misc memio net_client net_common net_io net_loop net_packet net_petname net_query net_server \
    net_structrw sha1 tables v_diskicon v_video w_checksum w_file w_file_stdc w_main w_merge w_wad; do
    files="$files $game/$name.c"
done
for file in "$game"/doom/*.c; do files="$files $file"; done
for name in i_input i_sound i_system i_timer i_video memory net; do files="$files $HERE/$name.c"; done
flags="-O2 -std=gnu11 -fsigned-char -fno-strict-aliasing -I$HERE/SDL -I$HERE -I$game -I$game/doom"
$CC -w $flags -Dmalloc=malloc_with_zeros_behind -c -o z_native.o "$game/z_native.c"
files="$files z_native.o"
case $SIDE in
    guest)
        guest=$HERE/../..
        for name in machine_title sound_title; do
            $CC -O2 -std=gnu11 -Wall -Wextra -I"$HERE" -I"$guest/gpu" -I"$guest/runtime" -c -o $name.o "$HERE/$name.c"
        done
        for name in gpu draw; do $CC -O2 -std=gnu11 -I"$guest/gpu" -I"$guest/runtime" -c -o $name.o "$guest/gpu/$name.c"; done
        $CC -c -o vd_swap.o "$guest/runtime/vd_swap.S"
        files="$files machine_title.o sound_title.o gpu.o draw.o vd_swap.o" ;;
    *) files="$files $HERE/machine_native.c" ;;
esac
$CC -w $flags -o doom $files -lm
