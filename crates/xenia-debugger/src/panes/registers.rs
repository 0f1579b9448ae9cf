//! Registers of a thread.

use super::{Pane, PaneRow, RowMark};
use crate::model::SidePane;
use xenia_cpu::PpcContext;

/// A row that is highlighted if a register has changed.
fn row(text: String, is_changed: bool) -> PaneRow {
    PaneRow { text, mark: if is_changed { RowMark::Changed } else { RowMark::Plain } }
}

/// The fields of CR in which a bit is set.
fn condition_fields(cr: u32) -> String {
    let fields = (0..8).filter_map(|field| {
        let bits = cr >> (28 - 4 * field) & 15;
        let names = [(8, "lt"), (4, "gt"), (2, "eq"), (1, "so")];
        let set: Vec<&str> = names.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, name)| name).collect();
        (!set.is_empty()).then(|| format!("{field}:{}", set.join("+")))
    });
    fields.collect::<Vec<_>>().join(" ")
}

fn general(ctx: &PpcContext, before: &PpcContext) -> Vec<PaneRow> {
    let mut rows: Vec<PaneRow> = (0..16)
        .map(|n| {
            let m = n + 16;
            let text = format!("r{n:<3}{:016x}  r{m:<3}{:016x}", ctx.gpr[n], ctx.gpr[m]);
            row(text, ctx.gpr[n] != before.gpr[n] || ctx.gpr[m] != before.gpr[m])
        })
        .collect();
    let cr = ctx.cr_word();
    let xer = ctx.xer_word();
    rows.push(row(
        format!("pc  {:08x}          lr  {:016x}", ctx.pc, ctx.lr),
        (ctx.pc, ctx.lr) != (before.pc, before.lr),
    ));
    rows.push(row(format!("cr  {cr:08x}          ctr {:016x}", ctx.ctr), {
        cr != before.cr_word() || ctx.ctr != before.ctr
    }));
    rows.push(row(format!("xer {xer:08x}          msr {:016x}", ctx.msr), xer != before.xer_word()));
    rows.push(PaneRow::plain(format!("cr fields {}", condition_fields(cr))));
    rows
}

fn float(ctx: &PpcContext, before: &PpcContext) -> Vec<PaneRow> {
    let values = ctx.fpr.iter().zip(&before.fpr).enumerate();
    let mut rows: Vec<PaneRow> = values
        .map(|(n, (&now, &then))| row(format!("f{n:<3}{now:016x}  {:e}", f64::from_bits(now)), now != then))
        .collect();
    rows.push(row(format!("fpscr {:08x}", ctx.fpscr), ctx.fpscr != before.fpscr));
    rows
}

fn vector(ctx: &PpcContext, before: &PpcContext) -> Vec<PaneRow> {
    let values = ctx.vr.iter().zip(&before.vr).enumerate();
    let mut rows: Vec<PaneRow> = values
        .map(|(n, (&now, &then))| {
            let [a, b, c, d] = [96, 64, 32, 0].map(|shift| (now >> shift) as u32);
            row(format!("v{n:<4}{a:08x} {b:08x} {c:08x} {d:08x}"), now != then)
        })
        .collect();
    rows.push(row(format!("vscr {:08x} vrsave {:08x}", ctx.vscr, ctx.vrsave), ctx.vscr != before.vscr));
    rows
}

/// The pane of these registers; `before` are those before the last command.
pub fn pane(side: SidePane, ctx: &PpcContext, before: &PpcContext, first: usize) -> Pane {
    let rows = match side {
        SidePane::Float => float(ctx, before),
        SidePane::Vector => vector(ctx, before),
        _ => general(ctx, before),
    };
    Pane { title: format!("registers: {}", side.name()), rows, first, ..Pane::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_registers_stand_out() {
        let before = PpcContext::default();
        let mut ctx = PpcContext::default();
        ctx.gpr[17] = 0x1234;
        ctx.set_cr_word(0x2800_0001);
        ctx.fpr[2] = 1.5_f64.to_bits();
        ctx.vr[100] = 1 << 96 | 2;
        let changed = |side| {
            let rows = pane(side, &ctx, &before, 0).rows;
            rows.into_iter()
                .filter(|row| row.mark == RowMark::Changed)
                .map(|row| row.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            changed(SidePane::General),
            ["r1  0000000000000000  r17 0000000000001234", "cr  28000001          ctr 0000000000000000"]
        );
        assert_eq!(changed(SidePane::Float), ["f2  3ff8000000000000  1.5e0"]);
        assert_eq!(changed(SidePane::Vector), ["v100 00000001 00000000 00000000 00000002"]);
        let fields = pane(SidePane::General, &ctx, &before, 0).rows.pop().unwrap().text;
        assert_eq!(fields, "cr fields 0:eq 1:lt 7:so");
    }
}
