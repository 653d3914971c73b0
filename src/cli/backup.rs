//! `backup` and `restore`: the database as one file, and the files of messages in a folder beside it.

use crate::app::wiring;
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, say, settings};
use crate::clock::Clock;
use crate::media::mirror::copy_missing;
use crate::os::StateLock;
use crate::store::backup as store;
use crate::store::since_backup::Since;
use std::path::{Path, PathBuf};

/// Copies the database to `file`.
pub fn backup(place: &Place, file: &Path) -> Result<(), Failure> {
    let config = settings(place)?;
    store::backup(&wiring::store(&config), file).map_err(Failure::from_error)?;
    say(format!("{}: the database, whole; keep it like a password", file.display()));
    // After the database: every file that it names is there by now.
    let folder = files_beside(file);
    let copied = copy_missing(&wiring::media_folder(&config), &folder).map_err(|error| not_copied(&folder, &error))?;
    if copied.files > 0 {
        say(format!("{}: {} files of messages, {} bytes", folder.display(), copied.files, copied.bytes));
    }
    Ok(())
}

/// The folder of files beside a backup.
fn files_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".files");
    name.into()
}

fn not_copied(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::Sentence(format!(
        "{}: the files of messages could not be copied: {error}; the database was. Mend that, then try again",
        folder.display()
    ))
}

/// Puts `file` in the place of the database.
pub fn restore(place: &Place, file: &Path) -> Result<(), Failure> {
    let config = settings(place)?;
    let folder = &config.paths.data_dir;
    crate::os::make_private_folder(folder).map_err(Failure::from_error)?;
    // Held until the end: a daemon that starts meanwhile would write into the file that goes.
    let _lock = StateLock::take(folder).map_err(Failure::from_error)?;
    let since = store::restore(&wiring::store(&config), file, Clock::system().now()).map_err(Failure::from_error)?;
    let copied = copy_missing(&files_beside(file), &wiring::media_folder(&config))
        .map_err(|error| not_copied(&wiring::media_folder(&config), &error))?;
    if copied.files > 0 {
        say(format!("{} files of messages are back", copied.files));
    }
    // Restored by root, it is still the daemon's user who must read it.
    crate::os::give_to_the_owner_of(folder).map_err(Failure::from_error)?;
    say_what_was_since(&since);
    say(format!("{}: restored from {}; start the daemon", folder.display(), file.display()));
    Ok(())
}

fn say_what_was_since(since: &Since) {
    if since.refused + since.taken_back > 0 {
        say(format!("opt-outs since the backup: {} stand again, {} are taken back", since.refused, since.taken_back));
    }
    if since.erased > 0 {
        say(format!("{} addresses were erased since the backup: they are again, once the daemon runs", since.erased));
    }
    if since.sent > 0 {
        say(format!("{} messages had left since the backup: they do not leave again", since.sent));
    }
    say("campaigns that were to be sent are stopped until somebody resumes them".to_owned());
    if let Some(why) = &since.unread {
        say(format!(
            "What happened since the backup could not be read from the database before: {why}. Opt-outs of that time may be \
             missing: import them again, or ask your carriers for their lists"
        ));
    }
}
