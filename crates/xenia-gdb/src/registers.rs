//! The registers that gdb sees, in the order of its register numbers.
//!
//! One table yields the target description and the values. Titles are 32-bit programs on a
//! processor with 64-bit registers: gdb's `powerpc:common` architecture has their lower halves
//! (`r0`), and a feature of our own the upper ones (`r0h`) and the vector registers beyond
//! AltiVec's 32 (`vr32` to `vr127`). Values are big-endian, as the target's memory.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use xenia_cpu::PpcContext;

/// A register in the target description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GdbRegister {
    /// Lower half of a general register.
    Gpr(usize),
    /// Floating-point register, the bits of a double.
    Fpr(usize),
    /// Address of the next instruction.
    Pc,
    /// Machine state register, lower half.
    Msr,
    /// Condition register, all eight fields.
    Cr,
    /// Link register, lower half.
    Lr,
    /// Count register, lower half.
    Ctr,
    /// Integer exception register.
    Xer,
    /// Floating-point status and control.
    Fpscr,
    /// Vector register, of AltiVec or VMX128.
    Vr(usize),
    /// Vector status and control.
    Vscr,
    /// Mask of used vector registers.
    Vrsave,
    /// Upper half of a general register.
    GprHigh(usize),
}

/// Number of AltiVec's vector registers, the first of 128.
const ALTIVEC: usize = 32;

/// Features of the target description, in its order.
const FEATURES: [&str; 4] =
    ["org.gnu.gdb.power.core", "org.gnu.gdb.power.fpu", "org.gnu.gdb.power.altivec", "org.xenia.xenon"];

/// All registers; the index is gdb's number.
static REGISTERS: LazyLock<Vec<GdbRegister>> = LazyLock::new(|| {
    use GdbRegister::*;
    let first = (0..32).map(Gpr).chain((0..32).map(Fpr)).chain([Pc, Msr, Cr, Lr, Ctr, Xer, Fpscr]);
    let altivec = (0..ALTIVEC).map(Vr).chain([Vscr, Vrsave]);
    first.chain(altivec).chain((0..32).map(GprHigh)).chain((ALTIVEC..128).map(Vr)).collect()
});

impl GdbRegister {
    /// The register with this gdb register number.
    pub fn numbered(number: usize) -> Option<Self> {
        REGISTERS.get(number).copied()
    }

    /// The name of the register in gdb.
    pub fn name(self) -> String {
        match self {
            Self::Gpr(n) => format!("r{n}"),
            Self::Fpr(n) => format!("f{n}"),
            Self::Vr(n) => format!("vr{n}"),
            Self::GprHigh(n) => format!("r{n}h"),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Size in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Fpr(_) => 8,
            Self::Vr(_) => 16,
            _ => 4,
        }
    }

