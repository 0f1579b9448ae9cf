//! Tests of exports that have nothing to do here and return a constant.

use super::*;

#[test]
fn calls_without_effect_report_a_working_console() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (name, arguments, answer) in [
        ("VdInitializeEngines", &[1, 0x8200_0000, 0, base, base][..], 1),
        ("VdIsHSIOTrainingSucceeded", &[], 1),
        ("VdRetrainEDRAM", &[0; 6], 0),
        ("VdInitializeEDRAM", &[], 0),
        ("VdRetrainEDRAMWorker", &[0], 0),
        ("VdEnableDisableClockGating", &[1], 0),
        ("VdGetGraphicsAsicID", &[], 0x11),
        ("VdShutdownEngines", &[], 0),
        ("XUsbcamCreate", &[base, 0x4_B000, base], 0),
        ("XUsbcamGetState", &[], 0),
        ("XUsbcamDestroy", &[], 0),
    ] {
        assert_eq!(b.kernel_call(name, arguments), answer, "{name}");
    }
    for (name, arguments, answer) in [
        ("XGetAVPack", &[][..], 4),
        ("XamIsUIActive", &[], 0),
        ("XNotifyDelayUI", &[1000], 0),
        ("XNotifyPositionUI", &[1], 0),
        ("XamEnableInactivityProcessing", &[0, 1], 0),
        ("XamResetInactivity", &[], 0),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name}");
    }
}

#[test]
fn no_gamer_card_is_shown_and_no_action_is_pressed() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.memory().fill(b.scratch, 16, 0xEE).unwrap();
    for (name, arguments, answer) in [
        ("XCustomRegisterDynamicActions", &[][..], 0),
        ("XCustomSetAction", &[0, 0, 0], 0),
        ("XCustomSetDynamicActions", &[0, 5, base, 1], 0),
        ("XCustomSetDynamicActions", &[4, 5, base, 1], 0x57),
        ("XCustomGetCurrentGamercard", &[base, base + 8], 0),
        ("XCustomGetLastActionPress", &[base, base + 4, base + 8], 0),
        // The error is ERROR_NOT_FOUND.
        ("XCustomGetLastActionPressEx", &[base; 5], 0x490),
        ("XCustomUnregisterDynamicActions", &[], 0),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name}");
    }
    assert_eq!([0, 4, 8, 12].map(|at| b.word(at)), [0xEEEE_EEEE; 4], "no result is stored");
}

#[test]
fn calls_that_need_a_camera_find_no_device() {
    let mut b = Harness::new();
    for name in ["XUsbcamSetConfig", "XUsbcamSetCaptureMode", "XUsbcamSetView", "XUsbcamReadFrame"] {
        // ERROR_DEVICE_NOT_CONNECTED.
        assert_eq!(b.kernel_call(name, &[0; 4]), 0x48F, "{name}");
    }
}

#[test]
fn no_user_has_a_microphone() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    // The first asks for the state, the second starts recording.
    for (number, answer) in [(0_u16, NtStatus::SUCCESS), (1, NtStatus::DEVICE_NOT_CONNECTED)] {
        b.memory().fill(b.scratch, 12, 0xEE).unwrap();
        b.memory().write(b.scratch, number).unwrap();
        assert_eq!(b.status("MicDeviceRequest", &[base]), answer);
        assert_eq!((b.word(4), b.word(8)), (0, 0xEEEE_EEEE), "{number}: not connected");
    }
    assert_eq!(b.status("MicDeviceRequest", &[0]), NtStatus::INVALID_PARAMETER);
}

#[test]
fn the_picture_needs_no_help_of_the_system() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.kernel_call("VdGetCurrentDisplayGamma", &[base, base + 4]);
    assert_eq!((b.word(0), f32::from_bits(b.word(4))), (2, 2.222_222_3));
    b.memory().fill(b.scratch, 0x100, 0xFF).unwrap();
    b.kernel_call("VdGetSystemCommandBuffer", &[base, base + 0x94]);
    assert_eq!((b.word(0), b.word(4), b.word(0x90), b.word(0x94)), (0xBEEF_0000, 0, 0, 0xBEEF_0001));
    b.memory().fill(b.scratch, 0x100, 0xFF).unwrap();
    let scaler = |at, words| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, at, words];
    assert_eq!(b.kernel_call("VdInitializeScalerCommandBuffer", &scaler(base, 3)), 3);
    assert_eq!((b.word(0), b.word(8), b.word(12)), (0x8000_0000, 0x8000_0000, u32::MAX));
    let bad = b.call(Library::xboxkrnl, "VdInitializeScalerCommandBuffer", &scaler(8, 1));
    assert!(matches!(bad, Flow::Fault(_)));
}

#[test]
fn the_use_of_tokens_starts_and_ends_without_a_connection() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.memory().fill(b.scratch, 8, 0xEE).unwrap();
    assert_eq!(b.xam_call("XampXAuthStartup", &[base]), 0);
    assert_eq!(b.xam_call("XampXAuthGetTitleBuffer", &[]), 0);
    b.xam_call("XampXAuthShutdown", &[base]);
    b.xam_call("XampXAuthShutdown", &[0]);
    assert_eq!((b.word(0), b.word(4)), (0, 0xEEEE_EEEE));
}

#[test]
fn no_device_other_than_a_controller_is_connected() {
    const INVALID: u64 = 0x57;
    // ERROR_DEVICE_NOT_CONNECTED.
    const ABSENT: u64 = 0x48F;
    let mut b = Harness::new();
    let at = u64::from(b.scratch.0);
    let [length, long, none, state, buffer] = [0, 4, 8, 12, 16].map(|offset| at + offset);
    b.memory().write(b.scratch, 0x20_u32).unwrap();
    b.memory().write(b.scratch.offset(4), 0x21_u32).unwrap();
    for (name, arguments, answer) in [
        ("XamInputNonControllerGetRaw", &[state, length, buffer][..], ABSENT),
        ("XamInputNonControllerGetRaw", &[0, length, buffer], INVALID),
        ("XamInputNonControllerGetRaw", &[state, long, buffer], INVALID),
        ("XamInputNonControllerGetRawEx", &[6, buffer, length, state], ABSENT),
        ("XamInputNonControllerGetRawEx", &[4, buffer, length, state], INVALID),
        ("XamInputNonControllerGetRawEx", &[6, 0, length, state], INVALID),
        ("XamInputNonControllerGetRawEx", &[6, buffer, none, state], INVALID),
        ("XamInputNonControllerGetRawEx", &[6, buffer, 0, state], INVALID),
        ("XamInputNonControllerSetRaw", &[0x20, buffer], ABSENT),
        ("XamInputNonControllerSetRaw", &[0, buffer], INVALID),
        ("XamInputNonControllerSetRaw", &[0x21, buffer], INVALID),
        ("XamInputNonControllerSetRaw", &[0x20, 0], INVALID),
        ("XamInputNonControllerSetRawEx", &[5, buffer, 0x20], ABSENT),
        ("XamInputNonControllerSetRawEx", &[5, buffer, 0x21], INVALID),
        ("XamInputNonControllerSetRawEx", &[7, buffer, 0x20], INVALID),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name} {arguments:x?}");
    }
}

#[test]
fn invitations_of_a_party_fail_in_the_background() {
    let mut b = Harness::new();
    let overlapped = u64::from(b.scratch.0);
    b.call_in_background("XamPartySendGameInvites", &[1, 0, 0, overlapped]);
    assert_eq!([0, 0x18].map(|field| b.word(field)), [0x65B, 0x8007_065B]);
}
