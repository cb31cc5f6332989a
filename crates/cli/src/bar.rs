//! The progress bar.

use crate::output::Output;
use hyperfeed::Progress;
use indicatif::{BinaryBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A bar of blocks on stderr; nothing when stderr is no terminal, or with `--quiet` or `--json`.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar for blocks that come from peers.
    pub(crate) fn blocks(output: Output) -> Self {
        let bar = Self::new(output, "{bar:30} {pos}/{len} blocks  {msg}");
        bar.0.set_message("waiting for peers");
        bar
    }

    /// A bar for bytes that go into a feed.
    pub(crate) fn bytes(output: Output, total: u64) -> Self {
        let bar = Self::new(
            output,
            "{bar:30} {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta}",
        );
        bar.0.set_length(total);
        bar
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Shows how far a download is.
    pub(crate) fn show(&self, progress: &Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.held);
        let peers = if progress.peers == 1 {
            "1 peer".to_owned()
        } else {
            format!("{} peers", progress.peers)
        };
        let mut text = format!(
            "{}  {}/s  {peers}",
            BinaryBytes(progress.held_bytes),
            BinaryBytes(progress.rate)
        );
        let left = progress.total - progress.held;
        if progress.rate > 0 && left > 0 && progress.held > 0 {
            let mean = progress.held_bytes / progress.held.max(1);
            let seconds = left.saturating_mul(mean.max(1)) / progress.rate;
            text = format!(
                "{text}  {} left",
                HumanDuration(Duration::from_secs(seconds))
            );
        }
        self.0.set_message(text);
    }

    /// Shows how much of a local job is done.
    pub(crate) fn count(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        self.0.set_message("");
    }

    pub(crate) fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }

    fn new(output: Output, template: &str) -> Self {
        let target = if output.draws() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }
}
