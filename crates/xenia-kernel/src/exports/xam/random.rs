//! Numbers that look random, from a seed of the title's (`RtlUniform`, `RtlRandom`).

use crate::abi::{Call, Ptr};
use crate::crypto::uniform;
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Random;

#[exports(xam)]
impl Random {
    /// The seed that follows another, which it replaces.
    #[export(Done)]
    fn RtlUniform(call: &mut Call, seed: Ptr<u32>) -> Fallible<u32> {
        let next = uniform::next(seed.read(call.memory())?);
        seed.write(call.memory(), next)?;
        Ok(next)
    }

    /// A number for a seed, out of a table that everybody has in common; the seed goes two steps
    /// on.
    #[export(Done)]
    fn RtlRandom(call: &mut Call, seed: Ptr<u32>) -> Fallible<u32> {
        let before = seed.read(call.memory())?;
        let (drawn, after) = call.kernel.uniform.lock().draw(before);
        seed.write(call.memory(), after)?;
        Ok(drawn)
    }
}
