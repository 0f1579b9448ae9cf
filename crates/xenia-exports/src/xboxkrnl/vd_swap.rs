//! Presentation of a frame (`VdSwap`).

use crate::abi::{Call, Ptr};
use crate::ports::SwapRequest;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::physical;

/// The export that presents a frame.
pub struct VdSwap;

/// Address bits in the second word of a texture fetch constant.
const FETCH_ADDRESS: u32 = 0xFFFF_F000;

#[exports(xboxkrnl)]
impl VdSwap {
    /// Writes commands that present the front buffer into the 64 words that the caller reserved in
    /// its command buffer. The fetch constant comes from the texture's header, so its address is a
    /// guest address.
    #[export(Done)]
    fn VdSwap(
        call: &mut Call,
        commands: Ptr<u32>,
        fetch: Ptr<u32>,
        _write_back: GuestAddr,
        _system_buffer: GuestAddr,
        system_mark: u32,
        front_buffer: Ptr<GuestAddr>,
        _format: Ptr<u32>,
        _color_space: Ptr<u32>,
        width: Ptr<u32>,
        height: Ptr<u32>,
    ) -> Fallible<()> {
        let memory = call.memory();
        let mut words = [0; 6];
        for (index, word) in words.iter_mut().enumerate() {
            *word = fetch.at(index as u32).read(memory)?;
        }
        let address = front_buffer.read(memory)?;
        let front_buffer = physical(address).ok_or(NtStatus::INVALID_PARAMETER)?;
        words[1] = front_buffer & FETCH_ADDRESS | words[1] & !FETCH_ADDRESS;
        let request = SwapRequest {
            fetch: words,
            front_buffer,
            width: width.read(memory)?,
            height: height.read(memory)?,
        };
        let words = (call.kernel.chips.swap_commands)(&request);
        for (index, word) in words.into_iter().enumerate() {
            commands.at(index as u32).write(memory, word)?;
        }
        call.kernel.display.lock().swap_begins(system_mark);
        Ok(())
    }
}
