//! Simplified mnemonics: the table that both the assembler and the disassembler use.
//!
//! Source: PowerISA 2.02 book I appendix B (assembler extended mnemonics) and the AltiVec manual.
//! Branches and traps are products of short tables (condition × link × hint), so they are generated
//! rather than listed.

use crate::syntax::{Arg, Computed, Shown, Template, suffixes};
use crate::{Op, Operand};
use Operand::*;

/// A simplified form of one row: fixed fields, then the remaining operands.
struct Simplified {
    name: &'static str,
    op: Op,
    fixed: &'static [(Operand, i64)],
    args: &'static [Arg],
    computed: &'static [Computed],
    shown: Shown,
}

const fn form(
    name: &'static str,
    op: Op,
    fixed: &'static [(Operand, i64)],
    args: &'static [Arg],
) -> Simplified {
    Simplified { name, op, fixed, args, computed: &[], shown: Shown::Simplified }
}

const fn field(field: Operand, base: i64, n: i64, b: i64) -> Computed {
    Computed { field, base, n, b }
}

impl Simplified {
    /// Accepted by the assembler, but never written by the disassembler.
    const fn hidden(mut self) -> Self {
        self.shown = Shown::Never;
        self
    }

    /// Adds fields computed from N and B.
    const fn computing(mut self, computed: &'static [Computed]) -> Self {
        self.computed = computed;
        self
    }
}

use Arg::{Again, All, B, Field as F, Leading, Mask, N, Negated};

