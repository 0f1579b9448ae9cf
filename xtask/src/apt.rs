//! System packages that tests want, installed where that is possible.
//!
//! Building and running xenia-rs needs none of them; the outside oracles and the guest toolchain do.

use anyhow::Result;
use std::process::Command;

/// A program that some step needs, and the Debian package that has it.
struct Tool {
    /// Its name on the path; or the full path of a file, for a package without a program.
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        program: "powerpc-linux-gnu-gcc",
        package: "gcc-powerpc-linux-gnu",
        used_for: "rebuilding the guest programs",
    },
    Tool {
        program: "powerpc-linux-gnu-as",
        package: "binutils-powerpc-linux-gnu",
        used_for: "comparing the assembler with binutils",
    },
    Tool {
        program: "powerpc64-linux-gnu-gcc",
        package: "gcc-powerpc64-linux-gnu",
        used_for: "building the qemu oracle's stub",
    },
    Tool { program: "qemu-ppc64", package: "qemu-user", used_for: "the outside oracle" },
    Tool { program: "csmith", package: "csmith", used_for: "comparing random C programs with qemu" },
    Tool {
        program: "/usr/include/csmith/csmith.h",
        package: "libcsmith-dev",
        used_for: "comparing random C programs with qemu",
    },
    Tool {
        program: "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
        package: "mesa-vulkan-drivers",
        used_for: "running shaders on the software Vulkan driver",
    },
    Tool {
        program: "/usr/lib/x86_64-linux-gnu/libvulkan.so.1",
        package: "libvulkan1",
        used_for: "running shaders on the software Vulkan driver",
    },
    Tool { program: "Xvfb", package: "xvfb", used_for: "the test of the window" },
    Tool {
        program: "/usr/lib/x86_64-linux-gnu/libxkbcommon-x11.so.0",
        package: "libxkbcommon-x11-0",
        used_for: "the test of the window",
    },
    Tool {
        program: "/usr/lib/x86_64-linux-gnu/libXcursor.so.1",
        package: "libxcursor1",
        used_for: "the test of the window",
    },
    Tool {
        program: "/usr/lib/x86_64-linux-gnu/libXi.so.6",
        package: "libxi6",
        used_for: "the test of the window",
    },
];

/// Whether `program` is on the path, or is the full path of a file.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Installs what is missing, or says plainly what is missing and what is skipped without it.
pub(crate) fn provide() -> Result<()> {
    if TOOLS.iter().all(|tool| has(tool.program)) {
        return Ok(());
    }
    if has("apt-get") && is_root() {
        let packages: Vec<_> =
            TOOLS.iter().filter(|tool| !has(tool.program)).map(|tool| tool.package).collect();
        println!("installing {}", packages.join(" "));
        let quiet = |args: &[&str]| {
            Command::new("apt-get")
                .args(args)
                .args(&packages[..if args.contains(&"install") { packages.len() } else { 0 }])
                .env("DEBIAN_FRONTEND", "noninteractive")
                .status()
        };
        quiet(&["update", "-qq"])?;
        quiet(&["install", "-y", "-qq", "--no-install-recommends"])?;
    }
    for tool in TOOLS.iter().filter(|tool| !has(tool.program)) {
        println!("missing: {} (Debian package {}), skipped: {}", tool.program, tool.package, tool.used_for);
    }
    Ok(())
}

/// Installs cargo-nextest where it is missing.
pub(crate) fn provide_nextest() -> Result<bool> {
    if has("cargo-nextest") {
        return Ok(true);
    }
    println!("installing cargo-nextest");
    let status = Command::new("cargo").args(["install", "--locked", "--quiet", "cargo-nextest"]).status()?;
    if !status.success() {
        println!("missing: cargo-nextest; unit tests run through cargo test instead");
    }
    Ok(status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"))
}
