//! The sound driver's clients, and what the console says of its speakers (`XAudio*`).
//!
//! A title registers a callback; the driver calls it for each frame, and the title hands one over.

use crate::abi::{Call, Out, Ptr};
use crate::ports::{RENDER_FRAME_BYTES, RenderFrame};
use crate::status::failure::Fallible;
use crate::user::xconfig::category;
use xenia_guest::{GuestAddr, HResult};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct XAudio;

/// The console's setting of its speakers.
const AUDIO_FLAGS: u16 = 0xB;

/// The console's setting of its speakers: analogue in the low half, digital in the high one.
pub(crate) fn speaker_config(call: &Call) -> Fallible<u32> {
    let value =
        call.kernel.user.xconfig.lock().get(&call.kernel.config.locale, category::USER, AUDIO_FLAGS)?;
    Ok(value.first_chunk().map_or(0, |value| u32::from_be_bytes(*value)))
}

#[exports(xboxkrnl)]
impl XAudio {
    /// Registers a callback with its context, which is called for each frame on a thread of its
    /// own, and gives a handle. The callback's argument points to the context.
    #[export(Done)]
    fn XAudioRegisterRenderDriverClient(
        call: &mut Call,
        descriptor: Option<Ptr<u32>>,
        handle: Option<Out<u32>>,
    ) -> Fallible<HResult> {
        let (Some(descriptor), Some(handle)) = (descriptor, handle) else {
            return Ok(HResult::INVALID_ARGUMENT);
        };
        let callback = GuestAddr(descriptor.read(call.memory())?);
        let context = descriptor.at(1).read(call.memory())?;
        if callback.is_null() {
            return Ok(HResult::INVALID_ARGUMENT);
        }
        let client = call.kernel.add_render_client(call.cpu, callback, context)?;
        if let Err(fault) = handle.set(call.memory(), client) {
            call.kernel.remove_render_client(call.cpu, client)?;
            return Err(fault.into());
        }
        Ok(HResult::OK)
    }

    /// Takes a client out: it is not called any more, and what it has handed over and has not been
    /// played is dropped. A call that it is in goes on to its end.
    #[export(Done)]
    fn XAudioUnregisterRenderDriverClient(call: &mut Call, handle: u32) -> Fallible<HResult> {
        call.kernel.remove_render_client(call.cpu, handle)?;
        Ok(HResult::OK)
    }

    /// Takes a frame of six channels with 256 samples each, which the title may reuse at once. One
    /// of a client that is gone is dropped.
    #[export(Done)]
    fn XAudioSubmitRenderDriverFrame(call: &mut Call, handle: u32, samples: GuestAddr) -> Fallible<HResult> {
        let mut frame: Box<RenderFrame> = Box::new([0; RENDER_FRAME_BYTES]);
        call.memory().read_bytes(samples, &mut *frame)?;
        call.kernel.render_driver.submit(handle, frame)?;
        Ok(HResult::OK)
    }

    /// Which categories of voices have another volume than at the last question, a bit each: none.
    /// There is no system interface in which a user could turn one down.
    #[export(Constant)]
    fn XAudioGetVoiceCategoryVolumeChangeMask(
        call: &mut Call,
        _handle: u32,
        mask: Out<u32>,
    ) -> Fallible<HResult> {
        mask.set(call.memory(), 0)?;
        Ok(HResult::OK)
    }

    /// The volume of a category of voices: 1, full, for the same reason.
    #[export(Constant)]
    fn XAudioGetVoiceCategoryVolume(call: &mut Call, _category: u32, volume: Out<u32>) -> Fallible<HResult> {
        volume.set(call.memory(), 1.0_f32.to_bits())?;
        Ok(HResult::OK)
    }

    /// The speakers by the console's settings: analogue in the low half, digital in the high one.
    #[export(Done)]
    fn XAudioGetSpeakerConfig(call: &mut Call, config: Out<u32>) -> Fallible<HResult> {
        let value = speaker_config(call)?;
        config.set(call.memory(), value)?;
        Ok(HResult::OK)
    }

    /// Other speakers than those of the settings, for this title: frames have six channels with
    /// any, so nothing changes.
    #[export(Constant)]
    fn XAudioOverrideSpeakerConfig(_call: &mut Call, _flags: u32) -> HResult {
        HResult::OK
    }

    /// Turns everything down while somebody talks: nobody does.
    #[export(Constant)]
    fn XAudioEnableDucker(_call: &mut Call, _enabled: u32) -> HResult {
        HResult::OK
    }
}