#[rustfmt::skip]
static FORMS: &[Simplified] = &[
    // Integer.
    form("li", Op::addi, &[(ra0, 0)], &[F(rd), F(simm)]),
    form("lis", Op::addis, &[(ra0, 0)], &[F(rd), F(simm)]),
    form("subi", Op::addi, &[], &[F(rd), F(ra0), Negated(simm)]),
    form("subis", Op::addis, &[], &[F(rd), F(ra0), Negated(simm)]),
    form("subic", Op::addic, &[], &[F(rd), F(ra), Negated(simm)]),
    form("subic.", Op::addic_rc, &[], &[F(rd), F(ra), Negated(simm)]),
    form("la", Op::addi, &[], &[F(rd), F(disp), F(ra0)]).hidden(),
    form("sub", Op::subfx, &[], &[F(rd), F(rb), F(ra)]),
    form("subc", Op::subfcx, &[], &[F(rd), F(rb), F(ra)]),
    form("cmpw", Op::cmp, &[(l, 0)], &[Leading(crfd), F(ra), F(rb)]),
    form("cmpd", Op::cmp, &[(l, 1)], &[Leading(crfd), F(ra), F(rb)]),
    form("cmplw", Op::cmpl, &[(l, 0)], &[Leading(crfd), F(ra), F(rb)]),
    form("cmpld", Op::cmpl, &[(l, 1)], &[Leading(crfd), F(ra), F(rb)]),
    form("cmpwi", Op::cmpi, &[(l, 0)], &[Leading(crfd), F(ra), F(simm)]),
    form("cmpdi", Op::cmpi, &[(l, 1)], &[Leading(crfd), F(ra), F(simm)]),
    form("cmplwi", Op::cmpli, &[(l, 0)], &[Leading(crfd), F(ra), F(uimm)]),
    form("cmpldi", Op::cmpli, &[(l, 1)], &[Leading(crfd), F(ra), F(uimm)]),
    // Logical.
    form("nop", Op::ori, &[(ra, 0), (rs, 0), (uimm, 0)], &[]),
    form("xnop", Op::xori, &[(ra, 0), (rs, 0), (uimm, 0)], &[]),
    form("mr", Op::orx, &[], &[F(ra), All(&[rs, rb])]),
    form("not", Op::norx, &[], &[F(ra), All(&[rs, rb])]),
    // Rotates of words.
    form("clrlwi", Op::rlwinmx, &[(sh, 0), (me, 31)], &[F(ra), F(rs), N]).computing(&[field(mb, 0, 1, 0)]),
    form("slwi", Op::rlwinmx, &[(mb, 0)], &[F(ra), F(rs), N]).computing(&[field(sh, 0, 1, 0), field(me, 31, -1, 0)]),
    form("srwi", Op::rlwinmx, &[(me, 31)], &[F(ra), F(rs), N]).computing(&[field(sh, 32, -1, 0), field(mb, 0, 1, 0)]),
    form("clrrwi", Op::rlwinmx, &[(sh, 0), (mb, 0)], &[F(ra), F(rs), N]).computing(&[field(me, 31, -1, 0)]),
    form("rotlwi", Op::rlwinmx, &[(mb, 0), (me, 31)], &[F(ra), F(rs), N]).computing(&[field(sh, 0, 1, 0)]),
    form("rotrwi", Op::rlwinmx, &[(mb, 0), (me, 31)], &[F(ra), F(rs), N]).computing(&[field(sh, 32, -1, 0)]).hidden(),
    form("extlwi", Op::rlwinmx, &[(mb, 0)], &[F(ra), F(rs), N, B]).computing(&[field(sh, 0, 0, 1), field(me, -1, 1, 0)]).hidden(),
    form("extrwi", Op::rlwinmx, &[(me, 31)], &[F(ra), F(rs), N, B]).computing(&[field(sh, 0, 1, 1), field(mb, 32, -1, 0)]).hidden(),
    form("clrlslwi", Op::rlwinmx, &[], &[F(ra), F(rs), B, N]).computing(&[field(sh, 0, 1, 0), field(mb, 0, -1, 1), field(me, 31, -1, 0)]).hidden(),
    form("inslwi", Op::rlwimix, &[], &[F(ra), F(rs), N, B]).computing(&[field(sh, 32, 0, -1), field(mb, 0, 0, 1), field(me, -1, 1, 1)]).hidden(),
    form("insrwi", Op::rlwimix, &[], &[F(ra), F(rs), N, B]).computing(&[field(sh, 32, -1, -1), field(mb, 0, 0, 1), field(me, -1, 1, 1)]).hidden(),
    form("rotlw", Op::rlwnmx, &[(mb, 0), (me, 31)], &[F(ra), F(rs), F(rb)]),
    form("rlwinm", Op::rlwinmx, &[], &[F(ra), F(rs), F(sh), Mask]).hidden(),
    form("rlwimi", Op::rlwimix, &[], &[F(ra), F(rs), F(sh), Mask]).hidden(),
    form("rlwnm", Op::rlwnmx, &[], &[F(ra), F(rs), F(rb), Mask]).hidden(),
    // Rotates of doublewords.
    form("clrldi", Op::rldiclx, &[(sh64, 0)], &[F(ra), F(rs), N]).computing(&[field(mb64, 0, 1, 0)]),
    form("srdi", Op::rldiclx, &[], &[F(ra), F(rs), N]).computing(&[field(sh64, 64, -1, 0), field(mb64, 0, 1, 0)]),
    form("rotldi", Op::rldiclx, &[(mb64, 0)], &[F(ra), F(rs), N]).computing(&[field(sh64, 0, 1, 0)]),
    form("rotrdi", Op::rldiclx, &[(mb64, 0)], &[F(ra), F(rs), N]).computing(&[field(sh64, 64, -1, 0)]).hidden(),
    form("extrdi", Op::rldiclx, &[], &[F(ra), F(rs), N, B]).computing(&[field(sh64, 0, 1, 1), field(mb64, 64, -1, 0)]).hidden(),
    form("sldi", Op::rldicrx, &[], &[F(ra), F(rs), N]).computing(&[field(sh64, 0, 1, 0), field(me64, 63, -1, 0)]),
    form("clrrdi", Op::rldicrx, &[(sh64, 0)], &[F(ra), F(rs), N]).computing(&[field(me64, 63, -1, 0)]),
    form("extldi", Op::rldicrx, &[], &[F(ra), F(rs), N, B]).computing(&[field(sh64, 0, 0, 1), field(me64, -1, 1, 0)]).hidden(),
    form("clrlsldi", Op::rldicx, &[], &[F(ra), F(rs), B, N]).computing(&[field(sh64, 0, 1, 0), field(mb64, 0, -1, 1)]).hidden(),
    form("insrdi", Op::rldimix, &[], &[F(ra), F(rs), N, B]).computing(&[field(sh64, 64, -1, -1), field(mb64, 0, 0, 1)]).hidden(),
    form("rotld", Op::rldclx, &[(mb64, 0)], &[F(ra), F(rs), F(rb)]),
    // Condition register.
    form("crset", Op::creqv, &[], &[All(&[crbd, crba, crbb])]),
    form("crclr", Op::crxor, &[], &[All(&[crbd, crba, crbb])]),
    form("crmove", Op::cror, &[], &[F(crbd), All(&[crba, crbb])]),
    form("crnot", Op::crnor, &[], &[F(crbd), All(&[crba, crbb])]),
    form("mtcr", Op::mtcrf, &[(crm, 255)], &[F(rs)]),
    // Floating point.
    form("mtfs", Op::mtfsfx, &[(fm, 255)], &[F(fb)]).hidden(),
    // System.
    form("trap", Op::tw, &[(to, 31), (ra, 0), (rb, 0)], &[]),
    form("hwsync", Op::sync, &[(sync_l, 0)], &[]).hidden(),
    form("lwsync", Op::sync, &[(sync_l, 1)], &[]),
    form("ptesync", Op::sync, &[(sync_l, 2)], &[]),
    form("mftbl", Op::mftb, &[(tbr, 268)], &[F(rd)]).hidden(),
    form("mftbu", Op::mftb, &[(tbr, 269)], &[F(rd)]),
    form("dcbtct", Op::dcbt, &[], &[F(ra0), F(rb)]).hidden(),
    form("dcbtstct", Op::dcbtst, &[], &[F(ra0), F(rb)]).hidden(),
    form("dcbzl", Op::dcbz128, &[], &[F(ra0), F(rb)]).hidden(),
    // Vector.
    form("vmr", Op::vor, &[], &[F(vd), All(&[va, vb])]),
    form("vnot", Op::vnor, &[], &[F(vd), All(&[va, vb])]),
    form("vcsxwfp", Op::vcfsx, &[], &[F(vd), F(vb), F(uimm5)]).hidden(),
    form("vcuxwfp", Op::vcfux, &[], &[F(vd), F(vb), F(uimm5)]).hidden(),
    form("vcfpsxws", Op::vctsxs, &[], &[F(vd), F(vb), F(uimm5)]).hidden(),
    form("vcfpuxws", Op::vctuxs, &[], &[F(vd), F(vb), F(uimm5)]).hidden(),
    // VMX128: the halfword unpacks share a row with the byte ones; the forms below name VD twice.
    form("vupkhsh128", Op::vupkhsb128, &[(va128, 0x60)], &[F(vd128), F(vb128)]),
    form("vupklsh128", Op::vupklsb128, &[(va128, 0x60)], &[F(vd128), F(vb128)]),
    form("vmaddfp128", Op::vmaddfp128, &[], &[F(vd128), F(va128), F(vb128), Again(vd128)]).hidden(),
    form("vmaddcfp128", Op::vmaddcfp128, &[], &[F(vd128), F(va128), Again(vd128), F(vb128)]).hidden(),
    form("vnmsubfp128", Op::vnmsubfp128, &[], &[F(vd128), F(va128), F(vb128), Again(vd128)]).hidden(),
    form("vsel128", Op::vsel128, &[], &[F(vd128), F(va128), F(vb128), Again(vd128)]).hidden(),
];

