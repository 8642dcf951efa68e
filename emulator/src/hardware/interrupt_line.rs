//! A level-triggered interrupt line that may lose interrupts.

/// The line between a chip and the interrupt controller.
#[derive(Clone, Debug, Default)]
pub(super) struct InterruptLine {
    loses_every_nth: Option<u32>,
    raised: u32,
    causes: u8,
    lost: bool,
}

impl InterruptLine {
    /// A released line on which every `loses_every_nth` interrupt stays unseen; `None` and zero
    /// lose none.
    pub(super) const fn new(loses_every_nth: Option<u32>) -> Self {
        Self {
            loses_every_nth,
            raised: 0,
            causes: 0,
            lost: false,
        }
    }

    /// Tells the line why it should be pulled now: one bit for each cause, none to release it.
    ///
    /// `again` are those that have happened anew although their bits may have been set already.
    /// A lost interrupt stays lost until the next cause turns up.
    pub(super) fn update(&mut self, causes: u8, again: u8) {
        let is_new = causes & (again | !self.causes) != 0;
        let was_released = !self.is_pulled();
        self.causes = causes;
        if was_released && is_new {
            self.raised = self.raised.wrapping_add(1);
            self.lost = self
                .loses_every_nth
                .is_some_and(|nth| self.raised.is_multiple_of(nth));
        }
    }

    /// Whether the interrupt controller sees the line pulled.
    pub(super) const fn is_pulled(&self) -> bool {
        self.causes != 0 && !self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::InterruptLine;

    #[test]
    fn follows_its_causes() {
        let mut line = InterruptLine::new(None);
        assert!(!line.is_pulled());
        line.update(0b01, 0);
        assert!(line.is_pulled());
        line.update(0b10, 0);
        assert!(line.is_pulled());
        line.update(0, 0);
        assert!(!line.is_pulled());
    }

    #[test]
    fn every_third_interrupt_is_lost_until_the_next_cause() {
        let mut line = InterruptLine::new(Some(3));
        let mut seen = Vec::new();
        for _ in 0..6 {
            line.update(1, 1);
            seen.push(line.is_pulled());
            line.update(0, 0);
        }
        assert_eq!(seen, [true, true, false, true, true, false]);

        line.update(1, 1);
        line.update(0, 0);
        line.update(1, 1);
        line.update(0, 0);
        line.update(1, 1);
        assert!(!line.is_pulled(), "the ninth interrupt is lost");
        line.update(1, 0);
        assert!(!line.is_pulled(), "the same cause does not bring it back");
        line.update(1, 1);
        assert!(line.is_pulled(), "the next arrival does");
    }

    #[test]
    fn zero_loses_no_interrupt() {
        let mut line = InterruptLine::new(Some(0));
        for _ in 0..4 {
            line.update(1, 1);
            assert!(line.is_pulled());
            line.update(0, 0);
        }
    }
}
