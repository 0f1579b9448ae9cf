//! Pseudo-random numbers from a seed that the title keeps (`RtlUniform`, `RtlRandom`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;
use xenia_rtl::crypto::uniform;

/// Exports of pseudo-random numbers.
pub struct XamRandom;

#[exports(xam)]
impl XamRandom {
    /// Advances a seed and returns the new one.
    #[export(Done)]
    fn RtlUniform(call: &mut Call, seed: Ptr<u32>) -> Fallible<u32> {
        let next = uniform::next(seed.read(call.memory())?);
        seed.write(call.memory(), next)?;
        Ok(next)
    }

    /// Returns a number for a seed, from a table that all callers share; advances the seed twice.
    #[export(Done)]
    fn RtlRandom(call: &mut Call, seed: Ptr<u32>) -> Fallible<u32> {
        let before = seed.read(call.memory())?;
        let (drawn, after) = call.kernel.uniform.lock().draw(before);
        seed.write(call.memory(), after)?;
        Ok(drawn)
    }
}
