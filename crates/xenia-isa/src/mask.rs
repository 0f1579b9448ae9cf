//! Fields of instructions, as masks of the word. [`Instruction`](crate::Instruction) has the
//! fields' values.

/// Rc: sets CR0, CR1 or CR6.
pub const RC: u32 = 1;
/// OE: sets XER\[OV\] and XER\[SO\].
pub const OE: u32 = 1 << 10;
/// Both bits of integer arithmetic that set flags.
pub const OE_RC: u32 = OE | RC;
/// LK: sets LR to the address of the next instruction.
pub const LK: u32 = 1;
/// AA, whether the target is absolute, and LK.
pub const AA_LK: u32 = 1 << 1 | LK;
/// The first source or base register.
pub const RA: u32 = 31 << 16;
/// The conditions of a branch.
pub const BO: u32 = 31 << 21;
/// The bit of a CR field in BI.
pub const BIT: u32 = 3 << 16;
/// Whether a compare is of doublewords.
pub const L: u32 = 1 << 21;
