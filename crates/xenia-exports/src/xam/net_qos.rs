//! Quality of service (`NetDll_XNetQos*`): this console's answers to probes, and the title's own
//! probes, which no console answers.

use super::net_xnet::{bytes, win32};
use crate::abi::{Call, Handle, Out, Ptr};
use crate::objects::ObjectKind;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_net::{KeyId, WsaError};

/// Exports of quality-of-service probes.
pub struct NetQos;

/// Size in bytes of a session's probe statistics: a size, and eight counts.
const STATISTICS_SIZE: u32 = 0x24;

/// Starts probes, which complete at once without an answer.
fn ask_quality(
    call: &mut Call,
    entries: u32,
    probes: u32,
    event: Handle,
    result: Option<Out<GuestAddr>>,
) -> Result<(), WsaError> {
    let kernel = call.kernel;
    let result = result.ok_or(WsaError::INVALID)?;
    let is_event = event != Handle::NULL;
    let event = is_event.then(|| kernel.objects.resolve_kind(event, ObjectKind::Event)).transpose()?;
    let size = kernel.net.lock().xnet.quality_size(entries)?;
    let at = kernel.pool.allocate(size)?;
    let probes = u16::try_from(probes).unwrap_or(u16::MAX);
    // If the result's address can't be stored, the title could never release the result.
    let stored = result
        .set(&kernel.memory, at)
        .and_then(|()| kernel.net.lock().xnet.store_quality(&kernel.memory, at, entries, probes));
    if let Err(fault) = stored {
        kernel.pool.release(at)?;
        return Err(fault.into());
    }
    if let Some(event) = event {
        kernel.dispatcher.set_event(&kernel.memory, call.cpu, event.body(), 0)?;
    }
    Ok(())
}

#[exports(xam)]
impl NetQos {
    /// Sets the answer to quality-of-service probes. The answer is stored, but no console can
    /// probe.
    #[export(Partial)]
    fn NetDll_XNetQosListen(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        data: GuestAddr,
        size: u32,
        _bits_per_second: u32,
        flags: u32,
    ) -> Win32Error {
        let set = (|| {
            let id: KeyId = bytes(call, id)?;
            let limit = call.kernel.net.lock().xnet.quality_bytes();
            if size as usize > limit {
                return Err(WsaError::NO_BUFFERS);
            }
            let mut answer = vec![0; size as usize];
            call.memory().read_bytes(data, &mut answer)?;
            call.kernel.net.lock().xnet.listen(id, flags, answer)
        })();
        win32(set)
    }

    /// Probes consoles for the quality of their connections. The probes complete at once without an
    /// answer.
    #[export(Partial)]
    fn NetDll_XNetQosLookup(
        call: &mut Call,
        _caller: u32,
        consoles: u32,
        _addresses: GuestAddr,
        _ids: GuestAddr,
        _keys: GuestAddr,
        gateways: u32,
        _gateway_addresses: GuestAddr,
        _services: GuestAddr,
        probes: u32,
        _bits_per_second: u32,
        _flags: u32,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        win32(ask_quality(call, consoles.saturating_add(gateways), probes, event, result))
    }

    /// Probes the online service: there is no connection, so the result, of one probe without an
    /// answer, is available at once.
    #[export(Constant)]
    fn NetDll_XNetQosServiceLookup(
        call: &mut Call,
        _caller: u32,
        _flags: u32,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        win32(ask_quality(call, 1, 0, event, result))
    }

    /// Releases the result of a probe.
    #[export(Done)]
    fn NetDll_XNetQosRelease(call: &mut Call, _caller: u32, at: GuestAddr) -> Win32Error {
        let kernel = call.kernel;
        let taken = kernel.net.lock().xnet.take_quality(at);
        win32(taken.and_then(|()| Ok(kernel.pool.release(at)?)))
    }

    /// Returns statistics of the probes of a session: there are none.
    #[export(Constant)]
    fn NetDll_XNetQosGetListenStats(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        statistics: Option<Ptr<u32>>,
    ) -> Win32Error {
        let stored = (|| {
            let id = bytes::<8>(call, id)?;
            let statistics = statistics.ok_or(WsaError::FAULT)?;
            if !call.kernel.net.lock().xnet.listens(id) || statistics.read(call.memory())? != STATISTICS_SIZE
            {
                return Err(WsaError::INVALID);
            }
            Ok(call.memory().fill(statistics.at(1).addr(), STATISTICS_SIZE - 4, 0)?)
        })();
        win32(stored)
    }
}
