//! The progress bar.

use crate::output::Output;
use crate::size::Size;
use hyperfeed::Progress;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A bar on stderr; nothing when stderr is no terminal, or with `--quiet` or `--json`. Clones are the same bar.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    bar: ProgressBar,
    output: Output,
}

impl Bar {
    /// A bar for blocks that come from peers.
    pub(crate) fn download(output: Output) -> Self {
        // There is nothing to draw before the length is known.
        let bar = Self::new(output, "{wide_msg}");
        bar.say("waiting for peers");
        bar
    }

    /// A bar for blocks that are looked at here.
    pub(crate) fn blocks(output: Output) -> Self {
        Self::new(
            output,
            "{bar:30} {pos}/{len} blocks  {eta} left  {wide_msg}",
        )
    }

    /// A bar for entries of the store.
    pub(crate) fn entries(output: Output) -> Self {
        Self::new(
            output,
            "{bar:30} {pos}/{len} entries  {eta} left  {wide_msg}",
        )
    }

    /// A bar for bytes that go into a feed.
    pub(crate) fn bytes(output: Output, total: u64) -> Self {
        let template =
            "{bar:30} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
        let bar = Self::new(output, template);
        bar.bar.set_length(total);
        bar
    }

    /// No bar, and no words.
    pub(crate) fn hidden() -> Self {
        let output = Output {
            json: false,
            quiet: true,
        };
        Self::new(output, "")
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Shows how far a download is.
    pub(crate) fn show(&self, progress: &Progress) {
        if progress.total > 0 && self.bar.length() == Some(0) {
            self.draw("{bar:20} {pos}/{len} blocks  {wide_msg}");
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.held);
        self.bar.set_message(words(progress));
    }

    /// Shows how much of a local job is done.
    pub(crate) fn count(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Puts words behind the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// A word on the side, above the bar.
    pub(crate) fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn new(output: Output, template: &str) -> Self {
        let target = if output.draws() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let bar = Self { bar, output };
        bar.draw(template);
        bar
    }

    fn draw(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
    }
}

/// Bytes, speed, the time that is left where it can be told, and peers: short enough for 80 columns with the bar.
fn words(progress: &Progress) -> String {
    let mut text = Size(progress.held_bytes).to_string();
    if progress.rate > 0 {
        text += &format!("  {}/s", Size(progress.rate));
    }
    let left = progress.total.saturating_sub(progress.held);
    // The mean block is known once some are here; bytes of a range that is not the whole feed are not.
    let mean = progress.held_bytes.checked_div(progress.held);
    if let (Some(mean), 1.., 1..) = (mean, progress.rate, left) {
        let time = Duration::from_secs(left.saturating_mul(mean) / progress.rate);
        text += &format!("  {:#} left", HumanDuration(time));
    }
    text += &match progress.peers {
        0 => "  waiting for peers".to_owned(),
        1 => "  1 peer".to_owned(),
        count => format!("  {count} peers"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_tells_bytes_speed_peers_and_time() {
        let progress = Progress {
            held: 10,
            total: 30,
            held_bytes: 10 << 20,
            byte_length: 30 << 20,
            peers: 2,
            rate: 1 << 20,
        };
        assert_eq!(words(&progress), "10.00 MiB  1.00 MiB/s  20s left  2 peers");
    }

    #[test]
    fn a_download_without_peers_says_so() {
        assert_eq!(words(&Progress::default()), "0 B  waiting for peers");
    }
}
