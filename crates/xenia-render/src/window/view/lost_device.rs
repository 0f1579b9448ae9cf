//! Replacement of the window's lost graphics device, and of what a drawing that failed has dropped.

use super::super::mailbox::NumberedPicture;
use super::super::pages::WindowPages;
use super::View;
use crate::error::RenderError;
use xenia_gpu::SwapPicture;
use xenia_ui::GUIDE;

impl View {
    /// Opens another graphics device if this one is lost: a backend may wait for it, also while the
    /// window is covered. Returns false if there is none.
    pub(in super::super) fn replace_lost_device(&mut self) -> bool {
        if !self.presenter.is_lost() {
            return true;
        }
        let size = self.window.inner_size();
        if size.width == 0 || size.height == 0 {
            // A minimised window has no surface on some systems.
            self.presenter.withdraw();
            return true;
        }
        let reopened = self.reopen();
        if let Err(error) = &reopened {
            tracing::error!(target: "gpu", %error, "the window's graphics device was lost");
        }
        reopened.is_ok()
    }

    /// Shows the window with another graphics device, after the loss of the last one.
    fn reopen(&mut self) -> Result<(), RenderError> {
        self.presenter.reopen()?;
        let adapter = self.presenter.adapter();
        tracing::warn!(target: "gpu", adapter, "the window's graphics device was lost; reopened");
        adapter.clone_into(&mut self.osd.adapter);
        // A frame on the lost device cannot be recovered.
        self.rebuild_pages();
        if let Some(NumberedPicture { picture, .. }) = self.frame.clone()
            && matches!(picture, SwapPicture::Bytes(_))
        {
            self.show(&picture);
        }
        Ok(())
    }

    /// Rebuilds the pages and the frame after a drawing that failed.
    pub(super) fn rebuild(&mut self) {
        self.rebuild_pages();
        if let Some(NumberedPicture { picture, .. }) = self.frame.clone() {
            self.show(&picture);
        }
    }

    /// Rebuilds the texts and pages, and requests a redraw.
    fn rebuild_pages(&mut self) {
        let text = self.pages.text().clone();
        let page = self.pages.page();
        self.pages = WindowPages::new(self.hotkeys.uses_button(GUIDE));
        self.pages.set_text(text);
        if let Some(page) = page {
            self.pages.open(page, &self.window);
        }
        self.window.request_redraw();
    }
}
