//! The console that a title sees, as settings describe it: version, language, region, answers of
//! missing calls, the null page, the memory before the kernel.

use crate::machine::{CODE, Code, DATA, ScriptedVideo, TitleHarness};
use xenia_formats::image::ImageKind;
use xenia_kernel::KernelConfig;
use xenia_kernel::imports::MissingAnswer;
use xenia_sched::{EndKind, RunEnd};

/// A title that asks first what console it is on: it records the system's version, the language and
/// the game region, and calls two functions that are missing.
fn title() -> Code {
    let mut code = Code::default();
    code.variable(4, "XboxKrnlVersion").read(3, 4, 4).record(3, 0);
    for (category, setting, room, at) in [(3, 9, 4, 4), (2, 3, 2, 8)] {
        code.call("ExGetXConfigSetting", &[category, setting, DATA + at, room, DATA + 0x40]);
    }
    code.call("MmDoubleMapMemory", &[0, 0]).record(3, 0x10);
    code.call("XVoicedSubmitPacket", &[0, 0]).record(3, 0x14);
    code
}

fn run(code: &mut Code, config: KernelConfig) -> (TitleHarness, RunEnd) {
    let image = code.end().image(ImageKind::Xex, CODE);
    let mut machine = TitleHarness::configured(&image, config, ScriptedVideo::default(), |_| ()).unwrap();
    let end = machine.go();
    (machine, end)
}

#[test]
fn a_title_sees_the_console_that_is_configured() {
    let named = MissingAnswer::Named("MmDoubleMapMemory".into(), 0x1234);
    for (missing, answers) in [
        (vec![], [0, 0x8000_4001]),
        (vec![MissingAnswer::Zero], [0, 0]),
        (vec![named.clone()], [0x1234, 0x8000_4001]),
        (vec![named, MissingAnswer::Zero], [0x1234, 0]),
    ] {
        let mut config = KernelConfig { missing: missing.iter().collect(), ..KernelConfig::default() };
        config.version = [2, 0, 7371, 0];
        config.locale.language = 3;
        config.locale.game_region = 0x2FE;
        let (machine, end) = run(&mut title(), config);
        assert_eq!(end, RunEnd::Ended(EndKind::Exit { code: 0 }));
        assert_eq!([0, 4].map(|at| machine.data(at)), [7371 << 16, 3]);
        assert_eq!(machine.data(8) >> 16, 0x2FE);
        assert_eq!([0x10, 0x14].map(|at| machine.data(at)), answers, "{missing:?}");
        assert_eq!(machine.kernel.imports.missing_calls().len(), 2, "calls are counted all the same");
    }
}

#[test]
fn low_addresses_are_read_as_zeros_only_if_that_is_configured() {
    for null_page in [false, true] {
        let mut code = Code::default();
        code.load(4, 0x10).read(3, 0, 4).record(3, 0).load(4, 0xFFFC).read(3, 0, 4).record(3, 4);
        let config = KernelConfig { null_page, ..KernelConfig::default() };
        let (machine, end) = run(&mut code, config);
        assert_eq!(matches!(end, RunEnd::Ended(EndKind::Exit { code: 0 })), null_page, "{end:?}");
        assert_eq!([0, 4].map(|at| machine.data(at)), [0, 0]);
        let mut code = Code::default();
        code.load(4, 0x10).store(4, 0, 4);
        let config = KernelConfig { null_page, ..KernelConfig::default() };
        let (_, end) = run(&mut code, config);
        assert!(matches!(end, RunEnd::Ended(EndKind::Crash { .. })), "a store is a crash: {end:?}");
    }
}

#[test]
fn the_memory_before_the_kernel_is_read_only() {
    let mut code = Code::default();
    code.load(4, 0x8000_001C).read(3, 0, 4).record(3, 0).load(4, 0x8003_FFFC).read(3, 0, 4).record(3, 4);
    let (machine, end) = run(&mut code, KernelConfig::default());
    assert_eq!(end, RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!([0, 4].map(|at| machine.data(at)), [0x2A6E_3F38, 0]);
    let mut code = Code::default();
    code.load(4, 0x8000_001C).store(4, 0, 4);
    let (_, end) = run(&mut code, KernelConfig::default());
    assert!(matches!(end, RunEnd::Ended(EndKind::Crash { .. })), "a store is a crash: {end:?}");
}
