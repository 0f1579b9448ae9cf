//! Voice chat (`XamVoice*`) without a headset, and the sound settings.

use crate::abi::{Call, Out};
use crate::status::failure::Fallible;
use crate::xboxkrnl::xaudio::speaker_config;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of voice chat.
pub struct Voice;

#[exports(xam)]
impl Voice {
    /// Returns whether the process may use voice chat: no, after which most titles stop using it.
    #[export(Constant)]
    fn XamVoiceIsActiveProcess(_call: &mut Call) -> bool {
        false
    }

    /// Returns whether a user has a headset: there is none.
    #[export(Constant)]
    fn XamVoiceHeadsetPresent(_call: &mut Call, _user: u32) -> bool {
        false
    }

    /// Opens a user's headset: there is none. Titles test the result for a negative value.
    #[export(Constant)]
    fn XamVoiceCreate(
        call: &mut Call,
        _user: u32,
        _packets: u32,
        voice: Option<Out<u32>>,
    ) -> Fallible<HResult> {
        let Some(voice) = voice else { return Ok(Win32Error::INVALID_PARAMETER.to_hresult()) };
        voice.set(call.memory(), 0)?;
        Ok(Win32Error::ACCESS_DENIED.to_hresult())
    }

    /// Closes a user's headset: none was opened, so this has no effect.
    #[export(Constant)]
    fn XamVoiceClose(_call: &mut Call, _voice: u32) {}

    /// Sends a packet to a headset, or receives one: there is none, and no packet is accepted.
    #[export(Constant)]
    fn XamVoiceSubmitPacket(_call: &mut Call, _voice: u32, _kind: u32, _packet: GuestAddr) -> HResult {
        Win32Error::BUSY.to_hresult()
    }

    /// Returns the console's speaker setting.
    #[export(Done)]
    fn XGetAudioFlags(call: &mut Call) -> Fallible<u32> {
        speaker_config(call)
    }
}
