//! Loads a title and makes its first thread.
//!
//! The order matters: pages are mapped writable, the console's imports bound, libraries loaded, the
//! other imports bound and patches applied; only then the pages get their protection.

use super::imports::Importing;
use super::{Identity, LoadError, ModuleLoader, base_name};
use crate::Kernel;
use crate::memory::before_kernel;
use crate::status::failure::{Failure, Fallible};
use crate::thread::life::{MadeThread, NewThread};
use crate::thread::tls::TlsLayout;
use xenia_formats::image::{ImageKind, LoadedImage, Protection};
use xenia_guest::GuestAddr;
use xenia_guest::layout::kprocess;
use xenia_imports::Library;
use xenia_memory::{AllocKind, GuestMemory, Protect};
use xenia_sched::Cpu;

/// Default stack size of a title in bytes.
const DEFAULT_STACK: u32 = 0x4_0000;

/// Wraps a failure in an error that names the kernel operation.
fn doing(what: &'static str) -> impl Fn(Failure) -> LoadError {
    move |source| LoadError::Kernel { what, source }
}

/// Maps an image: commits its pages, writable for now, with their contents.
pub(super) fn place_image(memory: &GuestMemory, image: &LoadedImage) -> Result<(), LoadError> {
    let place = |source| LoadError::Place { base: image.base, size: image.size, source };
    memory
        .alloc_fixed(image.base, image.size, AllocKind::ReserveCommit, Protect::READ_WRITE)
        .map_err(place)?;
    // Newly committed memory is zero, so the rest is not touched.
    for (offset, bytes) in image.filled_runs() {
        memory
            .write_bytes(image.base.offset(offset), bytes)
            .map_err(|fault| LoadError::Kernel { what: "image contents", source: fault.into() })?;
    }
    Ok(())
}

impl ModuleLoader<'_> {
    /// Binds imports of a mapped image to their exports.
    pub(super) fn connect_image(&self, image: &LoadedImage, which: Importing) -> Result<(), LoadError> {
        self.patch_imports(image, which).map_err(doing("imports"))
    }

    /// Sets the page protection of a complete image.
    pub(super) fn protect_image(&self, image: &LoadedImage) -> Result<(), LoadError> {
        let memory = self.memory;
        let place = |source| LoadError::Place { base: image.base, size: image.size, source };
        if image.kind == ImageKind::Elf {
            // Segments of a plain ELF can share a 64 KiB page.
            memory.protect(image.base, image.size, Protect::EXECUTE_READ_WRITE).map_err(place)?;
            return Ok(());
        }
        let mut end = image.base;
        for run in &image.page_runs {
            if run.start > end {
                memory.protect(end, run.start.0 - end.0, Protect::NO_ACCESS).map_err(place)?;
            }
            let protect = match run.protection {
                Protection::Code => Protect::EXECUTE_READ,
                Protection::ReadWrite => Protect::READ_WRITE,
                Protection::ReadOnly => Protect::READ_ONLY,
                Protection::WritableCode => Protect::EXECUTE_READ_WRITE,
            };
            memory.protect(run.start, run.size, protect).map_err(place)?;
            end = run.start.offset(run.size);
        }
        if end.0 < image.base.0 + image.size {
            memory.protect(end, image.base.0 + image.size - end.0, Protect::NO_ACCESS).map_err(place)?;
        }
        Ok(())
    }

    /// Adds the title to the modules.
    fn register_title(&self, image: &LoadedImage) -> Fallible<GuestAddr> {
        let name = base_name(self.image_path);
        let path = self.image_path;
        self.register(image, Identity { name, path, is_library: false })
    }
}

/// Layout of the thread-local storage that an image asks for. Taken as stated, since code contains
/// the offsets of static data. The image reader has bounded both.
fn tls_layout(image: &LoadedImage) -> Option<TlsLayout> {
    image.tls.map(|tls| TlsLayout {
        slots: if tls.slot_count == 0 { TlsLayout::default().slots } else { tls.slot_count },
        template: tls.raw_data_address,
        data_size: tls.data_size,
        template_size: tls.raw_data_size,
    })
}

/// The title's module, and the libraries that were loaded with it, in notification order.
struct Loaded {
    handle: GuestAddr,
    libraries: Vec<GuestAddr>,
}

impl Kernel {
    /// Loads the title and the libraries it imports from, and makes its main thread, ready on
    /// hardware thread 0.
    pub fn load_title(&self, cpu: &mut dyn Cpu, image: &LoadedImage) -> Result<MadeThread, LoadError> {
        if self.modules.lock().title().is_some() {
            return Err(LoadError::Loaded);
        }
        if image.entry.is_null() {
            return Err(LoadError::NoEntry);
        }
        let loader = self.loader();
        let starting = doing("starting the title");
        place_image(&self.memory, image)?;
        before_kernel::map(&self.memory).map_err(&starting)?;
        loader.connect_image(image, Importing::Console)?;
        if let Some(layout) = tls_layout(image) {
            self.tls.set_layout(layout);
        }
        let handle = loader.register_title(image).map_err(&starting)?;
        let now = self.clock.system_time(cpu.now());
        let libraries = loader.load_libraries_of(handle, image, now)?;
        loader.connect_image(image, Importing::Modules)?;
        loader.patch_image(handle, image)?;
        loader.protect_image(image)?;
        start_title(self, cpu, image, Loaded { handle, libraries }).map_err(&starting)
    }
}

/// Makes the title's variables and its main thread.
fn start_title(
    kernel: &Kernel,
    cpu: &mut dyn Cpu,
    image: &LoadedImage,
    loaded: Loaded,
) -> Fallible<MadeThread> {
    let Loaded { handle, libraries } = loaded;
    {
        let mut files = kernel.files.lock();
        let title = kernel.title_id();
        files.mount_hard_disk(title)?;
        files.mount_scratch_disks(title)?;
    }
    let variable = kernel.imports.make_variable(
        &kernel.memory,
        &kernel.pool,
        Library::xboxkrnl,
        "XexExecutableModuleHandle",
    )?;
    kernel.memory.write(variable, handle)?;
    if let Some(size) = image.stack_size.filter(|&size| size > 0) {
        let process = kernel.threads.lock().processes.title;
        kernel.memory.write(process.offset(kprocess::KERNEL_STACK_SIZE), size)?;
    }
    let return_to = match image.kind {
        ImageKind::Xex => kernel.imports.own_stubs.thread_return,
        ImageKind::Elf => kernel.imports.own_stubs.program_return,
    };
    let new = NewThread {
        stack_size: image.stack_size.filter(|&size| size > 0).unwrap_or(DEFAULT_STACK),
        start_address: image.entry,
        ..NewThread::new(kernel.loader().first_instruction(image.entry, libraries)?, return_to, 0)
    };
    let made = kernel.thread_life().create(cpu, &new)?;
    kernel.objects.open(made.kthread)?;
    kernel.dereference(made.kthread)?;
    Ok(made)
}
