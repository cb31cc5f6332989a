use crate::args::Remove;
use crate::error::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::unfinished::Unfinished;
use serde_json::json;

/// Removes a feed and what the store keeps of it. A file of the user's that holds its blocks stays.
pub(crate) async fn run(place: &Place, args: Remove, output: Output) -> Result<(), Failure> {
    let core = place.open().await?;
    let info = place::find(&core, &args.feed).await?;
    if info.writable && !args.force {
        return Err(Failure::new(
            "this is a feed of your own: with it goes the only key that can append to it",
        )
        .with_hint(
            "`hyperfeed export` prints the secret key; --force removes the feed all the same",
        ));
    }
    let id = info.public_id;
    core.remove(&id).await?;
    let (mut unfinished, _) = Unfinished::of(place, &id)?;
    unfinished.end()?;
    let file = place.file(&id);
    place.forget_file(&id);
    let kept = file
        .map(|file| format!("; the blocks in {} stay", file.display()))
        .unwrap_or_default();
    output.event(
        &format!("removed {id}{kept}"),
        &json!({ "removed": id.to_string() }),
    )?;
    Ok(core.close().await?)
}
