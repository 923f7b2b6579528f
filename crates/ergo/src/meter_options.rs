//! Where every command looks for sources of energy: this machine or an imitation, and the cards that the environment leaves.

use std::env;
use std::path::Path;

use meter::sources::Options;
use meter::visible::CardChoice;

use crate::exit;

/// On this machine.
#[must_use]
pub fn here() -> Options {
    Options { cards: card_choice(), ..Options::default() }
}

/// On this machine, or in a folder that imitates one.
///
/// # Errors
/// When there is no such folder.
pub fn under(sysroot: Option<&Path>) -> anyhow::Result<Options> {
    match sysroot {
        None => Ok(here()),
        Some(root) if ["sys", "proc"].iter().any(|folder| root.join(folder).is_dir()) => {
            Ok(Options { cards: card_choice(), ..Options::imitated(root) })
        }
        Some(root) => Err(exit::bad_input(format!(
            "--sysroot {}: expected a folder with sys and proc in it, found none",
            root.display()
        ))),
    }
}

/// As CUDA reads it, in this process and in those that it starts. What is no text names no card.
fn card_choice() -> CardChoice {
    let text = |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    CardChoice { visible: text("CUDA_VISIBLE_DEVICES"), order: text("CUDA_DEVICE_ORDER") }
}
