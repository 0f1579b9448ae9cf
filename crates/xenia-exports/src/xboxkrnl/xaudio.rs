//! Audio render driver clients and speaker settings (`XAudio*`).
//!
//! A title registers a callback. The driver calls it for each frame, and the title submits a frame.

use crate::abi::{Call, Out, Ptr};
use crate::ports::{RENDER_FRAME_BYTES, RenderFrame};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult};
use xenia_kernel_macros::exports;
use xenia_user::xconfig::category;

/// The exports of the audio render driver.
pub struct XAudio;

/// Number of the console's speaker setting.
const AUDIO_FLAGS: u16 = 0xB;

/// The console's speaker setting: analogue in the low half, digital in the high half.
pub(crate) fn speaker_config(call: &Call) -> Fallible<u32> {
    let value =
        call.kernel.user.xconfig.lock().get(&call.kernel.config.locale, category::USER, AUDIO_FLAGS)?;
    Ok(value.first_chunk().map_or(0, |value| u32::from_be_bytes(*value)))
}

#[exports(xboxkrnl)]
impl XAudio {
    /// Registers a callback with its context, which is called for each frame on a separate thread;
    /// stores a handle. The callback's argument points to the context.
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
        let memory = call.memory();
        let store = |client| Ok(handle.set(memory, client)?);
        call.kernel.render_callbacks().add_client(call.cpu, callback, context, store)?;
        Ok(HResult::OK)
    }

    /// Unregisters a client: it is not called any more, and its submitted frames that have not been
    /// played are dropped. A call in progress continues to its end.
    #[export(Done)]
    fn XAudioUnregisterRenderDriverClient(call: &mut Call, handle: u32) -> Fallible<HResult> {
        call.kernel.render_callbacks().remove_client(call.cpu, handle)?;
        Ok(HResult::OK)
    }

    /// Submits a frame of six channels with 256 samples each; the title may reuse its memory at
    /// once. A frame of an unregistered client is dropped.
    #[export(Done)]
    fn XAudioSubmitRenderDriverFrame(call: &mut Call, handle: u32, samples: GuestAddr) -> Fallible<HResult> {
        let mut frame: Box<RenderFrame> = Box::new([0; RENDER_FRAME_BYTES]);
        call.memory().read_bytes(samples, &mut *frame)?;
        call.kernel.render_driver.submit(handle, frame)?;
        Ok(HResult::OK)
    }

    /// Stores a bit mask of the voice categories whose volume has changed since the last query: 0,
    /// as there is no system interface in which a user could change one.
    #[export(Constant)]
    fn XAudioGetVoiceCategoryVolumeChangeMask(
        call: &mut Call,
        _handle: u32,
        mask: Out<u32>,
    ) -> Fallible<HResult> {
        mask.set(call.memory(), 0)?;
        Ok(HResult::OK)
    }

    /// Stores the volume of a voice category: always 1, full volume.
    #[export(Constant)]
    fn XAudioGetVoiceCategoryVolume(call: &mut Call, _category: u32, volume: Out<u32>) -> Fallible<HResult> {
        volume.set(call.memory(), 1.0_f32.to_bits())?;
        Ok(HResult::OK)
    }

    /// Stores the console's speaker setting: analogue in the low half, digital in the high half.
    #[export(Done)]
    fn XAudioGetSpeakerConfig(call: &mut Call, config: Out<u32>) -> Fallible<HResult> {
        let value = speaker_config(call)?;
        config.set(call.memory(), value)?;
        Ok(HResult::OK)
    }

    /// Overrides the speaker setting for this title. It has no effect, as frames have six channels
    /// with every setting.
    #[export(Constant)]
    fn XAudioOverrideSpeakerConfig(_call: &mut Call, _flags: u32) -> HResult {
        HResult::OK
    }

    /// Enables ducking, which lowers the volume during voice chat. It has no effect, as there is no
    /// voice chat.
    #[export(Constant)]
    fn XAudioEnableDucker(_call: &mut Call, _enabled: u32) -> HResult {
        HResult::OK
    }
}
