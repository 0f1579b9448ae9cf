//! Calls of exports through the guest ABI, one file per subject: arguments in the registers and on
//! the stack of a guest thread, results in r3 and in guest memory.

mod accounts;
mod achievements;
mod allocations;
mod answers;
mod before_park;
mod content;
mod crypto;
mod decompression;
mod devices;
mod dialogs;
mod discs;
// The host has links, sockets and devices in its folders.
#[cfg(unix)]
mod disks;
mod drivers;
mod files;
mod holders;
mod host_threads;
mod hostile;
mod kernel_apcs;
mod locale;
mod locks;
mod long_calls;
mod memory;
mod messages;
mod network;
mod objects;
mod overlapped;
mod queries;
mod races;
mod read_write_locks;
mod sequences;
mod sessions;
mod songs;
mod sound;
mod states;
mod strings;
mod system;
mod threads;
mod tiles;
mod timers;
mod titles;
mod unwinding;
mod users;
mod utility_drive;
mod waits;
mod win32;

use std::path::Path;
use std::sync::{Arc, Mutex};
use xenia_exports::harness::Harness;
use xenia_exports::registry;
use xenia_formats::image::{ExecutionInfo, ImageKind, LoadedImage, Version};
use xenia_guest::layout::kpcr;
use xenia_guest::{GuestAddr, MediaId, NtStatus, TitleId};
use xenia_imports::Library;
use xenia_kernel::abi::{Call, Flow};
use xenia_kernel::ports::Ports;
use xenia_kernel::thread::life::NewThread;
use xenia_kernel::{Kernel, KernelConfig, KernelSystem};
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_sched::{Disposition, Running, System, TICKS_PER_SECOND, ThreadRef};

/// Returns an image of a title without code.
fn title_image(title: u32) -> LoadedImage {
    LoadedImage {
        base: GuestAddr(0x8200_0000),
        size: 0x1_0000,
        entry: GuestAddr(0x8200_0000),
        bytes: vec![0; 0x1_0000],
        execution: Some(ExecutionInfo {
            media_id: MediaId(0),
            version: Version(0),
            base_version: Version(0),
            title_id: TitleId(title),
            platform: 0,
            executable_type: 0,
            disc_number: 0,
            disc_count: 0,
            savegame_id: 0,
        }),
        ..LoadedImage::empty(ImageKind::Xex)
    }
}

const GENERIC_READ: u64 = 0x8000_0000;
const SYNCHRONOUS: u64 = 0x20;
/// The Win32 error of a call whose result comes later.
const IO_PENDING: u64 = 0x3E5;
