//! The assembler: GNU `as` syntax for PowerPC, AltiVec and VMX128, text to bytes.
//!
//! It makes three passes over the statements. The first assigns every label its address (every
//! instruction is four bytes, so sizes depend only on the values in `.align` and `.space`), the
//! second resolves forward references of `.set` symbols, the third encodes. Macros and repetitions
//! are expanded as text before these passes.
//!
//! Supported: labels, local labels (`1:` with `1b`/`1f`), all standard and simplified mnemonics,
//! `.long .byte .half .quad .float .double .ascii .asciz`, `.align .balign .space .fill .org`,
//! `.set .equ .macro .rept`, and their synonyms. Directives about sections and symbols are
//! accepted and ignored, since the output is one flat image. `@l @h @ha @higher @highest` select
//! halves. Comments: `#`, `//`, `/* */`.

mod directive;
mod expr;
mod instruction;
mod lexer;
mod source;

use expr::{Scope, Symbols};
use lexer::{Cursor, Token};
use std::collections::BTreeMap;

/// Limit on the image size, so that a typing error in `.space` is reported instead of exhausting
/// memory.
const MAX_BYTES: u64 = 256 << 20;

/// Reason why a source text could not be assembled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct AsmError {
    /// Line number in the source, from 1.
    pub line: u32,
    /// Column in characters, from 1. Inside an expanded macro it refers to the expanded text.
    pub column: u32,
    /// Description of the error.
    pub reason: String,
}

/// The result of [`assemble`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembly {
    /// The image, beginning at the base address.
    pub bytes: Vec<u8>,
    /// Addresses of the labels.
    pub labels: BTreeMap<String, u32>,
    /// `(address, line)` of every statement that produced bytes, in address order.
    pub lines: Vec<(u32, u32)>,
}

/// An error whose line is not known yet.
#[derive(Clone, Debug)]
struct Problem {
    column: u32,
    reason: String,
}

impl Problem {
    fn new(column: u32, reason: impl Into<String>) -> Self {
        Self { column, reason: reason.into() }
    }

    fn on_line(self, line: u32) -> AsmError {
        AsmError { line, column: self.column, reason: self.reason }
    }
}

/// State of one pass.
struct Assembler {
    base: u32,
    symbols: Symbols,
    bytes: Vec<u8>,
    lines: Vec<(u32, u32)>,
    /// Last pass: undefined symbols are errors, and the bytes are final.
    last: bool,
}

/// Assembles `source` into an image for `base`.
pub fn assemble(source: &str, base: u32) -> Result<Assembly, AsmError> {
    let lines = source::expand(source)?;
    let mut symbols = Symbols::default();
    let mut labels = BTreeMap::new();
    for pass in 0..3 {
        let last = pass == 2;
        symbols.restart();
        let mut pass = Assembler { base, symbols, bytes: Vec::new(), lines: Vec::new(), last };
        // Tokens are recreated in each pass: those of a whole source would take forty times its
        // text.
        for line in &lines {
            lexer::tokens(&line.text)
                .and_then(|tokens| pass.line(&tokens, line.number, &mut labels))
                .map_err(|problem| problem.on_line(line.number))?;
        }
        if last {
            return Ok(Assembly { bytes: pass.bytes, labels, lines: pass.lines });
        }
        symbols = pass.symbols;
    }
    unreachable!("the last pass returns")
}

impl Assembler {
    fn here(&self) -> i64 {
        i64::from(self.base) + self.bytes.len() as i64
    }

