//! Floating point.

use super::Lifter;
use xenia_isa::{Float, Instruction};

impl Float for Lifter<'_> {
    fn fabsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn faddx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn faddsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fcfidx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fcmpo(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fcmpu(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fctidx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fctidzx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fctiwx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fctiwzx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fdivx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fdivsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmaddx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmaddsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmrx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmsubx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmsubsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmulx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fmulsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnabsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnegx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnmaddx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnmaddsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnmsubx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fnmsubsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fresx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn frspx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn frsqrtex(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fselx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fsqrtx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fsqrtsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fsubx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn fsubsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mcrfs(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mffsx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsb0x(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsb1x(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsfx(&mut self, _: Instruction) {
        self.call_interpreter();
    }

    fn mtfsfix(&mut self, _: Instruction) {
        self.call_interpreter();
    }
}
