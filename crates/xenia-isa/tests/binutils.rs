//! Encodings and operand syntax compared with GNU binutils, for every row that binutils supports
//! (all but VMX128).
//!
//! Skipped with a printed line if `powerpc-linux-gnu-as` is not installed.

use std::collections::BTreeMap;
use std::process::Command;
use xenia_isa::{Family, ROWS, Row, Syntax, assemble, disassemble, significant_bits};
use xenia_testing::{Dice, Tool, need};

/// Whether binutils writes the row's words identically; the exceptions are listed with reasons.
fn comparable(row: &Row) -> bool {
    let ours_only = [
        // Cell's left/right vector loads and stores: supported by `-mcell` only, tested there.
        "lvlx", "lvlxl", "lvrx", "lvrxl", "stvlx", "stvlxl", "stvrx", "stvrxl",
        // Byte-reversed doublewords: Cell and POWER7, not POWER4.
        "ldbrx", "stdbrx",
        // Withdrawn from server processors; binutils has it for 601 to 750 only.
        "mcrxr",
    ];
    row.family != Family::Vector128 && !ours_only.contains(&row.name)
}

/// Update forms need an RA that is neither 0 nor, for loads, the target.
fn updates(name: &str) -> bool {
    let access = name.starts_with('l') || name.starts_with("st");
    access && (name.ends_with('u') || name.ends_with("ux"))
}

/// Words of one row: random operands, reserved bits clear, and no forms that binutils rejects.
fn words(row: &Row, count: usize) -> Vec<u32> {
    let mut dice = Dice(u64::from(row.bits));
    let mut out = Vec::new();
    while out.len() < count {
        let mut word = row.bits | dice.next() as u32 & !row.mask;
        word &= significant_bits(word);
        let rd = word >> 21 & 31;
        let ra = word >> 16 & 31;
        let rb = word >> 11 & 31;
        match row.name {
            // Update forms need RA that is neither 0 nor, for loads, the target.
            name if updates(name) && (ra == 0 || ra == rd) => continue,
            "lmw" | "stmw" if ra >= rd => continue,
            "lswi" | "lswx" => {
                // The loaded range may not hold RA (or RB).
                word = word & !(31 << 21) | 5 << 21;
                word = word & !(31 << 16) | 3 << 16;
                if row.name == "lswx" {
                    word = word & !(31 << 11) | 4 << 11;
                }
            }
            "bcx" | "bclrx" | "bcctrx" => {
                // BO: only the encodings the books define, and no count-down to CTR.
                let valid = [0, 2, 4, 6, 7, 8, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 27];
                if !valid.contains(&rd) || row.name == "bcctrx" && rd & 4 == 0 {
                    continue;
                }
                // Without a condition, BI has no meaning; binutils has no name for such words.
                if rd & 16 != 0 {
                    word &= !(31 << 16);
                }
            }
            "sync" if rd > 2 => continue,
            "mfcr" | "mtcrf" if word & 0x0010_0000 != 0 => {
                word = word & !0x000F_F000 | 0x1000 << (rb & 7);
            }
            "mftb" => word = row.bits | rd << 21 | if rb & 1 == 0 { 0xC_4000 } else { 0xD_4000 },
            "mfspr" | "mtspr" => {
                // LR, CTR, XER, VRSAVE, SRR0.
                let spr = [8, 9, 1, 256, 26][rb as usize % 5];
                word = row.bits | rd << 21 | (spr & 31) << 16 | spr >> 5 << 11;
            }
            "vspltb" => word &= !(16 << 16),
            "vsplth" => word &= !(24 << 16),
            "vspltw" => word &= !(28 << 16),
            "mtmsr" | "mtmsrd" | "sc" => {}
            _ => {}
        }
        out.push(word);
    }
    out
}

struct Binutils {
    dir: tempfile::TempDir,
}

