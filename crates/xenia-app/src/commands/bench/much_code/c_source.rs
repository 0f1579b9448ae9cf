//! The program as C, in several files: what the native compiler is given.
//!
//! The arena's bytes are reversed within each eight on little-endian hosts, so that every access is
//! one of the host's own and still sees what a big-endian machine sees.

use super::program::{
    Binary, Condition, Function, INDEX_MASK, Program, Relation, Statement, THINGS, Test, Thing, Turns, Unary,
    Width, WithConstant,
};
use std::fmt::Write;

/// Functions of a file.
const FUNCTIONS_OF_A_FILE: usize = 500;

/// What every file begins with.
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
#define L(o) (*(u64 *)AT(o, 8))
struct thing { V (*const *table)(V, u8 *); u32 more[2]; };
extern const struct thing things[];
";

/// File names and contents. The program takes the number of rounds as its argument, and prints the
/// checksum.
pub fn files(program: &Program) -> Vec<(String, String)> {
    let mut files = vec![("leaves.c".to_owned(), unit('l', 0, &program.leaves, 0))];
    for (part, functions) in program.functions.chunks(FUNCTIONS_OF_A_FILE).enumerate() {
        let text = unit('f', part * FUNCTIONS_OF_A_FILE, functions, program.leaves.len());
        files.push((format!("part{part}.c"), text));
    }
    files.push(("main.c".to_owned(), main(program)));
    files
}

/// Some functions, which may call leaves.
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
        block(&mut text, &function.body);
        text.push_str("return v0; }\n");
    }
    text
}

/// What a file of these functions begins with.
fn header(functions: &[Function]) -> String {
    let wide = functions.first().is_some_and(|function| function.wide);
    format!("{}{HEADER}", if wide { "#define WIDE\n" } else { "" })
}

fn main(program: &Program) -> String {
    let mut text = header(&program.functions);
    text.push_str("#include <stdio.h>\n#include <stdlib.h>\n");
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
static u8 arena[sizeof words] __attribute__((aligned(64)));
int main(int count, char **arguments) {
  const u32 rounds = count > 1 ? strtoul(arguments[1], 0, 10) : 1;
  const u32 rows = sizeof table / sizeof *table, size = sizeof words;
  u8 *p = arena;
  V v = 0;
  for (u32 i = 0; i < size; i += 4) W(i) = words[i / 4];
  for (u32 round = 0; round < rounds; round++)
    for (u32 row = 0; row < rows; row++) v = table[row].function(v, p + table[row].object);
  for (u32 i = 0; i < size; i += 4) v = rot((u32)v, 5) + W(i);
  printf(\"%u\\n\", (u32)v);
  return 0;
}
",
    );
    text
}

/// Adds a line. A `String` takes everything.
fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{what}");
}

fn block(text: &mut String, block: &[Statement]) {
    for one in block {
        statement(text, one);
    }
}

