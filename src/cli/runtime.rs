//! What runs asynchronous code.

use std::future::Future;

use tokio::runtime::Builder;

use super::Exit;
use super::output;

/// Runs something short, on this thread.
pub(super) fn short(work: impl Future<Output = Exit>) -> Exit {
    run(Builder::new_current_thread(), work)
}

/// Runs something that serves, on as many threads as there are processors.
pub(super) fn long(work: impl Future<Output = Exit>) -> Exit {
    run(Builder::new_multi_thread(), work)
}

fn run(mut builder: Builder, work: impl Future<Output = Exit>) -> Exit {
    match builder.enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // A zone that is still being signed is of no use any more.
            runtime.shutdown_background();
            exit
        }
        Err(error) => output::fail(format_args!("the system refuses threads: {error}")),
    }
}
