//! Tests the page that a crashed title leaves in its window.

use super::display::Key;
use super::{bright_pixels, display, start, wait_for};
use anyhow::{Result, ensure};

/// A program of two instructions, of which the second reads unmapped memory.
pub(super) fn crashing() -> Vec<u8> {
    const ADDRESS: u32 = 0x8201_0000;
    let code = [0x3860_0000_u32, 0x8083_0018].map(u32::to_be_bytes).concat();
    let mut elf = b"\x7FELF\x01\x02\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([0, 2, 0, 20]);
    // Version, entry, program headers, sections, flags; sizes and numbers of headers.
    elf.extend([1, ADDRESS, 52, 0, 0].map(u32::to_be_bytes).concat());
    elf.extend([52_u16, 32, 1, 40, 0, 0].map(u16::to_be_bytes).concat());
    let size = code.len() as u32;
    elf.extend([1, 84, ADDRESS, ADDRESS, size, size, 5, 0].map(u32::to_be_bytes).concat());
    elf.extend(code);
    elf
}

#[test]
fn window_shows_a_crash_and_restarts_the_title() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    // With --json the title would not run again, because that would overwrite the results.
    let json = folder.path().join("state/xenia-rs/crashes/fall.json");
    let title = folder.path().join("fall.elf");
    std::fs::write(&title, crashing())?;
    let (mut program, window) = start(&display, folder.path(), &title, &[])?;

    // The key that restarts the title, and the first entry of the page.
    for (round, again) in [("the crash", Some(Key::R)), ("a second", Some(Key::Enter)), ("a third", None)] {
        wait_for(round, || Ok((window.title()? == "fall | stopped | xenia-rs").then_some(())))?;
        // The results are written before the window is closed.
        let report = wait_for("the report", || Ok(std::fs::read_to_string(&json).ok()))?;
        ensure!(report.contains("\"exit\": \"crash\""), "{report}");
        wait_for("what happened", || {
            let current = window.look()?;
            let middle = [current.0 / 4, current.1 / 4, current.0 * 3 / 4, current.1 * 3 / 4];
            Ok((bright_pixels(&current, middle) > 1000).then_some(()))
        })?;
        ensure!(program.is_alive(), "the window stays");
        if let Some(again) = again {
            window.press(Key::F9)?;
            let report = folder.path().join("state/xenia-rs/reports/report-title-1.zip");
            wait_for("a bug report", || Ok(report.exists().then_some(())))?;
            std::fs::remove_file(&json)?;
            window.press(again)?;
            wait_for("another run", || Ok(json.exists().then_some(())))?;
        }
    }
    window.press(Key::Escape)?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.code() == Some(3), "{status}: {}", program.messages());
    Ok(())
}