impl Binutils {
    /// Assembles lines and returns one word per line, or the error output.
    fn assemble(&self, lines: &[String], machine: &str) -> Result<Vec<u32>, String> {
        let source = self.dir.path().join("a.s");
        let object = self.dir.path().join("a.o");
        std::fs::write(&source, format!("{}\n", lines.join("\n"))).unwrap();
        let output = Command::new("powerpc-linux-gnu-as")
            .args(["-a32", "-mregnames", machine, "-maltivec", "-many", "-o"])
            .args([&object, &source])
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        if !output.status.success() {
            let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = complaints.lines().find(|line| line.contains("Error")).unwrap_or("?").to_owned();
            let number = first.split(':').nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(1);
            return Err(format!("{first} in `{}`", lines[number - 1]));
        }
        let image = self.dir.path().join("a.bin");
        let status = Command::new("powerpc-linux-gnu-objcopy")
            .args(["-O", "binary", "-j", ".text"])
            .args([&object, &image])
            .status()
            .unwrap();
        assert!(status.success());
        let bytes = std::fs::read(&image).unwrap();
        Ok(bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect())
    }

    /// Disassembles words at address 0, one text per word.
    fn disassemble(&self, words: &[u32], machine: &str) -> Vec<String> {
        let image = self.dir.path().join("b.bin");
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        std::fs::write(&image, bytes).unwrap();
        let output = Command::new("powerpc-linux-gnu-objdump")
            .args(["-D", "-b", "binary", "-m", "powerpc", "-M", machine, "--no-show-raw-insn", "-EB"])
            .arg(&image)
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: BTreeMap<u32, String> = text
            .lines()
            .filter_map(|line| {
                let (address, rest) = line.trim().split_once(':')?;
                let address = u32::from_str_radix(address.trim(), 16).ok()?;
                Some((address, rest.trim().to_owned()))
            })
            .collect();
        lines.into_values().collect()
    }
}

fn binutils() -> Option<Binutils> {
    need(Tool::Binutils).then(|| Binutils { dir: tempfile::tempdir().unwrap() })
}

#[test]
fn our_text_assembles_to_the_same_words_there() {
    let Some(binutils) = binutils() else { return };
    for syntax in [Syntax::Standard, Syntax::Simplified] {
        for (machine, power4) in [("-mpower4", true), ("-mcell", false)] {
            let rows = ROWS.iter().filter(|row| row.family != Family::Vector128 && comparable(row) == power4);
            let words: Vec<u32> = rows.flat_map(|row| words(row, 40)).collect();
            // Binutils takes a plain number as a branch distance, and so does this assembler at pc
            // 0.
            let lines: Vec<String> =
                words.iter().map(|&word| disassemble(word, 0, syntax).replace("dcbz128", "dcbzl")).collect();
            let got = binutils.assemble(&lines, machine).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(got.len(), words.len());
            for ((got, word), text) in got.iter().zip(&words).zip(&lines) {
                // From POWER4 on, binutils reads the time base with `mfspr`.
                let word = &if text.starts_with("mftb") { word & !0x40 } else { *word };
                assert_eq!(got, word, "`{text}`: {got:#010x} there, {word:#010x} here");
            }
        }
    }
}

#[test]
fn their_text_assembles_to_the_same_words_here() {
    let Some(binutils) = binutils() else { return };
    let mut words_of_all = Vec::new();
    for row in ROWS.iter().filter(|row| comparable(row)) {
        words_of_all.extend(words(row, 40));
    }
    let texts = binutils.disassemble(&words_of_all, "power4,altivec");
    assert_eq!(texts.len(), words_of_all.len());
    for (index, (text, &word)) in texts.iter().zip(&words_of_all).enumerate() {
        let pc = index as u32 * 4;
        let text = text.split('<').next().unwrap_or("").replace('\t', " ");
        let text = text.trim();
        // Targets are printed as bare hexadecimal addresses.
        let is_branch = matches!(word >> 26, 16 | 18);
        let text = if is_branch {
            let (head, target) = text.rsplit_once([' ', ',']).unwrap_or((text, "0"));
            let separator = if text.contains(',') { "," } else { " " };
            format!("{head}{separator}0x{}", target.trim_start_matches("0x"))
        } else {
            text.to_owned()
        };
        let assembly = assemble(&text, pc).unwrap_or_else(|error| panic!("{word:#010x} `{text}`: {error}"));
        let back = u32::from_be_bytes(assembly.bytes[..4].try_into().unwrap());
        assert_eq!(back, word, "`{text}`: {back:#010x} here, {word:#010x} there");
    }
}

