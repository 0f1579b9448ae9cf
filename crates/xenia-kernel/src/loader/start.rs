//! Loads a title and makes its first thread.

use super::imports::Importing;
use super::{Identity, LoadError};
use crate::Kernel;
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

impl Kernel {
    /// Binds imports of a mapped image to their exports.
    pub(super) fn connect_image(&self, image: &LoadedImage, which: Importing) -> Result<(), LoadError> {
        self.patch_imports(image, which).map_err(doing("imports"))
    }

    /// Sets the page protection of a complete image.
    pub(super) fn protect_image(&self, image: &LoadedImage) -> Result<(), LoadError> {
        let memory = &*self.memory;
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

    /// Loads the title and the libraries it imports from, and makes its main thread, ready on
    /// hardware thread 0.
    pub fn load_title(&self, cpu: &mut dyn Cpu, image: &LoadedImage) -> Result<MadeThread, LoadError> {
        if self.modules.lock().title().is_some() {
            return Err(LoadError::Loaded);
        }
        if image.entry.is_null() {
            return Err(LoadError::NoEntry);
        }
        let starting = doing("starting the title");
        place_image(&self.memory, image)?;
        self.connect_image(image, Importing::Console)?;
        let handle = self.register_title(image).map_err(&starting)?;
        let now = self.clock.system_time(cpu.now());
        let libraries = self.load_libraries_of(handle, image, now)?;
        self.connect_image(image, Importing::Modules)?;
        self.patch_image(handle, image)?;
        self.protect_image(image)?;
        self.start_title(cpu, image, handle, libraries).map_err(&starting)
    }

    fn register_title(&self, image: &LoadedImage) -> Fallible<GuestAddr> {
        if let Some(tls) = image.tls {
            // Taken as stated, since code contains the offsets of static data. The image reader has
            // bounded both.
            self.tls.set_layout(TlsLayout {
                slots: if tls.slot_count == 0 { TlsLayout::default().slots } else { tls.slot_count },
                template: tls.raw_data_address,
                data_size: tls.data_size,
                template_size: tls.raw_data_size,
            });
        }
        let name = image.name.as_deref().unwrap_or("default.xex");
        // `ExLoadedImageName` has the path it was started from; golden digests contain the list of
        // modules.
        self.register_module(image, Identity { name, path: name, is_library: false })
    }

    fn start_title(
        &self,
        cpu: &mut dyn Cpu,
        image: &LoadedImage,
        handle: GuestAddr,
        libraries: Vec<GuestAddr>,
    ) -> Fallible<MadeThread> {
        self.files.lock().mount_hard_disk(self.title_id())?;
        let variable = self.imports.make_variable(
            &self.memory,
            &self.pool,
            Library::xboxkrnl,
            "XexExecutableModuleHandle",
        )?;
        self.memory.write(variable, handle)?;
        if let Some(size) = image.stack_size.filter(|&size| size > 0) {
            let process = self.threads.lock().processes.title;
            self.memory.write(process.offset(kprocess::KERNEL_STACK_SIZE), size)?;
        }
        let return_to = match image.kind {
            ImageKind::Xex => self.imports.own_stubs.thread_return,
            ImageKind::Elf => self.imports.own_stubs.program_return,
        };
        let new = NewThread {
            stack_size: image.stack_size.filter(|&size| size > 0).unwrap_or(DEFAULT_STACK),
            start_address: image.entry,
            ..NewThread::new(self.first_instruction(image.entry, libraries)?, return_to, 0)
        };
        let made = self.create_thread(cpu, &new)?;
        self.objects.open(made.kthread)?;
        self.dereference(made.kthread)?;
        Ok(made)
    }
}