/// Trap conditions: TO and name. The disassembler writes the first name of a TO value.
static TRAPS: &[(i64, &str)] = &[
    (16, "lt"),
    (20, "le"),
    (4, "eq"),
    (12, "ge"),
    (8, "gt"),
    (24, "ne"),
    (2, "llt"),
    (6, "lle"),
    (5, "lge"),
    (1, "lgt"),
    (31, "u"),
    (12, "nl"),
    (20, "ng"),
    (5, "lnl"),
    (6, "lng"),
];

/// Branch conditions: name, BO, low bits of BI. The disassembler writes the first name of a pair.
static CONDITIONS: &[(&str, u32, i64)] = &[
    ("lt", 12, 0),
    ("gt", 12, 1),
    ("eq", 12, 2),
    ("so", 12, 3),
    ("ge", 4, 0),
    ("le", 4, 1),
    ("ne", 4, 2),
    ("ns", 4, 3),
    ("un", 12, 3),
    ("nl", 4, 0),
    ("ng", 4, 1),
    ("nu", 4, 3),
];

/// Hints of branches on a condition and of branches on the counter: suffix, BO bits.
static CONDITION_HINTS: &[(&str, u32)] = &[("", 0), ("-", 2), ("+", 3)];
static COUNTER_HINTS: &[(&str, u32)] = &[("", 0), ("-", 8), ("+", 9)];

