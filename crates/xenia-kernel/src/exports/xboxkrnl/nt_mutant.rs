//! Mutants by handle (`Nt*Mutant`).

use crate::abi::{Call, Handle, ObjectAttributes, Out, Ptr};
use crate::exports::waiting::create_object;
use crate::layout::kmutant;
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct NtMutant;

#[exports(xboxkrnl)]
impl NtMutant {
    /// Makes a mutant, owned by the caller if asked, or opens the one of that name.
    #[export(Done)]
    fn NtCreateMutant(
        call: &mut Call,
        handle: Option<Out<Handle>>,
        attributes: Option<Ptr<ObjectAttributes>>,
        owned: bool,
    ) -> Fallible<NtStatus> {
        let size = kmutant::SIZE;
        create_object(call, handle, attributes, ObjectKind::Mutant, size, |call, mutant| {
            let owner = if owned { Some(call.kthread()?) } else { None };
            call.kernel.dispatcher.lock().initialize_mutant(call.memory(), mutant, owner)
        })
    }

    /// The owner releases a mutant once; stores its state before.
    #[export(Done)]
    fn NtReleaseMutant(call: &mut Call, mutant: Handle, previous: Option<Out<i32>>) -> Fallible<NtStatus> {
        let mutant = call.kernel.objects.lock().resolve_kind(mutant, ObjectKind::Mutant)?;
        let kthread = call.kthread()?;
        let before = call.kernel.dispatcher.lock().release_mutant(
            &call.kernel.memory,
            call.scheduler,
            mutant,
            kthread,
            1,
        )?;
        if let Some(out) = previous {
            out.set(call.memory(), before)?;
        }
        Ok(NtStatus::SUCCESS)
    }
}
