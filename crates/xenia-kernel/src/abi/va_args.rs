//! Variadic arguments and `va_list`s.

use super::{Arguments, Call, FromGuest};
use xenia_guest::GuestAddr;
use xenia_memory::MemoryFault;

/// Iterator over the arguments of a variadic function. As the last parameter it represents `...`;
/// [`VaArgs::list`] makes one from a `va_list`.
///
/// Every argument takes 8 bytes, even a double, as variadic calls pass doubles in integer
/// registers.
#[derive(Clone, Copy, Debug)]
pub enum VaArgs {
    /// For `...`: index of the next argument.
    Ellipsis(u32),
    /// For a `va_list`: address of the next argument.
    List(GuestAddr),
}

impl VaArgs {
    /// The arguments of a `va_list`.
    pub fn list(address: GuestAddr) -> Self {
        Self::List(address)
    }

    /// The next argument's 8 bytes.
    pub fn next_u64(&mut self, call: &Call) -> Result<u64, MemoryFault> {
        match self {
            Self::Ellipsis(index) => {
                *index += 1;
                call.argument_u64(*index - 1)
            }
            Self::List(at) => {
                let value = call.memory().read(*at)?;
                *at = at.offset(8);
                Ok(value)
            }
        }
    }

    /// The next argument, as a word.
    pub fn next_u32(&mut self, call: &Call) -> Result<u32, MemoryFault> {
        self.next_u64(call).map(|value| value as u32)
    }

    /// The next argument, as a double.
    pub fn next_f64(&mut self, call: &Call) -> Result<f64, MemoryFault> {
        self.next_u64(call).map(f64::from_bits)
    }
}

impl FromGuest for VaArgs {
    #[inline]
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self::Ellipsis(arguments.taken())
    }
}
