//! Generated programs as assembly text: functions that call one another, with prologues that save
//! registers in any order, bodies that change the saved registers, and scopes.

use std::fmt::Write;
use xenia_testing::Dice;

/// A `__try` scope of a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Index of the first and last instruction of the body that it covers.
    pub(super) covers: (u32, u32),
    /// 1: handles every exception. Otherwise the address of its filter or termination handler.
    pub(super) handler: u32,
    /// Whether it is a `__except`; otherwise a `__finally`.
    pub(super) catches: bool,
    /// Return value of its filter.
    pub(super) answer: i32,
}

/// The generator's record of a function.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    /// The function's scopes, if it has a handler.
    pub(super) scopes: Option<Vec<Scope>>,
}

/// A program under construction.
pub(super) struct Program {
    pub(super) text: String,
    pub(super) functions: Vec<Function>,
    /// Whether general registers hold only 32-bit values, as `stmw` saves no more.
    pub(super) narrow: bool,
}

/// Save routines as in the console's library, with one entry for each first register.
fn routines(text: &mut String) {
    for n in 14..32 {
        let _ = writeln!(text, "save_gpr{n}: std {n}, {}(1)", -8 * (33 - n));
    }
    text.push_str("stw 12, -8(1)\nblr\n");
    for n in 14..32 {
        let _ = writeln!(text, "save_fpr{n}: stfd {n}, {}(12)", -8 * (32 - n));
    }
    text.push_str("blr\n");
    for n in 64..128 {
        let _ = writeln!(text, "save_vmx{n}: li 11, {}\nstvx128 {n}, 11, 12", -16 * (128 - n));
    }
    text.push_str("blr\n");
}

/// Rounds up to the next multiple.
fn rounded_up(value: i32, multiple: i32) -> i32 {
    (value + multiple - 1) / multiple * multiple
}

/// Builder of a function's prologue.
struct Prologue<'a> {
    dice: &'a mut Dice,
    /// Stores relative to r1 on entry: text before the displacement, the displacement, text after
    /// it.
    stores: Vec<(String, i32, String)>,
    /// Bytes below r1 on entry that are in use.
    used: i32,
    /// Instructions that change the saved registers.
    changes: String,
}

impl Prologue<'_> {
    fn take(&mut self, bytes: i32) -> i32 {
        self.used += bytes;
        -self.used
    }

    fn save_general(&mut self, narrow: bool) {
        let n = 14 + self.dice.below(18);
        let (store, bytes) = if narrow && self.dice.one_in(2) { ("stw", 8) } else { ("std", 8) };
        let at = self.take(bytes);
        self.stores.push((format!("{store} {n}, "), at, "(1)".into()));
        let _ = writeln!(self.changes, "li {n}, {}", self.dice.below(0x7FFF));
    }

    fn save_float(&mut self) {
        let n = 14 + self.dice.below(18);
        let at = self.take(8);
        self.stores.push((format!("stfd {n}, "), at, "(1)".into()));
        let _ = writeln!(self.changes, "fneg {n}, {n}");
    }

    fn save_vector(&mut self) {
        self.used = rounded_up(self.used, 16);
        let at = self.take(16);
        let high = self.dice.one_in(2);
        let n = if high { 64 + self.dice.below(64) } else { 14 + self.dice.below(18) };
        let (store, change) = if high { ("stvx128", "vxor128") } else { ("stvx", "vxor") };
        // Each store loads its offset itself, so that the order of stores does not matter.
        self.stores.push(("li 11, ".into(), at, format!("\n{store} {n}, 1, 11")));
        let _ = writeln!(self.changes, "{change} {n}, {n}, {n}");
    }

    fn save_condition(&mut self) {
        let at = self.take(8);
        self.stores.push(("mfcr 11\nstw 11, ".into(), at, "(1)".into()));
        let _ = writeln!(self.changes, "mtcrf 0x38, {}", self.dice.below(32));
    }
}

impl Program {
    /// Generates `count` functions, each of which calls the next.
    pub(super) fn new(dice: &mut Dice, count: usize) -> Self {
        let narrow = dice.one_in(4);
        let mut program = Self { text: String::new(), functions: Vec::new(), narrow };
        for index in 0..count {
            program.function(dice, index, index + 1 == count);
        }
        routines(&mut program.text);
        program
    }

    fn function(&mut self, dice: &mut Dice, index: usize, last: bool) {
        let handled = dice.one_in(2);
        let words = if handled { format!("handler, f{index}_table") } else { "0, 0".into() };
        let _ = writeln!(self.text, ".long {words}\nf{index}:");
        let leaf = last && dice.one_in(3);
        let (prologue, changes) = self.prologue(dice, leaf);
        let _ = writeln!(self.text, "{prologue}f{index}_body:\n{changes}");
        // Eight instructions that scopes may cover; the fifth is the call.
        for place in 0..8 {
            let what = if place == 4 && !last { format!("bl f{}", index + 1) } else { "nop".into() };
            let _ = writeln!(self.text, "f{index}_{place}: {what}");
        }
        let scopes: Vec<Scope> = (0..dice.below(5)).map(|_| Self::scope(dice)).collect();
        for number in 0..scopes.len() {
            let _ = writeln!(self.text, "f{index}_target{number}: nop");
        }
        let _ = writeln!(self.text, "f{index}_end:");
        if handled {
            let _ = writeln!(self.text, "f{index}_table: .long {}", scopes.len());
            for (number, scope) in scopes.iter().enumerate() {
                let target = if scope.catches { format!("f{index}_target{number}") } else { "0".into() };
                let (first, last) = scope.covers;
                let _ = writeln!(
                    self.text,
                    ".long f{index}_{first}, f{index}_{last} + 4, {:#x}, {target}",
                    scope.handler
                );
            }
        }
        self.functions.push(Function { scopes: handled.then_some(scopes) });
    }

