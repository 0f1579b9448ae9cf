//! Mutants by handle (`Nt*Mutant`).

use crate::abi::{Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::named_objects::create_object;
use crate::objects::ObjectKind;
use crate::objects::dispatcher::signal_state;
use crate::status::failure::Fallible;
use xenia_guest::layout::kmutant;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for mutants by handle.
pub struct NtMutant;

#[exports(xboxkrnl)]
impl NtMutant {
    /// Creates a mutant, owned by the caller if requested, or opens the mutant with this name.
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
            call.kernel.dispatcher.initialize_mutant(call.memory(), mutant, owner)
        })
    }

    /// Stores a mutant's state (1: free; else 1 minus the number of acquisitions) and two bytes:
    /// whether the caller owns it, and whether an owner has abandoned it.
    #[export(Done)]
    fn NtQueryMutant(call: &mut Call, mutant: Handle, information: Ptr<i32>) -> Fallible<NtStatus> {
        let mutant = call.kernel.objects.resolve_kind(mutant, ObjectKind::Mutant)?;
        let memory = call.memory();
        let kthread = call.kthread()?;
        let state = signal_state(memory, mutant.body())?;
        let owned = state <= 0 && memory.read::<GuestAddr>(mutant.body().offset(kmutant::OWNER))? == kthread;
        let abandoned: u8 = memory.read(mutant.body().offset(kmutant::ABANDONED))?;
        information.write(memory, state)?;
        memory.write(information.addr().offset(4), u8::from(owned))?;
        memory.write(information.addr().offset(5), u8::from(abandoned != 0))?;
        Ok(NtStatus::SUCCESS)
    }

    /// Releases a mutant once, and stores its previous state.
    #[export(Done)]
    fn NtReleaseMutant(call: &mut Call, mutant: Handle, previous: Option<Out<i32>>) -> Fallible<NtStatus> {
        let mutant = call.kernel.objects.resolve_kind(mutant, ObjectKind::Mutant)?;
        let kthread = call.kthread()?;
        let before = call.kernel.dispatcher.release_mutant(
            &call.kernel.memory,
            call.cpu,
            mutant.body(),
            kthread,
            1,
        )?;
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }
}