/// The bit that selects the one-field forms of `mfcr` and `mtcrf`.
pub(crate) const ONE_FIELD: u32 = 0x0010_0000;

/// Bits of a word that a template fixes; those outside of `mask` are 0 in `bits`.
#[derive(Clone, Copy, Debug)]
struct FixedBits {
    bits: u32,
    mask: u32,
}

impl FixedBits {
    fn of_fields(fields: &[(Operand, i64)]) -> Self {
        let none = Self { bits: 0, mask: 0 };
        fields.iter().fold(none, |fixed, &(field, value)| {
            let value = field.insert(value).unwrap_or_else(|error| panic!("{field:?}: {error}"));
            fixed.and(value, field.mask())
        })
    }

    fn of_bo(value: u32) -> Self {
        Self { bits: value << 21, mask: bo.mask() }
    }

    /// Fixes these bits as well.
    fn and(self, bits: u32, mask: u32) -> Self {
        Self { bits: self.bits | bits, mask: self.mask | mask }
    }
}

/// Adds every simplified template.
pub(crate) fn templates(all: &mut Vec<Template>) {
    for &(op, name, args) in &[(Op::mfcr, "mfocrf", [F(rd), F(crm)]), (Op::mtcrf, "mtocrf", [F(crm), F(rs)])]
    {
        let bits = op.row().bits | ONE_FIELD;
        let mask = op.row().mask | ONE_FIELD;
        let shown = Shown::Standard;
        all.push(Template {
            name: name.to_owned(),
            op,
            bits,
            mask,
            args: args.to_vec(),
            computed: &[],
            shown,
        });
    }
    for form in FORMS {
        let row = form.op.row();
        let (suffixes, suffix_mask) = suffixes(row);
        let FixedBits { bits, mut mask } = FixedBits::of_fields(form.fixed);
        if form.op == Op::mtcrf {
            mask |= ONE_FIELD;
        }
        for (suffix, suffix_bits) in suffixes {
            all.push(Template {
                name: format!("{}{suffix}", form.name),
                op: form.op,
                bits: row.bits | bits | suffix_bits,
                mask: row.mask | mask | suffix_mask,
                args: form.args.to_vec(),
                computed: form.computed,
                shown: form.shown,
            });
        }
    }
    special_registers(all);
    traps(all);
    branches(all);
}

fn push(all: &mut Vec<Template>, name: String, op: Op, fixed: FixedBits, args: Vec<Arg>, shown: Shown) {
    let row = op.row();
    let FixedBits { bits, mask } = fixed.and(row.bits, row.mask);
    all.push(Template { name, op, bits, mask, args, computed: &[], shown });
}

fn special_registers(all: &mut Vec<Template>) {
    for &(number, name) in crate::spr::NAMES {
        let fixed = FixedBits::of_fields(&[(spr, number)]);
        push(all, format!("mf{name}"), Op::mfspr, fixed, vec![F(rd)], Shown::Simplified);
        push(all, format!("mt{name}"), Op::mtspr, fixed, vec![F(rs)], Shown::Simplified);
    }
}

