use futures::future::{Either, select};
use futures_timer::Delay;
use std::pin::pin;
use std::time::Duration;

/// Runs a test's future; a test that waits for what never comes fails instead of hanging.
pub(crate) fn within<T>(test: impl Future<Output = T>) -> T {
    futures::executor::block_on(async {
        match select(pin!(test), Delay::new(Duration::from_secs(20))).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => panic!("the test waited for something that did not come"),
        }
    })
}