/// C code with tables, strings, switches, floating point, vectors and 64-bit arithmetic.
const PROGRAM: &str = r#"
static const char *names[] = {"a", "bc", "d#e\n"};
double table[3] = {1.5, 2.25, -3};
static unsigned crc(const unsigned char *p, unsigned n) {
    unsigned c = ~0u;
    while (n--) { c ^= *p++; for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1; }
    return ~c;
}
int choose(int x) {
    switch (x) { case 0: return 5; case 1: return 9; case 2: return 77; case 3: return 12; case 4: return -1; }
    return 0;
}
long long multiply(long long a, long long b) { return a * b / (b | 1); }
double scale(double a, float b) { return a * b + table[(int)a & 1]; }
typedef float v4 __attribute__((vector_size(16)));
v4 fused(v4 a, v4 b) { return a * b + a; }
int _start(void) { return crc((const unsigned char *)names[2], 3) + choose(3) + (int)multiply(5, 7) + (int)scale(1.0, 2); }
"#;

#[test]
fn a_compilers_output_assembles_to_the_same_image() {
    let Some(binutils) = binutils() else { return };
    if !need(Tool::Gcc32) {
        return;
    }
    let path = |name: &str| binutils.dir.path().join(name);
    std::fs::write(path("c.c"), PROGRAM).unwrap();
    for level in ["-O0", "-O1", "-O2", "-O3", "-Os"] {
        let compiled = Command::new("powerpc-linux-gnu-gcc")
            .args([
                "-m32",
                "-mpowerpc64",
                "-mcpu=cell",
                "-maltivec",
                "-mabi=altivec",
                "-G",
                "0",
                "-msdata=none",
            ])
            .args(["-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fno-asynchronous-unwind-tables"])
            .args([level, "-S", "-o"])
            .args([path("c.s"), path("c.c")])
            .status();
        assert!(compiled.unwrap().success());
        // One flat image: section directives are removed.
        let sections = ["\t.section", "\t.data", "\t.text", "\t.rodata"];
        let source = std::fs::read_to_string(path("c.s")).unwrap();
        let source: String = source
            .lines()
            .filter(|line| !sections.iter().any(|section| line.starts_with(section)))
            .flat_map(|line| [line, "\n"])
            .collect();
        std::fs::write(path("c.s"), &source).unwrap();
        let run = |tool: &str, arguments: &[&str]| {
            let status =
                Command::new(tool).current_dir(binutils.dir.path()).args(arguments).status().unwrap();
            assert!(status.success(), "{tool}");
        };
        run("powerpc-linux-gnu-as", &["-a32", "-mcell", "-maltivec", "-mregnames", "c.s", "-o", "c.o"]);
        run("powerpc-linux-gnu-ld", &["-Ttext=0x82000000", "-e", "_start", "c.o", "-o", "c.elf"]);
        run("powerpc-linux-gnu-objcopy", &["-O", "binary", "-j", ".text", "c.elf", "c.bin"]);
        let assembled = assemble(&source, 0x8200_0000).unwrap_or_else(|error| panic!("{level}: {error}"));
        assert!(assembled.bytes == std::fs::read(path("c.bin")).unwrap(), "{level}");
    }
}