fn traps(all: &mut Vec<Template>) {
    let mut written = Vec::new();
    for &(condition, name) in TRAPS {
        let shown = if written.contains(&condition) { Shown::Never } else { Shown::Simplified };
        written.push(condition);
        let fixed = FixedBits::of_fields(&[(to, condition)]);
        for (op, width, immediate) in
            [(Op::tw, "w", ""), (Op::twi, "w", "i"), (Op::td, "d", ""), (Op::tdi, "d", "i")]
        {
            let last = if immediate.is_empty() { rb } else { simm };
            push(all, format!("t{width}{name}{immediate}"), op, fixed, vec![F(ra), F(last)], shown);
        }
    }
}

/// The forms of a conditional branch with one BO value: `b<name>` with every target kind and link
/// bit.
struct BranchForms<'a> {
    name: &'a str,
    hint: &'a str,
    fixed: FixedBits,
    args: &'a [Arg],
    /// Whether it decrements CTR.
    counts: bool,
    shown: Shown,
}

fn branch(all: &mut Vec<Template>, forms: &BranchForms<'_>) {
    let &BranchForms { name, hint, fixed, args, counts, shown } = forms;
    for (op, kinds) in [
        (Op::bcx, &[("", 0), ("l", 1), ("a", 2), ("la", 3)][..]),
        (Op::bclrx, &[("lr", 0), ("lrl", 1)][..]),
        (Op::bcctrx, &[("ctr", 0), ("ctrl", 1)][..]),
    ] {
        // A branch to CTR can't decrement CTR at the same time.
        if op == Op::bcctrx && counts {
            continue;
        }
        for &(kind, bits) in kinds {
            let mut args = args.to_vec();
            let mut mask = 1;
            if op == Op::bcx {
                args.push(F(bd));
                mask = 3;
            }
            push(all, format!("b{name}{kind}{hint}"), op, fixed.and(bits, mask), args, shown);
        }
    }
}

fn branches(all: &mut Vec<Template>) {
    for &(name, base, low) in CONDITIONS {
        let hidden = matches!(name, "un" | "nl" | "ng" | "nu");
        let shown = if hidden { Shown::Never } else { Shown::Simplified };
        for &(hint, bits) in CONDITION_HINTS {
            let low = FixedBits::of_fields(&[(bi_bit, low)]);
            let fixed = FixedBits::of_bo(base | bits).and(low.bits, low.mask);
            branch(all, &BranchForms { name, hint, fixed, args: &[Leading(bi_field)], counts: false, shown });
        }
    }
    for (name, base) in [("t", 12), ("f", 4)] {
        for &(hint, bits) in CONDITION_HINTS {
            let fixed = FixedBits::of_bo(base | bits);
            let shown = Shown::Never;
            branch(all, &BranchForms { name, hint, fixed, args: &[F(bi)], counts: false, shown });
        }
    }
    for (name, base) in [("dnz", 16), ("dz", 18)] {
        for &(hint, bits) in COUNTER_HINTS {
            let fixed = FixedBits::of_bo(base | bits).and(0, bi.mask());
            let shown = Shown::Simplified;
            branch(all, &BranchForms { name, hint, fixed, args: &[], counts: true, shown });
        }
    }
    for (name, base) in [("dnzf", 0), ("dzf", 2), ("dnzt", 8), ("dzt", 10)] {
        let fixed = FixedBits::of_bo(base);
        let shown = Shown::Simplified;
        branch(all, &BranchForms { name, hint: "", fixed, args: &[F(bi)], counts: true, shown });
    }
    // BO is 20: always, whatever BI is.
    let always = FixedBits::of_bo(20).and(0, bi.mask());
    for (op, name) in [(Op::bclrx, "blr"), (Op::bcctrx, "bctr")] {
        for (link, bit) in [("", 0), ("l", 1)] {
            push(all, format!("{name}{link}"), op, always.and(bit, 1), Vec::new(), Shown::Simplified);
        }
    }
}