    /// The feature of the target description that has it.
    fn feature(self) -> &'static str {
        let [core, fpu, altivec, xenon] = FEATURES;
        match self {
            Self::Gpr(_) | Self::Pc | Self::Msr | Self::Cr | Self::Lr | Self::Ctr | Self::Xer => core,
            Self::Fpr(_) | Self::Fpscr => fpu,
            Self::Vr(..ALTIVEC) | Self::Vscr | Self::Vrsave => altivec,
            Self::Vr(_) | Self::GprHigh(_) => xenon,
        }
    }

    fn gdb_type(self) -> &'static str {
        match self {
            Self::Fpr(_) => "ieee_double",
            Self::Vr(_) => "vec128",
            Self::Pc | Self::Lr => "code_ptr",
            _ => "uint32",
        }
    }

    /// Value in a context, zero-extended.
    pub fn get(self, ctx: &PpcContext) -> u128 {
        match self {
            Self::Gpr(n) => u128::from(ctx.gpr[n] as u32),
            Self::GprHigh(n) => u128::from(ctx.gpr[n] >> 32),
            Self::Fpr(n) => u128::from(ctx.fpr[n]),
            Self::Pc => u128::from(ctx.pc),
            Self::Msr => u128::from(ctx.msr as u32),
            Self::Cr => u128::from(ctx.cr_word()),
            Self::Lr => u128::from(ctx.lr as u32),
            Self::Ctr => u128::from(ctx.ctr as u32),
            Self::Xer => u128::from(ctx.xer_word()),
            Self::Fpscr => u128::from(ctx.fpscr),
            Self::Vr(n) => ctx.vr[n],
            Self::Vscr => u128::from(ctx.vscr),
            Self::Vrsave => u128::from(ctx.vrsave),
        }
    }

    /// Whether the register keeps its value: MSR belongs to the system.
    pub fn is_constant(self) -> bool {
        self == Self::Msr
    }

    /// Sets the value in a context, unless the register [is constant](Self::is_constant).
    pub fn set(self, ctx: &mut PpcContext, value: u128) {
        let word = value as u32;
        let low = |old: u64| old & !0xFFFF_FFFF | u64::from(word);
        match self {
            Self::Gpr(n) => ctx.gpr[n] = low(ctx.gpr[n]),
            Self::GprHigh(n) => ctx.gpr[n] = u64::from(word) << 32 | ctx.gpr[n] & 0xFFFF_FFFF,
            Self::Fpr(n) => ctx.fpr[n] = value as u64,
            Self::Pc => ctx.pc = word & !3,
            Self::Msr => {}
            Self::Cr => ctx.set_cr_word(word),
            Self::Lr => ctx.lr = low(ctx.lr),
            Self::Ctr => ctx.ctr = low(ctx.ctr),
            Self::Xer => ctx.set_xer_word(word),
            Self::Fpscr => ctx.fpscr = word,
            Self::Vr(n) => ctx.vr[n] = value,
            Self::Vscr => ctx.vscr = word,
            Self::Vrsave => ctx.vrsave = word,
        }
    }

    /// Value in a context, as bytes of the protocol.
    pub fn bytes(self, ctx: &PpcContext) -> Vec<u8> {
        self.get(ctx).to_be_bytes()[16 - self.size()..].to_vec()
    }

    /// Sets the value from bytes of the protocol. Returns `false` if their number is wrong.
    pub fn set_bytes(self, ctx: &mut PpcContext, bytes: &[u8]) -> bool {
        if bytes.len() != self.size() {
            return false;
        }
        let value = bytes.iter().fold(0, |value, &byte| value << 8 | u128::from(byte));
        self.set(ctx, value);
        true
    }
}

/// The values of all registers, as the protocol's `g` packet has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GdbRegisters(Vec<u8>);

impl GdbRegisters {
    /// The values in a context.
    pub fn of(ctx: &PpcContext) -> Self {
        Self(REGISTERS.iter().flat_map(|register| register.bytes(ctx)).collect())
    }

    /// Whether there are as many values as registers.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.len() == REGISTERS.iter().map(|register| register.size()).sum::<usize>()
    }

    /// Writes the values to a context. Returns `false`, and writes nothing, if they are not
    /// complete.
    pub fn store(&self, ctx: &mut PpcContext) -> bool {
        if !self.is_complete() {
            return false;
        }
        let mut bytes = &self.0[..];
        for register in REGISTERS.iter() {
            let (value, rest) = bytes.split_at(register.size());
            register.set_bytes(ctx, value);
            bytes = rest;
        }
        true
    }
}

impl gdbstub::arch::Registers for GdbRegisters {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        let mut ctx = PpcContext::default();
        self.store(&mut ctx);
        ctx.pc
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        self.0.iter().for_each(|&byte| write_byte(Some(byte)));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        // Another length is refused when the values are stored: an error here ends the session.
        self.0 = bytes.to_vec();
        Ok(())
    }
}

impl gdbstub::arch::RegId for GdbRegister {
    fn from_raw_id(number: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        let register = Self::numbered(number)?;
        Some((register, NonZeroUsize::new(register.size())))
    }
}

/// The processor, as gdbstub needs it.
#[derive(Debug)]
pub enum Xenon {}

