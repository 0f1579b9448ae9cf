//! External tools of the tests: one row each, with the files that prove its presence and the Debian
//! packages that contain them.

use std::path::{Path, PathBuf};

/// An external tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// PowerPC emulator that the interpreter is compared with.
    Qemu,
    /// Compiler for 32-bit PowerPC.
    Gcc32,
    /// Assembler for 32-bit PowerPC.
    Binutils,
    /// Compiler for 64-bit PowerPC.
    Gcc64,
    /// C library for 64-bit PowerPC under Linux.
    Libc64,
    /// Generator of random C programs.
    Csmith,
    /// Reference decoders for the sound formats, and encoders of videos.
    Ffmpeg,
    /// Sound server without a sound device.
    Pulse,
    /// Software Vulkan driver.
    Vulkan,
    /// Display server without a screen.
    Display,
    /// Terminal emulator without a screen.
    Terminal,
    /// Debugger for PowerPC.
    Gdb,
    /// Kernel interface (uinput) for virtual input devices.
    Uinput,
    /// Source code of third-party programs.
    Sources,
    /// Folder of titles, which the repository cannot contain.
    Titles,
}

/// A file that belongs to a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolPart {
    /// Name of a program on the path, or full path of a file.
    pub file: &'static str,
    /// Debian package that contains it.
    pub package: &'static str,
}

/// Description of a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolRow {
    /// The tool described.
    pub tool: Tool,
    /// Name in promises and reports.
    pub name: &'static str,
    /// Files that the tool consists of.
    pub parts: &'static [ToolPart],
    /// Tests that use it.
    pub used_for: &'static str,
}

const UINPUT: &str = "/dev/uinput";

const fn part(file: &'static str, package: &'static str) -> ToolPart {
    ToolPart { file, package }
}

