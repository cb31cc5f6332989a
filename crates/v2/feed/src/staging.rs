use crate::stage::Stage;
use core::ops::{Deref, DerefMut};

/// A [`Stage`] that takes memory from the first change on: most of the feeds that are open have nothing staged.
#[derive(Debug, Default)]
pub(crate) struct Staging(Option<Box<Stage>>);

impl Staging {
    /// Takes what is staged, if anything is.
    pub(crate) fn take(&mut self) -> Option<Box<Stage>> {
        self.0.take()
    }
}

impl Deref for Staging {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl DerefMut for Staging {
    fn deref_mut(&mut self) -> &mut Stage {
        self.0.get_or_insert_with(|| Box::new(Stage::new()))
    }
}

static EMPTY: Stage = Stage::new();
