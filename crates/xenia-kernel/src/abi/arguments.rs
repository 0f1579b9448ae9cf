//! Decoding of an export's arguments from the guest's registers and stack ([`super`] has the
//! convention).
//!
//! A fault on the stack is kept and the argument is 0, so that the shim checks once, after the last
//! argument.

use super::Call;
use xenia_guest::GuestAddr;
use xenia_memory::MemoryFault;
use xenia_objects::Handle;

/// Number of integer arguments in registers: r3–r10.
const REGISTERS: u32 = 8;
/// Offset from r1 of the first stack argument, as a 32-bit word.
const STACK_WORD: u32 = 0x54;
/// Distance in bytes between stack arguments.
const STACK_STEP: u32 = 8;

/// Iterator over a call's arguments.
pub struct Arguments<'a, 'b> {
    /// The call whose arguments are decoded.
    pub call: &'a mut Call<'b>,
    next: u32,
    next_float: u32,
    fault: Option<MemoryFault>,
}

impl<'a, 'b> Arguments<'a, 'b> {
    /// Starts at the first argument.
    #[inline]
    pub fn new(call: &'a mut Call<'b>) -> Self {
        Self { call, next: 0, next_float: 0, fault: None }
    }

    /// The next argument, as a 64-bit register or doubleword.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let index = self.next;
        self.next += 1;
        match self.call.argument_u64(index) {
            Ok(value) => value,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                0
            }
        }
    }

    /// The next argument as a word.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        let index = self.next;
        self.next += 1;
        match self.call.argument_u32(index) {
            Ok(value) => value,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                0
            }
        }
    }

    /// The next argument, from a floating-point register.
    pub fn next_f64(&mut self) -> f64 {
        self.next += 1;
        self.next_float += 1;
        let register = self.next_float.min(13) as usize;
        f64::from_bits(self.call.ctx().fpr[register])
    }

    /// Number of arguments taken so far.
    #[inline]
    pub fn taken(&self) -> u32 {
        self.next
    }

    /// The first fault while reading an argument on the stack.
    #[inline]
    pub fn fault(&self) -> Option<MemoryFault> {
        self.fault
    }
}

impl Call<'_> {
    /// Argument `index` (from 0) as a word.
    #[inline]
    pub fn argument_u32(&self, index: u32) -> Result<u32, MemoryFault> {
        let ctx = self.ctx();
        if index < REGISTERS {
            return Ok(ctx.gpr[3 + index as usize] as u32);
        }
        let at = GuestAddr(ctx.gpr[1] as u32).offset(STACK_WORD + (index - REGISTERS) * STACK_STEP);
        self.memory().read(at)
    }

    /// Argument `index` (from 0) as a doubleword.
    #[inline]
    pub fn argument_u64(&self, index: u32) -> Result<u64, MemoryFault> {
        let ctx = self.ctx();
        if index < REGISTERS {
            return Ok(ctx.gpr[3 + index as usize]);
        }
        let at = GuestAddr(ctx.gpr[1] as u32).offset(STACK_WORD - 4 + (index - REGISTERS) * STACK_STEP);
        self.memory().read(at)
    }
}

/// A type that an export may take as a parameter.
pub trait FromGuest: Sized {
    /// Takes the next argument, or several.
    fn from_guest(arguments: &mut Arguments) -> Self;
}

macro_rules! integers {
    ($($t:ty: $arguments:ident => $value:expr;)*) => { $(
        impl FromGuest for $t {
            #[inline]
            fn from_guest($arguments: &mut Arguments) -> Self {
                $value
            }
        }
    )* };
}

integers! {
    u8: a => a.next_u32() as u8;
    u16: a => a.next_u32() as u16;
    u32: a => a.next_u32();
    i32: a => a.next_u32() as i32;
    u64: a => a.next_u64();
    i64: a => a.next_u64() as i64;
    f64: a => a.next_f64();
    f32: a => a.next_f64() as f32;
    bool: a => a.next_u32() as u8 != 0;
    GuestAddr: a => GuestAddr(a.next_u32());
    Handle: a => Handle(a.next_u32());
}

/// A null pointer becomes `None`.
impl FromGuest for Option<GuestAddr> {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Some(GuestAddr(arguments.next_u32())).filter(|address| !address.is_null())
    }
}

/// Takes `N` consecutive arguments.
impl<T: FromGuest, const N: usize> FromGuest for [T; N] {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        std::array::from_fn(|_| T::from_guest(arguments))
    }
}
