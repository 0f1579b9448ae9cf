//! Exports with one answer: what has nothing to do on this machine, and what says that no device is there.

use super::*;

#[test]
fn what_has_nothing_to_do_here_answers_as_a_console_that_works() {
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    for (name, arguments, answer) in [
        ("VdInitializeEngines", &[1, 0x8200_0000, 0, base, base][..], 1),
        ("VdIsHSIOTrainingSucceeded", &[], 1),
        ("VdRetrainEDRAM", &[0; 6], 0),
        ("VdRetrainEDRAMWorker", &[0], 0),
        ("VdEnableDisableClockGating", &[1], 0),
        ("VdGetGraphicsAsicID", &[], 0x11),
        ("VdShutdownEngines", &[], 0),
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
fn the_picture_needs_no_help_of_the_system() {
    let mut b = Bench::new();
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
fn no_device_is_there() {
    const NOT_CONNECTED: u64 = 0x48F;
    let mut b = Bench::new();
    let base = u64::from(b.scratch.0);
    for (name, arguments, answer) in [
        ("XamContentCreate", &[0, base, base, 2, base, 0, 0][..], NOT_CONNECTED),
        ("XamContentCreateEx", &[0, base, base, 2, base, 0, 0, 0, 0], NOT_CONNECTED),
        ("XamContentClose", &[base, 0], 2),
        ("XamContentDelete", &[0, base, 0], NOT_CONNECTED),
        ("XamContentCreateEnumerator", &[0, 0, 1, 0, 1, base, base], 0x12),
        ("XamContentGetDeviceData", &[1, base], NOT_CONNECTED),
        ("XamContentGetDeviceName", &[1, base, 8], NOT_CONNECTED),
        ("XamContentGetDeviceState", &[1, 0], NOT_CONNECTED),
        ("XamContentGetCreator", &[0, base, base, base, 0], NOT_CONNECTED),
        ("XamEnumerate", &[8, 0, base, 8, base, 0], 6),
        ("XamShowDeviceSelectorUI", &[0, 1, 0, 0, base, 0], 0x4C7),
    ] {
        assert_eq!(b.xam_call(name, arguments), answer, "{name}({arguments:x?})");
    }
    // With an overlapped structure the answer is there.
    assert_eq!(b.xam_call("XamContentDelete", &[0, base, base + 0x40]), 0x3E5);
    assert_eq!((u64::from(b.word(0x40)), b.word(0x58)), (NOT_CONNECTED, 0x8007_048F));
}