/// The path of a program that is on the path, or of a file that is named by its full path.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Joining an absolute path gives that path.
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// All tools, one row each.
pub const TOOLS: &[ToolRow] = &[
    ToolRow {
        tool: Tool::Qemu,
        name: "qemu",
        parts: &[part("qemu-ppc64", "qemu-user"), part("qemu-ppc", "qemu-user")],
        used_for: "the outside oracle of instructions",
    },
    ToolRow {
        tool: Tool::Gcc32,
        name: "gcc32",
        parts: &[part("powerpc-linux-gnu-gcc", "gcc-powerpc-linux-gnu")],
        used_for: "rebuilding the guest programs",
    },
    ToolRow {
        tool: Tool::Binutils,
        name: "binutils",
        parts: &[part("powerpc-linux-gnu-as", "binutils-powerpc-linux-gnu")],
        used_for: "comparing the assembler with binutils",
    },
    ToolRow {
        tool: Tool::Gcc64,
        name: "gcc64",
        parts: &[part("powerpc64-linux-gnu-gcc", "gcc-powerpc64-linux-gnu")],
        used_for: "building the programs that run under qemu",
    },
    ToolRow {
        tool: Tool::Libc64,
        name: "libc64",
        parts: &[part("/usr/powerpc64-linux-gnu/lib/libc.a", "libc6-dev-ppc64-cross")],
        used_for: "building the benches' kernels for qemu",
    },
    ToolRow {
        tool: Tool::Csmith,
        name: "csmith",
        parts: &[part("csmith", "csmith"), part("/usr/include/csmith/csmith.h", "libcsmith-dev")],
        used_for: "comparing random C programs with qemu",
    },
    ToolRow {
        tool: Tool::Ffmpeg,
        name: "ffmpeg",
        parts: &[part("ffmpeg", "ffmpeg"), part("ffprobe", "ffmpeg")],
        used_for: "comparing the XMA decoder with another, and videos",
    },
    ToolRow {
        tool: Tool::Pulse,
        name: "pulse",
        parts: &[part("pulseaudio", "pulseaudio"), part("parec", "pulseaudio-utils")],
        used_for: "the test of the sound device",
    },
    ToolRow {
        tool: Tool::Vulkan,
        name: "vulkan",
        parts: &[
            part("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "mesa-vulkan-drivers"),
            part("/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "libvulkan1"),
        ],
        used_for: "drawing on the software Vulkan driver",
    },
    ToolRow {
        tool: Tool::Display,
        name: "display",
        parts: &[
            part("Xvfb", "xvfb"),
            part("/usr/lib/x86_64-linux-gnu/libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
            part("/usr/lib/x86_64-linux-gnu/libXcursor.so.1", "libxcursor1"),
            part("/usr/lib/x86_64-linux-gnu/libXi.so.6", "libxi6"),
        ],
        used_for: "the test of the window",
    },
    ToolRow {
        tool: Tool::Terminal,
        name: "terminal",
        parts: &[part("script", "bsdutils")],
        used_for: "the test of what a terminal shows",
    },
    ToolRow {
        tool: Tool::Gdb,
        name: "gdb",
        parts: &[part("gdb-multiarch", "gdb-multiarch")],
        used_for: "the test of sessions with gdb",
    },
    ToolRow {
        tool: Tool::Uinput,
        name: "uinput",
        parts: &[],
        used_for: "the test of pads (/dev/uinput, and the right to it)",
    },
    ToolRow {
        tool: Tool::Sources,
        name: "sources",
        parts: &[part("apt-get", "apt"), part("make", "make")],
        used_for: "programs that others wrote (Debian source packages, fetched over the network)",
    },
    ToolRow {
        tool: Tool::Titles,
        name: "titles",
        parts: &[],
        used_for: "titles that are not ours to ship (XENIA_TITLES names their folder)",
    },
];

impl Tool {
    /// The tool's row.
    pub fn row(self) -> &'static ToolRow {
        let row = TOOLS.iter().find(|row| row.tool == self);
        row.expect("every tool has a row")
    }
}

impl ToolPart {
    /// Whether the program is on the path, or the file exists.
    pub fn is_installed(&self) -> bool {
        find_program(self.file).is_some()
    }
}

impl ToolRow {
    /// The tool's missing parts.
    pub fn missing(&self) -> impl Iterator<Item = &'static ToolPart> {
        self.parts.iter().filter(|part| !part.is_installed())
    }

    /// Checks that the tool is present.
    ///
    /// # Errors
    /// A description of the missing parts and of their source.
    pub fn find(&self) -> Result<(), String> {
        if self.tool == Tool::Titles {
            return match std::env::var_os(crate::TITLES) {
                Some(folder) if Path::new(&folder).is_dir() => Ok(()),
                Some(folder) => Err(format!("{} is not a folder", Path::new(&folder).display())),
                None => Err(format!("{} is not set", crate::TITLES)),
            };
        }
        if self.tool == Tool::Uinput {
            // No package provides this device.
            let open = std::fs::File::options().read(true).write(true).open(UINPUT);
            return open.map(drop).map_err(|error| format!("{UINPUT}: {error}"));
        }
        let missing: Vec<String> = self
            .missing()
            .map(|part| format!("no {} (Debian package {})", part.file, part.package))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(missing.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_names_are_unique_and_have_no_comma() {
        for (index, row) in TOOLS.iter().enumerate() {
            assert_eq!(row.tool.row().name, row.name);
            assert!(!row.name.contains(',') && TOOLS[..index].iter().all(|other| other.name != row.name));
        }
    }

    #[test]
    fn a_part_is_a_program_on_the_path_or_a_file() {
        assert!(part("sh", "dash").is_installed());
        assert!(part("/bin/sh", "dash").is_installed());
        assert_eq!(find_program("/bin/sh").as_deref(), Some(Path::new("/bin/sh")));
        assert!(!part("/bin/no-such-program", "none").is_installed());
        const NOWHERE: &[ToolPart] = &[part("no-such-program", "none")];
        let row = ToolRow { tool: Tool::Qemu, name: "x", parts: NOWHERE, used_for: "" };
        assert_eq!(row.find(), Err("no no-such-program (Debian package none)".to_owned()));
    }
}
