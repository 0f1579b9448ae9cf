//! Pictures of swaps: bytes, or kept on a backend's device until the bytes are requested.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use super::Frame;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PixelSize {
    pub width: u32,
    pub height: u32,
}

impl PixelSize {
    /// The size of these sides.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

/// Picture that a backend keeps on its device. It does not change.
pub trait DevicePicture: Any + Send + Sync {
    /// Size of the picture.
    fn size(&self) -> PixelSize;

    /// Reads the picture back, which waits for the device; `None` if the device is lost.
    fn read(&self) -> Option<Frame>;
}

/// Picture of a swap.
#[derive(Clone)]
pub enum SwapPicture {
    /// Bytes that anybody can read.
    Bytes(Frame),
    /// Picture on a device.
    Device(Arc<dyn DevicePicture>),
}

impl std::fmt::Debug for SwapPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PixelSize { width, height } = self.size();
        write!(f, "SwapPicture {width}x{height}")
    }
}

impl SwapPicture {
    /// Size of the picture.
    pub fn size(&self) -> PixelSize {
        match self {
            Self::Bytes(frame) => PixelSize::new(frame.width, frame.height),
            Self::Device(picture) => picture.size(),
        }
    }

    /// The picture's bytes; `None` if they are lost with their device.
    pub fn read(&self) -> Option<Cow<'_, Frame>> {
        match self {
            Self::Bytes(frame) => Some(Cow::Borrowed(frame)),
            Self::Device(picture) => picture.read().map(Cow::Owned),
        }
    }

    /// The picture as bytes; `None` if they are lost with their device.
    pub fn into_frame(self) -> Option<Frame> {
        match self {
            Self::Bytes(frame) => Some(frame),
            Self::Device(picture) => picture.read(),
        }
    }
}
