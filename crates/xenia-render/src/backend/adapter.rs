//! Choice of the host's graphics adapter.

use super::device::DeviceError;

/// Maximum number of adapters listed in an error.
const MAX_NAMED: usize = 16;

/// The graphics API with these options. Draws and dispatches whose arguments are in a buffer are
/// not checked, because the backend makes none: each device would compile the checks as it is
/// opened.
pub(crate) fn make_instance(options: wgpu::InstanceDescriptor) -> wgpu::Instance {
    let flags = options.flags.difference(wgpu::InstanceFlags::VALIDATION_INDIRECT_CALL);
    wgpu::Instance::new(wgpu::InstanceDescriptor { flags, ..options })
}

/// Which adapter is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdapterChoice<'a> {
    /// Only a software driver.
    pub software: bool,
    /// The first adapter whose name contains this text, in any case; without it, the system's best.
    pub name: Option<&'a str>,
}

impl AdapterChoice<'_> {
    /// Finds the adapter, which must show a surface if there is one.
    pub(crate) fn find(
        self,
        instance: &wgpu::Instance,
        surface: Option<&wgpu::Surface<'_>>,
    ) -> Result<wgpu::Adapter, DeviceError> {
        let Some(name) = self.name else {
            let request = instance.request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                force_fallback_adapter: self.software,
                compatible_surface: surface,
                ..Default::default()
            });
            return pollster::block_on(request).map_err(|error| DeviceError::NoAdapter(error.to_string()));
        };
        let all = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let names: Vec<String> = all.iter().map(|adapter| adapter.get_info().name).collect();
        let shows =
            |adapter: &wgpu::Adapter| surface.is_none_or(|surface| adapter.is_surface_supported(surface));
        let mut found = all.into_iter().zip(&names);
        found
            .find(|(adapter, of)| is_named(of, name) && shows(adapter))
            .map(|(adapter, _)| adapter)
            .ok_or_else(|| DeviceError::NotNamed { name: name.to_owned(), there_are: list(&names) })
    }
}

/// Whether adapters of a kind have their own memory; others share main memory. wgpu does not report
/// how much it is.
pub(super) fn has_own_memory(kind: wgpu::DeviceType) -> bool {
    kind == wgpu::DeviceType::DiscreteGpu
}

fn is_named(of: &str, wanted: &str) -> bool {
    of.to_lowercase().contains(&wanted.to_lowercase())
}

fn list(names: &[String]) -> String {
    let mut named: Vec<&str> = names.iter().map(String::as_str).take(MAX_NAMED).collect();
    named.sort_unstable();
    named.dedup();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::device::tests::own;

    #[test]
    fn an_adapter_is_found_by_a_part_of_its_name() {
        let Some(device) = own() else { return };
        let name = device.adapter.get_info().name;
        let instance = make_instance(wgpu::InstanceDescriptor::new_without_display_handle());
        let find = |name| AdapterChoice { software: false, name: Some(name) }.find(&instance, None);
        let part = name.split(' ').next().unwrap_or_default().to_uppercase();
        assert!(find(&part).is_ok_and(|found| is_named(&found.get_info().name, &part)), "{part}");
        let Err(error) = find("no such adapter") else { panic!("found") };
        assert!(error.to_string().contains(&name), "{error}");
    }

    #[test]
    fn names_are_listed_once() {
        let names = ["b", "a", "b"].map(str::to_owned);
        assert_eq!((list(&names), list(&[])), ("a, b".to_owned(), "none".to_owned()));
    }
}
