//! Writes the program as C, in several files.
//!
//! On little-endian hosts the bytes of the arena are reversed within each group of eight, so that
//! every access is a native one and still sees the values that a big-endian machine sees.

use super::c_statement::FunctionWriter;
use super::program::{Function, Program};
use std::fmt::Write;

/// Functions per file.
const FUNCTIONS_OF_A_FILE: usize = 500;

/// The beginning of every file.
const HEADER: &str = "\
#include <stdint.h>
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64;
static inline u32 rot(u32 v, u32 n) { return v << (n & 31) | v >> (-n & 31); }
static inline u64 wide_rot(u64 v, u32 n) { return v << (n & 63) | v >> (-n & 63); }
#ifdef WIDE
typedef u64 V; typedef s64 SV;
#define ROT wide_rot
#define ZEROS(v) ((v) ? __builtin_clzll(v) : 64)
#define X(o) L(o)
#else
typedef u32 V; typedef s32 SV;
#define ROT rot
#define ZEROS(v) ((v) ? __builtin_clz(v) : 32)
#define X(o) W(o)
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define AT(o, bytes) (p + ((o) ^ (8 - (bytes))))
#else
#define AT(o, bytes) (p + (o))
#endif
#define B(o) (*(u8 *)AT(o, 1))
#define H(o) (*(u16 *)AT(o, 2))
#define S(o) (*(s16 *)AT(o, 2))
#define W(o) (*(u32 *)AT(o, 4))
#define T(o) (*(s32 *)AT(o, 4))
#define F(o) (*(float *)AT(o, 4))
#define D(o) (*(double *)AT(o, 8))
#define L(o) (*(u64 *)AT(o, 8))
struct thing { V (*const *table)(V, u8 *); u32 more[2]; };
extern const struct thing things[];
";

/// Names and contents of the files. The program takes the number of rounds as its argument, and
/// prints the checksum and its peak resident memory in KiB, 0 if the system does not report it.
pub(super) fn files(program: &Program) -> Vec<(String, String)> {
    let mut files = vec![("leaves.c".to_owned(), unit('l', 0, &program.leaves, 0))];
    for (part, functions) in program.functions.chunks(FUNCTIONS_OF_A_FILE).enumerate() {
        let text = unit('f', part * FUNCTIONS_OF_A_FILE, functions, program.leaves.len());
        files.push((format!("part{part}.c"), text));
    }
    files.push(("main.c".to_owned(), main(program)));
    files
}

/// A file of functions, which may call leaves.
fn unit(letter: char, first: usize, functions: &[Function], leaves: usize) -> String {
    let mut text = header(functions);
    for leaf in 0..leaves {
        line(&mut text, format_args!("V l{leaf}(V, u8 *);"));
    }
    for (index, function) in functions.iter().enumerate() {
        line(&mut text, format_args!("V {letter}{}(V v0, u8 *p) {{", first + index));
        for local in 1..function.locals {
            line(&mut text, format_args!("V v{local};"));
        }
        for float in 0..function.floats {
            let of = if function.is_double(float) { "double" } else { "float" };
            line(&mut text, format_args!("{of} g{float};"));
        }
        FunctionWriter { text: &mut text, function }.block(&function.body);
        text.push_str("return v0; }\n");
    }
    text
}

/// The header of a file of these functions.
fn header(functions: &[Function]) -> String {
    let wide = functions.first().is_some_and(|function| function.wide);
    format!("{}{HEADER}", if wide { "#define WIDE\n" } else { "" })
}

fn main(program: &Program) -> String {
    let mut text = header(&program.functions);
    text.push_str("#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n");
    line(&mut text, format_args!("#define THREADS {}", program.threads));
    for function in 0..program.functions.len() {
        line(&mut text, format_args!("V f{function}(V, u8 *);"));
    }
    if !program.things.is_empty() {
        for leaf in 0..program.leaves.len() {
            line(&mut text, format_args!("V l{leaf}(V, u8 *);"));
        }
        for (class, leaves) in program.classes.iter().enumerate() {
            let leaves: Vec<_> = leaves.iter().map(|leaf| format!("l{leaf}")).collect();
            let leaves = leaves.join(", ");
            line(&mut text, format_args!("static V (*const class{class}[])(V, u8 *) = {{ {leaves} }};"));
        }
        text.push_str("const struct thing things[] = {\n");
        for class in &program.things {
            line(&mut text, format_args!("{{ class{class}, {{ 0 }} }},"));
        }
        text.push_str("};\n");
    }
    text.push_str("static const struct { V (*function)(V, u8 *); u32 object; } table[] = {\n");
    for row in &program.round {
        line(&mut text, format_args!("{{ f{}, {} }},", row.function, row.object));
    }
    text.push_str("};\nstatic const u32 words[] = {\n");
    for word in program.arena.chunks_exact(4) {
        let word = word.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        line(&mut text, format_args!("{word}u,"));
    }
    text.push_str(
        "};
static u8 arenas[THREADS][sizeof words] __attribute__((aligned(64)));
static u32 rounds = 1, sums[THREADS];
static void *run(void *context) {
  const u32 number = (u32)(uintptr_t)context;
  const u32 rows = sizeof table / sizeof *table, size = sizeof words;
  u8 *p = arenas[number];
  V v = number;
  for (u32 i = 0; i < size; i += 4) W(i) = words[i / 4];
  for (u32 round = 0; round < rounds; round++)
    for (u32 row = 0; row < rows; row++) v = table[row].function(v, p + table[row].object);
  for (u32 i = 0; i < size; i += 4) v = rot((u32)v, 5) + W(i);
  sums[number] = (u32)v;
  return 0;
}
int main(int count, char **arguments) {
  pthread_t threads[THREADS];
  unsigned long peak = 0;
  char text[256];
  u32 v = 0;
  if (count > 1) rounds = strtoul(arguments[1], 0, 10);
  for (uintptr_t i = 1; i < THREADS; i++) pthread_create(&threads[i], 0, run, (void *)i);
  run(0);
  for (u32 i = 1; i < THREADS; i++) pthread_join(threads[i], 0);
  if (THREADS == 1) v = sums[0];
  else for (u32 i = 0; i < THREADS; i++) v = rot(v, 5) + sums[i];
  FILE *status = fopen(\"/proc/self/status\", \"r\");
  while (status && fgets(text, sizeof text, status)) sscanf(text, \"VmHWM: %lu\", &peak);
  printf(\"%u %lu\\n\", (u32)v, peak);
  return 0;
}
",
    );
    text
}

/// Appends a line. Writing to a `String` cannot fail.
pub(super) fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{what}");
}
