//! Size of a new window.

use winit::dpi::{LogicalSize, PhysicalSize, Size};
use winit::event_loop::ActiveEventLoop;
use xenia_gpu::PixelSize;

/// Share of the screen that a new window may take in each direction, in percent: the rest is for
/// its frame and the desktop's panels.
const SCREEN_SHARE: u32 = 95;

/// Size of a new window in pixels: `wanted`, in logical pixels, reduced with its aspect ratio if
/// the screen is too small.
pub(super) fn first_size(event_loop: &ActiveEventLoop, wanted: PixelSize) -> Size {
    let wanted: LogicalSize<u32> = LogicalSize::new(wanted.width, wanted.height);
    let Some(monitor) = event_loop.primary_monitor().or_else(|| event_loop.available_monitors().next())
    else {
        return wanted.into();
    };
    let wanted: PhysicalSize<u32> = wanted.to_physical(monitor.scale_factor());
    let screen = monitor.size();
    let wanted = PixelSize::new(wanted.width, wanted.height);
    let PixelSize { width, height } = fitting(wanted, PixelSize::new(screen.width, screen.height));
    PhysicalSize::new(width, height).into()
}

/// `wanted`, or the largest size of the same shape within [`SCREEN_SHARE`] of the screen.
pub(super) fn fitting(wanted: PixelSize, screen: PixelSize) -> PixelSize {
    let room = |side: u32| u64::from(side) * u64::from(SCREEN_SHARE) / 100;
    let wide = u64::from(wanted.width.max(1));
    let high = u64::from(wanted.height.max(1));
    let width = room(screen.width);
    let height = room(screen.height);
    if width == 0 || height == 0 || wide <= width && high <= height {
        return wanted;
    }
    // The side that needs to shrink more decides.
    let (width, height) = if wide * height > high * width {
        (width, width * high / wide)
    } else {
        (height * wide / high, height)
    };
    PixelSize::new((width as u32).max(1), (height as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_window_fits_on_the_screen_in_its_shape() {
        let fitting = |wanted: (u32, u32), screen: (u32, u32)| {
            let found = fitting(PixelSize::new(wanted.0, wanted.1), PixelSize::new(screen.0, screen.1));
            (found.width, found.height)
        };
        assert_eq!(fitting((1280, 720), (1920, 1080)), (1280, 720));
        assert_eq!(fitting((1280, 720), (1280, 800)), (1216, 684), "no room for frame and panels");
        assert_eq!(fitting((2560, 1440), (1600, 900)), (1520, 855));
        assert_eq!(fitting((640, 640), (4000, 500)), (475, 475));
        assert_eq!(fitting((1280, 720), (0, 0)), (1280, 720), "the system does not say");
        assert_eq!(fitting((0, u32::MAX), (1, 1)), (0, u32::MAX));
    }
}
