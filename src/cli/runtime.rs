//! What runs asynchronous code.

use std::future::Future;

use tokio::runtime::Builder;

use super::Exit;
use super::output;

/// Runs something short, on this thread.
///
/// # Errors
/// Where the system refuses; that is told.
pub(super) fn short<T>(work: impl Future<Output = T>) -> Result<T, Exit> {
    run(Builder::new_current_thread(), work)
}

/// Runs something that serves, on as many threads as there are processors.
///
/// # Errors
/// Where the system refuses; that is told.
pub(super) fn long<T>(work: impl Future<Output = T>) -> Result<T, Exit> {
    run(Builder::new_multi_thread(), work)
}

fn run<T>(mut builder: Builder, work: impl Future<Output = T>) -> Result<T, Exit> {
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| output::fail(format_args!("the system refuses threads: {error}")))?;
    let done = runtime.block_on(work);
    // A zone that is still being signed is of no use any more.
    runtime.shutdown_background();
    Ok(done)
}