fn statement(text: &mut String, statement: &Statement) {
    match *statement {
        Statement::Constant { to, value } => line(text, format_args!("v{to} = (V)(s32){value}u;")),
        Statement::Binary { op, to, a, b } => {
            line(text, format_args!("v{to} = {};", binary(op, &format!("v{a}"), &format!("v{b}"))));
        }
        Statement::WithConstant { op, to, a } => {
            line(text, format_args!("v{to} = {};", with_constant(op, &format!("v{a}"))));
        }
        Statement::Unary { op, to, a } => {
            let value = match op {
                Unary::Negate => format!("-v{a}"),
                Unary::SignByte => format!("(V)(s8)v{a}"),
                Unary::SignHalf => format!("(V)(s16)v{a}"),
                Unary::SignWord => format!("(V)(s32)v{a}"),
                Unary::LeadingZeros => format!("ZEROS(v{a})"),
            };
            line(text, format_args!("v{to} = {value};"));
        }
        Statement::Extract { to, a, bits } => {
            line(text, format_args!("v{to} = rot((u32)v{a}, {}) & {:#x}u;", bits.by, bits.mask()));
        }
        Statement::ExtractWide { to, a, bits } => {
            line(text, format_args!("v{to} = wide_rot(v{a}, {}) & {:#x}ull;", bits.by, bits.mask()));
        }
        Statement::Insert { to, a, bits } => {
            let (by, mask) = (bits.by, bits.mask());
            line(
                text,
                format_args!("v{to} = (v{to} & ~(V){mask:#x}u) | (rot((u32)v{a}, {by}) & {mask:#x}u);"),
            );
        }
        Statement::Load { to, field } => {
            line(text, format_args!("v{to} = {}({});", access(field.width), field.at));
        }
        Statement::Store { from, field } => {
            line(text, format_args!("{}({}) = v{from};", access(field.width), field.at));
        }
        Statement::LoadIndexed { to, index } => {
            line(text, format_args!("v{to} = X(v{index} & {INDEX_MASK});"));
        }
        Statement::StoreIndexed { from, index } => {
            line(text, format_args!("X(v{index} & {INDEX_MASK}) = v{from};"));
        }
        Statement::If { condition, ref then, ref otherwise } => {
            line(text, format_args!("if ({}) {{", test(condition)));
            block(text, then);
            if !otherwise.is_empty() {
                text.push_str("} else {\n");
                block(text, otherwise);
            }
            text.push_str("}\n");
        }
        Statement::Loop { turns, ref body, .. } => {
            let turns = match turns {
                Turns::Fixed(turns) => turns.to_string(),
                Turns::Masked(local, mask) => format!("(v{local} & {mask}) + 1"),
            };
            line(text, format_args!("for (u32 n = {turns}; n; n--) {{"));
            block(text, body);
            text.push_str("}\n");
        }
        Statement::Virtual { to, thing, slot, a } => {
            let thing = match thing {
                Thing::Fixed(number) => number.to_string(),
                Thing::Chosen(local) => format!("v{local} & {}", THINGS - 1),
            };
            line(text, format_args!("v{to} ^= things[{thing}].table[{slot}](v{a}, p);"));
        }
        Statement::Switch { on, bits, ref cases } => {
            line(text, format_args!("switch (rot((u32)v{on}, {}) & {:#x}u) {{", bits.by, bits.mask()));
            for (number, case) in cases.iter().enumerate() {
                line(text, format_args!("case {number}:"));
                block(text, case);
                text.push_str("break;\n");
            }
            text.push_str("}\n");
        }
        Statement::Call { to, leaf, a } => {
            line(text, format_args!("v{to} ^= l{leaf}(v{a}, p);"));
        }
    }
}

fn access(width: Width) -> char {
    match width {
        Width::Byte => 'B',
        Width::Half => 'H',
        Width::SignedHalf => 'S',
        Width::Word => 'W',
        Width::SignedWord => 'T',
        Width::Long => 'L',
    }
}

fn binary(op: Binary, a: &str, b: &str) -> String {
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Subtract => format!("{a} - {b}"),
        Binary::Multiply => format!("{a} * {b}"),
        Binary::And => format!("{a} & {b}"),
        Binary::Or => format!("{a} | {b}"),
        Binary::Xor => format!("{a} ^ {b}"),
        Binary::AndNot => format!("{a} & ~{b}"),
        Binary::Rotate => format!("ROT({a}, {b})"),
    }
}

fn with_constant(op: WithConstant, a: &str) -> String {
    match op {
        WithConstant::Add(value) => format!("{a} + (V){value}"),
        WithConstant::AddHigh(value) => format!("{a} + (V)({value} * 65536)"),
        WithConstant::Multiply(value) => format!("{a} * (V){value}"),
        WithConstant::SubtractFrom(value) => format!("(V){value} - {a}"),
        WithConstant::Xor(value) => format!("{a} ^ {value}u"),
        WithConstant::Or(value) => format!("{a} | {value}u"),
        WithConstant::ShiftRight(by) => format!("(V)((SV){a} >> {by})"),
    }
}

fn test(condition: Condition) -> String {
    let sign = |relation| match relation {
        Relation::Less => "<",
        Relation::Greater => ">",
        Relation::Equal => "==",
    };
    let test = match condition.test {
        Test::Field { field, relation, limit } => {
            format!("{}({}) {} {limit}u", access(field.width), field.at, sign(relation))
        }
        Test::Clear { local, bits } => format!("(v{local} & {:#x}u) == 0", bits.mask()),
        Test::Locals { a, b, relation, signed: true } => {
            format!("(SV)v{a} {} (SV)v{b}", sign(relation))
        }
        Test::Locals { a, b, relation, signed: false } => format!("v{a} {} v{b}", sign(relation)),
        Test::Constant { local, relation, limit } => format!("(SV)v{local} {} {limit}", sign(relation)),
    };
    if condition.holds { test } else { format!("!({test})") }
}