impl gdbstub::arch::Arch for Xenon {
    type Usize = u32;
    type Registers = GdbRegisters;
    type BreakpointKind = usize;
    type RegId = GdbRegister;

    fn target_description_xml() -> Option<&'static str> {
        static XML: LazyLock<String> = LazyLock::new(description);
        Some(&XML)
    }
}

/// The target description.
fn description() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">\
         <target version=\"1.0\"><architecture>powerpc:common</architecture>",
    );
    for feature in FEATURES {
        let registers = || REGISTERS.iter().enumerate().filter(|(_, register)| register.feature() == feature);
        let _ = write!(xml, "<feature name=\"{feature}\">");
        if registers().any(|(_, register)| matches!(register, GdbRegister::Vr(_))) {
            xml.push_str(
                "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\
                 <vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\
                 <vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\
                 <vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\
                 <union id=\"vec128\"><field name=\"uint128\" type=\"uint128\"/>\
                 <field name=\"v4_float\" type=\"v4f\"/><field name=\"v4_int32\" type=\"v4i32\"/>\
                 <field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v16_int8\" type=\"v16i8\"/></union>",
            );
        }
        for (number, register) in registers() {
            let _ = write!(
                xml,
                "<reg name=\"{}\" bitsize=\"{}\" regnum=\"{}\" type=\"{}\"/>",
                register.name(),
                register.size() * 8,
                number,
                register.gdb_type()
            );
        }
        xml.push_str("</feature>");
    }
    xml.push_str("</target>");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdbstub::arch::Registers as _;

    /// A context whose registers all have different values.
    fn context() -> PpcContext {
        let mut ctx = PpcContext::default();
        for n in 0..32 {
            ctx.gpr[n] = 0x0101_0000_0202_0000 + n as u64;
            ctx.fpr[n] = 0x3FF0_0000_0000_0000 + n as u64;
        }
        for n in 0..128 {
            ctx.vr[n] = 0x4000_0000_0000_0000_0000_0000_0000_0000 + n as u128;
        }
        ctx.pc = 0x8200_0000;
        ctx.lr = 0x8200_0010;
        ctx.ctr = 7;
        ctx.fpscr = 0x82;
        ctx.set_cr_word(0x2400_8042);
        ctx.set_xer_word(0xA000_0005);
        ctx
    }

    #[test]
    fn values_come_back_from_the_packet() {
        let ctx = context();
        let mut packet = Vec::new();
        GdbRegisters::of(&ctx).gdb_serialize(|byte| packet.push(byte.unwrap()));
        let mut file = GdbRegisters::default();
        file.gdb_deserialize(&packet).unwrap();
        assert_eq!(file.pc(), 0x8200_0000);
        let mut copy = PpcContext::default();
        assert!(file.store(&mut copy));
        assert_eq!(ctx.first_difference(&copy).map(|register| register.name), None);
    }

    #[test]
    fn packets_of_another_length_are_refused() {
        let mut file = GdbRegisters::of(&context());
        file.gdb_deserialize(&[0; 3]).unwrap();
        let mut ctx = context();
        assert!(!file.store(&mut ctx));
        assert_eq!(context().first_difference(&ctx).map(|register| register.name), None);
    }

    #[test]
    fn numbers_are_those_of_gdbs_powerpc() {
        for (number, name) in [(0, "r0"), (31, "r31"), (32, "f0"), (64, "pc"), (69, "xer"), (70, "fpscr")] {
            assert_eq!(GdbRegister::numbered(number).unwrap().name(), name);
        }
        assert_eq!(REGISTERS.len(), 32 + 32 + 7 + 34 + 32 + 96);
        assert_eq!(GdbRegister::numbered(REGISTERS.len()), None);
    }

    #[test]
    fn the_description_names_every_register_once() {
        let xml = description();
        for (number, register) in REGISTERS.iter().enumerate() {
            let named = format!("<reg name=\"{}\" bitsize", register.name());
            assert_eq!(xml.matches(&named).count(), 1, "{named}");
            assert!(xml.contains(&format!("regnum=\"{number}\"")), "{number}");
        }
    }
}