    fn scope(&self) -> Scope<'_> {
        Scope { symbols: &self.symbols, here: self.here(), complete: self.last }
    }

    fn reserve(&self, more: u64, column: u32) -> Result<(), Problem> {
        let end = (self.bytes.len() as u64).saturating_add(more);
        let room = (1_u64 << 32) - u64::from(self.base);
        if end > MAX_BYTES.min(room) {
            return Err(Problem::new(column, format!("the image would be {end} bytes long")));
        }
        Ok(())
    }

    fn emit(&mut self, bytes: &[u8], column: u32) -> Result<(), Problem> {
        self.reserve(bytes.len() as u64, column)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Handles one line: labels, then a statement, then more after `;`.
    fn line(
        &mut self,
        tokens: &[lexer::Spanned],
        number: u32,
        labels: &mut BTreeMap<String, u32>,
    ) -> Result<(), Problem> {
        let mut cursor = Cursor::new(tokens);
        loop {
            while cursor.take(&Token::Punct(';')) {}
            let column = cursor.column();
            match cursor.peek_two() {
                (None, _) => return Ok(()),
                (Some(Token::Ident(name)), Some(Token::Punct(':'))) => {
                    let name = name.clone();
                    let here = self.here();
                    cursor.skip(2);
                    self.symbols.define_label(&name, here, self.last, column)?;
                    labels.insert(name, here as u32);
                    continue;
                }
                (Some(&Token::Number(label)), Some(Token::Punct(':'))) => {
                    let here = self.here();
                    cursor.skip(2);
                    self.symbols.define_local(label, here);
                    continue;
                }
                (Some(Token::Ident(name)), Some(Token::Punct('='))) => {
                    let name = name.clone();
                    cursor.skip(2);
                    self.assign(&name, &mut cursor)?;
                }
                (Some(Token::Ident(name)), _) => {
                    let name = name.clone();
                    cursor.skip(1);
                    let before = self.bytes.len();
                    let address = self.here() as u32;
                    if name.starts_with('.') {
                        self.directive(&name, &mut cursor, column)?;
                    } else {
                        self.instruction(&name, &mut cursor, column)?;
                    }
                    if self.bytes.len() > before {
                        self.lines.push((address, number));
                    }
                }
                (Some(token), _) => {
                    return Err(Problem::new(column, format!("expected a statement, found {token}")));
                }
            }
            let column = cursor.column();
            if let Some(token) = cursor.peek()
                && *token != Token::Punct(';')
            {
                return Err(Problem::new(column, format!("unexpected {token} after the statement")));
            }
        }
    }

    /// `.set name, expression` and `name = expression`.
    fn assign(&mut self, name: &str, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        let expression = expr::parse(cursor)?;
        if let Some(value) = expression.evaluate(&self.scope())? {
            self.symbols.assign(name, value.number);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn words(source: &str) -> Vec<u32> {
        let assembly = assemble(source, 0x8201_0000).unwrap_or_else(|error| panic!("{error}"));
        assembly.bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    }

    fn error(source: &str) -> String {
        assemble(source, 0x8201_0000).unwrap_err().to_string()
    }

    #[test]
    fn labels_forward_and_backward() {
        assert_eq!(
            words("start: b end\n1: bdnz 1b\n beq 1f ; nop\n1:end: bl start"),
            [0x4800_0010, 0x4200_0000, 0x4182_0008, 0x6000_0000, 0x4BFF_FFF1]
        );
    }

    #[test]
    fn halves_of_addresses_carry_as_they_are_added() {
        assert_eq!(
            words(
                "lis r3,table@ha\n addi r3,r3,table@l\n lwz r4,table+4@l(r3)\n lis r3, table@h\n.space 0x8000\ntable:"
            )[..4],
            [0x3C60_8202, 0x3863_8010, 0x8083_8014, 0x3C60_8201]
        );
    }

    #[test]
    fn data_directives_emit_their_bytes() {
        let source = ".byte 1, 'a', -1\n.half 0x1234\n.align 2\n.long end, 1f-.\n1: .quad -1\n.float 1.5, -0.0\n\
                      .double 1e10\n.ascii \"a\\n\"\n.asciz \"b\\x41\\101\"\n.space 3, 7\nend:";
        let assembly = assemble(source, 0x1000).unwrap();
        let mut expected = vec![1, b'a', 0xFF, 0x12, 0x34, 0, 0, 0, 0, 0, 0x10, 0x32, 0, 0, 0, 4];
        expected.extend([0xFF; 8]);
        expected.extend([0x3F, 0xC0, 0, 0, 0x80, 0, 0, 0]);
        expected.extend(1e10_f64.to_be_bytes());
        expected.extend(b"a\nbAA\0\x07\x07\x07");
        assert_eq!(assembly.labels["end"] as usize - 0x1000, assembly.bytes.len());
        expected[8..12].copy_from_slice(&assembly.labels["end"].to_be_bytes());
        assert_eq!(assembly.bytes, expected);
    }

    #[test]
    fn symbols_are_expressions_at_the_place_of_their_use() {
        assert_eq!(
            words(
                ".set size, (1 << 4) | 2\nhalf = size / 2\n li r3, size*2-~0\n.equ size, 7\n li r4, size%4\n li r5, half"
            ),
            [0x3860_0025, 0x3880_0003, 0x38A0_0009]
        );
        assert_eq!(words("li r3, later - .\nlater:"), [0x3860_0004]);
        assert_eq!(words("li r3, total\n.set total, end - start\nstart: nop\nend:")[0], 0x3860_0004);
    }

    #[test]
    fn registers_are_spelled_with_and_without_prefixes() {
        let expected = words("add r3,r4,r5");
        for text in ["add 3,4,5", "add %r3, %r4,%r5", "ADD R3,R4,R5", "add r3 , r4 , 2+3"] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words("fadd f1,%f2,3"), words("fadd 1,2,3"));
        assert_eq!(words("vaddfp v1,vr2,3"), words("vaddfp 1,2,3"));
        assert_eq!(words("bt 4*cr6+eq, .; crand lt, 4*cr7+so, 31; mcrf cr1,%cr7")[1], 0x4C1F_FA02);
    }

    #[test]
    fn macros_repetitions_and_comments() {
        let source = ".macro load dest, value=5 # comment\n li \\dest, \\value\n.endm\n/* a\n b */ load r3\n \
                      load r4, 7 // x\n.rept 2\nnop\n.endr";
        assert_eq!(words(source), [0x3860_0005, 0x3880_0007, 0x6000_0000, 0x6000_0000]);
    }

    #[test]
    fn rotates_with_a_mask_and_computed_forms() {
        assert_eq!(words("rlwinm r3,r4,5,0x00FF0000"), words("rlwinm r3,r4,5,8,15"));
        assert_eq!(words("rlwinm r3,r4,5,0xFF0000FF"), words("rlwinm r3,r4,5,24,7"));
        assert_eq!(words("extlwi r3,r4,8,4"), words("rlwinm r3,r4,4,0,7"));
        assert_eq!(words("extrwi r3,r4,8,4"), words("rlwinm r3,r4,12,24,31"));
        assert_eq!(words("inslwi r3,r4,8,4"), words("rlwimi r3,r4,28,4,11"));
        assert_eq!(words("insrwi r3,r4,8,4"), words("rlwimi r3,r4,20,4,11"));
        assert_eq!(words("clrlslwi r3,r4,8,4"), words("rlwinm r3,r4,4,4,27"));
        assert_eq!(words("insrdi r3,r4,8,4"), words("rldimi r3,r4,52,4"));
        assert_eq!(words("extrdi. r3,r4,8,4"), words("rldicl. r3,r4,12,56"));
        assert_eq!(words("srwi r3,r4,0"), words("rlwinm r3,r4,0,0,31"));
    }

    #[test]
    fn errors_name_line_column_and_reason() {
        for (source, expected) in [
            ("nop\n  frob r3", "line 2, column 3: unknown mnemonic `frob`"),
            ("add r3,r4", "line 1, column 1: `add` takes 3 operands, found 2"),
            ("li r3, 40000", "line 1, column 8: value 40000 is not in -32768..=32767"),
            ("li r32, 1", "line 1, column 4: value 32 is not in 0..=31"),
            ("b nowhere", "line 1, column 3: undefined symbol `nowhere`"),
            ("a:\na:", "line 2, column 1: label `a` is defined twice"),
            ("ld r3, 2(r4)", "line 1, column 8: value 2 is not a multiple of 4"),
            ("lwz r3, 4", "line 1, column 1: `lwz` needs a base register in parentheses"),
            (".frob 1", "line 1, column 1: unknown directive `.frob`"),
            (".long 1 2", "line 1, column 9: unexpected `2` after the statement"),
            (".space 0x7fffffff", "line 1, column 8: the image would be 2147483647 bytes long"),
            (".ascii \"a", "line 1, column 8: the string has no end"),
            ("add f3,r4,r5", "line 1, column 5: expected a general-purpose register, found `f3`"),
            ("li r3, 1/0", "line 1, column 9: division by zero"),
        ] {
            assert_eq!(error(source), expected, "{source}");
        }
    }

    #[test]
    fn numbers_at_the_ends_of_64_bits() {
        for (half, expected) in
            [("ha", 0), ("higher", 0xFFFF), ("highera", 0), ("highest", 0x7FFF), ("highesta", 0x8000)]
        {
            assert_eq!(words(&format!(".long 0x7fffffffffffffff@{half}")), [expected], "{half}");
        }
        for (source, reason) in [
            (".org -9223372036854775808", "can't go back by 9223372036854775808 bytes"),
            (".org 0x7fffffffffffffff", "the image would be 9223372034673672191 bytes long"),
            ("nop; .fill 0x7fffffffffffffff, 8", "the image would be 18446744073709551615 bytes long"),
            ("subi r3,r3,-9223372036854775807-1", "value -9223372036854775808 is not in -32768..=32767"),
            ("extrwi r3,r3,9223372036854775807,9223372036854775807", "the shift or width is out of range"),
            ("insrdi r3,r3,9223372036854775807,9223372036854775807", "the shift or width is out of range"),
            ("rotrwi r3,r3,-9223372036854775807-1", "the shift or width is out of range"),
        ] {
            assert!(error(source).ends_with(reason), "{source}: {}", error(source));
        }
    }

    #[test]
    fn hostile_text_is_an_error_not_a_crash() {
        error(&format!("li r3, {}1", "(".repeat(100_000)));
        error(&format!("li r3, {}1", "-".repeat(100_000)));
        error(".macro a\n a\n a\n.endm\na");
        error(".rept 1000000\n.rept 1000000\nnop\n.endr\n.endr");
        error(".macro a");
        error("@@@@");
        error(".long 99999999999999999999999");
        error(".align 60");
        let x = "x".repeat(100_000);
        let y = "y".repeat(1_000);
        let mut chain = ".macro m32 x\n.endm\n".to_owned();
        for n in 0..32 {
            writeln!(chain, ".macro m{n} x\n m{0} \\x\n m{0} \\x\n.endm", n + 1).unwrap();
        }
        for source in [
            // Much text in few lines, empty repetitions, and definitions of an unused macro.
            format!(".rept 3000\n {x}\n.endr"),
            ".rept 4294967295\n.rept 4294967295\n.endr\n.endr\nnop".to_owned(),
            format!(".rept 4294967295\n.macro m\n {x}\n.endm\n.endr"),
            // 2^32 calls.
            format!("{chain} m0 {y}"),
        ] {
            assert!(
                error(&source).ends_with("macros and repetitions make too much text"),
                "{}",
                error(&source)
            );
        }
        // Arguments that double in each call, and a line with many arguments.
        let doubled = format!(".macro m x\n m \\x\\x\n.endm\n m {y}");
        let many = format!(".macro m x\n {}\n.endm\n m {x}", "\\x".repeat(50_000));
        let long = " ".repeat(2_000_000) + "nop";
        for source in [doubled, many, long] {
            assert!(error(&source).ends_with("the line is too long"), "{}", error(&source));
        }
        let parameters: Vec<_> = (0..100).map(|n| format!("p{n}")).collect();
        assert!(
            error(&format!(".macro m {}\n.endm", parameters.join(","))).ends_with("64 parameters at most")
        );
        error(".fill 4000000000,8,1");
    }
}