    fn scope(dice: &mut Dice) -> Scope {
        let first = dice.below(6) as u32;
        let catches = dice.one_in(2);
        let always = catches && dice.one_in(8);
        Scope {
            covers: (first, first + dice.below(8 - first as usize) as u32),
            handler: if always { 1 } else { 0x8400_0000 + 4 * dice.below(0x1000) as u32 },
            catches,
            answer: [0, 0, 0, 1, 7, -1][dice.below(6)],
        }
    }

    /// The text of a prologue, and of the instructions that change the saved registers.
    fn prologue(&self, dice: &mut Dice, leaf: bool) -> (String, String) {
        let mut text = String::new();
        let mut p = Prologue { dice, stores: Vec::new(), used: 8, changes: String::new() };
        let mut link = if leaf { 4 } else { p.dice.below(4) };
        match link {
            // The save routines save the link register too.
            0 => {
                let first = 14 + p.dice.below(18) as i32;
                let _ = writeln!(text, "mflr 12\nbl save_gpr{first}");
                p.used = 8 * (33 - first);
                for n in first..32 {
                    let _ = writeln!(p.changes, "li {n}, {}", p.dice.below(0x7FFF));
                }
                if p.dice.one_in(2) {
                    let first = 14 + p.dice.below(18) as i32;
                    let _ = writeln!(text, "subi 12, 1, {}\nbl save_fpr{first}", p.used);
                    p.used += 8 * (32 - first);
                    for n in first..32 {
                        let _ = writeln!(p.changes, "fneg {n}, {n}");
                    }
                }
                if p.dice.one_in(3) {
                    let first = 64 + p.dice.below(64) as i32;
                    p.used = rounded_up(p.used, 16);
                    let _ = writeln!(text, "subi 12, 1, {}\nbl save_vmx{first}", p.used);
                    p.used += 16 * (128 - first);
                    for n in first..128 {
                        let _ = writeln!(p.changes, "vxor128 {n}, {n}, {n}");
                    }
                }
            }
            1 => text.push_str("mflr 12\nstw 12, -8(1)\n"),
            2 => text.push_str("mflr 0\nstd 0, -8(1)\n"),
            _ => {}
        }
        if p.dice.one_in(4) && self.narrow {
            let first = 14 + p.dice.below(18) as i32;
            p.used = rounded_up(p.used, 8);
            let at = p.take(4 * (32 - first));
            p.stores.push((format!("stmw {first}, "), at, "(1)".into()));
            p.used = rounded_up(p.used, 8);
            for n in first..32 {
                let _ = writeln!(p.changes, "li {n}, {}", p.dice.below(0x7FFF));
            }
        }
        let stores = p.dice.below(7);
        for _ in 0..stores {
            match p.dice.below(8) {
                0..=3 => p.save_general(self.narrow),
                4 | 5 => p.save_float(),
                6 => p.save_vector(),
                _ => p.save_condition(),
            }
        }
        if leaf {
            for (before, at, after) in &p.stores {
                let _ = writeln!(text, "{before}{at}{after}");
            }
            return (text, p.changes);
        }
        let size = rounded_up(p.used + 16 * p.dice.below(8) as i32 + 32, 16);
        // Some stores follow the allocation of the frame; vector stores are relative to r1 too.
        let late = p.dice.below(p.stores.len() + 1);
        for (before, at, after) in &p.stores[late..] {
            let _ = writeln!(text, "{before}{at}{after}");
        }
        match p.dice.below(6) {
            0 => {
                let size = size.cast_unsigned();
                let low = size.wrapping_neg() & 0xFFFF;
                let _ = writeln!(text, "lis 11, -1\nori 11, 11, {low:#x}\nstwux 1, 1, 11");
            }
            1 => {
                let _ = writeln!(text, "li 11, -{size}\nstwux 1, 1, 11");
            }
            2 => {
                let _ = writeln!(text, "stdu 1, -{size}(1)");
            }
            _ => {
                let _ = writeln!(text, "stwu 1, -{size}(1)");
            }
        }
        for (before, at, after) in &p.stores[..late] {
            let _ = writeln!(text, "{before}{}{after}", at + size);
        }
        if link == 3 {
            link = p.dice.below(2);
            let at = if link == 0 { size - 8 } else { size + 8 };
            let _ = writeln!(text, "mflr 0\nstw 0, {at}(1)");
        }
        (text, p.changes)
    }
}
