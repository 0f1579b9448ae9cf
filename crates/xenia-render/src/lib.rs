//! Presents the guest's picture with wgpu, in a winit window.
