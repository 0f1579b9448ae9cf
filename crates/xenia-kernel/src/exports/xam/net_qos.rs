//! How good connections are (`NetDll_XNetQos*`): what a console says to who asks, and questions of
//! a title, which nobody answers.

use super::net_xnet::{bytes, win32};
use crate::abi::{Call, Handle, Out, Ptr};
use crate::net::{KeyId, WsaError};
use crate::objects::ObjectKind;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct NetQos;

/// Bytes of the statistics of who asked about a session: a size, and eight counts.
const STATISTICS_SIZE: u32 = 0x24;

/// A question about quality that nobody answers: it is over at once.
fn ask_quality(
    call: &mut Call,
    (entries, probes): (u32, u32),
    event: Handle,
    result: Option<Out<GuestAddr>>,
) -> Result<(), WsaError> {
    let (kernel, result) = (call.kernel, result.ok_or(WsaError::INVALID)?);
    let is_event = event != Handle::NULL;
    let event = is_event.then(|| kernel.objects.resolve_kind(event, ObjectKind::Event)).transpose()?;
    let size = kernel.net.lock().xnet.quality_size(entries)?;
    let at = kernel.pool.allocate(size)?;
    let probes = u16::try_from(probes).unwrap_or(u16::MAX);
    // An answer that the title is not told of is one that it can't give back.
    let told = result.set(&kernel.memory, at);
    let stored =
        told.and_then(|()| kernel.net.lock().xnet.store_quality(&kernel.memory, at, (entries, probes)));
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
    /// Says what is answered to who asks how good the connection is. It is kept; nobody can ask.
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
            let mut told = vec![0; size as usize];
            call.memory().read_bytes(data, &mut told)?;
            call.kernel.net.lock().xnet.listen(id, flags, told)
        })();
        win32(set)
    }

    /// Asks consoles how good the connection is. None answers, which is said at once.
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
        win32(ask_quality(call, (consoles.saturating_add(gateways), probes), event, result))
    }

    /// Asks the online service, which is not there: an answer about nobody, at once.
    #[export(Constant)]
    fn NetDll_XNetQosServiceLookup(
        call: &mut Call,
        _caller: u32,
        _flags: u32,
        event: Handle,
        result: Option<Out<GuestAddr>>,
    ) -> Win32Error {
        win32(ask_quality(call, (0, 0), event, result))
    }

    /// Gives back an answer about quality.
    #[export(Done)]
    fn NetDll_XNetQosRelease(call: &mut Call, _caller: u32, at: GuestAddr) -> Win32Error {
        let kernel = call.kernel;
        let taken = kernel.net.lock().xnet.take_quality(at);
        win32(taken.and_then(|()| Ok(kernel.pool.release(at)?)))
    }

    /// Who has asked about a session: nobody.
    #[export(Constant)]
    fn NetDll_XNetQosGetListenStats(
        call: &mut Call,
        _caller: u32,
        id: Option<GuestAddr>,
        statistics: Option<Ptr<u32>>,
    ) -> Win32Error {
        let stored = (|| {
            let (id, statistics) = (bytes::<8>(call, id)?, statistics.ok_or(WsaError::FAULT)?);
            if !call.kernel.net.lock().xnet.listens(id) || statistics.read(call.memory())? != STATISTICS_SIZE
            {
                return Err(WsaError::INVALID);
            }
            Ok(call.memory().fill(statistics.at(1).addr(), STATISTICS_SIZE - 4, 0)?)
        })();
        win32(stored)
    }
}
